"""Pieces of a recording: together they are all of it, and no word is cut that need not be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.errors import InputError
from earwitness.sound.findings.pieces import LEAST, divided
from earwitness.sound.recording import Recording

RATE = 8000


def noise(seconds: float) -> Recording:
    samples = np.random.default_rng(1).standard_normal((int(seconds * RATE), 1)) / 10
    return Recording(samples.astype(np.float32), RATE)


def test_a_cut_lies_in_the_pause_that_is_near() -> None:
    said = noise(4.0)
    for start in (0.9, 2.2, 3.1):
        said.samples[int(start * RATE) : int((start + 0.1) * RATE)] *= 0.01
    ends = [end for _, end in divided(said, 4)]
    assert ends == pytest.approx([0.95, 2.25, 3.15, 4.0], abs=0.03)


@given(st.integers(1, 12), st.floats(LEAST + 0.01, 3.0))
def test_pieces_follow_on_each_other_and_are_the_whole(count: int, each: float) -> None:
    recording = noise(max(0.31, count * each))
    pieces = divided(recording, count)
    assert len(pieces) == count
    assert pieces[0][0] == 0.0
    assert pieces[-1][1] == pytest.approx(recording.seconds, abs=0.001)
    assert [end for _, end in pieces[:-1]] == [start for start, _ in pieces[1:]]
    assert all(start < end for start, end in pieces)


def test_more_pieces_than_there_is_sound_for_are_refused() -> None:
    for count in (0, -1, 4):
        with pytest.raises(InputError, match="has 1 to 3 pieces"):
            divided(noise(1.0), count)
    assert divided(noise(0.05), 1) == ((0.0, 0.05),)
