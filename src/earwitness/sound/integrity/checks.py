"""Whether an original looks like one: observations, each with what it cannot see.

No check proves that a recording is untouched: who edits with care leaves nothing that these
would find. What they find has ordinary causes too, which ``limits`` names. How often each is
mistaken on ordinary recordings and what it finds of edits: docs/research/integrity.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from earwitness.sound.hum import hum
from earwitness.sound.integrity import containers
from earwitness.sound.integrity.containers import Container
from earwitness.sound.integrity.lossy import block_grid, edge
from earwitness.sound.integrity.observation import Observation
from earwitness.sound.integrity.places import held, jumps, repeats
from earwitness.sound.levels import (
    CLIPPED_FROM,
    FRAME_SECONDS,
    clipped,
    effective_bits,
    frame_powers,
)
from earwitness.sound.recording import Recording

EDITORS = (
    "adobe", "audacity", "audition", "cool edit", "garageband", "goldwave", "izotope", "logic",
    "ocenaudio", "pro tools", "reaper", "sound forge", "soundforge", "wavelab", "wavepad",
)  # fmt: skip
JUMP = 25.0
"""Times the errors of prediction around it: none of 172 ordinary recordings has such a place."""
HELD_SECONDS = 0.005
REPEAT_SECONDS = 0.02
GRID = 6.0
"""Deviations: the highest of 1024 offsets by chance is some 3.3."""
FLOOR_STEP = 6.0
FLOOR_STEADY = 1.5
"""dB, see ``floor_steps``."""
OFFSET_STEP = 0.005
"""Of full scale."""
SPAN_SECONDS = 2.0
OFFSET_SECONDS = 0.1
MOST_PLACES = 20

NUISANCE = "Sounds of the scene, switches and other parts of the device do this too."


def check(content: bytes, recording: Recording) -> tuple[Observation, ...]:
    """Everything that is looked for in an original: its bytes, and what they decode to.

    Raises InputError where the headers end before they are complete.
    """
    container = containers.read(content)
    return (
        structure(container),
        software(container),
        length(container, recording),
        signature(container, recording),
        *sound(recording),
    )


def sound(recording: Recording) -> tuple[Observation, ...]:
    """What is looked for in the samples; they are enough, whatever the file was."""
    checks = (
        discontinuities, hum_phase, returns, holds, clipping, offset_steps, floor_steps, codec,
    )  # fmt: skip
    return tuple(each(recording) for each in checks)


# --- the file ---------------------------------------------------------------


def structure(container: Container) -> Observation:
    """Whether the headers agree with one another and with the bytes that are there."""
    limits = "An editor that writes a whole file leaves headers as good as a recorder's."
    if container.kind == "unknown":
        return Observation("container", "not WAV, FLAC or Ogg: not looked into", (), None, limits)
    if container.oddities:
        seen = f"{container.kind}: {'; '.join(container.oddities)}"
        return Observation("container", seen, (), False, limits)
    if container.unfinished:
        seen = f"{container.kind}: the length was never filled in"
        limits = "A recorder that streams or loses power leaves it so. " + limits
        return Observation("container", seen, (), None, limits)
    seen = f"{container.kind}: the headers fit the bytes"
    return Observation("container", seen, (), True, limits)


def software(container: Container) -> Observation:
    """Which programs the file names."""
    names = "; ".join(container.software)
    edited = any(editor in names.lower() for editor in EDITORS)
    return Observation(
        "software",
        f"names {names}" if names else "names no program",
        (),
        False if edited else None,
        "A name can be removed or written by anybody, and a recorder may use a general library.",
    )


def length(container: Container, recording: Recording) -> Observation:
    """Declared against decoded samples."""
    limits = "Says nothing of what was cut before the headers were written."
    there, declared = len(recording.samples), container.samples
    if declared is None:
        seen = f"{there} samples decode; the headers declare no number"
        return Observation("length", seen, (), None, limits)
    scale = recording.rate / container.rate if container.rate else 1.0
    apart = abs(declared * scale - there) > max(1.0, scale)
    seen = f"the headers declare {declared} samples at {container.rate} Hz, {there} decode"
    return Observation("length", f"{seen} at {recording.rate} Hz", (), not apart, limits)


def signature(container: Container, recording: Recording) -> Observation:
    """FLAC's own MD5 of the samples (RFC 9639, 8.2) against those that decode."""
    limits = "An encoder signs whatever it is given; this finds damage, not what came before."
    if container.md5 is None or container.bits is None:
        return Observation("FLAC signature", "there is none", (), None, limits)
    found = samples_md5(recording, container.bits)
    if found is None:
        seen = f"the samples are on no grid of {container.bits} bits, so they cannot be compared"
        return Observation("FLAC signature", seen, (), None, limits)
    same = found == container.md5
    seen = "the samples match it" if same else f"it says {container.md5}, the samples have {found}"
    return Observation("FLAC signature", seen, (), same, limits)


