"""``bench doors``: a server and a fleet of virtual devices, each in a process of its own.

Both share this machine, so the figures are those of a server that gives some of its
processor to whoever measures it.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from earwitness.bench.enrolled import enrol
from earwitness.bench.figures import Plain
from earwitness.bench.manifest import Manifest, combined
from earwitness.bench.processes import Watch
from earwitness.bench.serving import Serving, on_loopback, started
from earwitness.bench.sets import of_starter
from earwitness.config import Settings
from earwitness.errors import EngineError, InputError
from earwitness.starter import Role

LINK = "ws"
SCRIPTED = "scripted"
ANY = "-1"
"""The number of a script for every recording that has none of its own."""
SCRIPTED_TEXT = "Turn on the light in the kitchen."
GROWTH = 1.25
"""By how much more talkers each step of the search for the limit has."""
MOST_SEARCHED = 2000
"""The search ends there."""
PATIENCE = 300.0
"""Seconds that a fleet may take besides its speaking: to connect, and to hear what comes late."""
MOST_LAG_MS = 100.0
"""A fleet whose frames come later than this (p99) says nothing about the server."""

Step = Callable[[str], None]
"""Told what is being measured."""


@dataclass(frozen=True, slots=True)
class Load:
    """What speaks to the server; ``slow`` clients and a ``hostile`` one besides."""

    door: str
    streams: int
    seconds: float = 60.0
    connected: int = 0
    duty: float = 0.5
    seed: int = 0
    slow: int = 0
    hostile: bool = False


def run(
    load: Load,
    settings: Settings,
    manifest: Manifest | None = None,
    *,
    find_limit: bool = False,
    step: Step = lambda doing: None,
) -> Plain:
    """The figures of one run.

    With the engine ``scripted``, and no model for it, everything that is said is heard as
    the same sentence: what is measured is everything but recognition. Raises EngineError
    where the server or the fleet fails.
    """
    with tempfile.TemporaryDirectory(prefix="earwitness-bench-") as name:
        folder = Path(name)
        played = manifest or combined("starter", [of_starter(role) for role in Role])
        if settings.engine == SCRIPTED and settings.engine_model is None:
            settings = settings.model_copy(update={"engine_model": _script(folder)})
            played = _told(played, SCRIPTED_TEXT)
        site = _Site(folder, _write(played, folder / "played.tsv"), load.door)
        if load.door == LINK:
            step("enrolling devices")
            enrol(on_loopback(settings, folder), _devices(load, find_limit), site.keys)
        step("starting the server")
        with Serving(settings, folder) as server:
            measure = _limit if find_limit else _measured
            figures = measure(load, server, site, step)
    return {"door": load.door, "engine": settings.engine, **figures}


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a run has its files."""

    folder: Path
    manifest: Path
    door: str

    @property
    def keys(self) -> Path:
        """Those of the devices, where a door asks for them."""
        return self.folder / "keys"


def _measured(load: Load, server: Serving, site: _Site, step: Step) -> Plain:
    if not (load.slow or load.hostile):
        step(f"{load.streams} devices speak")
        return _fleet(load, server, site)
    step("while nobody means harm")
    calm = _fleet(load, server, site)
    step("while others mean harm")
    with Watch(server.pid) as watch, _mean(load, server, site) as told:
        stormy = _fleet(load, server, site)
    return {
        **stormy,
        **told,
        "calm": {name: calm[name] for name in ("utterances", "lost", "shed", "final_latency_ms")},
        "rss_growth_mib": max(0.0, watch.peak_mib_now - calm["server_rss_mib"]),
    }


def _devices(load: Load, find_limit: bool) -> int:
    return max(load.connected, MOST_SEARCHED if find_limit else load.streams)


def _limit(load: Load, server: Serving, site: _Site, step: Step) -> Plain:
    """More and more talkers, until some of what they say is shed or lost."""
    held: Plain | None = None
    while True:
        step(f"{load.streams} devices speak")
        found = _fleet(load, server, site)
        if found["shed"] or found["lost"]:
            return {"holds": held, "sheds_at": load.streams, "shed": found}
        more = ceil(load.streams * GROWTH)
        if found["generator"]["lag_ms"]["p99"] > MOST_LAG_MS or more > MOST_SEARCHED:
            return {"holds": found, "sheds_at": None, "shed": None}
        held, load = found, replace(load, streams=more)


def _fleet(load: Load, server: Serving, site: _Site) -> Plain:
    """Honest devices."""
    asked = [
        *("--devices", load.streams, "--connected", max(load.connected, load.streams)),
        *("--seconds", load.seconds, "--duty", load.duty, "--seed", load.seed),
        *("--manifest", site.manifest, "--pid", server.pid),
        *(("--keys", site.keys) if site.door == LINK else ()),
    ]
    with _started(asked, server, site) as process:
        return _answered(process, load.seconds)


@contextmanager
def _mean(load: Load, server: Serving, site: _Site) -> Iterator[Plain]:
    """Peers that mean no good, for as long as the honest ones speak; what they say at the end."""
    asked = ["--devices", 0, "--slow", load.slow, "--seconds", load.seconds]
    told: Plain = {}
    with _started([*asked, *(["--hostile"] if load.hostile else [])], server, site) as process:
        yield told
        told |= _answered(process, load.seconds)


@contextmanager
def _started(
    asked: Sequence[object], server: Serving, site: _Site
) -> Iterator[subprocess.Popen[bytes]]:
    """A fleet; it does not outlive whoever waits for it."""
    at = ("--door", site.door, "--url", _url(site.door, server))
    own = Settings(data=site.folder / "fleet")
    with started(
        "fleet", "--json", *at, *asked, settings=own, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _answered(process: subprocess.Popen[bytes], seconds: float) -> Plain:
    """What the fleet found in ``seconds`` of speaking."""
    try:
        out, _ = process.communicate(timeout=seconds + PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"The fleet did not end within {seconds + PATIENCE:g} s.") from error
    try:
        found: Plain = json.loads(out)
    except ValueError as error:
        raise EngineError(f"The fleet ended with {process.returncode}.") from error
    if "message" in found:
        raise EngineError(f"The fleet: {found['message']}")
    return {name: value for name, value in found.items() if name != "door"}


def _url(door: str, server: Serving) -> str:
    if door == "wyoming":
        return f"tcp://127.0.0.1:{server.wyoming_port}"
    return f"{'ws' if door == 'ws' else 'http'}://127.0.0.1:{server.http_port}"


def _script(folder: Path) -> Path:
    path = folder / "scripts.json"
    readings = [{"text": SCRIPTED_TEXT, "logprob": -0.1}]
    path.write_text(json.dumps({ANY: {"readings": readings}}), encoding="utf-8")
    return path


def _told(manifest: Manifest, text: str) -> Manifest:
    """The same recordings, in which something else is said."""
    rows = tuple(replace(row, text=text) for row in manifest.rows)
    return replace(manifest, rows=rows)


def _write(manifest: Manifest, path: Path) -> Path:
    """As a file for another process. Raises InputError for what a line cannot hold."""
    lines = ["path\ttext"]
    for row in manifest.rows:
        where, text = str(row.path.resolve()), " ".join(row.text.split())
        if any(mark in where for mark in "\t\r\n"):
            raise InputError(f"{where!r}: a recording's path cannot hold a tab or a line's end.")
        lines.append(f"{where}\t{_quoted(text)}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _quoted(text: str) -> str:
    """As in CSV where the text itself begins with a quotation mark."""
    return '"' + text.replace('"', '""') + '"' if text.startswith('"') else text
