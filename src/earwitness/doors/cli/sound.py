"""``earwitness sound``: what sounds in recordings, and what a household watches for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from earwitness.doors.cli.app import PARTLY_FAILED, app
from earwitness.doors.cli.opening import Name, opened
from earwitness.doors.cli.screen import Json, Screen, cell, table
from earwitness.errors import AudioError, InputError

if TYPE_CHECKING:
    from earwitness.sound.tagging.events import Event
    from earwitness.sound.tagging.harm import HarmSound
    from earwitness.wiring import Earwitness

sound = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Sounds: tag, enhance, align, combine, replay, report.",
)
app.add_typer(sound, name="sound")

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings.")]
Categories = Annotated[
    list[str],
    typer.Option("--only", metavar="SOUND", help="Look for this one alone; may be repeated."),
]
Chosen = Annotated[list[str], typer.Argument(metavar="[SOUND]...", help="None at all: nothing.")]


@sound.command()
def tag(
    context: typer.Context,
    files: Files,
    only: Categories = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Find screams, breaking glass, shots and other sounds that may mean harm.

    Each is shown with its class, its score and its stretch: somebody has to listen to it. A
    recording may be hours long. One that cannot be used is named, the others are looked at all
    the same, and the exit code is then 2.
    """
    screen, found, failed = Screen(as_json), list[dict[str, Any]](), list[Path]()
    with opened(context) as program:
        watched = _categories(only)
        for path in files:
            try:
                found.append({"file": path, "events": _tagged(path, watched, program, screen)})
            except AudioError as error:
                screen.error(str(error))
                failed.append(path)
    screen.result({"files": found, "failed": failed}, lambda out: _show_events(found, out))
    if failed:
        raise typer.Exit(PARTLY_FAILED)


def _categories(names: list[str]) -> frozenset[HarmSound]:
    from earwitness.sound.tagging.harm import HarmSound

    if unknown := set(names) - set(HarmSound):
        raise InputError(
            f"--only: {', '.join(sorted(unknown))} is not one of {', '.join(HarmSound)}."
        )
    return frozenset(map(HarmSound, names or HarmSound))


def _tagged(
    path: Path, watched: frozenset[HarmSound], program: Earwitness, screen: Screen
) -> list[Event]:
    from earwitness.model import SAMPLE_RATE
    from earwitness.sound.tagging.events import EventStream

    tagger = program.tagger
    frames = tagger.stream()
    events = EventStream(tagger.classes, tagger.hop_seconds, tagger.frame_seconds, watched)
    found, samples = list[Any](), 0
    with screen.progress("Listening, in seconds") as reach:
        for piece in program.reader.pieces(path, told=reach):
            found += events.push(frames.push(piece))
            samples += len(piece)
    found += [*events.push(frames.end()), *events.end()]
    length = samples / SAMPLE_RATE  # the last frame is padded with silence
    inside = [replace(event, end=min(event.end, length)) for event in found]
    return sorted(inside, key=lambda event: event.start)


def _show_events(found: list[dict[str, Any]], out: Console) -> None:
    for each in found:
        out.print(cell(str(each["file"]), "bold"))
        if not each["events"]:
            out.print("  nothing that is looked for")
            continue
        shown = table("sound", "class", "score", "from", "to", right=("score", "from", "to"))
        for event in each["events"]:
            moments = (f"{event.start:.1f} s", f"{event.end:.1f} s")
            name = event.category.replace("_", " ")
            shown.add_row(cell(name, "yellow"), event.label, f"{event.score:.2f}", *moments)
        out.print(shown)


@sound.command()
def watch(
    context: typer.Context,
    household: Annotated[str, typer.Argument(help="Whose devices listen for it.")],
    sounds: Chosen = [],  # noqa: B006
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Choose which sounds a household wants noticed; nothing is, unless it is chosen.

    What is found is kept with what is around it, with consent alone, and waits for a listener
    before everything else. A server that runs knows within seconds.
    """
    from earwitness.flow.watching import watch as choose

    screen = Screen(as_json)
    with opened(context) as program:
        if sounds:
            _ = program.tagger  # refused where nobody could find them
        chosen = sorted(choose(household, sounds, name, datetime.now(UTC), program.records))
    names = ", ".join(each.replace("_", " ") for each in chosen) or "nothing"
    told = {"household": household, "watched": chosen}
    screen.result(told, lambda out: out.print(cell(f"{household}: {names} is watched for.")))
