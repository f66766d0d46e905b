"""Each step does what it says, on sounds of which everything is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.synthetic import RATE, bursts, level, noise, recording, rms_db, snr, tone

from earwitness.errors import InputError
from earwitness.sound.chain import Step, kinds
from earwitness.sound.kinds import Done, Tools
from earwitness.sound.recording import Recording


def done(do: str, given: Recording, **settings: Any) -> Done:
    """The step alone, before loudness is matched."""
    kind = kinds()[do]
    return kind.work(given, kind.settings_type(**Step(do, settings).settings), Tools())


def heard(do: str, given: Recording, **settings: Any) -> NDArray[np.float32]:
    return done(do, given, **settings).recording.samples[:, 0]


def change(do: str, of_hz: float, **settings: Any) -> float:
    """By how many dB a step changes a tone."""
    before = recording(tone(of_hz, 4))
    return level(heard(do, before, **settings), of_hz) - level(before.samples[:, 0], of_hz)


# --- gain, filters, hum -----------------------------------------------------


def test_gain_raises_one_channel_or_all() -> None:
    two = recording(tone(500), tone(500))
    all_of_it = done("gain", two, db=6.0).recording.samples
    second = done("gain", two, db=-20.0, channel=2).recording.samples
    assert np.allclose(all_of_it, two.samples * 10**0.3)
    assert np.array_equal(second[:, 0], two.samples[:, 0])
    assert np.allclose(second[:, 1], two.samples[:, 1] / 10)


def test_gain_on_a_channel_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="channel is 3, but there are only 1"):
        done("gain", recording(tone(500)), channel=3)


@pytest.mark.parametrize(
    ("do", "hz", "settings", "meant"),
    [
        ("high-pass", 1_000, {"hz": 1_000.0}, -6.02),
        ("high-pass", 500, {"hz": 1_000.0, "order": 2}, -24.6),
        ("high-pass", 4_000, {"hz": 1_000.0}, 0.0),
        ("low-pass", 1_000, {"hz": 1_000.0}, -6.02),
        ("low-pass", 250, {"hz": 1_000.0}, 0.0),
        ("band-pass", 300, {"low_hz": 300.0, "high_hz": 3_000.0}, -6.02),
        ("band-pass", 1_000, {"low_hz": 300.0, "high_hz": 3_000.0}, 0.0),
        ("equaliser", 1_000, {"hz": 1_000.0, "db": 9.0, "q": 2.0}, 9.0),
        ("equaliser", 1_000, {"hz": 1_000.0, "db": -12.0}, -12.0),
        ("equaliser", 6_000, {"hz": 500.0, "db": 20.0, "q": 4.0}, 0.0),
        ("notch", 900, {"hz": 1_000.0, "q": 30.0}, -0.21),
    ],
)
def test_a_filter_answers_as_its_formula_says(
    do: str, hz: float, settings: dict[str, Any], meant: float
) -> None:
    assert change(do, hz, **settings) == pytest.approx(meant, abs=0.5)


def test_a_notch_takes_its_frequency_away() -> None:
    assert change("notch", 1_000, hz=1_000.0) < -40


def test_a_filter_shifts_nothing_in_time() -> None:
    click = np.zeros(RATE)
    click[8_000] = 0.5
    assert np.abs(heard("low-pass", recording(click), hz=2_000.0)).argmax() == 8_000


@pytest.mark.parametrize("mains", [50.0, 60.0, 49.93])
def test_hum_is_found_and_falls_by_thirty_db_and_a_tone_beside_it_stays(mains: float) -> None:
    hum = sum(tone(mains * k, 20, 0.03 / k) for k in (1, 2, 3, 5))
    both = recording(hum + tone(440, 20) + noise(20, 1e-3))
    result = done("remove-hum", both)
    after = result.recording.samples[:, 0]
    assert f"hum was found at {mains:.1f}" in result.notes[0] or mains == 49.93
    for k in (1, 2, 3, 5):
        assert level(after, mains * k) < level(both.samples[:, 0], mains * k) - 30
    assert level(after, 440) == pytest.approx(level(both.samples[:, 0], 440), abs=0.3)


def test_where_there_is_no_hum_nothing_is_taken_away() -> None:
    before = recording(tone(440, 8) + noise(8, 0.01))
    result = done("remove-hum", before)
    assert result.notes == ("no hum was found, nothing was taken away",)
    assert result.recording is before


# --- noise ------------------------------------------------------------------


@pytest.mark.parametrize("profile", [[], [0.0, 0.5]])
def test_steady_noise_is_lowered_and_the_voice_stays(profile: list[float]) -> None:
    clean = np.concatenate([np.zeros(RATE // 2), bursts(6)])
    noisy = recording(clean + noise(6.5, 0.02))
    after = heard("reduce-noise", noisy, noise_from=profile)
    assert rms_db(after[: RATE // 2]) < rms_db(noisy.samples[: RATE // 2, 0]) - 8
    assert snr(clean, after) > snr(clean, noisy.samples[:, 0]) + 4


def test_noise_is_never_lowered_by_more_than_is_asked_for() -> None:
    before = recording(noise(3, 0.05))
    after = heard("reduce-noise", before, limit_db=6.0)
    assert -6.1 < rms_db(after) - rms_db(before.samples) < -4


def test_a_limit_of_nothing_changes_nothing() -> None:
    before = recording(noise(1, 0.05))
    assert np.abs(heard("reduce-noise", before, limit_db=0.0) - before.samples[:, 0]).max() < 1e-6


def test_a_stretch_of_noise_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="name a longer stretch"):
        done("reduce-noise", recording(tone(500)), noise_from=[5.0, 6.0])


# --- clipping, reverberation -------------------------------------------------


@pytest.mark.parametrize("share", [0.4, 0.7])
def test_cut_peaks_come_back_nearer_to_what_they_were(share: float) -> None:
    clean = bursts(2) + tone(317, 2, 0.2)
    clipped = np.clip(clean, -share * np.abs(clean).max(), share * np.abs(clean).max())
    before = recording(clipped)
    result = done("declip", before)
    assert "are put back as is likely" in result.notes[0]
    assert snr(clean, result.recording.samples[:, 0]) > snr(clean, before.samples[:, 0]) + 6


def test_what_was_not_cut_off_stays_to_the_bit() -> None:
    before = recording(np.clip(bursts(2), -0.2, 0.2)).samples[:, 0]
    after = heard("declip", recording(before))
    whole = np.abs(before) < 0.99 * np.abs(before).max()
    assert np.array_equal(after[whole], before[whole])
    assert (np.abs(after) >= np.abs(before) - 1e-6).all()


def test_a_recording_that_is_not_clipped_is_not_declipped() -> None:
    before = recording(noise(1))
    result = done("declip", before)
    assert result.notes == ("no sample is cut off, nothing was changed",)
    assert np.array_equal(result.recording.samples, before.samples)


def test_what_is_clipped_throughout_is_not_declipped() -> None:
    with pytest.raises(InputError, match="too little is left to go by"):
        done("declip", recording(np.sign(noise(1))))


@pytest.mark.parametrize(("channels", "falls_by"), [(1, 0.3), (2, 8.0)])
def test_late_reverberation_is_lowered(channels: int, falls_by: float) -> None:
    """Bursts of noise in a room of 0.4 s: between them is reverberation alone.

    One microphone hears too little of a room to undo much of it; two hear far more.
    """
    at = np.arange(6 * RATE) / RATE
    is_on = (at % 1.0) < 0.25
    late = (at % 1.0 > 0.29) & (at % 1.0 < 0.45)
    dry = noise(6, 0.002) * is_on
    rooms = [noise(0.4, 1.0, seed) * 10 ** (-3 * np.arange(6_400) / 6_400) for seed in (5, 6)]
    wet = [np.convolve(dry, np.concatenate([[20.0], room]))[: len(dry)] for room in rooms]
    before = recording(*wet[:channels])
    after = heard("dereverb", before, taps=40)
    tail, left = (rms_db(sound[late]) for sound in (before.samples[:, 0], after))
    assert left < tail - falls_by
    assert rms_db(after[is_on]) == pytest.approx(rms_db(before.samples[is_on, 0]), abs=3)


# --- a box, dynamics, speed ----------------------------------------------------


def box(how: str) -> tuple[Recording, NDArray[np.float32]]:
    beep = np.concatenate([np.zeros(RATE), tone(2_000, 1, 0.3), np.zeros(RATE)])
    before = recording(noise(3, 0.01) + beep + tone(500, 3))
    where = {"start": 0.98, "end": 2.02, "low_hz": 1_700.0, "high_hz": 2_300.0}
    return before, heard("repair", before, how=how, db=40.0, **where)


def test_a_box_is_attenuated_inside_only() -> None:
    before, after = box("attenuate")
    inside = slice(RATE + 1_600, 2 * RATE - 1_600)
    assert level(after[inside], 2_000) < level(before.samples[inside, 0], 2_000) - 30
    assert level(after[inside], 500) == pytest.approx(
        level(before.samples[inside, 0], 500), abs=0.2
    )
    assert np.array_equal(after[: int(0.94 * RATE)], before.samples[: int(0.94 * RATE), 0])
    assert np.array_equal(after[int(2.06 * RATE) :], before.samples[int(2.06 * RATE) :, 0])


def test_a_box_is_filled_from_its_neighbours() -> None:
    """Near to the noise around it; some 4 dB less, as the phases are those of the beep."""
    _, after = box("interpolate")
    band = heard("band-pass", recording(after), low_hz=1_800.0, high_hz=2_200.0)
    outside = rms_db(band[RATE // 4 : 3 * RATE // 4])
    assert rms_db(band[5 * RATE // 4 : 7 * RATE // 4]) == pytest.approx(outside, abs=6)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"start": 2.0, "end": 1.0}, "start has to be less than end"),
        ({"start": 0.0, "end": 31.0}, "at most 30 s"),
        ({"start": 5.0, "end": 6.0}, "begins after the end"),
    ],
)
def test_a_box_that_is_none_is_refused(where: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        done("repair", recording(tone(500)), **where)


@pytest.mark.parametrize(("level_db", "meant"), [(-40, 0.0), (-30, -2 / 3 * 1.5), (-6, -16.0)])
def test_the_compressor_follows_its_curve(level_db: float, meant: float) -> None:
    """-30 dB, ratio 3, a knee of 12 dB: at the threshold a quarter of the knee's half."""
    before = recording(tone(1_000, 2, 10 ** (level_db / 20)))
    after = heard("compress", before, threshold_db=-30.0, ratio=3.0, knee_db=12.0)
    changed = level(after, 1_000) - level(before.samples[:, 0], 1_000)
    assert changed == pytest.approx(meant, abs=0.3)


