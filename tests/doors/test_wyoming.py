"""The Wyoming door, spoken to by the client of the ``wyoming`` package over TCP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
from tests.doors.wyoming_peers import (
    HOST,
    answers,
    client,
    door,
    pcm,
    refusal,
    say,
    scripted,
    text_of,
    transcribed,
)
from wyoming.asr import Transcript, TranscriptChunk
from wyoming.audio import AudioChunk, AudioStop
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong

from earwitness import starter
from earwitness.audio.reader import Reader
from earwitness.engines import open_engine
from earwitness.engines.scripted import ANY, Reading, Script, ScriptedEngine
from earwitness.model import ItemState, Samples
from earwitness.ports import Engine
from earwitness.speech.text import normalise
from earwitness.starter import Role

ORDINARY = starter.recordings(Role.REGRESSION)[:3]
SAOIRSE = next(r for r in starter.recordings(Role.DEMO) if "Saoirse" in r.extra)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return open_engine("moonshine")


@pytest.fixture(scope="module")
def sounds() -> Iterator[dict[Path, Samples]]:
    reader = Reader()
    yield {each.path: reader.read(each.path) for each in (*ORDINARY, SAOIRSE)}
    reader.close()


def test_it_describes_itself_to_their_client(tmp_path: Path, engine: Engine) -> None:
    async def run() -> Info:
        async with door(tmp_path, engine) as (opened, _), client(opened.port) as peer:
            await peer.write_event(Describe().event())
            event = await peer.read_event()
            assert event is not None
            return Info.from_event(event)

    (program,) = asyncio.run(run()).asr
    assert (program.name, program.installed) == ("earwitness", True)
    assert program.supports_transcript_streaming
    (model,) = program.models
    assert (model.name, model.languages, model.installed) == ("moonshine", ["en"], True)
    assert model.description == engine.model


def test_one_recording_after_another_is_heard_on_one_connection(
    tmp_path: Path, engine: Engine, sounds: dict[Path, Samples]
) -> None:
    async def run() -> list[Transcript]:
        async with door(tmp_path, engine) as (opened, _), client(opened.port) as peer:
            return [
                await transcribed(peer, pcm(sounds[each.path]), language="en") for each in ORDINARY
            ]

    heard = asyncio.run(run())
    assert [normalise(each.text) for each in heard] == [normalise(each.text) for each in ORDINARY]
    assert {each.language for each in heard} == {"en"}


@pytest.mark.parametrize(
    ("rate", "width", "channels"), [(8_000, 1, 1), (44_100, 2, 2), (48_000, 3, 1), (16_000, 4, 6)]
)
def test_other_rates_widths_and_channels_are_understood(
    tmp_path: Path,
    engine: Engine,
    sounds: dict[Path, Samples],
    rate: int,
    width: int,
    channels: int,
) -> None:
    audio = soxr.resample(sounds[ORDINARY[0].path], 16_000, rate).astype(np.float64)
    whole = np.rint(audio.clip(-1, 1) * (2 ** (8 * width - 1) - 1)).astype("<i8")
    whole += 128 if width == 1 else 0
    octets = whole.reshape(-1, 1).view(np.uint8)[:, :width]
    sound = np.repeat(octets, channels, axis=0).tobytes()

    async def run() -> str:
        async with door(tmp_path, engine) as (opened, _):
            return await text_of(opened.port, sound, rate=rate, width=width, channels=channels)

    assert normalise(asyncio.run(run())) == normalise(ORDINARY[0].text)


def test_chunks_may_change_their_format_on_the_way(
    tmp_path: Path, engine: Engine, sounds: dict[Path, Samples]
) -> None:
    slow, quick = sounds[ORDINARY[0].path], sounds[ORDINARY[1].path]
    doubled = pcm(soxr.resample(quick, 16_000, 32_000))

    async def run() -> Transcript:
        async with door(tmp_path, engine) as (opened, _), client(opened.port) as peer:
            await say(peer, pcm(slow), end=False)
            for at in range(0, len(doubled), 4096):
                await peer.write_event(AudioChunk(32_000, 2, 1, doubled[at : at + 4096]).event())
            await peer.write_event(AudioStop().event())
            events = await answers(peer)
            return Transcript.from_event(next(e for e in events if Transcript.is_type(e.type)))

    expected = f"{ORDINARY[0].text} {ORDINARY[1].text}"
    assert normalise(asyncio.run(run()).text) == normalise(expected)


def test_samples_may_be_cut_in_two_by_chunks(tmp_path: Path) -> None:
    async def run() -> Transcript:
        async with door(tmp_path) as (opened, _), client(opened.port) as peer:
            return await transcribed(peer, scripted(4), size=333)

    heard = asyncio.run(run())
    assert heard.text == "turn off the light"
    assert heard.context is not None
    assert "partial_frame" not in heard.context


def test_half_a_sample_at_the_end_costs_only_itself(tmp_path: Path) -> None:
    async def run() -> Transcript:
        async with door(tmp_path) as (opened, _), client(opened.port) as peer:
            return await transcribed(peer, scripted(4) + b"a")

    heard = asyncio.run(run())
    assert heard.text == "turn off the light"
    assert heard.context is not None
    assert "1 bytes into a frame of 2" in heard.context["partial_frame"]


def test_a_ping_is_answered_in_the_middle_of_sound(tmp_path: Path) -> None:
    async def run() -> tuple[str | None, str]:
        async with door(tmp_path) as (opened, _), client(opened.port) as peer:
            await say(peer, scripted(4), end=False)
            await peer.write_event(Ping("still there?").event())
            event = await peer.read_event()
            assert event is not None
            await peer.write_event(AudioStop().event())
            (transcript,) = [e for e in await answers(peer) if Transcript.is_type(e.type)]
            return Pong.from_event(event).text, transcript.data["text"]

    assert asyncio.run(run()) == ("still there?", "turn off the light")


@pytest.mark.parametrize("language", [None, "en", "en-GB", "en_US", "EN"])
def test_english_is_understood_however_it_is_called(tmp_path: Path, language: str | None) -> None:
    async def run() -> str:
        async with door(tmp_path) as (opened, _):
            return await text_of(opened.port, scripted(4), language=language)

    assert asyncio.run(run()) == "turn off the light"


def test_another_language_is_refused(tmp_path: Path) -> None:
    async def run() -> Any:
        async with door(tmp_path) as (opened, _), client(opened.port) as peer:
            await say(peer, scripted(4), language="de")
            return await refusal(peer)

    error = asyncio.run(run())
    assert error.code == "unsupported_language"
    assert "English" in error.text


@pytest.mark.parametrize("hook", ["transcript_names", "transcript_terms"])
def test_terms_hold_for_the_recording_that_they_came_with_alone(tmp_path: Path, hook: str) -> None:
    async def run() -> list[str]:
        async with door(tmp_path) as (opened, _), client(opened.port) as peer:
            return [
                (await transcribed(peer, scripted(0), **asked)).text
                for asked in ({}, {hook: ["yeet"]}, {})
            ]

    assert asyncio.run(run()) == ["eat that alarm", "yeet that alarm", "eat that alarm"]


def test_terms_of_one_connection_are_not_heard_on_another(tmp_path: Path) -> None:
    async def run() -> list[str]:
        async with door(tmp_path) as (opened, _):
            return await asyncio.gather(
                text_of(opened.port, scripted(0), transcript_terms=["yeet"]),
                text_of(opened.port, scripted(0)),
            )

    assert asyncio.run(run()) == ["yeet that alarm", "eat that alarm"]


def test_a_name_is_heard_by_the_real_recogniser_where_it_is_brought_along(
    tmp_path: Path, engine: Engine, sounds: dict[Path, Samples]
) -> None:
    sound = pcm(sounds[SAOIRSE.path])

    async def run() -> list[str]:
        async with door(tmp_path, engine) as (opened, _), client(opened.port) as peer:
            brought = await transcribed(peer, sound, transcript_names=["Saoirse"])
            alone = await transcribed(peer, sound)
            return [brought.text, alone.text]

    brought, alone = asyncio.run(run())
    assert "Saoirse" in brought
    assert "Saoirse" not in alone


def test_a_term_that_cannot_be_honoured_is_named_with_the_reason(tmp_path: Path) -> None:
    async def run() -> Transcript:
        async with door(tmp_path) as (opened, _), client(opened.port) as peer:
            asked = {"transcript_names": ["the", "yeet"], "transcript_terms": ["!"]}
            return await transcribed(peer, scripted(0), **asked)

    heard = asyncio.run(run())
    assert heard.text == "yeet that alarm"
    assert heard.context is not None
    refused = heard.context["refused_terms"]
    assert set(refused) == {"the", "!"}
    assert "common word" in refused["the"]


def test_what_is_doubted_waits_for_a_human_with_its_device_and_reason(tmp_path: Path) -> None:
    async def run() -> tuple[Transcript, Any, list[str]]:
        async with door(tmp_path, wyoming_household="seven") as (opened, program):
            async with client(opened.port) as peer:
                doubtful = await transcribed(peer, scripted(0))
                await transcribed(peer, scripted(4))
            (item,) = program.records.items([ItemState.WAITING])
            utterance = program.records.utterance(item.utterance)
            return doubtful, utterance, list(program.blobs.keys())

    heard, kept, clips = asyncio.run(run())
    assert heard.context is not None
    assert heard.context["flagged"]
    assert heard.context["utterances"] == [kept.id]
    assert heard.context["confidence"] == pytest.approx(0.2)
    assert heard.context["nbest"][0] == {"text": "eat that alarm", "logprob": -2.0}
    assert [flag["rule"] for flag in heard.context["flags"]] == [flag.rule for flag in kept.flags]
    assert all(flag["reason"] for flag in heard.context["flags"])
    assert (kept.source.device, kept.source.household) == (f"wyoming:{HOST}", "seven")
    assert kept.transcript.text == "eat that alarm"
    assert len(clips) == 1


def test_without_consent_nothing_is_kept(tmp_path: Path) -> None:
    async def run() -> tuple[Transcript, int, int]:
        async with door(tmp_path, wyoming_consent=False) as (opened, program):
            async with client(opened.port) as peer:
                heard = await transcribed(peer, scripted(0))
            return heard, len(program.records.items()), len(list(program.blobs.keys()))

    heard, items, clips = asyncio.run(run())
    assert heard.context is not None
    assert (heard.context["flagged"], heard.context["utterances"]) == (True, [])
    assert (items, clips) == (0, 0)


@pytest.mark.parametrize("sound", [b"", bytes(32_000)], ids=["no sound", "silence"])
def test_who_says_nothing_gets_an_empty_transcript(tmp_path: Path, sound: bytes) -> None:
    async def run() -> str:
        async with door(tmp_path) as (opened, _):
            return await text_of(opened.port, sound)

    assert asyncio.run(run()) == ""


def test_audio_stop_alone_is_an_empty_transcript(tmp_path: Path) -> None:
    async def run() -> list[str]:
        async with door(tmp_path) as (opened, _), client(opened.port) as peer:
            await peer.write_event(AudioStop().event())
            return [event.type for event in await answers(peer)]

    assert asyncio.run(run()) == ["transcript-start", "transcript", "transcript-stop"]


def test_events_of_other_services_are_passed_over(tmp_path: Path) -> None:
    async def run() -> str:
        async with door(tmp_path) as (opened, _), client(opened.port) as peer:
            event = Describe().event()
            await peer.write_event(replace(event, type="select-program", data={"name": "a"}))
            return (await transcribed(peer, scripted(4))).text

    assert asyncio.run(run()) == "turn off the light"


# --- streaming ---------------------------------------------------------------------


def test_a_long_recording_is_shown_while_it_is_still_being_said(
    tmp_path: Path, engine: Engine, sounds: dict[Path, Samples]
) -> None:
    pause = np.zeros(48_000, np.float32)
    sound = np.concatenate([part for each in ORDINARY for part in (sounds[each.path], pause)])

    async def run() -> tuple[str, list[Any]]:
        async with door(tmp_path, engine) as (opened, _), client(opened.port) as peer:
            await say(peer, pcm(sound), end=False)
            early = [await peer.read_event(), await peer.read_event()]
            await peer.write_event(AudioStop().event())
            events = [*early, *await answers(peer)]
            transcript = next(e for e in events if Transcript.is_type(e.type))
            return transcript.data["text"], events

    text, events = asyncio.run(run())
    types = [event.type for event in events]
    chunks = [TranscriptChunk.from_event(e).text for e in events if TranscriptChunk.is_type(e.type)]
    assert types[:2] == ["transcript-start", "transcript-chunk"]
    shown = ["transcript-chunk"] * len(chunks)
    assert types == ["transcript-start", *shown, "transcript", "transcript-stop"]
    assert normalise("".join(chunks)) == normalise(text)
    assert normalise(text) == normalise(" ".join(each.text for each in ORDINARY))


def test_a_recording_longer_than_an_utterance_is_joined(
    tmp_path: Path, sounds: dict[Path, Samples]
) -> None:
    script = {ANY: Script((Reading("turn off the light", -1.0, confidence=0.2),))}
    sound = np.concatenate([sounds[each.path] for each in ORDINARY])

    async def run() -> tuple[Transcript, list[str]]:
        engine = ScriptedEngine(script)
        async with door(tmp_path, engine, utterance_seconds=2.0) as (opened, program):
            async with client(opened.port) as peer:
                heard = await transcribed(peer, pcm(sound))
            return heard, [item.utterance for item in program.records.items()]

    heard, kept = asyncio.run(run())
    assert heard.context is not None
    assert len(kept) > 1
    assert heard.text == " ".join(["turn off the light"] * len(kept))
    assert sorted(heard.context["utterances"]) == sorted(kept)
