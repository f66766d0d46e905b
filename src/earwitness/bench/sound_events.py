"""``bench sound``, the events: what is found of harm, and what is taken for it.

Every recording goes through the tagger once, with all categories watched. Which ones are
harm is said by ``sound_labels``. ``recall`` is the share of harm recordings in which some
event is found, ``precision`` the share of events that lie in one; by class, only events of
the right category count. A recording's score, for the areas under the ROC curve, is its
highest frame's, lowered for what lies in the background as it is for events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np

from earwitness.bench.figures import Plain, bootstrapped, rate
from earwitness.bench.manifest import Manifest, Row, combined, given, recordings
from earwitness.bench.separation import auc
from earwitness.bench.sound_labels import Group, group_of, harm_of
from earwitness.bench.sound_mixing import mixed
from earwitness.errors import InputError, ManifestError
from earwitness.model import SAMPLE_RATE, Interval, Samples
from earwitness.ports import AudioReader
from earwitness.ports.sound import SoundTagger
from earwitness.sound.tagging.events import THRESHOLDS, Event, Threshold, events
from earwitness.sound.tagging.harm import HarmSound
from earwitness.speech.wer import ratio

BEDS = 4
"""Recordings of a group that lie over every harm in turn."""
ORDINARY = (Group.SPEECH, Group.MUSIC)
"""What is ordinary in any home: false alarms are promised to be rare there."""
ANY = {category: Threshold(1e-6, 1e-6) for category in HarmSound}
"""Below every score: with these, the best event of a category has its highest frame's."""

Progress = Callable[[int, int], None]
Thresholds = Mapping[HarmSound, Threshold]


@dataclass(frozen=True, slots=True)
class Tagged:
    """One recording: what it is, what was found, and each category's highest score."""

    group: Group
    harm: HarmSound | None
    seconds: float
    took: float
    found: tuple[Event, ...]
    highest: Mapping[HarmSound, float]

    @property
    def score(self) -> float:
        return max(self.highest.values(), default=0.0)


