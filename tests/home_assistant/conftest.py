"""A Home Assistant and the Earwitness that it speaks to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from tests.home_assistant.home import added, home
from tests.home_assistant.served import Earwitness

from earwitness.starter import Recording, Role, recordings

PATIENCE = 120
"""Home Assistant waits for ever for an answer; a test does not, in seconds."""

Scenario = Callable[[HomeAssistant], Awaitable[Any]]
AtHome = Callable[..., Any]
Started = Callable[..., AbstractContextManager[Earwitness]]


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
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Started:
    """Starts an Earwitness with settings of one's own."""
    python = request.config.getoption("--earwitness")
    return lambda **settings: Earwitness(python, tmp_path_factory.mktemp("data"), **settings).up()


@pytest.fixture(scope="session")
def earwitness(started: Started) -> Iterator[Earwitness]:
    """One that all share."""
    with started() as served:
        yield served


@pytest.fixture(scope="session")
def speech(earwitness: Earwitness) -> list[Speech]:
    """Ordinary requests, which the recogniser knows how to hear."""
    return _decoded(earwitness, recordings(Role.REGRESSION)[:4])


@pytest.fixture(scope="session")
def saoirse(earwitness: Earwitness) -> Speech:
    """A request with a name that nobody taught."""
    return _decoded(earwitness, [r for r in recordings(Role.DEMO) if "Saoirse" in r.extra][:1])[0]


def _decoded(earwitness: Earwitness, chosen: Sequence[Recording]) -> list[Speech]:
    pcm = earwitness.decoded(chosen)
    return [Speech(recording.text, samples) for recording, samples in zip(chosen, pcm, strict=True)]


@pytest.fixture
def at_home(tmp_path: Path, earwitness: Earwitness) -> AtHome:
    """Runs a scenario in a new Home Assistant to which an Earwitness was added."""

    async def lived(scenario: Scenario, served: Earwitness) -> Any:
        async with asyncio.timeout(PATIENCE), home(tmp_path) as hass:
            await added(hass, served.wyoming_port)
            return await scenario(hass)

    return lambda scenario, served=earwitness: asyncio.run(lived(scenario, served))
