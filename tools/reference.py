"""Writes docs/reference from the code: commands, settings, doubt rules.

usage: python tools/reference.py     (a test fails while they differ)
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from earwitness.config import PREFIX, Settings
from earwitness.doors.cli.app import app

FOLDER = Path(__file__).parent.parent / "docs" / "reference"


def commands() -> str:
    """Every command with its arguments and options."""
    top: Any = typer.main.get_command(app)
    head = "# Commands\n\n" + top.help + "\n\nBefore any command: " + _inline(top) + ".\n"
    return head + "".join(_command(name, command) for name, command in _walk("earwitness", top))


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    for child_name, child in getattr(command, "commands", {}).items():
        path = f"{name} {child_name}"
        if hasattr(child, "commands"):
            yield from _walk(path, child)
        else:
            yield path, child


def _inline(command: Any) -> str:
    return ", ".join(f"`{usage}`" for usage, _ in _parameters(command))


def _command(name: str, command: Any) -> str:
    rows = "".join(f"| `{usage}` | {text} |\n" for usage, text in _parameters(command))
    table = f"\n| | |\n|---|---|\n{rows}" if rows else ""
    return f"\n## {name}\n\n{inspect.cleandoc(command.help)}\n{table}"


def _parameters(command: Any) -> list[tuple[str, str]]:
    context = typer.Context(command)
    records = (parameter.get_help_record(context) for parameter in command.params)
    return [(usage.strip(), text.replace("|", "\\|")) for usage, text in filter(None, records)]


def settings() -> str:
    """Every setting with its default."""
    rows = "".join(_setting(*field) for field in Settings.model_fields.items())
    return f"{SETTINGS_HEAD}\n| Setting | Default | What it does |\n|---|---|---|\n{rows}"


SETTINGS_HEAD = """# Settings

Settings are environment variables. One that cannot work ends the command with exit code 5 and a message that names it.
"""


def _setting(name: str, field: Any) -> str:
    return f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |\n"


def _default(field: Any) -> str:
    if field.default_factory is not None:
        return str(field.default_factory.__doc__).replace("``", "`").rstrip(".")
    return "" if field.default in ("", None) else f"`{field.default}`"


PAGES = {"commands.md": commands, "settings.md": settings}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
