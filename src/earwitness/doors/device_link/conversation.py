"""What a device that has proven who it is says, message by message."""

from __future__ import annotations

import asyncio
from time import time_ns
from typing import TYPE_CHECKING

from earwitness.doors.device_link.answers import told
from earwitness.doors.device_link.course import Course
from earwitness.doors.device_link.sessions import Proven, Session, check_rotation
from earwitness.doors.device_link.talks import Talks
from earwitness.errors import ProtocolError
from earwitness.live.events import Event
from earwitness.model import Device, Source
from earwitness.wire.link import messages as link
from earwitness.wire.link.frames import AudioFrame

if TYPE_CHECKING:
    from earwitness.doors.device_link.connection import Connection
    from earwitness.doors.device_link.door import DeviceLink


def now_microseconds() -> int:
    return time_ns() // 1000


class Conversation:
    """The state behind the hello. Whatever may not be said raises ProtocolError."""

    def __init__(
        self,
        door: DeviceLink,
        hello: link.Hello,
        nonce: str,
        proven: Proven,
        session: Session,
        connection: Connection,
    ) -> None:
        self.device = proven.device
        self._door, self._nonce, self._key = door, nonce, proven.key
        self._post = connection.post
        self._session = session
        self._course = Course(session.position, hello.codec)
        self._decoding = door.decoding(hello.codec)
        self._talks = Talks(self._told, self._post, connection.fail)
        self._source = Source(self.device.id, self.device.household, name=hello.room)
        self._push = hello.listening == "push"
        self._granted = hello.consent  # by the device; its household must agree, too
        self.consent = self._granted and self.device.consent

    @property
    def at(self) -> int:
        """Where the next sample is expected."""
        return self._course.at

    async def follow(self, message: link.FromDevice | AudioFrame) -> None:
        match message:
            case AudioFrame():
                await self._hear(message)
            case link.Ping():
                self._pong(message)
            case link.Begin():
                await self._begin(message.position)
            case link.End():
                self._course.check_end(message.position)
                await self._talks.end(message.position)
            case link.Drop():
                self._course.move(message.position, self._horizon())
                self._talks.drop(message.position)
            case link.Consent():
                self._granted = message.granted
                self._agree()
                self._post(link.Consent(granted=self.consent))
            case link.Rotate():
                await self._rotate(message)
            case _:
                raise ProtocolError("A hello is said once.", "unexpected")

    def access(self, device: Device) -> None:
        """What the store knows about the device may have changed."""
        self.device = device
        if self._agree():
            self._post(link.Consent(granted=self.consent))

    def close(self) -> None:
        """What is not answered is forgotten."""
        self._talks.close()
        self._decoding.close()

    async def _hear(self, frame: AudioFrame) -> None:
        ended = self._course.at
        if self._course.check(frame, self._horizon()) and self._talks.current is not None:
            await self._talks.end(ended)
        samples = await self._decoding.decode(frame)
        known = self._course.take(frame, len(samples))
        if known == len(samples):
            return
        if self._talks.current is None:
            if self._push:
                raise ProtocolError("Push-to-talk: a begin comes before the sound.", "unexpected")
            await self._open(frame.position + known)
        await self._talks.write(samples[known:])

    async def _begin(self, position: int) -> None:
        if not self._push or self._talks.current is not None:
            raise ProtocolError("A begin is for push-to-talk, and each has its end.", "unexpected")
        self._course.move(position, self._horizon())
        await self._open(position)

    async def _open(self, position: int) -> None:
        began = self._session.moment(position)
        stream = self._door.program.live.open(
            self._source, began, endpointing=not self._push, keep=self.consent
        )
        await self._talks.begin(stream, position)

    async def _rotate(self, rotate: link.Rotate) -> None:
        check_rotation(rotate, self._nonce, self.device.id, self._key)
        records = self._door.program.records
        await asyncio.to_thread(records.announce_key, self.device.id, bytes.fromhex(rotate.key))
        self._post(link.Rotated(key=rotate.key))

    def _pong(self, ping: link.Ping) -> None:
        received = now_microseconds()
        self._post(link.Pong(clock=ping.clock, received=received, sent=now_microseconds()))

    def _agree(self) -> bool:
        """Only what both the device and its household agree to is kept. Whether that is news."""
        before, self.consent = self.consent, self._granted and self.device.consent
        self._talks.keep(self.consent)
        return self.consent != before

    def _told(self, event: Event, offset: int) -> None:
        for message in told(event, offset, self._door.settings.ask_again_confidence):
            self._post(message)

    def _horizon(self) -> int:
        return self._session.horizon(now_microseconds())
