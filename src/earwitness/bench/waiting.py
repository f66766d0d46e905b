"""A queue in which very many clips wait, filled in seconds: one clip, very many times."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from sqlalchemy import text

from earwitness.model import (
    SAMPLE_RATE,
    Flag,
    Hypothesis,
    ItemState,
    ReviewItem,
    Source,
    Transcript,
    Utterance,
    Word,
)
from earwitness.review.queue import main_reason
from earwitness.wiring import Earwitness, FlacCodec

SECONDS = 2.0
MODEL = "waiting-0"
_COPIED = """
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :last)
INSERT INTO {table} ({columns})
SELECT {selected} FROM number, {table} AS one WHERE one.{key} = :model
"""


def fill(program: Earwitness, waiting: int) -> None:
    """So many clips wait then, each with a priority of its own, in no order of theirs."""
    now = datetime.now(UTC)
    model = _utterance(program, now)
    item = ReviewItem(MODEL, ItemState.WAITING, 0.0, now, reason=main_reason(model.flags))
    program.records.keep(model, item)
    chosen = {"id": "'waiting-' || n", "utterance": "'waiting-' || n"}
    chosen["priority"] = "(n * CAST(2654435761 AS BIGINT) % 1000003) / 1000003.0"
    with program.records.database.write() as connection:
        for table, key in (("utterance", "id"), ("review_item", "utterance")):
            columns = connection.execute(text(f"SELECT * FROM {table} LIMIT 0")).keys()  # noqa: S608
            statement = _COPIED.format(
                table=table,
                key=key,
                columns=", ".join(columns),
                selected=", ".join(chosen.get(name, f"one.{name}") for name in columns),
            )
            connection.execute(text(statement), {"last": waiting - 1, "model": MODEL})


def _utterance(program: Earwitness, now: datetime) -> Utterance:
    at = np.arange(int(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    tone = (0.05 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)
    clip = program.blobs.put(FlacCodec().encode(tone))
    words = tuple(
        Word(word, (-0.5,), 0.4, start / 2, start / 2 + 0.4)
        for start, word in enumerate(["eat", "that", "alarm"])
    )
    heard = Hypothesis("eat that alarm", words, -2.0)
    transcript = Transcript((heard,), "bench", "bench@1", 0, SECONDS, 0.4)
    flags = (Flag("low_confidence", 0.3, 0.5, "", 0.0, 0.4),)
    return Utterance(MODEL, Source("kitchen", "bench"), now, transcript, flags, clip)
