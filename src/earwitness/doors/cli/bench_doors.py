"""``earwitness bench doors``: how many talkers this machine holds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earwitness.doors.cli.bench import group
from earwitness.doors.cli.fleet import Connected, Door, Duty, List, Seconds, Seed, Slow
from earwitness.doors.cli.opening import chosen_settings
from earwitness.doors.cli.screen import Json, Screen

if TYPE_CHECKING:
    from earwitness.config import Settings

Streams = Annotated[int, typer.Option(min=1, metavar="N", help="So many speak at a time.")]
Engine = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="The recogniser; 'scripted' measures everything but recognition."
    ),
]
Model = Annotated[Path | None, typer.Option(metavar="PATH", help="Its model, if it needs one.")]
FindLimit = Annotated[
    bool, typer.Option("--find-limit", help="More and more of them, until some speech is shed.")
]
Hostile = Annotated[
    bool, typer.Option("--hostile", help="Then with a hostile peer: what it makes memory grow by.")
]

Bars = Annotated[
    bool,
    typer.Option(
        "--bars", help="Everything that has a bar, in one table; --seconds is of each run."
    ),
]


@group.command()
def doors(
    context: typer.Context,
    door: Door = "wyoming",
    streams: Streams = 25,
    connected: Connected = 0,
    seconds: Seconds = 60.0,
    duty: Duty = 0.5,
    engine: Engine = "",
    model: Model = None,
    manifest: List = None,
    seed: Seed = 0,
    find_limit: FindLimit = False,
    slow_clients: Slow = 0,
    hostile: Hostile = False,
    bars: Bars = False,
    as_json: Json = False,
) -> None:
    """How many talkers a server on this machine holds: loss, latency, processor, memory.

    Starts earwitness up on a store of its own and on free ports, and plays recordings to it
    from a fleet in another process on the same machine. With slow clients or a hostile peer
    honest devices speak once without them and once with them. With --bars all of that is
    measured in turn, and of the other options only --seconds counts.
    """
    from earwitness.bench import doors
    from earwitness.bench.manifest import read

    screen = Screen(as_json)
    named = {"engine": engine, "engine_model": model} if engine else {}
    load = doors.Load(
        door, streams, seconds, connected, duty, seed, slow=slow_clients, hostile=hostile
    )
    settings = chosen_settings(context, **named)
    if bars:
        _show_bars(screen, settings, seconds)
        return
    with screen.steps() as step:
        figures = doors.run(
            load,
            settings,
            read(manifest) if manifest else None,
            find_limit=find_limit,
            step=lambda doing: step(doing, 0, 1),
        )
    _show(screen, figures)


def _show_bars(screen: Screen, settings: Settings, seconds: float) -> None:
    from earwitness.bench import doors_table, table

    extent = doors_table.DoorsExtent(seconds=seconds)
    with screen.steps() as step:
        measured = doors_table.measure(settings, extent, lambda doing: step(doing, 0, 1))
    lines = [asdict(line) for line in doors_table.lines(measured)]
    found = {"recordings": "the recordings that ship", "lines": lines, "measured": measured}
    screen.result(found, lambda out: out.print(table.render(found)))


def _show(screen: Screen, figures: dict[str, Any]) -> None:
    from earwitness.doors.cli.figures import show

    screen.result(figures, lambda out: show(figures, out))
