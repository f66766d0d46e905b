"""Carries events, and jobs that come due, as durable workflows of dbos, on SQLite or PostgreSQL.

A workflow is named by its event's id, so an event has one, however often it is
seen. It holds that id and nothing else: what was said stays in our own tables,
where it can be erased. A failed step is tried again after a growing pause, for ever,
and says so in the log by the event's id and the kind of error; a workflow that died
with its process is taken up by the next start, on the same path as any other.

A job says what is due. Each piece of work is a workflow named by what it does, so that it is
begun once however many look; one that fails is due again when its job says so.

dbos is a singleton of its process, so there is one ``DurableRunner`` at a time. It
opens no port and calls nobody. Importing it takes a second; this module is imported
only by who runs events for long.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol

import sqlalchemy
import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID

from earwitness.errors import EarwitnessError
from earwitness.ports import EventRecords
from earwitness.runners.inline import CarryOut

APPLICATION = "earwitness"
VERSION = "1"
"""Changes only when a workflow's shape does; dbos strands pending work of other versions."""
QUEUE = "events"
WORKFLOWS = 16
POLL_SECONDS = 1.0
EVENT_SECONDS, JOB_SECONDS = 0.2, 0.5
"""Between two looks into a queue of dbos: each costs some milliseconds, all day long."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 300.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """``name`` is this piece of work's alone, for ever; ``what`` is all that it needs to know."""

    name: str
    what: str


class Job(Protocol):
    """Something that comes due by itself."""

    name: str

    def due(self) -> Sequence[Work]:
        """What is to be done now. Raises EarwitnessError."""

    def carry_out(self, what: str) -> None:
        """Idempotent."""


class DurableRunner:
    """Runs the outbox until it is closed; ``nudge`` saves the wait for the next poll.

    ``url`` is the database of dbos itself: an SQLite file of its own, or the program's
    PostgreSQL, where it keeps to the schema ``dbos``. One step runs at a time, since
    every trial wants the newest revision for its base; one that pauses holds up nobody.
    """

    def __init__(
        self,
        url: str,
        records: EventRecords,
        carry_out: CarryOut,
        nothing_to_do: Collection[str] = (),
        jobs: Sequence[Job] = (),
    ) -> None:
        """Events of the kinds ``nothing_to_do`` are ticked off without a workflow."""
        self._jobs = jobs
        self._nothing_to_do = nothing_to_do
        self._url = url
        self._records = records
        self._carry_out = carry_out
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._one_step = threading.Lock()
        self._pumps = [threading.Thread(target=self._pump_events, name="events", daemon=True)]

    def __enter__(self) -> DurableRunner:
        _switch_wal_on(self._url)
        DBOS(config=_config(self._url))
        self._workflow = self._registered()
        for job in self._jobs:
            started = self._registered_job(job)
            pump = threading.Thread(
                target=self._pump_job, args=(job, started), name=job.name, daemon=True
            )
            self._pumps.append(pump)
        DBOS.launch()
        pauses = {QUEUE: EVENT_SECONDS} | {job.name: JOB_SECONDS for job in self._jobs}
        for queue, pause in pauses.items():
            DBOS.register_queue(queue, worker_concurrency=WORKFLOWS, polling_interval_sec=pause)
        for pump in self._pumps:
            pump.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._wake.set()
        for pump in self._pumps:
            pump.join()
        with self._one_step:
            DBOS.destroy(destroy_registry=True)

    def nudge(self) -> None:
        """Something was decided just now."""
        self._wake.set()

    def _registered(self) -> Callable[[str], Coroutine[Any, Any, None]]:
        """A coroutine, so that one in its pause dies with the loop and stays pending."""

        @DBOS.workflow(name="carry")
        async def carry(event_id: str) -> None:
            pause = FIRST_PAUSE
            while not await DBOS.run_step_async({"name": "carry_out"}, self._try, event_id):
                await DBOS.sleep_async(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

        return carry

    def _registered_job(self, job: Job) -> Callable[[str], Coroutine[Any, Any, None]]:
        @DBOS.workflow(name=job.name)
        async def carry(what: str) -> None:
            await DBOS.run_step_async({"name": job.name}, self._try_job, job.name, what)

        return carry

    def _try_job(self, name: str, what: str) -> None:
        job = next(each for each in self._jobs if each.name == name)
        if self._closing.is_set():
            return
        try:
            job.carry_out(what)
        except Exception as error:
            log.warning("job failed", job=name, error=type(error).__name__, why=str(error))

    def _pump_job(self, job: Job, workflow: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        while not self._closing.is_set():
            try:
                for work in job.due():
                    with SetWorkflowID(f"{job.name}:{work.name}"):
                        DBOS.enqueue_workflow(job.name, workflow, work.what)
            except Exception as error:  # whatever it is, the next second is another try
                log.error("what is due cannot be read", job=job.name, exc_info=error)
            self._closing.wait(POLL_SECONDS)

    def _pump_events(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            try:
                self._start_pending()
            except EarwitnessError as error:
                log.warning("events cannot be read", error=type(error).__name__)
            self._wake.wait(POLL_SECONDS)

    def _start_pending(self) -> None:
        self._records.done_all(self._nothing_to_do, datetime.now(UTC))
        for event in self._records.pending():
            with SetWorkflowID(event.id):
                DBOS.enqueue_workflow(QUEUE, self._workflow, event.id)

    def _try(self, event_id: str) -> bool:
        try:
            with self._one_step:
                if self._closing.is_set():
                    return False
                self._carry_out(event_id)
        except Exception as error:
            log.warning("event failed", event_id=event_id, error=type(error).__name__)
            return False
        return True


def _config(url: str) -> DBOSConfig:
    return DBOSConfig(
        name=APPLICATION,
        application_version=VERSION,
        executor_id=APPLICATION,
        system_database_url=url,
        log_level="CRITICAL",
        enable_otlp=False,
        notification_listener_polling_interval_sec=60.0,  # nobody here waits for any
    )


def _switch_wal_on(url: str) -> None:
    """Before launch: dbos is three times slower on SQLite's rollback journal."""
    if not url.startswith("sqlite"):
        return
    engine = sqlalchemy.create_engine(url)
    if engine.url.database:  # for its owner alone, like what lies beside it
        os.close(os.open(engine.url.database, os.O_CREAT | os.O_CLOEXEC, 0o600))
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    engine.dispose()
