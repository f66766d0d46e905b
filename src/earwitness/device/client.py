"""A device's connection to the server: it comes back whenever it breaks, and loses nothing.

    device = Device(url, identity, hear)
    running = asyncio.create_task(device.run())
    device.session.say(samples); device.wake()
    await device.drained()
    await device.close()

Two tasks while it is connected, one while it is not, and no thread: thousands fit one process.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import time_ns

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from earwitness.device.keys import Identity, KeyFile, public, sign
from earwitness.device.session import DeviceSession
from earwitness.errors import AccessRefused, ProtocolError
from earwitness.model import Samples
from earwitness.wire.link import messages as link
from earwitness.wire.link.codec import MAX_FROM_SERVER, encode, from_server
from earwitness.wire.link.proof import hello_text, rotate_text

FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0
"""Seconds before the next attempt; doubled each time, then drawn between half and all of it,
so that thousands do not come back at once."""
OPEN_SECONDS = 10.0
PING_SECONDS = 10.0
FOR_GOOD = {"refused", "revoked", "household", "replaced", "key"}
"""Errors that coming back does not heal."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The server knows us; ``resumed`` where a session goes on."""

    welcome: link.Welcome
    resumed: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The next attempt follows in so many seconds."""

    why: str
    retry_after: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The buffer was full: so many samples of the oldest sound are gone for ever."""

    samples: int


Told = link.FromServer | Connected | Disconnected | Lost
Hear = Callable[[Told], None]


class Refused(AccessRefused):
    """The server does not let this device in."""


