"""The program's own help, whatever commands it has."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

import earwitness.doors.cli  # noqa: F401  every command
from earwitness.doors.cli.app import ORDER, Ordered, app


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_help_names_every_command(arguments: list[str]) -> None:
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code in (0, 2), shown.exception  # 2: it was given no command
    named = typer.main.get_command(app)
    assert isinstance(named, Ordered)
    for name in named.commands:
        assert f"\n  {name} " in shown.output


def test_every_command_has_its_place() -> None:
    named = typer.main.get_command(app)
    assert isinstance(named, Ordered)
    assert set(named.commands) == set(ORDER)


def test_a_command_without_a_place_comes_last() -> None:
    made = typer.Typer(cls=Ordered)
    for name in ("zebra", "witness", "ant", "up"):
        made.command(name)(lambda: None)
    named = typer.main.get_command(made)
    context = typer.Context(named)
    assert named.list_commands(context) == ["up", "witness", "ant", "zebra"]  # type: ignore[attr-defined]