def samples_md5(recording: Recording, bits: int) -> str | None:
    """MD5 of interleaved little-endian integers; None where ``bits`` do not hold the samples."""
    held_by = effective_bits(recording.samples)
    if held_by is None or held_by > bits:
        return None
    whole = (recording.samples.astype(np.float64) * 2.0 ** (bits - 1)).astype("<i4")
    size = (bits + 7) // 8
    octets = np.ascontiguousarray(whole).view(np.uint8).reshape(-1, 4)[:, :size]
    return hashlib.md5(octets.tobytes(), usedforsecurity=False).hexdigest()


# --- the samples ------------------------------------------------------------


def discontinuities(recording: Recording) -> Observation:
    """Single samples that nothing around them leads to."""
    found = [jumps(channel, recording.rate, JUMP) for channel in recording.samples.T]
    places = _seconds(np.concatenate(found), recording.rate)
    return Observation(
        "jumps",
        f"{len(places)} places stand out {JUMP:g} times from the 0.1 s around them",
        places[:MOST_PLACES],
        None,
        f"Most cuts within speech or noise leave no such jump. {NUISANCE}",
    )


def hum_phase(recording: Recording) -> Observation:
    """Whether the hum of the mains runs through."""
    limits = (
        "A cut of whole periods is not seen, nor one in the first or last 1.5 s. "
        "Devices that start beside the microphone, and other voices that hold a note, may shift it."
    )
    found = hum(recording.mono(), recording.rate)
    if found is None:
        seen = "no hum of the mains is steady enough to be followed"
        return Observation("phase of the hum", seen, (), None, limits)
    turns = ", ".join(f"{np.degrees(jump):+.0f}°" for _, jump in found.breaks[:MOST_PLACES])
    seen = f"hum at {found.hertz:.2f} Hz, {found.stands_out_db:.0f} dB over what is beside it, " + (
        f"its phase jumps by {turns}" if turns else "its phase runs through"
    )
    places = tuple(place for place, _ in found.breaks[:MOST_PLACES])
    return Observation("phase of the hum", seen, places, not found.breaks, limits)


def returns(recording: Recording) -> Observation:
    """Stretches that are there twice, sample for sample."""
    shortest = max(1, round(REPEAT_SECONDS * recording.rate))
    found = repeats(np.ascontiguousarray(recording.samples[:, 0]), shortest)
    longest = max((length for _, _, length in found), default=0) / recording.rate
    seen = f"{len(found)} stretches of {REPEAT_SECONDS * 1000:g} ms or more return exactly"
    return Observation(
        "repeated stretches",
        f"{seen}, the longest of {longest:.3f} s" if found else seen,
        _seconds((other for _, other, _ in found), recording.rate)[:MOST_PLACES],
        not found,
        "A device that lost a packet may repeat the last one, and a tone made by a machine "
        "returns by itself. Copies that were mixed, filtered or coded are not seen.",
    )


def holds(recording: Recording) -> Observation:
    """Runs of equal samples inside the recording: digital silence, or a value that is held."""
    least = max(2, round(HELD_SECONDS * recording.rate))
    runs = held(recording.samples[:, 0], least)
    silent = sum(1 for start, _ in runs if not recording.samples[start, 0])
    seen = f"{len(runs)} runs of equal samples of {HELD_SECONDS * 1000:g} ms or more"
    return Observation(
        "held samples",
        f"{seen}, {silent} of them zeros",
        _seconds((start for start, _ in runs), recording.rate)[:MOST_PLACES],
        None,
        "Noise gates, lost packets, lossy codecs and a muted microphone do this too.",
    )


