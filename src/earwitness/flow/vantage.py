"""Other recordings of the moment of a clip: which there are, and how they run together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from earwitness.errors import InputError, NotFound
from earwitness.flow.examination import Examining, original
from earwitness.model import Utterance
from earwitness.ports import Records
from earwitness.sound.findings.finding import Material
from earwitness.sound.several.align import Aligned, NotSame
from earwitness.sound.several.together import Closure, align_all

AROUND = timedelta(minutes=2)
MOST = 12
"""Recordings that are offered; the nearest in time."""
MOST_ALIGNED = 6
"""At once: each is compared with each."""


def beside(utterance: str, records: Records) -> list[Utterance]:
    """What the household's devices heard around it, the nearest first. Raises NotFound."""
    clip = records.utterance(utterance)
    near = records.near_in(clip.source.household, clip.heard_at, AROUND)
    others = [each for each in near if each.id != clip.id]
    others.sort(key=lambda each: (abs(each.heard_at - clip.heard_at), each.id))
    return others[:MOST]


def require_beside(utterance: str, other: str, records: Records) -> Utterance:
    """The other recording. Raises NotFound where it is none of those."""
    for each in beside(utterance, records):
        if each.id == other:
            return each
    raise NotFound("There is no such recording beside this clip.")


@dataclass(frozen=True, slots=True)
class Vantage:
    """Another recording, ``seconds`` long, and how it runs with the clip, or why it does not."""

    utterance: Utterance
    seconds: float
    found: Aligned | NotSame

    @property
    def covers(self) -> tuple[float, float]:
        """What it hears of the clip's time line, in seconds of the clip, without drift."""
        if isinstance(self.found, NotSame):
            return 0.0, 0.0
        return -self.found.offset_s, self.seconds - self.found.offset_s


def materials(utterance: str, others: Sequence[str], on: Examining) -> list[Material]:
    """The others by their hashes, for a finding; each with how it runs with the clip.

    Raises as ``together``.
    """
    if not others:
        return []
    vantages, _ = together(utterance, others, on)
    return [
        Material(original(each.utterance.id, on).sha256, _described(each), original=True)
        for each in vantages
    ]


def _described(each: Vantage) -> str:
    source = each.utterance.source
    found = each.found
    runs = (
        f"not aligned: {found.reason}"
        if isinstance(found, NotSame)
        else f"aligned with the first one: offset {1000 * found.offset_s:+.2f} ms"
        f" \N{PLUS-MINUS SIGN} {found.uncertainty_ms:.2f} ms, drift {found.drift_ppm:+.1f} ppm"
    )
    return f"another recording, clip {each.utterance.id}, device {source.device}; {runs}"


def together(
    utterance: str, others: Sequence[str], on: Examining
) -> tuple[list[Vantage], tuple[Closure, ...]]:
    """Each of the others against the clip, and against each other as a check.

    Raises InputError for none or too many, NotFound for one that is not beside the clip.
    """
    if not 0 < len(set(others)) <= MOST_ALIGNED:
        raise InputError(f"Choose 1 to {MOST_ALIGNED} recordings to align with this one.")
    clip = on.records.utterance(utterance)
    chosen = [require_beside(utterance, each, on.records) for each in dict.fromkeys(others)]
    recordings = [original(each.id, on).recording for each in (clip, *chosen)]
    clocks = [(each.heard_at - clip.heard_at).total_seconds() for each in (clip, *chosen)]
    aligned = align_all(recordings, clocks)
    vantages = [
        Vantage(each, recording.seconds, found)
        for each, recording, found in zip(chosen, recordings[1:], aligned.members[1:], strict=True)
        if found is not None
    ]
    return vantages, aligned.closures
