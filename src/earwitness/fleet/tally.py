"""What became of everything that was said, each number from a measurement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from earwitness.bench.figures import Plain, rate
from earwitness.speech.wer import score, word_error_rate


class Fate(StrEnum):
    ANSWERED = "answered"
    SHED = "shed"  # the server said that it has no time for it
    LOST = "lost"  # neither: no word of it in time, an error, a connection that broke


@dataclass(frozen=True, slots=True)
class Said:
    """What became of one recording. Times are in seconds.

    ``finals`` are the times from each endpoint to its final result (a device link may
    find several utterances in a recording), ``after_speech`` that from the recording's
    last sample to the last of them. ``code`` names the error, if there was one.
    """

    fate: Fate
    text: str = ""
    finals: tuple[float, ...] = ()
    after_speech: float | None = None
    code: str = ""
    reconnects: int = 0
    """How often the connection broke meanwhile and was carried on."""


class Tally:
    """Counts; the error rate is computed when everybody has finished."""

    def __init__(self) -> None:
        self.utterances = 0
        self.seconds = 0.0
        self.reconnects = 0
        self.fates: Counter[Fate] = Counter()
        self.errors: Counter[str] = Counter()
        self._finals: list[float] = []
        self._after: list[float] = []
        self._texts: Counter[tuple[str, str]] = Counter()

    def add(self, reference: str, seconds: float, said: Said) -> None:
        """A recording of ``seconds`` in which ``reference`` is said, if that is known."""
        self.utterances += 1
        self.seconds += seconds
        self.fates[said.fate] += 1
        self.reconnects += said.reconnects
        if said.code:
            self.errors[said.code] += 1
        if said.fate is Fate.ANSWERED:
            self._finals += said.finals
            self._after += [] if said.after_speech is None else [said.after_speech]
            self._texts[reference, said.text] += bool(reference)

    def figures(self) -> Plain:
        """Latencies in milliseconds; the word error rate is of what was answered."""
        scores = (
            [score(reference, text)] * times for (reference, text), times in self._texts.items()
        )
        return {
            "utterances": self.utterances,
            **{fate.value: self.fates[fate] for fate in Fate},
            "spoken_s": self.seconds,
            "final_latency_ms": order_statistics(self._finals),
            "after_speech_ms": order_statistics(self._after),
            **rate("wer", word_error_rate([each for many in scores for each in many])),
            "reconnects": self.reconnects,
            "errors": dict(self.errors.most_common()),
        }


def order_statistics(seconds: Iterable[float], percents: Sequence[int] = (50, 95, 99)) -> Plain:
    """In milliseconds, each a value that was measured (nearest rank); null of none.

    >>> order_statistics([0.001 * n for n in range(1, 101)])
    {'p50': 50.0, 'p95': 95.0, 'p99': 99.0}
    """
    ranked = sorted(seconds)
    return {
        f"p{percent}": round(1000 * ranked[ceil(percent / 100 * len(ranked)) - 1], 3)
        if ranked
        else None
        for percent in percents
    }
