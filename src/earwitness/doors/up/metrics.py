"""What ``/metrics`` shows: numbers about hearing, never about who said what.

``METRICS`` is the whole list; ``docs/reference/metrics.md`` is written from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from earwitness.model import ItemState

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

Labels = tuple[str, ...]
Values = Mapping[Labels, float]
"""A number for each combination of labels."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: its name without ``earwitness_``, what it means, how it is read."""

    name: str
    about: str
    read: Callable[[Earwitness], Values]
    labels: Labels = ()
    counts: bool = False
    """It only grows."""


def _one(number: float) -> Values:
    return {(): number}


def _rtf(program: Earwitness) -> Values:
    load = program.live.load()
    return _one(load.work_done / load.audio_done if load.audio_done else 0.0)


def _queue(program: Earwitness) -> Values:
    counted = program.records.count_items()
    return {(state.value,): counted.get(state, 0) for state in ItemState}


def _revision(program: Earwitness) -> Values:
    return {(program.engine.name,): program.lexicons.newest().revision}


def _age(program: Earwitness) -> Values:
    """Since the revision that the recogniser uses was published."""
    revision = program.lexicons.newest().revision
    published = {number: at for number, at, *_ in program.records.history(100)}.get(revision)
    seconds = (datetime.now(UTC) - published).total_seconds() if published else 0.0
    return {(program.engine.name,): seconds}


METRICS = (
    Gauge("streams", "Streams that are open.", lambda p: _one(p.live.streams)),
    Gauge(
        "utterances_total", "Utterances heard.", lambda p: _one(p.live.tally.utterances), (), True
    ),
    Gauge(
        "kept_total",
        "Utterances kept for a human, since they were doubted.",
        lambda p: _one(p.live.tally.kept),
        (),
        True,
    ),
    Gauge(
        "flags_total",
        "Doubts by reason.",
        lambda p: {(rule,): number for rule, number in p.live.tally.flags.items()},
        ("reason",),
        True,
    ),
    Gauge(
        "shed_total",
        "Utterances that could not be heard in time; their speakers were told.",
        lambda p: _one(p.live.tally.shed),
        (),
        True,
    ),
    Gauge(
        "audio_seconds_total",
        "Audio recognised, partial hypotheses included, in seconds.",
        lambda p: _one(p.live.load().audio_done),
        (),
        True,
    ),
    Gauge(
        "recognition_seconds_total",
        "Time that recognising it took, in seconds.",
        lambda p: _one(p.live.load().work_done),
        (),
        True,
    ),
    Gauge("real_time_factor", "Their ratio: below 1 is faster than real time.", _rtf),
    Gauge("waiting", "Pieces of work that wait for a core.", lambda p: _one(p.live.load().waiting)),
    Gauge("running", "Pieces of work on a core.", lambda p: _one(p.live.load().running)),
    Gauge("queue_items", "Clips in the review queue by state.", _queue, ("state",)),
    Gauge(
        "events_pending",
        "Decisions that are not carried out yet.",
        lambda p: _one(len(p.records.pending(1000))),
    ),
    Gauge("lexicon_revision", "The revision a recogniser uses.", _revision, ("recogniser",)),
    Gauge(
        "lexicon_age_seconds",
        "How long ago that revision was published, in seconds.",
        _age,
        ("recogniser",),
    ),
)


class _Collector(Collector):
    def __init__(self, program: Earwitness) -> None:
        self._program = program

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        for gauge in METRICS:
            yield _family(gauge, gauge.read(self._program))


def _family(gauge: Gauge, values: Values) -> Metric:
    name = f"earwitness_{gauge.name}"
    kind = CounterMetricFamily if gauge.counts else GaugeMetricFamily
    family = kind(name, gauge.about, labels=gauge.labels)
    for labels, number in values.items():
        family.add_metric(labels, number)
    return family


def registry(program: Earwitness) -> CollectorRegistry:
    """The metrics of one program."""
    made = CollectorRegistry()
    made.register(_Collector(program))
    return made
