"""Signing in at a running server, as a browser does it."""

from __future__ import annotations

import hashlib
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import httpx
import pytest
from tests.doors.servers import Running, self_signed, up
from tests.workbench.browsing import (
    PASSWORD,
    STEP,
    browser_at,
    field,
    first_secret,
    join,
    offered,
    sign_in,
)

from earwitness.accounts import Role
from earwitness.flow.accounts import FIRST_ROLES
from earwitness.wiring import Earwitness


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def browser(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        yield client


def test_the_first_link_makes_an_account_that_may_sign_in(
    server: Running, browser: httpx.Client
) -> None:
    assert str(server.ports["first_account"]).startswith(
        f"http://localhost:{server.http_port}/join#"
    )
    made, authenticator = join(browser, first_secret(server))
    assert (made.status_code, made.headers["location"]) == (303, "/workbench")
    assert "Nothing waits." in browser.get("/workbench").text
    with Earwitness.open(server.settings) as program:
        (account,) = program.records.accounts()
    assert (account.name, account.roles) == ("Ada", FIRST_ROLES)

    out = browser.post("/sign-out", data={"csrf": field(browser.get("/workbench"), "csrf")})
    assert out.headers["location"] == "/sign-in"
    assert browser.get("/workbench").headers["location"] == "/sign-in"
    assert sign_in(browser, authenticator).headers["location"] == "/workbench"
    assert "Ada" in browser.get("/workbench").text
    with browser_at(server) as other:
        again, _ = join(other, first_secret(server), "Eve")
    assert again.status_code == 400
    assert "used already" in again.text


def test_a_restart_gives_no_link_once_there_is_an_account(tmp_path: Path) -> None:
    with up(tmp_path) as server, browser_at(server) as browser:
        join(browser, first_secret(server))
        kept = browser.cookies
    with up(tmp_path) as server, browser_at(server) as browser:
        assert server.ports["first_account"] is None
        browser.cookies = kept
        assert browser.get("/workbench").status_code == 200


def test_a_first_link_that_was_printed_before_is_worth_nothing(tmp_path: Path) -> None:
    with up(tmp_path) as server:
        older = first_secret(server)
    with up(tmp_path) as server, browser_at(server) as browser:
        refused, _ = join(browser, older)
        assert refused.status_code == 400
        assert "not known" in refused.text
        assert join(browser, first_secret(server))[0].status_code == 303


def test_a_cookie_is_for_us_alone(server: Running, browser: httpx.Client) -> None:
    made, _ = join(browser, first_secret(server))
    said = made.headers["set-cookie"].lower()
    assert said.startswith("earwitness=")
    assert {"httponly", "path=/", "samesite=strict"} <= set(said.split("; "))
    assert "domain" not in said


def test_with_tls_it_never_travels_in_the_clear(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    with up(tmp_path / "s", tls_certificate=certificate, tls_key=key) as server:
        url = f"https://127.0.0.1:{server.http_port}"
        with httpx.Client(
            base_url=url, headers={"Origin": url}, verify=_trust(certificate)
        ) as browser:
            made, _ = join(browser, first_secret(server))
            said = made.headers["set-cookie"]
            assert said.startswith("__Host-earwitness=")
            assert "; Secure" in said
            assert str(server.ports["first_account"]).startswith("https://localhost:")


def _trust(certificate: Path):  # type: ignore[no-untyped-def]
    import ssl

    return ssl.create_default_context(cafile=certificate)


def test_wrong_answers_are_refused_alike_and_not_for_ever(
    server: Running, browser: httpx.Client
) -> None:
    _, authenticator = join(browser, first_secret(server))
    with browser_at(server) as other:
        said = set()
        for name, password in (("Ada", "not the password"), ("Nobody", PASSWORD), ("", "")):
            refused = sign_in(other, authenticator, name, password)
            assert refused.status_code == 403
            said.add(re.sub(r'(value|content)="[-\w]*"', "", refused.text))
        assert len(said) == 1
        for _ in range(9):
            assert sign_in(other, authenticator, password="wrong").status_code == 403
        late = sign_in(other, authenticator)
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) > 60


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_page_is_refused(
    server: Running, browser: httpx.Client, headers: dict[str, str]
) -> None:
    join(browser, first_secret(server))
    token = field(browser.get("/workbench"), "csrf")
    if "Origin" not in headers:
        del browser.headers["Origin"]
    assert browser.post("/sign-out", data={"csrf": token}, headers=headers).status_code == 403
    assert browser.get("/workbench").status_code == 200


@pytest.mark.parametrize("token", ["", "0" * 64, "\N{SNOWMAN}"])
def test_a_form_without_its_token_is_refused(
    server: Running, browser: httpx.Client, token: str
) -> None:
    join(browser, first_secret(server))
    assert browser.post("/sign-out", data={"csrf": token}).status_code == 403
    assert browser.post("/sign-out").status_code == 403
    assert browser.get("/workbench").status_code == 200
    good = field(browser.get("/workbench"), "csrf")
    assert browser.post("/sign-out", headers={"X-CSRF-Token": good}).status_code == 303


def test_a_session_ends_at_once_when_its_account_is_disabled(
    server: Running, browser: httpx.Client
) -> None:
    join(browser, first_secret(server))
    with browser_at(server) as other:
        join(other, offered(server, Role.ANALYST), "Bob")
        assert other.get("/workbench").status_code == 200
        with Earwitness.open(server.settings) as program:
            bob = next(each for each in program.records.accounts() if each.name == "Bob")
            program.records.disable_account(bob.id, datetime.now(UTC))
        assert other.get("/workbench").status_code == 303
    assert browser.get("/workbench").status_code == 200


def test_whatever_somebody_is_called_is_only_text(server: Running, browser: httpx.Client) -> None:
    name = '<script>alert("1")</script>'
    join(browser, first_secret(server), name)
    page = browser.get("/workbench")
    assert name not in page.text
    assert "&lt;script&gt;" in page.text


def test_every_answer_says_what_a_browser_may(server: Running, browser: httpx.Client) -> None:
    assert browser.get("/static/..%2fguard.py").status_code == 404
    found = re.search(r'src="(/static/\w+/join\.js)"', browser.get("/join").text)
    assert found
    script = found[1]
    for path, status in (
        ("/join", 200), ("/sign-in", 200), ("/workbench", 303), (script, 200),
        (script.replace("join.js", "nothing"), 404), ("/static/0/join.js", 404),
    ):  # fmt: skip
        answer = browser.get(path)
        assert answer.status_code == status, path
        if path == "/static/0/join.js":  # no route of ours
            continue
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == (
            "public, max-age=31536000, immutable" if path == script else "no-store"
        )
        assert not re.search(r"\bstyle=|\bon\w+=", answer.text)
        for inline in re.findall(r"<script(?![^>]*\bsrc=)[^>]*>([^<]*)<", answer.text):
            digest = b64encode(hashlib.sha256(inline.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy


def test_an_address_that_leads_nowhere_is_a_page_too(
    server: Running, browser: httpx.Client
) -> None:
    assert browser.get("/workbench/nosuch").headers["location"] == "/sign-in"
    join(browser, first_secret(server))
    for path in ("/workbench/nosuch", "/workbench/lead/nosuch/at/all"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "There is no such page." in answer.text
        assert "content-security-policy" in answer.headers
    assert browser.get("/workbench/").headers["location"] == "/workbench"


def test_who_is_signed_out_is_led_to_signing_in(server: Running, browser: httpx.Client) -> None:
    join(browser, first_secret(server))
    token = field(browser.get("/workbench"), "csrf")
    browser.cookies.clear()
    answer = browser.post("/workbench/report", data={"csrf": token, "heard": "a cry"})
    assert answer.status_code == 401
    assert 'href="/sign-in"' in answer.text


PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
"""What a browser says that wants a page."""


def test_who_signs_in_comes_to_the_page_that_they_wanted(
    server: Running, browser: httpx.Client
) -> None:
    _, authenticator = join(browser, first_secret(server))
    wanted = "/workbench/lead/terms?q=Saoirse&sort=written"
    with browser_at(server) as other:
        asked = other.get(wanted, headers=PAGE)
        form = other.get(asked.headers["location"])
        assert unescape(field(form, "to")) == wanted
        code = authenticator.at(datetime.now(UTC) + STEP)
        right = {"name": "Ada", "password": PASSWORD, "code": code, "to": wanted}
        refused = other.post("/sign-in", data={**right, "code": "000000"})
        assert unescape(field(refused, "to")) == wanted
        assert other.post("/sign-in", data=right).headers["location"] == wanted
        assert other.get(asked.headers["location"]).headers["location"] == wanted


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/sign-out", "\\\\evil", "/workbench/" + "a" * 2000],
)
def test_signing_in_leads_nowhere_else(
    server: Running, browser: httpx.Client, elsewhere: str
) -> None:
    join(browser, first_secret(server))
    led = browser.get("/sign-in", params={"to": elsewhere})
    assert led.headers["location"] == "/workbench"
    with browser_at(server) as other:
        form = other.get("/sign-in", params={"to": elsewhere})
        assert field(form, "to") == "/workbench"


def test_a_part_of_a_page_is_nothing_to_come_back_to(
    server: Running, browser: httpx.Client
) -> None:
    for headers in ({}, {**PAGE, "HX-Request": "true"}):
        asked = browser.get("/workbench/listen", headers=headers)
        assert asked.headers["location"] == "/sign-in"


def test_forms_that_are_none_are_refused(server: Running, browser: httpx.Client) -> None:
    long = {"name": "a" * 100_000}
    assert browser.post("/sign-in", data=long).status_code == 413
    assert browser.post("/sign-in", content=iter([b"name=Ada"])).status_code == 400
    strange = {"Content-Type": "multipart/form-data; boundary=x"}
    assert browser.post("/sign-in", content=b"--x\r\nnothing", headers=strange).status_code < 500
    bad = {"totp": "no base 32", "secret": "", "name": "Ada", "password": PASSWORD, "code": "1"}
    assert browser.post("/join", data=bad).status_code == 400
    assert browser.post("/join", data=bad | {"totp": "AAAA"}).status_code == 400
    assert [line for line in server.log() if line["level"] == "error"] == []


def test_what_cannot_be_read_is_a_page_too_and_repeats_nothing(
    server: Running, browser: httpx.Client
) -> None:
    multipart = {"Content-Type": "multipart/form-data"}  # and no boundary
    for answer in (
        browser.post("/sign-in", data={"name": "Ada", "password": "s3cret" * 200}),
        browser.post("/sign-in", content=b"--x\r\nnothing: [", headers=multipart),
    ):
        assert answer.status_code == 400
        assert "text/html" in answer.headers["content-type"]
        assert "content-security-policy" in answer.headers
        assert "s3cret" not in answer.text


def test_a_form_that_does_not_arrive_is_ended(tmp_path: Path) -> None:
    with (
        up(tmp_path, stall_seconds=0.5) as server,
        socket.create_connection(("127.0.0.1", server.http_port), 30) as slow,
    ):
        slow.sendall(
            b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname"
        )
        assert slow.recv(13) == b"HTTP/1.1 408 "
