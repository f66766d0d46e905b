"""Accounts, invitations, and where guesses come first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request

from earwitness.accounts import Account, Role
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.workbench.roles import only
from earwitness.flow import accounts

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
LEADS = frozenset({Role.LEAD})
Id = Annotated[str, Path(max_length=200)]


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    for path, method, operation, status in (
        ("/accounts", "GET", desk.accounts, 200),
        ("/invitations", "POST", desk.invite, 201),
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
        self._records = program.records

    @only(ADMINISTRATORS)
    def accounts(self) -> list[shapes.AccountShape]:
        """Disabled ones too, oldest first."""
        return [_shape(each) for each in self._records.accounts()]

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
    def set_roles(self, account: Id, wanted: shapes.RolesOf) -> shapes.AccountShape:
        """Whoever it is must sign in again."""
        changed = accounts.set_roles(account, frozenset(wanted.roles), records=self._records)
        return _shape(changed)

    @only(ADMINISTRATORS)
    def end_sessions(self, account: Id) -> None:
        """Signs somebody out everywhere."""
        self._records.end_sessions(account)

    @only(ADMINISTRATORS)
    def disable(self, account: Id) -> shapes.AccountShape:
        """For good."""
        return _shape(self._records.disable_account(account, datetime.now(UTC)))

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


def _shape(account: Account) -> shapes.AccountShape:
    return shapes.AccountShape(
        id=account.id,
        name=account.name,
        roles=sorted(account.roles),
        made_at=account.made_at,
        disabled_at=account.disabled_at,
    )
