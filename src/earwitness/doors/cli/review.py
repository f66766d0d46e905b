"""``earwitness review``: listen, write, compare, teach; one clip after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from earwitness.doors.cli.app import INTERRUPTED, app
from earwitness.doors.cli.asking import Interrupted, at_terminal
from earwitness.doors.cli.opening import Name, catch_up, find_utterance, opened
from earwitness.doors.cli.screen import Json, Screen
from earwitness.errors import StoreError
from earwitness.review.queue import OPEN

if TYPE_CHECKING:
    from earwitness.doors.cli.listening import Listener
    from earwitness.flow.judge import Assignment

Count = Annotated[int, typer.Option(min=1, metavar="N", help="Stop after so many clips.")]
Only = Annotated[
    str | None, typer.Argument(metavar="UTTERANCE", help="This one; its first digits will do.")
]


@app.command()
def review(
    context: typer.Context,
    utterance: Only = None,
    name: Name = "",
    count: Count = 1000,
    as_json: Json = False,
) -> None:
    """Listen to what is doubted, write what was said, teach.

    You hear and write first; what the machine heard is shown after. Answers can also be piped
    in, one a line; one that is refused ends the review with exit code 1.
    """
    from earwitness.doors.cli.drafts import Drafts
    from earwitness.doors.cli.listening import Listener

    screen = Screen(as_json)
    with opened(context) as program:
        catch_up(program, screen)
        only = find_utterance(program, utterance) if utterance else None
        listener = Listener(program, screen, name, Drafts(program.settings.data))
        try:
            with program.warming():
                answered = _many(listener, 1 if only else count, only)
        except Interrupted:
            raise typer.Exit(INTERRUPTED) from None
    screen.result(answered, lambda out: None)
    if answered and all("lost" in each for each in answered):
        raise typer.Exit(StoreError.exit_code)
    if listener.refused and not at_terminal():
        raise typer.Exit(1)


def _many(listener: Listener, count: int, only: str | None) -> list[dict[str, Any]]:
    """What was answered, of up to ``count`` clips, and what is lost. Raises Interrupted."""
    from earwitness.doors.cli.listening import Lost, Outcome

    answered: list[dict[str, Any]] = []
    lost: list[dict[str, Any]] = []
    left: set[str] = set()
    while len(answered) < count:
        assignment = _next(listener, only, left)
        if assignment is None:
            listener.screen.note("Nothing else waits for you.")
            break
        utterance, outcome = assignment.lease.utterance, listener.listen(assignment)
        if isinstance(outcome, dict):
            answered.append(outcome)
        elif outcome is Outcome.STOP:
            break
        else:
            left.add(utterance)
        if isinstance(outcome, Lost):
            lost.append({"utterance": utterance, "lost": outcome.reason})
    return answered + lost


def _next(listener: Listener, only: str | None, left: set[str]) -> Assignment | None:
    """The most valuable clip that was not left to others."""
    program, analyst = listener.program, listener.analyst
    if only in left:
        return None
    if only or not left:
        return program.assign(analyst, utterance_id=only)
    waiting = (item.utterance for item in program.records.items(tuple(sorted(OPEN))))
    tries = (program.assign(analyst, utterance_id=each) for each in waiting if each not in left)
    return next((assignment for assignment in tries if assignment), None)
