"""``earwitness teach``: a term goes live once its trial has shown gain and harm."""

from __future__ import annotations

from typing import Annotated

import typer

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import Name, catch_up, find_utterance, opened
from earwitness.doors.cli.screen import Json, Screen, plain
from earwitness.errors import InputError

Word = Annotated[str, typer.Argument(metavar="TERM", help="How it is written.")]
Misheard = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="What is heard instead; may be given again."),
]
Spoken = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="Another spelling that sounds like it; may be given again."),
]
Scope = Annotated[
    str, typer.Option(metavar="SCOPE", help="everywhere, locale:en-GB or household:NAME.")
]
From = Annotated[
    str | None, typer.Option("--from", metavar="UTTERANCE", help="The clip in which it was said.")
]
Said = Annotated[
    str, typer.Option(metavar="TEXT", help="What was said in that clip, word by word.")
]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Why it is taught.")]


@app.command()
def teach(
    context: typer.Context,
    term: Word,
    misheard: Misheard = None,
    spoken: Spoken = None,
    scope: Scope = "everywhere",
    utterance: From = None,
    said: Said = "",
    why: Why = "",
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Teach a word or a short phrase.

    It is tried first, on its clip, on the backlog and on recordings of which every word is
    known, and goes live if it does no harm over the limits. Otherwise it is held for
    earwitness lexicon override, and the exit code is 1.
    """
    from earwitness.doors.cli import drawing
    from earwitness.model import Taught, TrialOutcome

    wanted = Taught(
        term, tuple(spoken or ()), None if misheard is None else tuple(misheard), scope, why
    )
    if said and not utterance:
        raise InputError("--said needs --from UTTERANCE, the clip in which that was said.")
    screen = Screen(as_json)
    with opened(context) as program:
        catch_up(program, screen)
        clip = find_utterance(program, utterance) if utterance else None
        with screen.waiting(f"Trying {term}"):
            done = program.teach(wanted, by=name, utterance=clip, text=said)
        revision = program.records.revision()
    value = {"id": done.id, "outcome": done.outcome, "revision": revision, **plain(done.trial)}
    screen.result(value, lambda out: drawing.trial(out, done.trial, done.outcome, revision))
    if done.outcome is TrialOutcome.HELD:
        screen.warn(
            f"To let it go live all the same: earwitness lexicon override {done.id[:8]} ..."
        )
    if done.outcome is not TrialOutcome.LIVE:
        raise typer.Exit(1)