def test_channels_are_compressed_together() -> None:
    two = recording(tone(1_000, 2, 0.5), tone(700, 2, 0.005))
    after = done("compress", two).recording.samples
    gains = [rms_db(after[:, c]) - rms_db(two.samples[:, c]) for c in (0, 1)]
    assert gains[0] < -10
    assert gains[1] == pytest.approx(gains[0], abs=0.1)


def test_the_expander_lowers_what_is_soft_and_leaves_what_is_loud() -> None:
    settings = {"threshold_db": -40.0, "ratio": 2.0}
    soft, loud = (recording(tone(1_000, 2, 10 ** (db / 20))) for db in (-50, -20))
    assert rms_db(heard("expand", soft, **settings)) - rms_db(soft.samples) == pytest.approx(
        -10, abs=0.5
    )
    assert rms_db(heard("expand", loud, **settings)) == pytest.approx(rms_db(loud.samples), abs=0.1)


def test_the_gate_stays_open_for_its_hold_and_closes_then() -> None:
    sound = np.concatenate([tone(1_000, 1, 0.3), tone(1_000, 2, 1e-3)])
    before = recording(sound)
    after = heard("gate", before, threshold_db=-40.0, hold_ms=500.0, limit_db=30.0)
    held, closed = slice(17_000, 23_000), slice(32_000, 46_000)
    assert rms_db(after[held]) == pytest.approx(rms_db(before.samples[held]), abs=0.2)
    assert rms_db(after[closed]) == pytest.approx(rms_db(before.samples[closed]) - 30, abs=0.5)


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.5])
def test_speed_changes_the_length_and_keeps_the_pitch(factor: float) -> None:
    before = recording(tone(437, 3), tone(1_003, 3))
    after = done("speed", before, factor=factor).recording
    assert len(after.samples) == round(len(before.samples) / factor)
    for channel, hz in enumerate((437, 1_003)):
        spectrum = np.abs(np.fft.rfft(after.samples[:, channel] * np.hanning(len(after.samples))))
        assert spectrum.argmax() / after.seconds == pytest.approx(hz, abs=2)


def test_speed_as_recorded_changes_nothing() -> None:
    before = recording(bursts(2))
    assert np.abs(heard("speed", before, factor=1.0) - before.samples[:, 0]).max() < 1e-6
