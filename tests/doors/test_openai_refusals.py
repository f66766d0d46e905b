"""Bad input and bad peers: OpenAI's errors, bounded memory, and nothing on a disk."""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from openai import OpenAI
from tests import recordings
from tests.doors.conftest import Serve, client
from tests.doors.serving import served
from tests.doors.test_openai import SENTENCES, hear, wav
from tests.flow.house import SCRIPTS

from earwitness.config import Settings
from earwitness.engines import Options, open_engine
from earwitness.engines.scripted import ScriptedEngine
from earwitness.model import Samples
from earwitness.wiring import Earwitness

PATH = "/v1/audio/transcriptions"
BOUNDARY = "0123456789abcdef"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
MIB = 1 << 20


@dataclass(frozen=True)
class Told:
    status: int
    headers: Mapping[str, str]
    error: dict[str, Any]


def ask(
    url: str,
    method: str = "POST",
    path: str = PATH,
    body: object = None,
    headers: Mapping[str, str] = MULTIPART,
) -> Told:
    """What a client hears that is none of OpenAI's."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        connection.request(method, path, body, dict(headers))  # type: ignore[arg-type]
        response = connection.getresponse()
        told = json.loads(response.read())
        assert set(told) == {"error"}
        assert set(told["error"]) == {"message", "type", "param", "code"}
        return Told(response.status, response.headers, told["error"])
    finally:
        connection.close()


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
MODEL = part("model", b"whisper-1")
FILE = part("file", wav(4)[1], "a.wav")


class Sending:
    """A connection on which a request has been sent in part."""

    def __init__(self, url: str, head: str, body: bytes) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        start = f"POST {PATH} HTTP/1.1\r\nHost: here\r\nContent-Type: {MULTIPART['Content-Type']}"
        self.socket.sendall(f"{start}\r\n{head}\r\n\r\n".encode() + body)

    def rest(self) -> bytes:
        """Everything until the server ends the connection."""
        with self.socket.makefile("rb") as stream:
            return stream.read()

    def is_answered(self) -> bool:
        """Before all was sent."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def __enter__(self) -> Sending:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


# --- the recording --------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Earwitness, str]]:
    settings = Settings(data=tmp_path_factory.mktemp("data"), audit_fraction=0.0, upload_mib=1)
    with (
        Earwitness.open(settings, ScriptedEngine(SCRIPTS)) as program,
        served(program) as url,
    ):
        yield program, url


@pytest.fixture
def url(shared: tuple[Earwitness, str]) -> str:
    return shared[1]


@pytest.fixture
def spoken(url: str) -> OpenAI:
    return client(url)


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (("a.wav", b""), "is empty"),
        (("a.txt", b"this is not a recording"), "cannot be decoded"),
        (("a.flac", recordings.encode(recordings.tone(2), kind="flac")[:-500]), "cut short"),
        (("a.wav", wav(4)[1][:78]), "no audio samples"),
        (("a\x1b[2J\n.wav", b""), "is empty"),
    ],
    ids=["empty", "text", "cut", "no samples", "evil name"],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_what_is_no_recording_is_a_bad_request(
    spoken: OpenAI, file: tuple[str, bytes], why: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError, match=why) as refused:
        hear(spoken, file, stream=stream)
    assert (refused.value.code, refused.value.param) == ("invalid_audio", "file")
    assert refused.value.type == "invalid_request_error"
    assert "\x1b" not in str(refused.value)


def test_a_recording_that_is_too_large_is_refused_with_its_limit(spoken: OpenAI, url: str) -> None:
    for size in (MIB + 1, 3 * MIB):
        with pytest.raises(openai.APIStatusError, match="1 MiB") as refused:
            hear(spoken, ("a.wav", bytes(size)))
        assert (refused.value.status_code, refused.value.code) == (413, "file_too_large")
    chunks = iter([part("file", bytes(3 * MIB), "a.wav")])
    told = ask(url, body=chunks)
    assert told.status == 413


