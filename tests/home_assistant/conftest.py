"""A Home Assistant and the Earwitness that it speaks to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from tests.home_assistant.home import added, home
from tests.home_assistant.served import Earwitness

from earwitness.starter import Role, recordings

PATIENCE = 120
"""Home Assistant waits for ever for an answer; a test does not, in seconds."""

Scenario = Callable[[HomeAssistant], Awaitable[Any]]


@dataclass(frozen=True)
class Speech:
    """What was said, and 16-bit mono samples of it at 16 kHz."""

    text: str
    pcm: bytes


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--earwitness",
        metavar="PYTHON",
        default=".venv/bin/python",
        help="the Python of the environment that Earwitness runs in (%(default)s)",
    )


@pytest.fixture(scope="session")
def earwitness(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Earwitness]:
    python = request.config.getoption("--earwitness")
    with Earwitness(python, tmp_path_factory.mktemp("data")).up() as served:
        yield served


@pytest.fixture(scope="session")
def speech(earwitness: Earwitness) -> list[Speech]:
    """Ordinary requests."""
    chosen = recordings(Role.REGRESSION)[:5]
    return [Speech(r.text, pcm) for r, pcm in zip(chosen, earwitness.decoded(chosen), strict=True)]


@pytest.fixture(scope="session")
def saoirse(earwitness: Earwitness) -> list[Speech]:
    """Requests with a name that nobody taught."""
    chosen = [r for r in recordings(Role.DEMO) if "Saoirse" in r.extra]
    return [Speech(r.text, pcm) for r, pcm in zip(chosen, earwitness.decoded(chosen), strict=True)]


@pytest.fixture
def at_home(earwitness: Earwitness, tmp_path: Path) -> Callable[[Scenario], Any]:
    """Runs a scenario in a new Home Assistant to which our Earwitness was added."""

    async def lived(scenario: Scenario) -> Any:
        async with asyncio.timeout(PATIENCE), home(tmp_path) as hass:
            await added(hass, earwitness.wyoming_port)
            return await scenario(hass)

    return lambda scenario: asyncio.run(lived(scenario))