def clipping(recording: Recording) -> Observation:
    marked = [clipped(channel) for channel in recording.samples.T]
    share = float(np.mean([each.mean() if each.size else 0.0 for each in marked]))
    highest = float(np.abs(recording.samples).max(initial=0.0))
    below = highest < 0.99 and share > 0
    seen = f"{100 * share:.3f} % of the samples stand in runs at the highest value, {highest:.3f}"
    starts = np.concatenate([np.flatnonzero(np.diff(each.astype(int)) > 0) for each in marked])
    return Observation(
        "clipping",
        f"{seen}, which is under full scale" if below else seen,
        _seconds(starts, recording.rate)[:MOST_PLACES],
        None,
        "Clipping under full scale may be a change of level after recording, or the device's own "
        f"limit. Below a peak of {CLIPPED_FROM:g} it is not looked for.",
    )


def offset_steps(recording: Recording) -> Observation:
    """Whether the mean of the samples changes from one value to another."""
    size = max(1, round(OFFSET_SECONDS * recording.rate))
    mono = recording.mono()
    means = mono[: len(mono) // size * size].reshape(-1, size).mean(axis=1, dtype=np.float64)
    span = round(SPAN_SECONDS / OFFSET_SECONDS)
    middles = _percentile(means, span, 50)
    places = _steps(np.abs(middles[span:] - middles[:-span]), span, OFFSET_STEP)
    return Observation(
        "steps of the offset",
        f"{len(places)} steps of {100 * OFFSET_STEP:g} % of full scale or more",
        tuple(round(place * OFFSET_SECONDS, 3) for place in places[:MOST_PLACES]),
        None,
        f"Wind and a change of gain in the device shift the mean too. {NUISANCE}",
    )


def floor_steps(recording: Recording) -> Observation:
    """Whether the quiet moments of 2 s before and behind a place are of another loudness.

    Only where on both sides a fifth of the moments is about as quiet as the quietest: else
    somebody speaks without a pause, and the quietest moment is no noise floor.
    """
    powers = frame_powers(recording.samples, recording.rate)
    levels = 10 * np.log10(np.maximum(powers, 1e-12))
    span = round(SPAN_SECONDS / FRAME_SECONDS)
    quiet, fifth = _percentile(levels, span, 5), _percentile(levels, span, 20)
    steady = fifth - quiet < FLOOR_STEADY
    able = steady[span:] & steady[:-span]
    places = _steps(np.where(able, np.abs(quiet[span:] - quiet[:-span]), 0.0), span, FLOOR_STEP)
    seen = f"{len(places)} steps of {FLOOR_STEP:g} dB or more between the quiet moments of 2 s"
    share = float(able.mean()) if able.size else 0.0
    return Observation(
        "steps of the noise floor",
        f"{seen}; {100 * share:.0f} % of the places have a floor on both sides",
        tuple(round(place * FRAME_SECONDS, 3) for place in places[:MOST_PLACES]),
        None,
        "Doors, fans and automatic gain do this too, and in speech with short pauses there "
        "is no floor to compare.",
    )


def codec(recording: Recording) -> Observation:
    """Hints that what is kept without loss now once was not."""
    mono = recording.mono()
    found = edge(mono, recording.rate)
    offset, deviations = block_grid(mono)
    seen = [
        f"the spectrum falls by {found.fall_db:.0f} dB at {found.hertz:.0f} Hz"
        if found
        else "the spectrum has no steep edge",
        f"blocks of 1024 look quantised from sample {offset} on, {deviations:.1f} deviations"
        if deviations >= GRID
        else "no grid of quantised blocks stands out",
    ]
    return Observation(
        "lossy codec",
        "; ".join(seen),
        (),
        None,
        "A weak hint: many devices record with such a codec, filters and changes of rate make "
        "such edges, and Opus, MP3 or a later change of rate leave no grid that this finds.",
    )


# --- places -----------------------------------------------------------------


def _percentile(values: NDArray[np.float64], span: int, percentile: float) -> NDArray[np.float64]:
    """Of every ``span`` values; nothing where there are fewer."""
    if len(values) < span:
        return np.zeros(0)
    return np.percentile(sliding_window_view(values, span), percentile, axis=1)


def _steps(differ: NDArray[np.float64], span: int, least: float) -> list[int]:
    """Places where what ``span`` values before and behind say differs by ``least``.

    Of neighbouring places the one where it differs most, at most one a span.
    """
    found: list[int] = []
    for place in np.argsort(-differ, kind="stable"):
        if differ[place] < least:
            break
        if all(abs(place - other) >= span for other in found):
            found.append(int(place))
    return sorted(place + span for place in found)


def _seconds(places: Iterable[int] | NDArray[np.int64], rate: int) -> tuple[float, ...]:
    return tuple(sorted({round(int(place) / rate, 3) for place in places}))
