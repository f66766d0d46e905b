"""``earwitness demo``: the whole loop, on recordings that are installed with the program.

Nothing in it is prepared but the recordings and what their speakers say: every text,
flag and number is of this very run, and where the loop does not hold the demonstration
says so and fails.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from earwitness.doors.cli.app import app
from earwitness.doors.cli.screen import Json, Screen
from earwitness.errors import InputError

Clips = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Only copy the recordings there, to try things with."),
]


@app.command()
def demo(clips: Clips = None, as_json: Json = False) -> None:
    """Show the whole loop on recordings: hear, doubt, review, teach, hear again, undo.

    Works in a temporary folder and leaves nothing behind. The exit code is 1 if any step does
    not do what it should.
    """
    screen = Screen(as_json)
    if clips is not None:
        copied = _copy(clips)
        screen.result({"files": copied}, lambda out: out.print("\n".join(map(str, copied))))
        return
    if not _show(screen):
        raise typer.Exit(1)


def _copy(folder: Path) -> list[Path]:
    """The demonstration's recordings. Raises InputError, which names the folder."""
    from earwitness import starter

    wanted = (starter.Role.DEMO, starter.Role.SOUND_ALIKE)
    paths = [each.path for role in wanted for each in starter.recordings(role)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copyfile(path, folder / path.name)) for path in paths]
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}.") from error


def _show(screen: Screen) -> bool:
    from earwitness.config import Settings
    from earwitness.doors.cli.story import Direct, Story
    from earwitness.wiring import Earwitness

    with tempfile.TemporaryDirectory(prefix="earwitness-demo-") as folder:
        # The defaults but for chance: no audit sample, no second listener.
        settings = Settings(data=Path(folder), audit_fraction=0.0, second_listener_fraction=0.0)
        with Earwitness.open(settings) as program:
            story = Story(program, Direct(program), screen)
            story.tell()
    screen.result(story.told, lambda out: None)
    return story.failed == ""
