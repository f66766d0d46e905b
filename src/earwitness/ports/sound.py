"""What is asked of models of sound, and of the store that keeps what was found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earwitness.examining import BlindAnswer, BlindTest, CalledOff, FindingVersion
from earwitness.model import Samples


class TagStream(Protocol):
    """One recording on its way through a tagger."""

    def push(self, samples: Samples) -> NDArray[np.float32]:
        """The frames that are complete now, ``[frames, classes]``; consecutive over the calls."""

    def end(self) -> NDArray[np.float32]:
        """The frames of what is left, padded with silence; the stream is over."""


class SoundTagger(Protocol):
    """Says what sounds. Safe to call from several threads; the same sound, the same scores."""

    name: str
    """Names the model and the hash of its weights."""
    frame_seconds: float
    """How much sound a frame sees."""
    hop_seconds: float
    """From the start of one frame to that of the next; the first starts at 0."""

    @property
    def classes(self) -> Sequence[str]:
        """Display names, in the order of a frame's scores."""

    def scores(self, audio: Samples) -> NDArray[np.float32]:
        """0 to 1 for every frame and class, ``[frames, classes]``; no frames for no sound."""

    def stream(self) -> TagStream:
        """For sound that comes in pieces: the same frames as ``scores`` of the whole."""


class Denoiser(Protocol):
    """Neural noise reduction, which may put in what was never there."""

    name: str
    """Names the model, the hash of its weights and the package's version."""
    rate: int

    def denoise(self, samples: NDArray[np.float32], limit_db: float) -> NDArray[np.float32]:
        """Mono at ``rate`` -> the same length, aligned with what was given.

        ``limit_db`` is the most by which noise is lowered. Deterministic.
        """


class Screening(Protocol):
    """A model's guess at how people would rate speech: for screening only."""

    name: str

    def scores(self, audio: Samples) -> dict[str, float]:
        """``signal``, ``background`` and ``overall``, 1 (bad) to 5; an empty one for silence."""


class SoundRecords(Protocol):
    """Which sounds are watched for, what was found, and what was heard blind."""

    def watch(self, household: str, categories: Collection[str], by: str, now: datetime) -> None:
        """Those, and no others, from now on; none at all where it is empty."""

    def watched(self) -> Mapping[str, frozenset[str]]:
        """Household -> categories; only those that watch for something."""

    def add_finding(self, new: FindingVersion) -> None:
        """Raises RevisionConflict where its number is not the next one."""

    def finding(self, finding: str) -> Sequence[FindingVersion]:
        """Every version, the oldest first. Raises NotFound."""

    def findings(self, utterance: str) -> Sequence[FindingVersion]:
        """The newest version of each finding on a clip, the oldest finding first."""

    def newest_findings(self, limit: int) -> Sequence[FindingVersion]:
        """The newest version of each finding, what was written last first."""

    def add_blind_test(self, new: BlindTest) -> None: ...

    def blind_test(self, test: str) -> BlindTest:
        """Raises NotFound."""

    def blind_tests(self, finding: str) -> Sequence[BlindTest]:
        """Oldest first."""

    def blind_tests_of(self, listener: str) -> Sequence[BlindTest]:
        """Those that somebody is a listener of, done or not; oldest first."""

    def call_off(self, new: CalledOff) -> None:
        """Raises RevisionConflict where somebody did before."""

    def add_blind_answer(self, new: BlindAnswer) -> None:
        """Raises AlreadyJudged where this listener has written of it before."""

    def blind_answers(self, test: str) -> Sequence[BlindAnswer]:
        """In the order of writing."""
