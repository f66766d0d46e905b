"""The measurement of alignment, on the recordings that ship."""

from __future__ import annotations

import pytest

from earwitness.audio.reader import Reader
from earwitness.bench.manifest import Manifest
from earwitness.bench.sets import of_starter
from earwitness.bench.sound_alignment import KINDS, alignment
from earwitness.errors import InputError
from earwitness.starter import Role


def test_true_pairs_are_aligned_and_others_refused() -> None:
    speech = [of_starter(Role.DEMO), of_starter(Role.REGRESSION)]
    found = alignment(speech, Reader(), pairs=3, unrelated=4, seconds=8.0, snr_db=20.0)
    assert found["pairs"] == 3
    assert found["false_same_event"] == 0
    assert set(found["false_by_kind"]) == set(KINDS)
    assert found["alignment_error_ms"]["p50"] <= 1.0
    assert found["within_1_ms"]["measured"] is None


def test_too_little_speech_is_refused() -> None:
    one = of_starter(Role.DEMO)
    few = Manifest(one.path, one.rows[:2])
    with pytest.raises(InputError, match="at least four"):
        alignment([few], Reader(), pairs=1, unrelated=0)
