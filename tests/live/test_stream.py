"""From samples to events, whatever size the blocks have and wherever it begins again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.flow.house import SCRIPTS, START, SURE, House, open_house
from tests.live.streams import CHUNK, heard_in, listening, played, said, silence, texts

from earwitness.engines.scripted import Reading, Script, ScriptedEngine, recording
from earwitness.errors import Overloaded, StoreError
from earwitness.flow.hear import Keeper
from earwitness.live.events import Began, Event, Heard, Partial, Quiet
from earwitness.live.hearing import Limits
from earwitness.live.stream import Pace
from earwitness.model import SAMPLE_RATE, Samples, Source, Term

LONG = {
    **SCRIPTS,
    **{
        number: Script((Reading(f"number {number}", -1.0, confidence=SURE),)) for number in (20, 21)
    },
}


def test_an_utterance_is_heard_when_its_speaker_is_silent(house: House) -> None:
    events = heard_in(house, said(4))
    began = next(event for event in events if isinstance(event, Began))
    (heard,) = [event for event in events if isinstance(event, Heard)]
    assert heard.answer.transcript.text == "turn off the light"
    assert began.start == heard.start <= SAMPLE_RATE
    assert 2 * SAMPLE_RATE <= heard.end < heard.endpoint <= len(said(4))


def test_two_utterances_of_one_stream_come_in_order(house: House) -> None:
    assert texts(heard_in(house, said(4, 5))) == ["turn off the light", "turn off the lights now"]


def test_a_short_pause_does_not_end_an_utterance(house: House) -> None:
    audio = np.concatenate([silence(1), recording(4), silence(0.4), recording(4), silence(1)])
    (heard,) = [event for event in heard_in(house, audio) if isinstance(event, Heard)]
    assert heard.end - heard.start > 2.4 * SAMPLE_RATE


def test_what_is_being_said_when_the_stream_ends_is_heard(house: House) -> None:
    audio = np.concatenate([silence(1), recording(4)])
    (heard,) = [event for event in heard_in(house, audio) if isinstance(event, Heard)]
    assert heard.end == len(audio)


def test_a_quiet_stream_is_forgotten_bit_by_bit(house: House) -> None:
    events = heard_in(house, silence(9))
    assert events
    assert all(isinstance(event, Quiet) for event in events)
    assert events[-1].until > 6 * SAMPLE_RATE


def test_a_click_is_no_speech(house: House) -> None:
    assert (
        texts(heard_in(house, np.concatenate([silence(1), recording(4, 0.03), silence(1)]))) == []
    )


def test_who_speaks_for_too_long_is_heard_in_parts(tmp_path: Path) -> None:
    house = open_house(tmp_path, engine=ScriptedEngine(LONG))
    events = heard_in(house, said(20, seconds=7.0), pace=Pace(utterance_seconds=3.0))
    heard = [event for event in events if isinstance(event, Heard)]
    assert len(heard) >= 3
    assert all(one.end == next_.start for one, next_ in pairwise(heard))
    assert all(event.end - event.start <= 3.1 * SAMPLE_RATE for event in heard)
    house.records.close()


def test_a_doubted_utterance_waits_with_its_device_and_its_moment(house: House) -> None:
    (heard,) = [
        e for e in heard_in(house, said(0), source=Source("kitchen")) if isinstance(e, Heard)
    ]
    kept = house.records.utterance(heard.answer.utterance or "")
    assert kept.source.device == "kitchen"
    assert kept.heard_at == START + timedelta(seconds=heard.start / SAMPLE_RATE)


def test_without_consent_a_doubt_is_said_and_nothing_kept(house: House) -> None:
    (heard,) = [e for e in heard_in(house, said(0), keep=False) if isinstance(e, Heard)]
    assert heard.answer.flags
    assert heard.answer.utterance is None
    assert house.clips_on_disk() == []
    assert house.hearing.memory.of(Source(), START) == []


def test_a_term_of_a_stream_is_heard_in_it_alone(house: House) -> None:
    yeet = (Term("yeet"),)
    assert texts(heard_in(house, said(0), terms=yeet)) == ["yeet that alarm"]
    assert texts(heard_in(house, said(0))) == ["eat that alarm"]


def test_a_recording_is_one_utterance_whatever_its_pauses(house: House) -> None:
    audio = np.concatenate([recording(4), silence(1.5), recording(4), silence(1.5)])
    (heard,) = [e for e in heard_in(house, audio, endpointing=False) if isinstance(e, Heard)]
    assert (heard.start, heard.end) >= (0, 3 * SAMPLE_RATE)


def test_a_recording_without_any_speech_that_was_detected_is_heard_all_the_same(
    house: House,
) -> None:
    faint = recording(0, 0.05)
    audio = np.concatenate([silence(1), faint, silence(1)])
    assert texts(heard_in(house, audio, endpointing=False)) == ["eat that alarm"]


def test_an_empty_recording_says_nothing(house: House) -> None:
    assert heard_in(house, silence(0), endpointing=False) == []


def test_partials_are_shown_and_what_is_stable_stays(house: House) -> None:
    async def run() -> list[Event]:
        async with listening(house, Pace(partial_seconds=0.1)) as live:
            stream = live.open(Source(), START)
            writing = asyncio.create_task(slowly(stream))
            events = [event async for event in stream]
            await writing
            return events

    async def slowly(stream: object) -> None:
        for part in np.split(said(4, seconds=2.0), 40):
            await stream.write(part)  # type: ignore[attr-defined]
            await asyncio.sleep(0.03)
        await stream.end()  # type: ignore[attr-defined]

    partials = [event for event in asyncio.run(run()) if isinstance(event, Partial)]
    assert partials[-1].stable == "turn off the light"
    for one, next_ in pairwise(partials):
        assert next_.stable.startswith(one.stable)
        assert next_.text.startswith(one.stable)


def test_the_sizes_of_blocks_change_nothing(house: House) -> None:
    audio = said(3, 11, 4)
    expected = _answers(heard_in(house, audio))
    for size in (160, 700, 5000, len(audio)):
        house.hearing.memory.forget(START + timedelta(hours=1))
        assert _answers(heard_in(house, audio, size)) == expected


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 3, 4, 5, 11]), st.floats(0.1, 3.5), st.floats(0.05, 2)),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 4000),
)
def test_whoever_goes_on_from_any_until_hears_the_same(
    house: House, turns: list[tuple[int, float, float]], size: int
) -> None:
    parts = [p for n, pause, long in turns for p in (silence(pause), recording(n, long))]
    audio = np.concatenate([*parts, silence(3)])
    events = heard_in(house, audio, partials=False)
    kept = len(house.records.items())
    for at in {event.until for event in events}:
        moment = START + timedelta(seconds=at / SAMPLE_RATE)
        again = heard_in(house, audio, size, at=at, began=moment, partials=False)
        assert [(s + at, e + at, t, u) for s, e, t, u in _answers(again)] == [
            answer for answer in _answers(events) if answer[0] >= at
        ]
    assert len(house.records.items()) == kept


def test_a_peer_that_sends_too_fast_is_held_up_and_loses_nothing(house: House) -> None:
    events = heard_in(house, said(*[4] * 20), 160_000, pace=Pace(max_behind_seconds=1.0))
    assert texts(events) == ["turn off the light"] * 20


def test_a_stream_that_is_closed_says_nothing_more(house: House) -> None:
    async def run() -> list[Event]:
        async with listening(house) as live:
            stream = live.open(Source(), START)
            await stream.write(said(4))
            stream.close()
            await stream.write(said(4))
            assert live.streams == 0
            return [event async for event in stream]

    assert asyncio.run(run()) == []


def test_a_clip_that_cannot_be_kept_is_an_error_for_its_door(house: House) -> None:
    class Full:
        def put(self, content: bytes) -> str:
            raise StoreError("The disk is full.")

    keeper = Keeper(house.records, Full(), house.hearing.keeper.codec)  # type: ignore[arg-type]
    house.hearing = replace(house.hearing, keeper=keeper)
    with pytest.raises(StoreError, match="disk is full"):
        heard_in(house, said(0))


def test_one_stream_too_many_is_refused(house: House) -> None:
    async def run() -> None:
        async with listening(house, limits=Limits(max_streams=1, threads=1)) as live:
            stream = live.open(Source(), START)
            with pytest.raises(Overloaded):
                live.open(Source(), START)
            stream.close()
            assert texts(await played(live.open(Source(), START), [said(4)])) == [
                "turn off the light"
            ]

    asyncio.run(run())


def _answers(events: list[Event]) -> list[tuple[int, int, str, str | None]]:
    return [
        (event.start, event.end, event.answer.transcript.text, event.answer.utterance)
        for event in events
        if isinstance(event, Heard)
    ]


def test_positions_are_whole_chunks_from_the_start(house: House) -> None:
    audio: Samples = said(4, 5)
    for event in heard_in(house, audio):
        assert event.until % CHUNK == 0
