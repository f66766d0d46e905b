"""``earwitness bench sound``: tagging, alignment and enhancement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earwitness.doors.cli.bench import group
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen
from earwitness.errors import EngineError

if TYPE_CHECKING:
    from earwitness.ports import Screening
    from earwitness.wiring import Earwitness

Lists = Annotated[
    list[Path],
    typer.Argument(
        metavar="MANIFEST...",
        help="TSV: path, text (of a sound: its class), kind (sound, noise, speech, room impulse "
        "response).",
    ),
]
Pairs = Annotated[int, typer.Option(min=1, help="So many pairs of one event.")]
Unrelated = Annotated[int, typer.Option(min=0, help="So many pairs that are not of one event.")]
Utterances = Annotated[int, typer.Option(min=1, help="So many utterances in noise.")]


@group.command()
def sound(
    context: typer.Context,
    manifests: Lists,
    pairs: Pairs = 60,
    unrelated: Unrelated = 200,
    utterances: Utterances = 20,
    as_json: Json = False,
) -> None:
    """What is tagged and missed, how well recordings are aligned, what cleaning does to words.

    Takes about twenty minutes with the defaults.
    """
    from earwitness.bench import sound as measured
    from earwitness.doors.cli.figures import show

    screen = Screen(as_json)
    with opened(context) as program, screen.steps() as step:
        parts = measured.Parts(
            program.reader,
            program.tagger,
            program.engine,
            program.workshop,
            _screening(program),
        )
        extent = measured.Extent(pairs, unrelated, utterances)
        figures = measured.run(manifests, parts, step, extent)
    screen.result(figures, lambda out: show(figures, out))


def _screening(program: Earwitness) -> Screening | None:
    try:
        return program.screening
    except EngineError:
        return None
