"""The administrators' pages: who may sign in, with which roles, by which invitation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, first_secret, join, offered, send, since

from earwitness.accounts import Account, Role
from earwitness.wiring import Earwitness

PEOPLE = "/workbench/accounts"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def ada(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        join(client, first_secret(server))
        yield client


@pytest.fixture
def bob(server: Running, ada: httpx.Client) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        join(client, offered(server, Role.ANALYST), "Bob")
        yield client


def account(server: Running, name: str) -> Account:
    with Earwitness.open(server.settings) as program:
        return next(each for each in program.records.accounts() if each.name == name)


def at(server: Running, name: str) -> str:
    return f"{PEOPLE}/{account(server, name).id}"


def test_an_invitation_is_shown_once_and_makes_an_account_with_its_roles(
    server: Running, ada: httpx.Client
) -> None:
    made = send(ada, PEOPLE, {"roles": ["auditor", "responder"]})
    assert made.status_code == 303, "a browser that goes back invites nobody again"
    shown = ada.get(made.headers["location"])
    assert "shown once" in ada.get(made.headers["location"]).text
    found = re.search(r"(http://localhost:\d+/join)#([\w-]+)<", shown.text)
    assert found
    assert found[1] == f"http://localhost:{server.http_port}/join"
    listed = ada.get(PEOPLE).text
    assert found[2] not in listed
    assert "auditor, responder" in listed
    assert listed.count("Withdraw</button>") == 1
    with browser_at(server) as other:
        assert join(other, found[2], "Cleo")[0].status_code == 303
    assert account(server, "Cleo").roles == {Role.AUDITOR, Role.RESPONDER}
    assert "Withdraw</button>" not in ada.get(PEOPLE).text


def test_an_invitation_can_be_withdrawn(server: Running, ada: httpx.Client) -> None:
    secret = offered(server, Role.LEAD)
    page = ada.get(PEOPLE).text
    found = re.search(r'action="(/workbench/invitation/\w+/withdraw)"', page)
    assert found
    assert "test" in page, "who made it"
    assert send(ada, found[1]).headers["location"] == PEOPLE
    assert send(ada, found[1]).status_code == 404
    with browser_at(server) as other:
        assert "not known" in join(other, secret, "Cleo")[0].text


@pytest.mark.parametrize("roles", [[], ["king"], ["auditor", ""]])
def test_an_invitation_for_nothing_is_refused(ada: httpx.Client, roles: list[str]) -> None:
    assert send(ada, PEOPLE, {"roles": roles}).status_code == 400
    assert "Withdraw</button>" not in ada.get(PEOPLE).text


def test_changed_roles_hold_at_once(server: Running, ada: httpx.Client, bob: httpx.Client) -> None:
    changed = send(ada, at(server, "Bob") + "/roles", {"roles": ["auditor"]})
    assert changed.headers["location"] == at(server, "Bob")
    assert account(server, "Bob").roles == {Role.AUDITOR}
    assert bob.get("/workbench").status_code == 303
    page = ada.get(at(server, "Bob")).text
    assert re.findall(r'value="([\w-]+)" checked', page) == ["auditor"]
    refused = send(ada, at(server, "Bob") + "/roles", {"roles": []})
    assert refused.status_code == 400
    assert account(server, "Bob").roles == {Role.AUDITOR}


def test_nobody_is_left_without_an_administrator(server: Running, ada: httpx.Client) -> None:
    for path, form in (("/roles", {"roles": ["lead"]}), ("/disable", {})):
        refused = send(ada, at(server, "Ada") + path, form)
        assert refused.status_code == 400
        assert "Nobody would be left" in refused.text
    assert ada.get(PEOPLE).status_code == 200


def test_disabling_is_asked_twice_and_is_for_good(
    server: Running, ada: httpx.Client, bob: httpx.Client
) -> None:
    page = at(server, "Bob")
    assert f'href="{page}/disable"' in ada.get(page).text
    asked = ada.get(f"{page}/disable")
    assert "Disable the account of Bob?" in asked.text
    assert account(server, "Bob").disabled_at is None
    assert send(ada, f"{page}/disable").headers["location"] == page
    assert account(server, "Bob").disabled_at is not None
    assert bob.get("/workbench").status_code == 303
    after = ada.get(page).text
    assert "Disabled" in after
    assert "/roles" not in after


def test_all_sessions_of_somebody_end(
    server: Running, ada: httpx.Client, bob: httpx.Client
) -> None:
    assert bob.get("/workbench").status_code == 200
    assert send(ada, at(server, "Bob") + "/end").status_code == 303
    assert bob.get("/workbench").status_code == 303
    assert ada.get("/workbench").status_code == 200


def test_rights_are_given_by_who_showed_lately_who_they_are(
    server: Running, ada: httpx.Client, bob: httpx.Client
) -> None:
    since(server, ada, timedelta(minutes=20))
    page = at(server, "Bob")
    for path, form in (
        (PEOPLE, {"roles": ["administrator"]}), (f"{page}/disable", {}),
        (f"{page}/roles", {"roles": ["administrator"]}),
    ):  # fmt: skip
        refused = send(ada, path, form)
        assert refused.status_code == 403
        assert "/workbench/again?to=" in refused.text
    assert account(server, "Bob").roles == {Role.ANALYST}
    assert "Withdraw</button>" not in ada.get(PEOPLE).text


def test_people_are_listed_whatever_they_are_called(server: Running, ada: httpx.Client) -> None:
    name = '"><script>alert(1)</script>'
    with browser_at(server) as other:
        join(other, offered(server, Role.ANALYST), name)
    for path in (PEOPLE, at(server, name), at(server, name) + "/disable"):
        page = ada.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
    listed = ada.get(PEOPLE).text
    assert listed.count("signed in") == 2
    assert listed.count("just now") == 2


def test_who_is_no_administrator_sees_nothing_of_it(
    server: Running, ada: httpx.Client, bob: httpx.Client
) -> None:
    assert "Accounts" not in bob.get("/workbench").text
    for path in (PEOPLE, at(server, "Ada"), at(server, "Ada") + "/disable"):
        assert bob.get(path).status_code == 403
    for path in ("/roles", "/end", "/disable"):
        assert send(bob, at(server, "Ada") + path, {"roles": ["analyst"]}).status_code == 403
    assert ada.get(PEOPLE).status_code == 200
    assert ada.get(f"{PEOPLE}/nobody").status_code == 404
