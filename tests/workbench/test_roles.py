"""Who may see what: every route, every role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from tests.doors.servers import Running, up

from earwitness.accounts import Account, Password, Role
from earwitness.config import Settings
from earwitness.doors.workbench import router
from earwitness.doors.workbench.roles import ANYBODY
from earwitness.flow import access, accounts
from earwitness.wiring import Earwitness

PATHS = {
    "name": "join.js", "utterance": "u", "token": "t", "passkey": "p", "session": "s",
    "account": "a", "invitation": "00", "ticket": "t", "playback": "p",
}  # fmt: skip
KNOWN = Password("no password opens this", b"t" * accounts.TOTP_BYTES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with up(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[APIRoute]:
    with Earwitness.open(Settings(data=tmp_path_factory.mktemp("data"))) as program:
        return [each for each in router(program).routes if isinstance(each, APIRoute)]


def signed_in(server: Running, role: Role) -> dict[str, str]:
    """A cookie of somebody with this role alone."""
    now = datetime.now(UTC)
    with Earwitness.open(server.settings) as program:
        records = program.records
        link = accounts.offer(frozenset({role}), "test", now, records=records)
        new = Account(f"{role}-{now:%f}", f"{role} {now:%f}", frozenset(), now)
        made = records.make_account(access.secret_hash(link.secret), new, KNOWN)
        return {"earwitness": accounts.begin(made, "", now, records=records).secret}


@pytest.mark.parametrize("role", [None, *Role])
def test_every_route_lets_in_its_roles_and_nobody_else(
    server: Running, routes: list[APIRoute], role: Role | None
) -> None:
    url = f"http://127.0.0.1:{server.http_port}"
    assert len(routes) >= 12
    for route in routes:
        may = route.roles == ANYBODY or role in route.roles  # type: ignore[attr-defined]
        for method in route.methods:
            with httpx.Client(base_url=url, headers={"Origin": url}) as browser:
                if role:
                    browser.cookies.update(signed_in(server, role))
                path = route.path
                for name, value in PATHS.items():
                    path = path.replace(f"{{{name}}}", value)
                assert "{" not in path, "PATHS has no value for it"
                answer = browser.request(method, path)
            entered = answer.headers.get("location") != "/sign-in"
            if method == "POST" and role:  # without the token of a form nobody changes anything
                assert answer.status_code == 403
            elif may:
                assert (entered and answer.status_code not in (401, 500)) or method == "POST"
                assert "Your roles" not in answer.text
            else:
                assert not entered or answer.status_code in (401, 403), (path, method)


def test_a_route_that_names_no_roles_cannot_be_made(tmp_path: Path) -> None:
    async def forgotten() -> None: ...

    with Earwitness.open(Settings(data=tmp_path)) as program:
        made: APIRouter = router(program)
        with pytest.raises(TypeError, match="forgotten does not say"):
            made.add_api_route("/forgotten", forgotten)
