"""The examples on the pages are run as a reader would type them.

Blocks marked ``console`` run in order, one folder and one store a page: each line
after ``$`` is a command that must succeed, the lines under it are what it prints,
with ``...`` for what differs from run to run.
"""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, Block, blocks, pages

from earwitness.incidents.policy import parse


def _with(language: str) -> list[Path]:
    return [page for page in pages() if blocks(page, language)]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _steps(block: Block) -> list[tuple[str, str]]:
    """(command, expected output) pairs of one block; a backslash carries a command on."""
    steps: list[tuple[str, str]] = []
    for line in block.lines:
        if line.startswith("$ "):
            steps.append((line[2:], ""))
        elif steps and steps[-1][0].endswith("\\"):
            steps[-1] = (steps[-1][0][:-1] + line.strip(), "")
        elif steps:
            steps[-1] = (steps[-1][0], steps[-1][1] + line + "\n")
    return steps


def _environment(folder: Path) -> dict[str, str]:
    scripts = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "EARWITNESS_DATA": str(folder / "earwitness-data"),
        "EARWITNESS_SECOND_LISTENER_FRACTION": "0",
        "EARWITNESS_AUDIT_FRACTION": "0",
        "COLUMNS": "100",
    }


def _same(expected: str, printed: str) -> bool:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(expected, printed, flags)


@pytest.mark.parametrize("page", _with("console"), ids=_name)
def test_every_console_example_prints_what_its_page_says(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "console"):
        for command, expected in _steps(block):
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=tmp_path,
                env=_environment(tmp_path),
                capture_output=True,
                text=True,
            )
            where = f"{_name(page)}:{block.line}: {command}\n"
            assert done.returncode == 0, where + done.stdout + done.stderr
            assert not expected or _same(expected, done.stdout), where + done.stdout + done.stderr


def test_the_policy_of_the_guide_is_one() -> None:
    page = ROOT / "docs/how-to/escalation.md"
    (block,) = blocks(page, "toml")
    read = parse("\n".join(block.lines))
    assert [rung.name for rung in read.rungs] == ["On duty", "Head of trust and safety"]
    assert read.outside
