"""``earwitness lexicon``: what is taught, what it gained and cost, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from earwitness.doors.cli.app import PARTLY_FAILED, app
from earwitness.doors.cli.files import read_whole, write_whole
from earwitness.doors.cli.opening import Name, catch_up, opened
from earwitness.doors.cli.screen import Json, Screen, cell, plain, printable, table
from earwitness.doors.formats.forms import Format
from earwitness.errors import InputError, NotFound

if TYPE_CHECKING:
    from earwitness.model import Lexicon, Term
    from earwitness.wiring import Earwitness

group = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What is taught: list, show, undo, exchange."
)
app.add_typer(group, name="lexicon")

Word = Annotated[str, typer.Argument(metavar="TERM", help="How it is written.")]
TrialId = Annotated[str, typer.Argument(metavar="TRIAL", help="The first digits of its id.")]
Why = Annotated[str, typer.Option(metavar="TEXT", help="The reason; it is kept.")]
Revision = Annotated[
    int | None,
    typer.Argument(metavar="REVISION", help="Whose terms come back; by default the one before."),
]
Form = Annotated[Format, typer.Option("--format", help="What to write.")]
Names = Annotated[
    bool, typer.Option("--names", help="Name the listeners, who are a, b and c otherwise.")
]
Into = Annotated[Path | None, typer.Argument(metavar="FILE", help="By default stdout.")]
OutOf = Annotated[
    Path, typer.Argument(metavar="FILE", help="A .csv of terms, or a .json or .jsonl of clips.")
]
UNMEASURED = (
    "What they gain and harm is not measured: earwitness bench recognition MANIFEST --terms LIST "
    "does so on your recordings; earwitness lexicon undo takes them back."
)
Matching = Annotated[str, typer.Option(metavar="TEXT", help="Only terms that contain this.")]


@group.command("list")
def list_terms(context: typer.Context, matching: Matching = "", as_json: Json = False) -> None:
    """List the live terms."""
    with opened(context) as program:
        lexicon = program.records.lexicon()
    wanted = matching.casefold()
    terms = [term for term in lexicon.terms.values() if wanted in term.written.casefold()]
    value = {"revision": lexicon.revision, "terms": terms}
    Screen(as_json).result(value, lambda out: _show_terms(lexicon.revision, terms, out))


def _show_terms(revision: int, terms: list[Term], out: Console) -> None:
    if not terms:
        out.print(f"Revision {revision}: no terms.")
        return
    shown = table("term", "misheard as", "scope", "taught by", "why")
    for term in sorted(terms, key=lambda term: term.key):
        shown.add_row(
            cell(term.written, "bold"),
            cell(", ".join(term.misheard)),
            cell(term.scope),
            cell(term.taught_by),
            cell(term.why, "dim"),
        )
    out.print(shown)
    out.print(f"{len(terms)} terms, revision {revision}", style="dim")


@group.command()
def show(context: typer.Context, term: Word, as_json: Json = False) -> None:
    """Show a term and every trial of it, newest last."""
    from earwitness.model import term_key

    with opened(context) as program:
        live = program.records.lexicon().terms.get(term_key(term))
        trials = program.records.trials(term_key(term))
    if live is None and not trials:
        raise NotFound(f"{term!r} was never taught.")
    value = {
        "term": live,
        "trials": [{"id": each, "outcome": out, **plain(trial)} for each, trial, out in trials],
    }
    Screen(as_json).result(value, lambda out: _show_term(live, trials, out))


def _show_term(live: Term | None, trials: Any, out: Console) -> None:
    from earwitness.doors.cli import drawing

    for trial_id, trial, outcome in trials:
        out.print(trial_id[:8], style="dim")
        drawing.trial(out, trial, outcome)
        out.print()
    if live is None:
        out.print("Not live now.", style="yellow")
    else:
        by = f", taught by {live.taught_by}" if live.taught_by else ""
        out.print(cell(f"Live now: {live.written}{drawing.forms(live)}{by}", "green"))


@group.command()
def history(context: typer.Context, as_json: Json = False) -> None:
    """List the revisions, newest first: who published what, when and why."""
    with opened(context) as program:
        entries = program.records.history()
    names = ("revision", "at", "by", "why")
    value = [dict(zip(names, entry, strict=True)) for entry in entries]
    Screen(as_json).result(value, lambda out: _show_history(value, out))


def _show_history(entries: list[dict[str, Any]], out: Console) -> None:
    shown = table("revision", "at", "by", "why", right=["revision"])
    for entry in entries:
        at = entry["at"].astimezone().strftime("%Y-%m-%d %H:%M:%S")
        shown.add_row(str(entry["revision"]), at, cell(entry["by"]), cell(entry["why"]))
    out.print(shown)


@group.command()
def undo(
    context: typer.Context,
    revision: Revision = None,
    why: Why = "",
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Publish the terms of an older revision again, under a new number."""
    screen = Screen(as_json)
    with opened(context) as program:
        back_to = program.records.revision() - 1 if revision is None else revision
        catch_up(program, screen)
        reason = why or f"undo, back to revision {back_to}"
        lexicon = program.undo(back_to, by=name, why=reason)
        reopened = len(program.records.reopened(lexicon.revision))
    said = f"The terms of revision {back_to} are live again"
    _published(screen, lexicon, said, reopened)


