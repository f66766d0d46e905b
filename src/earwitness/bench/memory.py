"""How soon a fresh process is ready to hear, and how much memory it takes then."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from earwitness.bench.distractors import distractors
from earwitness.bench.figures import Plain
from earwitness.bench.program import publish, temporary_program
from earwitness.config import Settings
from earwitness.errors import EarwitnessError, EngineError
from earwitness.model import Samples


def run(clip: Samples, settings: Settings, *, terms: int = 10_000) -> Plain:
    """A new process on a store with ``terms`` live ones.

    ``ready_s`` runs from its start until the engine is loaded and the terms compiled,
    ``first_answer_s`` until ``clip`` is heard; memory is the most it ever had resident.
    """
    with temporary_program(settings) as program:
        live = publish(program, distractors(terms))
        started = perf_counter()
        pipe, process = _start(program.settings, clip)
        try:
            ready = _received(pipe)
            ready_s = perf_counter() - started
            _received(pipe)
            first_answer_s = perf_counter() - started
            peak = _received(pipe)
        finally:
            pipe.close()
            process.join()
    return {
        "live_terms": len(live.terms),
        "ready_s": ready_s,
        "first_answer_s": first_answer_s,
        "rss_mib_when_ready": ready,
        "peak_rss_mib": peak,
    }


def _start(
    settings: Settings, clip: Samples
) -> tuple[Connection, multiprocessing.process.BaseProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    arguments = (theirs, settings.data, settings.engine, settings.engine_model, clip)
    process = context.Process(target=_serve, args=arguments, daemon=True)
    process.start()
    theirs.close()
    return ours, process


def _received(pipe: Connection) -> float:
    try:
        message = pipe.recv()
    except EOFError as error:
        raise EngineError("The measured process ended early.") from error
    if isinstance(message, EarwitnessError):
        raise message
    return float(message)


def _serve(pipe: Connection, data: Path, engine: str, model: Path | None, clip: Samples) -> None:
    # Imported here: what a program imports is part of its start.
    from earwitness.bench.child import peak_rss_mib
    from earwitness.model import Source
    from earwitness.wiring import Earwitness

    try:
        with Earwitness.open(Settings(data=data, engine=engine, engine_model=model)) as program:
            program.lexicons.prepare(program.engine)
            pipe.send(peak_rss_mib())
            lexicon = program.lexicons.current(Source())
            program.engine.decode(program.engine.encode(clip), lexicon)
            pipe.send(0.0)
            pipe.send(peak_rss_mib())
    except EarwitnessError as error:
        pipe.send(error)