class Device:
    """One device. ``hear`` is told everything that the server says, and how the line is.

    Belongs to one event loop; ``session`` may be spoken into at any time (then ``wake``).
    """

    def __init__(
        self,
        url: str,
        identity: Identity,
        hear: Hear,
        *,
        session: DeviceSession | None = None,
        consent: bool = True,
        trust: ssl.SSLContext | None = None,
        keys: KeyFile | None = None,
    ) -> None:
        self.session = session or DeviceSession()
        self.clock_offset: int | None = None
        """The server's clock less ours, in microseconds, by the last pong."""
        self.round_trip: int | None = None
        self._url, self._trust = url, trust
        self._identity, self._keys = identity, keys
        self._hear = hear
        self._consent = self._consent_told = consent
        self._wake, self._changed = asyncio.Event(), asyncio.Event()
        self._socket: ClientConnection | None = None
        self._control: list[link.FromDevice] = []
        self._nonce = ""
        self._limits: link.Limits | None = None
        self._heard_at = 0.0
        self._told_lost = 0
        self._failures = 0
        self._closing = asyncio.Event()
        self._retry_after: float | None = None

    # --- for who speaks ---------------------------------------------------------------

    def say(self, samples: Samples) -> None:
        self.session.say(samples)
        self.wake()

    def wake(self) -> None:
        """The session has something new to send."""
        if self.session.buffer.lost > self._told_lost:
            news = self.session.buffer.lost - self._told_lost
            self._told_lost = self.session.buffer.lost
            self._hear(Lost(news))
        self._wake.set()

    def forget(self) -> None:
        """Wipes the buffer; the server forgets what it has not answered."""
        self.session.forget()
        self.wake()
        self._changed.set()

    def consent(self, granted: bool) -> None:
        """Whether what is heard from now on, and is not answered yet, may be kept."""
        self._consent = granted
        self._control.append(link.Consent(granted=granted))
        self.wake()

    def rotate(self) -> None:
        """Announces a next key, which is written to the key file first."""
        if self._keys is None:
            raise AccessRefused("Without a key file there is nowhere to keep a next key.")
        self._identity = self._keys.announcing()
        if self._nonce:
            self._control.append(self._rotation())
            self.wake()

    @property
    def connected(self) -> bool:
        return self._limits is not None

    @property
    def endpoint_seconds(self) -> float:
        """How long a silence ends an utterance, as the server said."""
        return self._limits.endpoint_seconds if self._limits else 1.0

    async def drained(self) -> None:
        """Returns when everything that was said is answered."""
        while not self.session.is_done:
            self._changed.clear()
            await self._changed.wait()

    async def close(self) -> None:
        """Says goodbye. What is not answered is forgotten by the server."""
        self._closing.set()
        if self._socket is not None:
            try:
                await self._socket.send(encode(link.Goodbye()))
            except WebSocketException:
                return
            await self._socket.close()

    def cut(self) -> None:
        """Ends the connection as a broken line would; it comes back."""
        if self._socket is not None:
            self._socket.transport.abort()

    # --- the line -----------------------------------------------------------------------

    async def run(self) -> None:
        """Until ``close``. Raises AccessRefused where the server will never let us in."""
        while not self._closing.is_set():
            try:
                why = await self._connect()
            except (OSError, TimeoutError, WebSocketException, ProtocolError) as error:
                why = _reason(error)
            finally:
                self._socket = self._limits = None
                self._nonce = ""
            if not self._closing.is_set():
                await self._wait(why)

    async def _connect(self) -> str:
        """One connection, to its end: why it ended."""
        async with connect(
            self._url,
            ssl=self._trust,
            compression=None,
            max_size=MAX_FROM_SERVER,
            open_timeout=OPEN_SECONDS,
            close_timeout=1,
            ping_interval=None,
            proxy=None,
        ) as socket:
            self._socket = socket
            why = await self._greet(socket)
            if why:
                return why
            sending = asyncio.create_task(self._send(socket), name="device: sending")
            try:
                return await self._read(socket)
            finally:
                await _ended(sending)

    async def _read(self, socket: ClientConnection) -> str:
        async for said in socket:
            if why := self._received(from_server(said)):
                return why
        return f"The server left ({socket.close_code})."

    async def _greet(self, socket: ClientConnection) -> str:
        """Challenge, hello, welcome; why the server refuses, if it does."""
        async with asyncio.timeout(OPEN_SECONDS):
            challenge = from_server(await socket.recv())
            if not isinstance(challenge, link.Challenge) or challenge.protocol != link.PROTOCOL:
                raise ProtocolError("The server speaks another protocol.")
            self._nonce = challenge.nonce
            await socket.send(encode(self._hello(challenge.nonce)))
            answer = from_server(await socket.recv())
        if not isinstance(answer, link.Welcome):
            return self._received(answer) or "The server did not say welcome."
        self._welcomed(answer)
        return ""

    def _welcomed(self, welcome: link.Welcome) -> None:
        resumed = self.session.id is not None
        self.session.welcomed(welcome)
        self._limits = welcome.limits
        self._retry_after = None
        self.clock_offset = welcome.clock_offset
        self._control = [self._rotation()] if self._identity.next_seed else []
        if self._consent != self._consent_told:
            self._control.append(link.Consent(granted=self._consent))
        self._hear(Connected(welcome, resumed))
        self._wake.set()

    def _hello(self, nonce: str) -> link.Hello:
        session, began, position = self.session.place()
        self._consent_told = self._consent
        unsigned = link.Hello(
            device=self._identity.device,
            household=self._identity.household,
            room=self._identity.room,
            consent=self._consent,
            clock=_now(),
            codec=self.session.encoding.codec,
            listening="push" if self.session.push else "open",
            session=session,
            began=began,
            position=position,
            signature="",
        )
        signature = sign(self._identity.seed, hello_text(nonce, unsigned))
        return replace(unsigned, signature=signature)

    def _rotation(self) -> link.Rotate:
        identity = self._identity
        key, next_key = public(identity.seed), public(identity.next_seed)
        text = rotate_text(self._nonce, identity.device, key, next_key)
        return link.Rotate(
            key=next_key,
            signature=sign(identity.seed, text),
            proof=sign(identity.next_seed, text),
        )

    async def _wait(self, why: str) -> None:
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2**self._failures)
        seconds = max(self._retry_after or 0.0, longest) * random.uniform(0.5, 1)  # noqa: S311
        self._failures = min(self._failures + 1, 20)
        self._hear(Disconnected(why, seconds))
        await _within(seconds, self._closing)

    # --- both directions ------------------------------------------------------------------

    async def _send(self, socket: ClientConnection) -> None:
        """Until the line breaks. Whatever else ends it breaks the line."""
        try:
            await self._send_all(socket)
        finally:
            socket.transport.abort()

    async def _send_all(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        every = min(PING_SECONDS, (self._limits.idle_seconds if self._limits else 30.0) / 3)
        self._heard_at = began = next_ping = loop.time()
        while True:
            if loop.time() >= next_ping:
                if next_ping - self._heard_at > 2 * every:
                    return  # half open: nobody answers any more
                if next_ping > began:
                    self._failures = 0  # it holds
                await socket.send(encode(link.Ping(clock=_now())))
                next_ping = loop.time() + every
            self._wake.clear()
            while loop.time() < next_ping and (said := self._next()) is not None:
                await socket.send(said)
            await _within(next_ping - loop.time(), self._wake)

    def _next(self) -> str | bytes | None:
        if self._control:
            return encode(self._control.pop(0))
        return self.session.outgoing()

    def _received(self, message: link.FromServer) -> str:
        """Why the connection is over, if this message says so."""
        self._heard_at = asyncio.get_running_loop().time()
        before = self.session.until
        self.session.heard(message)
        if self.session.until > before:
            self._failures = 0
        self._changed.set()
        why = ""
        match message:
            case link.Pong():
                self._set_clock(message)
            case link.Rotated():
                why = self._use_next_key(message)
            case link.Restart():
                self._retry_after = message.retry_after
                why = "The server restarts."
            case link.Error():
                why = self._refused(message)
        self._hear(message)
        return why

    def _refused(self, error: link.Error) -> str:
        if error.code in FOR_GOOD:
            self._hear(error)
            raise Refused(error.message)
        if error.code == "session":
            self.session.start_anew()
        self._retry_after = error.retry_after
        return error.message

    def _set_clock(self, pong: link.Pong) -> None:
        """As in NTP (RFC 5905, section 8)."""
        now = _now()
        self.clock_offset = ((pong.received - pong.clock) + (pong.sent - now)) // 2
        self.round_trip = (now - pong.clock) - (pong.sent - pong.received)

    def _use_next_key(self, rotated: link.Rotated) -> str:
        """The next connection is opened with the new key, and shuts the old one out."""
        seed = self._identity.next_seed
        if self._keys is None or not seed or rotated.key != public(seed):
            return ""
        self._identity = self._keys.rotated()
        return "The key was exchanged."


async def _ended(task: asyncio.Task[None]) -> None:
    """Ends a task. Raises what it died of, unless the line was broken."""
    task.cancel()
    (died,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(died, Exception) and not isinstance(died, WebSocketException):
        raise died


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Waits for the event, but no longer."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):  # unlike wait_for, makes no task
            await event.wait()
    except TimeoutError:
        return


def _now() -> int:
    return time_ns() // 1000


def _reason(error: BaseException) -> str:
    if isinstance(error, InvalidStatus):
        return f"The server answered {error.response.status_code}."
    return str(error) or type(error).__name__
