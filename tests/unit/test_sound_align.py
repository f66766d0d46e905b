"""Recordings of one event run together, with drift and breaks; others are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.babble import RATE, babble, heard_by, hiss, recording

from earwitness.errors import InputError, Stopped, TooLarge
from earwitness.sound.recording import Recording
from earwitness.sound.several.align import Aligned, NotSame, align, threshold
from earwitness.sound.several.correlated import Peak
from earwitness.sound.several.lines import fitted, likeliest
from earwitness.sound.several.together import align_all

SPEECH = babble(20.0)


def same(one: Recording, other: Recording, coarse: float | None = None) -> Aligned:
    found = align(one, other, coarse)
    assert isinstance(found, Aligned), found
    return found


def refused(one: Recording, other: Recording, coarse: float | None = None) -> NotSame:
    found = align(one, other, coarse)
    assert isinstance(found, NotSame), found
    return found


@pytest.mark.parametrize("offset", [-3.21043, 0.0, 0.00002, 1.5003])
def test_an_offset_is_found_within_a_fraction_of_a_sample(offset: float) -> None:
    found = same(recording(SPEECH), heard_by(SPEECH, offset))
    assert found.in_other(10.0) == pytest.approx(10.0 + offset, abs=20e-6)
    assert found.breaks == ()


@pytest.mark.parametrize("ppm", [-200.0, -50.0, 50.0, 200.0])
def test_a_clock_that_runs_apart_is_found(ppm: float) -> None:
    found = same(recording(SPEECH), heard_by(SPEECH, -0.7, ppm))
    assert found.drift_ppm == pytest.approx(ppm, abs=5)
    for moment in (1.0, 10.0, 19.0):
        assert found.in_other(moment) == pytest.approx(moment * (1 + ppm * 1e-6) - 0.7, abs=1e-4)


def test_a_sound_that_repeats_itself_is_no_time_unless_clocks_say_which() -> None:
    """Beeps of a machine, each with its own noise: they fit wherever beeps meet beeps."""
    beep = babble(0.3, 5)
    beeps = np.concatenate([np.pad(beep, (0, RATE - len(beep)))] * 12)
    one, other = beeps + hiss(beeps, 6.0, 1), beeps[RATE // 2 :]
    other = other + hiss(other, 6.0, 2)
    found = refused(recording(one), recording(other))
    assert "repeats itself" in found.reason
    near = align(recording(one), recording(other), -0.5, within=0.4)
    assert isinstance(near, Aligned)
    assert near.offset_s == pytest.approx(-0.5, abs=1e-3)


def test_speech_over_beeps_is_found_all_the_same() -> None:
    beep = 0.5 * babble(0.3, 5)
    beeps = np.concatenate([np.pad(beep, (0, RATE - len(beep)))] * 20)
    found = same(recording(SPEECH + beeps), heard_by(SPEECH + beeps, -0.5))
    assert found.offset_s == pytest.approx(-0.5, abs=1e-3)


def test_noise_as_loud_as_the_sound_does_not_hide_it() -> None:
    one = SPEECH + hiss(SPEECH, 0.0, 1)
    other = heard_by(SPEECH, -2.0, 50.0).samples[:, 0]
    found = same(recording(one), recording(other + hiss(other, 0.0, 2)))
    assert found.in_other(10.0) == pytest.approx(8.0005, abs=3e-4)
    assert found.evidence.peak > found.evidence.needed


def test_what_is_said_about_uncertainty_holds_the_error() -> None:
    outside = 0
    for seed in range(8):
        sound = babble(8.0, seed)
        one, other = sound + hiss(sound, 3.0, seed + 50), heard_by(sound, 0.5, 30.0).samples[:, 0]
        found = same(recording(one), recording(other + hiss(other, 3.0, seed + 90)))
        worst = max(abs(found.in_other(t) - t * (1 + 30e-6) - 0.5) for t in (1.0, 4.0, 7.0))
        outside += worst * 1e3 > found.uncertainty_ms
    assert outside <= 2


@settings(max_examples=10, deadline=None)
@given(st.floats(-1.5, 1.5), st.floats(-150, 150), st.integers(0, 5))
def test_turned_round_it_is_the_inverse(offset: float, ppm: float, seed: int) -> None:
    sound = babble(12.0, seed)
    one, other = recording(sound), heard_by(sound, offset, ppm)
    there, back = same(one, other), same(other, one)
    assert back.in_other(there.in_other(6.0)) == pytest.approx(6.0, abs=1e-4)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100])
def test_other_rates_are_compared(rate: int) -> None:
    found = same(recording(SPEECH), heard_by(SPEECH, -1.0, 0.0, rate))
    assert found.in_other(10.0) == pytest.approx(9.0, abs=1e-4)


def test_many_channels_at_a_high_rate_are_compared_and_none_cancels_the_other() -> None:
    sound = heard_by(SPEECH[: 6 * RATE], -0.5, 0.0, 96_000).samples
    channels = np.concatenate([sound, -sound] * 4, axis=1)
    found = same(recording(SPEECH[: 6 * RATE]), Recording(channels, 96_000))
    assert found.in_other(3.0) == pytest.approx(2.5, abs=1e-4)


def test_clipped_and_one_bit_sound_is_compared() -> None:
    clipped = np.clip(SPEECH * 20, -0.3, 0.3)
    one_bit = np.where(heard_by(SPEECH, -1.0).samples >= 0, 0.5, -0.5).astype(np.float32)
    assert same(recording(SPEECH), recording(clipped)).offset_s == pytest.approx(0, abs=1e-4)
    assert same(recording(SPEECH), Recording(one_bit, RATE)).offset_s == pytest.approx(-1, abs=3e-4)


def test_dropped_samples_are_told_and_not_averaged_away() -> None:
    sound = babble(40.0, 3)
    dropped = np.concatenate([sound[: 18 * RATE], sound[18 * RATE + 800 :]])
    found = same(recording(sound), recording(dropped))
    (gap,) = found.breaks
    assert gap.at_s == pytest.approx(18.0, abs=0.3)
    assert gap.jump_s == pytest.approx(-0.05, abs=1e-4)
    assert found.in_other(10.0) == pytest.approx(10.0, abs=1e-4)
    assert found.in_other(30.0) == pytest.approx(29.95, abs=1e-4)


def test_two_breaks_are_told_in_order() -> None:
    sound = babble(60.0, 4)
    dropped = np.concatenate([sound[: 18 * RATE], sound[19 * RATE : 40 * RATE], sound[41 * RATE :]])
    found = same(recording(sound), recording(dropped))
    assert [round(each.jump_s, 3) for each in found.breaks] == [-1.0, -1.0]


@pytest.mark.parametrize("seed", range(5))
def test_other_sound_is_refused_with_figures(seed: int) -> None:
    found = refused(recording(babble(8.0, 10 + seed)), recording(babble(8.0, 20 + seed)))
    assert found.peak < found.needed
    assert f"{found.needed:.1f}" in found.reason


def test_a_hum_that_both_have_is_not_an_event() -> None:
    at = np.arange(12 * RATE) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * n * at + n * n) / n for n in range(1, 60))
    hummed = [babble(12.0, n) + (0.2 * hum).astype(np.float32) for n in (30, 31)]
    refused(recording(hummed[0]), recording(hummed[1]))


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(0, np.float32), "0.00 s"),
        (np.zeros(1, np.float32), "0.00 s"),
        (np.zeros(5 * RATE, np.float32), "silence"),
    ],
)
def test_nothing_to_compare_is_said(samples: np.ndarray, words: str) -> None:
    assert words in refused(recording(SPEECH), recording(samples)).reason
    assert words in refused(recording(samples), recording(SPEECH)).reason


def test_a_second_is_enough_where_it_is_clear() -> None:
    assert same(recording(SPEECH), recording(SPEECH[5 * RATE : 6 * RATE + 8000])).in_other(
        5.5
    ) == pytest.approx(0.5, abs=1e-4)


def test_a_clock_narrows_the_search_and_a_wrong_one_is_said() -> None:
    other = heard_by(SPEECH, -3.0)
    assert same(recording(SPEECH), other, -2.0).offset_s == pytest.approx(-3.0, abs=1e-4)
    assert "do not overlap" in refused(recording(SPEECH), other, 500.0).reason


def test_more_than_ten_minutes_are_refused() -> None:
    with pytest.raises(TooLarge, match="stretch"):
        align(recording(SPEECH), recording(np.zeros(601 * RATE, np.float32)))


def test_the_same_recordings_give_the_same_figures() -> None:
    other = heard_by(SPEECH, -1.2, 80.0)
    assert align(recording(SPEECH), other) == align(recording(SPEECH), other)


def test_more_trials_ask_for_more() -> None:
    assert threshold(10**7, 600.0) > threshold(10**4, 10.0)


# --- lines --------------------------------------------------------------------


def test_a_few_wrong_delays_do_not_bend_the_line() -> None:
    right = [Peak(t, 0.5 + 40e-6 * t, 10.0) for t in range(30)]
    wrong = [Peak(t, 0.5 + 0.4e-3, 10.0) for t in (3, 17)]
    fit = fitted([right + wrong])
    assert fit.drift == pytest.approx(40e-6, abs=3e-6)
    assert fit.offsets[0] == pytest.approx(0.5, abs=3e-5)


def test_one_delay_says_nothing_about_drift() -> None:
    fit = fitted([[Peak(5.0, 0.25, 10.0)]])
    assert fit.drift == pytest.approx(0.0, abs=1e-5)
    assert fit.deviation(0, 100.0) > 4e-3


def test_the_likeliest_line_leaves_higher_single_peaks_aside() -> None:
    on = [Peak(t, 1.0 + 100e-6 * t, 6.0) for t in range(10)]
    found = likeliest([Peak(4.0, -2.0, 9.0), *on])
    assert found is not None
    assert found[1] == on
    assert found[0].drift == pytest.approx(100e-6, abs=1e-7)


# --- several ------------------------------------------------------------------


def test_three_recordings_close_their_triangle() -> None:
    others = [heard_by(SPEECH, offset, ppm) for offset, ppm in ((-1.0, 40.0), (-2.5, -60.0))]
    found = align_all([recording(SPEECH), *others], [100.0, 101.2, 102.0])
    assert found.members[0] is None
    assert all(isinstance(each, Aligned) for each in found.members[1:])
    (closure,) = found.closures
    assert closure.apart_ms < 0.2


def test_one_that_heard_something_else_is_refused_alone() -> None:
    found = align_all([recording(SPEECH), heard_by(SPEECH, -1.0), recording(babble(10.0, 9))])
    assert [type(each) for each in found.members] == [type(None), Aligned, NotSame]


def test_recordings_that_contradict_each_other_are_refused_with_the_reason() -> None:
    """The reference holds two sounds at once, and each of the others both, elsewhere."""
    first, second = babble(12.0, 1), babble(12.0, 2)
    late = np.pad(second, (RATE // 2, 0))[: len(second)]
    recordings = [recording(first + second), recording(first + 0.5 * late), recording(late)]
    found = align_all(recordings)
    reasons = [each.reason for each in found.members if isinstance(each, NotSame)]
    assert all(isinstance(each, (Aligned, NotSame)) for each in found.members[1:])
    assert all("elsewhere" in reason for reason in reasons)


def test_too_few_recordings_or_clocks_are_refused() -> None:
    with pytest.raises(InputError, match="at least two"):
        align_all([recording(SPEECH)])
    with pytest.raises(InputError, match="clock"):
        align_all([recording(SPEECH)] * 2, [1.0])


def test_what_is_stopped_aligns_no_two_more() -> None:
    asked = iter([False, True])
    with pytest.raises(Stopped, match="cancelled"):
        align_all([recording(SPEECH)] * 4, stop=lambda: next(asked))
    assert next(asked, None) is None
