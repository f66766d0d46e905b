"""What ``earwitness doctor`` and ``earwitness escalation`` say of who is told, and how."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS
from typer.testing import CliRunner

import earwitness.doors.cli  # noqa: F401  every command
from earwitness.checkup import CHECKS, Mark
from earwitness.config import Settings
from earwitness.doors.cli.app import app
from earwitness.errors import InputError
from earwitness.incidents.policy import parse
from earwitness.wiring import Earwitness

ONE_RUNG = """
[[rungs]]
name = "On duty"
tell = ["role:responder"]
deadlines = { now = "15m", recent = "4h", past = "2d" }
harms.child = { now = "10m", recent = "1h", past = "90m" }
working_hours = true

[outside]
name = "Ombudsman"
channels = ["CHANNEL"]

[hours]
zone = "Europe/Berlin"
days = ["mon", "tue", "wed"]
from = "09:30"
to = "17:00"

[at_once]
recent = 1
"""


def escalation_of(folder: Path, channel: str, **settings: object) -> tuple[Mark, str]:
    file = folder / "escalation.toml"
    file.write_text(ONE_RUNG.replace("CHANNEL", channel), encoding="utf-8")
    chosen = {"data": folder / "data", "smtp": "smtp://localhost", **settings}
    with Earwitness.open(Settings(escalation=file, **chosen)) as program:  # type: ignore[arg-type]
        return CHECKS["escalation"](program)


@pytest.mark.parametrize(
    "channel", ["mailto:o@example.org", "https://o.example/hook", "letter:ombudsman"]
)
def test_messages_that_lead_to_no_page_are_warned_of(tmp_path: Path, channel: str) -> None:
    mark, said = escalation_of(tmp_path, channel)
    assert mark is Mark.WARNING
    assert "EARWITNESS_PUBLIC_URL" in said
    mark, said = escalation_of(tmp_path, channel, public_url="https://e.example")
    assert "EARWITNESS_PUBLIC_URL" not in said


def test_keys_are_shown_whatever_else_is_wrong(tmp_path: Path) -> None:
    with Earwitness.open(Settings(data=tmp_path)) as program:
        mark, said = CHECKS["keys"](program)
        assert mark is Mark.OK
        assert str(program.incidents.book.key.public) in said
        assert str(program.messages_key.public) in said


def test_a_policy_is_shown_whole_however_narrow_the_screen(tmp_path: Path) -> None:
    address = f"mailto:{'o' * 60}@{'example.' * 9}org"
    file = tmp_path / "escalation.toml"
    file.write_text(ONE_RUNG.replace("CHANNEL", address), encoding="utf-8")
    arguments = ["--data", str(tmp_path / "data"), "escalation", str(file)]
    shown = CliRunner().invoke(app, arguments, env={"COLUMNS": "40"}).output
    assert address in shown
    assert "A child: 10 min, 1 h, 1 h 30 min" in shown
    assert "mon, tue, wed, 09:30 to 17:00, Europe/Berlin" in shown
    assert "a short while ago: 1 rung" in shown


def test_a_case_begins_with_no_more_rungs_than_there_are(tmp_path: Path) -> None:
    file = tmp_path / "escalation.toml"
    file.write_text(THREE_RUNGS + "\n[at_once]\nnow = 9\n", encoding="utf-8")
    arguments = ["--data", str(tmp_path / "data"), "escalation", str(file)]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code != 0
    assert "at_once.now is 9, and there are 3 rungs" in str(found.exception)


def test_whoever_is_in_danger_now_begins_with_two_rungs_where_there_are_two() -> None:
    with pytest.raises(InputError, match=r"at_once\.now is 1: 2 rungs at least are told at once"):
        parse(THREE_RUNGS + "\n[at_once]\nnow = 1\n")
    assert parse(THREE_RUNGS + "\n[at_once]\nnow = 2\nrecent = 1\n").rungs
    assert parse(ONE_RUNG.replace("CHANNEL", "letter:o").replace("recent = 1", "now = 1")).rungs


def test_an_account_that_nobody_has_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "escalation.toml"
    file.write_text(THREE_RUNGS, encoding="utf-8")
    with Earwitness.open(Settings(escalation=file, data=tmp_path / "data")) as program:
        mark, said = CHECKS["escalation"](program)
    assert mark is Mark.WARNING
    assert "accounts that nobody here has: Mallory, Ria, Dora" in said
    arguments = ["--data", str(tmp_path / "data"), "escalation", str(file)]
    shown = " ".join(CliRunner().invoke(app, arguments).output.split())
    assert "nobody here is called Mallory" in shown


def test_a_mail_server_that_does_not_answer_is_warned_of(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    said = escalation_of(tmp_path, "mailto:o@example.org", smtp=f"smtp://127.0.0.1:{port}")[1]
    assert "no mail leaves here: 127.0.0.1" in said
