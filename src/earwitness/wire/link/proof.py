"""What a device signs, byte by byte.

Every text begins with its own domain, so that no signature can stand for another, and
holds the nonce of this connection, so that none can be used twice. The rest is JSON in the
canonical form of RFC 8785; as there are no fractions in it, sorted keys and no blanks are
all that takes.
"""

from __future__ import annotations

import json
from dataclasses import fields

from earwitness.wire.link.messages import Hello

HELLO = "earwitness device link 1 hello"
ROTATE = "earwitness device link 1 rotate"


def hello_text(nonce: str, hello: Hello) -> bytes:
    """What ``Hello.signature`` signs: every other field that is not None."""
    names = (field.name for field in fields(hello) if field.name != "signature")
    said = {name: getattr(hello, name) for name in names}
    return _text(HELLO, nonce, {name: value for name, value in said.items() if value is not None})


def rotate_text(nonce: str, device: str, key: str, next_key: str) -> bytes:
    """What both signatures of a ``Rotate`` sign; keys as hexadecimal digits."""
    return _text(ROTATE, nonce, {"device": device, "key": key, "next_key": next_key})


def _text(domain: str, nonce: str, said: dict[str, str | int | bool]) -> bytes:
    canonical = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{domain}\n{nonce}\n{canonical}".encode()
