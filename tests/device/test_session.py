"""A device's side of a session: whatever breaks, everything is sent, and nothing twice."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from earwitness.device.buffer import Piece, Unacknowledged
from earwitness.device.opus import Opus
from earwitness.device.session import DeviceSession, Packet
from earwitness.doors.device_link.course import Course
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wire.link import messages as link
from earwitness.wire.link.frames import decode_frame, from_pcm16

LIMITS = link.Limits(frame_bytes=1, ahead_seconds=1, idle_seconds=1, endpoint_seconds=1)
BEGAN = 1_000_000


class Ear:
    """A server that holds what it hears until it says that it is done with it."""

    def __init__(self, session: DeviceSession) -> None:
        self.session = session
        self.heard: NDArray[np.float32] = np.zeros(10**5, np.float32)
        self.marks: list[tuple[str, int]] = []
        self.until = 0
        self.connect()

    def connect(self) -> None:
        """What was not done with is forgotten, as if the server had been killed."""
        _, began, position = self.session.place()
        assert began in (None, BEGAN)
        assert position == self.until
        self.heard[self.until :] = 0
        self.marks = [mark for mark in self.marks if mark[1] <= self.until]
        self.course = Course(position, self.session.encoding.codec)
        self.session.welcomed(
            link.Welcome(
                session="0" * 32,
                began=BEGAN,
                position=position,
                clock_offset=0,
                lexicon=0,
                consent=True,
                limits=LIMITS,
            )
        )

    def take(self, most: int = 10**6) -> None:
        """So many messages of the device; the rules of the real server are checked."""
        while most and (said := self.session.outgoing()) is not None:
            most -= 1
            if isinstance(said, bytes):
                self._frame(said)
            else:
                self._mark(json.loads(said))

    def done(self, until: int) -> None:
        self.until = max(self.until, min(until, self.course.at))
        self.session.heard(link.Quiet(until=self.until))

    def _frame(self, said: bytes) -> None:
        frame = decode_frame(said)
        self.course.check(frame, 10**9)
        samples = from_pcm16(frame.payload)
        known = self.course.take(frame, len(samples))
        self.heard[frame.position + known : frame.position + len(samples)] = samples[known:]

    def _mark(self, said: dict[str, Any]) -> None:
        if said["type"] == "end":
            self.course.check_end(said["position"])
        else:
            self.course.move(said["position"], 10**9)
        self.marks.append((said["type"], said["position"]))


def _sound(first: int, count: int) -> Samples:
    """Every sample differs from its neighbours, and none is silent."""
    values = (np.arange(first, first + count) % 30_000) + 1
    return values.astype(np.float32) / 32768


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 900)),
        st.tuples(st.just("skip"), st.integers(1, 900)),
        st.tuples(st.just("take"), st.integers(1, 4)),
        st.tuples(st.just("done"), st.integers(0, 3000)),
        st.tuples(st.just("cut"), st.just(0)),
    ),
    max_size=40,
)


@given(STEPS)
@settings(max_examples=300)
def test_whatever_breaks_everything_is_heard_once_and_in_its_place(
    steps: list[tuple[str, int]],
) -> None:
    session = DeviceSession()
    ear = Ear(session)
    expected = np.zeros_like(ear.heard)
    at = 0
    for step, number in steps:
        if step == "say":
            expected[at : at + number] = _sound(at, number)
            session.say(expected[at : at + number])
            at += number
        elif step == "skip":
            session.skip(number)
            at += number
        elif step == "take":
            ear.take(number)
        elif step == "done":
            ear.done(number)
        else:
            ear.connect()
    session.end()
    ear.take()
    np.testing.assert_array_equal(ear.heard, expected)
    ear.done(at)
    assert session.is_done


def test_an_utterance_by_hand_is_begun_again_after_a_cut_line() -> None:
    session = DeviceSession(push=True)
    ear = Ear(session)
    session.begin()
    session.say(_sound(0, 1000))
    ear.take()
    ear.done(400)  # it was too long for one, and its beginning is answered
    session.say(_sound(1000, 100))
    ear.connect()
    session.end()
    ear.take()
    assert ear.marks == [("begin", 0), ("begin", 400), ("end", 1100)]
    np.testing.assert_array_equal(ear.heard[:1100], _sound(0, 1100))


def test_a_press_without_a_word_is_done_with() -> None:
    session = DeviceSession(push=True)
    ear = Ear(session)
    session.begin()
    session.end()
    ear.take()
    assert not session.is_done
    ear.done(0)
    assert session.is_done


def test_what_is_forgotten_is_not_sent_and_the_server_is_told() -> None:
    session = DeviceSession()
    ear = Ear(session)
    session.say(_sound(0, 500))
    session.forget()
    session.say(_sound(500, 100))
    ear.take()
    assert ear.marks == [("drop", 500)]
    assert not ear.heard[:500].any()
    np.testing.assert_array_equal(ear.heard[500:600], _sound(500, 100))


def test_a_session_that_is_over_is_begun_anew_with_what_is_unanswered() -> None:
    session = DeviceSession()
    ear = Ear(session)
    session.say(_sound(0, 500))
    session.skip(100)
    session.say(_sound(600, 50))
    ear.take()
    ear.done(500)
    session.start_anew()
    fresh = Ear(session)
    fresh.take()
    np.testing.assert_array_equal(fresh.heard[:50], _sound(600, 50))


# --- the buffer -------------------------------------------------------------------------


def _piece(at: int, count: int = 100, *, fresh: bool = True) -> Piece:
    return Piece(at, count, bytearray(b"\1" * count), fresh)


def test_what_is_forgotten_is_overwritten() -> None:
    buffer = Unacknowledged()
    piece = _piece(0)
    buffer.add(piece)
    buffer.wipe()
    assert piece.payload == bytes(100)
    assert (len(buffer), buffer.samples) == (0, 0)


def test_a_full_buffer_drops_the_oldest_and_says_so() -> None:
    buffer = Unacknowledged(seconds=250 / SAMPLE_RATE)
    pieces = [_piece(at) for at in (0, 100, 200)]
    for piece in pieces:
        buffer.add(piece)
    assert buffer.lost == 100
    assert buffer.start == 100
    assert pieces[0].payload == bytes(100)


def test_a_frame_that_needs_a_dropped_one_is_dropped_with_it() -> None:
    buffer = Unacknowledged(seconds=350 / SAMPLE_RATE)
    for at, fresh in ((0, True), (100, False), (200, True), (300, False)):
        buffer.add(_piece(at, fresh=fresh))
    assert (buffer.start, buffer.lost) == (200, 200)


def test_what_a_later_frame_needs_is_kept_though_it_is_answered() -> None:
    buffer = Unacknowledged()
    for at, fresh in ((0, True), (100, False), (200, False), (300, True), (400, False)):
        buffer.add(_piece(at, fresh=fresh))
        buffer.next()
    buffer.acknowledge(250, goes_on=True)
    assert buffer.start == 0
    buffer.acknowledge(450, goes_on=True)
    assert buffer.start == 300
    buffer.acknowledge(500, goes_on=True)
    assert buffer.start == 300
    buffer.acknowledge(500, goes_on=False)
    assert buffer.start is None


def test_what_was_not_sent_is_never_taken_for_answered() -> None:
    buffer = Unacknowledged()
    buffer.add(_piece(0))
    buffer.acknowledge(100, goes_on=False)
    assert len(buffer) == 1


# --- Opus ---------------------------------------------------------------------------------


def test_opus_begins_anew_with_every_utterance_and_every_ten_seconds() -> None:
    encoding = Opus()
    packets: list[Packet] = [*encoding.encode(_sound(0, 21 * SAMPLE_RATE)), *encoding.finish()]
    assert [at for at, packet in enumerate(packets) if packet.fresh] == [0, 500, 1000]
    assert next(iter(encoding.encode(_sound(0, 320)))).fresh


def test_positions_do_not_drift_with_packets_that_are_padded() -> None:
    session = DeviceSession(Opus())
    for _ in range(50):
        session.say(_sound(0, 1000))
        session.skip(1000)
    assert session.position == 100_000
