"""What a person writes in a finding, before anything is done with it."""

from __future__ import annotations

import pytest

from earwitness.errors import InputError
from earwitness.flow.findings import Draft
from earwitness.sound.findings.finding import Heard


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "a\udfffb"])
def test_what_is_no_text_is_refused(odd: str) -> None:
    heard = (Heard("Ann", odd, False, False),)
    by = (Heard(odd, "words", False, False),)
    for draft in (
        Draft(f"why {odd}", ""),
        Draft("why", odd),
        Draft("why", "", heard),
        Draft("why", "", by),
        Draft("why", "", (), (odd,)),
        Draft("why", "", (), (), (odd,)),
    ):
        with pytest.raises(InputError, match="no text"):
            draft.checked()
    assert Draft("why \N{FIRE} \u0627", "\u4e0a").checked()
