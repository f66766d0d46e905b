from __future__ import annotations

import pytest

from earwitness.doors.cli.screen import Screen


def test_in_a_log_each_step_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen(as_json=True).steps() as step:
        for doing in ("speed", "harm"):
            for done in range(3):
                step(doing, done, 3)
    shown = capsys.readouterr()
    assert shown.err.splitlines() == ["speed ...", "harm ..."]
    assert shown.out == ""
