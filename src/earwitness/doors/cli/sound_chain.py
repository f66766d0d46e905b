"""``earwitness sound``: chains of enhancement, run, run again, and written up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen, cell, table
from earwitness.doors.cli.sound import sound
from earwitness.errors import AudioError, InputError

if TYPE_CHECKING:
    from earwitness.flow.treating import Original, Result
    from earwitness.sound.chain import Chain, Told
    from earwitness.sound.findings.finding import Finding
    from earwitness.sound.kinds import Setting
    from earwitness.wiring import Earwitness

LARGEST_CHAIN = 1 << 18
"""Bytes of a chain or a replay file."""

File = Annotated[Path, typer.Argument(metavar="FILE", help="The original; it is left as it is.")]
ChainFile = Annotated[
    Path | None, typer.Option("--chain", metavar="FILE", help="A chain as JSON; see `sound steps`.")
]
Do = Annotated[
    list[str],
    typer.Option(
        "--do",
        metavar="STEP",
        help='A step and its settings, as in "high-pass hz=120"; may be repeated.',
    ),
]
From = Annotated[float | None, typer.Option("--from", metavar="SECONDS", help="Only from there.")]
To = Annotated[float | None, typer.Option("--to", metavar="SECONDS", help="Only up to there.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="The result; beside the original otherwise."),
]


@sound.command()
def steps(as_json: Json = False) -> None:
    """List the steps of a chain with their settings, ranges and references."""
    from earwitness.sound.chain import kinds

    screen = Screen(as_json)
    told = {
        name: {
            "does": kind.says,
            "may_invent": kind.invents,
            "reference": kind.reference,
            "settings": {each: _plain(setting) for each, setting in kind.settings.items()},
        }
        for name, kind in kinds().items()
    }
    screen.result(told, lambda out: _show_steps(told, out))


def _plain(setting: Setting) -> dict[str, Any]:
    return {"default": setting.default, "allowed": setting.allowed, "means": setting.means}


def _show_steps(told: dict[str, dict[str, Any]], out: Console) -> None:
    for name, kind in told.items():
        out.print(cell(name, "bold"), cell(kind["does"]))
        if kind["may_invent"]:
            out.print(cell("  may put in what never was there: for listening", "yellow"))
        out.print(cell(f"  {kind['reference']}", "dim"))
        for setting, each in kind["settings"].items():
            out.print(cell(f"  {setting}={each['default']}: {each['means']} ({each['allowed']})"))


@sound.command()
def enhance(
    context: typer.Context,
    file: File,
    chain: ChainFile = None,
    do: Do = [],  # noqa: B006
    start: From = None,
    end: To = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Run a chain on a copy of a recording, and write down how to run it again.

    The result is as loud as the original, in FLAC with 24 bits; beside it lies a replay file. A
    result into which a step may have put what never was there has "for-listening" in its name.
    At most ten minutes at once: of a longer recording name a stretch.
    """
    screen = Screen(as_json)
    asked = _chain(chain, do, start, end)
    with opened(context) as program:
        original, result = _treated(program, file, asked, screen)
    written = _written(file, out, result)
    told = {
        **written,
        "stretch_s": original.recording.seconds,
        "for_listening": asked.invents,
        "notes": result.treated.notes,
        "louder_or_softer_db": result.treated.softer_db,
        "sha256_of_samples": result.record.result_digest,
    }
    screen.result(told, lambda console: _show_result(told, console))


def _chain(file: Path | None, do: list[str], start: float | None, end: float | None) -> Chain:
    from earwitness.sound.chain import VERSION, parse

    if bool(file) == bool(do):
        raise InputError("Give the steps with --do, or a chain with --chain: one of the two.")
    if file:
        if start is not None or end is not None:
            raise InputError("A chain says its stretch itself; --from and --to go with --do.")
        return parse(_text(file, "--chain"))
    stretch = None if start is None and end is None else [start or 0.0, end]
    if stretch and end is None:
        raise InputError("--from goes with --to: a stretch has an end.")
    return parse({"chain": VERSION, "stretch": stretch, "steps": [_step(each) for each in do]})


def _step(text: str) -> dict[str, Any]:
    """``high_pass hz=120`` -> its JSON. A value that is no JSON is a text."""
    name, *settings = text.split() or [""]
    made: dict[str, Any] = {"do": name}
    for each in settings:
        key, separator, value = each.partition("=")
        if not separator or key in made:
            raise InputError(f"--do {text!r}: a setting is given once, as NAME=VALUE.")
        try:
            made[key] = json.loads(value)
        except ValueError:
            made[key] = value
    return made


def _text(file: Path, option: str) -> str:
    try:
        content = file.read_bytes()
        if len(content) > LARGEST_CHAIN:
            raise InputError(f"{option}: {file}: is too long for a chain.")
        return content.decode("utf-8")
    except OSError as error:
        raise InputError(f"{option}: {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{option}: {file}: is no text.") from error


def _original(program: Earwitness, file: Path, chain: Chain) -> Original:
    from earwitness.flow.treating import Original

    start, end = chain.stretch or (0.0, None)
    recording = program.originals.read(file, start, end)
    try:
        with file.open("rb") as opened_file:
            digest = hashlib.file_digest(opened_file, "sha256").hexdigest()
    except OSError as error:
        raise AudioError(f"{file}: {error.strerror}.") from error
    return Original(digest, recording)


def _treated(
    program: Earwitness, file: Path, chain: Chain, screen: Screen
) -> tuple[Original, Result]:
    from earwitness.flow.treating import treat

    original = _original(program, file, chain)
    with screen.steps() as reach:
        return original, treat(original, chain, program.workshop, _told(reach))


