"""Passkeys, in a real browser with a virtual authenticator, at a running server."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, Page, Route, expect
from tests.doors.servers import Running, up
from tests.workbench.browsing import first_secret
from tests.workbench.chromium import Authenticator

from earwitness.accounts import Account, Password
from earwitness.flow import access, accounts
from earwitness.flow.accounts import FIRST_ROLES
from earwitness.wiring import Earwitness


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def page(real_browser: Browser) -> Iterator[Page]:
    context = real_browser.new_context()
    yield context.new_page()
    context.close()


def at(server: Running, path: str) -> str:
    return f"http://localhost:{server.http_port}{path}"


def join(page: Page, server: Running, secret: str, name: str = "Ada") -> None:
    page.goto(at(server, f"/join#{secret}"))
    page.get_by_label("Name").first.fill(name)
    page.get_by_role("button", name="Make the account with a passkey").click()
    page.wait_for_url("**/workbench")


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")


def with_passkey(page: Page) -> None:
    page.get_by_role("button", name="Sign in with a passkey").click()


def test_a_link_says_what_it_is_good_for_before_somebody_fills_in_a_form(
    server: Running, page: Page
) -> None:
    Authenticator(page)
    secret = first_secret(server)
    page.goto(at(server, f"/join#{secret}"))
    expect(page.locator("[data-link]")).to_have_text("You will be administrator, analyst, lead.")
    join(page, server, secret)
    sign_out(page)
    page.goto(at(server, f"/join#{secret}"))
    expect(page.get_by_role("alert")).to_contain_text("used")
    expect(page.get_by_role("button", name="Make the account")).to_have_count(0)
    page.goto(at(server, "/join"))
    expect(page.get_by_role("alert")).to_contain_text("needs a link")


def test_an_account_is_made_and_opened_with_a_passkey_alone(server: Running, page: Page) -> None:
    authenticator = Authenticator(page)
    join(page, server, first_secret(server))
    (credential,) = authenticator.credentials()
    assert credential["isResidentCredential"]
    assert credential["rpId"] == "localhost"
    with Earwitness.open(server.settings) as program:
        (account,) = program.records.accounts()
        (passkey,) = program.records.passkeys(account.id)
        assert not program.records.has_password(account.id)
    assert (account.name, account.roles) == ("Ada", FIRST_ROLES)
    assert passkey.transports == ("internal",)

    for _ in range(2):  # its count grows, and is known the second time
        sign_out(page)
        with_passkey(page)
        page.wait_for_url("**/workbench")
    expect(page.get_by_role("banner")).to_contain_text("Ada")
    sign_out(page)
    page.goto(at(server, "/workbench/lead/terms?q=x"))
    with_passkey(page)
    page.wait_for_url("**/workbench/lead/terms?q=x")
    with Earwitness.open(server.settings) as program:
        (used,) = program.records.passkeys(account.id)
    assert used.sign_count == authenticator.credentials()[0]["signCount"] > passkey.sign_count
    assert used.last_used_at is not None


def refused(page: Page) -> str:
    alert = page.locator("main > [role=alert]")
    expect(alert).to_be_visible()
    return alert.inner_text()


@contextmanager
def holding(page: Page, credential: dict[str, object], *, verifies: bool = True) -> Iterator[None]:
    """An authenticator with this credential alone."""
    authenticator = Authenticator(page, verifies=verifies)
    authenticator.put(credential)
    try:
        yield
    finally:
        authenticator.remove()


def some_private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    der, plain = serialization.Encoding.DER, serialization.NoEncryption()
    return b64encode(key.private_bytes(der, serialization.PrivateFormat.PKCS8, plain)).decode()


def test_whatever_is_wrong_with_a_passkey_the_answer_is_the_same(
    server: Running, page: Page
) -> None:
    authenticator = Authenticator(page)
    join(page, server, first_secret(server))
    (good,) = authenticator.credentials()
    authenticator.remove()
    sign_out(page)
    said, later = set(), good | {"signCount": 50}
    for wrong in (
        good | {"signCount": 0},
        later | {"credentialId": b64encode(b"nobody knows this").decode()},
        later | {"userHandle": b64encode(b"another").decode()},
        later | {"privateKey": some_private_key()},
    ):
        with holding(page, wrong):
            with_passkey(page)
            said.add(refused(page))
            page.goto(at(server, "/sign-in"))
    (copied,) = [each for each in server.log() if each["event"] == "passkey may have been copied"]
    with holding(page, later):
        with_passkey(page)
        page.wait_for_url("**/workbench")
        sign_out(page)
        with Earwitness.open(server.settings) as program:
            (ada,) = program.records.accounts()
            new_administrator(program)
            program.records.disable_account(ada.id, datetime.now(UTC))
        with_passkey(page)
        said.add(refused(page))
    assert copied["account"] == ada.id
    assert len(said) == 1


def new_administrator(program: Earwitness) -> None:
    now = datetime.now(UTC)
    link = accounts.offer(FIRST_ROLES, "test", now, records=program.records)
    new = Account("another", "Another", frozenset(), now)
    program.records.make_account(access.secret_hash(link.secret), new, Password("", b""))


def test_an_authenticator_that_does_not_know_its_owner_makes_no_account(
    server: Running, page: Page
) -> None:
    Authenticator(page, verifies=False)
    page.goto(at(server, f"/join#{first_secret(server)}"))
    page.get_by_label("Name").first.fill("Ada")
    page.get_by_role("button", name="Make the account with a passkey").click()
    expect(page.locator("form [role=alert]:visible")).to_contain_text("No passkey was given")
    with Earwitness.open(server.settings) as program:
        assert program.records.accounts() == []


def test_a_name_that_cannot_be_one_is_said_before_a_passkey_is_made(
    server: Running, page: Page
) -> None:
    authenticator = Authenticator(page)
    page.goto(at(server, f"/join#{first_secret(server)}"))
    page.get_by_label("Name").first.fill(" ")
    page.get_by_role("button", name="Make the account with a passkey").click()
    expect(page.locator("form [role=alert]:visible")).to_contain_text("1 to 100")
    assert authenticator.credentials() == []


def test_an_answer_works_once_and_in_its_own_browser(
    server: Running, page: Page, real_browser: Browser
) -> None:
    """What the page sends, sent again by others who have all of it but the browser."""
    Authenticator(page)
    join(page, server, first_secret(server))
    sign_out(page)
    sent: list[str] = []
    page.on("request", lambda each: sent.append(each.post_data or ""))
    page.route("**/sign-in/passkey", lambda route: hold(route))
    with_passkey(page)
    page.wait_for_url("**/sign-in/passkey")
    (form,) = [each for each in sent if each.startswith("answer=")]
    cookies = {each["name"]: each["value"] for each in page.context.cookies()}
    url = at(server, "")
    headers = {"Origin": url, "Content-Type": "application/x-www-form-urlencoded"}

    def send(cookies: dict[str, str]) -> httpx.Response:
        with httpx.Client(base_url=url, headers=headers, cookies=cookies) as client:
            return client.post("/sign-in/passkey", content=form)

    assert send({}).status_code == 403
    assert send({"earwitness-browser": "another"}).status_code == 403
    assert send(cookies).status_code == 303
    assert send(cookies).status_code == 403


def hold(route: Route) -> None:
    """The form gets no further; what it asked first does."""
    if route.request.method == "POST":
        route.fulfill(status=200, body="held")
    else:
        route.continue_()


def test_without_a_name_of_its_own_an_address_says_where_passkeys_work(
    server: Running, page: Page
) -> None:
    secret = first_secret(server)
    page.goto(f"http://127.0.0.1:{server.http_port}/join#{secret}")
    expect(page.get_by_role("button", name="Make the account with a passkey")).to_have_count(0)
    assert secret not in page.url
    page.get_by_role("link", name="localhost").click()
    page.wait_for_url(at(server, "/join"))
    expect(page.get_by_role("button", name="Make the account with a passkey")).to_be_visible()
    assert page.locator("input[name=secret]").first.input_value() == secret


def test_where_there_is_a_public_url_passkeys_belong_to_its_name(tmp_path: Path) -> None:
    public = "https://earwitness.example"
    with up(tmp_path, public_url=public) as server:
        assert str(server.ports["first_account"]).startswith(f"{public}/join#")
        here = f"http://127.0.0.1:{server.http_port}"
        with httpx.Client(base_url=here) as client:
            asked = client.get("/sign-in/passkey", headers={"Host": "earwitness.example"})
            assert asked.json()["rpId"] == "earwitness.example"
            assert {"Secure", "HttpOnly", "SameSite=lax"} <= set(
                asked.headers["set-cookie"].split("; ")
            )
            for host in ("evil.example", "earwitness.example.evil", here.removeprefix("http://")):
                assert client.get("/sign-in/passkey", headers={"Host": host}).status_code == 400
            assert f'href="{public}/sign-in"' in client.get("/sign-in").text


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", '{"id": 1}', "\ud800", "a" * 20_000])
def test_what_no_authenticator_says_is_refused(server: Running, answer: str) -> None:
    with httpx.Client(base_url=at(server, "")) as client:
        asked = client.post("/sign-in/passkey", data={"answer": answer.encode(errors="replace")})
        assert asked.status_code in (400, 403)
    assert [line for line in server.log() if line["level"] == "error"] == []
