from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.databases import postgres_server, postgres_url, ready_postgres_url, sqlite_url

from earwitness.stores import SqlRecords, open_store


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Every test runs on both."""
    return str(request.param)


@pytest.fixture
def new_empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Gives the URL of another database at each call, for which the migrations have yet to run."""
    if kind == "sqlite":
        return partial(sqlite_url, tmp_path)
    return partial(postgres_url, request.getfixturevalue("server"))


@pytest.fixture
def new_url(
    kind: str, new_empty_url: Callable[[], str], request: pytest.FixtureRequest
) -> Callable[[], str]:
    """The same, but they have run; SQLite's files are ready-made as they are opened."""
    if kind == "sqlite":
        return new_empty_url
    return partial(ready_postgres_url, request.getfixturevalue("server"))


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture
def store(url: str) -> Iterator[SqlRecords]:
    records = open_store(url)
    yield records
    problems = records.check()
    records.close()
    assert problems == []
