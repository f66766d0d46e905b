"""OpenAI's own client, unchanged, against every format."""

from __future__ import annotations

import doctest
import re
import shutil
import subprocess
import sys
import threading
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openai import OpenAI
from tests import recordings
from tests.docs.pages import ROOT, blocks
from tests.doors.conftest import Serve, client

from earwitness import starter
from earwitness.engines import Options, open_engine
from earwitness.engines.scripted import recording
from earwitness.flow.hear import joined
from earwitness.model import Lexicon, Samples, Source, Transcript
from earwitness.starter import Role
from earwitness.wiring import Earwitness

CLIPS = {each.path.name: each for each in starter.recordings(Role.DEMO)}
SAOIRSE = CLIPS["saoirse-1.opus"].path
SENTENCES = starter.recordings(Role.REGRESSION)[:12]


def wav(number: int, seconds: float = 1.0) -> tuple[str, bytes]:
    """A scripted recording as a file to send."""
    return f"{number}.wav", recordings.encode(recording(number, seconds))


def hear(openai: OpenAI, file: object, **asked: Any) -> Any:
    return openai.audio.transcriptions.create(**{"file": file, "model": "whisper-1", **asked})


@pytest.fixture
def openai(real: tuple[Earwitness, str]) -> OpenAI:
    return client(real[1])


@pytest.fixture(scope="module")
def long(real: tuple[Earwitness, str]) -> bytes:
    """Half a minute: twelve sentences with pauses, heard in three pieces."""
    pause = recordings.silence(0.8)
    audio = [part for each in SENTENCES for part in (real[0].reader.read(each.path), pause)]
    return recordings.encode(np.concatenate(audio), kind="flac")


# --- formats ------------------------------------------------------------------


def test_json_has_the_text_and_what_only_we_know(openai: OpenAI) -> None:
    heard = hear(openai, SAOIRSE)
    (piece,) = heard.earwitness["pieces"]
    assert heard.text == piece["text"]
    assert heard.text.endswith("that the taxi is here.")
    assert heard.usage.type == "duration"
    assert heard.usage.seconds == pytest.approx(CLIPS[SAOIRSE.name].seconds, abs=0.02)
    assert 0 < piece["confidence"] < 0.5
    assert {flag["rule"] for flag in piece["flags"]} >= {"unknown_word", "low_confidence"}
    assert piece["alternatives"]


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "m4a", "webm"])
def test_the_formats_that_the_api_names_are_understood(
    real: tuple[Earwitness, str], openai: OpenAI, kind: str
) -> None:
    audio = real[0].reader.read(SAOIRSE)
    heard = hear(openai, (f"a.{kind}", recordings.encode(audio, kind=kind)))
    assert heard.text.endswith("the taxi is here.")


def test_text_is_text(openai: OpenAI) -> None:
    assert hear(openai, SAOIRSE, response_format="text") == hear(openai, SAOIRSE).text + "\n"


def test_a_long_recording_is_the_same_in_every_format(openai: OpenAI, long: bytes) -> None:
    file = ("long.flac", long)
    text = hear(openai, file).text
    assert hear(openai, file, response_format="text") == text + "\n"
    verbose = hear(openai, file, response_format="verbose_json")
    assert verbose.text == text == " ".join(segment.text for segment in verbose.segments)
    for kind, stamp in (("srt", r"^\d+\n[^\n]*,[^\n]* --> [^\n]*\n"), ("vtt", r"^[^\n]* --> .*\n")):
        cues = hear(openai, file, response_format=kind).removeprefix("WEBVTT\n\n")
        lines = [re.sub(stamp, "", cue) for cue in cues.strip("\n").split("\n\n")]
        assert " ".join(lines) == text
        assert len(lines) == len(verbose.segments)