def test_more_than_can_be_held_is_refused_before_it_is_sent(url: str) -> None:
    with Sending(url, f"Content-Length: {1 << 40}", b"") as sending:
        assert b"413 " in sending.rest()
    with Sending(url, f"Content-Length: {1 << 40}\r\nExpect: 100-continue", b"") as sending:
        answer = sending.rest()
    assert b"413 " in answer
    assert b"100 Continue" not in answer


def test_a_recording_that_is_too_long_is_refused(serve: Serve) -> None:
    _, url = serve(audio_stream_seconds=2)
    with pytest.raises(openai.BadRequestError, match="audio_stream_seconds"):
        hear(client(url), wav(4, 3.0))


# --- the fields -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "param", "why"),
    [
        ({"language": "de"}, "language", "only English"),
        ({"languages": ["de", "fr"]}, "languages", "only English"),
        ({"response_format": "diarized_json"}, "response_format", "'json', 'text'"),
        ({"temperature": 1.5}, "temperature", "less than or equal to 1"),
        ({"temperature": "hot"}, "temperature", "valid number"),
        ({"include": ["everything"]}, "include", "logprobs"),
        (
            {"include": ["logprobs"], "response_format": "text"},
            "include",
            "needs response_format json",
        ),
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities", "verbose_json"),
        ({"timestamp_granularities": ["letter"]}, "timestamp_granularities", "'word'"),
        ({"stream": True, "response_format": "srt"}, "stream", "json or text"),
        ({"known_speaker_names": ["ada"]}, "known_speaker_names", "speakers apart"),
        (
            {"chunking_strategy": {"type": "server_vad", "threshold": 0.5}},
            "chunking_strategy[threshold]",
            "no field",
        ),
        ({"chunking_strategy": "never"}, "chunking_strategy", "only 'auto'"),
        ({"keywords": ["the"]}, "keywords", "very common word"),
        ({"keywords": [""]}, "keywords", "written form"),
        ({"keywords": [f"yeet{n}" for n in range(101)]}, "keywords", "at most 100"),
        ({"prompt": "x" * 20_000}, "prompt", "10000"),
        ({"extra_body": {"user": "ada"}}, "user", "no field"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_be_done_is_said_with_its_field(
    spoken: OpenAI, asked: dict[str, Any], param: str | None, why: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=why) as refused:
        hear(spoken, wav(4), **asked)
    assert refused.value.param == param
    assert refused.value.code


def test_a_model_of_others_is_not_found(spoken: OpenAI) -> None:
    for ask_for in (
        lambda: hear(spoken, wav(4), model="gpt-4o-transcribe-diarize"),
        lambda: spoken.models.retrieve("gpt-5"),
    ):
        with pytest.raises(openai.NotFoundError, match="earwitness") as refused:
            ask_for()
        assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


# --- the form and the request ---------------------------------------------------


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "ends too early"),
        (b"nonsense", "cannot be read"),
        (MODEL + FILE, "ends too early"),
        (MODEL + FILE[:-40], "ends too early"),
        (MODEL + END, "'file'"),
        (FILE + END, "model: Field required"),
        (part("file", b"text") + MODEL + END, "no field 'file'"),
        (part("sound", b"x", "a.wav") + MODEL + END, "'file'"),
        (FILE + FILE + MODEL + END, "one file"),
        (MODEL + MODEL + FILE + END, "more than once"),
        (f"--{BOUNDARY}\r\nX: y\r\n\r\nz\r\n".encode() + END, "no name"),
        (part("model", b"x") * 1001 + END, "more than 1000 fields"),
        (f"--{BOUNDARY}\r\nX: {'y' * 20_000}\r\n\r\n".encode() + END, "cannot be read"),
    ],
)
def test_a_form_that_is_broken_is_a_bad_request(url: str, body: bytes, why: str) -> None:
    told = ask(url, body=body)
    assert told.status == 400
    assert why in told.error["message"]


