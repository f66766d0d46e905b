"""When each word of a reading was said.

The frames of a clip are shared out among the words, in order, with pauses between
them: the best path through *pause, word, pause, word, ..., pause* by dynamic
programming (Viterbi, 1967). A frame pays a word by how much the recogniser looked at
it while it wrote that word, and a pause by how quiet it is. Measured in
docs/research/word-times.md, where the constants come from too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earwitness.model import SAMPLE_RATE, Samples, Span

Floats = NDArray[np.float64]

FLOOR = 0.05
"""A word's share of a frame that is worth as much as silence of middling doubt."""
QUIET_WEIGHT = 6.0
QUIET_BELOW = 0.3
"""Below this share of the way from the quietest to the loudest frame a pause is likely."""
LEAST_RANGE_DB = 6.0
WINDOW = 480
"""Samples around the middle of a frame whose energy is its loudness."""


def word_times(
    evidence: NDArray[np.floating], ending: NDArray[np.floating], loud: Floats, edges: Floats
) -> list[Span]:
    """Times of the words of one reading: in order, none empty, none outside the clip.

    ``evidence`` ``[words, frames]`` says how much each frame speaks for each word and
    ``ending`` ``[frames]`` for the end of the reading; nothing in them is negative, and
    a token's frames sum to about 1. ``loud`` ``[frames]`` is in dB (``loudness``).
    ``edges`` ``[frames + 1]`` are the frames' bounds in seconds (``frame_edges``).

    >>> evidence = np.array([[0.9, 0.1, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    >>> loud = np.array([-20.0, -20.0, -90.0, -20.0])
    >>> word_times(evidence, np.zeros(4), loud, np.arange(5) / 40)
    [Span(start=0.0, end=0.05), Span(start=0.075, end=0.1)]
    """
    words = len(evidence)
    if not words:
        return []
    finer = -(-words // len(loud))
    pauses = np.tile(QUIET_WEIGHT * (QUIET_BELOW - _height(loud)), (words + 1, 1))
    pauses[-1] += np.log1p(ending / FLOOR)
    gains = np.log1p(evidence / FLOOR)
    found = segments(gains.repeat(finer, axis=1), pauses.repeat(finer, axis=1))
    bounds = np.interp(np.arange(len(loud) * finer + 1) / finer, np.arange(len(edges)), edges)
    return [Span(float(bounds[first]), float(bounds[last])) for first, last in found]


def segments(words: Floats, pauses: Floats) -> list[tuple[int, int]]:
    """The frames [first, last) of each word on the path that gains most.

    ``words`` ``[words, frames]`` and ``pauses`` ``[words + 1, frames]`` are what a frame
    gains in each state; ``pauses[i]`` comes before word i. Every word gets a frame or
    more, a pause may get none. Needs as many frames as words. Time O(words frames).
    """
    gains = np.empty((len(words) + len(pauses), words.shape[1]))
    gains[0::2], gains[1::2] = pauses, words
    states = _best_path(gains)
    own = np.arange(1, len(gains), 2)
    firsts, lasts = np.searchsorted(states, own), np.searchsorted(states, own, side="right")
    return [(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]


def _best_path(gains: Floats) -> NDArray[np.int64]:
    """``gains`` ``[states, frames]`` -> the state of each frame; even states are pauses.

    Starts in one of the first two states, ends in one of the last two. From frame to
    frame it stays, goes on to the next state, or from a word over the pause to the next.
    """
    count, frames = gains.shape
    totals = np.full(count, -np.inf)
    totals[:2] = gains[:2, 0]
    steps = np.zeros((frames, count), np.int64)
    before = np.full((3, count), -np.inf)
    for frame in range(1, frames):
        before[0], before[1, 1:], before[2, 3::2] = totals, totals[:-1], totals[1:-2:2]
        steps[frame] = before.argmax(axis=0)
        totals = before.max(axis=0) + gains[:, frame]
    return _followed(steps, count - 2 + int(totals[-1] >= totals[-2]))


def _followed(steps: NDArray[np.int64], last: int) -> NDArray[np.int64]:
    """``steps`` ``[frames, states]`` back to the state before -> the states, from the last."""
    path = np.full(len(steps), last)
    for frame in range(len(steps) - 1, 0, -1):
        path[frame - 1] = path[frame] - steps[frame, path[frame]]
    return path


def loudness(audio: Samples, middles: NDArray[np.int64]) -> Floats:
    """The level around each of ``middles`` (samples from the start), in dB of full scale."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64))])
    first = np.clip(middles - WINDOW // 2, 0, len(audio))
    last = np.clip(middles + WINDOW // 2, 0, len(audio))
    level: Floats = 10 * np.log10((energy[last] - energy[first]) / WINDOW + 1e-10)
    return level


def frame_edges(middles: NDArray[np.int64], samples: int) -> Floats:
    """Between the middles of the frames, and the clip's start and end; in seconds.

    The outer frames take what lies before and after them. Where the clip is shorter
    than what the encoder was given, its frames share it evenly.
    """
    inner = (middles[:-1] + middles[1:]) / 2
    if len(inner) and inner[-1] >= samples:
        return np.linspace(0, samples / SAMPLE_RATE, len(middles) + 1)
    return np.concatenate([[0.0], inner, [samples]]) / SAMPLE_RATE


def _height(loud: Floats) -> Floats:
    """How far each frame is from quiet to loud: 0 to 1, whatever the clip's level.

    Where the level hardly changes everything is loud, and the evidence decides.
    """
    low, high = np.quantile(loud, (0.05, 0.95))
    height: Floats = np.clip(1 - (high - loud) / max(high - low, LEAST_RANGE_DB), 0, 1)
    return height
