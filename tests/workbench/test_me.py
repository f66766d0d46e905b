"""One's own account: password, passkeys, sessions, and showing again who one is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.doors.servers import Running, up
from tests.workbench.browsing import (
    PASSWORD,
    STEP,
    browser_at,
    field,
    first_secret,
    join,
    offered,
    send,
    sign_in,
    since,
)
from tests.workbench.chromium import Authenticator

from earwitness.accounts import Role
from earwitness.errors import AccessRefused
from earwitness.flow import accounts, tokens
from earwitness.flow.accounts import RECENT
from earwitness.wiring import Earwitness

ME = "/workbench/me"
OLD = RECENT + timedelta(minutes=1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def browser(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        yield client


@pytest.fixture
def ada(server: Running, browser: httpx.Client) -> pyotp.TOTP:
    return join(browser, first_secret(server))[1]


def sessions(server: Running) -> set[str]:
    with Earwitness.open(server.settings) as program:
        (ada,) = program.records.accounts()
        return {each.id for each in program.records.sessions(ada.id)}


def new_password(
    browser: httpx.Client, password: str, code: str | None = None
) -> tuple[httpx.Response, pyotp.TOTP]:
    totp = pyotp.TOTP(field(browser.get(f"{ME}/password"), "totp"))
    form = {"totp": totp.secret, "password": password, "code": code or totp.now()}
    return send(browser, f"{ME}/password", form), totp


def test_a_new_password_signs_everybody_else_out(
    server: Running, browser: httpx.Client, ada: pyotp.TOTP
) -> None:
    with browser_at(server) as other:
        assert sign_in(other, ada).status_code == 303
        done, totp = new_password(browser, "another horse battery")
        assert done.headers["location"] == ME
        assert other.get("/workbench").status_code == 303
        assert browser.get("/workbench").status_code == 200
        assert sign_in(other, ada).status_code == 403
        assert sign_in(other, totp, password="another horse battery").status_code == 303


@pytest.mark.parametrize(("password", "code"), [("short", None), ("x" * 12, "000000")])
def test_what_cannot_be_a_password_changes_nothing(
    browser: httpx.Client, server: Running, ada: pyotp.TOTP, password: str, code: str | None
) -> None:
    refused, _ = new_password(browser, password, code)
    assert refused.status_code == 400
    with browser_at(server) as other:
        assert sign_in(other, ada).status_code == 303


def test_after_a_while_one_shows_again_who_one_is(
    server: Running, browser: httpx.Client, ada: pyotp.TOTP
) -> None:
    old = since(server, browser, OLD)
    asked = browser.get(f"{ME}/password")
    assert asked.headers["location"] == f"/workbench/again?to={ME}/password"
    for path in ("password", "passkey", "passkey/p/remove", "password/remove"):
        refused = send(browser, f"{ME}/{path}", page=ME)
        assert refused.status_code == 403
        assert "Show that it is you" in refused.text

    page = str(asked.headers["location"])
    wrong = {"to": f"{ME}/password", "password": "wrong", "code": ada.now()}
    assert send(browser, "/workbench/again", wrong, page=page).status_code == 403
    right = wrong | {"password": PASSWORD, "code": ada.at(datetime.now(UTC) + STEP)}
    done = send(browser, "/workbench/again", right, page=page)
    assert done.headers["location"] == f"{ME}/password"
    assert browser.get(f"{ME}/password").status_code == 200
    assert old not in sessions(server), "another session takes its place"


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/workbench/\\evil", ""])
def test_showing_who_one_is_leads_nowhere_else(
    browser: httpx.Client, ada: pyotp.TOTP, to: str
) -> None:
    form = {"to": to, "password": PASSWORD, "code": ada.at(datetime.now(UTC) + STEP)}
    assert field(browser.get("/workbench/again", params={"to": to}), "to") == "/workbench"
    assert send(browser, "/workbench/again", form).headers["location"] == "/workbench"


def test_one_sees_and_ends_ones_own_sessions(
    server: Running, browser: httpx.Client, ada: pyotp.TOTP
) -> None:
    (mine,) = sessions(server)
    with browser_at(server) as other:
        other.headers["User-Agent"] = '<b title="x">'
        assert sign_in(other, ada).status_code == 303
        page = browser.get(ME).text
        assert "this one" in page
        assert "<b title" not in page
        assert "&lt;b title=" in page
        (theirs,) = sessions(server) - {mine}
        assert send(browser, f"{ME}/session/{theirs}/end").headers["location"] == ME
        assert other.get("/workbench").status_code == 303
    since(server, browser, OLD)
    assert send(browser, f"{ME}/sessions/end").headers["location"] == ME
    assert len(sessions(server)) == 1
    assert browser.get("/workbench").status_code == 200


def test_nobody_ends_sessions_of_others(
    server: Running, browser: httpx.Client, ada: pyotp.TOTP
) -> None:
    (session,) = sessions(server)
    with browser_at(server) as other:
        join(other, offered(server, Role.ANALYST), "Bob")
        assert send(other, f"{ME}/session/{session}/end").status_code == 404
        assert send(other, f"{ME}/passkey/p/remove").status_code == 404
    assert browser.get("/workbench").status_code == 200


def test_the_only_way_to_sign_in_is_not_removed(browser: httpx.Client, ada: pyotp.TOTP) -> None:
    refused = send(browser, f"{ME}/password/remove")
    assert refused.status_code == 400
    assert "Nothing would be left" in refused.text


def test_passkeys_are_added_used_and_removed(server: Running, real_browser: Browser) -> None:
    context = real_browser.new_context()
    page = context.new_page()
    authenticator = Authenticator(page)
    page.goto(f"http://localhost:{server.http_port}/join#{first_secret(server)}")
    page.get_by_label("Name").first.fill("Ada")
    page.get_by_role("button", name="Make the account with a passkey").click()
    page.wait_for_url("**/workbench")
    page.get_by_role("link", name="Ada").click()

    add(page, "<i>phone</i>")  # the same authenticator has one already
    expect(page.locator("form [role=alert]:visible")).to_contain_text("has a passkey of yours")
    authenticator.remove()
    Authenticator(page)
    add(page, "<i>phone</i>")
    expect(page.get_by_role("cell", name="<i>phone</i>", exact=True)).to_be_visible()

    show_again(page, server)
    page.get_by_role("button", name="Remove passkey on one device").click()
    expect(page.get_by_role("button", name="Remove", exact=False)).to_have_count(1)
    page.get_by_role("button", name="Remove <i>phone</i>").click()
    expect(page.get_by_role("alert").first).to_contain_text("Nothing would be left")
    context.close()


def add(page: Page, name: str) -> None:
    page.get_by_label("What it is, such as").fill(name)
    page.get_by_role("button", name="Add a passkey").click()


def show_again(page: Page, server: Running) -> None:
    """After the session has become old: by the passkey, and back to where one was."""
    with Earwitness.open(server.settings) as program:
        (ada,) = program.records.accounts()
        then = datetime.now(UTC)
        signed = accounts.begin(ada, "", then - OLD, records=program.records)
        program.records.seen(signed.session.id, then)
    page.context.add_cookies(
        [{"name": "earwitness", "value": signed.secret, "domain": "localhost", "path": "/"}]
    )
    page.reload()
    expect(page.get_by_role("button", name="Add a passkey")).to_have_count(0)
    page.get_by_role("link", name="Show that it is you").first.click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/workbench/me")
    expect(page.get_by_role("button", name="Add a passkey")).to_be_visible()


# --- tokens -----------------------------------------------------------------------


def made_token(browser: httpx.Client, **form: object) -> httpx.Response:
    chosen = {"name": "<i>a script</i>", "roles": ["lead"], "days": "30", **form}
    answer = send(browser, f"{ME}/token", chosen)
    return browser.get(answer.headers["location"]) if answer.is_redirect else answer


def test_a_token_is_shown_once_and_revoked_at_once(
    server: Running, browser: httpx.Client, ada: pyotp.TOTP
) -> None:
    shown = made_token(browser).text
    found = re.search(r"(ewt_[\w-]{43})<", shown)
    assert found
    secret, now = found[1], datetime.now(UTC)
    page = browser.get(ME).text
    assert secret not in page
    assert "<i>a script" not in page + shown
    with Earwitness.open(server.settings) as program:
        bearer = tokens.whose_token(secret, now, records=program.records)
        assert bearer.roles == {Role.LEAD}
        assert bearer.token.expires_at - bearer.token.made_at == timedelta(days=30)
    revoked = send(browser, f"{ME}/token/{bearer.token.id}/revoke")
    assert revoked.headers["location"] == ME
    assert "revoked" in browser.get(ME).text
    with (
        Earwitness.open(server.settings) as program,
        pytest.raises(AccessRefused),
    ):
        tokens.whose_token(secret, now, records=program.records)


def test_whoever_goes_back_to_a_shown_token_is_told_that_it_was_shown(
    server: Running, browser: httpx.Client, ada: pyotp.TOTP
) -> None:
    made = send(browser, f"{ME}/token", {"name": "once", "roles": ["lead"], "days": "30"})
    assert made.status_code == 303, "a browser that goes back sends nothing again"
    with browser_at(server) as other:
        join(other, offered(server, Role.ANALYST), "Bob")
        assert other.get(made.headers["location"]).status_code == 404
    assert "ewt_" in browser.get(made.headers["location"]).text
    again = browser.get(made.headers["location"])
    assert again.status_code == 404
    assert "shown once" in again.text
    assert "ewt_" not in again.text


@pytest.mark.parametrize(
    "form",
    [
        {"roles": []}, {"roles": ["auditor"]}, {"roles": ["king"]}, {"name": " "}, {"days": "366"},
        {"days": "0"}, {"days": "-1"}, {"days": "soon"}, {"days": "\u00b2"}, {"days": ""},
    ],
)  # fmt: skip
def test_a_token_that_cannot_be_is_refused(
    browser: httpx.Client, ada: pyotp.TOTP, form: dict[str, object]
) -> None:
    refused = made_token(browser, **form)
    assert refused.status_code == 400
    assert "ewt_" not in refused.text


def test_administrators_see_and_revoke_the_tokens_of_everybody(
    server: Running, browser: httpx.Client, ada: pyotp.TOTP
) -> None:
    with browser_at(server) as other:
        join(other, offered(server, Role.ANALYST), "Bob")
        assert made_token(other, roles=["analyst"]).status_code == 200
        page = browser.get("/workbench/accounts").text
        found = re.search(r'action="(/workbench/token/(\w+)/revoke)"', page)
        assert found
        assert "&lt;i&gt;a script" in page
        assert send(other, found[1]).status_code == 403
        assert send(browser, f"{ME}/token/{found[2]}/revoke").status_code == 404
        done = send(browser, found[1])
        assert "revoked" in browser.get(done.headers["location"]).text
        assert "/revoke" not in browser.get("/workbench/accounts").text


def test_a_token_needs_a_session_that_began_lately(
    server: Running, browser: httpx.Client, ada: pyotp.TOTP
) -> None:
    since(server, browser, OLD)
    assert made_token(browser).status_code == 403
    assert "Make a token" not in browser.get(ME).text
