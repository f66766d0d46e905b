"""Writes docs/reference from the code: commands, settings, doubt rules, metrics.

usage: python tools/reference.py     (a test fails while they differ)
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from earwitness.config import PREFIX, Settings
from earwitness.doors.cli import app as cli
from earwitness.doors.up.metrics import METRICS, Gauge
from earwitness.errors import EngineError, SettingsError, StoreError
from earwitness.review.queue import DISTURBING
from earwitness.sound.tagging.events import THRESHOLDS
from earwitness.sound.tagging.harm import CLASSES, HarmSound
from earwitness.speech.doubt import Rule, rules
from earwitness.wire.link import codec as link

FOLDER = Path(__file__).parent.parent / "docs" / "reference"


def commands() -> str:
    """Every command with its arguments and options."""
    top: Any = typer.main.get_command(cli.app)
    rows = "".join(f"| `{usage}` | {text} |\n" for usage, text in _parameters(top))
    codes = "".join(f"| {code} | {about} |\n" for code, about in _exit_codes())
    head = COMMANDS_HEAD.format(rows=rows, codes=codes)
    return head + "".join(_command(name, command) for name, command in _walk("earwitness", top))


COMMANDS_HEAD = """# Commands

`earwitness COMMAND --help` says the same. With `--json` stdout carries one JSON document and
nothing else; messages and progress go to stderr.

Before any command:

| | |
|---|---|
{rows}
Every command ends with one of these:

| Exit code | Meaning |
|---|---|
{codes}"""


def _exit_codes() -> Iterator[tuple[int, str]]:
    yield 0, "Done."
    yield 1, "It ran, and the answer is no: a term held, an answer refused, a check or demo failed."
    yield 2, "The input cannot be used, or some files of several; the message names them."
    for kind in (EngineError, StoreError, SettingsError):
        yield kind.exit_code, inspect.cleandoc(kind.__doc__ or "")
    yield cli.INTERRUPTED, "Ctrl-C."


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    for child_name, child in getattr(command, "commands", {}).items():
        path = f"{name} {child_name}"
        if hasattr(child, "commands"):
            yield from _walk(path, child)
        else:
            yield path, child


def _command(name: str, command: Any) -> str:
    rows = "".join(f"| `{usage}` | {text} |\n" for usage, text in _parameters(command))
    table = f"\n| | |\n|---|---|\n{rows}" if rows else ""
    return f"\n## {name}\n\n{inspect.cleandoc(command.help)}\n{table}"


def _parameters(command: Any) -> list[tuple[str, str]]:
    context = typer.Context(command)
    records = (parameter.get_help_record(context) for parameter in command.params)
    return [(_usage(usage), text.replace("|", "\\|")) for usage, text in filter(None, records)]


def _usage(usage: str) -> str:
    """``FILE <path>`` -> ``FILE``: the name says enough; a choice stays."""
    return re.sub(r" <[\w\[\]]+>$", "", usage.strip()).replace("|", "\\|")


def settings() -> str:
    """Every setting with its default."""
    rows = "".join(_setting(*field) for field in Settings.model_fields.items())
    return f"{SETTINGS_HEAD}\n| Setting | Default | What it does |\n|---|---|---|\n{rows}"


SETTINGS_HEAD = """# Settings

Settings are environment variables, or lines of a TOML file that `--settings FILE` or
`EARWITNESS_SETTINGS` names: `EARWITNESS_HTTP_PORT=8080` is `http_port = 8080` there. The
environment wins. One that cannot work ends the command with exit code 5 and a message that names
it.
"""


def _setting(name: str, field: Any) -> str:
    return f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |\n"


def _default(field: Any) -> str:
    if field.default_factory is not None:
        return str(field.default_factory.__doc__).replace("``", "`").rstrip(".")
    return "" if field.default in ("", None) else f"`{field.default}`"


def doubt_rules() -> str:
    """Every rule with what it looks at and when it fires."""
    return DOUBT_HEAD + "".join(map(_rule, rules())) + _sounds()


DOUBT_HEAD = """# Doubt rules

Each rule gives a flag with a reason and its number, or nothing. One flag is enough for an
utterance to be kept and to wait for a human. The thresholds are [settings](settings.md).
"""


def _rule(rule: Rule) -> str:
    name, _, about = inspect.cleandoc(type(rule).__doc__ or "").partition(": ")
    title = name.strip("`")
    limit = getattr(rule, "threshold", None)
    default = "" if limit is None else f"\nThreshold by default: {limit:g}.\n"
    return f"\n## {title}\n\n{about[0].upper()}{about[1:]}\n{default}"


def _sounds() -> str:
    rows = (
        f"| `{each.value}` | {', '.join(CLASSES[each])} | {THRESHOLDS[each].start:g} |\n"
        for each in HarmSound
    )
    return SOUND_HEAD + "".join(rows)


SOUND_HEAD = f"""
## {DISTURBING}

A sound that the household watches for, which may mean harm. It is looked for in everything that
the household's devices send, whether somebody speaks or not, and waits before everything else.
Shows the sound, its score and its stretch. What a loudspeaker plays lowers the score by up to
half. None is watched for unless [it is chosen](../how-to/sound.md).

| Sound | Classes of AudioSet | From a score of |
|---|---|---|
"""


def metrics() -> str:
    """Every metric with its labels."""
    return METRICS_HEAD + "".join(map(_metric, METRICS))


METRICS_HEAD = """# Metrics

`earwitness up` shows them at `/metrics`, in the text format of Prometheus: numbers about hearing,
never about who said what. Those that end in `_total` count since the start of the process.

| Metric | Labels | What it says |
|---|---|---|
"""


def _metric(gauge: Gauge) -> str:
    labels = ", ".join(f"`{label}`" for label in gauge.labels)
    return f"| `{PREFIX.lower()}{gauge.name}` | {labels} | {gauge.about} |\n"


def link_schema() -> str:
    """The messages of the device link as JSON Schema."""
    return json.dumps(link.schema(), indent=1, ensure_ascii=False) + "\n"


PAGES = {
    "commands.md": commands,
    "settings.md": settings,
    "doubt-rules.md": doubt_rules,
    "metrics.md": metrics,
    "device-link.schema.json": link_schema,
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
