"""For every test: no example fails because the machine was busy; lines of the log are plain; the
files that take longest come first, so that none of them is left over at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tests.new_stores import ready_made

from earwitness.doors.up import logs

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

LONGEST = (
    "bench/test_loop_measured.py",
    "workbench/test_listening_page.py",
    "workbench/test_accessible.py",
    "workbench/test_escalation.py",
    "docs/test_examples.py",
    "bench/test_doors_measured.py",
    "workbench/test_sample_household.py",
    "torture/test_torture.py",
    "acceptance/test_command_line.py",
    "workbench/test_by_hand.py",
    "workbench/test_fits.py",
    "acceptance/test_moonshine.py",
    "api/test_attacked.py",
)


@pytest.fixture(scope="session", autouse=True)
def new_stores_are_ready_made() -> Iterator[None]:
    with ready_made():
        yield


@pytest.fixture(autouse=True)
def every_line_is_logged() -> None:
    """A command that an earlier test ran in this process may have set the log otherwise; by
    itself structlog draws every traceback with all its values.
    """
    logs.configure_for_commands("debug")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    root = Path(__file__).parent
    places = {root / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
