"""The log of a server: what peers can cause without end is cut, what people did never is."""

from __future__ import annotations

import pytest
import structlog

from earwitness.doors.up import logs


@pytest.fixture
def sparing(monkeypatch: pytest.MonkeyPatch) -> logs.Sparing:
    monkeypatch.setattr(logs, "monotonic", iter([*[5.0] * 200, *[6.0] * 200]).__next__)
    return logs.Sparing()


def written(sparing: logs.Sparing, times: int, **line: object) -> list[structlog.typing.EventDict]:
    kept = []
    for _ in range(times):
        try:
            kept.append(dict(sparing(None, "info", dict(line))))
        except structlog.DropEvent:
            continue
    return kept


def test_what_a_peer_causes_is_cut_and_counted(sparing: logs.Sparing) -> None:
    line = {"event": "connection refused", "peer": "10.0.0.1"}
    assert len(written(sparing, 200, **line)) == logs.LINES_A_SECOND
    first, *_ = written(sparing, 1, **line)
    assert first["left_out"] == 200 - logs.LINES_A_SECOND


def test_every_clip_that_was_played_is_in_the_log(sparing: logs.Sparing) -> None:
    assert len(written(sparing, 100, event="clip played", account="a1", utterance="u1")) == 100


def test_a_command_says_what_went_wrong_beside_its_answer_and_quotes_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure_for_commands()
    try:
        raise ValueError("what somebody said")
    except ValueError as error:
        structlog.get_logger().error("a case cannot climb", exc_info=error)
    out, err = capsys.readouterr()
    assert out == ""
    assert "a case cannot climb" in err
    assert "ValueError" in err
    assert "somebody" not in err
