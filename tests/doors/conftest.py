from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from openai import OpenAI
from tests.doors.serving import served
from tests.flow.house import SCRIPTS

from earwitness.config import Settings
from earwitness.engines.scripted import ScriptedEngine
from earwitness.ports import Engine
from earwitness.wiring import Earwitness

Serve = Callable[..., tuple[Earwitness, str]]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a program with settings of the test's, on a scripted recogniser, and its doors."""
    with ExitStack() as stack:

        def start(engine: Engine | None = None, **chosen: object) -> tuple[Earwitness, str]:
            settings = Settings(**{"data": tmp_path / "data", "audit_fraction": 0.0, **chosen})
            engine = engine or ScriptedEngine(SCRIPTS)
            program = stack.enter_context(Earwitness.open(settings, engine))
            return program, stack.enter_context(served(program))

        yield start


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Earwitness, str]]:
    """A program with the real recogniser, and the address of its doors."""
    settings = Settings(data=tmp_path_factory.mktemp("data"), audit_fraction=0.0)
    with Earwitness.open(settings) as program, served(program) as url:
        yield program, url


_clients: list[OpenAI] = []


def client(url: str, key: str = "unused") -> OpenAI:
    """OpenAI's own client, closed after the test; what fails is not tried again."""
    made = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
    _clients.append(made)
    return made


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while _clients:
        _clients.pop().close()
