"""All connections of the device link: who is there, and what all of them are told."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

import structlog
from fastapi import APIRouter
from starlette.responses import Response
from starlette.websockets import WebSocket

from earwitness.doors.admission import Admission
from earwitness.doors.device_link.connection import (
    RESTARTING,
    Connection,
    Ending,
    refusal,
)
from earwitness.doors.device_link.decoding import Decoding, Opus, Pcm
from earwitness.doors.device_link.enrolment import add_enrolment
from earwitness.doors.device_link.sessions import Proven, Session, prove
from earwitness.errors import EarwitnessError, NotFound
from earwitness.model import Device
from earwitness.wire.link import messages as link
from earwitness.wire.link.frames import MAX_FRAME

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

TICK_SECONDS = 0.25
POLL_SECONDS = 0.5
"""How often the store is asked for what changed, for all connections together."""
PATH = "/v1/device"
UNKNOWN = -1
"""An access revision that no store has: whatever it says is news."""

log = structlog.get_logger(__name__)


class DeviceLink:
    """The door, for one program within one event loop."""

    def __init__(self, program: Earwitness) -> None:
        self.program = program
        self.settings = program.settings
        self.router = APIRouter()
        self.router.add_websocket_route(PATH, self._come_in)
        add_enrolment(self.router, program.records, self.settings.stall_seconds)
        self.admission = Admission(program.settings)
        self._connections: set[Connection] = set()
        self._by_device: dict[str, Connection] = {}
        self._watching: asyncio.Task[None] | None = None
        self._polling: asyncio.Task[None] | None = None
        self._stopping = False
        self._access = program.records.access_revision()
        self._revision = program.lexicons.newest().revision

    async def stop(self, grace: float) -> None:
        """Tells every device to come again, and waits so many seconds for them to leave.

        Nothing is lost: what is not answered yet the devices send again.
        """
        self._stopping = True
        for connection in list(self._connections):
            connection.end(Ending("restart", link.Restart(retry_after=1.0), RESTARTING))
        end = monotonic() + grace
        while self._connections and monotonic() < end:
            await asyncio.sleep(0.02)
        for task in (self._watching, self._polling):
            if task is not None:
                task.cancel()

    # --- for connections ------------------------------------------------------------

    def decoding(self, codec: link.Codec) -> Decoding:
        return Opus(self.program.opus.open()) if codec == "opus" else Pcm()

    def welcome(self, session: Session, clock_offset: int, consent: bool) -> link.Welcome:
        return link.Welcome(
            session=session.id,
            began=session.began,
            position=session.position,
            clock_offset=clock_offset,
            lexicon=self._revision,
            consent=consent,
            limits=link.Limits(
                frame_bytes=MAX_FRAME,
                ahead_seconds=self.settings.max_behind_seconds,
                idle_seconds=self.settings.idle_seconds,
                endpoint_seconds=self.settings.endpoint_seconds,
            ),
        )

    async def admit(self, hello: link.Hello, nonce: str) -> tuple[Proven, int]:
        """The device and the access revision it was read at. Raises ProtocolError."""
        seen, device = await asyncio.to_thread(self._find, hello.device)
        proven = prove(hello, nonce, device)
        if proven.key == proven.device.next_key:
            await asyncio.to_thread(self.program.records.use_next_key, proven.device.id)
        return proven, seen

    def entered(self, connection: Connection, device: Device, seen: int) -> None:
        """A device has one connection, the newest. ``seen`` as ``admit`` returned it."""
        older = self._by_device.get(device.id)
        self._by_device[device.id] = connection
        if older is not None:
            older.end(refusal("replaced", "This device has connected anew."))
        if seen != self._access:
            self._access = UNKNOWN  # what changed meanwhile was told to those here before

    def _find(self, name: str) -> tuple[int, Device | None]:
        records = self.program.records
        seen = records.access_revision()
        try:
            return seen, records.device(name)
        except NotFound:
            return seen, None

    # --- who comes in ------------------------------------------------------------------

    async def _come_in(self, socket: WebSocket) -> None:
        peer = socket.client.host if socket.client else ""
        if self._stopping or not self.admission.enter(peer):
            await socket.send_denial_response(
                Response(status_code=503, headers={"Retry-After": "1"})
            )
            return
        try:
            await self._attend(socket)
        finally:
            self.admission.leave(peer)

    async def _attend(self, socket: WebSocket) -> None:
        await socket.accept()
        self._watch()
        connection = Connection(socket, self)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            if self._by_device.get(connection.device) is connection:
                del self._by_device[connection.device]

    # --- what takes time, and what changes -----------------------------------------------

    def _watch(self) -> None:
        """Starts watching with the first device."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._tick(), name="device link: time")
            self._polling = asyncio.create_task(self._poll(), name="device link: changes")

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = monotonic()
            for connection in list(self._connections):
                connection.tick(now)

    async def _poll(self) -> None:
        while True:
            try:
                self._tell(*await asyncio.to_thread(self._ask))
            except EarwitnessError as error:
                log.warning("changes not read", exc_info=error)
            await asyncio.sleep(POLL_SECONDS)

    def _ask(self) -> tuple[int, dict[str, Device], int]:
        """The access revision, the devices if it is a new one, the lexicon's revision."""
        records = self.program.records
        access = records.access_revision()
        changed = access != self._access
        devices = {device.id: device for device in records.devices()} if changed else {}
        return access, devices, self.program.lexicons.newest().revision

    def _tell(self, access: int, devices: dict[str, Device], revision: int) -> None:
        self._access = access
        for name in devices.keys() & self._by_device.keys():
            self._by_device[name].access(devices[name])
        if revision != self._revision:
            self._revision = revision
            for connection in list(self._by_device.values()):
                connection.lexicon(revision)
