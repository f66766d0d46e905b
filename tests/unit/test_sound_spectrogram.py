"""Spectrograms and their pictures, read back by a reader of our own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from earwitness.errors import InputError, TooLarge
from earwitness.sound.png import SIGNATURE, grey, heat, png
from earwitness.sound.recording import Recording
from earwitness.sound.spectrogram import WINDOWS, centred, picture, spectrogram

RATE = 16_000


def tone(hz: float, seconds: float = 1.0) -> Recording:
    at = np.arange(round(seconds * RATE)) / RATE
    return Recording(np.sin(2 * np.pi * hz * at, dtype=np.float32)[:, None], RATE)


def chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        name, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length) == (zlib.crc32(name + body),)
        yield name, body
        at += 12 + length


def pixels(content: bytes) -> NDArray[np.uint8]:
    found = dict(chunks(content))
    columns, rows = struct.unpack_from(">2I", found[b"IHDR"])
    raw = np.frombuffer(zlib.decompress(found[b"IDAT"]), np.uint8)
    return raw.reshape(rows, columns + 1)[:, 1:]


@pytest.mark.parametrize("window", WINDOWS.values())
def test_a_tone_of_full_scale_reads_zero_where_it_is(window: float) -> None:
    found = spectrogram(tone(2000.0), window)
    hertz = np.fft.rfftfreq(round(window * RATE), 1 / RATE)
    assert hertz[found.mean(axis=0).argmax()] == 2000.0
    assert found.max() == pytest.approx(0.0, abs=0.1)


def test_a_band_and_a_stretch_are_cut_out() -> None:
    found = spectrogram(tone(2000.0, 2.0), 0.032, 0.01, stretch=(0.5, 1.0), band=(1000, 3000))
    assert found.shape == (1 + (8000 - 512) // 160, 65)
    assert found.argmax(axis=1).tolist() == [32] * len(found)


def test_nothing_lies_below_the_floor() -> None:
    assert spectrogram(tone(2000.0), floor_db=-60.0).min() == -60.0


@pytest.mark.parametrize("length", [0, 1, 511])
def test_less_than_a_window_has_no_frames_and_no_picture(length: int) -> None:
    found = spectrogram(Recording(np.zeros((length, 1), np.float32), RATE))
    assert found.shape == (0, 257)
    with pytest.raises(InputError, match="shorter than a window"):
        picture(found)


def test_settings_without_a_picture_are_refused() -> None:
    with pytest.raises(InputError, match="No frequency"):
        spectrogram(tone(100.0), band=(9000, 10_000))
    with pytest.raises(InputError, match="two samples"):
        spectrogram(tone(100.0), window_seconds=0.0)
    with pytest.raises(TooLarge, match="shorter stretch"):
        spectrogram(tone(100.0, 20.0), 0.128, 1 / RATE)


def test_a_picture_has_low_frequencies_at_the_bottom() -> None:
    shown = pixels(picture(spectrogram(tone(1000.0))))
    assert shown.shape[0] == 257
    assert shown.mean(axis=1).argmax() == 256 - 32
    assert shown.max() == 255


def test_a_click_is_not_lost_in_a_small_picture() -> None:
    clicked = np.zeros((RATE * 4, 1), np.float32)
    clicked[RATE] = 1.0
    shown = pixels(picture(spectrogram(Recording(clicked, RATE)), most=(100, 64)))
    assert shown.shape == (64, 100)
    assert (shown.max(axis=0) > 0).nonzero()[0].tolist() == [24, 25]


def test_the_same_sound_makes_the_same_bytes() -> None:
    assert picture(spectrogram(tone(440.0))) == picture(spectrogram(tone(440.0)))


def test_a_png_is_what_the_standard_says() -> None:
    made = png(np.arange(6, dtype=np.uint8).reshape(2, 3), grey())
    names = [name for name, _ in chunks(made)]
    assert made.startswith(SIGNATURE)
    assert names == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    assert pixels(made).tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(InputError, match="cannot be made"):
        png(np.zeros((0, 3), np.uint8), grey())


def test_lightness_rises_evenly_through_the_colours() -> None:
    """In CIE L* too, which the palette was not made with."""
    shares = heat() / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    lightness = np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)
    assert (np.diff(lightness[::8]) > 0).all()
    assert lightness[-1] > 90


@pytest.mark.parametrize("window", WINDOWS.values())
@pytest.mark.parametrize("moment", [0.0, 0.1, 0.5, 0.93, 1.0])
def test_a_click_lies_at_its_share_of_the_length(window: float, moment: float) -> None:
    samples = np.zeros((RATE, 1), np.float32)
    samples[min(RATE - 1, round(moment * RATE))] = 1.0
    levels = centred(Recording(samples, RATE), window).max(axis=1)
    loudest = np.flatnonzero(levels == levels.max())
    place = loudest.mean() / (len(levels) - 1)
    assert place == pytest.approx(moment, abs=window / 4)


def test_what_is_shorter_than_a_window_has_a_picture() -> None:
    short = Recording(np.full((20, 1), 0.1, np.float32), RATE)
    for window in WINDOWS.values():
        assert picture(centred(short, window)).startswith(SIGNATURE)
