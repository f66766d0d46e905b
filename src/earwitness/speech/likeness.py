"""Do two doubtful stretches hold the same word? From what was written there, and from the sound.

An unknown word is written differently each time, and yet alike: the spellings of all readings
are compared by their rough sounds (``sounds``). The sound itself is compared by dynamic time
warping (Sakoe and Chiba 1978) of frames: those of the recogniser's encoder, or ``cepstra``
where it shows none. One stretch may lie anywhere within the other and its surroundings
(subsequence DTW: Müller, Information Retrieval for Music and Motion, 2007, ch. 4), since the
edges of a doubtful stretch are not exact. A logistic regression makes a probability of both.
What was tried, and what it is worth, is in docs/research/grouping.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.model import Flag, Hypothesis, Span, Transcript, Word
from earwitness.speech.alignment import align
from earwitness.speech.sounds import sound_distance
from earwitness.speech.text import words

Floats = NDArray[np.float32]

UNSURE = 0.5
"""A word less sure than this belongs to the doubtful stretch beside it."""
LONGEST = 1.5
"""Seconds that a stretch is widened to, at most, and that are compared of a longer one."""
MARGIN = 0.2
"""Seconds before and after a stretch in which its word may lie as well."""
SPELLINGS = 5
"""Distinct spellings of a stretch that are compared."""
SHORTEST = 0.24
"""Seconds: of a shorter stretch more is taken, for it would be found nearly anywhere."""
FARTHEST = 2.0
"""How far apart sounds are of which neither can be warped to the other."""

# --- where ------------------------------------------------------------------


def doubtful(transcript: Transcript, flags: Sequence[Flag]) -> tuple[Span, ...]:
    """The stretches that were doubted, each with the unsure words beside it.

    Without a flag that has a place, the least sure word; none without the times of words.
    """
    timed = [word for word in transcript.best.words if word.start is not None]
    asked = [index for index, word in enumerate(timed) if _is_flagged(word, flags)]
    if not asked and timed:
        asked = [min(range(len(timed)), key=lambda index: timed[index].confidence)]
    return tuple(dict.fromkeys(_widened(timed, index) for index in asked))


def _is_flagged(word: Word, flags: Sequence[Flag]) -> bool:
    return any((flag.start, flag.end) == (word.start, word.end) for flag in flags)


def _widened(timed: Sequence[Word], index: int) -> Span:
    first = last = index
    while first > 0 and _joins(timed, first - 1, last):
        first -= 1
    while last + 1 < len(timed) and _joins(timed, first, last + 1):
        last += 1
    return _span(timed, first, last)


def _joins(timed: Sequence[Word], first: int, last: int) -> bool:
    span = _span(timed, first, last)
    unsure = all(word.confidence < UNSURE for word in timed[first : last + 1])
    return unsure and span.end - span.start <= LONGEST


def _span(timed: Sequence[Word], first: int, last: int) -> Span:
    start, end = timed[first].start, timed[last].end
    assert start is not None
    return Span(start, start if end is None else end)


# --- what was written there -------------------------------------------------


def spellings(transcript: Transcript, span: Span) -> tuple[str, ...]:
    """What the readings have in a stretch: distinct spellings, the likeliest first."""
    best = transcript.best
    inside = [_overlaps(word, span) for word in best.words]
    if not any(inside):
        return ()
    found = (_across(best, reading, inside) for reading in transcript.nbest)
    return tuple(dict.fromkeys(text for text in found if text))[:SPELLINGS]


def _overlaps(word: Word, span: Span) -> bool:
    """Whether most of the word lies within."""
    if word.start is None or word.end is None:
        return False
    shared = min(word.end, span.end) - max(word.start, span.start)
    return shared > 0 and shared >= (word.end - word.start) / 2


def _across(best: Hypothesis, other: Hypothesis, inside: Sequence[bool]) -> str:
    """The words of another reading that stand where the best one's words inside do."""
    ours = [" ".join(words(word.text)) for word in best.words]
    theirs = list(words(other.text))
    place, found = -1, []
    for pair in align(ours, theirs):
        place = place if pair.reference is None else pair.reference
        if pair.hypothesis is not None and place >= 0 and inside[place]:
            found.append(theirs[pair.hypothesis])
    return " ".join(found)


