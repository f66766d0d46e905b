"""One's own account: who a token acts for, and what of theirs is open.

A token can end what opens the account, and never makes a way in: that needs a person who
shows who they are, at a page.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request

from earwitness.accounts import Role
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.errors import NotFound
from earwitness.flow import tokens

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

Id = Annotated[str, Path(max_length=100)]


class Me(shapes.Shape):
    """Whose token this is, what it may do, and until when."""

    account: shapes.AccountShape
    token: str
    roles: list[Role]
    expires_at: datetime


class SessionShape(shapes.Shape):
    """A browser in which somebody is signed in."""

    id: str
    agent: str
    began_at: datetime
    seen_at: datetime


class PasskeyShape(shapes.Shape):
    """What opens the account without a password."""

    id: str
    name: str
    made_at: datetime
    last_used_at: datetime | None


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    for path, method, operation, status in (
        ("/me", "GET", desk.me, 200),
        ("/me/tokens", "GET", desk.tokens, 200),
        ("/me/tokens/{token}", "DELETE", desk.revoke, 204),
        ("/me/sessions", "GET", desk.sessions, 200),
        ("/me/sessions", "DELETE", desk.end_all, 204),
        ("/me/sessions/{session}", "DELETE", desk.end, 204),
        ("/me/passkeys", "GET", desk.passkeys, 200),
    ):
        router.add_api_route(path, operation, methods=[method], status_code=status)


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._records = program.records

    @only(EVERYBODY)
    def me(self, request: Request) -> Me:
        """Whose token this is."""
        bearer = bearer_of(request)
        return Me(
            account=shapes.AccountShape.of(bearer.account),
            token=bearer.token.id,
            roles=sorted(bearer.roles),
            expires_at=bearer.token.expires_at,
        )

    @only(EVERYBODY)
    def tokens(self, request: Request) -> list[shapes.TokenShape]:
        """One's own, oldest first; revoked ones too."""
        own = self._records.tokens(bearer_of(request).account.id)
        return [shapes.TokenShape.of(each) for each in own]

    @only(EVERYBODY)
    def revoke(self, request: Request, token: Id) -> None:
        """For good; this very one, too."""
        tokens.revoke(bearer_of(request).account, token, datetime.now(UTC), records=self._records)

    @only(EVERYBODY)
    def sessions(self, request: Request) -> list[SessionShape]:
        """The one that was used last comes first."""
        own = self._records.sessions(bearer_of(request).account.id)
        return [
            SessionShape(id=each.id, agent=each.agent, began_at=each.began_at, seen_at=each.seen_at)
            for each in own
        ]

    @only(EVERYBODY)
    def end(self, request: Request, session: Id) -> None:
        """Signs one browser out."""
        own = self._records.sessions(bearer_of(request).account.id)
        if session not in {each.id for each in own}:
            raise NotFound("There is no such session.")
        self._records.end_session(session)

    @only(EVERYBODY)
    def end_all(self, request: Request) -> None:
        """Signs every browser of one's own out; tokens stay good."""
        self._records.end_sessions(bearer_of(request).account.id)

    @only(EVERYBODY)
    def passkeys(self, request: Request) -> list[PasskeyShape]:
        """Oldest first. They are made and removed at the page, by who shows who they are."""
        own = self._records.passkeys(bearer_of(request).account.id)
        return [
            PasskeyShape(
                id=each.id, name=each.name, made_at=each.made_at, last_used_at=each.last_used_at
            )
            for each in own
        ]
