"""Parts of the spectrum away, or up and down. Nothing is shifted in time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from earwitness.errors import InputError
from earwitness.sound.biquads import Sections, both_ways, notch, peaking
from earwitness.sound.kinds import (
    Done,
    Kind,
    Tools,
    each_channel,
    number,
    require_below_half,
    whole,
)
from earwitness.sound.recording import Recording

_ORDER = "of the Butterworth filter; forwards and backwards, so 12 dB an octave for each"
_EDGE = "where it is 6 dB down"
SETTLING_PERIODS = 8.0
"""Periods of a filter's lowest frequency, times its q, after which its ringing is over."""


@dataclass(frozen=True, slots=True)
class HighPass:
    hz: float = number(80.0, 10.0, 20_000.0, "Hz", _EDGE)
    order: int = whole(4, 1, 8, "", _ORDER)


@dataclass(frozen=True, slots=True)
class LowPass:
    hz: float = number(8_000.0, 100.0, 96_000.0, "Hz", _EDGE)
    order: int = whole(4, 1, 8, "", _ORDER)


@dataclass(frozen=True, slots=True)
class BandPass:
    low_hz: float = number(300.0, 10.0, 20_000.0, "Hz", f"the lower edge, {_EDGE}")
    high_hz: float = number(3_400.0, 100.0, 96_000.0, "Hz", f"the upper edge, {_EDGE}")
    order: int = whole(4, 1, 8, "", _ORDER)


@dataclass(frozen=True, slots=True)
class Notch:
    hz: float = number(1_000.0, 10.0, 96_000.0, "Hz", "what is taken away")
    q: float = number(30.0, 0.5, 200.0, "", "hz over the width, where it is 6 dB down")


@dataclass(frozen=True, slots=True)
class Equaliser:
    hz: float = number(1_000.0, 10.0, 96_000.0, "Hz", "the middle of the band")
    db: float = number(0.0, -40.0, 40.0, "dB", "how much louder the middle becomes")
    q: float = number(1.0, 0.1, 50.0, "", "hz over the width of the band")


def high_pass(recording: Recording, settings: HighPass, tools: Tools) -> Done:
    require_below_half(recording, settings.hz, "hz")
    sections = _butterworth(recording.rate, settings.order, [settings.hz], "highpass")
    return _filtered(recording, sections, settings.hz, tools)


def low_pass(recording: Recording, settings: LowPass, tools: Tools) -> Done:
    require_below_half(recording, settings.hz, "hz")
    sections = _butterworth(recording.rate, settings.order, [settings.hz], "lowpass")
    return _filtered(recording, sections, settings.hz, tools)


def band_pass(recording: Recording, settings: BandPass, tools: Tools) -> Done:
    edges = [settings.low_hz, settings.high_hz]
    if settings.low_hz >= settings.high_hz:
        raise InputError("low_hz has to be less than high_hz")
    require_below_half(recording, settings.high_hz, "high_hz")
    sections = _butterworth(recording.rate, settings.order, edges, "bandpass")
    return _filtered(recording, sections, min(edges[0], edges[1] - edges[0]), tools)


def take_notch(recording: Recording, settings: Notch, tools: Tools) -> Done:
    require_below_half(recording, settings.hz, "hz")
    sections = notch(recording.rate, settings.hz, settings.q)
    return _filtered(recording, sections, settings.hz / settings.q, tools)


def equaliser(recording: Recording, settings: Equaliser, tools: Tools) -> Done:
    require_below_half(recording, settings.hz, "hz")
    sections = peaking(recording.rate, settings.hz, settings.db / 2, settings.q)
    return _filtered(recording, sections, settings.hz / settings.q, tools)


def _butterworth(rate: int, order: int, edges: list[float], kind: str) -> Sections:
    from scipy.signal import butter  # takes a second, and few processes need it

    wanted = edges[0] if len(edges) == 1 else edges
    sections: Sections = butter(order, wanted, kind, fs=rate, output="sos")
    return sections


def _filtered(recording: Recording, sections: Sections, slowest: float, tools: Tools) -> Done:
    """``slowest`` is the narrowest width in Hz that the filter tells apart."""
    settles = round(SETTLING_PERIODS * recording.rate / slowest)
    work = partial(both_ways, sections=sections, settles=settles)
    return Done(each_channel(recording, work, tools))


_BUTTERWORTH = "Butterworth 1930, forwards and backwards (Gustafsson 1996): no shift in time"
_COOKBOOK = "Bristow-Johnson, Cookbook formulae for audio EQ biquad filters; forwards and backwards"

KINDS = (
    Kind("high-pass", "Takes away what is below a frequency.", _BUTTERWORTH, HighPass, high_pass),
    Kind("low-pass", "Takes away what is above a frequency.", _BUTTERWORTH, LowPass, low_pass),
    Kind("band-pass", "Leaves what is between two frequencies.", _BUTTERWORTH, BandPass, band_pass),
    Kind("notch", "Takes one frequency away, such as a whistle.", _COOKBOOK, Notch, take_notch),
    Kind(
        "equaliser",
        "Makes a band of frequencies louder or softer.",
        _COOKBOOK,
        Equaliser,
        equaliser,
    ),
)