def run(
    manifests: Sequence[Path | Manifest],
    reader: AudioReader,
    tagger: SoundTagger,
    *,
    thresholds: Thresholds = THRESHOLDS,
    below_db: Sequence[float] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> Plain:
    """The measurement, as plain values.

    ``false_alarms_per_hour`` is of speech and music; ``groups`` has them apart, and household
    noise. ``tagger_rtf`` is processor time. For every number of ``below_db``, ``mixed`` has
    each harm so many dB under ``BEDS`` recordings of each group. Raises ManifestError where
    nothing can be measured.
    """
    whole = combined("sound events", [given(each) for each in manifests])
    left_out = [*whole.left_out, *(_unused(row) for row in whole.rows if group_of(row) is None)]
    rows = Manifest(whole.path, tuple(row for row in whole.rows if group_of(row)))
    tagged = []
    for row, audio in recordings(rows, reader, left_out):
        tagged.append(_tag(row, audio, tagger, thresholds))
        if progress:
            progress(len(tagged), len(rows.rows))
    if not tagged:
        raise ManifestError(f"No recording could be tagged. {''.join(left_out[:1])}")
    over = {str(db): _under(rows, reader, tagger, thresholds, db, seed) for db in below_db}
    return {
        "tagger": tagger.name,
        "recordings": len(tagged),
        "left_out": left_out,
        **figures(tagged),
        **({"mixed": over} if over else {}),
    }


def figures(tagged: Sequence[Tagged]) -> Plain:
    """All figures of some recordings; null where there is nothing to divide by."""
    harm = [each for each in tagged if each.harm]
    ordinary = [each for each in tagged if each.group in ORDINARY and not each.harm]
    sounds = [each for each in tagged if each.harm or each.group not in ORDINARY]
    hits = [bool(each.found) for each in harm]
    inside = [len(each.found) if each.harm else 0 for each in tagged]
    return {
        **rate("harm_auc", _auc(tagged)),
        **rate("harm_auc_against_household", _auc(sounds)),
        **rate("recall", ratio(hits, np.ones(len(hits)), share=True)),
        **rate("precision", ratio(inside, [len(each.found) for each in tagged], share=True)),
        **_alarms(ordinary),
        **rate("tagger_rtf", ratio([t.took for t in tagged], [t.seconds for t in tagged])),
        "groups": {group.value: _of_group(tagged, group) for group in Group},
        "classes": {
            category.value: _of_class(tagged, category)
            for category in HarmSound
            if any(each.harm == category for each in tagged)
        },
    }


def _tag(row: Row, audio: Samples, tagger: SoundTagger, thresholds: Thresholds) -> Tagged:
    before = process_time()
    scores = tagger.scores(audio)
    took = process_time() - before

    def found(limits: Thresholds) -> tuple[Event, ...]:
        timing = (tagger.hop_seconds, tagger.frame_seconds)
        return events(scores, tagger.classes, *timing, tuple(HarmSound), limits)

    highest = dict.fromkeys(HarmSound, 0.0)
    for event in found(ANY):
        highest[event.category] = max(highest[event.category], event.score)
    group = group_of(row) or Group.HOUSEHOLD
    seconds = len(audio) / SAMPLE_RATE
    return Tagged(group, harm_of(row), seconds, took, found(thresholds), highest)


def _of_group(tagged: Sequence[Tagged], group: Group) -> Plain:
    own = [each for each in tagged if each.group == group and not each.harm]
    return {
        "recordings": len(own),
        "hours": sum(each.seconds for each in own) / 3600,
        **_alarms(own),
        "taken_for": _counts(own),
    }


def _counts(tagged: Sequence[Tagged]) -> dict[str, int]:
    names = [event.category.value for each in tagged for event in each.found]
    return {name: names.count(name) for name in sorted(set(names))}


def _alarms(tagged: Sequence[Tagged]) -> Plain:
    hours = [each.seconds / 3600 for each in tagged]
    return rate("false_alarms_per_hour", ratio([len(each.found) for each in tagged], hours))


def _of_class(tagged: Sequence[Tagged], category: HarmSound) -> Plain:
    own = [each.harm == category for each in tagged]
    found = [sum(event.category == category for event in each.found) for each in tagged]
    right = [count * is_own for count, is_own in zip(found, own, strict=True)]
    hits = [count > 0 and is_own for count, is_own in zip(found, own, strict=True)]
    scores = np.array([each.highest[category] for each in tagged])
    return {
        "recordings": sum(own),
        "auc": _plain(auc(-scores, np.array(own))),
        **rate("recall", ratio(hits, own, share=True)),
        **rate("precision", ratio(right, found, share=True)),
    }


def _auc(tagged: Sequence[Tagged]) -> Interval | None:
    """Harm or not, with its interval over recordings."""
    scores = np.array([each.score for each in tagged])
    harm = np.array([each.harm is not None for each in tagged], np.bool_)
    return bootstrapped(lambda drawn: auc(-scores[drawn], harm[drawn]), range(len(tagged)))


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value


def _under(
    rows: Manifest,
    reader: AudioReader,
    tagger: SoundTagger,
    thresholds: Thresholds,
    below_db: float,
    seed: int,
) -> Plain:
    """Every harm under some recordings of each group; hit if its own category is found."""
    harms = Manifest(rows.path, tuple(row for row in rows.rows if harm_of(row)))
    found: Plain = {}
    for group in Group:
        beds = list(_beds(rows, reader, group, seed))
        tagged = [
            _tag(row, mix, tagger, thresholds)
            for row, sound in recordings(harms, reader, [])
            for mix in _mixes(sound, beds, below_db, seed)
        ]
        hits = [any(e.category == each.harm for e in each.found) for each in tagged]
        found[group.value] = {
            "mixtures": len(tagged),
            **rate("recall", ratio(hits, np.ones(len(hits)), share=True)),
        }
    return found


def _beds(rows: Manifest, reader: AudioReader, group: Group, seed: int) -> Iterator[Samples]:
    """Some recordings of a group without harm, drawn by ``seed``."""
    own = [row for row in rows.rows if group_of(row) == group and harm_of(row) is None]
    drawn = np.random.default_rng(seed).permutation(len(own))[:BEDS]
    chosen = Manifest(rows.path, tuple(own[place] for place in drawn))
    yield from (audio for _, audio in recordings(chosen, reader, []))


def _mixes(
    sound: Samples, beds: Sequence[Samples], below_db: float, seed: int
) -> Iterator[Samples]:
    for number, bed in enumerate(beds):
        try:
            yield mixed(sound, bed, below_db, seed + number)
        except InputError:  # silent: says nothing about the tagger
            continue


def _unused(row: Row) -> str:
    return f"line {row.line}: of kind {row.kind!r}, which is neither speech nor a sound"
