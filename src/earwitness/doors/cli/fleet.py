"""``earwitness fleet``: many virtual devices that speak to a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import chosen_settings
from earwitness.doors.cli.screen import Json, Screen

if TYPE_CHECKING:
    from earwitness.bench.manifest import Manifest
    from earwitness.device.keys import Identity
    from earwitness.fleet.crew import Progress
    from earwitness.fleet.sockets import Address
    from earwitness.ports import AudioReader

DoorName = Literal["wyoming", "ws", "http"]
Door = Annotated[DoorName, typer.Option(help="How they speak: ws is the device link.")]
Devices = Annotated[int, typer.Option(min=0, metavar="N", help="So many speak at a time.")]
Connected = Annotated[
    int, typer.Option(min=0, metavar="M", help="So many are connected; by default those N.")
]
Seconds = Annotated[float, typer.Option(min=1, metavar="S", help="How long they speak.")]
Duty = Annotated[float, typer.Option(metavar="SHARE", help="Each speaks for this share of it.")]
List = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="TSV: path, text; by default the recordings that ship."),
]
Url = Annotated[
    str,
    typer.Option(metavar="URL", help="tcp://, http:// or ws://HOST:PORT; tls, https, wss encrypt."),
]
Trusted = Annotated[
    Path | None, typer.Option("--ca", metavar="FILE", help="Trust these certificates (PEM).")
]
Key = Annotated[
    str, typer.Option(metavar="KEY", envvar="EARWITNESS_API_KEY", help="An API key, for HTTP.")
]
Keys = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="For ws: the key files of devices that are enrolled."),
]
Codes = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="For ws: first enrol with these codes, one a line, and put the keys there.",
    ),
]
Pid = Annotated[
    int | None, typer.Option(metavar="PID", help="The server's process: measure what it takes.")
]
Seed = Annotated[int, typer.Option(metavar="N", help="The same number says the same again.")]
Slow = Annotated[
    int, typer.Option(min=0, metavar="N", help="Besides, so many that send one byte a second.")
]
Hostile = Annotated[
    bool, typer.Option("--hostile", help="Besides, one peer that sends what should not be read.")
]


@app.command()
def fleet(
    context: typer.Context,
    door: Door = "wyoming",
    devices: Devices = 10,
    connected: Connected = 0,
    seconds: Seconds = 60.0,
    duty: Duty = 0.5,
    manifest: List = None,
    url: Url = "",
    ca: Trusted = None,
    api_key: Key = "",
    keys: Keys = None,
    codes: Codes = None,
    pid: Pid = None,
    seed: Seed = 0,
    slow: Slow = 0,
    hostile: Hostile = False,
    as_json: Json = False,
) -> None:
    """Many virtual devices speak to a running server in real time; what comes back is measured.

    Latency is counted from the end of speech to the final result; loss and refusals are those
    that the devices see. lag_ms says how late this program was itself: where that is more than
    a few ms, measure with fewer devices or from another machine. The exit code is 1 where
    nothing at all was answered.
    """
    from earwitness.fleet import mean
    from earwitness.fleet.crew import Plan
    from earwitness.fleet.doors import Door, default_url, opening
    from earwitness.fleet.recordings import load
    from earwitness.fleet.run import run
    from earwitness.fleet.sockets import address
    from earwitness.wiring import Earwitness

    screen = Screen(as_json)
    settings = chosen_settings(context)
    where = address(url or default_url(Door(door), settings), ca)

    def parts(
        reader: AudioReader, progress: Progress
    ) -> Iterator[Coroutine[Any, Any, dict[str, Any]]]:
        if devices:
            plan = Plan(devices, connected or devices, seconds, duty, seed)
            spoken = load(_manifest(manifest), reader, seed)
            known = _identities(keys, codes, where, ca) if door == "ws" else ()
            way = opening(Door(door), where, api_key=api_key, identities=known)
            yield run(way, spoken, plan, pid=pid, progress=progress)
        if slow:
            yield mean.slow(where, door, slow, seconds)
        if hostile:
            yield mean.hostile(where, door, seconds)

    with Earwitness(settings) as program, screen.progress("Speaking") as progress:
        told = _together([*parts(program.reader, progress)])
    figures = {"door": door} | {name: value for each in told for name, value in each.items()}
    _show(screen, figures)
    if figures.get("utterances") and not figures["answered"]:
        raise typer.Exit(1)


def _identities(
    keys: Path | None, codes: Path | None, where: Address, ca: Path | None
) -> Sequence[Identity]:
    from earwitness.errors import InputError
    from earwitness.fleet.identities import enrol_all, enrolled

    if keys is None:
        raise InputError("Devices on the device link are enrolled: --keys names their folder.")
    if codes is not None:
        enrol_all(f"{'http' if where.tls is None else 'https'}://{where}", codes, keys, ca)
    return enrolled(keys)


def _together(parts: list[Coroutine[Any, Any, dict[str, Any]]]) -> list[dict[str, Any]]:
    import gc

    import uvloop

    async def all_parts() -> list[dict[str, Any]]:
        return await asyncio.gather(*parts)

    gc.freeze()  # what is loaded stays; looking through it again would make frames late
    return uvloop.run(all_parts())


def _manifest(path: Path | None) -> Manifest:
    from earwitness.bench.manifest import combined, read
    from earwitness.bench.sets import of_starter
    from earwitness.starter import Role

    return read(path) if path else combined("starter", [of_starter(role) for role in Role])


def _show(screen: Screen, figures: dict[str, Any]) -> None:
    from earwitness.doors.cli.figures import show

    screen.result(figures, lambda out: show(figures, out))
