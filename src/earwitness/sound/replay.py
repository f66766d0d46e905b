"""What a result was made of, so that somebody else can make it again and compare."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from earwitness.errors import InputError
from earwitness.sound import chain as chains
from earwitness.sound.chain import Chain

VERSION = 1
MOST_TEXT = 1 << 18
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGESTS = ("original_sha256", "original_digest", "result_digest")


@dataclass(frozen=True, slots=True)
class Record:
    """A replay file. Raises InputError for a digest that is none.

    ``original_sha256`` is that of the original's bytes; ``original_digest`` that of the
    samples which the chain was given, ``result_digest`` that of the samples which came out.
    ``components`` are versions of packages and SHA-256 of models, by name.
    """

    original_sha256: str
    original_digest: str
    chain: Chain
    components: Mapping[str, str]
    result_digest: str

    def __post_init__(self) -> None:
        for name in _DIGESTS:
            if not _SHA256.fullmatch(getattr(self, name)):
                raise InputError(f"A replay file has {name} as 64 hexadecimal digits.")


def written(record: Record) -> str:
    """The JSON of a replay file; ``parse`` reads it back."""
    return json.dumps(
        {
            "replay": VERSION,
            **{name: getattr(record, name) for name in _DIGESTS},
            "components": dict(sorted(record.components.items())),
            "chain": json.loads(chains.written(record.chain)),
        },
        indent=2,
    )


def parse(text: str | bytes) -> Record:
    """Raises InputError for anything that is not exactly a replay file."""
    given = _decoded(text)
    if not isinstance(given, dict) or set(given) != {"replay", "components", "chain", *_DIGESTS}:
        raise InputError("This is no replay file: `sound enhance` writes one beside its result.")
    if given["replay"] != VERSION or isinstance(given["replay"], bool):
        raise InputError(f"This replay file has version {given['replay']!r:.40}, not {VERSION}.")
    texts = [*(given[name] for name in _DIGESTS)]
    components = given["components"]
    if not isinstance(components, dict) or not all(
        isinstance(each, str) for each in (*texts, *components.values())
    ):
        raise InputError("The digests and components of a replay file are texts.")
    if not isinstance(given["chain"], dict):
        raise InputError("A replay file holds its chain as an object.")
    before, samples, result = texts
    return Record(before, samples, chains.parse(given["chain"]), components, result)


def compare(
    record: Record,
    result_digest: str,
    components: Mapping[str, str],
    *,
    original_sha256: str | None = None,
    original_digest: str | None = None,
) -> list[str]:
    """What differs from the record, in words; nothing where the result is the same.

    Where the result is the same, other components made no difference and are not named.
    """
    found = []
    if original_sha256 not in (None, record.original_sha256):
        found.append("The original is another file: its SHA-256 differs.")
    if original_digest not in (None, record.original_digest):
        found.append("The original was decoded to other samples.")
    if result_digest == record.result_digest:
        return found
    others = list(_others(record.components, components))
    found.append("The result has other samples than the recorded one.")
    found += others or ["Every named component is the same; the processor may be another."]
    return found


def _others(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        before, after = then.get(name), now.get(name)
        if after is None:
            yield f"{name} took part ({before}) and is not here."
        elif before is None:
            yield f"{name} is here ({after}) and is not in the record."
        elif before != after:
            yield f"{name} was {before} and is {after}."


def _decoded(text: str | bytes) -> Any:
    if len(text) > MOST_TEXT:
        raise InputError(f"A replay file has at most {MOST_TEXT} characters.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The replay file is no JSON: {error}.") from error
