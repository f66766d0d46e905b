"""How the values of the domain look in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from earwitness.doors.cli.screen import cell, clock, percent, printable
from earwitness.model import Flag, Heard, Interval, Term, Transcript, Trial, TrialOutcome
from earwitness.speech.alignment import side_by_side
from earwitness.speech.text import words

DOUBTFUL = 0.6
"""Words of lower confidence are drawn as doubtful."""

UNHEARD = "Its own clip is still heard without it; give another spelling of its sound: --spoken."

OUTCOMES = {
    TrialOutcome.LIVE: ("live", "green"),
    TrialOutcome.HELD: ("held back", "red"),
    TrialOutcome.REFUSED: ("refused", "red"),
}


def heard(transcript: Transcript) -> Text:
    """The text, its doubtful words yellow and its taught words bold."""
    drawn = Text()
    for word in transcript.best.words:
        style = "yellow" if word.confidence < DOUBTFUL else ""
        drawn.append(printable(word.text), f"{style} bold" if word.term else style)
        drawn.append(" ")
    drawn.rstrip()
    return drawn if drawn.plain else Text("(nothing)", "dim")


def reasons(flags: Sequence[Flag]) -> list[Text]:
    """One line a flag: its rule, and its reason, which shows the number."""
    width = max((len(flag.rule) for flag in flags), default=0)
    return [_reason(flag, width) for flag in flags]


def _reason(flag: Flag, width: int) -> Text:
    return Text.assemble((f"{flag.rule:<{width}}", "yellow"), "  ", printable(flag.reason))


def place(start: float | None, end: float | None) -> str:
    """Where in the clip: ``1.2-1.6 s``; empty when unknown."""
    return "" if start is None or end is None else f"{start:.1f}-{end:.1f} s"


def difference(human: str, machine: str, width: int) -> Iterator[Text]:
    """Both texts word under word, what differs yellow, no line over ``width``."""
    pairs = side_by_side(words(human), words(machine))
    columns = [(printable(mine), printable(theirs)) for mine, theirs in pairs]
    while columns:
        line, columns = _fitting(columns, width - 9)
        yield _row("you      ", (mine for mine, _ in line), line, "bold")
        yield _row("machine  ", (theirs for _, theirs in line), line, "")


def _fitting(
    columns: list[tuple[str, str]], width: int
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """As many columns as fit, at least one, and the rest."""
    used, count = 0, 0
    for used_by in (max(map(len, column)) + 1 for column in columns):
        if count and used + used_by > width:
            break
        used, count = used + used_by, count + 1
    return columns[:count], columns[count:]


def _row(label: str, texts: Iterable[str], line: Sequence[tuple[str, str]], style: str) -> Text:
    drawn = Text(label, "dim")
    for text, (mine, theirs) in zip(texts, line, strict=True):
        shade = style if mine == theirs else f"{style} yellow".strip()
        drawn.append(f"{text or '·':<{max(len(mine), len(theirs))}} ", shade or "default")
    return drawn


def trial(
    screen: Console, tried: Trial, outcome: TrialOutcome, revision: int | None = None
) -> None:
    """Gain and harm, and what became of the term."""
    name = (printable(tried.term.written), "bold")
    screen.print(Text.assemble("Trial of ", name, (forms(tried.term), "dim")))
    if tried.regression_clips or tried.clip:
        screen.print(Padding(gain_and_harm(tried), (0, 0, 0, 2)))
    screen.print(Padding(_decision(tried, outcome, revision), (0, 0, 0, 2)))
    if outcome is TrialOutcome.LIVE and tried.clip and not tried.recognised:
        screen.print(Padding(Text(UNHEARD, "yellow"), (0, 0, 0, 2)))


def _decision(tried: Trial, outcome: TrialOutcome, revision: int | None) -> Text:
    word, style = OUTCOMES[outcome]
    live = outcome is TrialOutcome.LIVE and revision is not None
    where = f" as revision {revision}, after {clock(tried.seconds)}" if live else ""
    because = f": {printable(tried.because)}" if tried.because else ""
    return Text.assemble((word, f"bold {style}"), where, because)


def gain_and_harm(tried: Trial) -> Table:
    grid = Table.grid(padding=(0, 2))
    if tried.clip is not None:
        mark = ("heard", "green") if tried.recognised else ("not heard", "red")
        grid.add_row(Text("this clip", "dim"), _change(tried.clip, mark))
    grid.add_row(Text("backlog", "dim"), f"{len(tried.settles)} settled")
    on = f"{tried.regression_clips} clips, {tried.regression_hours * 60:.1f} min{_decoded(tried)}"
    grid.add_row(Text("harm", "dim"), Text.assemble("measured on ", on))
    grid.add_row("", Text.assemble("other words' errors   ", points(tried.u_wer_change)))
    grid.add_row("", Text.assemble("false accepts         ", hourly(tried.false_accepts_per_hour)))
    return grid


def _decoded(tried: Trial) -> str:
    """How many clips were decoded, where it was not all of them."""
    if tried.decoded_clips in (None, tried.regression_clips):
        return ""
    return f" (the {tried.decoded_clips} nearest decoded)"


def _change(clip: Heard, mark: tuple[str, str]) -> Text:
    return Text.assemble(mark, "  ", printable(clip.after))


def forms(term: Term) -> str:
    """What a term was misheard as, and how else it is spoken."""
    parts = []
    if term.misheard:
        parts.append("misheard as " + ", ".join(map(printable, term.misheard)))
    if term.spoken:
        parts.append("spoken as " + ", ".join(map(printable, term.spoken)))
    return f"  ({'; '.join(parts)})" if parts else ""


def points(change: Interval) -> Text:
    """A change of a rate in percentage points, with its interval; red when it hurts."""
    style = "red" if change.value > 0 else ""
    return Text.assemble(
        (f"{change.value * 100:+.2f} points", style),
        (f"  (95 %: {change.low * 100:+.2f} to {change.high * 100:+.2f})", "dim"),
    )


def hourly(count: Interval) -> Text:
    style = "red" if count.value > 0 else ""
    return Text.assemble(
        (f"{count.value:.1f} per hour", style),
        (f"  (95 %: {count.low:.1f} to {count.high:.1f})", "dim"),
    )


def confidence(value: float) -> Text:
    return cell(percent(value), "yellow" if value < DOUBTFUL else "")
