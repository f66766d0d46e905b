"""One box in time and frequency: a beep, a cough, a click."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import InputError
from earwitness.sound import spectra
from earwitness.sound.kinds import (
    Done,
    Kind,
    Signal,
    Tools,
    choice,
    each_channel,
    linear,
    number,
)
from earwitness.sound.recording import Recording
from earwitness.sound.spectra import TINY, Power, Spectra

LONGEST = 30.0
"""Seconds of a box: it is held as a whole."""
NEIGHBOURS = 8
"""Frames on each side of a box that say what is likely in it."""


@dataclass(frozen=True, slots=True)
class Repair:
    start: float = number(0.0, 0.0, 600.0, "s", "where the box begins")
    end: float = number(1.0, 0.0, 600.0, "s", "where the box ends")
    low_hz: float = number(0.0, 0.0, 192_000.0, "Hz", "the lower edge of the box")
    high_hz: float = number(192_000.0, 0.0, 192_000.0, "Hz", "the upper edge of the box")
    how: str = choice(
        "attenuate",
        ("attenuate", "interpolate"),
        "lower what is in the box, or give it the strength of what is before and after",
    )
    db: float = number(30.0, 0.0, 100.0, "dB", "by how much to attenuate")
    window_ms: float = number(32.0, 8.0, 128.0, "ms", "length of a frame")


def repair(recording: Recording, settings: Repair, tools: Tools) -> Done:
    _require_box(recording, settings)
    size = spectra.size_of(recording.rate, settings.window_ms)
    margin = (NEIGHBOURS + spectra.OVERLAP) * size
    first = max(0, round(settings.start * recording.rate) - margin)
    last = round(settings.end * recording.rate) + margin
    offset = first / recording.rate

    def work(channel: Signal) -> Signal:
        part = channel[first:last]
        changed = spectra.through(part[None], size, change, most=1 << 30)[0]
        return np.concatenate([channel[:first], part + changed, channel[last:]])

    def change(signals: Spectra, frame: int) -> Spectra:
        """What has to be added: nothing outside the box, so that it stays to the bit."""
        tools.check()
        at = spectra.moments(frame, signals.shape[1], size, recording.rate) + offset
        times = np.flatnonzero((at >= settings.start) & (at < settings.end))
        hz = np.arange(signals.shape[2]) * recording.rate / size
        bins = np.flatnonzero((hz >= settings.low_hz) & (hz <= settings.high_hz))
        added = np.zeros_like(signals)
        if times.size and bins.size:
            box = np.ix_(times, bins)
            added[0][box] = signals[0][box] * (_gains(signals[0], times, bins, settings) - 1)
        return added

    return Done(each_channel(recording, work, tools))


def _require_box(recording: Recording, settings: Repair) -> None:
    if not settings.start < settings.end or settings.low_hz >= settings.high_hz:
        raise InputError("start has to be less than end, and low_hz less than high_hz")
    if settings.end - settings.start > LONGEST:
        raise InputError(f"a box has at most {LONGEST:g} s; use several")
    if settings.start >= recording.seconds:
        raise InputError(f"the box begins after the end, at {recording.seconds:.2f} s")


def _gains(
    signal: Spectra, times: NDArray[np.intp], bins: NDArray[np.intp], settings: Repair
) -> Power:
    """For every cell of the box, ``[frames, bins]``."""
    if settings.how == "attenuate":
        return np.full((len(times), len(bins)), linear(-settings.db))
    power = np.square(np.abs(signal[:, bins])) + TINY
    first, last = int(times[0]), int(times[-1]) + 1
    before, after = power[max(0, first - NEIGHBOURS) : first], power[last : last + NEIGHBOURS]
    known = [np.log(side.mean(axis=0)) for side in (before, after) if len(side)]
    if not known:
        raise InputError("nothing is before or after the box to interpolate from")
    share = np.linspace(0, 1, len(times) + 2)[1:-1, None]
    likely = (1 - share) * known[0] + share * known[-1]
    gains: Power = np.exp((likely - np.log(power[first:last])) / 2)
    return gains


KINDS = (
    Kind(
        "repair",
        "Lowers one box in time and frequency, or fills it from its neighbours in time.",
        "gain on cells of the short-time Fourier transform, phases as recorded (Godsill & Rayner"
        " 1998)",
        Repair,
        repair,
        invents=True,
    ),
)
