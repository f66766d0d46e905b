"""What a browser does at the workbench, over HTTP."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pyotp
from tests.doors.servers import AUTHORITIES, Running

from earwitness.accounts import Role
from earwitness.flow import accounts
from earwitness.wiring import Earwitness

PASSWORD = "correct horse battery"
STEP = timedelta(seconds=accounts.STEP_SECONDS)


def browser_at(server: Running) -> httpx.Client:
    """What a browser says of its own accord."""
    url = f"http://127.0.0.1:{server.http_port}"
    return httpx.Client(base_url=url, headers={"Origin": url}, timeout=60, verify=AUTHORITIES)


def field(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


def first_secret(server: Running) -> str:
    return urlsplit(str(server.ports["first_account"])).fragment


def join(
    browser: httpx.Client, secret: str, name: str = "Ada", password: str = PASSWORD
) -> tuple[httpx.Response, pyotp.TOTP]:
    totp = field(browser.get("/join"), "totp")
    authenticator = pyotp.TOTP(totp)
    form = {"secret": secret, "totp": totp, "name": name, "password": password}
    return browser.post("/join", data={**form, "code": authenticator.now()}), authenticator


def offered(server: Running, *roles: Role) -> str:
    with Earwitness.open(server.settings) as program:
        now = datetime.now(UTC)
        return accounts.offer(frozenset(roles), "test", now, records=program.records).secret


def since(server: Running, browser: httpx.Client, ago: timedelta, name: str = "Ada") -> str:
    """Signs a browser in as somebody who did so a while ago; the session's id."""
    with Earwitness.open(server.settings) as program:
        records = program.records
        account = next(each for each in records.accounts() if each.name == name)
        signed = accounts.begin(account, "old", datetime.now(UTC) - ago, records=records)
        records.seen(signed.session.id, datetime.now(UTC))
    browser.cookies.set("earwitness", signed.secret, domain="127.0.0.1")
    return signed.session.id


def send(
    browser: httpx.Client, path: str, form: dict[str, object] | None = None, *, page: str = ""
) -> httpx.Response:
    """A form of a page, with the page's token."""
    token = field(browser.get(page or "/workbench"), "csrf")
    return browser.post(path, data={"csrf": token, **(form or {})})


def sign_in(
    browser: httpx.Client, authenticator: pyotp.TOTP, name: str = "Ada", password: str = PASSWORD
) -> httpx.Response:
    """With the code of the next step: that of this one was used to join."""
    code = authenticator.at(datetime.now(UTC) + STEP)
    return browser.post("/sign-in", data={"name": name, "password": password, "code": code})
