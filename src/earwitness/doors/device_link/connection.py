"""One device's socket, from challenge to goodbye: one task, and one more while it speaks.

Whoever wants the connection to end, from wherever, calls ``end``: the first reason counts.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import structlog
from starlette.websockets import WebSocket

from earwitness.doors.device_link.conversation import Conversation, now_microseconds
from earwitness.doors.device_link.outbox import Outbox
from earwitness.doors.device_link.sessions import REVOKED, session_of
from earwitness.doors.pacing import Bucket
from earwitness.errors import EarwitnessError, Overloaded, ProtocolError, StoreError
from earwitness.model import Device
from earwitness.wire.link import messages as link
from earwitness.wire.link.codec import encode, from_device
from earwitness.wire.link.frames import AudioFrame, decode_frame

if TYPE_CHECKING:
    from earwitness.doors.device_link.door import DeviceLink

SLOW_SECONDS = 0.5
"""How long a message may be held up before its device is told that it is ahead."""
LAST_WORDS_SECONDS = 2.0
MESSAGES_A_SECOND, MESSAGES_AT_ONCE = 250.0, 1000.0
"""What is beyond is not read until there is room."""
POLICY, FAILED, RESTARTING, LATER = 1008, 1011, 1012, 1013
"""Close codes (RFC 6455, section 7.4, and its registry at IANA)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a connection ends, and what its device is told of it, if anything."""

    why: str
    last: link.FromServer | None = None
    code: int = 1000


LEFT = Ending("left")
TOO_SLOW = Ending("too_slow", code=POLICY)


def refusal(code: str, message: str, close: int = POLICY) -> Ending:
    """An ending with an ``error`` that says why."""
    return Ending(code, link.Error(code=code, message=message), close)


def _ending_for(error: Exception) -> Ending:
    match error:
        case ProtocolError():
            return refusal(error.code, str(error))
        case Overloaded():
            last = link.Error(code="overloaded", message=str(error), retry_after=error.retry_after)
            return Ending("overloaded", last, LATER)
        case StoreError():
            return refusal("store", "What is heard cannot be kept at the moment.", LATER)
        case EarwitnessError():
            return refusal("failed", str(error), LATER)
    return refusal("internal", "The server failed.", FAILED)


class Connection:
    """Made for an accepted socket; ``run`` returns when it is over."""

    def __init__(self, socket: WebSocket, door: DeviceLink) -> None:
        self._socket, self._door = socket, door
        self._outbox = Outbox(socket.send_text, lambda: self.end(TOO_SLOW))
        self._bucket = Bucket(MESSAGES_A_SECOND, MESSAGES_AT_ONCE, monotonic())
        self._task: asyncio.Task[Any] | None = asyncio.current_task()
        self._ending: Ending | None = None
        self._busy_since: float | None = None
        self._said_slow = False
        self._deadline = monotonic() + door.settings.stall_seconds
        self._conversation: Conversation | None = None

    @property
    def device(self) -> str:
        """Its id, as soon as it has proven it; else empty."""
        return self._conversation.device.id if self._conversation else ""

    async def run(self) -> None:
        try:
            self._note(await self._converse())
        except asyncio.CancelledError:
            if self._ending is None or self._task is None:
                raise
            self._task.uncancel()
        except Exception as error:
            self._note(_ending_for(error), error)
        finally:
            self._note(LEFT)
            if self._conversation is not None:
                self._conversation.close()
            await self._say_last()

    def end(self, ending: Ending) -> None:
        """Ends it from outside. What waits for the device is still sent, if it reads."""
        if self._ending is None and self._task is not None:
            self._ending = ending
            self._task.cancel()

    def fail(self, error: Exception) -> None:
        """Hearing failed: the device is told, and may come again."""
        if not isinstance(error, EarwitnessError):
            log.error("hearing failed", exc_info=error)
        self.end(_ending_for(error))

    # --- what the door tells all connections --------------------------------------

    def tick(self, now: float) -> None:
        """Called now and then with the monotonic clock: does anything take too long?"""
        if self._busy_since is None:
            if now > self._deadline:
                self.end(refusal("idle", "Nothing was said for too long."))
        elif now - self._busy_since > SLOW_SECONDS and not self._said_slow:
            self._said_slow = True
            at = self._conversation.at if self._conversation else 0
            self._outbox.post(link.Slow(position=at))

    def access(self, device: Device) -> None:
        """What the store knows about the device may have changed."""
        if device.revoked_at is not None:
            self.end(refusal("revoked", REVOKED))
        elif self._conversation is not None:
            self._conversation.access(device)

    def lexicon(self, revision: int) -> None:
        self._outbox.post(link.LexiconRevision(revision=revision))

    # --- the conversation ---------------------------------------------------------

    async def _converse(self) -> Ending:
        hello, nonce = await self._greet()
        if hello is None:
            return LEFT
        self._conversation = await self._admit(hello, nonce)
        while True:
            self._busy_since = None
            self._deadline = monotonic() + self._door.settings.idle_seconds
            message = await self._receive()
            self._busy_since = monotonic()
            if message is None or isinstance(message, link.Goodbye):
                return LEFT
            await self._pace()
            await self._conversation.follow(message)
            if self._outbox.is_filling and not await self._is_read():
                return TOO_SLOW

    async def _pace(self) -> None:
        """Who says more than may be said is not read for a while."""
        if wait := self._bucket.take(monotonic()):
            await asyncio.sleep(wait)

    async def _is_read(self) -> bool:
        """Whoever does not read its answers is not read, and let go after a while."""
        try:
            async with asyncio.timeout(self._door.settings.stall_seconds):
                await self._outbox.flush()
        except TimeoutError:
            return False
        return True

    async def _greet(self) -> tuple[link.Hello | None, str]:
        """The answer to a challenge, None where the device has gone, and its nonce."""
        nonce = secrets.token_hex(32)
        self._outbox.post(link.Challenge(nonce=nonce, clock=now_microseconds()))
        hello = await self._receive()
        if hello is not None and not isinstance(hello, link.Hello):
            raise ProtocolError("The first message is a hello.", "unexpected")
        return hello, nonce

    async def _admit(self, hello: link.Hello, nonce: str) -> Conversation:
        """Raises ProtocolError where the device may not speak."""
        now = now_microseconds()
        proven, seen = await self._door.admit(hello, nonce)
        session = session_of(hello, now, uuid.uuid4().hex)
        conversation = Conversation(self._door, hello, nonce, proven, session, self)
        self._outbox.post(self._door.welcome(session, now - hello.clock, conversation.consent))
        self._door.entered(self, proven.device, seen)
        return conversation

    async def _receive(self) -> link.FromDevice | AudioFrame | None:
        """The next message; None when the device has gone."""
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            return None
        text, data = received.get("text"), received.get("bytes")
        return from_device(text) if text is not None else decode_frame(data or b"")

    # --- the end --------------------------------------------------------------------

    def post(self, message: link.FromServer) -> None:
        self._outbox.post(message)

    def _note(self, ending: Ending, error: Exception | None = None) -> None:
        self._ending = self._ending or ending
        if ending.why == "internal":
            log.error("device link failed", exc_info=error)

    async def _say_last(self) -> None:
        """The reason, to a device that still reads, and the end."""
        ending = self._ending or LEFT
        log.info("device left", why=ending.why, device=self.device)
        try:
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                if ending is not TOO_SLOW:
                    await self._outbox.flush()
                if ending.last is not None:
                    await self._socket.send_text(encode(ending.last))
                await self._socket.close(ending.code, ending.why)
        except Exception as error:
            # It has gone already, or does not read.
            log.debug("last words not read", exc_info=error)
        finally:
            self._outbox.close()
