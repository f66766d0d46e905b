"""Edits that are made here are observed, and an untouched recording is not accused."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.test_sound_containers import FLAC, wav

from earwitness.sound.hum import hum
from earwitness.sound.integrity import containers
from earwitness.sound.integrity.checks import (
    check,
    clipping,
    codec,
    discontinuities,
    floor_steps,
    holds,
    hum_phase,
    length,
    offset_steps,
    returns,
    samples_md5,
    signature,
    software,
    sound,
    structure,
)
from earwitness.sound.integrity.containers import Container
from earwitness.sound.integrity.lossy import mdct
from earwitness.sound.integrity.observation import Observation
from earwitness.sound.integrity.places import repeats
from earwitness.sound.recording import Recording

RATE = 16_000
Samples = NDArray[np.float32]


def scene(seconds: float = 10.0, seed: int = 1, hum_level: float = 0.01) -> Samples:
    """A room: soft noise, the hum of the mains, and something that sounds now and then."""
    random = np.random.default_rng(seed)
    at = np.arange(round(seconds * RATE)) / RATE
    rough = random.standard_normal(len(at))
    soft = np.convolve(rough, np.hanning(9), "same") * 0.002
    event = np.convolve(rough, np.hanning(9), "same") * 0.02 * np.sin(np.pi * at / 3) ** 16
    mains = hum_level * np.sin(2 * np.pi * 50.03 * at)
    return on_grid(soft + event + mains)


def on_grid(samples: NDArray[np.floating]) -> Samples:
    return (np.round(samples * 32768) / 32768).astype(np.float32)


def mono(samples: NDArray[np.floating]) -> Recording:
    return Recording(samples.astype(np.float32)[:, None], RATE)


def without(samples: Samples, start: float, seconds: float) -> Samples:
    first = round(start * RATE)
    return np.concatenate([samples[:first], samples[first + round(seconds * RATE) :]])


def test_an_untouched_room_is_accused_of_nothing() -> None:
    found = sound(mono(scene()))
    assert all(each.consistent is not False for each in found)
    assert all(not each.places for each in found)
    assert all(each.limits for each in found)


def test_the_words_follow_from_what_was_seen() -> None:
    words = [Observation("x", "", (), consistent, "").words for consistent in (True, False, None)]
    assert [each.split(" with")[0] for each in words[:2]] == ["consistent", "not consistent"]
    assert words[2].startswith("does not say")


@pytest.mark.parametrize("seconds", [0.003, 0.0137, 0.25])
def test_a_cut_breaks_the_phase_of_the_hum(seconds: float) -> None:
    found = hum_phase(mono(without(scene(), 5.0, seconds)))
    assert found.consistent is False
    assert found.places[0] == pytest.approx(5.0, abs=0.5)


def test_a_hum_that_runs_through_is_consistent_and_its_frequency_is_told() -> None:
    assert hum_phase(mono(scene())).consistent is True
    followed = hum(scene(), RATE)
    assert followed is not None
    assert followed.hertz == pytest.approx(50.0, abs=0.25)


def test_without_a_hum_nothing_is_said_of_its_phase() -> None:
    assert hum_phase(mono(scene(hum_level=0.0))).consistent is None
    assert hum_phase(mono(scene(seconds=2.0))).consistent is None


def test_a_stretch_that_was_copied_is_found_at_its_place_and_length() -> None:
    copied = scene()
    copied[100_000:108_000] = copied[20_000:28_000]
    found = returns(mono(copied))
    assert found.consistent is False
    assert found.places == (6.25,)
    assert "1 stretches" in found.seen
    assert "0.500 s" in found.seen


def test_a_packet_that_was_repeated_is_found() -> None:
    room = scene()
    found = returns(mono(np.concatenate([room[:50_000], room[49_600:]])))
    assert found.places == (3.125,)


def test_a_copy_is_found_over_more_than_is_hashed_at_once() -> None:
    long = scene(140.0)
    long[2_100_000:2_104_000] = long[4_000:8_000]
    assert repeats(long, 320) == [(4_000, 2_100_000, 4_000)]


@pytest.mark.parametrize("samples", [np.zeros(RATE), np.full(RATE, 0.25)])
def test_silence_that_goes_on_does_not_count_as_a_copy(samples: Samples) -> None:
    assert returns(mono(samples)).consistent is True


def test_zeros_inside_are_found_and_zeros_at_the_ends_are_not() -> None:
    room = scene()
    room[:1000] = room[-1000:] = 0
    assert not holds(mono(room)).places
    room[80_000:80_160] = 0
    found = holds(mono(room))
    assert found.places == (5.0,)
    assert "1 of them zeros" in found.seen


def test_a_click_between_smooth_samples_is_a_jump() -> None:
    room = scene()
    room[80_000] += 0.3
    assert discontinuities(mono(room)).places == (5.0,)


def test_clipping_under_full_scale_is_said() -> None:
    found = clipping(mono(np.clip(scene(hum_level=0.9), -0.5, 0.5)))
    assert "under full scale" in found.seen
    assert found.consistent is None


def test_a_step_of_the_offset_is_found() -> None:
    room = scene()
    room[RATE * 5 :] += 0.02
    assert offset_steps(mono(room)).places == pytest.approx((5.0,), abs=0.5)


def test_a_room_that_gets_another_noise_is_found() -> None:
    room = scene(hum_level=0.0)
    louder = np.where(np.arange(len(room)) < 5 * RATE, room, room * 4)
    assert floor_steps(mono(louder)).places == pytest.approx((5.0,), abs=0.5)


def through(samples: Samples, name: str, container: str) -> Samples:
    """Coded at 48 kbit/s and decoded again by the real codec."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as written:
        stream = written.add_stream(name, rate=RATE, layout="mono", bit_rate=48_000)
        whole = (samples * 32767).astype(np.int16)
        for start in range(0, len(whole), 1024):
            frame = av.AudioFrame.from_ndarray(
                whole[None, start : start + 1024], format="s16", layout="mono"
            )
            frame.rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            for packet in stream.encode(frame):
                written.mux(packet)
        for packet in stream.encode(None):
            written.mux(packet)
    file.seek(0)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(file) as coded:
        blocks = [each for frame in coded.decode(audio=0) for each in resampler.resample(frame)]
    return on_grid(np.concatenate([each.to_ndarray()[0] for each in blocks]))


