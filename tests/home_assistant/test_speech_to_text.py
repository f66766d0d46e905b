"""Home Assistant's own Wyoming component, unchanged, and our door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from homeassistant.components.assist_pipeline import PipelineEventType
from homeassistant.components.stt import SpeechResult, SpeechResultState
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from tests.home_assistant.conftest import PATIENCE, AtHome, Speech, Started
from tests.home_assistant.home import ENGLISH, assisted, chunks, recogniser

from earwitness.speech.text import tokens

SECOND = 2 * 16_000
"""Bytes of 16-bit mono at 16 kHz."""
HUGE = 64 * 1024 * 1024
REFUSED = SpeechResult(None, SpeechResultState.ERROR)


async def said(hass: HomeAssistant, stream: AsyncIterator[bytes]) -> SpeechResult:
    return await recogniser(hass).internal_async_process_audio_stream(ENGLISH, stream)


async def held(pcm: bytes, free: asyncio.Event) -> AsyncIterator[bytes]:
    """Silence until it is free, then speech."""
    while not free.is_set():
        yield bytes(SECOND // 50)
        await asyncio.sleep(1 / 50)
    yield pcm


def words(text: str | None) -> list[str]:
    assert text is not None
    return [token.text for token in tokens(text)]


def assert_understood(results: list[SpeechResult], speech: list[Speech]) -> None:
    assert [result.result for result in results] == [SpeechResultState.SUCCESS] * len(speech)
    assert [words(result.text) for result in results] == [words(one.text) for one in speech]


def test_a_person_adds_it_by_host_and_port(at_home: AtHome) -> None:
    async def scenario(hass: HomeAssistant) -> None:
        (entry,) = hass.config_entries.async_entries("wyoming")
        assert entry.state is ConfigEntryState.LOADED
        assert recogniser(hass).check_metadata(ENGLISH)
        assert await hass.config_entries.async_unload(entry.entry_id)

    at_home(scenario)


def test_one_request_after_another_is_understood(at_home: AtHome, speech: list[Speech]) -> None:
    async def scenario(hass: HomeAssistant) -> list[SpeechResult]:
        return [await said(hass, chunks(one.pcm)) for one in speech]

    assert_understood(at_home(scenario), speech)


def test_requests_from_several_rooms_at_once_are_understood(
    at_home: AtHome, speech: list[Speech]
) -> None:
    async def scenario(hass: HomeAssistant) -> list[SpeechResult]:
        return await asyncio.gather(*(said(hass, chunks(one.pcm)) for one in speech))

    assert_understood(at_home(scenario), speech)


def test_the_voice_pipeline_hears_a_request_and_ends_it_at_the_silence(
    at_home: AtHome, speech: list[Speech]
) -> None:
    async def scenario(hass: HomeAssistant) -> list[Any]:
        events: list[Any] = []
        await assisted(hass, speech[0].pcm + bytes(3 * SECOND), events.append)
        return events

    ends = [event for event in at_home(scenario) if event.type == PipelineEventType.STT_END]
    assert [words(end.data["stt_output"]["text"]) for end in ends] == [words(speech[0].text)]


def test_silence_is_no_words(at_home: AtHome) -> None:
    async def scenario(hass: HomeAssistant) -> SpeechResult:
        return await said(hass, chunks(bytes(2 * SECOND)))

    assert at_home(scenario) == SpeechResult("", SpeechResultState.SUCCESS)


def test_sound_that_is_cut_within_samples_is_understood(
    at_home: AtHome, speech: list[Speech]
) -> None:
    async def scenario(hass: HomeAssistant) -> SpeechResult:
        return await said(hass, chunks(speech[0].pcm, size=2047))

    assert_understood([at_home(scenario)], speech[:1])


def test_a_chunk_that_is_far_too_large_is_refused_and_the_next_request_is_understood(
    at_home: AtHome, speech: list[Speech]
) -> None:
    async def scenario(hass: HomeAssistant) -> list[SpeechResult]:
        garbled = await said(hass, chunks(bytes(HUGE), size=HUGE))
        return [garbled, await said(hass, chunks(speech[1].pcm))]

    garbled, clear = at_home(scenario)
    assert garbled == REFUSED
    assert_understood([clear], speech[1:2])


def test_a_satellite_that_breaks_off_leaves_the_others_alone(
    at_home: AtHome, speech: list[Speech]
) -> None:
    async def breaking_off() -> AsyncIterator[bytes]:
        yield speech[0].pcm[: SECOND // 2]
        raise OSError("the satellite is gone")

    async def scenario(hass: HomeAssistant) -> list[SpeechResult]:
        return await asyncio.gather(said(hass, breaking_off()), said(hass, chunks(speech[1].pcm)))

    broken, clear = at_home(scenario)
    assert broken == REFUSED
    assert_understood([clear], speech[1:2])


def test_who_cannot_be_served_is_told_at_once_and_the_others_are_heard_out(
    at_home: AtHome, started: Started, speech: list[Speech]
) -> None:
    async def scenario(hass: HomeAssistant) -> list[SpeechResult]:
        free = asyncio.Event()
        rooms = [asyncio.create_task(said(hass, held(speech[0].pcm, free))) for _ in range(2)]
        done, heard = await asyncio.wait(rooms, return_when=asyncio.FIRST_COMPLETED)
        free.set()
        return [await room for room in (*done, *heard)]

    with started(max_streams=1, idle_seconds=10 * PATIENCE) as served:
        refused, heard = at_home(scenario, served)
    assert refused == REFUSED
    assert_understood([heard], speech[:1])


def test_what_it_doubts_waits_for_a_human_and_what_is_taught_is_heard(
    at_home: AtHome, started: Started, saoirse: Speech
) -> None:
    async def scenario(hass: HomeAssistant) -> list[Any]:
        before = await said(hass, chunks(saoirse.pcm))
        waiting = await asyncio.to_thread(served.told, "queue")
        taught = await asyncio.to_thread(served.told, "teach", "Saoirse")
        return [before, waiting, taught, await said(hass, chunks(saoirse.pcm))]

    with started() as served:
        before, (waiting,), taught, after = at_home(scenario, served)
    assert words(before.text) != words(saoirse.text)
    assert waiting["rules"]
    assert waiting["source"]["device"] == "wyoming:127.0.0.1"
    assert taught["outcome"] == "live"
    assert_understood([after], [saoirse])
