"""How well recordings of one event are aligned, and how often others are taken for one.

Each pair is made of speech, two rooms' responses, a drift and noise, so the true line is
known. Its delay is the difference of the two arrivals of the direct sound: in a simulated
room, by the distance from the source; in a measured response, the first sample within
``DIRECT_DB`` of the strongest. A response whose strongest sample comes more than
``CLEAR_SECONDS`` after that has no clear direct sound and is left out. A true pair that is
refused counts as an error without bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from earwitness.bench.figures import Plain
from earwitness.bench.manifest import Manifest, recordings
from earwitness.errors import InputError
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.ports import AudioReader
from earwitness.sound.recording import Recording
from earwitness.sound.several.align import Aligned, NotSame, align
from earwitness.sound.several.sinc import sampled

DRIFT = 50e-6
NEAR_MS = 1.0
DIRECT_DB = 6.0
CLEAR_SECONDS = 0.005
SOUND_SPEED = 343.0
FARTHEST = 3.0
"""From the source to a device, in metres."""
KINDS = ("other speaker", "same speaker", "same hum", "same noise, another stretch")
"""Unrelated pairs, in turn. Each is of other words, at 0 dB of noise."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """A room's impulse response at 16 kHz; ``direct`` is when the direct sound comes, in s."""

    samples: Floats
    direct: float


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    speaker: str
    audio: Samples


def alignment(
    speech: Sequence[Manifest],
    reader: AudioReader,
    rooms: Manifest | None = None,
    *,
    pairs: int = 60,
    unrelated: int = 200,
    seconds: float = 20.0,
    snr_db: float = 0.0,
    seed: int = 0,
) -> Plain:
    """Errors in ms over ``pairs`` true pairs, and how many of ``unrelated`` ones passed.

    Half of the pairs are in simulated rooms and half in ``rooms``, or all in simulated
    ones without. Raises InputError where there are too few recordings to make pairs of.
    """
    rng = np.random.default_rng(seed)
    voices = _voices(speech, reader)
    measured = _responses(rooms, reader) if rooms else []
    errors: dict[str, list[float]] = {"simulated": [], "measured": []}
    for number in range(pairs):
        kind = "measured" if len(measured) > 1 and number % 2 else "simulated"
        responses = _two(rng, measured) if kind == "measured" else _simulated(rng)
        errors[kind].append(_error(rng, _talk(rng, voices, seconds), responses, snr_db))
    passed, highest = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0.0)
    for number in range(unrelated):
        kind = KINDS[number % len(KINDS)]
        found = _strangers(rng, voices, seconds, kind)
        passed[kind] += isinstance(found, Aligned)
        highest[kind] = max(highest[kind], _reached(found))
    every = errors["simulated"] + errors["measured"]
    return {
        "alignment_error_ms": _percentiles(every),
        "within_1_ms": {kind: _share(values) for kind, values in errors.items()},
        "refused": int(np.isinf(every).sum()),
        "pairs": len(every),
        "false_same_event": sum(passed.values()),
        "false_by_kind": passed,
        "highest_of_needed": highest,
        "unrelated_pairs": unrelated,
    }


def _reached(found: Aligned | NotSame) -> float:
    """The share of what it takes to pass; over 1 has passed."""
    shown = found.evidence if isinstance(found, Aligned) else found
    return shown.peak / shown.needed if shown.needed else 0.0


def _percentiles(errors: Sequence[float]) -> Plain:
    """Null stands for a refusal."""
    if not errors:
        return {"p50": None, "p95": None}
    found = np.quantile(errors, [0.5, 0.95], method="higher")
    return {
        name: float(value) if np.isfinite(value) else None
        for name, value in zip(("p50", "p95"), found, strict=True)
    }


def _share(errors: Sequence[float]) -> float | None:
    return float(np.mean(np.array(errors) <= NEAR_MS)) if errors else None


def _voices(speech: Sequence[Manifest], reader: AudioReader) -> list[Voice]:
    failed: list[str] = []
    found = [
        Voice(row.speaker, audio)
        for manifest in speech
        for row, audio in islice(recordings(manifest, reader, failed), 60)
    ]
    if len(found) < 4:
        raise InputError("Unrelated pairs take at least four recordings of speech.")
    return found


def _talk(rng: np.random.Generator, voices: Sequence[Voice], seconds: float) -> Samples:
    """Utterances with short pauses, none twice until all were used."""
    parts: list[Samples] = []
    length = round(seconds * SAMPLE_RATE)
    while sum(map(len, parts)) < length:
        for index in rng.permutation(len(voices)):
            pause = np.zeros(round(rng.uniform(0.1, 0.6) * SAMPLE_RATE), np.float32)
            parts += [voices[index].audio, pause]
    return np.concatenate(parts)[:length]


# --- true pairs ---------------------------------------------------------------


def _error(
    rng: np.random.Generator, dry: Samples, responses: tuple[Response, Response], snr_db: float
) -> float:
    """The largest error over the overlap, in ms; infinite where the pair is refused."""
    one, two = (_heard(rng, dry, each, snr_db) for each in responses)
    missed = float(rng.uniform(0, len(dry) / SAMPLE_RATE / 3))
    count = int((len(two) / SAMPLE_RATE - missed - 0.1) * SAMPLE_RATE * (1 + DRIFT))
    late = sampled(two[:, None], missed * SAMPLE_RATE, 1 / (1 + DRIFT), count)
    found = align(Recording(one[:, None], SAMPLE_RATE), Recording(late, SAMPLE_RATE))
    if isinstance(found, NotSame):
        return float("inf")
    delay = responses[1].direct - responses[0].direct
    moments = np.linspace(missed, len(one) / SAMPLE_RATE, 5).tolist()
    true = [(moment + delay - missed) * (1 + DRIFT) for moment in moments]
    away = [abs(found.in_other(m) - t) for m, t in zip(moments, true, strict=True)]
    return float(max(away)) * 1e3


