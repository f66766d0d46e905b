"""An engine in a process of its own, so that its memory and its start can be measured.

All children are bound to the same single core and asked one after the other: what
the machine does otherwise hits them alike, and "one thread" holds for libraries that
choose their own number of threads.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any, Self

from earwitness.errors import EarwitnessError, EngineError
from earwitness.model import Samples

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which engine, and what is live in it: ``base`` always, ``fillers`` as far as they fit.

    ``longest`` are the own terms for which room must be left.
    """

    engine: str
    model: Path | None = None
    base: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    longest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """What a child says once: how long its engine took to load, and what is live."""

    name: str
    model: str
    lexicon: bool
    load_s: float
    prepare_s: float
    live: int
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One utterance: the text, that without terms, the seconds; ``failure`` if it failed."""

    text: str
    unbiased: str | None
    seconds: float
    cpu_seconds: float
    failure: str = ""


class Child:
    """The process. Use as a context manager; every method may raise EngineError."""

    def __init__(self, wanted: Wanted) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, wanted), daemon=True)
        self._process.start()
        theirs.close()
        self._engine = wanted.engine
        self.ready: Ready = self._receive()

    def hear(self, audio: Samples, own: Sequence[str]) -> Answer:
        self._send((audio, tuple(own)))
        answer: Answer = self._receive()
        return answer

    def peak_rss_mib(self) -> float:
        self._send(None)
        return float(self._receive())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pipe.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _send(self, message: object) -> None:
        try:
            self._pipe.send(message)
        except OSError as error:
            raise self._died() from error

    def _receive(self) -> Any:
        try:
            message = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        if isinstance(message, EarwitnessError):
            raise message
        return message

    def _died(self) -> EngineError:
        self._process.join(timeout=1)
        return EngineError(
            f"The process of the engine {self._engine!r} ended with {self._process.exitcode}."
        )


def peak_rss_mib() -> float:
    """The largest resident memory of this process so far.

    From /proc where there is one: ``ru_maxrss`` may begin with that of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(found.split()[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)


def bind_to_one_core() -> None:
    """This process and its later threads on one core, the last it may use."""
    os.environ.update(ONE_THREAD)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _serve(pipe: Connection, wanted: Wanted) -> None:
    """Answers until the other end is closed."""
    bind_to_one_core()
    try:
        _answer_all(pipe, wanted)
    except EarwitnessError as error:
        pipe.send(error)
    except (EOFError, OSError, KeyboardInterrupt):
        return


def _answer_all(pipe: Connection, wanted: Wanted) -> None:
    started = perf_counter()
    # Imported here, so that the time to load an engine holds what it imports.
    from earwitness.bench.lexicons import Lexicons
    from earwitness.bench.listen import timed
    from earwitness.engines import Options, open_engine

    engine = open_engine(wanted.engine, Options(model=wanted.model))
    loaded = perf_counter()
    lexicons = Lexicons(engine, wanted.base, wanted.fillers, wanted.longest)
    pipe.send(
        Ready(
            name=engine.name,
            model=engine.model,
            lexicon=engine.capabilities.lexicon,
            load_s=loaded - started,
            prepare_s=perf_counter() - loaded,
            live=lexicons.size,
            refused=lexicons.refused,
        )
    )
    while True:
        asked = pipe.recv()
        if asked is None:
            pipe.send(peak_rss_mib())
            continue
        audio, own = asked
        try:
            transcript, seconds, cpu = timed(engine, audio, lexicons.with_own(own))
        except EngineError as error:
            pipe.send(Answer("", None, 0.0, 0.0, str(error)))
        else:
            unbiased = transcript.unbiased.text if transcript.unbiased else None
            pipe.send(Answer(transcript.text, unbiased, seconds, cpu))
