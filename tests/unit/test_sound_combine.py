"""Recordings in step, and what is made of them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.babble import RATE, babble, heard_by, recording

from earwitness.errors import InputError
from earwitness.sound.recording import Recording
from earwitness.sound.several.align import Aligned, align
from earwitness.sound.several.clock import on_one_clock
from earwitness.sound.several.combine import (
    delay_and_sum,
    fine_delays,
    mvdr,
    separated,
    time_differences,
)
from earwitness.sound.several.sinc import sampled

SPEECH = babble(10.0, 6)


def aligned(one: Recording, other: Recording) -> Aligned:
    found = align(one, other)
    assert isinstance(found, Aligned), found
    return found


def noisy(count: int) -> list[Recording]:
    rng = np.random.default_rng(1)
    noise = 0.05 * rng.standard_normal((count, len(SPEECH)))
    return [recording((SPEECH + each).astype(np.float32)) for each in noise]


def decibels(sound: np.ndarray) -> float:
    return 10 * float(np.log10(np.mean(np.square(sound, dtype=np.float64))))


def test_a_tone_between_samples_is_the_tone() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / RATE).astype(np.float32)[:, None]
    made = sampled(tone, 1000.25, 1.0001, 4000)[:, 0]
    true = np.sin(2 * np.pi * 1000 * (1000.25 + 1.0001 * np.arange(4000)) / RATE)
    assert np.abs(made - true).max() < 1e-3


def test_outside_of_a_recording_there_is_silence() -> None:
    assert not sampled(np.ones((10, 2), np.float32), 1000.0, 1.0, 5).any()


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_on_one_clock_they_run_in_step(rate: int) -> None:
    one, other = recording(SPEECH), heard_by(SPEECH, -0.8, 90.0, rate)
    _, moved = on_one_clock([one, other], [None, aligned(one, other)])
    assert (moved.rate, moved.samples.shape) == (one.rate, one.samples.shape)
    inner = slice(RATE, 9 * RATE)
    assert decibels(moved.samples[inner] - one.samples[inner]) < decibels(one.samples[inner]) - 10


def test_exactly_one_recording_is_the_reference() -> None:
    with pytest.raises(InputError, match="exactly one"):
        on_one_clock([recording(SPEECH)] * 2, [None, None])


def test_times_between_vantage_points_are_told_in_ms() -> None:
    found = aligned(recording(SPEECH), heard_by(SPEECH, 0.003))
    table = time_differences([None, found], 5.0)
    assert table[0, 1] == pytest.approx(3.0, abs=0.05)
    assert table[1, 0] == -table[0, 1]


def test_delays_left_between_channels_are_found() -> None:
    late = sampled(SPEECH[:, None], -20.4, 1.0, len(SPEECH))[:, 0]
    delays = fine_delays([recording(SPEECH), recording(late)])
    assert delays == pytest.approx((0.0, 20.4 / RATE), abs=1e-5)


@pytest.mark.parametrize("count", [2, 4, 8])
def test_the_mean_of_n_channels_lowers_independent_noise_as_theory_says(count: int) -> None:
    made = delay_and_sum(noisy(count)).samples[:, 0]
    left = decibels(made - SPEECH)
    assert left == pytest.approx(decibels(np.array([0.05])) - 10 * np.log10(count), abs=0.5)


def test_mvdr_takes_away_what_comes_from_elsewhere() -> None:
    """A loud hiss that reaches the second channel three samples later than the first."""
    hiss = 0.03 * np.random.default_rng(2).standard_normal(len(SPEECH))
    said = np.where(np.arange(len(SPEECH)) < 2 * RATE, 0, SPEECH)
    pair = [recording((said + np.roll(hiss, shift)).astype(np.float32)) for shift in (0, 3)]
    beam = mvdr(pair, (0.0, 1.9)).samples[2 * RATE :, 0]
    mean = delay_and_sum(pair).samples[2 * RATE :, 0]
    assert decibels(beam - said[2 * RATE :]) < decibels(mean - said[2 * RATE :]) - 3


def test_sources_are_separated_the_same_for_a_seed_and_numpy_is_left_as_it_was() -> None:
    first, second = babble(2.0, 1), babble(2.0, 2)
    pair = [recording(first + 0.3 * second), recording(0.3 * first + second)]
    before = np.random.get_state()[1].tolist()
    once, again = separated(pair, 2, seed=3, rounds=5), separated(pair, 2, seed=3, rounds=5)
    assert np.random.get_state()[1].tolist() == before
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(once, again, strict=True))
    assert np.isfinite(once[0].samples).all()
    whole = sum(each.samples for each in once)
    assert decibels(whole - pair[0].samples) < decibels(pair[0].samples) - 20


def test_too_few_or_different_channels_are_refused() -> None:
    one, short = recording(SPEECH), recording(SPEECH[:100])
    with pytest.raises(InputError, match="at least two"):
        delay_and_sum([one])
    with pytest.raises(InputError, match="one clock"):
        delay_and_sum([one, short])
    with pytest.raises(InputError, match="fewer"):
        separated([one, one], 3)
    with pytest.raises(InputError, match="longer"):
        mvdr([one, one], (0.0, 0.05))
