"""Terms as CSV, for a spreadsheet and back.

A header, then one term a line: ``written,spoken,misheard,scope,weight,why``; only the
first column must be there. Several forms stand in one cell, parted by ``|``. Cells
that a spreadsheet would take for a formula get an apostrophe in front, which is
taken off again on the way back.

What spreadsheets write is read, too: a byte order mark, semicolons between the cells
where the first line has them, and rows of empty cells at the end.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from earwitness.doors.formats.cells import bare, guarded
from earwitness.errors import InputError
from earwitness.model import EVERYWHERE, Term
from earwitness.speech.lexicon import HEAVIEST

COLUMNS = ("written", "spoken", "misheard", "scope", "weight", "why")
_PART = "|"
LIGHTEST = 0.1
"""A lighter term would hardly ever be heard; ``HEAVIEST`` is the recognisers' own bound."""


def write(terms: Iterable[Term]) -> str:
    """The whole file."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows([guarded(cell) for cell in _cells(term)] for term in terms)
    return text.getvalue()


def read(text: str, name: str) -> list[Term]:
    """The terms of a file. Raises InputError, which names ``name``, the line and the column."""
    text = text.removeprefix("\ufeff")
    lines = io.StringIO(text, newline="")
    rows = csv.DictReader(lines, strict=True, delimiter=_delimiter(text))
    try:
        _check_header(rows.fieldnames or (), f"{name}, line 1")
        return list(_terms(rows, name))
    except csv.Error as error:
        raise InputError(f"{name}, line {rows.line_num + 1}: not CSV: {error}.") from error


def _terms(rows: csv.DictReader[str], name: str) -> Iterator[Term]:
    """Each once: of two rows for one term the first would be lost without a word."""
    lines: dict[str, int] = {}
    for row in rows:
        if any(row.values()):
            term = _term(row, f"{name}, line {rows.line_num}")
            first = lines.setdefault(term.key, rows.line_num)
            if first != rows.line_num:
                where = f"{name}, line {rows.line_num}, column 'written'"
                raise InputError(f"{where}: {term.written!r} is on line {first} already.")
            yield term


def _delimiter(text: str) -> str:
    """No column's name has either, so the first line decides."""
    header = text.partition("\n")[0]
    return ";" if header.count(";") > header.count(",") else ","


def _check_header(header: Sequence[str], where: str) -> None:
    for place, column in enumerate(header, start=1):
        if column not in COLUMNS:
            known = ", ".join(COLUMNS)
            raise InputError(f"{where}, column {place}: {column!r} is none of {known}.")
        if column in header[: place - 1]:
            raise InputError(f"{where}, column {place}: {column!r} is there twice.")
    if "written" not in header:
        raise InputError(f"{where}: no column 'written', which holds the terms.")


def _cells(term: Term) -> tuple[str, ...]:
    spoken, misheard = _PART.join(term.spoken), _PART.join(term.misheard)
    return (term.written, spoken, misheard, term.scope, f"{term.weight:g}", term.why)


def _term(row: Mapping[str | None, str | None], where: str) -> Term:
    if None in row:
        raise InputError(f"{where}, column {len(row)}: more cells than the first line has names.")
    cells = {column: bare(cell or "") for column, cell in row.items()}
    if not cells["written"]:
        raise InputError(f"{where}, column 'written': the term is empty.")
    return Term(
        written=cells["written"],
        spoken=_forms(cells.get("spoken", "")),
        misheard=_forms(cells.get("misheard", "")),
        scope=cells.get("scope") or EVERYWHERE,
        weight=_weight(cells.get("weight") or "1", where),
        why=cells.get("why", ""),
    )


def _forms(cell: str) -> tuple[str, ...]:
    return tuple(form.strip() for form in cell.split(_PART) if form.strip())


def _weight(cell: str, where: str) -> float:
    try:
        weight = float(cell)
    except ValueError:
        weight = math.nan
    if not LIGHTEST <= weight <= HEAVIEST:
        raise InputError(
            f"{where}, column 'weight': it must be a number from {LIGHTEST:g} to {HEAVIEST:g}, "
            f"1 being normal, not {cell!r}."
        )
    return weight