def test_fields_are_bounded_too(url: str) -> None:
    told = ask(url, body=part("prompt", bytes(300 * 1024)) + MODEL + FILE + END)
    assert (told.status, "larger" in told.error["message"]) == (413, True)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 415),
        ("", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data", 400),
        (f"multipart/form-data; boundary={'x' * 1000}", 400),
    ],
)
def test_another_kind_of_body_is_refused(url: str, kind: str, status: int) -> None:
    assert ask(url, body=b"{}", headers={"Content-Type": kind}).status == status


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", PATH, 405, "POST"),
        ("DELETE", PATH, 405, "POST"),
        ("POST", "/v1/models", 405, "GET"),
        ("DELETE", "/v1/models/whisper-1", 405, "GET"),
        ("POST", "/v1/audio/speech", 404, None),
        ("POST", "/v1/audio/translations", 404, None),
    ],
)
def test_what_is_not_there_is_said_in_the_same_shape(
    url: str, method: str, path: str, status: int, allow: str | None
) -> None:
    told = ask(url, method, path, b"", {})
    assert (told.status, told.headers.get("allow")) == (status, allow)


# --- nothing on a disk ----------------------------------------------------------


def open_files() -> set[tuple[int, str]]:
    """What this process, which is the server too, has open: inodes and names.

    A descriptor's number says nothing: the next file gets that of one that was closed.
    """
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        try:
            found.add((each.stat().st_ino, str(each.readlink())))
        except FileNotFoundError:
            continue
    return found


def test_an_upload_is_never_in_a_file(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "there is no such folder"))
    program, url = serve()
    name, content = wav(4, 90.0)
    body = MODEL + part("file", content, name)
    earlier = os.memfd_create("recording")  # as of a request before, which is just being ended
    before = open_files()
    os.close(earlier)
    head = f"Content-Length: {len(body + END)}\r\nConnection: close"
    with Sending(url, head, body[:-1000]) as sending:
        new: list[str] = []
        for _ in range(3000):
            new = [file for _, file in open_files() - before]
            if any("memfd" in each for each in new):
                break
            threading.Event().wait(0.01)
        assert any("memfd" in each for each in new)
        kept = [each for each in new if each.startswith("/") and "memfd" not in each]
        assert set(kept) <= {"/dev/null"}  # of a child that is just being started
        sending.socket.sendall(body[-1000:] + END)
        answer = sending.rest()
    assert answer.startswith(b"HTTP/1.1 200 ")
    marker = content[100_000:100_400]
    for path in program.settings.data.rglob("*"):
        assert not path.is_file() or marker not in path.read_bytes()


def test_what_was_held_is_given_back(serve: Serve) -> None:
    """Of room for one recording at a time, many that fail and many that succeed leave it all."""
    _, url = serve(upload_mib=1, uploads_mib=1, stall_seconds=600)  # a busy machine is slow
    openai_client = client(url)
    nearly = bytes(MIB - 1000)
    for _ in range(3):
        with pytest.raises(openai.BadRequestError):
            hear(openai_client, ("a.wav", nearly))
        with pytest.raises(openai.BadRequestError):
            hear(openai_client, ("a.wav", nearly), stream=True)
        with Sending(url, f"Content-Length: {MIB}", MODEL):
            pass
        assert hear(openai_client, wav(4)).text
        assert list(hear(openai_client, wav(4), stream=True))
    for _ in range(3000):  # the last answer may be here before what it was made from is let go
        if not (held := [name for _, name in open_files() if "memfd" in name]):
            break
        threading.Event().wait(0.01)
    assert held == []


# --- slow and many --------------------------------------------------------------


def test_a_body_that_stalls_is_ended(serve: Serve) -> None:
    _, url = serve(stall_seconds=0.3)
    with Sending(url, "Content-Length: 100000", MODEL) as sending:
        answer = sending.rest()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"too slowly" in answer


