"""Accounts, invitations, and where guesses come first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Path, Request

from earwitness.accounts import Role
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.settings import shown
from earwitness.flow import accounts
from earwitness.flow.tokens import is_live

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
LEADS = frozenset({Role.LEAD})
Id = Annotated[str, Path(max_length=200)]
log = structlog.get_logger(__name__)


class Invitation(shapes.Shape):
    """A link that nobody used yet. ``id`` opens nothing."""

    id: str
    roles: list[Role]
    by: str
    expires_at: datetime


class Setting(shapes.Shape):
    """One setting, and where its value comes from."""

    name: str
    value: str
    source: str
    about: str


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    for path, method, operation, status in (
        ("/accounts", "GET", desk.accounts, 200),
        ("/invitations", "GET", desk.invitations, 200),
        ("/invitations", "POST", desk.invite, 201),
        ("/invitations/{invitation}", "DELETE", desk.withdraw, 204),
        ("/tokens", "GET", desk.tokens, 200),
        ("/tokens/{token}", "DELETE", desk.revoke_token, 204),
        ("/settings", "GET", desk.settings, 200),
        ("/accounts/{account}/roles", "PUT", desk.set_roles, 200),
        ("/accounts/{account}/sessions", "DELETE", desk.end_sessions, 204),
        ("/accounts/{account}/disable", "POST", desk.disable, 200),
        ("/guess-first", "GET", desk.guesses, 200),
        ("/guess-first/{household}", "PUT", desk.allow_guesses, 204),
        ("/guess-first/{household}", "DELETE", desk.forbid_guesses, 204),
    ):
        router.add_api_route(path, operation, methods=[method], status_code=status)


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._program, self._records = program, program.records

    @only(ADMINISTRATORS)
    def accounts(self) -> list[shapes.AccountShape]:
        """Disabled ones too, oldest first."""
        return [shapes.AccountShape.of(each) for each in self._records.accounts()]

    @only(ADMINISTRATORS)
    def invite(self, request: Request, wanted: shapes.RolesOf) -> shapes.Invited:
        """A one-time link that makes an account with these roles."""
        offer = accounts.offer(
            frozenset(wanted.roles), _name(request), datetime.now(UTC), records=self._records
        )
        return shapes.Invited(
            secret=offer.secret, roles=sorted(offer.roles), expires_at=offer.expires_at
        )

    @only(ADMINISTRATORS)
    def invitations(self) -> list[Invitation]:
        """Links that nobody used yet; their secrets are kept nowhere."""
        return [
            Invitation(id=each.id, roles=sorted(each.roles), by=each.by, expires_at=each.expires_at)
            for each in self._records.invitations(datetime.now(UTC))
        ]

    @only(ADMINISTRATORS)
    def withdraw(self, request: Request, invitation: Id) -> None:
        """Its link is worth nothing from now on."""
        self._records.withdraw_invitation(invitation)
        log.info("invitation withdrawn", account=bearer_of(request).account.id)

    @only(ADMINISTRATORS)
    def tokens(self) -> list[shapes.TokenShape]:
        """Everybody's that are still good."""
        now = datetime.now(UTC)
        live = (each for each in self._records.tokens() if is_live(each, now))
        return [shapes.TokenShape.of(each) for each in live]

    @only(ADMINISTRATORS)
    def revoke_token(self, request: Request, token: Id) -> None:
        """Anybody's, for good."""
        revoked = self._records.revoke_token(token, datetime.now(UTC))
        by = bearer_of(request).account.id
        log.info("token revoked", account=revoked.account, by=by, token=token)

    @only(ADMINISTRATORS)
    def settings(self) -> list[Setting]:
        """As they are in force; of a secret, only whether there is one."""
        return [Setting(**shapes.fields(each)) for each in shown(self._program.settings)]

    @only(ADMINISTRATORS)
    def set_roles(self, account: Id, wanted: shapes.RolesOf) -> shapes.AccountShape:
        """Whoever it is must sign in again."""
        changed = accounts.set_roles(account, frozenset(wanted.roles), records=self._records)
        return shapes.AccountShape.of(changed)

    @only(ADMINISTRATORS)
    def end_sessions(self, account: Id) -> None:
        """Signs somebody out everywhere."""
        self._records.end_sessions(account)

    @only(ADMINISTRATORS)
    def disable(self, account: Id) -> shapes.AccountShape:
        """For good."""
        now = datetime.now(UTC)
        return shapes.AccountShape.of(self._records.disable_account(account, now))

    @only(frozenset({Role.LEAD, Role.AUDITOR}))
    def guesses(self) -> list[shapes.Guesses]:
        """Households whose listeners see the machine's text first; their answers are not blind."""
        return [
            shapes.Guesses(household=household, allowed_by=by, why=why, at=at)
            for household, (by, why, at) in self._records.guesses_allowed().items()
        ]

    @only(LEADS)
    def allow_guesses(self, request: Request, household: Id, reason: shapes.Reason) -> None:
        """Listeners see the machine's text of its clips first, and are not blind."""
        now = datetime.now(UTC)
        self._records.allow_guesses(household, _name(request), reason.why, now)

    @only(LEADS)
    def forbid_guesses(self, household: Id) -> None:
        """Listeners write first again."""
        self._records.forbid_guesses(household)


def _name(request: Request) -> str:
    return bearer_of(request).account.name