# --- a stretch --------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class Stretch:
    """A doubtful stretch, ready to be compared.

    ``inner`` ``[frames, width]`` are its frames, ``outer`` those of it and its surroundings,
    each of length 1; kept in half precision, because many are.
    """

    span: Span
    spelled: tuple[str, ...]
    inner: NDArray[np.float16]
    outer: NDArray[np.float16]


def stretches(transcript: Transcript, flags: Sequence[Flag], frames: Floats) -> tuple[Stretch, ...]:
    """The doubtful stretches of a clip, ``frames`` ``[frames, width]`` being the whole of it.

    Every column is brought to mean 0 and variance 1 over the clip, so that of voice, room
    and level less is left. None where the recogniser told no times or heard nothing.
    """
    seconds = transcript.seconds
    if seconds < SHORTEST or len(frames) < 2:
        return ()
    unit, rate = _unit(frames).astype(np.float16), len(frames) / seconds
    return tuple(
        Stretch(
            span=span,
            spelled=spellings(transcript, span),
            inner=_cut(unit, rate, span.start, _end(span)),
            outer=_cut(unit, rate, span.start - MARGIN, _end(span) + MARGIN),
        )
        for span in doubtful(transcript, flags)
    )


def _end(span: Span) -> float:
    return min(span.end, span.start + LONGEST)


def _unit(frames: Floats) -> Floats:
    frames = np.asarray(frames, np.float32)
    even = (frames - frames.mean(axis=0)) / np.maximum(frames.std(axis=0), 1e-3)
    lengths = np.linalg.norm(even, axis=1, keepdims=True)
    return np.asarray(even / np.maximum(lengths, 1e-6), np.float32)


def _cut(frames: NDArray[np.float16], rate: float, start: float, end: float) -> NDArray[np.float16]:
    """A copy, so that the rest of the clip is let go of."""
    least = max(2, round(SHORTEST * rate))
    first = min(max(0, round(start * rate)), max(0, len(frames) - least))
    return frames[first : max(round(end * rate), first + least)].copy()


# --- how far apart ----------------------------------------------------------


def spelled_apart(one: Stretch, other: Stretch) -> float:
    """0 for what was spelled with the same sounds, 1 for nothing in common; symmetric.

    The mean over every spelling of its distance to the nearest one on the other side.
    """
    if not one.spelled or not other.spelled:
        return 1.0
    table = np.array([[sound_distance(a, b) for b in other.spelled] for a in one.spelled])
    return float(table.min(axis=0).mean() + table.min(axis=1).mean()) / 2


def heard_apart(one: Stretch, others: Sequence[Stretch]) -> Floats:
    """How far the sound of a stretch is from that of each other one, ``[others]``; symmetric.

    The nearer of two ways: the one within the other and its surroundings, and the other way
    round. A path's mean distance per frame over that of all pairs of frames, so 1 is what
    unrelated sounds come near. Time O(n m) for each of them, done for all at once.
    """
    if not others:
        return np.zeros(0, np.float32)
    inner, outer = one.inner.astype(np.float32), one.outer.astype(np.float32)
    theirs = [len(other.outer) for other in others]
    there = 1.0 - inner @ np.concatenate([other.outer for other in others]).T.astype(np.float32)
    within = [len(other.inner) for other in others]
    here = 1.0 - np.concatenate([other.inner for other in others]).astype(np.float32) @ outer.T
    forth = _warped(_padded_columns(there, theirs), [len(inner)] * len(others), theirs)
    back = _warped(_padded_rows(here, within), within, [len(outer)] * len(others))
    return np.minimum(forth, back)


