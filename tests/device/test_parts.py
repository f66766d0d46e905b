"""The parts of the device program: gate, buttons, keys, sound."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.live.streams import LoudChunks, said, silence

from earwitness import starter
from earwitness.audio.silero_batch import SileroBatch
from earwitness.device.client import Device
from earwitness.device.enrolment import link_url
from earwitness.device.gate import Gate
from earwitness.device.keys import Identity, KeyFile, new_seed, public, sign
from earwitness.device.listening import Listening
from earwitness.device.session import DeviceSession
from earwitness.device.sound import BLOCK, in_real_time, level
from earwitness.engines.scripted import recording
from earwitness.errors import AccessRefused, InputError
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wire.link import messages as link
from earwitness.wire.link.codec import from_device
from earwitness.wire.link.frames import decode_frame, from_pcm16
from earwitness.wiring import Earwitness


def _sent(session: DeviceSession) -> list[tuple[int, Samples] | link.FromDevice]:
    """Everything that leaves the device now."""
    left: list[tuple[int, Samples] | link.FromDevice] = []
    while (said := session.outgoing()) is not None:
        if isinstance(said, str):
            left.append(from_device(said))
        else:
            frame = decode_frame(said)
            left.append((frame.position, from_pcm16(frame.payload)))
    return left


def _covered(session: DeviceSession, audio: Samples) -> list[tuple[int, int]]:
    """Which stretches of the audio were sent; what was sent is what was there."""
    stretches: list[tuple[int, int]] = []
    for each in _sent(session):
        if isinstance(each, tuple):
            position, samples = each
            np.testing.assert_array_equal(samples, audio[position : position + len(samples)])
            if stretches and stretches[-1][1] == position:
                stretches[-1] = (stretches[-1][0], position + len(samples))
            else:
                stretches.append((position, position + len(samples)))
    return stretches


@pytest.mark.parametrize("size", [100, 1600, 7000])
def test_the_gate_sends_speech_with_what_is_around_it(size: int) -> None:
    audio = np.concatenate([silence(5), recording(4), silence(5), recording(5), silence(5)])
    session = DeviceSession()
    gate = Gate(session, LoudChunks())
    for first in range(0, len(audio), size):
        gate.hear(audio[first : first + size])
    one, other = _covered(session, audio)
    for (first, end), began in ((one, 5), (other, 11)):
        assert (began - 1) * SAMPLE_RATE < first <= (began - 0.5) * SAMPLE_RATE
        assert (began + 2) * SAMPLE_RATE < end < (began + 3) * SAMPLE_RATE
    assert len(audio) - session.position < SAMPLE_RATE  # the pre-roll is held back


def test_silence_never_leaves_the_gate() -> None:
    session = DeviceSession()
    gate = Gate(session, LoudChunks())
    gate.hear(silence(60))
    assert _sent(session) == []


def test_the_gate_opens_for_real_speech_and_loses_none_of_it(program: Earwitness) -> None:
    path = next(iter(starter.recordings())).path
    speech = program.reader.read(path)
    audio = np.concatenate([silence(3), speech, silence(3)])
    session = DeviceSession()
    Gate(session, SileroBatch()).hear(audio)
    ((first, end),) = _covered(session, audio)
    assert first <= 3 * SAMPLE_RATE + SAMPLE_RATE // 4
    assert end >= 3 * SAMPLE_RATE + len(speech)


def test_what_is_being_said_when_the_sound_ends_is_sent_to_its_end() -> None:
    audio = np.concatenate([silence(2), recording(4)])
    session = DeviceSession()
    gate = Gate(session, LoudChunks())
    gate.hear(audio)
    gate.flush()
    sent = _sent(session)
    assert sent[-1] == link.End(position=len(audio))


# --- buttons ----------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Earwitness]:
    from earwitness.config import Settings

    with Earwitness.open(Settings(data=tmp_path)) as opened:
        yield opened


def _listening(*, push: bool = False, gated: bool = False) -> Listening:
    session = DeviceSession(push=push)
    identity = Identity(new_seed(), "d", "h", "r")
    device = Device("ws://127.0.0.1:9/v1/device", identity, lambda told: None, session=session)
    return Listening(device, Gate(session, LoudChunks()) if gated else None)


@pytest.mark.parametrize("gated", [False, True])
def test_while_it_is_muted_no_frame_leaves(gated: bool) -> None:
    async def test() -> None:
        listening = _listening(gated=gated)
        session = listening.device.session
        listening.hear(said(4))
        buffered = list(session.buffer)
        listening.mute(True)
        assert not any(any(piece.payload) for piece in buffered)
        listening.hear(said(0))
        assert _sent(session) == []
        assert not listening.sending
        listening.mute(False)
        heard_before = session.position
        listening.hear(recording(5))
        listening.device.session.end()
        positions = [each[0] for each in _sent(session) if isinstance(each, tuple)]
        assert positions
        assert min(positions) >= heard_before

    asyncio.run(test())


def test_only_what_is_said_while_the_button_is_held_leaves() -> None:
    async def test() -> None:
        listening = _listening(push=True)
        audio = said(4, 5, 0)
        for first, last, held in ((0, 1, False), (1, 2, True), (2, 7, False)):
            listening.press(held)
            listening.hear(audio[first * SAMPLE_RATE : last * SAMPLE_RATE])
        assert _covered(listening.device.session, audio) == [(SAMPLE_RATE, 2 * SAMPLE_RATE)]

    asyncio.run(test())


# --- keys -------------------------------------------------------------------------------


def test_a_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "deep" / "device.json")
    identity = Identity(new_seed(), "d", "smith", "kitchen")
    keys.write(identity)
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert keys.enrolled() == identity
    assert identity.seed not in repr(identity)
    keys.path.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        keys.enrolled()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"seed": "xy"}', '{"seed": 1}', '{"a": "b"}'])
def test_a_damaged_key_file_is_named(content: str, tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "device.json")
    keys.path.touch(0o600)
    keys.path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"device\.json: is no key file"):
        keys.read()


def test_without_enrolment_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AccessRefused, match="--enrol"):
        KeyFile(tmp_path / "device.json").enrolled()


def test_a_next_key_is_written_down_before_it_is_used(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "device.json")
    keys.write(Identity(new_seed(), "d", "h", "r"))
    announced = keys.announcing()
    assert keys.announcing() == announced
    assert keys.rotated().seed == announced.next_seed
    assert keys.rotated().seed == announced.next_seed


def test_a_signature_is_that_of_the_public_key() -> None:
    seed = new_seed()
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public(seed)))
    key.verify(bytes.fromhex(sign(seed, b"text")), b"text")


@pytest.mark.parametrize("server", ["", "host:1", "ftp://host", "http://", "http:///x"])
def test_what_is_no_server_is_said_so(server: str) -> None:
    with pytest.raises(InputError, match="a server is http://"):
        link_url(server)


def test_a_server_behind_a_path_is_reached_there() -> None:
    assert link_url("https://home.example/ear/") == "wss://home.example/ear/v1/device"


# --- sound ------------------------------------------------------------------------------


def test_a_recording_in_real_time_is_the_same_sound_in_small_blocks() -> None:
    async def test() -> None:
        pieces = [recording(4, 0.25), recording(5, 0.1)]
        blocks = [block async for block in in_real_time(pieces)]
        np.testing.assert_array_equal(np.concatenate(blocks), np.concatenate(pieces))
        assert max(map(len, blocks)) <= BLOCK

    asyncio.run(test())


def test_loudness_is_in_decibels_of_full_scale() -> None:
    assert level(np.ones(100, np.float32)) == 0
    assert level(np.full(100, 0.1, np.float32)) == pytest.approx(-20, abs=0.01)
    assert level(silence(1)) == level(np.zeros(0, np.float32)) == -100
