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
from earwitness.doors.workbench.visitors import csrf_token
from earwitness.flow import access, accounts
from earwitness.wiring import Earwitness

PATHS = {
    "case": 16 * "0",
    "name": "join.js", "utterance": "u", "token": "t", "passkey": "p", "session": "s",
    "account": "a", "invitation": "00", "ticket": "t", "playback": "p", "group": "g", "made": "m",
    "rest": "nowhere", "window": "speech", "key": "k", "finding": "f", "test": "t", "label": "l",
    "number": "1", "other": "o", "form": "report.html",
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


def made(program: Earwitness, role: Role) -> Account:
    """Somebody with this role alone."""
    now, records = datetime.now(UTC), program.records
    link = accounts.offer(frozenset({role}), "test", now, records=records)
    new = Account(f"{role}-{now:%f}", f"{role} {now:%f}", frozenset(), now)
    return records.make_account(access.secret_hash(link.secret), new, KNOWN)


@pytest.mark.parametrize("role", [None, *Role])
def test_every_route_lets_in_its_roles_and_nobody_else(
    server: Running, routes: list[APIRoute], role: Role | None
) -> None:
    """Each request comes from a session of its own, with the token of its forms."""
    url = f"http://127.0.0.1:{server.http_port}"
    assert len(routes) >= 60
    with Earwitness.open(server.settings) as program, httpx.Client(base_url=url) as browser:
        somebody = made(program, role) if role else None
        for route in routes:
            path = route.path
            for name, value in PATHS.items():
                path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
            assert "{" not in path, "PATHS has no value for it"
            may = route.roles == ANYBODY or role in route.roles  # type: ignore[attr-defined]
            for method in route.methods:
                headers = {"Origin": url}
                browser.cookies.clear()
                if somebody:
                    now = datetime.now(UTC)
                    secret = accounts.begin(somebody, "", now, records=program.records).secret
                    browser.cookies["earwitness"] = secret
                    headers["X-CSRF-Token"] = csrf_token(secret)
                answer = browser.request(method, path, headers=headers)
                refused = "Your roles do not include" in answer.text
                to_sign_in = answer.headers.get("location") == "/sign-in"
                assert answer.status_code < 500, (path, method)
                if role:
                    assert refused == (not may), (path, method)
                    assert not to_sign_in or path == "/sign-out", (path, method)
                elif not may:
                    assert to_sign_in or answer.status_code in (401, 403), (path, method)


def test_a_route_that_names_no_roles_cannot_be_made(tmp_path: Path) -> None:
    async def forgotten() -> None: ...

    with Earwitness.open(Settings(data=tmp_path)) as program:
        made: APIRouter = router(program)
        with pytest.raises(TypeError, match="forgotten does not say"):
            made.add_api_route("/forgotten", forgotten)
