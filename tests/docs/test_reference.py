"""The reference pages say what the code says."""

from __future__ import annotations

import pytest
from tools import reference


@pytest.mark.parametrize("page", reference.PAGES)
def test_a_reference_page_is_what_the_code_writes(page: str) -> None:
    written = (reference.FOLDER / page).read_text(encoding="utf-8")
    assert written == reference.PAGES[page](), "run: make reference"
