"""The part of the table that is about doors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from earwitness.bench import doors
from earwitness.bench.bars import Line
from earwitness.bench.figures import Plain
from earwitness.config import Settings

DOORS = ("wyoming", doors.LINK, "http")


@dataclass(frozen=True, slots=True)
class DoorsExtent:
    """How much is measured; every run takes so many ``seconds``."""

    doors: Sequence[str] = DOORS
    talkers: int = 25
    seconds: float = 30.0
    connected: int = 2_000
    speaking: int = 500
    slow_clients: int = 1_000


def measure(settings: Settings, extent: DoorsExtent, step: doors.Step) -> Plain:
    """Talkers with the recogniser; a crowd and peers that mean harm with scripted sounds."""
    return dict(_measured(settings, extent, step))


def _measured(
    settings: Settings, extent: DoorsExtent, step: doors.Step
) -> Iterator[tuple[str, Plain]]:
    scripted = settings.model_copy(update={"engine": doors.SCRIPTED, "engine_model": None})
    seconds = extent.seconds
    loads = {door: doors.Load(door, extent.talkers, seconds) for door in extent.doors}
    yield "talkers", {door: doors.run(load, settings, step=step) for door, load in loads.items()}
    crowd = doors.Load(doors.LINK, extent.speaking, seconds, extent.connected)
    yield "crowd", doors.run(crowd, scripted, step=step)
    for name, mean in (("slow", {"slow": extent.slow_clients}), ("hostile", {"hostile": True})):
        runs = {door: replace(load, **mean) for door, load in loads.items()}
        yield name, {door: doors.run(load, scripted, step=step) for door, load in runs.items()}


def lines(runs: Mapping[str, Plain]) -> Iterator[Line]:
    """Every bar of the doors with what was reached."""
    for door, found in runs["talkers"].items():
        yield _heard(
            f"{found['streams']} talkers by {door}, the fleet on the same cores", found, "p95"
        )
    crowd = runs["crowd"]
    rss = crowd["server_peak_rss_mib"]
    yield Line(
        f"{crowd['connected']} devices, {crowd['streams']} speak, scripted, {crowd['seconds']:g} s",
        "none lost, RSS <= 600 MiB",
        f"{crowd['lost']} lost of {crowd['utterances']}, {rss:.0f} MiB",
        not crowd["lost"] and rss <= 600,
    )
    for door, found in runs["slow"].items():
        yield _heard(f"{found['slow_clients']['wanted']} slow clients, {door}", found, "p99")
    for door, found in runs["hostile"].items():
        grown = found["rss_growth_mib"]
        yield Line(
            f"a hostile peer, {door}", "RSS grows <= 64 MiB", f"{grown:.0f} MiB", grown <= 64
        )


def _heard(what: str, found: Plain, percentile: str) -> Line:
    latency = found["final_latency_ms"][percentile]
    return Line(
        what,
        f"final {percentile} <= 1 s, none lost or shed",
        f"{'nothing' if latency is None else f'{latency:.0f} ms'}, {found['lost']} lost and"
        f" {found['shed']} shed of {found['utterances']}",
        latency is not None and latency <= 1000 and not found["lost"] + found["shed"],
    )
