"""``earwitness sound``: how several recordings of one event run together, and become one."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen, cell, dump
from earwitness.doors.cli.sound import sound
from earwitness.errors import AudioError, InputError

if TYPE_CHECKING:
    from earwitness.sound.recording import Recording
    from earwitness.sound.several.align import Aligned, NotSame
    from earwitness.sound.several.together import Together
    from earwitness.wiring import Earwitness

First = Annotated[Path, typer.Argument(metavar="FIRST", help="The one whose time counts.")]
Others = Annotated[list[Path], typer.Argument(metavar="OTHER...", help="Of the same event.")]
Clocks = Annotated[
    list[float],
    typer.Option(
        "--clock",
        metavar="SECONDS",
        help="How much later than the first one a recording began, as the devices' clocks say; "
        "once for each of the others.",
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Write them there, on the first one's clock."),
]

Moment = Annotated[
    float | None,
    typer.Option(
        "--at",
        metavar="SECONDS",
        help="Tell when each has this moment of the first one, and the time between each two.",
    ),
]


class How(StrEnum):
    """How several become one, or their sources."""

    SUM = "sum"
    BEAM = "beam"
    SOURCES = "sources"


@sound.command()
def align(
    context: typer.Context,
    first: First,
    others: Others,
    clock: Clocks = [],  # noqa: B006
    out: Folder = None,
    at: Moment = None,
    as_json: Json = False,
) -> None:
    """Bring recordings of one event onto one clock, or say why they are not of one event.

    A moment of the first is ``moment * (1 + drift) + offset`` in another one. The exit code is
    1 where one of them is refused.
    """
    screen = Screen(as_json)
    if at is not None and not math.isfinite(at):
        raise InputError("--at is a number of seconds.")
    with opened(context) as program:
        recordings, found = _aligned((first, *others), clock, program, screen)
    written = _kept(out, (first, *others), recordings, found) if out else []
    told = [_plain(path, each) for path, each in zip(others, found.members[1:], strict=True)]
    result: dict[str, Any] = {"recordings": told, "written": written}
    if at is not None:
        result["times"] = _times((first, *others), found, at)
    screen.result(result, lambda out: _show_aligned(told, out, result.get("times", [])))
    if any("refused" in each for each in told):
        raise typer.Exit(1)


def _plain(path: Path, found: Aligned | NotSame | None) -> dict[str, Any]:
    from earwitness.sound.several.align import NotSame

    assert found is not None  # that is the first one
    if isinstance(found, NotSame):
        return {"file": path, "refused": found.reason}
    return {
        "file": path,
        "offset_s": found.offset_s,
        "drift_ppm": found.drift_ppm,
        "uncertainty_ms": found.uncertainty_ms,
        "breaks": found.breaks,
        "evidence": found.evidence,
    }


def _times(paths: Sequence[Path], found: Together, moment: float) -> list[dict[str, Any]]:
    """When each has that moment of the first one, and how much later than it the others have it."""
    from earwitness.sound.several.combine import time_differences

    fits, members = _fitting(found)
    return [
        {
            "file": paths[place],
            "s": moment if member is None else member.in_other(moment),
            "later_ms": later,
        }
        for place, member, later in zip(
            fits, members, time_differences(members, moment).tolist(), strict=True
        )
    ]


def _show_aligned(
    told: list[dict[str, Any]], out: Console, times: Sequence[dict[str, Any]] = ()
) -> None:
    for each in told:
        out.print(cell(str(each["file"]), "bold"))
        if "refused" in each:
            out.print(cell(f"  {each['refused']}", "yellow"))
            continue
        out.print(
            f"  offset {each['offset_s'] * 1000:+.2f} ms ± {each['uncertainty_ms']:.2f} ms,"
            f" drift {each['drift_ppm']:+.1f} ppm"
        )
        for jump in each["breaks"]:
            out.print(
                f"  [yellow]break[/] at {jump.at_s:.2f} s: {jump.jump_s * 1000:+.1f} ms"
                " are missing or doubled"
            )
    for number, each in enumerate(times):
        later = ", ".join(f"{ms:+.2f}" for ms in each["later_ms"][number + 1 :])
        after = f"; those below have it {later} ms later" if later else ""
        out.print(cell(f"{each['file']}: at {each['s']:.3f} s{after}", "dim"))


def _aligned(
    paths: Sequence[Path], clock: Sequence[float], program: Earwitness, screen: Screen
) -> tuple[list[Recording], Together]:
    from earwitness.sound.several.together import align_all

    if clock and len(clock) != len(paths) - 1:
        raise InputError("--clock is given once for each of the other recordings, or never.")
    if not all(map(math.isfinite, clock)):
        raise InputError("--clock is a number of seconds.")
    recordings = [program.originals.read(path) for path in paths]
    with screen.waiting("Comparing"):
        return recordings, align_all(recordings, [0.0, *clock] if clock else None)


def _kept(
    folder: Path, paths: Sequence[Path], recordings: Sequence[Recording], found: Together
) -> list[Path]:
    """Those that belong together, from the same first moment, each in a file of its own."""
    fits, together = _on_one_clock(recordings, found)
    named = [f"{number}-{paths[place].stem}" for number, place in enumerate(fits, 1)]
    return _written(folder, paths, list(zip(named, together, strict=True)))


def _on_one_clock(
    recordings: Sequence[Recording], found: Together
) -> tuple[list[int], tuple[Recording, ...]]:
    """The places of those that belong together, and what they have in common of that time."""
    from earwitness.sound.several.clock import on_one_clock

    fits, aligned = _fitting(found)
    return fits, on_one_clock([recordings[place] for place in fits], aligned)


def _fitting(found: Together) -> tuple[list[int], list[Aligned | None]]:
    """Those that belong together: their places, and how each runs with the first one."""
    from earwitness.sound.several.align import NotSame

    places = [place for place, each in enumerate(found.members) if not isinstance(each, NotSame)]
    return places, [each for each in found.members if not isinstance(each, NotSame)]


def _written(
    folder: Path,
    originals: Sequence[Path],
    named: Sequence[tuple[str, Recording]],
    record: str = "",
) -> list[Path]:
    """The recordings, and beside them ``record`` if there is any. Raises InputError."""
    from earwitness.audio.original import write_original

    files: list[tuple[Path, bytes]] = []
    for name, recording in named:
        made = write_original(recording)
        files.append((folder / f"{name}{made.suffix}", made.content))
    written = [target for target, _ in files]
    if record:
        files.append((folder / "combined.json", record.encode()))
    try:
        for target, _ in files:
            _require_no_original(target, originals)
        folder.mkdir(parents=True, exist_ok=True)
        for target, content in files:
            target.write_bytes(content)
    except OSError as error:
        raise InputError(f"--out: {error.filename}: {error.strerror}.") from error
    return written


def _require_no_original(target: Path, originals: Sequence[Path]) -> None:
    if target.exists() and any(target.samefile(each) for each in originals):
        raise InputError(f"--out: {target}: is an original, which is left as it is.")


@sound.command()
def combine(
    context: typer.Context,
    first: First,
    others: Others,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Write it there.")],
    how: Annotated[
        How,
        typer.Option(help="sum: the mean, delays taken out; beam: MVDR; sources: FastMNMF2."),
    ] = How.SUM,
    noise: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="FROM TO", help="For beam: seconds of the result without the sound you want."
        ),
    ] = None,
    sources: Annotated[int, typer.Option(help="For sources: into how many.")] = 2,
    clock: Clocks = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Make one recording of several of the same event, or take apart what they hold.

    They are aligned first; with one that is refused nothing is combined, and the exit code is 1.
    Beside the result lies combined.json: what it was made of, by hash, how, and with which
    versions. The same command gives the same samples again.
    """
    screen, paths = Screen(as_json), (first, *others)
    if (how is How.BEAM) != (noise is not None):
        raise InputError("--noise FROM TO goes with --how beam, which needs it.")
    if noise and not all(map(math.isfinite, noise)):
        raise InputError("--noise FROM TO are two moments in seconds.")
    with opened(context) as program:
        recordings, found = _aligned(paths, clock, program, screen)
        told = [_plain(path, each) for path, each in zip(others, found.members[1:], strict=True)]
        if any("refused" in each for each in told):
            screen.result({"recordings": told}, lambda out: _show_aligned(told, out))
            raise typer.Exit(1)
        _, together = _on_one_clock(recordings, found)
        with screen.waiting("Combining"):
            made = _combined(together, how, noise, sources)
        record = {
            "combined": 1,
            "how": how,
            "noise_s": noise,
            "sources": sources if how is How.SOURCES else None,
            "recordings": [{"file": first, "sha256": _sha256(first)}]
            + [{"sha256": _sha256(path), **each} for path, each in zip(others, told, strict=True)],
            "components": program.workshop.components(),
            "sha256_of_samples": [program.workshop.digest(each) for each in made],
        }
    parts = [f"-{number}" for number, _ in enumerate(made, 1)] if len(made) > 1 else [""]
    names = [f"combined-{how}{part}" for part in parts]
    written = _written(out, paths, list(zip(names, made, strict=True)), dump(record) + "\n")
    result = {**record, "written": written}
    screen.result(result, lambda console: _show_combined(told, written, console))


def _combined(
    together: Sequence[Recording], how: How, noise: tuple[float, float] | None, sources: int
) -> Sequence[Recording]:
    from earwitness.sound.several.combine import delay_and_sum, mvdr, separated

    if how is How.SOURCES:
        return separated(together, sources)
    return [mvdr(together, noise) if noise else delay_and_sum(together)]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror}.") from error


def _show_combined(told: list[dict[str, Any]], written: list[Path], out: Console) -> None:
    _show_aligned(told, out)
    for path in written:
        out.print(cell(str(path), "bold"))
    out.print(cell("  what it was made of is in combined.json", "dim"))
