"""Clips that sound alike: one is judged, three are compared, the rest is settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request

from earwitness.accounts import Role
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.workbench.roles import only
from earwitness.errors import InputError
from earwitness.flow import groups
from earwitness.model import Lease, SoundGroup
from earwitness.review.grouping import CONFIRMATIONS, Standing, standing

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

LISTENERS = frozenset({Role.ANALYST, Role.LEAD})
Id = Annotated[str, Path(max_length=100)]


class Count(shapes.Shape):
    """How many waiting clips sound like this one; nothing of what was heard."""

    alike: int


class Word(shapes.Shape):
    """A word of one's own judgement."""

    written: shapes.Name


class Compared(shapes.Held):
    """Whether the word of the group is heard in the leased clip."""

    utterance: shapes.Name
    same: bool


class Group(shapes.Shape):
    """``needed`` clips must have the same word; one that has another ends the group."""

    id: str
    utterance: str
    written: str
    members: int
    answered: int
    needed: int
    standing: Standing
    settled_in: int | None

    @classmethod
    def of(cls, group: SoundGroup) -> Group:
        return cls(
            id=group.id,
            utterance=group.utterance,
            written=group.written,
            members=len(group.members),
            answered=len(group.answers),
            needed=CONFIRMATIONS,
            standing=standing(group.answers),
            settled_in=group.settled_in,
        )


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    for path, method, operation, status in (
        ("/clips/{utterance}/alike", "GET", desk.count, 200),
        ("/clips/{utterance}/alike", "POST", desk.begin, 201),
        ("/alike/{group}", "GET", desk.group, 200),
        ("/alike/{group}/next", "POST", desk.ask, 200),
        ("/alike/{group}/answer", "POST", desk.answer, 200),
    ):
        router.add_api_route(path, operation, methods=[method], status_code=status)


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._program = program

    @only(LISTENERS)
    def count(self, utterance: Id) -> Count:
        """How many that wait sound like this clip."""
        return Count(alike=len(groups.alike(utterance, on=self._program.teaching)))

    @only(LISTENERS)
    def begin(self, request: Request, utterance: Id, word: Word) -> Group:
        """Around a clip in which one has written this word; begun again it goes on."""
        now, on = datetime.now(UTC), self._program.teaching
        group = groups.begin(utterance, _name(request), word.written, now, on=on)
        if group is None:
            raise InputError("Too few of the clips that wait sound like this one.")
        return Group.of(group)

    @only(LISTENERS)
    def group(self, group: Id) -> Group:
        """How it stands."""
        return Group.of(self._program.records.group(group))

    @only(LISTENERS)
    def ask(self, request: Request, group: Id) -> shapes.Leased | None:
        """Leases the next clip to be compared; null when there is none, or no need."""
        ttl = timedelta(minutes=self._program.settings.lease_minutes)
        now, records = datetime.now(UTC), self._program.records
        asked = groups.ask(group, _name(request), now, ttl, records=records)
        return shapes.Leased.of(asked) if asked else None

    @only(LISTENERS)
    def answer(self, request: Request, group: Id, compared: Compared) -> Group:
        """What confirms the group settles its clips, by the server's worker."""
        now, records = datetime.now(UTC), self._program.records
        lease = Lease(compared.token, compared.utterance, _name(request), now)
        groups.answer(group, lease, compared.same, now, records=records)
        self._program.nudge()
        return Group.of(records.group(group))


def _name(request: Request) -> str:
    return bearer_of(request).account.name
