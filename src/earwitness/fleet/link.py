"""A device on the device link: the real client, with recordings in place of a microphone.

After a recording it sends as much silence as tells the server that an utterance is over,
and a little more, as a device does that finds out by itself whether somebody speaks.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from math import ceil
from time import monotonic

import numpy as np

from earwitness.device.client import Connected, Device, Disconnected, Lost, Told
from earwitness.device.keys import Identity
from earwitness.errors import EarwitnessError, InputError
from earwitness.fleet.recordings import FRAME, FRAME_SECONDS, Recording, frames
from earwitness.fleet.sockets import Address
from earwitness.fleet.tally import Fate, Said
from earwitness.fleet.wheel import Wheel
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wire.link import messages as link
from earwitness.wire.link.frames import from_pcm16

PATH = "/v1/device"
SILENCE: Samples = np.zeros(FRAME, np.float32)
MORE_SECONDS = 0.3
"""More silence than the server asks for."""


@dataclass(frozen=True, slots=True)
class LinkDoor:
    """Implements ``lines.Door``. Each device has an enrolled identity of its own."""

    address: Address
    wheel: Wheel
    identities: Sequence[Identity]

    def prepare(self, recording: Recording) -> Sequence[Samples]:
        return [from_pcm16(frame) for frame in frames(recording.pcm)]

    def lines(self, number: int) -> Sequence[LinkLine]:
        """Raises InputError where fewer devices are enrolled."""
        if number > len(self.identities):
            known = len(self.identities)
            raise InputError(f"{number} devices need a key each; there are keys of {known}.")
        return [LinkLine(self.address, self.wheel, each) for each in self.identities[:number]]


@dataclass(slots=True)
class _Turn:
    """One recording on its way. Positions are samples of the device's session."""

    answer: asyncio.Future[Said]
    rest: Iterator[Samples]
    start: int
    end: int | None = None
    ended: float = 0.0
    positions: list[int] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    """When what lies before each position was sent."""
    texts: list[str] = field(default_factory=list)
    finals: list[float] = field(default_factory=list)
    last_final: float = 0.0
    shed: bool = False
    code: str = ""
    reconnects: int = 0

    def sent(self, position: int, now: float) -> None:
        self.positions.append(position)
        self.moments.append(now)

    def heard(self, final: link.Final) -> None:
        self.last_final = monotonic()
        place = min(bisect_left(self.positions, final.endpoint), len(self.moments) - 1)
        self.finals.append(self.last_final - self.moments[place])
        self.texts.append(final.text)

    def conclude(self, fate: Fate, code: str = "") -> None:
        """Without a final nobody spoke, says the server: an answer without a word."""
        if self.answer.done():
            return
        after = self.last_final - self.ended if self.finals else None
        said = Said(
            Fate.SHED if self.shed and fate is Fate.ANSWERED else fate,
            " ".join(self.texts),
            tuple(self.finals),
            after,
            code or self.code,
            self.reconnects,
        )
        self.answer.set_result(said)


class LinkLine:
    """Implements ``lines.Line``."""

    def __init__(self, address: Address, wheel: Wheel, identity: Identity) -> None:
        self._url = f"{'ws' if address.tls is None else 'wss'}://{address}{PATH}"
        self._address, self._identity = address, identity
        self._wheel = wheel
        self._running: asyncio.Task[None] | None = None
        self._entered: asyncio.Future[None] | None = None
        self._turn: _Turn | None = None
        self._silent_since = 0.0

    @property
    def is_open(self) -> bool:
        return self._running is not None and not self._running.done()

    async def open(self) -> None:
        """Raises InputError where nobody answers, AccessRefused where it is not let in."""
        self._entered = asyncio.get_running_loop().create_future()
        self._device = Device(self._url, self._identity, self._told, trust=self._address.tls)
        self._running = asyncio.create_task(self._device.run(), name="fleet: device")
        self._running.add_done_callback(self._over)
        try:
            await self._entered
        except EarwitnessError:
            self.close()
            raise

    async def say(self, prepared: Sequence[Samples]) -> Said:
        session = self._device.session
        session.skip(int((monotonic() - self._silent_since) * SAMPLE_RATE))
        answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        silence = ceil((self._device.endpoint_seconds + MORE_SECONDS) / FRAME_SECONDS)
        self._turn = _Turn(answer, chain(prepared, repeat(SILENCE, silence)), session.position)
        self._last = prepared[-1]
        self._wheel.play(self._send)
        try:
            return await answer
        finally:
            self._turn = None
            self._be_silent()

    def keep_alive(self) -> None:
        """The client does that by itself."""

    def close(self) -> None:
        if self._running is not None:
            self._running.cancel()

    # --- one recording -----------------------------------------------------------

    def _send(self) -> bool:
        """One frame of the recording, then silence, until all is answered or that is over."""
        turn = self._turn
        if turn is None or turn.answer.done():
            return False
        block, now = next(turn.rest, None), monotonic()
        if block is None:
            self._be_silent()
            return False
        self._device.say(block)
        turn.sent(self._device.session.position, now)
        if block is self._last:
            turn.end, turn.ended = self._device.session.position, now
        return True

    def _be_silent(self) -> None:
        self._silent_since = monotonic()
        self._device.session.end()
        self._device.wake()

    def _told(self, told: Told) -> None:
        match told:
            case Connected():
                self._came_in(told)
            case Disconnected() if self._entered is not None and not self._entered.done():
                self._entered.set_exception(InputError(f"{self._url}: {told.why}"))
            case _ if self._turn is not None:
                self._follow(self._turn, told)

    def _came_in(self, told: Connected) -> None:
        if self._entered is not None and not self._entered.done():
            self._silent_since = monotonic()
            self._entered.set_result(None)
        elif self._turn is not None:
            self._turn.reconnects += 1
            if not told.resumed:
                self._turn.conclude(Fate.LOST, "session lost")

    def _follow(self, turn: _Turn, told: Told) -> None:
        match told:
            case link.Final() if told.end > turn.start:
                turn.heard(told)
            case link.Shed() if told.end > turn.start:
                turn.shed = True
            case link.Error():
                turn.code = told.code
            case Disconnected():
                turn.code = turn.code or "disconnected"
            case Lost():
                turn.conclude(Fate.LOST, "the device's buffer is full")
        if turn.end is not None and self._device.session.until >= turn.end:
            turn.conclude(Fate.ANSWERED)

    def _over(self, running: asyncio.Task[None]) -> None:
        """The device is not let in, or no longer."""
        error = None if running.cancelled() else running.exception()
        if self._entered is not None and not self._entered.done():
            self._entered.set_exception(error or InputError(f"{self._url}: the device left."))
        if self._turn is not None:
            self._turn.conclude(Fate.LOST, self._turn.code or "disconnected")
