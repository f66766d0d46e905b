"""Long recordings are cut into pieces that an engine likes; their readings are joined.

The recogniser is brittle: twenty milliseconds less can change a word. So a recording of
at most ``MAX_ENGINE_SECONDS`` is one piece, untouched. A longer one is cut in its
pauses, as few and as long ones as will do; only where somebody speaks on and on without
a pause is it cut at the quietest moment, and there both pieces share ``OVERLAP`` seconds,
so that a word at the cut is whole in one of them. Silence is left out where it is longer
than two ``MARGIN``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from earwitness.model import SAMPLE_RATE, Hypothesis, Samples, Span, Transcript, Word
from earwitness.ports import SpeechDetector
from earwitness.speech.text import bare

MAX_ENGINE_SECONDS = 30.0
"""The longest that an engine is given. Up to here an utterance is left as it is."""
PIECE_SECONDS = 15.0
"""The longest piece of a longer recording."""
MARGIN = 0.5
"""Seconds of silence that a piece keeps around its speech, where there is as much."""
OVERLAP = 0.2
"""Measured: none costs words at the cut, and more is heard twice and joined wrongly."""
WINDOWS = 8
"""A stream is looked at in windows of this many pieces; memory is bounded by them."""
FRAME = SAMPLE_RATE // 100
WORDS_A_SECOND = 5


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a piece lies in its recording, and how much of it the piece before has too."""

    start: float
    end: float
    overlap: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    cut: Cut
    audio: Samples


@dataclass(frozen=True, slots=True)
class _Unit:
    """Speech that is not cut, with its margins or overlaps, in samples."""

    start: int
    end: int
    cost: float
    """Of a cut before it."""


# --- cutting ----------------------------------------------------------------


def pieces(
    blocks: Iterable[Samples], detector: SpeechDetector, longest: float = PIECE_SECONDS
) -> Iterator[Piece]:
    """A stream of blocks of any size -> pieces in order, none longer than ``longest``.

    Only a recording of at most ``MAX_ENGINE_SECONDS`` is one piece, whatever ``longest``.
    Holds ``WINDOWS`` times ``longest`` seconds and one block, or ``MAX_ENGINE_SECONDS``.
    The pieces do not depend on the sizes of the blocks. A long recording without speech
    has no pieces.
    """
    feed, at, ended = _Feed(blocks), 0, 0.0
    window = _samples(max(WINDOWS * longest, MAX_ENGINE_SECONDS))
    while True:
        audio, last = feed.look(window)
        if last and not at and len(audio) <= _samples(MAX_ENGINE_SECONDS):
            yield from [Piece(Cut(0.0, _seconds(len(audio))), audio)] if len(audio) else []
            return
        found = cuts(audio, detector.spans(audio), longest)
        decided = found if last else _decided(found, _seconds(len(audio)) - longest)
        for cut in decided:
            piece = _piece(audio, cut, at, ended)
            ended = piece.cut.end
            yield piece
        if last:
            return
        rest = _rest(found[len(decided) :], len(audio))
        feed.drop(rest)
        at += rest


def cuts(audio: Samples, spans: Sequence[Span], longest: float = PIECE_SECONDS) -> list[Cut]:
    """Where to cut a whole recording, given its speech in order.

    The cheapest way to put every stretch of speech into a piece: dynamic programming
    over the pauses, where a cut costs the less the longer its pause is.
    """
    units = _units(audio, spans, longest)
    ranges = _cheapest(units, _samples(longest))
    found = [Cut(_seconds(units[i].start), _seconds(units[k - 1].end)) for i, k in ranges]
    shared = [max(0.0, before.end - cut.start) for before, cut in pairwise(found)]
    return [replace(cut, overlap=o) for cut, o in zip(found, [0.0, *shared], strict=False)]


def _decided(found: Sequence[Cut], until: float) -> Sequence[Cut]:
    """The cuts that no later sound can change much."""
    return [cut for cut in found if cut.end <= until]


def _rest(undecided: Sequence[Cut], length: int) -> int:
    """From which sample the next window goes on."""
    return _samples(undecided[0].start) if undecided else length - _samples(MARGIN)


