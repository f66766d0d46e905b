"""Reports: until they are acknowledged, how many a second, how quickly the log proves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from earwitness.bench import waiting
from earwitness.bench.figures import Plain, percentiles
from earwitness.config import Settings
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import (
    check_consistency,
    check_inclusion,
    consistency_parts,
    inclusion_parts,
    leaf_hash,
    part_hash,
)
from earwitness.flow.incidents import cases, codes, escalation, logbook, reporting
from earwitness.flow.incidents.reporting import Statement
from earwitness.listening import Harm, Imminence
from earwitness.wiring import Earwitness

REPORTS, REPORTERS = 200, 8
CLIPS = 3
"""Of the device around the one that is reported: each is sealed with it."""
PROOFS = 500
DEADLINES = 500
SIZES = (1_000, 10_000, 100_000, 1_000_000)
SAID = Statement("bench", Harm.VIOLENCE, Imminence.NOW, "somebody cried for help", "at 2 s")


def run(
    settings: Settings,
    sizes: Sequence[int] = SIZES,
    step: Callable[[str], None] = lambda doing: None,
) -> Plain:
    """In a store of its own, on the disk of the data folder, with a clip sealed each time."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=settings.data) as folder:
        chosen = settings.model_copy(
            update={"data": Path(folder), "database": "", "clips": None, "witnesses": []}
        )
        with Earwitness.open(chosen) as program:
            waiting.fill(program, CLIPS)
            step("Reporting, one at a time")
            acknowledged = [_report(program) for _ in range(REPORTS)]
            step("Reporting, several at once")
            began = perf_counter()
            with ThreadPoolExecutor(REPORTERS) as reporters:
                list(reporters.map(lambda _: _report(program), range(REPORTS)))
            at_once = REPORTS / (perf_counter() - began)
            step("Proving")
            proofs = _proofs(program)
            step("Deadlines that all passed while nothing ran")
            late = _deadlines(program)
    verifying = {}
    for size in sizes:
        step(f"Verifying a log of {size:,} leaves")
        verifying[str(size)] = _verified(size)
    return {
        "report_ack_ms": percentiles(acknowledged, factor=1000),
        "reports_per_s": at_once,
        "proofs_per_s": proofs,
        "verify_s": verifying,
        "deadlines_per_s": len(late) / max(late),
        "lateness_s": percentiles(late),
    }


def _report(program: Earwitness) -> float:
    """Seconds until it was acknowledged."""
    said = replace(SAID, utterance=waiting.MODEL)
    began = perf_counter()
    reporting.report(said, codes.new_code(), datetime.now(UTC), program.incidents)
    return perf_counter() - began


def _deadlines(program: Earwitness) -> list[float]:
    """Of each deadline, the seconds after the restart at which its case had climbed."""
    on, now = program.incidents, program.clock.now()
    for _ in range(DEADLINES):
        reporting.report(SAID, codes.new_code(), now - timedelta(days=2), on)
    late: list[float] = []
    began = perf_counter()
    escalation.true_up(now, on)
    while ids := on.records.due_cases(now, cases.BATCH):
        climbed = escalation.fire(ids, now, on)
        late += climbed * [perf_counter() - began]
    return late


def _proofs(program: Earwitness) -> float:
    """Inclusion proofs a second, each looked up and checked."""
    book = program.incidents.book
    head = Checkpoint.parse(book.newest().text)
    began = perf_counter()
    for number in range(PROOFS):
        index = number * 7919 % head.size
        proof = logbook.proof(book, inclusion_parts(index, head.size))
        leaf = leaf_hash(book.records.log_leaf(index))
        check_inclusion(index, head.size, leaf, head.root, proof)
    return PROOFS / (perf_counter() - began)


def _verified(size: int) -> float:
    """Seconds to verify one receipt and its growth from half the log, as a holder does."""
    leaves = [leaf_hash(number.to_bytes(8, "big")) for number in range(size)]
    half = size // 2
    roots = part_hash(leaves, 0, half), part_hash(leaves, 0, size)
    included = [part_hash(leaves, *part) for part in inclusion_parts(size // 3, size)]
    grown = [part_hash(leaves, *part) for part in consistency_parts(half, size)]
    began = perf_counter()
    check_inclusion(size // 3, size, leaves[size // 3], roots[1], included)
    check_consistency(half, roots[0], size, roots[1], grown)
    return perf_counter() - began
