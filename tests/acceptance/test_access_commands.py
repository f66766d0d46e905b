"""``earwitness device`` and ``earwitness key``, as a person or a script runs them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.acceptance.test_command_line import as_json, earwitness

from earwitness.config import Settings
from earwitness.errors import AccessRefused
from earwitness.flow import access
from earwitness.wiring import Earwitness

ELM = ("--household", "elm-12")
KITCHEN = ("device", "invite", *ELM, "--room", "kitchen")
KEY = bytes(range(32))


def enrol(data: Path, code: str) -> str:
    with Earwitness.open(Settings(data=data)) as program:
        return access.enrol(code, KEY, datetime.now(UTC), records=program.records).id


def test_a_device_is_invited_listed_asked_for_consent_and_revoked(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    invited = as_json(tmp_path, *KITCHEN, "--minutes", "5")
    valid = datetime.fromisoformat(invited["expires_at"]) - before
    assert timedelta(minutes=5) <= valid < timedelta(minutes=6)
    device = enrol(tmp_path, invited["code"].lower())
    (listed,) = as_json(tmp_path, "device", "list")
    assert (listed["id"], listed["room"], listed["consent"]) == (device, "kitchen", True)
    assert "key" not in listed
    assert not as_json(tmp_path, "device", "consent", device[:6], "withdrawn")["consent"]
    assert as_json(tmp_path, "device", "consent", device[:6], "granted")["consent"]
    assert as_json(tmp_path, "device", "revoke", device)["revoked_at"]
    assert "revoked" in earwitness(tmp_path, "device", "list").stdout


def test_a_code_is_shown_once_on_a_line_of_its_own(tmp_path: Path) -> None:
    code, about = earwitness(tmp_path, *KITCHEN).stdout.splitlines()
    assert about == "for one device in kitchen, elm-12; valid for 60 min"
    assert access.normal_code(code) == code.replace("-", "")
    assert code not in earwitness(tmp_path, "device", "list").stdout
    assert enrol(tmp_path, code)


def test_a_key_is_added_listed_and_revoked(tmp_path: Path) -> None:
    added = as_json(tmp_path, "key", "add", "laptop", *ELM, "--no-consent")
    assert (added["name"], added["household"], added["consent"]) == (
        "laptop",
        "elm-12",
        False,
    )
    with Earwitness.open(Settings(data=tmp_path)) as program:
        assert program.records.api_key(access.secret_hash(added["secret"])).id == added["id"]
        listed = earwitness(tmp_path, "key", "list", "--json").stdout
        assert added["secret"] not in listed
        assert [each["id"] for each in json.loads(listed)] == [added["id"]]
        assert as_json(tmp_path, "key", "revoke", added["id"][:6])["revoked_at"]
        with pytest.raises(AccessRefused):
            program.records.api_key(access.secret_hash(added["secret"]))
    assert "revoked" in earwitness(tmp_path, "key", "list").stdout


def test_a_secret_is_shown_on_a_line_of_its_own_however_narrow_the_terminal(
    tmp_path: Path,
) -> None:
    done = earwitness(tmp_path, "key", "add", "laptop", *ELM, COLUMNS="20")
    with Earwitness.open(Settings(data=tmp_path)) as program:
        secret = done.stdout.splitlines()[0]
        assert program.records.api_key(access.secret_hash(secret)).consent


def test_without_any_the_lists_say_what_that_means(tmp_path: Path) -> None:
    assert "invite" in earwitness(tmp_path, "device", "list").stdout
    assert "this machine alone" in earwitness(tmp_path, "key", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["device", "revoke", "ffff"], "No device begins with 'ffff'"),
        (["device", "consent", "ffff", "granted"], "earwitness device list"),
        (["key", "revoke", "ffff"], "No key begins with 'ffff'"),
        (["key", "revoke", ""], "No key begins with ''"),
        (["key", "add", "laptop", *ELM], "named 'laptop'"),
        (["key", "add", "two\nlines", *ELM], "printable"),
        (["device", "invite", "--household", " ", "--room", "hall"], "household"),
        (["key", "add", "reader", "--household", "elm 12"], "no blanks"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, arguments: list[str], names: str) -> None:
    for name in ("laptop", "phone"):
        as_json(tmp_path, "key", "add", name, *ELM)
    done = earwitness(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert names in done.stderr.replace("\n", " ")
    told = json.loads(earwitness(tmp_path, *arguments, "--json").stdout)
    assert set(told) == {"error", "message"}


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["device", "invite", *ELM], "--room"),
        ([*KITCHEN, "--minutes", "0"], "--minutes"),
        ([*KITCHEN, "--minutes", "100000"], "--minutes"),
        (["device", "consent", "ffff", "perhaps"], "perhaps"),
        (["key", "add", "laptop"], "--household"),
    ],
)
def test_a_wrong_use_is_explained(tmp_path: Path, arguments: list[str], names: str) -> None:
    done = earwitness(tmp_path, *arguments)
    assert done.returncode == 2
    assert names in done.stderr


@pytest.mark.parametrize("what", ["device", "key"])
def test_an_empty_id_is_nobodys_however_few_there_are(tmp_path: Path, what: str) -> None:
    enrol(tmp_path, as_json(tmp_path, *KITCHEN)["code"])
    as_json(tmp_path, "key", "add", "solo", *ELM)
    refused = earwitness(tmp_path, what, "revoke", "")
    assert refused.returncode == 2
    (listed,) = as_json(tmp_path, what, "list")
    assert listed["revoked_at"] is None
