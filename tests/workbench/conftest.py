from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.workbench.chromium import chromium


@pytest.fixture(scope="module")
def real_browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
