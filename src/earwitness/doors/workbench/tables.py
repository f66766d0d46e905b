"""The one kind of list: sorted by its headers, filtered, paged, linked, and as CSV.

Everything is in the address, so that a list can be sent to somebody: ``sort`` and
``order`` (asc, desc), ``q`` (what rows must contain), ``page`` or ``after``, ``limit``,
and ``format=csv`` for the same rows as a file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Request, Response

from earwitness.doors.formats.cells import guarded
from earwitness.errors import InputError

LIMITS = (50, 200, 1000)
MAX_PAGE = 100_000
MAX_Q = 200
ASC, DESC = "asc", "desc"

T = TypeVar("T")
Value = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """``number``: what it holds stands on the right."""

    name: str
    title: str
    sortable: bool = True
    number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """``value`` sorts and goes into CSV; ``shown`` is read on the page, else the value itself.

    ``tone`` is doubt, harm or settled; ``hint`` is told on hover.
    """

    value: Value
    shown: str = ""
    link: str = ""
    tone: str = ""
    hint: str = ""

    @property
    def text(self) -> str:
        return self.shown or _plain(self.value)


Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of a list. ``others`` are parameters of the page itself."""

    path: str
    sort: str
    order: str
    q: str
    page: int
    after: str
    limit: int
    as_csv: bool
    others: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls, request: Request, columns: Sequence[Column], *, sort: str, order: str = ASC,
        others: Sequence[str] = (),
    ) -> Asked:  # fmt: skip
        """Raises InputError for what this list has not; ``sort`` and ``order`` are its own."""
        given = request.query_params
        asked = cls(
            path=request.url.path,
            sort=given.get("sort") or sort,
            order=given.get("order") or (order if (given.get("sort") or sort) == sort else ASC),
            q=given.get("q", "").strip()[:MAX_Q],
            page=_number(given.get("page") or "1", "page", range(1, MAX_PAGE)),
            after=given.get("after", "")[:MAX_Q],
            limit=_number(given.get("limit") or str(LIMITS[0]), "limit", LIMITS),
            as_csv=given.get("format") == "csv",
            others=tuple((name, given[name]) for name in others if given.get(name)),
        )
        if asked.sort not in [column.name for column in columns if column.sortable] + [sort]:
            raise InputError(f"This list cannot be sorted by {asked.sort!r}.")
        if asked.order not in (ASC, DESC):
            raise InputError(f"The order is {ASC} or {DESC}, not {asked.order!r}.")
        return asked

    @property
    def reverse(self) -> bool:
        return self.order == DESC

    def link(self, **changed: str | int) -> str:
        """This list with something else asked; what is empty is left out."""
        kept: dict[str, str | int] = {
            **dict(self.others), "q": self.q, "sort": self.sort, "order": self.order,
            "limit": "" if self.limit == LIMITS[0] else self.limit, **changed,
        }  # fmt: skip
        query = urlencode({name: value for name, value in kept.items() if value != ""})
        return f"{self.path}?{query}" if query else self.path

    def sorted_by(self, column: Column) -> str:
        """The link of a header: the other order where the list is sorted by it already."""
        turned = DESC if self.sort == column.name and self.order == ASC else ASC
        return self.link(sort=column.name, order=turned)

    @property
    def csv_link(self) -> str:
        page = {"page": self.page} if self.page > 1 else {}
        after = {"after": self.after} if self.after else {}
        return self.link(format="csv", **page, **after)


@dataclass(frozen=True, slots=True)
class Table:
    """A list as it is shown. ``note`` is said where it is empty."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    asked: Asked
    note: str = "Nothing is here."
    total: str = ""
    filter_label: str = ""
    previous: str = ""
    following: str = ""
    limits: tuple[int, ...] = field(default=LIMITS)

    def sort_state(self, column: Column) -> str:
        """For screen readers: aria-sort."""
        if column.name != self.asked.sort:
            return "none"
        return "descending" if self.asked.reverse else "ascending"


def in_memory(
    caption: str,
    columns: Sequence[Column],
    items: Sequence[T],
    asked: Asked,
    row: Callable[[T], Row],
    *,
    note: str = "",
    filtered: bool = True,
) -> Table:
    """A page of values that are all at hand: filtered by ``q``, sorted, cut out, made rows of.

    A sortable column is an attribute of the values, of the same name; ``q`` looks at those.
    Values without it come last, whatever the order.
    """
    names = [column.name for column in columns if column.sortable]
    wanted = asked.q.casefold() if filtered else ""
    found = [each for each in items if wanted in _text(each, names)] if wanted else list(items)
    if asked.sort in names:
        found = _sorted(found, asked.sort, asked.reverse)
    first = (asked.page - 1) * asked.limit
    more = len(found) > first + asked.limit
    return Table(
        caption=caption,
        columns=tuple(columns),
        rows=tuple(map(row, found[first : first + asked.limit])),
        asked=asked,
        note=note or "Nothing is here.",
        total=f"{len(found)} of {len(items)}" if wanted else f"{len(items)}",
        filter_label="Containing" if filtered else "",
        previous=asked.link(page=asked.page - 1) if asked.page > 1 else "",
        following=asked.link(page=asked.page + 1) if more else "",
    )


def _sorted(items: Sequence[T], name: str, reverse: bool) -> list[T]:
    having = [each for each in items if getattr(each, name) not in (None, "")]
    having.sort(key=lambda each: _key(getattr(each, name)), reverse=reverse)
    return having + [each for each in items if getattr(each, name) in (None, "")]


def _text(item: object, names: Sequence[str]) -> str:
    return "\n".join(_plain(getattr(item, name)) for name in names).casefold()


def as_csv(table: Table, name: str) -> Response:
    """Exactly the rows of the page, as a file; formulas are disarmed."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow([guarded(column.title) for column in table.columns])
    for row in table.rows:
        rows.writerow([_for_csv(row[column.name].value) for column in table.columns])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text.getvalue().encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _for_csv(value: Value) -> str | int | float:
    """Numbers are ours and may be negative; every text might be somebody's formula."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return guarded(value.isoformat() if isinstance(value, datetime) else _plain(value))


def _plain(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _key(value: Any) -> Any:
    """Texts by their letters; a column has values of one kind."""
    return value.casefold() if isinstance(value, str) else value


def _number(text: str, name: str, allowed: Sequence[int]) -> int:
    if text.isdecimal() and len(text) < 7 and int(text) in allowed:
        return int(text)
    raise InputError(f"{text[:20]!r} is no {name} of a list.")
