"""Whatever a Wyoming peer sends: a clear error, bounded memory, and the others are served."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.doors.wyoming_peers import (
    FORMAT,
    HOST,
    PATIENCE,
    answer_to,
    answers,
    client,
    door,
    event,
    header,
    refusal,
    say,
    scripted,
    start,
    text_of,
)
from tests.flow.house import SCRIPTS
from wyoming.audio import AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.ping import Ping

from earwitness.engines.scripted import ScriptedEngine
from earwitness.errors import StoreError
from earwitness.model import Lexicon, Transcript
from earwitness.wire.wyoming import messages as wyoming
from earwitness.wire.wyoming.frames import Decoder, Frame, encode

START = start()
CHUNK = event(wyoming.AudioChunk(*FORMAT, audio=bytes(2048)))
BAD = {
    "no JSON": (b"GET / HTTP/1.1\r\n\r\n", "malformed"),
    "half of a JSON object": (b'{"type": "ping"\n', "malformed"),
    "a list": (b"[]\n", "malformed"),
    "no type": (b"{}\n", "malformed"),
    "nested too deeply": (b'{"type": ' + b"[" * 60_000 + b"\n", "malformed"),
    "not UTF-8": (b'{"type": "\xff\xfe"}\n', "malformed"),
    "not a number": (b'{"type": "ping", "data": {"text": NaN}}\n', "malformed"),
    "a header without an end": (b"a" * 70_000, "too_large"),
    "gigantic data": (header("describe", data_length=2**40), "too_large"),
    "a gigantic chunk": (header("audio-chunk", payload_length=2**40), "too_large"),
    "a negative length": (header("audio-chunk", payload_length=-1), "malformed"),
    "a length that is text": (header("audio-chunk", payload_length="10"), "malformed"),
    "a start without a format": (header("audio-start"), "malformed"),
    "a rate that is text": (start(rate="16000"), "malformed"),
    "a rate of 0": (start(rate=0), "bad_rate"),
    "a negative rate": (start(rate=-16_000), "bad_rate"),
    "a rate of a million": (start(rate=10**6), "bad_rate"),
    "a rate beyond all bounds": (start(rate=10**300), "bad_rate"),
    "a width of 0": (start(width=0), "bad_width"),
    "a width of 8": (start(width=8), "bad_width"),
    "no channels": (start(channels=0), "bad_channels"),
    "too many channels": (start(channels=9), "bad_channels"),
    "a chunk of a bad format": (
        START + event(wyoming.AudioChunk(16_000, 0, 0, audio=b"ab")),
        "bad_width",
    ),
    "half a frame before another format": (
        START
        + event(wyoming.AudioChunk(*FORMAT, audio=b"abc"))
        + event(wyoming.AudioChunk(16_000, 1, 1, audio=b"abc")),
        "partial_frame",
    ),
    "two starts": (START + CHUNK + START, "unexpected"),
    "a request amid sound": (START + CHUNK + event(wyoming.Transcribe()), "unexpected"),
    "terms that are none": (
        header("transcribe", data={"transcript_terms": {"a": 1}}),
        "malformed",
    ),
    "too many terms": (
        event(wyoming.Transcribe(transcript_names=("a",) * 400, transcript_terms=("b",) * 400)),
        "too_many_terms",
    ),
    "a long term": (header("transcribe", data={"transcript_terms": ["a" * 101]}), "malformed"),
    "another language": (event(wyoming.Transcribe(language="tlh")), "unsupported_language"),
}


def errors(frames: Sequence[Frame]) -> list[str | None]:
    return [wyoming.Error.read(frame).code for frame in frames if frame.type == "error"]


async def keep_awake(peer: AsyncTcpClient) -> None:
    while True:
        await peer.write_event(Ping().event())
        await asyncio.sleep(0.1)


def amid_honest_ones(folder: Path, bad: Callable[[int], Awaitable[Any]], **settings: Any) -> Any:
    """What a bad peer is told while somebody else speaks, who is understood."""

    async def run() -> Any:
        async with door(folder, **settings) as (opened, _), client(opened.port) as honest:
            await say(honest, scripted(4), end=False)
            awake = asyncio.create_task(keep_awake(honest))
            told = await bad(opened.port)
            awake.cancel()
            await honest.write_event(AudioStop().event())
            said = [each for each in await answers(honest) if each.type == "transcript"]
            assert [each.data["text"] for each in said] == ["turn off the light"]
            assert await text_of(opened.port, scripted(5)) == "turn off the lights now"
            return told

    return asyncio.run(run())


@pytest.mark.parametrize("name", BAD)
def test_a_broken_rule_is_named_and_the_others_are_served(tmp_path: Path, name: str) -> None:
    content, code = BAD[name]
    told = amid_honest_ones(tmp_path, lambda port: answer_to(port, content))
    assert errors(told) == [code]
    assert told[-1].type == "error"
    assert len(told[-1].data["text"]) < 400


def test_who_goes_on_sending_still_reads_why_it_was_ended(tmp_path: Path) -> None:
    """A socket that is closed with something unread in it takes back what was written."""
    flood = [CHUNK * 500] * 3
    told = amid_honest_ones(tmp_path, lambda port: answer_to(port, START + START, *flood))
    assert errors(told) == ["unexpected"]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([b'{"type": '], "stalled"),
        ([header("describe", data_length=10)], "stalled"),
        ([START, header("audio-chunk", payload_length=100)], "stalled"),
        ([bytes([each]) for each in header("ping" * 20)], "stalled"),
        ([], "idle"),
        ([START, CHUNK], "idle"),
    ],
    ids=["header", "data", "payload", "byte by byte", "nothing", "sound that goes on no more"],
)
def test_who_keeps_us_waiting_is_told_so(tmp_path: Path, parts: list[bytes], code: str) -> None:
    told = amid_honest_ones(
        tmp_path,
        lambda port: answer_to(port, *parts, pause=0.02),
        stall_seconds=0.3,
        idle_seconds=0.8,
    )
    assert errors(told) == [code]


def test_a_pause_between_events_is_no_stalling(tmp_path: Path) -> None:
    ping = encode(Frame("ping", {"text": "a"}, b"abc"))

    async def run(port: int) -> Sequence[Frame]:
        reader, writer = await asyncio.open_connection(HOST, port)
        for _ in range(2):
            await asyncio.sleep(0.6)
            writer.write(ping[:10])
            await asyncio.sleep(0.1)
            writer.write(ping[10:])
        writer.write_eof()
        content = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        return list(Decoder().feed(content))

    told = amid_honest_ones(tmp_path, run, stall_seconds=0.4)
    assert [frame.type for frame in told] == ["pong", "pong"]


def test_who_hangs_up_within_an_event_harms_nobody(tmp_path: Path) -> None:
    async def hang_up(port: int) -> Sequence[str]:
        for content in (b'{"type"', START + CHUNK, START + CHUNK[:-5], b""):
            _, writer = await asyncio.open_connection(HOST, port)
            writer.write(content)
            await writer.drain()
            writer.transport.abort()
        return []

    assert amid_honest_ones(tmp_path, hang_up) == []


def test_who_ends_its_side_still_gets_its_transcript(tmp_path: Path) -> None:
    async def half_closed(port: int) -> bytes:
        reader, writer = await asyncio.open_connection(HOST, port)
        sound = event(wyoming.AudioChunk(*FORMAT, audio=scripted(5)))
        writer.write(START + sound + event(wyoming.AudioStop()))
        writer.write_eof()
        content = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        return content

    assert b"turn off the lights now" in amid_honest_ones(tmp_path, half_closed)


def test_an_event_that_is_cut_short_by_the_end_is_named(tmp_path: Path) -> None:
    async def half_closed(port: int) -> bytes:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(CHUNK[:-5])
        writer.write_eof()
        content = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        return content

    assert b"truncated" in amid_honest_ones(tmp_path, half_closed)


def test_a_large_chunk_is_heard_whole(tmp_path: Path) -> None:
    async def run() -> str:
        async with door(tmp_path) as (opened, _):
            return await text_of(opened.port, scripted(4, 12.0), size=1024 * 1024)

    assert asyncio.run(run()) == "turn off the light"


def test_a_recording_without_an_end_is_ended(tmp_path: Path) -> None:
    told = amid_honest_ones(
        tmp_path,
        lambda port: answer_to(port, START, *[CHUNK] * 200),
        audio_read_seconds=2.0,
    )
    assert errors(told) == ["too_long"]


def test_connections_beyond_the_limit_are_refused_until_one_ends(tmp_path: Path) -> None:
    async def run() -> tuple[list[str | None], str]:
        async with door(tmp_path, max_connections=2) as (opened, _):
            async with client(opened.port) as one, client(opened.port) as other:
                for peer in (one, other):
                    await peer.write_event(Ping().event())
                    await peer.read_event()
                told = errors(await answer_to(opened.port))
            while opened.admission.connections:
                await asyncio.sleep(0.01)
            return told, await text_of(opened.port, scripted(4))

    assert asyncio.run(run()) == (["too_many_connections"], "turn off the light")


def test_streams_beyond_the_limit_are_told_to_come_again(tmp_path: Path) -> None:
    async def bad(port: int) -> Any:
        async with client(port) as peer:
            await say(peer, scripted(4))
            return await refusal(peer)

    told = amid_honest_ones(tmp_path, bad, max_streams=1)
    assert told.code == "overloaded"
    assert "seconds" in told.text


class Gated(ScriptedEngine):
    """Hears nothing until it is let."""

    def __init__(self) -> None:
        super().__init__(SCRIPTS)
        self.busy, self.go_on = threading.Event(), threading.Event()

    def decode(self, encoded: Any, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        self.busy.set()
        assert self.go_on.wait(PATIENCE)
        return super().decode(encoded, lexicon, times=times)


def test_what_cannot_be_heard_in_time_is_shed_with_a_word(tmp_path: Path) -> None:
    engine = Gated()

    async def run() -> tuple[Any, str, int]:
        how = {"hearing_threads": 1, "shed_seconds": 0.2, "partial_seconds": 0.0}
        async with door(tmp_path, engine, **how) as (opened, program):
            first = asyncio.create_task(text_of(opened.port, scripted(4, seconds=12.0)))
            assert await asyncio.to_thread(engine.busy.wait, PATIENCE)
            async with client(opened.port) as late:
                await say(late, scripted(5))
                told = await refusal(late)
            engine.go_on.set()
            return told, await first, program.live.tally.shed

    told, text, shed = asyncio.run(run())
    assert (told.code, text, shed) == ("overloaded", "turn off the light", 1)


def test_where_nothing_can_be_kept_the_speaker_is_told(tmp_path: Path) -> None:
    async def run() -> str | None:
        async with door(tmp_path) as (opened, program), client(opened.port) as peer:
            _ = program.live
            shutil.rmtree(program.settings.clips_folder)
            program.settings.clips_folder.write_text("in the way", encoding="utf-8")
            await say(peer, scripted(0))
            return (await refusal(peer)).code

    with capture_logs() as lines:
        assert asyncio.run(run()) == "store"
    (line,) = lines
    assert isinstance(line["exc_info"], StoreError)


def test_where_the_recogniser_fails_the_speaker_is_told_and_a_human_hears_it(
    tmp_path: Path,
) -> None:
    async def run() -> tuple[str | None, list[str]]:
        async with door(tmp_path) as (opened, program), client(opened.port) as peer:
            await say(peer, scripted(6))
            code = (await refusal(peer)).code
            (item,) = program.records.items()
            return code, [flag.rule for flag in program.records.utterance(item.utterance).flags]

    with capture_logs():
        code, rules = asyncio.run(run())
    assert code == "recogniser_failed"
    assert "engine_failure" in rules
