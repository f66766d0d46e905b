"""Opus packets of devices, good and bad, through the real decoding process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import av
import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import recordings

from earwitness import starter
from earwitness.audio.decimate import BLOCK, DELAY, Decimator
from earwitness.audio.opus import OpusDecoders, OpusStream
from earwitness.audio.opus_encoder import LOOKAHEAD, PACKET_SAMPLES, OpusEncoder
from earwitness.audio.opus_packet import MAX_PACKET, packet_samples
from earwitness.audio.reader import Reader
from earwitness.audio.samples import on_grid, to_int16
from earwitness.errors import EngineError, ProtocolError
from earwitness.model import SAMPLE_RATE, Samples

LATE = LOOKAHEAD + round(DELAY * SAMPLE_RATE)


@pytest.fixture(scope="module")
def speech() -> Samples:
    reader = Reader()
    samples = reader.read(starter.recordings()[0].path)
    reader.close()
    return samples


@pytest.fixture(scope="module")
def packets(speech: Samples) -> list[bytes]:
    return encoded(speech)


@pytest.fixture(scope="module")
def decoders() -> Iterator[OpusDecoders]:
    made = OpusDecoders()
    yield made
    made.close()


def encoded(samples: Samples) -> list[bytes]:
    encoder = OpusEncoder()
    return [*encoder.encode(samples), *encoder.finish()]


def decoded(stream: OpusStream, packets: list[bytes]) -> Samples:
    return np.concatenate([stream.decode(packet) for packet in packets])


def encoded_by_another(samples: Samples, milliseconds: str, layout: str = "mono") -> list[bytes]:
    """48 kHz, music, the same in every channel."""
    codec: Any = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = 48_000, layout, "s16"
    codec.options = {"application": "audio", "frame_duration": milliseconds}
    codec.open()
    channels = 1 if layout == "mono" else 2
    found: list[bytes] = []
    for first in range(0, len(samples) // codec.frame_size * codec.frame_size, codec.frame_size):
        pcm = np.repeat(to_int16(samples[first : first + codec.frame_size]), channels)
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = 48_000, first, Fraction(1, 48_000)
        found += map(bytes, codec.encode(frame))
    return found


def process(decoders: OpusDecoders) -> psutil.Process:
    """The one that decodes now."""
    with decoders.open() as stream:
        stream.decode(b"\xf8\xff\xfe")
    children = psutil.Process().children()
    ours = [child for child in children if "earwitness.audio.opus_child" in child.cmdline()]
    return max(ours, key=lambda child: child.create_time())


def likeness(heard: Samples, meant: Samples) -> float:
    """The correlation of what was heard so late, to a few samples, with what was meant."""
    length = len(meant) - LATE - 4
    shifts = [heard[late : late + length] for late in range(LATE - 4, LATE + 4)]
    return max(float(np.corrcoef(shift, meant[:length])[0, 1]) for shift in shifts)


# --- what is decoded --------------------------------------------------------


def test_speech_is_still_that_speech_and_as_long(
    decoders: OpusDecoders, speech: Samples, packets: list[bytes]
) -> None:
    with decoders.open() as stream:
        heard = decoded(stream, packets)
    assert len(speech) + LOOKAHEAD <= len(heard) < len(speech) + LOOKAHEAD + PACKET_SAMPLES
    assert likeness(heard, speech) > 0.9
    np.testing.assert_array_equal(on_grid(heard), heard)


def test_every_packet_is_as_many_samples_as_it_says_at_once(
    decoders: OpusDecoders, packets: list[bytes]
) -> None:
    with decoders.open() as stream:
        assert {len(stream.decode(packet)) for packet in packets} == {PACKET_SAMPLES}


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("milliseconds", ["2.5", "5", "10", "20", "40", "60", "120"])
def test_packets_of_any_length_and_of_two_channels_are_heard(
    decoders: OpusDecoders, milliseconds: str, layout: str
) -> None:
    tone = recordings.tone(1, 48_000)
    sent = encoded_by_another(tone, milliseconds, layout)
    with decoders.open() as stream:
        heard = decoded(stream, sent)
        assert {len(stream.decode(packet)) for packet in sent} == {float(milliseconds) * 16}
    meant = recordings.tone(1)[: len(heard)]
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(int(spectrum.argmax()) - int(np.abs(np.fft.rfft(meant)).argmax())) <= 1
    assert np.std(heard) == pytest.approx(np.std(meant), rel=0.15)


def test_streams_in_turn_and_in_threads_do_not_disturb_each_other(
    decoders: OpusDecoders, speech: Samples, packets: list[bytes]
) -> None:
    sounds = [packets, encoded(speech[::-1].copy()), encoded(recordings.noise(1))]

    def heard(sent: list[bytes]) -> Samples:
        with decoders.open() as stream:
            return decoded(stream, sent)

    alone = [heard(sent) for sent in sounds]
    with ThreadPoolExecutor(6) as threads:
        for meant, found in zip(alone * 2, threads.map(heard, sounds * 2), strict=True):
            np.testing.assert_array_equal(found, meant)


def test_a_fresh_packet_forgets_what_came_before(
    decoders: OpusDecoders, packets: list[bytes]
) -> None:
    with decoders.open() as stream, decoders.open() as other:
        decoded(stream, packets[:50])
        begun = stream.decode(packets[50], fresh=True)
        heard = np.concatenate([begun, decoded(stream, packets[51:])])
        np.testing.assert_array_equal(heard, decoded(other, packets[50:]))


def test_the_encoder_gives_a_packet_for_every_twenty_milliseconds_however_it_is_cut(
    speech: Samples, packets: list[bytes]
) -> None:
    encoder, cuts = OpusEncoder(), np.cumsum([0, 1, 319, 320, 77, 5_000])
    blocks = [*np.split(speech, cuts)]
    found = [packet for block in blocks for packet in encoder.encode(block)]
    assert len(found) == len(speech) // PACKET_SAMPLES
    assert [*found, *encoder.finish()] == packets
    assert sum(map(len, packets)) * 8 / (len(packets) * 0.02) < 30_000


# --- three samples to one ---------------------------------------------------


@pytest.mark.parametrize(("hertz", "gain"), [(100, 1.0), (3_000, 1.0), (6_800, 1.0), (8_500, 0.0)])
def test_what_fits_passes_and_what_does_not_is_gone(hertz: float, gain: float) -> None:
    tone = recordings.tone(0.5, 48_000, hertz)
    heard = Decimator().next(tone)
    assert len(heard) == len(tone) // 3
    assert np.std(heard) == pytest.approx(gain * float(np.std(tone)), abs=1e-3)


@given(st.lists(st.integers(0, 20), max_size=10))
def test_blocks_make_no_difference_to_what_is_decimated(sizes: list[int]) -> None:
    noise = recordings.noise(sum(sizes) * BLOCK / 48_000, 48_000)
    decimator = Decimator()
    parts = np.split(noise, np.cumsum(sizes) * BLOCK)
    found = np.concatenate([decimator.next(part) for part in parts])
    np.testing.assert_allclose(found, Decimator().next(noise), atol=1e-6)


# --- what is not an Opus packet ---------------------------------------------


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (b"", "is empty"),
        (b"\xf8" + bytes(MAX_PACKET), "7650 is the most"),
        (b"\xfb", "more than 0"),
        (b"\xfb\x00" + bytes(20), "more than 0"),
        (b"\x1b\x3f" + bytes(200), "3780 ms"),
        (b"\xf9" + bytes(3), "cannot be decoded"),
    ],
    ids=["empty", "gigantic", "no count", "no frame", "minutes", "odd halves"],
)
def test_a_malformed_packet_is_refused_and_the_stream_goes_on(
    decoders: OpusDecoders, packets: list[bytes], packet: bytes, said: str
) -> None:
    with decoders.open() as stream, decoders.open() as other:
        decoded(stream, packets[:10])
        with pytest.raises(ProtocolError, match=said) as refused:
            stream.decode(packet)
        assert refused.value.code == "bad_opus"
        np.testing.assert_array_equal(
            decoded(stream, packets[10:]), decoded(other, packets)[10 * PACKET_SAMPLES :]
        )


@given(packet=st.binary(max_size=1_500))
def test_any_bytes_are_sound_of_the_length_they_say_or_refused(
    decoders: OpusDecoders, packet: bytes
) -> None:
    with decoders.open() as stream:
        try:
            heard = stream.decode(packet)
        except ProtocolError:
            return
    assert len(heard) == packet_samples(packet)
    assert np.abs(heard).max() <= 1


def test_damaged_speech_costs_neither_memory_nor_the_process(
    decoders: OpusDecoders, packets: list[bytes]
) -> None:
    chance, refused = np.random.default_rng(1), 0
    before = process(decoders)
    used = before.memory_info().rss
    with decoders.open() as stream:
        for _ in range(3_000):
            packet = bytearray(packets[chance.integers(len(packets))])
            for at in chance.integers(len(packet), size=3):
                packet[at] = chance.integers(256)
            try:
                stream.decode(bytes(packet))
            except ProtocolError:
                refused += 1
    assert 0 < refused < 3_000
    assert process(decoders).pid == before.pid
    assert before.memory_info().rss < used + (32 << 20)


# --- a process that dies ----------------------------------------------------


def test_every_stream_goes_on_when_the_process_is_killed(
    decoders: OpusDecoders, speech: Samples, packets: list[bytes]
) -> None:
    with decoders.open() as one, decoders.open() as other:
        first = [decoded(stream, packets[:60]) for stream in (one, other)]
        process(decoders).kill()
        rest = [decoded(stream, packets[60:]) for stream in (one, other)]
    for begin, end in zip(first, rest, strict=True):
        heard = np.concatenate([begin, end])
        assert len(heard) == len(packets) * PACKET_SAMPLES
        assert likeness(heard, speech) > 0.85


def test_a_process_that_hangs_is_replaced(packets: list[bytes]) -> None:
    decoders = OpusDecoders(answer_seconds=0.2)
    hanging = process(decoders)
    with decoders.open() as stream:
        hanging.send_signal(signal.SIGSTOP)
        with pytest.raises(ProtocolError, match=r"more than 0\.2 s") as refused:
            stream.decode(packets[0])
        assert refused.value.code == "opus_crash"
        assert len(stream.decode(packets[1])) == PACKET_SAMPLES
    assert not hanging.is_running()
    decoders.close()


def test_more_streams_than_fit_into_its_memory_start_another(packets: list[bytes]) -> None:
    roomy = OpusDecoders()
    needed = process(roomy).memory_info().vms
    roomy.close()
    decoders = OpusDecoders(memory_mib=(needed >> 20) + 6)
    first = process(decoders)
    for stream in [decoders.open() for _ in range(600)]:
        assert len(stream.decode(packets[0])) == PACKET_SAMPLES
    assert not first.is_running()
    decoders.close()


def test_a_closed_stream_is_forgotten(packets: list[bytes]) -> None:
    decoders = OpusDecoders()
    used = process(decoders).memory_info().rss
    for _ in range(1_000):
        with decoders.open() as stream:
            stream.decode(packets[0])
    assert process(decoders).memory_info().rss < used + (8 << 20)
    decoders.close()


def test_where_no_process_starts_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(EngineError, match="earwitness doctor"):
        OpusDecoders().open().decode(b"\xf8\xff\xfe")


def test_it_can_be_closed_and_go_on(packets: list[bytes]) -> None:
    decoders = OpusDecoders()
    stream = decoders.open()
    stream.decode(packets[0])
    before = process(decoders)
    decoders.close()
    assert not before.is_running()
    stream.close()
    assert len(stream.decode(packets[0])) == PACKET_SAMPLES
    decoders.close()


def test_the_process_ends_with_its_parent() -> None:
    program = """
import os, psutil
from earwitness.audio.opus import OpusDecoders
decoders = OpusDecoders()
decoders.open().decode(b"\\xf8\\xff\\xfe")
print(psutil.Process().children()[0].pid, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == -signal.SIGKILL
    child = int(done.stdout)
    if psutil.pid_exists(child):
        psutil.wait_procs([psutil.Process(child)], timeout=20)
    assert not psutil.pid_exists(child)
