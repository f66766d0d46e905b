"""Home Assistant's own Wyoming component, unchanged, and our door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from homeassistant.components.assist_pipeline import PipelineEventType
from homeassistant.components.stt import SpeechResult, SpeechResultState
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from tests.home_assistant.conftest import Scenario, Speech
from tests.home_assistant.home import ENGLISH, assisted, chunks, recogniser
from tests.home_assistant.served import Earwitness

from earwitness.speech.text import tokens

AtHome = Callable[[Scenario], Any]
SECOND = 2 * 16_000
"""Bytes of 16-bit mono at 16 kHz."""


async def said(hass: HomeAssistant, stream: AsyncIterator[bytes]) -> SpeechResult:
    return await recogniser(hass).internal_async_process_audio_stream(ENGLISH, stream)


def words(text: str | None) -> list[str]:
    assert text is not None
    return [token.text for token in tokens(text)]


def understood(results: list[SpeechResult], speech: list[Speech]) -> bool:
    assert [result.result for result in results] == [SpeechResultState.SUCCESS] * len(speech)
    return [words(result.text) for result in results] == [words(one.text) for one in speech]


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

    assert understood(at_home(scenario), speech)


def test_requests_from_several_rooms_at_once_are_understood(
    at_home: AtHome, speech: list[Speech]
) -> None:
    async def scenario(hass: HomeAssistant) -> list[SpeechResult]:
        return await asyncio.gather(*(said(hass, chunks(one.pcm)) for one in speech))

    assert understood(at_home(scenario), speech)


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


@pytest.mark.parametrize("size", [1, 2047], ids=["byte by byte", "half samples"])
def test_samples_cut_in_two_are_refused_and_the_next_request_is_understood(
    at_home: AtHome, speech: list[Speech], size: int
) -> None:
    async def scenario(hass: HomeAssistant) -> list[SpeechResult]:
        garbled = await said(hass, chunks(speech[0].pcm, size))
        return [garbled, await said(hass, chunks(speech[1].pcm))]

    garbled, clear = at_home(scenario)
    assert garbled == SpeechResult(None, SpeechResultState.ERROR)
    assert understood([clear], speech[1:2])


def test_a_satellite_that_breaks_off_leaves_the_others_alone(
    at_home: AtHome, speech: list[Speech]
) -> None:
    async def breaking_off() -> AsyncIterator[bytes]:
        yield speech[0].pcm[: SECOND // 2]
        raise OSError("the satellite is gone")

    async def scenario(hass: HomeAssistant) -> list[SpeechResult]:
        return await asyncio.gather(said(hass, breaking_off()), said(hass, chunks(speech[1].pcm)))

    broken, clear = at_home(scenario)
    assert broken == SpeechResult(None, SpeechResultState.ERROR)
    assert understood([clear], speech[1:2])


def test_what_it_doubts_waits_for_a_human_and_what_is_taught_is_heard(
    at_home: AtHome, earwitness: Earwitness, saoirse: list[Speech]
) -> None:
    async def scenario(hass: HomeAssistant) -> list[SpeechResult]:
        before = await said(hass, chunks(saoirse[0].pcm))
        await asyncio.to_thread(earwitness.told, "teach", "Saoirse")
        return [before, await said(hass, chunks(saoirse[1].pcm))]

    before, after = at_home(scenario)
    assert "saoirse" not in words(before.text)
    assert "saoirse" in words(after.text)
    (waiting,) = earwitness.told("queue")
    assert waiting["rules"]
    assert waiting["source"]["household"] == "local"