def test_what_is_heard_is_what_the_command_line_hears(
    real: tuple[Earwitness, str], openai: OpenAI, long: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "long.flac"
    path.write_bytes(long)
    whole = joined(list(real[0].hear(path, Source(), datetime.now(UTC))))
    assert whole is not None
    assert hear(openai, path).text == whole.text


def test_segments_are_sentences_with_their_times(openai: OpenAI, long: bytes) -> None:
    verbose = hear(openai, ("long.flac", long), response_format="verbose_json")
    assert verbose.language == "english"
    assert verbose.task == "transcribe"
    assert verbose.words is None
    assert len(verbose.segments) >= len(SENTENCES) - 2
    assert [segment.id for segment in verbose.segments] == list(range(len(verbose.segments)))
    ends = [0.0]
    for segment in verbose.segments:
        assert ends[-1] <= segment.start < segment.end <= verbose.duration
        assert segment.end - segment.start <= 7.0
        assert segment.seek / 100 <= segment.start + 0.01
        assert -5 < segment.avg_logprob < 0
        content = segment.text.encode()
        assert segment.compression_ratio == len(content) / len(zlib.compress(content))
        assert (segment.temperature, segment.no_speech_prob, segment.tokens) == (0.0, 0.0, [])
        ends.append(segment.end)
    starts = np.cumsum([0.0] + [each.seconds + 0.8 for each in SENTENCES])[:-1]
    found = [segment.start for segment in verbose.segments]
    near = [min(abs(start - each) for each in found) < 0.3 for start in starts]
    assert sum(near) >= len(SENTENCES) - 2


@pytest.mark.parametrize("granularities", [["word"], ["word", "segment"]])
def test_words_have_their_times(openai: OpenAI, granularities: list[str]) -> None:
    heard = hear(
        openai,
        SAOIRSE,
        response_format="verbose_json",
        timestamp_granularities=granularities,
    )
    assert " ".join(each.word for each in heard.words) == heard.text
    times = [time for each in heard.words for time in (each.start, each.end)]
    assert times == sorted(times)
    assert 0 < times[0] < times[-1] < heard.duration
    assert (heard.segments is None) == (granularities == ["word"])


def test_subtitles_have_the_form_of_their_kind(serve: Serve) -> None:
    _, url = serve()
    openai = client(url)
    assert hear(openai, wav(4, 2.0), response_format="srt") == (
        "1\n00:00:00,000 --> 00:00:02,000\nturn off the light\n\n"
    )
    assert hear(openai, wav(4, 2.0), response_format="vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nturn off the light\n\n"
    )


def test_logprobs_are_those_of_our_words(serve: Serve) -> None:
    _, url = serve()
    heard = hear(client(url), wav(0), include=["logprobs"])
    assert heard.text == "eat that alarm"
    assert [each.token for each in heard.logprobs] == ["eat", " that", " alarm"]
    assert [bytes(map(int, each.bytes)) for each in heard.logprobs] == [b"eat", b" that", b" alarm"]
    assert sum(each.logprob for each in heard.logprobs) == pytest.approx(-2.0)
    assert hear(client(url), wav(0)).logprobs is None


def test_where_nobody_speaks_there_is_nothing(openai: OpenAI) -> None:
    silence = ("a.wav", recordings.encode(recordings.silence(2)))
    assert hear(openai, silence).text == ""
    assert hear(openai, silence, response_format="verbose_json").segments == []
    assert hear(openai, silence, response_format="srt") == ""
    assert hear(openai, silence, response_format="vtt") == "WEBVTT\n\n"
    (done,) = hear(openai, silence, stream=True)
    assert (done.type, done.text) == ("transcript.text.done", "")


# --- streaming ----------------------------------------------------------------


def test_a_stream_is_the_same_text_bit_by_bit(openai: OpenAI, long: bytes) -> None:
    file = ("long.flac", long)
    *deltas, done = hear(openai, file, stream=True, include=["logprobs"])
    assert {event.type for event in deltas} == {"transcript.text.delta"}
    assert done.type == "transcript.text.done"
    assert "".join(event.delta for event in deltas) == done.text == hear(openai, file).text
    assert len(deltas) == 4
    for event in deltas:
        assert "".join(each.token for each in event.logprobs) == event.delta
        assert b"".join(bytes(each.bytes) for each in event.logprobs).decode() == event.delta
    told = [(each.token, each.logprob) for event in deltas for each in event.logprobs]
    assert told == [(each.token, each.logprob) for each in done.logprobs]
    assert len(done.earwitness["pieces"]) == 3


class Stepping:
    """The real recogniser, which hears one more piece whenever it is told to."""

    def __init__(self) -> None:
        self._engine = open_engine("moonshine", Options())
        self.name, self.model = self._engine.name, self._engine.model
        self.capabilities = self._engine.capabilities
        self.check, self.prepare = self._engine.check, self._engine.prepare
        self.allowed = threading.Semaphore(1)

    def encode(self, audio: Samples) -> Any:
        assert self.allowed.acquire(timeout=30)
        return self._engine.encode(audio)

    def decode(self, encoded: Any, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        return self._engine.decode(encoded, lexicon, times=times)


def test_each_piece_is_told_before_the_next_is_heard(serve: Serve, long: bytes) -> None:
    engine = Stepping()
    _, url = serve(engine)
    events = hear(client(url), ("long.flac", long), stream=True)
    told = [next(events)]
    while told[-1].type == "transcript.text.delta":
        engine.allowed.release()
        told.append(next(events))
    pieces = told[-1].earwitness["pieces"]
    assert len(pieces) == 3
    assert all(piece["text"] for piece in pieces)


def test_whoever_leaves_in_the_middle_holds_up_nobody(serve: Serve, long: bytes) -> None:
    engine = Stepping()
    _, url = serve(engine)
    openai = client(url)
    for _ in range(6):
        engine.allowed.release()
        events = hear(openai, ("long.flac", long), stream=True)
        next(events)
        events.close()
        engine.allowed.release()
    engine.allowed.release(50)
    assert hear(openai, SAOIRSE).text


# --- terms --------------------------------------------------------------------


def test_keywords_are_heard_in_their_request_only(serve: Serve) -> None:
    program, url = serve()
    openai = client(url)
    texts = [
        hear(openai, wav(0), **asked).text
        for asked in ({}, {"keywords": ["yeet"]}, {}, {"keywords": ["finna", "gochujang"]})
    ]
    assert texts == ["eat that alarm", "yeet that alarm", "eat that alarm", "eat that alarm"]
    assert program.records.revision() == 0


def test_words_of_the_prompt_that_no_dictionary_has_are_heard(openai: OpenAI) -> None:
    told = "A message for Saoirse, about the taxi."
    assert "Saoirse" in hear(openai, SAOIRSE, prompt=told).text
    assert "Saoirse" in hear(openai, SAOIRSE, keywords=["Saoirse"]).text
    assert "Saoirse" not in hear(openai, SAOIRSE).text


def test_a_prompt_with_nothing_to_learn_changes_nothing(openai: OpenAI) -> None:
    plain = hear(openai, SAOIRSE).text
    assert hear(openai, SAOIRSE, prompt="Turn on the light. 1234 \u4f60\u597d ---").text == plain


# --- the queue ----------------------------------------------------------------


def test_a_doubtful_utterance_waits_for_a_human_with_device_and_reason(serve: Serve) -> None:
    program, url = serve()
    (piece,) = hear(client(url), wav(0)).earwitness["pieces"]
    kept = program.records.utterance(piece["utterance"])
    assert (kept.source.device, kept.source.household) == ("api", "local")
    assert [flag.rule for flag in kept.flags] == [flag["rule"] for flag in piece["flags"]]
    assert program.records.item(kept.id)
    assert np.array_equal(program.clip(kept.clip), recording(0))


def test_an_utterance_without_doubt_leaves_nothing_behind(serve: Serve) -> None:
    program, url = serve()
    (piece,) = hear(client(url), wav(4)).earwitness["pieces"]
    assert (piece["flags"], piece["utterance"]) == ([], None)
    assert program.records.items() == []
    assert program.blobs.keys() == []


# --- models -------------------------------------------------------------------


def test_the_models_are_ours_by_every_name(serve: Serve) -> None:
    program, url = serve()
    openai = client(url)
    models = openai.models.list().data
    assert models[0].id == "earwitness"
    assert {"whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"} <= {m.id for m in models}
    for model in models:
        assert openai.models.retrieve(model.id) == model
        assert model.earwitness["model"] == program.engine.model
        assert hear(openai, wav(4), model=model.id).text == "turn off the light"


@pytest.mark.parametrize(
    "asked",
    [
        {"temperature": 0.7},
        {"language": "en"},
        {"language": "en-GB"},
        {"languages": ["de", "en"]},
        {"chunking_strategy": "auto"},
        {"chunking_strategy": {"type": "server_vad"}},
        {"prompt": ""},
        {"stream": False},
    ],
    ids=str,
)
def test_what_changes_nothing_is_accepted(serve: Serve, asked: dict[str, Any]) -> None:
    _, url = serve()
    assert hear(client(url), wav(4), **asked).text == "turn off the light"


def test_the_example_on_the_page_prints_what_the_page_says(
    real: tuple[Earwitness, str], tmp_path: Path
) -> None:
    page = ROOT / "docs" / "how-to" / "openai.md"
    (code,), (printed,) = blocks(page, "python"), blocks(page, "text")
    shutil.copy(SAOIRSE, tmp_path / "kitchen.opus")
    program = "\n".join(code.lines).replace("http://127.0.0.1:10380", real[1])
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    expected = "\n".join(printed.lines) + "\n"
    assert doctest.OutputChecker().check_output(expected, done.stdout, doctest.ELLIPSIS)
