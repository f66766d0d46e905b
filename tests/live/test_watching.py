"""What a household watches for is noticed in a stream, with consent alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
from tests.flow.house import START, House
from tests.flow.test_watching import HOME, Shrill, loud, screams, still
from tests.live.streams import blocks, listening, played

from earwitness.flow.watching import Choices, Watch, watch
from earwitness.model import Source, Utterance

NOISE = np.concatenate([still(5), loud(1), still(6)])


def heard(house: House, source: Source = HOME, *, keep: bool = True) -> list[Utterance]:
    """What was kept of a stream in which somebody screams once."""

    async def listened() -> None:
        choices = Choices(house.records)
        watching = replace(house, hearing=replace(house.hearing, watch=Watch(Shrill, choices)))
        async with listening(watching) as live:
            await played(live.open(source, START, keep=keep), blocks(NOISE))
            for _ in range(100):  # the last look is behind whoever speaks
                if not live.load().waiting and not live.load().running:
                    break
                await asyncio.sleep(0.05)

    asyncio.run(listened())
    return screams([house.records.utterance(item.utterance) for item in house.records.items()])


def test_a_scream_in_a_stream_is_kept_where_it_is_watched_for(house: House) -> None:
    watch(HOME.household, ["scream"], "Ada", START, house.records)
    (kept,) = heard(house)
    assert (kept.heard_at - START).total_seconds() == 4.0
    assert kept.source == HOME


def test_nobody_listens_for_it_in_another_household(house: House) -> None:
    watch(HOME.household, ["scream"], "Ada", START, house.records)
    assert heard(house, Source("kitchen", "oak-3")) == []


def test_without_consent_nothing_is_looked_at(house: House) -> None:
    watch(HOME.household, ["scream"], "Ada", START, house.records)
    assert heard(house, keep=False) == []
    assert house.records.items() == []