def test_one_byte_at_a_time_is_ended_too(serve: Serve) -> None:
    _, url = serve(stall_seconds=0.3)
    with Sending(url, "Content-Length: 100000", MODEL) as sending:
        sending.socket.settimeout(0.05)
        answer = b""
        while not answer:
            try:
                answer = sending.socket.recv(1000)
            except TimeoutError:
                sending.socket.sendall(b"x")
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_too_much_at_once_is_refused_before_it_is_read(serve: Serve) -> None:
    _, url = serve(upload_mib=1, uploads_mib=1, stall_seconds=600)  # a busy machine is slow
    half = MODEL + FILE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + bytes(MIB // 2)
    with ExitStack() as stack:
        sending = stack.enter_context(Sending(url, f"Content-Length: {MIB}", half))
        while (told := refused_for(url, MIB)).status != 429:
            if sending.is_answered():  # the other one was ahead of it
                sending = stack.enter_context(Sending(url, f"Content-Length: {MIB}", half))
            threading.Event().wait(0.01)
        assert int(told.headers["retry-after"]) >= 1
        assert told.error["code"] == "overloaded"
        assert hear(client(url), wav(4)).text, "there is room for a small one"
    while refused_for(url, MIB - 1000).status == 429:
        threading.Event().wait(0.01)
    assert hear(client(url), ("a.wav", wav(4, 25.0)[1])).text


def refused_for(url: str, size: int) -> Told:
    return ask(url, body=part("file", bytes(size - 500), "a.wav") + MODEL + END)


class Blocked(ScriptedEngine):
    """Hears nothing until it may."""

    def __init__(self) -> None:
        super().__init__(SCRIPTS)
        self.begun, self.may = threading.Event(), threading.Event()

    def encode(self, audio: Samples) -> Any:
        self.begun.set()
        assert self.may.wait(60)
        return super().encode(audio)


def test_who_would_wait_too_long_is_told_when_to_come_back(serve: Serve) -> None:
    engine = Blocked()
    _, url = serve(engine, hearing_threads=1, shed_seconds=0.03)
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(hear(client(url), wav(4, 20.0))))
    first.start()
    assert engine.begun.wait(60)
    try:
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError) as refused:
                hear(client(url), wav(5), stream=stream)
            assert (refused.value.status_code, refused.value.code) == (503, "overloaded")
            assert int(refused.value.response.headers["retry-after"]) >= 1
    finally:
        engine.may.set()
        first.join()
    assert answers[0].text == "turn off the light"
    assert hear(client(url), wav(5)).text == "turn off the lights now"


# --- a recogniser that fails ----------------------------------------------------


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_recogniser_that_fails_is_said_and_a_human_hears_it(serve: Serve, stream: bool) -> None:
    program, url = serve()
    retrying = client(url).with_options(max_retries=2)
    with pytest.raises(openai.InternalServerError, match="recogniser failed") as refused:
        hear(retrying, wav(6), stream=stream)
    assert refused.value.code == "recogniser_failed"
    (item,) = program.records.items()
    assert program.records.utterance(item.utterance).flags[0].rule == "engine_failure"


def test_an_error_after_the_first_words_is_an_event(serve: Serve) -> None:
    """The second half of the recording is damaged."""
    program, url = serve(open_engine("moonshine", Options()))
    pause = recordings.silence(0.8)
    audio = [p for each in SENTENCES for p in (program.reader.read(each.path), pause)] * 8
    whole = recordings.encode(np.concatenate(audio), kind="flac")
    events = hear(client(url), ("a.flac", whole[:-5000]), stream=True)
    assert next(events).type == "transcript.text.delta"
    with pytest.raises(openai.APIError, match="cut short"):
        list(events)


def test_a_store_that_fails_says_nothing_of_its_inside(serve: Serve) -> None:
    program, url = serve()
    with program.records.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE review_item")
    with pytest.raises(openai.InternalServerError) as refused:
        hear(client(url).with_options(max_retries=2), wav(0))
    assert refused.value.status_code == 500
    assert "review_item" not in str(refused.value)
    assert os.fspath(program.settings.data) not in str(refused.value)
