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
    from earwitness.doors.admission import Admission
    from earwitness.wiring import Earwitness


@dataclass(frozen=True, slots=True)
class Watched:
    """A program, and its doors by name."""

    program: Earwitness
    doors: Mapping[str, Admission]


Labels = tuple[str, ...]
Values = Mapping[Labels, float]
"""A number for each combination of labels."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: its name without ``earwitness_``, what it means, how it is read."""

    name: str
    about: str
    read: Callable[[Watched], Values]
    labels: Labels = ()
    counts: bool = False
    """It only grows."""


def _one(number: float) -> Values:
    return {(): number}


def _rtf(on: Watched) -> Values:
    load = on.program.live.load()
    return _one(load.work_done / load.audio_done if load.audio_done else 0.0)


def _queue(on: Watched) -> Values:
    counted = on.program.records.count_items()
    return {(state.value,): counted.get(state, 0) for state in ItemState}


def _revision(on: Watched) -> Values:
    return {(on.program.engine.name,): on.program.lexicons.newest().revision}


def _age(on: Watched) -> Values:
    """Since the revision that the recogniser uses was published."""
    revision = on.program.lexicons.newest().revision
    published = {number: at for number, at, *_ in on.program.records.history(100)}.get(revision)
    seconds = (datetime.now(UTC) - published).total_seconds() if published else 0.0
    return {(on.program.engine.name,): seconds}


METRICS = (
    Gauge(
        "connections",
        "Connections that are open. One on the device link is not one of HTTP any more.",
        lambda on: {(name,): door.connections for name, door in on.doors.items()},
        ("door",),
    ),
    Gauge(
        "connections_refused_total",
        "Connections that were refused because there were too many.",
        lambda on: {(name,): door.refused for name, door in on.doors.items()},
        ("door",),
        True,
    ),
    Gauge("streams", "Streams that are open.", lambda on: _one(on.program.live.streams)),
    Gauge(
        "streams_refused_total",
        "Streams that were refused because too many were open; their speakers were told.",
        lambda on: _one(on.program.live.tally.refused),
        (),
        True,
    ),
    Gauge(
        "utterances_total",
        "Utterances heard.",
        lambda on: _one(on.program.live.tally.utterances),
        (),
        True,
    ),
    Gauge(
        "kept_total",
        "Utterances kept for a human, since they were doubted.",
        lambda on: _one(on.program.live.tally.kept),
        (),
        True,
    ),
    Gauge(
        "flags_total",
        "Doubts by reason.",
        lambda on: {(rule,): number for rule, number in on.program.live.tally.flags.items()},
        ("reason",),
        True,
    ),
    Gauge(
        "shed_total",
        "Utterances that could not be heard in time; their speakers were told.",
        lambda on: _one(on.program.live.tally.shed),
        (),
        True,
    ),
    Gauge(
        "audio_seconds_total",
        "Audio recognised, partial hypotheses included, in seconds.",
        lambda on: _one(on.program.live.load().audio_done),
        (),
        True,
    ),
    Gauge(
        "recognition_seconds_total",
        "Time that recognising it took, in seconds.",
        lambda on: _one(on.program.live.load().work_done),
        (),
        True,
    ),
    Gauge("real_time_factor", "Their ratio: below 1 is faster than real time.", _rtf),
    Gauge(
        "waiting",
        "Pieces of work that wait for a core.",
        lambda on: _one(on.program.live.load().waiting),
    ),
    Gauge("running", "Pieces of work on a core.", lambda on: _one(on.program.live.load().running)),
    Gauge("queue_items", "Clips in the review queue by state.", _queue, ("state",)),
    Gauge(
        "events_pending",
        "Decisions that are not carried out yet.",
        lambda on: _one(len(on.program.records.pending(1000))),
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
    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        for gauge in METRICS:
            yield _family(gauge, gauge.read(self._watched))


def _family(gauge: Gauge, values: Values) -> Metric:
    name = f"earwitness_{gauge.name}"
    kind = CounterMetricFamily if gauge.counts else GaugeMetricFamily
    family = kind(name, gauge.about, labels=gauge.labels)
    for labels, number in values.items():
        family.add_metric(labels, number)
    return family


def registry(watched: Watched) -> CollectorRegistry:
    """The metrics of one program."""
    made = CollectorRegistry()
    made.register(_Collector(watched))
    return made
