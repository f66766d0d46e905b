"""Plays clips through whatever player the machine has, at a bounded loudness.

A clip goes to the player's standard input and never into a file. That is why macOS's
``afplay``, which reads files only, is not among them.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np

from earwitness.audio.samples import to_int16
from earwitness.model import SAMPLE_RATE, Samples

PLAYERS = (
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error", "-i", "pipe:0"),
    ("aplay", "-q", "-"),
    ("play", "-q", "-t", "wav", "-"),
    ("pacat", "--playback", "--format=s16le", f"--rate={SAMPLE_RATE}", "--channels=1"),
)
"""Commands that play their standard input, in the order in which they are tried."""
HEADERLESS = "pacat"
"""This one takes samples alone; the others take a WAV."""

LOUDEST = 0.1
"""Root mean square, -20 dB of full scale, that the loudest moment of a clip may have."""
HIGHEST_PEAK = 0.5
MOST_GAIN = 10.0
MOMENT = int(0.4 * SAMPLE_RATE)
"""The window of momentary loudness in ITU-R BS.1770 and EBU Tech 3341."""
FADE = int(0.02 * SAMPLE_RATE)


def player() -> list[str] | None:
    """The command of the first player that is installed; None where there is none."""
    for program, *arguments in PLAYERS:
        if path := shutil.which(program):
            return [path, *arguments]
    return None


def play(samples: Samples) -> bool:
    """Plays a clip to its end. False where no player exists, or it could not play."""
    command = player()
    if command is None:
        return False
    quiet = bounded(samples)
    done = subprocess.run(  # noqa: S603 - one of PLAYERS
        command,
        input=_pcm(quiet) if Path(command[0]).name == HEADERLESS else wav(quiet),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0


def bounded(samples: Samples) -> Samples:
    """The clip at a loudness that hurts nobody.

    One gain for the whole clip, so that nothing in it is changed against the rest: its
    loudest 0.4 s reach ``LOUDEST``, no sample exceeds ``HIGHEST_PEAK``, and a quiet clip
    is raised ``MOST_GAIN`` times at most. It fades in and out over 20 ms.
    """
    if not samples.size:
        return samples
    energy = np.cumsum(np.concatenate([[0.0], np.square(samples, dtype=np.float64)]))
    width = min(MOMENT, len(samples))
    loudest = float(np.sqrt((energy[width:] - energy[:-width]).max() / width))
    peak = float(np.abs(samples).max())
    gain = min(MOST_GAIN, LOUDEST / max(loudest, 1e-9), HIGHEST_PEAK / max(peak, 1e-9))
    steps = np.arange(1, len(samples) + 1, dtype=np.float32)
    fade = np.minimum(1, np.minimum(steps, steps[::-1]) / FADE)
    return (samples * np.float32(gain) * fade).astype(np.float32)


def wav(samples: Samples) -> bytes:
    """A 16-bit WAV, in memory."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, len(samples), "NONE", ""))
        file.writeframes(_pcm(samples))
    return out.getvalue()


def _pcm(samples: Samples) -> bytes:
    return to_int16(samples).astype("<i2").tobytes()
