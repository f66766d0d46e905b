"""The range of a sound that a browser asks for (RFC 9110, section 14)."""

from __future__ import annotations

import pytest

from earwitness.doors.workbench.sound import ranged


@pytest.mark.parametrize("asked", [f"bytes={'9' * 5000}-", f"bytes=-{'9' * 5000}"])
def test_a_number_without_end_gets_the_whole(asked: str) -> None:
    answer = ranged(asked, b"abc")
    assert (answer.status_code, answer.body) == (200, b"abc")


def test_a_range_is_cut_out() -> None:
    assert bytes(ranged("bytes=1-1", b"abc").body) == b"b"
    assert ranged("bytes=3-", b"abc").status_code == 416
