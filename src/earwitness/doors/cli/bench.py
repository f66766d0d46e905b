"""``earwitness bench``: what the program is measured by."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen
from earwitness.errors import SettingsError

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

group = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Measure, on recordings of your own."
)
app.add_typer(group, name="bench")

List = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="TSV: path, text; perhaps speaker, extra.")
]
Lists = Annotated[
    list[Path] | None,
    typer.Argument(metavar="MANIFEST...", help="By default the recordings that ship."),
]
Folder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="Sets of recordings; by default those that ship."),
]
Engines = Annotated[
    list[str] | None,
    typer.Option("--engine", metavar="NAME", help="A recogniser; may be given again."),
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="NAME=PATH", help="The model of a recogniser that needs one."),
]
Terms = Annotated[
    str, typer.Option(metavar="rows|FILE", help="What is live: each row's own terms, or a list.")
]
Distractors = Annotated[
    int, typer.Option(min=0, metavar="N", help="So many terms more are live that nobody says.")
]
Negatives = Annotated[
    Path | None,
    typer.Option(metavar="MANIFEST", help="Speech without the terms, for false accepts."),
]
Second = Annotated[
    str, typer.Option(metavar="NAME", help="A second recogniser, to doubt where both disagree.")
]
SecondModel = Annotated[Path | None, typer.Option(metavar="PATH", help="Its model.")]
Sizes = Annotated[
    list[int] | None,
    typer.Option("--terms", metavar="N", help="So many terms; may be given again."),
]
Live = Annotated[int, typer.Option("--terms", min=0, metavar="N", help="So many are live.")]
Count = Annotated[int, typer.Option(min=1, metavar="N", help="So many publications.")]


@group.command("all")
def everything(
    context: typer.Context,
    folder: Folder = None,
    second: Second = "",
    second_model: SecondModel = None,
    as_json: Json = False,
) -> None:
    """Every measurement in one table, each with the bar that it should reach.

    A bar that is not reached says so; the exit code is 0 all the same. Takes a while.
    """
    from earwitness.bench import sets, table

    screen = Screen(as_json)
    with _with_second(context, second, second_model) as program, screen.steps() as step:
        found = table.run(program, sets.find(folder), step=step)
    screen.result(found, lambda out: out.print(table.render(found)))


@group.command()
def recognition(
    context: typer.Context,
    manifest: List,
    engine: Engines = None,
    terms: Terms = "",
    distractors: Distractors = 0,
    model: Models = None,
    as_json: Json = False,
) -> None:
    """Error rates, recall of terms, false accepts, speed and memory of recognisers side by side."""
    from earwitness.bench import recognition

    live: Any = "rows" if terms == "rows" else Path(terms) if terms else None
    screen = Screen(as_json)
    with opened(context) as program, screen.progress("Recognising") as progress:
        figures = recognition.run(
            manifest,
            program.reader,
            engine or recognition.DEFAULT_ENGINES,
            terms=live,
            distractor_count=distractors,
            models=_models(model or []),
            progress=progress,
        )
    _show(screen, figures)


@group.command()
def teach(
    context: typer.Context,
    manifest: List,
    negatives: Negatives = None,
    distractors: Distractors = 0,
    as_json: Json = False,
) -> None:
    """Each term taught from one clip: how often other speakers are heard, and what it harms."""
    from earwitness.bench import teach

    screen = Screen(as_json)
    with opened(context) as program, screen.progress("Teaching") as progress:
        figures = teach.run(
            manifest,
            program.settings,
            program.reader,
            negatives=negatives,
            distractor_count=distractors,
            progress=progress,
        )
    _show(screen, figures)


@group.command()
def doubt(
    context: typer.Context,
    manifest: List,
    second: Second = "",
    second_model: SecondModel = None,
    as_json: Json = False,
) -> None:
    """Does the confidence know what is wrong? Against a plain threshold, in the same run."""
    from earwitness.bench import doubt

    screen = Screen(as_json)
    with _with_second(context, second, second_model) as program:
        other = program.second_engine
        with screen.progress("Doubting") as progress:
            figures = doubt.run(
                manifest, program.reader, program.engine, second=other, progress=progress
            )
    _show(screen, figures)


@group.command()
def harm(
    context: typer.Context, manifests: Lists = None, terms: Sizes = None, as_json: Json = False
) -> None:
    """What many live terms cost that nobody says: errors, false accepts, time."""
    from earwitness.bench import harm

    screen = Screen(as_json)
    with opened(context) as program, screen.progress("Listening") as progress:
        figures = harm.run(
            _or_shipped(manifests),
            program.reader,
            program.engine,
            sizes=terms or harm.SIZES,
            progress=progress,
        )
    _show(screen, figures)


@group.command()
def live(
    context: typer.Context,
    terms: Live = 10_000,
    publications: Count = 100,
    as_json: Json = False,
) -> None:
    """How soon a published word is used by every thread, while all of them hear."""
    from earwitness.bench import live

    screen = Screen(as_json)
    with opened(context) as program, screen.progress("Publishing") as progress:
        spoken = [clip for clip in program.starter if clip.seconds >= 2]
        clips = [clip.read() for clip in spoken[:2]]
        figures = live.run(
            clips, program.settings, terms=terms, publications=publications, progress=progress
        )
    _show(screen, figures)


@group.command()
def memory(context: typer.Context, terms: Live = 10_000, as_json: Json = False) -> None:
    """How soon a fresh process is ready to hear, and how much memory it takes."""
    from earwitness.bench import memory

    screen = Screen(as_json)
    with opened(context) as program, screen.waiting("Starting"):
        figures = memory.run(program.starter[0].read(), program.settings, terms=terms)
    _show(screen, figures)


def _with_second(
    context: typer.Context, name: str, model: Path | None
) -> AbstractContextManager[Earwitness]:
    """The program, with a second recogniser if one is named."""
    if not name:
        return opened(context)
    return opened(context, second_engine=name, second_engine_model=model)


def _show(screen: Screen, figures: dict[str, Any]) -> None:
    from earwitness.doors.cli.figures import show

    screen.result(figures, lambda out: show(figures, out))


def _models(given: list[str]) -> dict[str, Path]:
    """``NAME=PATH`` each. Raises SettingsError."""
    pairs = [each.partition("=") for each in given]
    for name, equals, path in pairs:
        if not (name and equals and path):
            raise SettingsError(f"--model takes NAME=PATH, not {name}{equals}{path}.")
    return {name.replace("-", "_"): Path(path) for name, _, path in pairs}


def _or_shipped(manifests: list[Path] | None) -> list[Path]:
    from earwitness import starter

    return manifests or [starter.folder() / "manifest.tsv"]
