"""Several recordings of one event: each against one of them, and all against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from earwitness.errors import InputError, Stopped
from earwitness.sound.recording import Recording
from earwitness.sound.several.align import Aligned, NotSame, align

CLOSES_MS = 10.0
"""By how much three alignments may disagree: an echo may be taken for the direct sound in one of
them, but a wrong event is wrong by more."""


@dataclass(frozen=True, slots=True)
class Closure:
    """How far two recordings' own alignment is from what the reference says about them."""

    one: int
    other: int
    apart_ms: float


@dataclass(frozen=True, slots=True)
class Together:
    """``members`` has None for the reference. ``closures`` are those that could be measured."""

    reference: int
    members: tuple[Aligned | NotSame | None, ...]
    closures: tuple[Closure, ...]


def align_all(
    recordings: Sequence[Recording],
    clocks: Sequence[float | None] | None = None,
    *,
    reference: int = 0,
    within: float = 10.0,
    stop: Callable[[], bool] = lambda: False,
) -> Together:
    """Every recording against the reference, and each two of them as a check.

    ``clocks`` says when each one started by its own clock, in seconds, or None. Members
    whose own alignment differs from that through the reference by more than ``CLOSES_MS``
    and its uncertainty are both refused, unless a third one says which of them is right.
    Raises InputError for less than two recordings, or clocks that are not one for each; and
    Stopped once ``stop`` says so, which is asked before each two.
    """
    started = tuple(clocks) if clocks is not None else (None,) * len(recordings)
    if len(recordings) < 2 or len(started) != len(recordings):
        raise InputError("Give at least two recordings, and a clock or None for each of them.")
    if not 0 <= reference < len(recordings):
        raise InputError(f"There is no recording {reference} that the others could be aligned to.")

    def pair(one: int, other: int) -> Aligned | NotSame:
        if stop():
            raise Stopped("The alignment was cancelled.")
        coarse = _apart(started[one], started[other])
        return align(recordings[one], recordings[other], coarse, within=within)

    members: list[Aligned | NotSame | None] = [
        None if index == reference else pair(reference, index) for index in range(len(recordings))
    ]
    found = {n: each for n, each in enumerate(members) if isinstance(each, Aligned)}
    closures = []
    for one, other in combinations(found, 2):
        direct = pair(one, other)
        if isinstance(direct, Aligned):
            moment = _shared(recordings[reference], found[one], found[other], recordings)
            apart = found[other].in_other(moment) - direct.in_other(found[one].in_other(moment))
            closures.append(Closure(one, other, abs(apart) * 1e3))
    for index in _contradicted(closures, found):
        members[index] = _refused(index, closures)
    return Together(reference, tuple(members), tuple(closures))


def _apart(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _shared(
    reference: Recording, one: Aligned, other: Aligned, recordings: Sequence[Recording]
) -> float:
    """The middle of what the reference shares with both."""
    start = max(0.0, -one.offset_s, -other.offset_s)
    longest = max(recording.seconds for recording in recordings)
    end = min(reference.seconds, longest - one.offset_s, longest - other.offset_s)
    return (start + max(start, end)) / 2


def _open(closure: Closure, found: dict[int, Aligned]) -> bool:
    allowed = found[closure.one].uncertainty_ms + found[closure.other].uncertainty_ms
    return closure.apart_ms > CLOSES_MS + allowed


def _contradicted(closures: Sequence[Closure], found: dict[int, Aligned]) -> list[int]:
    """Members that more of the others contradict than confirm, or as many."""
    wrong = []
    for index in found:
        own = [each for each in closures if index in (each.one, each.other)]
        against = sum(_open(each, found) for each in own)
        if against and 2 * against >= len(own):
            wrong.append(index)
    return wrong


def _refused(index: int, closures: Sequence[Closure]) -> NotSame:
    worst = max(
        (each for each in closures if index in (each.one, each.other)),
        key=lambda each: each.apart_ms,
    )
    other = worst.other if worst.one == index else worst.one
    return NotSame(
        f"Aligned with recording {other} directly, it lies {worst.apart_ms:.1f} ms elsewhere than"
        f" through the reference; {CLOSES_MS:.0f} ms are allowed. One of the three does not fit:"
        " align them two by two."
    )
