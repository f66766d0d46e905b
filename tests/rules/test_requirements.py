"""Every dependency that is declared is pinned, and with the same bounds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def _pinned(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("file", "declared"),
    [
        ("core.txt", PROJECT["dependencies"]),
        ("sound.txt", PROJECT["dependencies"] + EXTRAS["sound"]),
        ("dev.txt", PROJECT["dependencies"] + EXTRAS["postgres"] + EXTRAS["sound"]),
    ],
)
def test_what_is_declared_is_pinned(file: str, declared: list[str]) -> None:
    pinned = _pinned(file)
    for requirement in map(Requirement, declared):
        assert requirement.specifier.contains(pinned[requirement.name.lower()]), "run: make lock"


def test_tests_run_on_the_versions_that_are_shipped() -> None:
    core, sound, dev = map(_pinned, ("core.txt", "sound.txt", "dev.txt"))
    assert core.items() <= sound.items() <= dev.items()


@pytest.mark.parametrize("file", ["core.txt", "sound.txt", "dev.txt", "home-assistant.txt"])
def test_every_pin_has_a_hash(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    pins = re.split(r"\n(?=\S)", text.strip())
    names = [(pin.partition("==")[0], pin.partition(";")[2].partition("\\")[0]) for pin in pins]
    assert len(set(names)) == len(names) >= len(_pinned(file))
    assert all("--hash=sha256:" in pin for pin in pins)
