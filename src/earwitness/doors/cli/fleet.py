"""``earwitness fleet``: many virtual devices that speak to a running server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen

if TYPE_CHECKING:
    from earwitness.bench.manifest import Manifest

DoorName = Annotated[str, typer.Option("--door", metavar="wyoming|http", help="How they speak.")]
Devices = Annotated[
    int, typer.Option("--devices", min=1, metavar="N", help="So many speak at a time.")
]
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
    str, typer.Option(metavar="URL", help="tcp://HOST:PORT, http://...; tls://, https:// encrypt.")
]
Trusted = Annotated[
    Path | None, typer.Option("--ca", metavar="FILE", help="Trust these certificates (PEM).")
]
Key = Annotated[str, typer.Option(metavar="KEY", help="An API key, for HTTP.")]
Pid = Annotated[
    int | None, typer.Option(metavar="PID", help="The server's process: measure what it takes.")
]
Seed = Annotated[int, typer.Option(metavar="N", help="The same number says the same again.")]


@app.command()
def fleet(
    context: typer.Context,
    door: DoorName = "wyoming",
    devices: Devices = 10,
    connected: Connected = 0,
    seconds: Seconds = 60.0,
    duty: Duty = 0.5,
    manifest: List = None,
    url: Url = "",
    ca: Trusted = None,
    api_key: Key = "",
    pid: Pid = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Many virtual devices speak to a running server in real time; what comes back is measured.

    Latency is counted from the end of speech to the final result, loss and refusals as the
    devices see them. lag_ms says how late this program was itself: where it is more than a
    few frames, measure with fewer devices or from another machine.
    """
    from earwitness.fleet.crew import Plan
    from earwitness.fleet.doors import Door, default_url, opening
    from earwitness.fleet.recordings import load
    from earwitness.fleet.sockets import address

    screen = Screen(as_json)
    plan = Plan(devices, connected or devices, seconds, duty, seed)
    with opened(context) as program:
        chosen = Door(door)
        where = address(url or default_url(chosen, program.settings), ca)
        with screen.waiting("Decoding"):
            spoken = load(_manifest(manifest), program.reader, seed)
    with screen.progress("Speaking") as progress:
        found = _run(opening(chosen, where, api_key=api_key), spoken, plan, pid, progress)
    figures = {"door": chosen.value, **found}
    _show(screen, figures)


def _run(*given: Any) -> dict[str, Any]:
    import gc

    import uvloop

    from earwitness.fleet.run import run

    open_door, spoken, plan, pid, progress = given
    gc.freeze()  # what is loaded stays; looking through it again would make frames late
    return uvloop.run(run(open_door, spoken, plan, pid=pid, progress=progress))


def _manifest(path: Path | None) -> Manifest:
    from earwitness.bench.manifest import combined, read
    from earwitness.bench.sets import of_starter
    from earwitness.starter import Role

    return read(path) if path else combined("starter", [of_starter(role) for role in Role])


def _show(screen: Screen, figures: dict[str, Any]) -> None:
    from earwitness.doors.cli.figures import show

    screen.result(figures, lambda out: show(figures, out))
