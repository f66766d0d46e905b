"""What the lead's pages share: who may, how they are filled in, how a decision is confirmed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import Form, Request, Response

from earwitness.accounts import Account, Role
from earwitness.doors.workbench import tables
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.sound import Tickets
from earwitness.doors.workbench.tables import Cell, Table
from earwitness.errors import InputError
from earwitness.flow.gold import reasoned
from earwitness.ports import Records
from earwitness.review.judgement import MAX_NOTE

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

LEAD = "/workbench/lead"
LEADS = frozenset({Role.LEAD})
READERS = frozenset({Role.LEAD, Role.AUDITOR})
"""Auditors read where nothing can be changed and nobody's speech is told."""

Short = Annotated[str, Form(max_length=200)]
Why = Annotated[str, Form(max_length=MAX_NOTE)]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    path: str
    roles: frozenset[Role]


SECTIONS = (
    Section("Queue", f"{LEAD}/queue", READERS),
    Section("Terms", f"{LEAD}/terms", READERS),
    Section("Revisions", f"{LEAD}/revisions", READERS),
    Section("Unknown words", f"{LEAD}/words", LEADS),
    Section("Agreement", f"{LEAD}/agreement", READERS),
    Section("Judged clips", f"{LEAD}/clips", LEADS),
    Section("Accuracy", f"{LEAD}/accuracy", LEADS),
    Section("Guess first", f"{LEAD}/guess-first", READERS),
    Section("Files", f"{LEAD}/files", LEADS),
)


class Desk:
    """The parts that every one of these pages needs. Its endpoints run on threads."""

    def __init__(self, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
        self.program, self.pages, self.tickets = program, pages, tickets

    @property
    def records(self) -> Records:
        return self.program.records

    def show(
        self, request: Request, template: str, status: int = 200, **filled: object
    ) -> Response:
        roles = account(request).roles
        return self.pages.show(
            request,
            f"lead/{template}",
            status,
            sections=[section for section in SECTIONS if section.roles & roles],
            may_change=Role.LEAD in roles,
            **filled,
        )

    def listed(self, request: Request, template: str, table: Table, **filled: object) -> Response:
        """The page, or its list as a file."""
        if table.asked.as_csv:
            return tables.as_csv(table, template.removesuffix(".html"))
        return self.show(request, template, 200, table=table, **filled)


def account(request: Request) -> Account:
    found: Account = request.state.visitor.account
    return found


def confirmed(why: str, confirm: str) -> str:
    """The reason. Raises InputError unless there is one and the box was ticked."""
    if confirm != "yes":
        raise InputError("Tick the box that says what will happen; nothing was changed.")
    return reasoned(why)


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return uuid.uuid4().hex


def age(since: timedelta) -> str:
    """
    >>> age(timedelta(minutes=95)), age(timedelta(days=3, hours=5)), age(timedelta(hours=1))
    ('1 h 35 min', '3 d 5 h', '1 h')
    """
    minutes = int(since.total_seconds() // 60)
    parts = (minutes // (24 * 60), "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")
    said = [f"{number} {unit}" for number, unit in (parts[:2] if parts[0][0] else parts) if number]
    return " ".join(said) or "under 1 min"


def moment(at: datetime | None, present: datetime) -> Cell:
    """How long ago, and exactly on hover."""
    if at is None:
        return Cell(None)
    return Cell(at, f"{age(present - at)} ago", hint=exact(at))


def exact(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
