"""The two Moonshine graphs as they are run: encoder once, decoder step by step.

Inputs and outputs of the files are described in docs/design/recogniser.md. The
decoder's own cache is kept as twelve arrays (key and value of six layers), each
``[hypotheses, 8, tokens, 36]``; the encoder's key and value are computed once
per clip and broadcast over the hypotheses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from earwitness.engines.moonshine.attention import HEAD, OUTPUT, with_attention
from earwitness.errors import EngineError
from earwitness.model import Samples

LAYERS = 6
HEADS = 8
HEAD_WIDTH = 36
STRIDE = 384
"""Samples from one encoder frame to the next."""
MIDDLE = 447
"""The sample in the middle of the 895 that the first frame sees (kernels 127, 7 and 3)."""
BEGIN, END = 1, 2
VOCABULARY = 32_768

SHA256 = {
    "encoder_model.ort": "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
    "decoder_model_merged.ort": "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
    "tokenizer.bin": "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
}

Floats = NDArray[np.float32]
Cache = tuple[Floats, ...]


def asset(name: str) -> Path:
    """The path of a model file inside the installed moonshine-voice wheel."""
    return Path(str(files("moonshine_voice") / "assets" / "tiny-en" / name))


def digest(path: Path) -> str:
    """SHA-256 of a model file, in hexadecimal."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise EngineError(
            f"The model file {path} cannot be read ({error.strerror}); "
            "reinstall moonshine-voice 0.0.73."
        ) from error


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder made of one clip; ``states`` is float32 ``[1, frames, 288]``."""

    states: Floats
    mask: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip ready to be decoded: its states and the cross-attention's key and value."""

    encoded: Encoded
    cross: Cache


class Graphs:
    """Both sessions, single-threaded so that sums are always added in one order."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False
        providers = ["CPUExecutionProvider"]
        self._encoder = ort.InferenceSession(
            str(asset("encoder_model.ort")), options, providers=providers
        )
        decoder = with_attention(asset("decoder_model_merged.ort").read_bytes())
        self._decoder = ort.InferenceSession(decoder, options, providers=providers)
        own = [f"{i}.decoder.{part}" for i in range(LAYERS) for part in ("key", "value")]
        cross = [f"{i}.encoder.{part}" for i in range(LAYERS) for part in ("key", "value")]
        self._own_in = [f"past_key_values.{name}" for name in own]
        self._cross_in = [f"past_key_values.{name}" for name in cross]
        self._step_out = ["logits", *(f"present.{name}" for name in own)]
        self._first_out = [*self._step_out, *(f"present.{name}" for name in cross)]

    def encode(self, audio: Samples) -> Encoded:
        """Audio ``[samples]`` -> encoder states."""
        mask = np.ones((1, len(audio)), np.int64)
        (states,) = self._encoder.run(None, {"input_values": audio[None], "attention_mask": mask})
        return Encoded(states, mask)

    def begin(self, encoded: Encoded) -> tuple[Floats, Cache, Clip]:
        """The first step -> logits ``[1, vocabulary]``, the decoder's cache, the clip."""
        empty = np.zeros((1, HEADS, 1, HEAD_WIDTH), np.float32)
        feed = dict.fromkeys([*self._own_in, *self._cross_in], empty)
        out = self._decoder.run(
            self._first_out, self._feed(encoded, np.array([[BEGIN]], np.int64), feed, cached=False)
        )
        split = 1 + len(self._own_in)
        return out[0][:, -1], tuple(out[1:split]), Clip(encoded, tuple(out[split:]))

    def step(self, clip: Clip, cache: Cache, tokens: NDArray[np.int64]) -> tuple[Floats, Cache]:
        """Tokens ``[hypotheses, n]`` after the cache -> logits ``[hypotheses, n, vocabulary]``."""
        out = self._next(self._step_out, clip, cache, tokens)
        return out[0], tuple(out[1:])

    def attention(self, clip: Clip, cache: Cache, tokens: NDArray[np.int64]) -> Floats:
        """Tokens ``[1, n]`` after the cache -> where it looked when it had just written each.

        ``[n, frames]``; a row's sum is 1.
        """
        (heads,) = self._next([OUTPUT], clip, cache, tokens)
        row: Floats = heads[0, HEAD]
        return row

    def _next(
        self, outputs: list[str], clip: Clip, cache: Cache, tokens: NDArray[np.int64]
    ) -> list[Floats]:
        feed = dict(zip(self._own_in, cache, strict=True))
        feed |= dict(zip(self._cross_in, clip.cross, strict=True))
        out: list[Floats] = self._decoder.run(
            outputs, self._feed(clip.encoded, tokens, feed, cached=True)
        )
        return out

    @staticmethod
    def _feed(
        encoded: Encoded, tokens: NDArray[np.int64], past: dict[str, Floats], *, cached: bool
    ) -> dict[str, NDArray[np.generic]]:
        return {
            "input_ids": tokens,
            "encoder_hidden_states": encoded.states,
            "encoder_attention_mask": encoded.mask,
            "use_cache_branch": np.array([cached]),
            **past,
        }
