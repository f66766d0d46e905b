"""Starts every door, and ends them without dropping what they hold."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import structlog
import uvicorn

from earwitness.config import Settings
from earwitness.config.addresses import is_loopback
from earwitness.doors import api, openai_api, workbench
from earwitness.doors.admission import Admission, listen, tls_context
from earwitness.doors.device_link import DeviceLink
from earwitness.doors.up.http import guarded
from earwitness.doors.up.metrics import Watched
from earwitness.doors.up.web import application
from earwitness.doors.up.websocket import FairWebSocket
from earwitness.doors.wyoming import WyomingDoor
from earwitness.errors import EarwitnessError, SettingsError
from earwitness.runners.warming import set_apart

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

CATCH_UP_SECONDS = 0.2
"""How often a newly published lexicon is looked for, and compiled ahead of utterances."""
CHOICES_SECONDS = 2.0
"""After which what a household chose to be watched for is in force."""
SWITCH_SECONDS = 0.0005
"""How long one thread may keep the interpreter from another. With Python's 5 ms the many
short network calls of speech detection wait for each other: 500 streams fall seconds behind."""
MESSAGE_BYTES = 64 * 1024
"""The longest WebSocket message."""

log = structlog.get_logger(__name__)


class Server:
    """One program with its doors, in one event loop."""

    def __init__(self, program: Earwitness) -> None:
        self.program = program
        self.http_port = self.wyoming_port = 0
        self._doors: dict[str, Admission] = {}
        self._stopping = asyncio.Event()
        self._ready = False

    async def run(self, ready: Callable[[Server], None]) -> None:
        """Until SIGTERM, SIGINT or ``stop``. ``ready`` is called when the doors are open.

        Raises SettingsError for a port that is taken or a certificate that cannot be read.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        _raise_file_limit()
        sys.setswitchinterval(SWITCH_SECONDS)
        async with AsyncExitStack() as doors:
            doors.enter_context(_alone(self.program.settings.data))
            await asyncio.to_thread(self._warm_up)
            _ = self.program.live
            doors.push_async_callback(self._close_hearing)
            await doors.enter_async_context(self._worker())
            await doors.enter_async_context(self._catching_up())
            await doors.enter_async_context(self._wyoming())
            await doors.enter_async_context(self._http())
            set_apart()
            self._ready = True
            log.info("ready", http_port=self.http_port, wyoming_port=self.wyoming_port)
            ready(self)
            await self._stopping.wait()
            self._ready = False
            log.info("stopping")
        log.info("stopped")

    def stop(self) -> None:
        """Ends ``run``: no new streams; what is being heard is finished or handed back."""
        self._stopping.set()

    def why_not_ready(self) -> Sequence[str]:
        if self._stopping.is_set():
            return ["It is stopping."]
        if not self._ready:
            return ["It is starting."]
        try:
            self.program.records.revision()
        except EarwitnessError as error:
            return [str(error)]
        return []

    def _warm_up(self) -> None:
        """Everything that an utterance should not have to wait for."""
        self.program.lexicons.prepare(self.program.engine)
        _ = self.program.hearing

    async def _close_hearing(self) -> None:
        await self.program.live.close(self.program.settings.shutdown_seconds)

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[None]:
        """Carries out judgements: what was taught goes live."""
        runner = self.program.runner()
        _ = self.program.teaching
        await asyncio.to_thread(runner.__enter__)
        self.program.nudge = runner.nudge
        try:
            yield
        finally:
            await asyncio.to_thread(runner.__exit__, None, None, None)

    @asynccontextmanager
    async def _catching_up(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._catch_up(), name="catching up")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _catch_up(self) -> None:
        """New revisions are compiled before an utterance needs them; old speech is forgotten."""
        choices_due = monotonic() + CHOICES_SECONDS
        while True:
            await asyncio.sleep(CATCH_UP_SECONDS)
            self.program.hearing.memory.forget(datetime.now(UTC))
            try:
                await asyncio.to_thread(self.program.lexicons.prepare, self.program.engine)
                if monotonic() >= choices_due:
                    choices_due = monotonic() + CHOICES_SECONDS
                    await asyncio.to_thread(self.program.sound_choices.read)
            except EarwitnessError as error:
                log.warning("what is in force is not read", exc_info=error)

    @asynccontextmanager
    async def _wyoming(self) -> AsyncIterator[None]:
        door = WyomingDoor(self.program)
        await door.start()
        self.wyoming_port = door.port
        self._doors["wyoming"] = door.admission
        try:
            yield
        finally:
            await door.stop(self.program.settings.shutdown_seconds)

    @asynccontextmanager
    async def _http(self) -> AsyncIterator[None]:
        settings = self.program.settings
        listening = listen(settings.host, settings.http_port, "http_port")
        self.http_port = listening.getsockname()[1]
        if not settings.tls_certificate and not is_loopback(settings.host):
            log.warning("http without TLS beyond this machine", host=settings.host)
        devices = DeviceLink(self.program)
        self._doors |= {"http": Admission(settings), "device_link": devices.admission}
        routers = [
            devices.router,
            openai_api.router(self.program),
            workbench.router(self.program),
        ]
        app = application(Watched(self.program, self._doors), self.why_not_ready, routers)
        app.mount(api.PATH, api.application(self.program))
        server = _Uvicorn(_config(settings, app, self._doors["http"]))
        serving = asyncio.create_task(server.serve([listening]), name="http")
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        try:
            yield
        finally:
            await devices.stop(settings.shutdown_seconds)
            server.should_exit = True
            await serving


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two workers on one folder would carry out the same decisions. Raises SettingsError."""
    handle = os.open(folder / "up.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(
                f"EARWITNESS_DATA: another earwitness up runs on {folder}."
            ) from error
        yield


class _Uvicorn(uvicorn.Server):
    """Signals are ours to handle."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(settings: Settings, app: object, admission: Admission) -> uvicorn.Config:
    tls = tls_context(settings)
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=guarded(admission, settings.stall_seconds),
        ws=FairWebSocket,
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=settings.idle_seconds / 2,
        ws_ping_timeout=settings.idle_seconds / 2,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="off",
        timeout_keep_alive=int(settings.idle_seconds),
        timeout_graceful_shutdown=int(settings.shutdown_seconds),
        ssl_context_factory=None if tls is None else lambda config, default: tls,
    )


def _raise_file_limit() -> None:
    """As many sockets as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