def _heard(rng: np.random.Generator, dry: Samples, room: Response, snr_db: float) -> Samples:
    from scipy.signal import fftconvolve

    wet = fftconvolve(dry, room.samples)[: len(dry)]
    return _noisy(wet, rng.standard_normal(len(wet)), snr_db)


def _noisy(sound: Floats, noise: Floats, snr_db: float) -> Samples:
    power = np.mean(sound**2) / max(float(np.mean(noise**2)), 1e-12)
    mixed = sound + noise * np.sqrt(power) * 10 ** (-snr_db / 20)
    scaled: Samples = (0.3 * mixed / np.abs(mixed).max()).astype(np.float32)
    return scaled


def _simulated(rng: np.random.Generator) -> tuple[Response, Response]:
    """Two places in a furnished room: image sources (Allen & Berkley 1979)."""
    import pyroomacoustics as pra

    size = rng.uniform([3.0, 3.0, 2.4], [8.0, 6.0, 3.2])
    absorption, order = pra.inverse_sabine(rng.uniform(0.2, 0.4), size)
    walls = pra.Material(absorption)
    room = pra.ShoeBox(size, SAMPLE_RATE, materials=walls, max_order=min(order, 15))
    source, one, two = _places(rng, size)
    room.add_source(source)
    room.add_microphone(np.array([one, two]).T)
    room.compute_rir()
    late = pra.constants.get("frac_delay_length") // 2 / SAMPLE_RATE
    first, second = (
        Response(room.rir[n][0], late + float(np.linalg.norm(source - place)) / SOUND_SPEED)
        for n, place in enumerate((one, two))
    )
    return first, second


def _places(rng: np.random.Generator, size: Floats) -> list[Floats]:
    while True:
        places = [rng.uniform(0.5, size - 0.5) for _ in range(3)]
        if max(np.linalg.norm(places[0] - place) for place in places[1:]) <= FARTHEST:
            return places


def _responses(rooms: Manifest, reader: AudioReader) -> list[Response]:
    failed: list[str] = []
    found = []
    for _, samples in recordings(rooms, reader, failed):
        height = np.abs(samples)
        direct = int(np.argmax(height >= height.max() * 10 ** (-DIRECT_DB / 20)))
        if int(height.argmax()) - direct <= CLEAR_SECONDS * SAMPLE_RATE:
            found.append(Response(samples.astype(np.float64), direct / SAMPLE_RATE))
    return found


def _two(rng: np.random.Generator, rooms: Sequence[Response]) -> tuple[Response, Response]:
    one, two = rng.choice(len(rooms), 2, replace=False)
    return rooms[one], rooms[two]


# --- unrelated pairs ----------------------------------------------------------


def _strangers(
    rng: np.random.Generator, voices: Sequence[Voice], seconds: float, kind: str
) -> Aligned | NotSame:
    first, second = _others(rng, voices, kind)
    room = _simulated(rng)
    length = round(seconds * SAMPLE_RATE)
    noises = _noises(rng, length, kind)
    made = [
        _noisy(_wet(_talk(rng, said, seconds), place), noise, 0.0)
        for said, place, noise in zip((first, second), room, noises, strict=True)
    ]
    one, two = (Recording(each[:, None], SAMPLE_RATE) for each in made)
    return align(one, two)


def _wet(dry: Samples, room: Response) -> Floats:
    from scipy.signal import fftconvolve

    wet: Floats = fftconvolve(dry, room.samples)[: len(dry)]
    return wet


def _others(
    rng: np.random.Generator, voices: Sequence[Voice], kind: str
) -> tuple[list[Voice], list[Voice]]:
    """Two sets of utterances that share none; of one speaker, where that is the kind."""
    shuffled = [voices[index] for index in rng.permutation(len(voices))]
    if kind == "same speaker":
        counted = [voice.speaker for voice in shuffled]
        often = [name for name in dict.fromkeys(counted) if counted.count(name) > 1]
        if often:
            shuffled = [voice for voice in shuffled if voice.speaker == often[0]]
    half = len(shuffled) // 2
    if kind != "same speaker":
        names = {voice.speaker for voice in shuffled[:half]}
        rest = [voice for voice in shuffled[half:] if voice.speaker not in names]
        return shuffled[:half], rest or shuffled[half:]
    return shuffled[:half], shuffled[half:]


def _noises(rng: np.random.Generator, length: int, kind: str) -> tuple[Floats, Floats]:
    hiss = rng.standard_normal((2, length))
    if kind == "same hum":
        at = np.arange(length) / SAMPLE_RATE
        hum = sum(np.sin(2 * np.pi * 50 * n * at + n * n) / n for n in range(1, 60))
        return hum + 0.1 * hiss[0], hum + 0.1 * hiss[1]
    if kind.startswith("same noise"):
        bed = np.cumsum(rng.standard_normal(2 * length)) * 0.02
        bed = np.diff(bed, prepend=0.0) + 0.3 * np.sin(np.arange(2 * length) / 700.0)
        return bed[:length], bed[length:]
    return hiss[0], hiss[1]
