"""Events from frames: where they start, where they end, what lowers them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from earwitness.errors import InputError, SettingsError
from earwitness.sound.tagging.events import (
    GAP_SECONDS,
    LOWERING,
    THRESHOLDS,
    Event,
    EventStream,
    Threshold,
    events,
    lowered,
)
from earwitness.sound.tagging.harm import BACKGROUND, CLASSES, HarmSound

NAMES = ["Speech", "Music", "Screaming", "Shatter", "Glass"]
HOP, FRAME = 0.5, 1.0
LIMITS = dict.fromkeys(HarmSound, Threshold(0.6, 0.3))
BOTH = (HarmSound.SCREAM, HarmSound.GLASS)

FRAMES = st.lists(
    st.tuples(*[st.sampled_from([0.0, 0.2, 0.31, 0.5, 0.61, 0.9])] * len(NAMES)), max_size=30
)


def frames(values: list[tuple[float, ...]]) -> NDArray[np.float32]:
    return np.array(values, np.float32).reshape(-1, len(NAMES))


def screams(*scores: float, music: float = 0.0) -> NDArray[np.float32]:
    return frames([(0.0, music, score, 0.0, 0.0) for score in scores])


def found(scores: NDArray[np.float32], watched: tuple[HarmSound, ...] = BOTH) -> tuple[Event, ...]:
    return events(scores, NAMES, HOP, FRAME, watched, LIMITS)


def test_an_event_starts_high_and_goes_on_lower() -> None:
    (event,) = found(screams(0.5, 0.7, 0.4, 0.9, 0.4, 0.1))
    assert (event.category, event.label) == (HarmSound.SCREAM, "Screaming")
    assert (event.start, event.end) == (0.5, 4 * HOP + FRAME)
    assert event.score == pytest.approx(0.9)


def test_a_scream_begins_lower_than_what_ordinary_sounds_are_taken_for() -> None:
    """Louder than music by 10 dB it scores 0.3; no music or speech was taken for one."""
    scores = frames([(0.0, 0.0, 0.3, 0.0, 0.3)])
    (event,) = events(scores, NAMES, HOP, FRAME, BOTH, THRESHOLDS)
    assert event.category == HarmSound.SCREAM


def test_what_never_reaches_the_start_is_no_event() -> None:
    assert found(screams(*[0.59] * 20)) == ()


def test_a_short_gap_is_bridged_and_a_long_one_parts() -> None:
    missing = int(GAP_SECONDS / HOP)
    assert len(found(screams(0.9, *[0.0] * missing, 0.9))) == 1
    assert len(found(screams(0.9, *[0.0] * (missing + 1), 0.9))) == 2


def test_what_nobody_watches_for_is_not_told() -> None:
    assert found(screams(1.0), watched=()) == ()
    assert found(screams(1.0), watched=(HarmSound.GLASS,)) == ()


def test_the_label_is_the_class_that_was_highest() -> None:
    (event,) = found(frames([(0, 0, 0, 0.7, 0.2), (0, 0, 0, 0.1, 0.9)]))
    assert (event.category, event.label) == (HarmSound.GLASS, "Glass")


def test_music_in_the_same_frame_lowers_a_score_and_both_are_told() -> None:
    (event,) = found(screams(0.9, music=0.4))
    assert event.heard == pytest.approx(0.9)
    assert event.background == pytest.approx(0.4)
    assert event.score == pytest.approx(0.9 * (1 - LOWERING * 0.4))
    assert found(screams(0.65, music=1.0)) == ()


def test_music_in_other_frames_lowers_nothing() -> None:
    scores = screams(0.0, 0.9)
    scores[0, NAMES.index("Music")] = 1.0
    assert found(scores)[0].score == pytest.approx(0.9)


@given(st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.floats(0, 1, width=32))
def test_more_background_never_raises_a_score(heard: float, less: float, more: float) -> None:
    low, high = sorted((less, more))
    before, after = lowered(
        np.array([heard, heard], np.float32), np.array([low, high], np.float32)
    ).tolist()
    assert 0 <= after <= before <= heard


@given(FRAMES, st.lists(st.integers(1, 5), max_size=12))
def test_a_stream_has_the_events_of_the_whole(
    values: list[tuple[float, ...]], sizes: list[int]
) -> None:
    scores = frames(values)
    stream = EventStream(NAMES, HOP, FRAME, BOTH, LIMITS)
    heard: list[Event] = []
    for part in np.split(scores, np.minimum(np.cumsum(sizes, dtype=int), len(scores))):
        heard += stream.push(part)
    heard += stream.end()
    assert sorted(heard, key=lambda event: (event.start, event.category)) == list(found(scores))


@given(FRAMES)
def test_events_are_apart_within_and_as_high_as_their_start(
    values: list[tuple[float, ...]],
) -> None:
    for category in BOTH:
        own = found(frames(values), watched=(category,))
        assert all(event.score >= 0.6 for event in own)
        assert all(event.score <= event.heard for event in own)
        assert all(0 <= event.start < event.end for event in own)
        assert all(event.end <= (len(values) - 1) * HOP + FRAME for event in own)
        gaps = [after.start - (before.end - FRAME) - HOP for before, after in pairwise(own)]
        assert all(gap > GAP_SECONDS for gap in gaps)


@given(FRAMES)
def test_a_lower_start_loses_no_event(values: list[tuple[float, ...]]) -> None:
    """Every event of a higher start lies in one of a lower start."""
    low = dict.fromkeys(HarmSound, Threshold(0.4, 0.3))
    wide = events(frames(values), NAMES, HOP, FRAME, BOTH, low)
    for event in found(frames(values)):
        assert any(
            other.category == event.category
            and other.start <= event.start
            and event.end <= other.end
            for other in wide
        )


def test_what_goes_on_is_told_before_it_is_over() -> None:
    stream = EventStream(NAMES, HOP, FRAME, BOTH, LIMITS)
    assert stream.push(screams(0.9, 0.5)) == ()
    (now,) = stream.sounding()
    assert (now.start, now.end) == (0.0, HOP + FRAME)
    (over,) = stream.push(screams(*[0.0] * 4))
    assert over == now
    assert stream.sounding() == stream.end() == ()


def test_frames_of_another_tagger_are_refused() -> None:
    with pytest.raises(InputError, match="same tagger"):
        found(np.zeros((3, 4), np.float32))


def test_a_tagger_without_any_class_of_a_category_is_refused() -> None:
    with pytest.raises(SettingsError, match="Gunshot"):
        found(screams(0.1), watched=(HarmSound.GUNSHOT,))


@pytest.mark.parametrize(("start", "keep"), [(0.3, 0.4), (1.1, 0.3), (0.5, 0.0)])
def test_thresholds_that_cannot_work_are_refused(start: float, keep: float) -> None:
    with pytest.raises(SettingsError, match="go on"):
        Threshold(start, keep)


def test_every_category_has_classes_and_none_is_background() -> None:
    assert set(CLASSES) == set(HarmSound)
    used = [name for names in CLASSES.values() for name in names]
    assert len(used) == len(set(used))
    assert not set(used) & set(BACKGROUND)