def _told(reach: Callable[[str, float, float], None]) -> Told:
    """Shows the step that is worked on; after the last one nothing is."""
    return lambda done, of, doing: reach(doing, done, of) if doing else None


def _written(file: Path, out: Path | None, result: Result) -> dict[str, Path]:
    """The sound and its replay file, both or an error. Raises InputError."""
    from earwitness.audio.original import write_original
    from earwitness.sound.replay import written

    made = write_original(result.treated.recording)
    kind = ".for-listening" if result.record.chain.invents else ".treated"
    target = out or file.with_name(f"{file.stem}{kind}{made.suffix}")
    if target.resolve() == file.resolve():
        raise InputError(f"--out: {target}: is the original, which is left as it is.")
    replay_file = target.with_name(f"{target.name}.replay.json")
    try:
        target.write_bytes(made.content)
        replay_file.write_text(written(result.record) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}.") from error
    return {"result": target, "replay": replay_file}


def _show_result(told: dict[str, Any], out: Console) -> None:
    out.print(cell(str(told["result"]), "bold"))
    out.print(cell(f"  run again with {told['replay']}"))
    if told["for_listening"]:
        out.print(cell("  for listening: a step may have put in what never was there", "yellow"))
    if told["louder_or_softer_db"]:
        softer = told["louder_or_softer_db"]
        out.print(cell(f"  {softer:+.1f} dB beside the original: it would have clipped"))
    for note in told["notes"]:
        out.print(cell(f"  {note}"))


@sound.command()
def replay(
    context: typer.Context,
    record: Annotated[Path, typer.Argument(metavar="REPLAY", help="The replay file.")],
    file: File,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the result there.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a chain again and say whether the same samples come out, to the bit.

    Where they do not, what is another one is named: the original, a version, a model. The exit
    code is then 1.
    """
    from earwitness.flow.treating import replay as run_again
    from earwitness.sound.replay import parse

    screen = Screen(as_json)
    recorded = parse(_text(record, "REPLAY"))
    with opened(context) as program, screen.steps() as reach:
        original = _original(program, file, recorded.chain)
        result, differs = run_again(recorded, original, program.workshop, _told(reach))
    written = _written(file, out, result) if out else {}
    told = {"same": not differs, "differs": differs, **written}
    screen.result(told, lambda console: _show_replay(differs, console))
    if differs:
        raise typer.Exit(1)


def _show_replay(differs: list[str], out: Console) -> None:
    if not differs:
        out.print(cell("The same samples, to the bit.", "green"))
    for each in differs:
        out.print(cell(each, "red"))


@sound.command()
def report(
    context: typer.Context,
    file: File,
    question: Annotated[str, typer.Option("--question", help="What is to be found out.")],
    examiner: Annotated[str, typer.Option("--examiner", help="Who examined it.")],
    chain: ChainFile = None,
    do: Do = [],  # noqa: B006
    start: From = None,
    end: To = None,
    conclusion: Annotated[
        list[str], typer.Option("--conclude", help="A sentence; may be repeated.")
    ] = [],  # noqa: B006
    limit: Annotated[
        list[str], typer.Option("--limit", help="What it does not show; may be repeated.")
    ] = [],  # noqa: B006
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Where all of it goes.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write up what was done: a page, a PDF, the result and its replay file in one folder.

    The report says what it must still say before it leaves the house: what people heard, and
    with a treated recording that they heard it blind.
    """
    from earwitness.sound.findings.finding import missing

    screen = Screen(as_json)
    asked = _chain(chain, do, start, end)
    folder = out or file.with_name(f"{file.stem}.finding")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out: {folder}: {error.strerror}.") from error
    with opened(context) as program:
        original, result = _treated(program, file, asked, screen)
        written = _written(file, folder / f"{file.stem}.flac", result)
        finding = _finding(
            file, written["result"], original, result, question, examiner, conclusion, limit
        )
        written |= _reports(folder, finding, original, result)
    told = {**written, "missing": missing(finding)}
    screen.result(told, lambda console: _show_report(told, console))


def _finding(
    file: Path,
    result_file: Path,
    original: Original,
    result: Result,
    question: str,
    examiner: str,
    conclusions: list[str],
    limits: list[str],
) -> Finding:
    from earwitness.flow.treating import observed
    from earwitness.sound.integrity.checks import check

    treated = hashlib.sha256(result_file.read_bytes()).hexdigest()
    return observed(
        question,
        examiner,
        original,
        result,
        check(file.read_bytes(), original.recording),
        names=(f"original, {file.name}", f"treated, {result_file.name}"),
        treated_sha256=treated,
        conclusions=conclusions,
        limits=limits,
    )


def _reports(folder: Path, finding: Finding, original: Original, result: Result) -> dict[str, Path]:
    from earwitness.flow.findings import shown
    from earwitness.sound.findings.finding import written
    from earwitness.sound.findings.pdf import pdf
    from earwitness.sound.findings.report import html

    pictures = [
        shown("The original", original.recording),
        shown("The treated recording", result.treated.recording),
    ]
    made = {
        "page": ("report.html", html(finding, pictures).encode()),
        "pdf": ("report.pdf", pdf(finding, pictures)),
        "finding": ("finding.json", written(finding).encode()),
    }
    for name, content in made.values():
        (folder / name).write_bytes(content)
    return {kind: folder / name for kind, (name, _) in made.items()}


def _show_report(told: dict[str, Any], out: Console) -> None:
    shown = table("", "file")
    for kind in ("page", "pdf", "result", "replay", "finding"):
        shown.add_row(kind, cell(str(told[kind])))
    out.print(shown)
    for each in told["missing"]:
        out.print(cell(f"still to say: {each}", "yellow"))