def _padded_columns(costs: Floats, lengths: Sequence[int]) -> Floats:
    """``[rows, sum of lengths]`` -> ``[pairs, rows, longest]``, infinite after the end."""
    found = np.full((len(lengths), len(costs), max(lengths)), np.inf, np.float32)
    parts = np.split(costs, np.cumsum(lengths)[:-1], axis=1)
    for place, part in enumerate(parts):
        found[place, :, : part.shape[1]] = part
    return found


def _padded_rows(costs: Floats, lengths: Sequence[int]) -> Floats:
    """``[sum of lengths, columns]`` -> ``[pairs, longest, columns]``, infinite after the end."""
    found = np.full((len(lengths), max(lengths), costs.shape[1]), np.inf, np.float32)
    for place, part in enumerate(np.split(costs, np.cumsum(lengths)[:-1])):
        found[place, : len(part)] = part
    return found


def _warped(costs: Floats, rows: Sequence[int], columns: Sequence[int]) -> Floats:
    """The cheapest path through each table of ``costs`` ``[pairs, rows, columns]``.

    Each step goes one frame on in both, or two in either, so that a word may be said at half
    or double the pace. A path begins in the first row and ends in the last, in any column.
    """
    pairs = np.arange(len(costs))
    totals = np.full((costs.shape[1] + 2, len(costs), costs.shape[2] + 2), np.inf, np.float32)
    totals[2, :, 2:] = costs[:, 0]
    for row in range(1, costs.shape[1]):
        cost, before, last = costs[:, row], totals[row], totals[row + 1]
        slower = before[:, 1:-1] + costs[:, row - 1]
        reached = np.minimum(np.minimum(last[:, 1:-1], last[:, :-2]), slower)
        totals[row + 2, :, 2:] = reached + cost
    ends = np.asarray(rows)
    path = totals[ends + 1, pairs].min(axis=1) / ends
    sums = np.where(np.isinf(costs), 0.0, costs).sum(axis=(1, 2))
    mean = np.maximum(sums / (ends * np.asarray(columns)), 1e-6)
    return np.asarray(np.minimum(path / mean, FARTHEST), np.float32)


# --- the same word? ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Weights:
    """The log-odds of the same word: a constant, less what each distance takes away."""

    spelled: float
    heard: float
    constant: float


OF_FRAMES = Weights(-5.74, -17.11, 11.10)
OF_CEPSTRA = Weights(-8.86, -12.79, 9.35)
"""Fitted by ``tools/likeness`` for frames of Moonshine's encoder, and for ``cepstra``.

Of two clips that wait, one pair in a hundred is taken to hold the same word (``PRIOR``).
"""
PRIOR = 0.01
THRESHOLD = 0.2
"""From here on two clips are said to sound alike."""
HOPELESS = -5.0
"""Log-odds under which spelling is not looked at: it could not make them alike."""


def same_word(
    one: Sequence[Stretch], others: Sequence[Sequence[Stretch]], weights: Weights = OF_FRAMES
) -> Floats:
    """The probability that a clip shares a doubtful word with each other, ``[others]``.

    That of the most alike two of their stretches; 0 where a clip has none. Symmetric.
    """
    owners = np.array([at for at, each in enumerate(others) for _ in each], np.intp)
    everything = [stretch for each in others for stretch in each]
    odds = np.full(len(others), -np.inf)
    for stretch in one:
        np.maximum.at(odds, owners, _log_odds(stretch, everything, weights))
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -700.0, 700.0))), np.float32)


def _log_odds(one: Stretch, others: Sequence[Stretch], weights: Weights) -> NDArray[np.float64]:
    heard = weights.constant + weights.heard * heard_apart(one, others).astype(np.float64)
    spelled = [
        spelled_apart(one, other) if odds > HOPELESS else 1.0
        for odds, other in zip(heard, others, strict=True)
    ]
    return np.asarray(heard + weights.spelled * np.array(spelled))
