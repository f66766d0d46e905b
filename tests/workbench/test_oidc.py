"""Signing in by an OpenID Connect provider that really runs, which at times lies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.doors.servers import Running, up
from tests.warm import run
from tests.workbench.browsing import browser_at, first_secret, join, send
from tests.workbench.identity_provider import CLIENT, SECRET, Provider, provider

from earwitness.accounts import Account, Role
from earwitness.wiring import Earwitness

BACK = "/sign-in/oidc/back"
MAPPING = {"listeners": "analyst", "heads": "lead", "root": "administrator"}


@pytest.fixture
def known() -> Iterator[Provider]:
    with provider() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path, known: Provider) -> Iterator[Running]:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    with up(
        tmp_path, oidc_issuer=known.issuer, oidc_client_id=CLIENT, oidc_client_secret_file=secret,
        oidc_roles=json.dumps(MAPPING),
    ) as running:  # fmt: skip
        known.back = f"http://127.0.0.1:{running.http_port}{BACK}"
        yield running


@pytest.fixture
def browser(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        yield client


def asked(browser: httpx.Client) -> str:
    """The address at the provider to which we send a browser."""
    return str(browser.get("/sign-in/oidc").headers["location"])


def answered(browser: httpx.Client) -> str:
    """The address to which the provider sends it back."""
    return str(httpx.get(asked(browser)).headers["location"])


def come_in(browser: httpx.Client) -> httpx.Response:
    return browser.get(answered(browser))


def people(server: Running) -> list[Account]:
    with Earwitness.open(server.settings) as program:
        return list(program.records.accounts())


def test_whom_the_provider_knows_has_an_account(
    server: Running, browser: httpx.Client, known: Provider
) -> None:
    assert known.issuer in browser.get("/sign-in").text
    came = come_in(browser)
    assert (came.status_code, "location" in came.headers) == (200, False)
    assert "Ada" in browser.get("/workbench").text
    (ada,) = people(server)
    assert (ada.name, ada.roles) == ("Ada", {Role.ANALYST})
    with browser_at(server) as other:
        known.name = "Another name"
        come_in(other)
        assert other.get("/workbench").status_code == 200
    assert people(server) == [ada]


def test_nobody_is_known_by_name(server: Running, browser: httpx.Client, known: Provider) -> None:
    """Somebody else of that name stays somebody else, here and there."""
    join(browser, first_secret(server))
    with browser_at(server) as other:
        come_in(other)
        assert other.get("/workbench/accounts").status_code == 403
    known.subject = "2"
    with browser_at(server) as third:
        come_in(third)
    ada, second, third_one = people(server)
    assert ada.name == "Ada"
    assert second.roles == third_one.roles == {Role.ANALYST}
    assert {second.name[:5], third_one.name[:5]} == {"Ada ("}


DAY = 86_400.0
"""More than a run of all tests takes: these moments are those of the import."""
LIES: list[tuple[dict[str, Any], str]] = [
    ({"nonce": "another"}, "RS256"), ({"nonce": None}, "RS256"), ({"nonce": 7}, "RS256"),
    ({"aud": "another"}, "RS256"), ({"aud": [CLIENT, "another"]}, "RS256"),
    ({"aud": None}, "RS256"), ({"azp": "another"}, "RS256"),
    ({"iss": "http://127.0.0.1:1"}, "RS256"), ({"exp": time() - 300}, "RS256"),
    ({"exp": None}, "RS256"), ({"exp": "never"}, "RS256"), ({"nbf": time() + DAY}, "RS256"),
    ({"sub": None}, "RS256"), ({"sub": ""}, "RS256"), ({"sub": 7}, "RS256"),
    ({"auth_time": time() - 3600}, "RS256"), ({"auth_time": None}, "RS256"),
    ({"auth_time": "now"}, "RS256"),
    ({}, "none"), ({}, "HS256"), ({}, "stranger"), ({}, "access"),
]  # fmt: skip


def test_a_word_that_cannot_be_trusted_opens_nothing(
    server: Running, browser: httpx.Client, known: Provider
) -> None:
    for known.claims, known.sign in LIES:
        assert come_in(browser).status_code == 403, (known.claims, known.sign)
    assert people(server) == []
    assert browser.get("/workbench").status_code == 303
    assert [line for line in server.log() if line["level"] == "error"] == []
    for known.claims, known.sign in (({}, "RS256"), ({}, "ES256"), ({"aud": [CLIENT]}, "RS256")):
        assert come_in(browser).status_code == 200


def test_an_answer_is_good_once_and_in_its_own_browser(
    server: Running, browser: httpx.Client, known: Provider
) -> None:
    back = answered(browser)
    with browser_at(server) as other:
        assert other.get(back).status_code == 403
        assert other.get("/sign-in/oidc").status_code == 303
        assert other.get(back).status_code == 403, "with a state of its own, too"
    assert browser.get(back).status_code == 200
    browser.cookies.delete("earwitness")
    assert browser.get(back).status_code == 403


CHANGED = (
    {"state": "AAAA"}, {"state": ""}, {"code": "another"}, {"code": ""}, {"iss": "https://a"},
    {"iss": ""}, {"error": "access_denied"}, {"state": "a" * 5000}, {"code": "\N{SNOWMAN}"},
)  # fmt: skip


def test_an_answer_that_was_changed_opens_nothing(server: Running, browser: httpx.Client) -> None:
    for changed in CHANGED:
        back = urlsplit(answered(browser))
        parts = {name: value for name, (value,) in parse_qs(back.query).items()}
        assert browser.get(BACK, params=parts | changed).status_code == 403, changed
    assert people(server) == []
    assert [line for line in server.log() if line["level"] == "error"] == []


def test_who_has_no_role_of_ours_is_refused(
    server: Running, browser: httpx.Client, known: Provider
) -> None:
    for known.roles in ([], ["others"], None, 7, {"listeners": 1}, [["listeners"]]):
        refused = come_in(browser)
        assert refused.status_code == 403
        assert "no role" in refused.text
    assert people(server) == []


def test_the_provider_says_at_every_sign_in_who_may_do_what(
    server: Running, browser: httpx.Client, known: Provider
) -> None:
    known.roles = ["listeners", "heads", "others"]
    come_in(browser)
    assert people(server)[0].roles == {Role.ANALYST, Role.LEAD}
    with browser_at(server) as other:
        known.roles = "heads"
        come_in(other)
        assert people(server)[0].roles == {Role.LEAD}
        assert browser.get("/workbench").status_code == 303
        known.roles = []
        assert come_in(browser).status_code == 403


def test_what_the_provider_decides_nobody_changes_here(
    server: Running, browser: httpx.Client, known: Provider
) -> None:
    join(browser, first_secret(server), "Root")
    with browser_at(server) as other:
        come_in(other)
        page = other.get("/workbench/me").text
        assert "Add a passkey" not in page
        assert known.issuer in page
        form = {"totp": "A" * 32, "password": "correct horse battery", "code": "1"}
        assert send(other, "/workbench/me/password", form).status_code == 400
        ada = people(server)[1].id
        roles = f"/workbench/accounts/{ada}/roles"
        assert send(browser, roles, {"roles": ["administrator"]}).status_code == 400
        assert people(server)[1].roles == {Role.ANALYST}
        send(browser, f"/workbench/accounts/{ada}/disable")
        assert other.get("/workbench").status_code == 303
        assert come_in(other).status_code == 403


def test_new_keys_of_the_provider_are_learned(
    server: Running, browser: httpx.Client, known: Provider
) -> None:
    come_in(browser)
    assert known.used.count("/keys") == 1
    come_in(browser)
    assert known.used.count("/keys") == 1
    known.sign = "ES256"
    assert come_in(browser).status_code == 200
    assert known.used.count("/keys") == 1


@pytest.mark.parametrize(
    "about",
    [{"issuer": "http://127.0.0.1:1"}, {"token_endpoint": "http://evil.example/token"},
     {"jwks_uri": "file:/etc/passwd"}, {"jwks_uri": None}, {"authorization_endpoint": 7}],
)  # fmt: skip
def test_a_provider_that_says_it_is_elsewhere_is_not_followed(
    server: Running, browser: httpx.Client, known: Provider, about: dict[str, Any]
) -> None:
    known.about = about
    started = browser.get("/sign-in/oidc")
    if started.status_code == 303:
        started = browser.get(httpx.get(started.headers["location"]).headers["location"])
    assert started.status_code == 403
    assert people(server) == []


def test_without_the_provider_everybody_else_still_signs_in(tmp_path: Path) -> None:
    with up(
        tmp_path, oidc_issuer="http://127.0.0.1:1", oidc_client_id=CLIENT,
        oidc_roles=json.dumps(MAPPING),
    ) as server, browser_at(server) as browser:  # fmt: skip
        refused = browser.get("/sign-in/oidc")
        assert refused.status_code == 403
        assert "gives no answer" in refused.text
        assert join(browser, first_secret(server))[0].status_code == 303


def test_a_browser_comes_from_another_site_and_is_let_in(
    server: Running, known: Provider, real_browser: Browser
) -> None:
    """Our session's cookie is Strict: it must hold after a redirect from elsewhere."""
    known.back = f"http://localhost:{server.http_port}{BACK}"
    context = real_browser.new_context()
    page = context.new_page()
    page.goto(f"http://localhost:{server.http_port}/sign-in")
    page.get_by_role("link", name="Sign in at").click()
    page.wait_for_url("**/workbench")
    expect(page.get_by_role("banner")).to_contain_text("Ada")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"http://localhost:{server.http_port}/workbench/reports")
    page.get_by_role("link", name="Sign in at").click()
    page.wait_for_url("**/workbench/reports")
    context.close()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"OIDC_ISSUER": "http://id.example"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "https://id.example"}, "OIDC_CLIENT_ID"),
        ({"OIDC_ISSUER": "https://id.example", "OIDC_CLIENT_ID": "a"}, "OIDC_ROLES"),
        ({"OIDC_ROLES": "{"}, "OIDC_ROLES"),
        ({"OIDC_ROLES": '{"a": "king"}'}, "OIDC_ROLES"),
        ({"OIDC_ISSUER": "https://id.example", "OIDC_CLIENT_ID": "a", "OIDC_ROLES":
          '{"a": "lead"}', "OIDC_CLIENT_SECRET_FILE": "/nowhere"}, "OIDC_CLIENT_SECRET_FILE"),
    ],
)  # fmt: skip
def test_half_a_provider_ends_the_start_with_its_setting(
    tmp_path: Path, settings: dict[str, str], says: str
) -> None:
    named = {f"EARWITNESS_{name}": value for name, value in settings.items()}
    (tmp_path / "script.json").write_text("{}", encoding="utf-8")
    done = run("earwitness", "up", "--json", env={
        **os.environ, **named, "EARWITNESS_DATA": str(tmp_path), "EARWITNESS_HTTP_PORT": "0",
        "EARWITNESS_WYOMING_PORT": "0", "EARWITNESS_ENGINE": "scripted",
        "EARWITNESS_ENGINE_MODEL": str(tmp_path / "script.json"),
    })  # fmt: skip
    assert done.returncode == 5
    assert says in done.stderr