def test_a_block_is_transformed_as_its_definition_says() -> None:
    n = 8
    frames = np.random.default_rng(0).standard_normal((3, 2 * n))
    at, of = np.arange(2 * n), np.arange(n)[:, None]
    waves = np.cos(np.pi / n * (at + 0.5 + n / 2) * (of + 0.5))
    assert mdct(frames) == pytest.approx(np.sqrt(2 / n) * frames @ waves.T)


def test_the_blocks_of_aac_are_found_after_decoding_and_not_before() -> None:
    room = scene(seconds=4.0)
    assert "no grid" in codec(mono(room)).seen
    found = codec(mono(through(room * 8, "aac", "adts")))
    assert "look quantised" in found.seen
    assert found.consistent is None, "many devices record so"


def test_a_low_pass_of_a_codec_is_found_and_a_gentle_slope_is_not() -> None:
    spectrum = np.fft.rfft(scene(4.0))
    gentle = mono(np.fft.irfft(spectrum * np.linspace(1, 0.01, len(spectrum))))
    spectrum[np.fft.rfftfreq(4 * RATE, 1 / RATE) > 5000] *= 1e-3
    assert "falls by" not in codec(gentle).seen
    found = codec(mono(np.fft.irfft(spectrum)))
    assert "falls by" in found.seen


# --- the file ---------------------------------------------------------------


def test_a_whole_file_fits_its_headers() -> None:
    found = {each.check: each for each in check(wav(), mono(np.zeros(1000)))}
    assert len(found) == 12
    assert found["container"].consistent is found["length"].consistent is True
    assert found["software"].consistent is found["FLAC signature"].consistent is None


def test_a_file_that_was_cut_off_does_not() -> None:
    assert structure(containers.read(wav()[:-10])).consistent is False
    assert length(containers.read(wav()), mono(np.zeros(900))).consistent is False


def test_an_unfinished_length_and_another_kind_of_file_do_not_say() -> None:
    assert structure(Container("WAV", unfinished=True)).consistent is None
    assert structure(Container("unknown")).consistent is None


def test_an_editor_that_names_itself_is_not_consistent_with_an_original() -> None:
    assert software(Container("WAV", software=["Audacity 3.4"])).consistent is False
    assert software(Container("WAV", software=["Recorder 7"])).consistent is None


def test_flac_signs_the_samples_that_decode() -> None:
    with av.open(io.BytesIO(FLAC)) as file:
        decoded = np.concatenate([each.to_ndarray() for each in file.decode(audio=0)], axis=1)
    recording = Recording(decoded.T.astype(np.float32) / 32768, 48_000)
    container = containers.read(FLAC)
    assert container.bits == 16
    assert signature(container, recording).consistent is True
    changed = recording.samples.copy()
    changed[100] += 1 / 32768
    assert signature(container, recording.with_samples(changed)).consistent is False


def test_samples_on_no_grid_cannot_be_compared_with_a_signature() -> None:
    assert samples_md5(mono(np.full(10, 0.1)), 16) is None
    assert samples_md5(mono(np.full(10, 0.5)), 16) is not None


@pytest.mark.parametrize("count", [0, 1, 2, 319, 640, 3199, 3200, RATE])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_shortest_and_the_flattest_recordings_are_looked_at(count: int, value: float) -> None:
    found = sound(mono(np.full(count, value)))
    assert all(each.consistent is not False for each in found)


def test_the_word_that_no_check_can_earn_is_never_used() -> None:
    found = check(wav(), mono(np.zeros(1000)))
    assert all("authentic" not in f"{each.seen}{each.words}{each.limits}" for each in found)
