"""``earwitness queue``: what waits for a human, without a word of what the machine heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen, ago, cell, clock, table

if TYPE_CHECKING:
    from earwitness.flow.listeners import Agreement
    from earwitness.model import ReviewItem, Utterance

Row = tuple["ReviewItem", "Utterance"]
All = Annotated[bool, typer.Option("--all", help="Show what is closed or settled, too.")]
Limit = Annotated[int, typer.Option(min=1, metavar="N", help="Show at most so many.")]
Agreed = Annotated[
    bool, typer.Option("--agreement", help="Show instead how far blind listeners agree.")
]


@app.command()
def queue(
    context: typer.Context,
    all_items: All = False,
    limit: Limit = 20,
    agreement: Agreed = False,
    as_json: Json = False,
) -> None:
    """Show what waits for a human, most valuable first.

    What the machine heard is not shown: whoever has read it cannot listen without it.
    """
    from earwitness.review.queue import OPEN

    with opened(context) as program:
        if agreement:
            found = program.agreement()
            Screen(as_json).result(found, lambda out: _show_agreement(found, out))
            return
        records = program.records
        items = records.items(() if all_items else tuple(sorted(OPEN)), limit)
        rows = [(item, records.utterance(item.utterance)) for item in items]
    Screen(as_json).result([_plain(*row) for row in rows], lambda out: _show(rows, out))


def _plain(item: ReviewItem, utterance: Utterance) -> dict[str, Any]:
    return {
        "utterance": item.utterance,
        "state": item.state,
        "priority": item.priority,
        "queued_at": item.queued_at,
        "seconds": utterance.transcript.seconds,
        "source": utterance.source,
        "rules": _rules(utterance),
        "closed_because": item.closed_because,
    }


def _rules(utterance: Utterance) -> list[str]:
    return list(dict.fromkeys(flag.rule for flag in utterance.flags))


def _show_agreement(found: Agreement, out: Console) -> None:
    if not found.clips:
        out.print("No clip has two blind listeners yet.")
        return
    out.print(f"{found.agreed} of {found.clips} clips: the same verdict and the same words")
    for name, value in (
        ("words in common", found.words),
        ("Cohen's kappa of verdicts", found.kappa),
        ("Krippendorff's alpha of verdicts", found.alpha),
    ):
        out.print(f"{name}: {'nothing to compare' if value is None else f'{value:.2f}'}")


def _show(rows: Sequence[Row], out: Console) -> None:
    if not rows:
        out.print("Nothing waits.")
        return
    now = datetime.now(UTC)
    shown = table(
        "utterance", "state", "waits", "length", "device", "why", right=["waits", "length"]
    )
    for item, utterance in rows:
        shown.add_row(
            item.utterance[:8],
            item.state.value,
            ago(item.queued_at, now),
            clock(utterance.transcript.seconds),
            cell(utterance.source.device),
            cell(item.closed_because or ", ".join(_rules(utterance)), "yellow"),
        )
    out.print(shown)
