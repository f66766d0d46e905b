"""Who reported, where they asked for confidence: sealed, and opened by two people on record.

The key lies beside the database. Whoever has both, and the will, can read a name without
anybody's agreement; no program on their own machine can prevent that.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from earwitness.errors import StoreError

NONCE_BYTES = 12


def seal(by: str, by_id: str, code_hash: bytes, key: bytes) -> str:
    """Text that says nothing without the key, 32 bytes, and belongs to one case alone."""
    nonce, plain = token_bytes(NONCE_BYTES), json.dumps([by, by_id]).encode()
    padded = plain.ljust(512)  # so that its length names nobody
    return b64encode(nonce + ChaCha20Poly1305(key).encrypt(nonce, padded, code_hash)).decode()


def opened(sealed: str, code_hash: bytes, key: bytes) -> str:
    """The name. Raises StoreError for what this key did not seal for this case."""
    try:
        raw = b64decode(sealed, validate=True)
        plain = ChaCha20Poly1305(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], code_hash)
        return str(json.loads(plain)[0])
    except (InvalidTag, ValueError) as error:
        raise StoreError("Who reported cannot be opened: the key is another one.") from error