@group.command()
def retire(
    context: typer.Context, term: Word, why: Why = "", name: Name = "", as_json: Json = False
) -> None:
    """Take one term out."""
    screen = Screen(as_json)
    with opened(context) as program:
        catch_up(program, screen)
        lexicon = program.retire(term, by=name, why=why or f"retired {term!r}")
        reopened = len(program.records.reopened(lexicon.revision))
    _published(screen, lexicon, f"{term} is no longer live", reopened)


def _published(screen: Screen, lexicon: Lexicon, said: str, reopened: int) -> None:
    value = {"revision": lexicon.revision, "terms": len(lexicon.terms), "reopened": reopened}
    text = f"{said}: revision {lexicon.revision}, {len(lexicon.terms)} terms."
    if reopened:
        text += f" Clips that wait again: {reopened}."
    screen.result(value, lambda out: out.print(cell(text)))


@group.command()
def override(
    context: typer.Context, trial: TrialId, why: Why, name: Name = "", as_json: Json = False
) -> None:
    """Let a term go live that its trial held back; a lead's decision, with a reason."""
    from earwitness.doors.cli import drawing

    with opened(context) as program:
        found = _find_trial(program, trial)
        done = program.override(found, by=name, why=why)
        revision = program.records.revision()
    value = {"id": found, "outcome": done.outcome, "revision": revision, **plain(done.trial)}
    Screen(as_json).result(
        value, lambda out: drawing.trial(out, done.trial, done.outcome, revision)
    )


def _find_trial(program: Earwitness, beginning: str) -> str:
    found = [each for each, *_ in program.records.trials() if each.startswith(beginning.lower())]
    if len(found) != 1:
        reason = "No trial begins" if not found else f"{len(found)} trials begin"
        raise NotFound(f"{reason} with {beginning!r}; earwitness lexicon show TERM names them.")
    return found[0]


@group.command("export")
def export(
    context: typer.Context,
    file: Into = None,
    form: Form = Format.CSV,
    names: Names = False,
    as_json: Json = False,
) -> None:
    """Write the live terms as CSV, or the judged clips for Label Studio, NeMo, CSV or Praat.

    Clips are written as WAV files into a folder beside the file; TextGrids go into one ZIP.
    """
    screen = Screen(as_json)
    with opened(context) as program:
        if form is Format.CSV:
            _export_terms(list(program.records.lexicon().terms.values()), file, screen)
        else:
            _export_clips(program, file, form, screen, names=names)


def _export_terms(terms: list[Term], file: Path | None, screen: Screen) -> None:
    from earwitness.doors.formats import terms_csv

    text = terms_csv.write(terms)
    if file is not None:
        write_whole(file, text)
        screen.note(f"{len(terms)} terms written to {file}")
    if screen.as_json or file is None:
        screen.result({"terms": terms}, lambda out: out.out(text, end="", highlight=False))


def _export_clips(
    program: Earwitness, file: Path | None, form: Format, screen: Screen, *, names: bool
) -> None:
    from earwitness.doors.cli.exchange import export_clips

    if file is None:
        raise InputError("Name the file to write; the clips go into a folder beside it.")
    clips = export_clips(program, file, form, screen, names=names)
    screen.note(f"{len(clips)} judged clips written to {file}")
    screen.result({"clips": clips}, lambda out: None)


@group.command("import")
def import_file(
    context: typer.Context, file: OutOf, why: Why = "", name: Name = "", as_json: Json = False
) -> None:
    """Read terms out of a CSV file, or judged clips out of a Label Studio or NeMo file.

    Terms go live at once, all in one revision and without trials; one undo takes them back.
    Clips on which two annotators agree join the recordings against which terms are tried.
    What cannot be used is named with the reason, and the exit code is then 2.
    """
    screen, text = Screen(as_json), read_whole(file)
    if file.suffix.lower() in (".json", ".jsonl"):
        refused = _import_clips(context, file, text, name, screen)
    else:
        refused = _import_terms(context, file, text, (name, why), screen)
    if refused:
        raise typer.Exit(PARTLY_FAILED)


def _import_terms(
    context: typer.Context, file: Path, text: str, by: tuple[str, str], screen: Screen
) -> Mapping[str, str]:
    from earwitness.doors.formats import terms_csv

    terms = terms_csv.read(text, str(file))
    name, why = by
    with opened(context) as program, screen.waiting(f"Checking {len(terms)} terms"):
        lexicon, refused = program.publish_all(terms, by=name, why=why or f"imported {file.name}")
    value = {"revision": lexicon.revision, "live": len(lexicon.terms), "refused": refused}
    done = (
        f"{len(terms) - len(refused)} of {len(terms)} terms are live, revision {lexicon.revision}."
    )
    screen.result(value, lambda out: _show_import(done, refused, out))
    if len(refused) < len(terms):
        screen.warn(UNMEASURED)
    return refused


def _import_clips(
    context: typer.Context, file: Path, text: str, name: str, screen: Screen
) -> Mapping[str, str]:
    from earwitness.doors.cli.exchange import import_clips
    from earwitness.doors.formats import labels

    clips = labels.clips(text, str(file))
    count, refused = import_clips(context, file, clips, name, screen)
    done = f"{count} of {len(clips)} clips are new."
    screen.result(
        {"imported": count, "refused": refused}, lambda out: _show_import(done, refused, out)
    )
    return refused


def _show_import(done: str, refused: Mapping[str, str], out: Console) -> None:
    for what, reason in refused.items():
        out.print(Text.assemble(("refused  ", "red"), printable(f"{what}: {reason}")))
    out.print(done)
