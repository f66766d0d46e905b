"""Values of the domain as JSON text, for columns that are read as a whole.

Encoding is by field name; decoding refuses what this program does not know, so a
value is never read with a part of it left out. Non-finite floats survive (a score
of minus infinity is a score), written as Python's ``json`` writes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from earwitness.accounts import Role
from earwitness.errors import StoreError
from earwitness.model import (
    Flag,
    Heard,
    Hypothesis,
    Interval,
    Taught,
    Term,
    TermState,
    Transcript,
    Trial,
    Word,
)

Fields = dict[str, Any]
T = TypeVar("T")


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_moment_out)


def _moment_out(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise StoreError(f"A {type(value).__name__} cannot be kept as JSON.")


def _load(text: str, build: Callable[[Any], T]) -> T:
    """Raises StoreError where the text is not what this program would have written."""
    try:
        return build(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"A stored value cannot be read: {error}.") from error


# --- what was heard ---------------------------------------------------------


def encode_transcript(transcript: Transcript) -> str:
    return _dump(asdict(transcript))


def decode_transcript(text: str) -> Transcript:
    return _load(text, _transcript)


def _transcript(fields: Fields) -> Transcript:
    unbiased = fields.pop("unbiased")
    nbest = tuple(_hypothesis(each) for each in fields.pop("nbest"))
    return Transcript(nbest=nbest, unbiased=unbiased and _hypothesis(unbiased), **fields)


def _hypothesis(fields: Fields) -> Hypothesis:
    words = tuple(_word(each) for each in fields.pop("words"))
    return Hypothesis(words=words, terms=tuple(fields.pop("terms")), **fields)


def _word(fields: Fields) -> Word:
    return Word(logprobs=tuple(fields.pop("logprobs")), **fields)


def encode_flags(flags: tuple[Flag, ...]) -> str:
    return _dump([asdict(flag) for flag in flags])


def decode_flags(text: str) -> tuple[Flag, ...]:
    return _load(text, lambda flags: tuple(Flag(**each) for each in flags))


# --- teaching ---------------------------------------------------------------


def encode_forms(forms: tuple[str, ...]) -> str:
    return _dump(forms)


def decode_forms(text: str) -> tuple[str, ...]:
    return _load(text, tuple)


def encode_taught(terms: tuple[Taught, ...]) -> str:
    return _dump([asdict(term) for term in terms])


def decode_taught(text: str) -> tuple[Taught, ...]:
    return _load(text, lambda terms: tuple(_taught(each) for each in terms))


def _taught(fields: Fields) -> Taught:
    misheard = fields.pop("misheard")
    return Taught(
        spoken=tuple(fields.pop("spoken")),
        misheard=None if misheard is None else tuple(misheard),
        **fields,
    )


def encode_trial(trial: Trial) -> str:
    return _dump(asdict(trial))


def decode_trial(text: str) -> Trial:
    return _load(text, _trial)


def _trial(fields: Fields) -> Trial:
    clip = fields.pop("clip")
    return Trial(
        term=_term(fields.pop("term")),
        clip=clip and Heard(**clip),
        settles=tuple(Heard(**each) for each in fields.pop("settles")),
        u_wer_change=Interval(**fields.pop("u_wer_change")),
        false_accepts_per_hour=Interval(**fields.pop("false_accepts_per_hour")),
        **fields,
    )


def _term(fields: Fields) -> Term:
    taught_at = fields.pop("taught_at")
    return Term(
        spoken=tuple(fields.pop("spoken")),
        misheard=tuple(fields.pop("misheard")),
        state=TermState(fields.pop("state")),
        taught_at=None if taught_at is None else datetime.fromisoformat(taught_at),
        **fields,
    )


# --- events -----------------------------------------------------------------


def encode_payload(payload: Mapping[str, str]) -> str:
    return _dump(dict(payload))


def decode_payload(text: str) -> dict[str, str]:
    return _load(text, dict)


# --- accounts ---------------------------------------------------------------


def encode_roles(roles: Collection[Role]) -> str:
    return _dump(sorted(roles))


def decode_roles(text: str) -> frozenset[Role]:
    return _load(text, lambda names: frozenset(map(Role, names)))


def encode_texts(texts: Collection[str]) -> str:
    return _dump(list(texts))


def decode_texts(text: str) -> tuple[str, ...]:
    return _load(text, lambda texts: tuple(map(str, texts)))
