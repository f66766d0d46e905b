"""Other recordings of the moment of a sound: how they run together, or why they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from earwitness.errors import InputError, NotFound
from earwitness.flow.examination import Examining, original
from earwitness.flow.subjects import Subject
from earwitness.sound.findings.finding import Material
from earwitness.sound.several.align import Aligned, NotSame
from earwitness.sound.several.together import Closure, align_all

MOST_ALIGNED = 6
"""At once: each is compared with each."""


def require_beside(subject: str, other: str, on: Examining) -> Subject:
    """The other recording. Raises NotFound where it is none of those beside it."""
    for each in on.custodian.beside(subject):
        if each.id == other:
            return each
    raise NotFound("There is no such recording beside this one.")


@dataclass(frozen=True, slots=True)
class Vantage:
    """Another recording, ``seconds`` long, and how it runs with the first, or why it does not."""

    subject: Subject
    seconds: float
    found: Aligned | NotSame

    @property
    def covers(self) -> tuple[float, float]:
        """What it hears of the first one's time line, in seconds of that, without drift."""
        if isinstance(self.found, NotSame):
            return 0.0, 0.0
        return -self.found.offset_s, self.seconds - self.found.offset_s


def materials(subject: str, others: Sequence[str], on: Examining) -> list[Material]:
    """The others by their hashes, for a finding; each with how it runs with the first.

    Raises as ``together``.
    """
    if not others:
        return []
    vantages, _ = together(subject, others, on)
    return [
        Material(original(each.subject.id, on).sha256, _described(each), True, each.subject.id)
        for each in vantages
    ]


def _described(each: Vantage) -> str:
    found, device = each.found, each.subject.source.device
    runs = (
        f"not aligned: {found.reason}"
        if isinstance(found, NotSame)
        else f"aligned with the first one: offset {1000 * found.offset_s:+.2f} ms"
        f" \N{PLUS-MINUS SIGN} {found.uncertainty_ms:.2f} ms (95 %), drift"
        f" {found.drift_ppm:+.1f} ppm, by {found.evidence.agreeing} of {found.evidence.windows}"
        f" windows of what both hold{_missing(found)}"
    )
    return f"another recording, {each.subject.name}, device {device}; {runs}"


def _missing(found: Aligned) -> str:
    at = ", ".join(f"{each.at_s:.2f}" for each in found.breaks)
    return f", with samples missing at {at} s" if at else ""


def chosen(subject: str, others: Sequence[str], on: Examining) -> list[Subject]:
    """The others. Raises InputError for none or too many, NotFound for one that is not beside the
    first.
    """
    if not 0 < len(set(others)) <= MOST_ALIGNED:
        raise InputError(f"Choose 1 to {MOST_ALIGNED} recordings to align with this one.")
    return [require_beside(subject, each, on) for each in dict.fromkeys(others)]


def together(
    subject: str,
    others: Sequence[str],
    on: Examining,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[list[Vantage], tuple[Closure, ...]]:
    """Each of the others against the first, and against each other as a check.

    Raises as ``chosen``, and Stopped once ``stop`` says so.
    """
    first, them = on.custodian.about(subject), chosen(subject, others, on)
    recordings = [original(each.id, on).recording for each in (first, *them)]
    clocks = [each.after(first) if each.heard_at else None for each in (first, *them)]
    aligned = align_all(recordings, clocks, stop=stop)
    vantages = [
        Vantage(each, recording.seconds, found)
        for each, recording, found in zip(them, recordings[1:], aligned.members[1:], strict=True)
        if found is not None
    ]
    return vantages, aligned.closures
