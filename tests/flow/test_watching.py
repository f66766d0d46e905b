"""What a household watches for is found, kept and first in the queue; nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs
from tests.flow.house import LEASE, START, House

from earwitness.audio.clip import decode_flac
from earwitness.engines.scripted import recording
from earwitness.errors import EngineError, InputError
from earwitness.flow import judge
from earwitness.flow.hear import hear
from earwitness.flow.watching import AROUND, LONGEST, Choices, Watch, watch
from earwitness.model import SAMPLE_RATE, Samples, Source, Utterance
from earwitness.ports import TagStream
from earwitness.review.queue import DISTURBING
from earwitness.sound.tagging.harm import HarmSound

HOME = Source("kitchen", "elm-12")


class Shrill:
    """Implements ``ports.SoundTagger``: whatever is as loud as can be is a scream."""

    name = "shrill"
    classes = ("Screaming", "Music", "Smoke detector, smoke alarm")
    frame_seconds = hop_seconds = 0.5

    def scores(self, audio: Samples) -> NDArray[np.float32]:
        return self.stream().push(audio)

    def stream(self) -> TagStream:
        return _Frames()


class _Frames:
    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> NDArray[np.float32]:
        self._rest = np.concatenate([self._rest, samples])
        size = SAMPLE_RATE // 2
        whole = len(self._rest) // size * size
        frames, self._rest = self._rest[:whole].reshape(-1, size), self._rest[whole:]
        scores = np.zeros((len(frames), 3), np.float32)
        scores[:, 0] = np.abs(frames).max(axis=1, initial=0) > 0.9
        return scores

    def end(self) -> NDArray[np.float32]:
        return self.push(np.zeros(-len(self._rest) % (SAMPLE_RATE // 2), np.float32))


def loud(seconds: float) -> Samples:
    return tone(seconds, 0.99)


def tone(seconds: float, level: float) -> Samples:
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.round(level * np.sin(2 * np.pi * 700 * at) * 32767).astype(np.float32) / 32768


def still(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


@pytest.fixture
def watching(house: House) -> House:
    """A house in which screams are watched for."""
    watch(HOME.household, ["scream"], "Ada", START, house.records)
    return _with_watch(house)


def _with_watch(house: House) -> House:
    choices = Choices(house.records)
    return replace(house, hearing=replace(house.hearing, watch=Watch(Shrill, choices)))


def played(house: House, *parts: Samples, source: Source = HOME) -> list[Utterance]:
    """What was kept of it."""
    list(hear(_blocks(np.concatenate(parts)), source, START, house.hearing))
    found = [house.records.utterance(item.utterance) for item in house.records.items()]
    return sorted(found, key=lambda each: each.heard_at)


def _blocks(sound: Samples) -> Iterator[Samples]:
    for at in range(0, len(sound), 4000):
        yield sound[at : at + 4000]


def screams(kept: list[Utterance]) -> list[Utterance]:
    return [each for each in kept if DISTURBING in [flag.rule for flag in each.flags]]


def test_a_scream_without_a_word_is_kept_with_what_is_around_it(watching: House) -> None:
    (kept,) = screams(played(watching, still(5), loud(1), still(5)))
    first = kept.flags[0]
    assert first.rule == DISTURBING
    assert (first.score, first.start, first.end) == (1.0, AROUND, AROUND + 1)
    assert first.reason == "scream (Screaming) 1.00 >= 0.14, 1.0 to 2.0 s"
    assert (kept.heard_at - START).total_seconds() == 4.0
    sound = decode_flac(watching.hearing.keeper.blobs.get(kept.clip))
    assert np.array_equal(sound, np.concatenate([still(1), loud(1), still(1)]))


def test_it_waits_before_everything_else(watching: House) -> None:
    doubted = watching.hear(0, HOME).utterance
    played(watching, still(2), loud(1), still(2))
    taken = judge.assign("ada", START, records=watching.records, ttl=LEASE)
    assert taken is not None
    assert taken.lease.utterance != doubted
    assert watching.records.item(taken.lease.utterance).reason == DISTURBING


def test_nothing_is_watched_for_unless_somebody_chose_it(watching: House) -> None:
    noise = (still(2), loud(1), still(2))
    assert screams(played(watching, *noise, source=Source("kitchen", "oak-3"))) == []
    watch(HOME.household, ["alarm"], "Ada", START, watching.records)
    assert screams(played(_with_watch(watching), *noise)) == []
    watch(HOME.household, [], "Ada", START, watching.records)
    assert screams(played(_with_watch(watching), *noise)) == []


def test_what_goes_on_for_minutes_is_one_clip(watching: House) -> None:
    (kept,) = screams(played(watching, still(3), loud(150), still(3)))
    seconds = kept.transcript.seconds
    assert LONGEST <= seconds <= LONGEST + 2 * AROUND


def test_after_a_silence_it_is_noticed_again(watching: House) -> None:
    again = (loud(1), still(6))
    assert len(screams(played(watching, still(3), *again, *again))) == 2


def test_what_sounds_up_to_the_end_is_kept(watching: House) -> None:
    (kept,) = screams(played(watching, still(4), loud(2)))
    assert kept.transcript.seconds == pytest.approx(AROUND + 2)


def test_where_no_tagger_is_installed_words_are_heard_all_the_same(watching: House) -> None:
    def missing() -> Shrill:
        raise EngineError("not installed")

    hearing = watching.hearing
    assert hearing.watch is not None
    without = replace(hearing, watch=replace(hearing.watch, tagger=missing))
    with capture_logs() as logs:
        (answer,) = hear([recording(4)], HOME, START, without)
    assert answer.transcript.text == "turn off the light"
    assert [line["why"] for line in logs] == ["not installed"]


def test_a_sound_that_nobody_can_find_cannot_be_chosen(house: House) -> None:
    with pytest.raises(InputError, match=r"whisper: not among .* scream, "):
        watch(HOME.household, ["scream", "whisper"], "Ada", START, house.records)
    assert house.records.watched() == {}


def test_a_category_of_another_version_is_passed_over(house: House) -> None:
    house.records.watch(HOME.household, ["scream", "meteor"], "Ada", START)
    assert Choices(house.records).of(HOME.household) == {HarmSound.SCREAM}
