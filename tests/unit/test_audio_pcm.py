"""Raw PCM of every format, cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import recordings

from earwitness.audio.pcm import PcmStream
from earwitness.audio.samples import on_grid
from earwitness.errors import ProtocolError
from earwitness.model import SAMPLE_RATE, Samples

RATES = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000)
STEPS = {1: 2**-7, 2: 2**-15, 3: 2**-15, 4: 2**-15}
"""What a sample of each width may be off by."""

formats = st.tuples(st.sampled_from(RATES), st.integers(1, 4), st.integers(1, 8))


def pcm(samples: Samples, width: int) -> bytes:
    """``[frames]`` or ``[frames, channels]`` as a device would send it."""
    full = 2 ** (8 * width - 1)
    whole = np.rint(np.clip(samples.astype(float) * full, -full, full - 1)).astype(np.int64)
    unsigned = whole + full if width == 1 else whole
    return unsigned.astype("<i8").reshape(-1, 1).view(np.uint8)[:, :width].tobytes()


def converted(content: bytes, rate: int, width: int, channels: int, cuts: list[int]) -> Samples:
    stream = PcmStream(rate, width, channels)
    edges = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    blocks = [content[first:last] for first, last in pairwise(edges)]
    return np.concatenate([*map(stream.convert, blocks), stream.finish()])


@pytest.mark.parametrize("width", STEPS)
@pytest.mark.parametrize("rate", RATES)
def test_every_format_sounds_the_same(rate: int, width: int) -> None:
    heard = converted(pcm(recordings.tone(0.48, rate), width), rate, width, 1, [])
    meant = recordings.tone(0.48)
    assert heard.dtype == np.float32
    assert len(heard) == len(meant)
    assert np.abs(heard - meant).max() < 2e-3 + STEPS[width]


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("width", STEPS)
def test_channels_become_their_mean(width: int, channels: int) -> None:
    sounds = np.stack([recordings.noise(0.1, seed=seed) for seed in range(channels)], axis=1)
    heard = converted(pcm(sounds, width), SAMPLE_RATE, width, channels, [])
    assert np.abs(heard - sounds.mean(axis=1)).max() <= STEPS[width]


def test_channels_that_cancel_each_other_are_heard() -> None:
    tone = recordings.tone(0.5)
    heard = converted(pcm(np.stack([tone, -tone], axis=1), 2), SAMPLE_RATE, 2, 2, [])
    assert np.abs(heard - tone).max() <= STEPS[2]


def test_sixteen_bits_at_the_rate_of_the_program_pass_unchanged() -> None:
    every = np.arange(-32768, 32768, dtype="<i2")
    heard = converted(every.tobytes(), SAMPLE_RATE, 2, 1, [])
    np.testing.assert_array_equal(heard * 32768, every)


@given(formats, st.binary(max_size=4_000), st.lists(st.integers(0, 4_000), max_size=6))
def test_the_cuts_between_blocks_change_nothing(
    form: tuple[int, int, int], content: bytes, cuts: list[int]
) -> None:
    np.testing.assert_array_equal(
        converted(content, *form, cuts), converted(content, *form, []), strict=True
    )


@pytest.mark.parametrize("rate", RATES)
def test_a_long_stream_in_single_frames_is_that_in_one_block(rate: int) -> None:
    content = pcm(np.stack([recordings.noise(0.3, rate), recordings.tone(0.3, rate)], axis=1), 2)
    cuts = list(range(0, len(content), 4))
    np.testing.assert_array_equal(
        converted(content, rate, 2, 2, cuts), converted(content, rate, 2, 2, [])
    )


@given(formats, st.binary(max_size=2_000))
def test_any_bytes_are_finite_samples_on_the_grid_and_as_long_as_they_say(
    form: tuple[int, int, int], content: bytes
) -> None:
    rate, width, channels = form
    heard = converted(content, rate, width, channels, [])
    frames = len(content) // (width * channels)
    assert abs(len(heard) - frames * SAMPLE_RATE / rate) <= 1
    assert np.abs(heard).max(initial=0) <= 1
    np.testing.assert_array_equal(on_grid(heard), heard)


@given(formats, st.binary(max_size=200))
def test_half_a_frame_at_the_end_is_told_and_costs_nothing_before_it(
    form: tuple[int, int, int], content: bytes
) -> None:
    rate, width, channels = form
    stream = PcmStream(rate, width, channels)
    heard = np.concatenate([stream.convert(content), stream.finish()])
    half = len(content) % (width * channels)
    whole = content[: len(content) - half]
    np.testing.assert_array_equal(heard, converted(whole, rate, width, channels, []))
    if half:
        with pytest.raises(ProtocolError, match=f"ends {half} bytes into a frame"):
            stream.check_whole()
    else:
        stream.check_whole()


@pytest.mark.parametrize(
    ("form", "code", "said"),
    [
        ((0, 2, 1), "bad_rate", "0 samples a second"),
        ((-16_000, 2, 1), "bad_rate", "8000 to 192000"),
        ((2**63, 2, 1), "bad_rate", "9223372036854775808"),
        ((7_999, 2, 1), "bad_rate", "7999"),
        ((192_001, 2, 1), "bad_rate", "192001"),
        ((16_000, 0, 1), "bad_width", "0 bytes a sample"),
        ((16_000, 5, 1), "bad_width", "1 to 4"),
        ((16_000, 2, 0), "bad_channels", "0 channels"),
        ((16_000, 2, 9), "bad_channels", "1 to 8"),
    ],
)
def test_a_format_that_is_not_supported_is_refused_by_name(
    form: tuple[int, int, int], code: str, said: str
) -> None:
    with pytest.raises(ProtocolError, match=said) as refused:
        PcmStream(*form)
    assert refused.value.code == code
