"""``bench sound``: what is tagged, how well recordings are aligned, what cleaning does to words.

Rows are told apart by the ``kind`` that their manifest gives: sound, noise, speech, and room
impulse response. What a measurement has no rows for is null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from earwitness.bench import sound_alignment, sound_enhancement, sound_events
from earwitness.bench.manifest import Manifest, Row, read
from earwitness.errors import ManifestError
from earwitness.flow.treating import Original, Workshop, replay, treat
from earwitness.ports import AudioReader, Engine, Screening, SoundTagger
from earwitness.sound.chain import Chain, Step
from earwitness.sound.recording import Recording

Plain = dict[str, Any]
Doing = Callable[[str, float, float], None]
"""Told what is being measured, how much of it is done, and of how much."""

SPEECH, NOISE, ROOM = "speech", "noise", "room impulse response"
FEWEST_WORDS = 4
"""Of an utterance whose words are counted: a single one says little of noise."""
FEWEST_VOICES = 4
"""Recordings of speech that pairs are made of, unrelated ones too."""
HIDDEN_DB = 10.0
"""So far under another sound harm is looked for besides."""
REPLAYED = Chain(
    None,
    (
        Step("high-pass", {"hz": 100.0}),
        Step("reduce-noise", {}),
        Step("compress", {}),
    ),
)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured. Fewer are quicker, and say less."""

    pairs: int = 60
    unrelated: int = 200
    utterances: int = 20


@dataclass(frozen=True, eq=False)
class Parts:
    """Of the program. ``screening`` is None where its weights are not installed."""

    reader: AudioReader
    tagger: SoundTagger
    engine: Engine
    workshop: Workshop
    screening: Screening | None


def run(manifests: Sequence[Path], parts: Parts, doing: Doing, extent: Extent = Extent()) -> Plain:
    """All figures. Raises ManifestError for manifests without a recording to tag."""
    rows = [row for path in manifests for row in read(path).rows]
    tagged = [row for row in rows if row.kind != ROOM]
    if not tagged:
        raise ManifestError("No manifest has a sound, noise or speech to tag.")
    events = sound_events.run(
        [_of(tagged)],
        parts.reader,
        parts.tagger,
        below_db=(HIDDEN_DB,),
        progress=lambda done, of: doing("What sounds", done, of),
    )
    speech = [row for row in rows if row.kind == SPEECH and row.text]
    return {
        **events,
        **_aligned(speech, [row for row in rows if row.kind == ROOM], parts, doing, extent),
        "enhancement": _enhanced(speech, rows, parts, doing, extent),
        "replay_bit_exact": _replayed(tagged[0], parts),
    }


def _of(rows: Sequence[Row]) -> Manifest:
    return Manifest(Path("manifests"), tuple(rows))


def _aligned(
    speech: Sequence[Row], rooms: Sequence[Row], parts: Parts, doing: Doing, extent: Extent
) -> Plain:
    if len(speech) < FEWEST_VOICES:
        return {"alignment_error_ms": None, "false_same_event": None}
    doing("Which recordings are of one event", 0, 1)
    return sound_alignment.alignment(
        [_of(speech)],
        parts.reader,
        _of(rooms) if rooms else None,
        pairs=extent.pairs,
        unrelated=extent.unrelated,
    )


def _enhanced(
    speech: Sequence[Row], rows: Sequence[Row], parts: Parts, doing: Doing, extent: Extent
) -> Plain | None:
    """Of utterances that are spread over all that there are."""
    spoken = [row for row in speech if len(row.text.split()) >= FEWEST_WORDS]
    beds = [row for row in rows if row.kind == NOISE]
    if not (spoken and beds):
        return None
    places = np.linspace(0, len(spoken) - 1, min(extent.utterances, len(spoken))).round()
    chosen = [spoken[int(place)] for place in places]
    found = sound_enhancement.run(
        _of(chosen),
        _of(beds),
        parts.reader,
        parts.engine,
        parts.workshop.tools,
        screening=parts.screening,
        progress=lambda done, of: doing("What cleaning does to words", done, of),
    )
    by_ratio: Plain = found.pop("snr")
    return found | by_ratio


def _replayed(row: Row, parts: Parts) -> bool:
    """Whether a chain that is run again from its replay file gives the same samples."""
    samples = parts.reader.read(row.path)
    original = Original("0" * 64, Recording(samples[:, None], 16_000))
    first = treat(original, REPLAYED, parts.workshop)
    _, differs = replay(first.record, original, parts.workshop)
    return not differs
