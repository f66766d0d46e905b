"""What is committed to: records of fields, each under a salted commitment of its own.

A leaf of the log holds the names of the fields and their commitments, and nothing that anybody
could guess a value from. Whoever holds the fields with their salts can show each of them alone:
that it was this, and, where it is said to be something else now, that it was not that.

    >>> opened = opened_fields({"what": "a cry"}, bytes(32))
    >>> leaf = leaf_of(opened)
    >>> changes(leaf, opened)
    []
    >>> changes(leaf, {"what": Opened("music", opened["what"].salt)})
    [Change(field='what', what='changed')]
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

SALT_BYTES = 32
MOST_FIELDS = 100
_LEAF = "earwitness leaf v1"
_COMMITMENT = b"earwitness commitment v1\n"

Value: TypeAlias = bool | int | str | list["Value"] | dict[str, "Value"] | None
"""Of a field. No fractions: there is more than one way to write them."""


class RecordError(ValueError):
    """What was given is no record, or no leaf."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A value and the salt, 32 bytes, with which it was committed to."""

    value: Value
    salt: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """How a field differs from what was committed to: changed, missing, or added."""

    field: str
    what: str


def canonical(value: Value) -> bytes:
    """The one way in which a value is written as JSON. Raises RecordError for other values."""
    _check(value)
    try:
        return json.dumps(
            value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
        ).encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise RecordError("This text cannot be written down.") from error


def commitment(name: str, opened: Opened) -> bytes:
    """32 bytes."""
    if len(opened.salt) != SALT_BYTES:
        raise RecordError(f"A salt has {SALT_BYTES} bytes.")
    named = name.encode()
    parts = (_COMMITMENT, opened.salt, len(named).to_bytes(4, "big"), named)
    return hashlib.sha256(b"".join(parts) + canonical(opened.value)).digest()


def opened_fields(fields: Mapping[str, Value], salt: bytes) -> dict[str, Opened]:
    """The fields of a record, each with its own salt; they follow from the record's, 32 bytes."""
    return {
        name: Opened(value, hmac.digest(salt, name.encode(), "sha256"))
        for name, value in fields.items()
    }


def leaf_of(fields: Mapping[str, Opened]) -> bytes:
    """What goes into the log: the names and commitments, sorted, as lines of text."""
    made = {name: commitment(name, opened) for name, opened in fields.items()}
    return written({name: each.hex() for name, each in made.items()})


def written(commitments: Mapping[str, str]) -> bytes:
    """A leaf, from its commitments in hex. Raises RecordError."""
    if not 0 < len(commitments) <= MOST_FIELDS or not all(map(_is_name, commitments)):
        raise RecordError("A record has named fields, at least one.")
    lines = [_LEAF, *(f"{name} {commitments[name]}" for name in sorted(commitments))]
    return "".join(f"{line}\n" for line in lines).encode()


def commitments_of(leaf: bytes) -> dict[str, str]:
    """By name, in hex. Raises RecordError where these bytes are no leaf of ours."""
    try:
        first, *lines = leaf.decode("ascii").split("\n")
        found = dict(_field(line) for line in lines[:-1])
        if first != _LEAF or written(found) != leaf:
            raise RecordError("This is no leaf of this kind of log.")
    except (UnicodeDecodeError, ValueError) as error:
        raise RecordError("This is no leaf of this kind of log.") from error
    return found


def changes(
    leaf: bytes, shown: Mapping[str, Opened], withheld: frozenset[str] = frozenset()
) -> list[Change]:
    """Where what is shown differs from what was committed to; ``withheld`` is not shown at all."""
    committed = commitments_of(leaf)
    found = []
    for name in sorted(committed.keys() | shown.keys()):
        if name not in committed:
            found.append(Change(name, "added"))
        elif name not in shown:
            if name not in withheld:
                found.append(Change(name, "missing"))
        elif commitment(name, shown[name]).hex() != committed[name]:
            found.append(Change(name, "changed"))
    return found


def case_id(value: object) -> str:
    """As we draw them: hex alone, so that it says nothing of its own. Raises RecordError."""
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{16}", value):
        raise RecordError("A case is named by 16 digits of hex.")
    return value


def _field(line: str) -> tuple[str, str]:
    name, digest = line.split(" ")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError(digest)
    return name, digest


def _is_name(name: str) -> bool:
    return name.isascii() and name.replace("_", "").isalnum() and len(name) <= 64


def _check(value: object, depth: int = 0) -> None:
    if depth > 20:
        raise RecordError("This is nested too deeply.")
    match value:
        case None | bool() | int() | str():
            return
        case list():
            for each in value:
                _check(each, depth + 1)
        case dict() if all(isinstance(name, str) for name in value):
            for each in value.values():
                _check(each, depth + 1)
        case _:
            raise RecordError(f"A {type(value).__name__} is not written down in one way only.")
