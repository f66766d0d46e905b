"""Another recogniser, behind our loop: whichever speaks Wyoming at an address.

It hears; doubting, keeping and asking humans is ours. One reading, no scores but a
confidence where the other side gives one (ours does), no live terms. The protocol has no
encryption, so the recogniser belongs on this machine or on a network that is trusted.
"""

from __future__ import annotations

import socket
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np

from earwitness.engines import Options
from earwitness.engines.quiet import is_silent
from earwitness.errors import EngineError, LexiconUnsupported, ProtocolError, SettingsError
from earwitness.model import SAMPLE_RATE, Hypothesis, Lexicon, Samples, Term, Transcript, Word
from earwitness.ports import Capabilities
from earwitness.wire.wyoming import messages as wire
from earwitness.wire.wyoming.frames import Decoder, Frame, encode

FORMAT: Any = {"rate": SAMPLE_RATE, "width": 2, "channels": 1}
CHUNK_BYTES = 32 * 1024
READ = 64 * 1024
MOST_IDLE = 8
"""Connections that are kept for the next call; one call has one for itself."""
MOST_EVENTS = 10_000
"""A server that says more than this before it answers does not mean to."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the recogniser is, and how many seconds it has to be there and to answer."""

    host: str
    port: int
    connect_seconds: float = 5.0
    answer_seconds: float = 30.0

    @classmethod
    def read(cls, url: str) -> Address:
        """``tcp://HOST:PORT``. Raises SettingsError."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or not port or parts.scheme != "tcp":
            raise SettingsError(
                "The engine 'wyoming' needs the address of its server (engine_url or "
                f"second_engine_url), such as tcp://127.0.0.1:10300, not {url!r}."
            )
        return cls(host, port)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Line:
    """One connection. Every method raises OSError, ProtocolError or EngineError."""

    def __init__(self, address: Address) -> None:
        self._seconds = address.answer_seconds
        self._socket = socket.create_connection(
            (address.host, address.port), address.connect_seconds
        )
        self._frames = self._incoming()

    def ask(self, *asked: wire.Message) -> Iterator[Frame]:
        """What is answered, event by event, within the time for an answer."""
        self._until = monotonic() + self._seconds
        for message in asked:
            self._wait_no_longer()
            self._socket.sendall(encode(message.frame()))
        for _ in range(MOST_EVENTS):
            frame = next(self._frames)
            if frame.type == wire.Error.kind:
                raise EngineError(f"it says: {wire.Error.read(frame).text}")
            yield frame

    def close(self) -> None:
        self._socket.close()

    def _wait_no_longer(self) -> None:
        """Than until the answer is due; the socket raises TimeoutError then."""
        self._socket.settimeout(max(0.001, self._until - monotonic()))

    def _incoming(self) -> Iterator[Frame]:
        decoder = Decoder()
        while True:
            self._wait_no_longer()
            content = self._socket.recv(READ)
            if not content:
                raise ConnectionResetError("it hung up")
            yield from decoder.feed(content)


class WyomingEngine:
    """Implements ``ports.Engine`` without live terms. As many calls at once as are made."""

    name = "wyoming"
    capabilities = Capabilities(lexicon=False, nbest=False, word_times=False, repeatable=False)

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: list[Line] = []
        weakref.finalize(self, _close, self._idle)
        program, model, self._language = _english(self._on_a_line(_described), address)
        self.model = " ".join(filter(None, (program.name, model.name, model.version)))

    def check(self, term: Term) -> None:
        raise LexiconUnsupported(
            f"{self.name} has no live terms, so {term.written!r} changes nothing."
        )

    def prepare(self, lexicon: Lexicon) -> None:
        """Raises LexiconUnsupported for a lexicon that has a term."""
        for term in lexicon.terms.values():
            self.check(term)

    def encode(self, audio: Samples) -> Samples:
        """The protocol has no way to listen without decoding: the audio itself."""
        return audio

    def decode(self, encoded: Samples, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        self.prepare(lexicon)
        heard = wire.Transcript("") if is_silent(encoded) else self._hear(encoded)
        sure = _confidence(heard.context or {})
        words = tuple(Word(word, (), sure) for word in _printable(heard.text).split())
        best = Hypothesis(" ".join(word.text for word in words), words, 0.0)
        return Transcript(
            nbest=(best,),
            engine=self.name,
            model=self.model,
            revision=lexicon.revision,
            seconds=len(encoded) / SAMPLE_RATE,
            confidence=sure,
            unbiased=best,
        )

    def _hear(self, audio: Samples) -> wire.Transcript:
        pcm = np.rint(audio * 32768).clip(-32768, 32767).astype("<i2").tobytes()
        return self._on_a_line(lambda line: _transcribed(line, pcm, self._language))

    def _on_a_line(self, ask: Callable[[Line], Answer]) -> Answer:
        """A connection that was used before may have ended since; then a new one is tried."""
        try:
            return self._on(self._idle.pop(), ask)
        except IndexError:
            return self._on(self._connected(), ask)
        except EngineError as error:
            if isinstance(error.__cause__, TimeoutError):
                raise
            return self._on(self._connected(), ask)

    def _on(self, line: Line, ask: Callable[[Line], Answer]) -> Answer:
        try:
            answer = ask(line)
        except (OSError, ProtocolError, EngineError) as error:
            line.close()
            raise self._failed(error) from error
        if len(self._idle) < MOST_IDLE:
            self._idle.append(line)
        else:
            line.close()
        return answer

    def _connected(self) -> Line:
        try:
            return Line(self._address)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> EngineError:
        why = "it does not answer in time" if isinstance(error, TimeoutError) else str(error)
        return EngineError(f"The Wyoming recogniser at {self._address} failed: {why}")


def open_engine(options: Options) -> WyomingEngine:
    """Raises SettingsError without an address, EngineError where nobody answers there."""
    return WyomingEngine(Address.read(options.url))


def _described(line: Line) -> wire.Info:
    for frame in line.ask(wire.Describe()):
        if frame.type == wire.Info.kind:
            return wire.Info.read(frame)
    raise EngineError("it does not say what it is")


def _transcribed(line: Line, pcm: bytes, language: str) -> wire.Transcript:
    """A server that shows its transcript piece by piece says when it is at the end."""
    parts = (pcm[at : at + CHUNK_BYTES] for at in range(0, len(pcm), CHUNK_BYTES))
    chunks = (wire.AudioChunk(**FORMAT, audio=part) for part in parts)
    said = wire.Transcribe(language=language), wire.AudioStart(**FORMAT)
    transcript, shows = None, False
    for frame in line.ask(*said, *chunks, wire.AudioStop()):
        shows |= frame.type == wire.TranscriptStart.kind
        if frame.type == wire.Transcript.kind:
            transcript = wire.Transcript.read(frame)
        if transcript is not None and (not shows or frame.type == wire.TranscriptStop.kind):
            return transcript
    raise EngineError("it says much, but no transcript")


def _english(info: wire.Info, address: Address) -> tuple[wire.AsrProgram, wire.AsrModel, str]:
    """The first model that knows English, and what it calls it. Raises EngineError."""
    for program in info.asr:
        for model in program.models:
            for language in model.languages:
                if language.replace("_", "-").casefold().split("-")[0] == "en":
                    return program, model, language
    raise EngineError(f"The Wyoming server at {address} has no recogniser for English.")


def _confidence(context: Mapping[str, Any]) -> float:
    """0 where it says nothing: then only a second recogniser can tell what to doubt."""
    told = context.get("confidence")
    sure = isinstance(told, float | int) and not isinstance(told, bool) and 0 <= told <= 1
    return float(told) if sure and told is not None else 0.0


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _close(lines: list[Line]) -> None:
    for line in lines:
        line.close()
