"""Terms as CSV, for a spreadsheet and back.

A header, then one term a line: ``written,spoken,misheard,scope,weight,why``; only the
first column must be there. Several forms stand in one cell, parted by ``|``. Cells
that a spreadsheet would take for a formula get an apostrophe in front, which is
taken off again on the way back.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping

from earwitness.errors import InputError
from earwitness.model import EVERYWHERE, Term

COLUMNS = ("written", "spoken", "misheard", "scope", "weight", "why")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_PART = "|"


def write(terms: Iterable[Term]) -> str:
    """The whole file."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows([_guarded(cell) for cell in _cells(term)] for term in terms)
    return text.getvalue()


def read(text: str, name: str) -> list[Term]:
    """The terms of a file. Raises InputError, which names ``name`` and the line."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        _check_header(rows.fieldnames or (), name)
        return [_term(row, f"{name}, line {rows.line_num}") for row in rows]
    except csv.Error as error:
        raise InputError(f"{name}, line {rows.line_num + 1}: not CSV: {error}.") from error


def _check_header(header: Iterable[str], name: str) -> None:
    unknown = [column for column in header if column not in COLUMNS]
    if "written" not in header or unknown:
        asked = ", ".join(COLUMNS)
        raise InputError(f"{name}: the first line must name columns out of {asked}.")


def _cells(term: Term) -> tuple[str, ...]:
    spoken, misheard = _PART.join(term.spoken), _PART.join(term.misheard)
    return (term.written, spoken, misheard, term.scope, f"{term.weight:g}", term.why)


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _term(row: Mapping[str | None, str | None], where: str) -> Term:
    if None in row:
        raise InputError(f"{where}: more cells than columns.")
    cells = {column: _bare(cell or "") for column, cell in row.items()}
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
    if not (math.isfinite(weight) and weight > 0):
        raise InputError(f"{where}: the weight must be a number over 0, not {cell!r}.")
    return weight