def _piece(audio: Samples, cut: Cut, at: int, ended: float) -> Piece:
    first, end = _samples(cut.start), _samples(cut.end)
    start = _seconds(first + at)
    moved = Cut(start, _seconds(end + at), max(0.0, ended - start))
    return Piece(moved, audio[first:end].copy())


def _units(audio: Samples, spans: Sequence[Span], longest: float) -> list[_Unit]:
    """Speech with margins; speech that is too long is divided, with overlaps."""
    most = _samples(longest) - 2 * _samples(max(MARGIN, OVERLAP / 2))
    parts = [part for span in spans for part in _divided(audio, span, most)]
    gaps = [next_[0] - part[1] for part, next_ in pairwise(parts)]
    edges = [_reach(gap) for gap in gaps]
    befores = [min(_samples(MARGIN), parts[0][0]), *edges] if parts else []
    afters = [*edges, min(_samples(MARGIN), len(audio) - parts[-1][1])] if parts else []
    costs = [0.0, *(1 / (0.05 + _seconds(gap)) for gap in gaps)]
    return [
        _Unit(start - before, end + after, cost)
        for (start, end), before, after, cost in zip(parts, befores, afters, costs, strict=False)
    ]


def _reach(gap: int) -> int:
    """How far a piece goes on into a pause: to its middle at most, or over a hard cut."""
    return min(_samples(MARGIN), gap // 2) if gap else _samples(OVERLAP / 2)


def _divided(audio: Samples, span: Span, most: int) -> Iterator[tuple[int, int]]:
    """Speech in parts of at most ``most`` samples, cut where it is quietest."""
    start, end = _samples(span.start), min(_samples(span.end), len(audio))
    while end - start > most:
        quiet = _quietest(audio, start + most // 2, min(start + most, end))
        yield start, quiet
        start = quiet
    if end > start:
        yield start, end


def _quietest(audio: Samples, first: int, end: int) -> int:
    """The middle of the 50 ms with the least energy between two samples."""
    frames = audio[first : first + (end - first) // FRAME * FRAME].reshape(-1, FRAME)
    energy: NDArray[np.float64] = np.square(frames, dtype=np.float64).sum(axis=1)
    smooth = np.convolve(energy, np.ones(5), mode="valid")
    return first + int(smooth.argmin() + 2) * FRAME + FRAME // 2


def _cheapest(units: Sequence[_Unit], most: int) -> list[tuple[int, int]]:
    """[first, end) of the units of each piece."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(units) + 1):
        firsts = _possible_firsts(units, end, most)
        best.append(min((best[first][0] + units[first].cost, first) for first in firsts))
    ranges, end = [], len(units)
    while end:
        ranges.append((best[end][1], end))
        end = best[end][1]
    return ranges[::-1]


def _possible_firsts(units: Sequence[_Unit], end: int, most: int) -> Iterator[int]:
    yield end - 1
    for first in range(end - 2, -1, -1):
        if units[end - 1].end - units[first].start > most:
            return
        yield first


class _Feed:
    """Blocks as one stretch of audio that grows at its end and is dropped at its start."""

    def __init__(self, blocks: Iterable[Samples]) -> None:
        self._blocks = iter(blocks)
        self._audio: Samples = np.zeros(0, np.float32)
        self._ended = False

    def look(self, most: int) -> tuple[Samples, bool]:
        """The next ``most`` samples, and whether there are no more behind them."""
        parts, length = [self._audio], len(self._audio)
        while length <= most and not self._ended:
            block = next(self._blocks, None)
            self._ended = block is None
            if block is not None:
                parts.append(block)
                length += len(block)
        self._audio = np.concatenate(parts)
        return self._audio[:most], length <= most

    def drop(self, count: int) -> None:
        self._audio = self._audio[count:].copy()


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _seconds(samples: int) -> float:
    return samples / SAMPLE_RATE


# --- joining ----------------------------------------------------------------


def join(parts: Sequence[tuple[Cut, Transcript]]) -> Transcript:
    """The transcript of a recording from those of its pieces, in order; at least one.

    Times count from the recording's start. The n-best are the combinations that lose
    least against the pieces' own first ones. Log-probabilities add up and confidences
    multiply, as if errors in the pieces were independent. ``revision`` is the oldest.
    """
    transcripts = [transcript for _, transcript in parts]
    shifted = [_shifted(cut, transcript) for cut, transcript in parts]
    nbest, overlaps = shifted[0], [cut.overlap for cut, _ in parts]
    for overlap, more in zip(overlaps[1:], shifted[1:], strict=True):
        nbest = _combined(nbest, more, overlap)
    return replace(
        transcripts[0],
        nbest=nbest,
        revision=min(transcript.revision for transcript in transcripts),
        seconds=parts[-1][0].end - parts[0][0].start,
        confidence=math.prod(transcript.confidence for transcript in transcripts),
        unbiased=_joined_unbiased(parts),
    )


def _joined_unbiased(parts: Sequence[tuple[Cut, Transcript]]) -> Hypothesis | None:
    whole: Hypothesis | None = None
    for index, (cut, transcript) in enumerate(parts):
        if transcript.unbiased is None:
            return None
        here = _later(transcript.unbiased, cut.start)
        whole = here if not index or whole is None else _seamed(whole, here, cut.overlap)
    return whole


def _shifted(cut: Cut, transcript: Transcript) -> tuple[Hypothesis, ...]:
    return tuple(_later(hypothesis, cut.start) for hypothesis in transcript.nbest)


def _later(hypothesis: Hypothesis, seconds: float) -> Hypothesis:
    return replace(hypothesis, words=tuple(_word_later(w, seconds) for w in hypothesis.words))


def _word_later(word: Word, seconds: float) -> Word:
    start = None if word.start is None else word.start + seconds
    end = None if word.end is None else word.end + seconds
    return replace(word, start=start, end=end)


def _combined(
    left: Sequence[Hypothesis], right: Sequence[Hypothesis], overlap: float
) -> tuple[Hypothesis, ...]:
    """The best few of all pairs. A first one costs nothing, whatever its log-probability."""
    costs = {
        (i, j): _loss(left, i) + _loss(right, j)
        for i, j in product(range(len(left)), range(len(right)))
    }
    order = sorted(costs, key=lambda pair: (costs[pair], sum(pair), pair))
    kept = order[: max(len(left), len(right))]
    return tuple(_seamed(left[i], right[j], overlap) for i, j in kept)


def _loss(nbest: Sequence[Hypothesis], index: int) -> float:
    return max(0.0, nbest[0].logprob - nbest[index].logprob)


def _seamed(left: Hypothesis, right: Hypothesis, overlap: float) -> Hypothesis:
    """Both readings as one; what both heard in their overlap is kept once."""
    keep, skip = seam(left.words, right.words, overlap)
    dropped = (*left.words[keep:], *right.words[:skip])
    words = left.words[:keep] + right.words[skip:]
    texts = (left.text, right.text) if not dropped else (word.text for word in words)
    return Hypothesis(
        text=" ".join(filter(None, texts)),
        words=words,
        logprob=left.logprob + right.logprob - sum(sum(word.logprobs) for word in dropped),
        terms=tuple(dict.fromkeys(left.terms + right.terms)),
    )


def seam(left: Sequence[Word], right: Sequence[Word], overlap: float) -> tuple[int, int]:
    """How many words of the left one to keep, and how many of the right one to skip.

    The longest run of words that the left one ends and the right one begins with is the
    same sound. Behind it on the left, and before it on the right, there may be one more
    word: half of one, at the edge of the sound.
    """
    most = math.ceil(overlap * WORDS_A_SECOND)
    away = max(0, len(left) - most - 1)
    ends = [bare(word.text) for word in left[away:]]
    begins = [bare(word.text) for word in right[: most + 1]]
    for size in range(most, 0, -1):
        for after, before in sorted(product((0, 1), repeat=2), key=sum):
            first, last = len(ends) - after - size, len(ends) - after
            if first >= 0 and ends[first:last] == begins[before : before + size]:
                return away + last, before + size
    return len(left), 0
