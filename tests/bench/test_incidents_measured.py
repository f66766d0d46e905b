"""``bench incidents``: its figures, from a few reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwitness.bench import incidents
from earwitness.config import Settings


def test_reports_and_proofs_are_measured_in_a_store_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "REPORTS", 4)
    monkeypatch.setattr(incidents, "PROOFS", 10)
    monkeypatch.setattr(incidents, "DEADLINES", 5)
    steps: list[str] = []
    found = incidents.run(Settings(data=tmp_path), (1000, 1001), steps.append)
    assert found.keys() == {
        "report_ack_ms",
        "reports_per_s",
        "proofs_per_s",
        "verify_s",
        "deadlines_per_s",
        "lateness_s",
    }
    assert 0 < found["lateness_s"]["p99"] < 10 / found["deadlines_per_s"]
    assert 0 < found["report_ack_ms"]["p50"] <= found["report_ack_ms"]["p99"]
    assert found["reports_per_s"] > 0
    assert found["proofs_per_s"] > 0
    assert found["verify_s"].keys() == {"1000", "1001"}
    assert len(steps) == 6
    assert list(tmp_path.iterdir()) == []
