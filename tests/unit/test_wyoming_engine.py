"""Another recogniser behind our loop: there, away, there again, and misbehaving."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.doors.wyoming_peers import door
from tests.flow.house import SCRIPTS
from tests.wyoming_servers import Server, heard_by, info
from wyoming.asr import Transcript, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Info

from earwitness.config import Settings
from earwitness.engines import Options, open_engine
from earwitness.engines.scripted import ScriptedEngine, recording
from earwitness.engines.wyoming import Address, WyomingEngine
from earwitness.errors import EngineError, SettingsError
from earwitness.model import Lexicon, Samples, Source
from earwitness.ports import Engine
from earwitness.wire.wyoming import messages as wire
from earwitness.wire.wyoming.frames import encode
from earwitness.wiring import Earwitness

LIGHT = recording(4)


def server(**how: Any) -> Server:
    chosen = {"answers": heard_by(ScriptedEngine(SCRIPTS)), "info": info("en"), "stays": True}
    return Server(**(chosen | how))


def text(engine: Engine, audio: Samples = LIGHT) -> str:
    return engine.decode(engine.encode(audio), Lexicon(3)).text


@pytest.mark.parametrize("stays", [True, False], ids=["stays", "hangs up after an answer"])
def test_one_call_after_another_is_answered(stays: bool) -> None:
    with server(stays=stays) as other:
        engine = open_engine("wyoming", Options(url=other.url))
        assert [text(engine), text(engine, recording(5))] == [
            "turn off the light",
            "turn off the lights now",
        ]
        assert other.connections == (1 if stays else 2)


def test_calls_at_once_have_a_connection_each_and_do_not_mix() -> None:
    with server() as other:
        engine = open_engine("wyoming", Options(url=other.url))
        with ThreadPoolExecutor(6) as pool:
            heard = list(pool.map(lambda n: text(engine, recording(n)), [4, 5] * 12))
        assert heard == ["turn off the light", "turn off the lights now"] * 12
        assert 1 < other.connections <= 6


def test_a_transcript_names_the_model_of_the_other_side() -> None:
    with server(info=info("de", "en_GB")) as other:
        engine = open_engine("wyoming", Options(url=other.url))
        heard = engine.decode(engine.encode(LIGHT), Lexicon(3))
    assert (heard.engine, heard.model, heard.revision) == ("wyoming", "other tiny 1.2", 3)
    assert heard.confidence == 0.0


def test_a_confidence_that_is_told_is_used() -> None:
    said = Transcript("turn off", context={"confidence": 0.75}).event()
    with server(answers=lambda _: [said]) as other:
        engine = open_engine("wyoming", Options(url=other.url))
        heard = engine.decode(engine.encode(LIGHT), Lexicon())
    assert heard.confidence == 0.75
    assert [word.confidence for word in heard.best.words] == [0.75, 0.75]


@pytest.mark.parametrize("told", [True, "1", -1, 2, None, [0.5]])
def test_a_confidence_that_is_none_is_not_used(told: Any) -> None:
    said = Transcript("turn off", context={"confidence": told}).event()
    with server(answers=lambda _: [said]) as other:
        engine = open_engine("wyoming", Options(url=other.url))
        assert engine.decode(engine.encode(LIGHT), Lexicon()).confidence == 0.0


def test_a_transcript_that_comes_in_pieces_is_read_to_its_end() -> None:
    said = [
        TranscriptStart().event(),
        TranscriptChunk("turn").event(),
        Transcript("turn  off\x00\n").event(),
        TranscriptStop().event(),
    ]
    with server(answers=lambda _: said) as other:
        engine = open_engine("wyoming", Options(url=other.url))
        assert [text(engine), text(engine)] == ["turn off", "turn off"]
        assert other.connections == 1


def test_a_recogniser_that_went_away_and_came_back_is_used_again() -> None:
    other = server()
    with other:
        engine = open_engine("wyoming", Options(url=other.url))
        assert text(engine) == "turn off the light"
    with pytest.raises(EngineError, match=f"127.0.0.1:{other.port} failed"):
        text(engine)
    with other:
        assert text(engine) == "turn off the light"


def test_an_address_where_nobody_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(EngineError, match=f"127.0.0.1:{port} failed"):
        open_engine("wyoming", Options(url=f"tcp://127.0.0.1:{port}"))


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:10300", "http://a:1", "tcp://a", "tcp://:1", "tcp://a:70000", "tcp://["]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="tcp://"):
        open_engine("wyoming", Options(url=url))


@pytest.mark.parametrize("offered", [Info(), info("de", "fr"), info()])
def test_a_server_without_english_is_refused(offered: Info) -> None:
    with server(info=offered) as other, pytest.raises(EngineError, match="no recogniser"):
        open_engine("wyoming", Options(url=other.url))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Error("out of memory", "oom").event(), "out of memory"),
        (Event("transcript", {"text": 7}), "transcript: text"),
        (Event("transcript", {"text": "a" * 300_000}), "at most"),
        (Event("x", {}, bytes(1024 * 1024 + 1)), "at most"),
    ],
)
def test_an_answer_that_is_none_is_an_error_and_the_next_call_is_answered(
    answer: Event, why: str
) -> None:
    right = heard_by(ScriptedEngine(SCRIPTS))
    answers = iter([[answer], [answer]])
    with server(answers=lambda pcm: next(answers, None) or right(pcm)) as other:
        engine = open_engine("wyoming", Options(url=other.url))
        with pytest.raises(EngineError, match=why):
            text(engine)
        assert text(engine) == "turn off the light"


@contextmanager
def raw(content: bytes) -> Iterator[int]:
    """The port of a server that says who it is, then these bytes again and again."""
    described = encode(wire.Info((program(),)).frame())
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            with suppress(OSError):
                while True:
                    with suppress(ConnectionError), listening.accept()[0] as peer:
                        peer.sendall(described)
                        while content:
                            peer.sendall(content)
                        while peer.recv(65536):
                            pass

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(60)


def program() -> wire.AsrProgram:
    by = wire.Attribution("nobody", "")
    return wire.AsrProgram("other", by, (wire.AsrModel("tiny", ("en",), by),))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "does not answer in time"),
        (encode(wire.Pong().frame()) * 100, "no transcript"),
        (b"a" * 65536, "at most"),
    ],
    ids=["nothing", "pongs for ever", "a line without an end"],
)
def test_a_server_that_never_answers_takes_neither_time_nor_memory_for_ever(
    content: bytes, why: str
) -> None:
    with raw(content) as port:
        engine = WyomingEngine(Address("127.0.0.1", port, 5.0, 0.5))
        with pytest.raises(EngineError, match=why):
            text(engine)


def test_our_own_door_can_be_the_other_side(tmp_path: Path) -> None:
    async def run() -> tuple[list[str], float]:
        async with door(tmp_path) as (opened, _):
            address = Address("127.0.0.1", opened.port)
            engine = await asyncio.to_thread(WyomingEngine, address)
            texts = [await asyncio.to_thread(text, engine, recording(n)) for n in (4, 5, 4)]
            sure = await asyncio.to_thread(engine.decode, LIGHT, Lexicon())
            assert opened.admission.connections == 1
            return texts, sure.confidence

    texts, confidence = asyncio.run(run())
    assert texts == ["turn off the light", "turn off the lights now", "turn off the light"]
    assert confidence == pytest.approx(0.95)


def test_it_hears_for_our_whole_loop(tmp_path: Path) -> None:
    with server() as other:
        settings = Settings(
            data=tmp_path, engine="wyoming", engine_url=other.url, audit_fraction=0.0
        )
        with Earwitness.open(settings) as program:
            (answer,) = program.hear_stream([LIGHT], Source(), datetime.now(UTC))
            assert answer.utterance is not None
            kept = program.records.utterance(answer.utterance)
        assert kept.transcript.text == answer.transcript.text != ""
        assert kept.transcript.model == "other tiny 1.2"
