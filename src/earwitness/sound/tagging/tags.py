"""Everything that sounds, by class: for who looks at one recording, not for who watches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from earwitness.errors import InputError
from earwitness.sound.tagging.events import DEFAULT, Scores, Threshold

MOST = 12


@dataclass(frozen=True, slots=True)
class Tag:
    """One class, from the start of its first frame to the end of its last, in seconds.

    ``score`` is its highest, from 0 to 1, as the network gave it.
    """

    label: str
    score: float
    start: float
    end: float


def tags(
    scores: Scores,
    classes: Sequence[str],
    hop_seconds: float,
    frame_seconds: float,
    threshold: Threshold = DEFAULT,
    most: int = MOST,
) -> tuple[Tag, ...]:
    """The ``most`` stretches with the highest scores, in order of their starts.

    A stretch is of frames in a row that score ``keep`` or more, one of them ``start``. Scores
    are ``[frames, classes]``; raises InputError for those of another tagger.
    """
    if scores.ndim != 2 or scores.shape[1] != len(classes):
        raise InputError(
            f"Frames are [frames, {len(classes)}], not {list(scores.shape)}: give the scores and"
            " the classes of the same tagger."
        )
    found = [
        Tag(classes[place], score, first * hop_seconds, last * hop_seconds + frame_seconds)
        for place in np.flatnonzero(scores.max(axis=0, initial=0.0) >= threshold.start).tolist()
        for first, last, score in _runs(scores[:, place], threshold)
    ]
    strongest = sorted(found, key=lambda tag: (-tag.score, tag.start, tag.label))[:most]
    return tuple(sorted(strongest, key=lambda tag: (tag.start, tag.label)))


def _runs(scores: Scores, threshold: Threshold) -> Iterator[tuple[int, int, float]]:
    """First frame, last frame and highest score."""
    within = np.concatenate([[False], scores >= np.float32(threshold.keep), [False]])
    edges = np.flatnonzero(np.diff(within.astype(np.int8)))
    for first, end in edges.reshape(-1, 2).tolist():
        highest = float(scores[first:end].max())
        if highest >= np.float32(threshold.start):
            yield first, end - 1, highest
