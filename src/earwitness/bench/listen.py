"""An utterance through an engine as the program does it: cut where too long, and joined."""

from __future__ import annotations

from functools import cache
from time import perf_counter, process_time

from earwitness.audio.silero import SileroDetector
from earwitness.model import Lexicon, Samples, Transcript
from earwitness.ports import Engine
from earwitness.speech.segment import join, pieces


def hear(engine: Engine, audio: Samples, lexicon: Lexicon) -> Transcript:
    """Every piece is encoded and decoded anew; nothing is kept from an earlier call.

    An engine that fails raises EngineError.
    """
    heard = [
        (piece.cut, engine.decode(engine.encode(piece.audio), lexicon))
        for piece in pieces([audio], _detector())
    ]
    if not heard:
        return engine.decode(engine.encode(audio[:0]), lexicon)
    return heard[0][1] if len(heard) == 1 else join(heard)


def timed(engine: Engine, audio: Samples, lexicon: Lexicon) -> tuple[Transcript, float, float]:
    """The transcript, the seconds on the clock and the seconds of processor time."""
    clock, processor = perf_counter(), process_time()
    transcript = hear(engine, audio, lexicon)
    return transcript, perf_counter() - clock, process_time() - processor


@cache
def _detector() -> SileroDetector:
    return SileroDetector()
