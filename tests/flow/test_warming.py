"""What is listened to ahead is decoded in every trial; of the rest, what sounds nearest."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tests.flow.house import REGRESSION, House

from earwitness.errors import AudioError
from earwitness.flow import lessons
from earwitness.flow.readings import Clip, Readings
from earwitness.flow.teach import Teaching, teach, warm_up
from earwitness.model import Samples, Taught, Trial, TrialOutcome
from earwitness.runners.warming import Warming

ALL = [f"starter/{number}" for number in REGRESSION]


def tried(house: House, on: Teaching, written: str) -> tuple[Trial, TrialOutcome]:
    request = lessons.request(f"e-{written}", Taught(written), house.now, by="ada")
    lesson = lessons.of_request(request, records=house.records, clips=on.clips)
    return teach(lesson, house.now, on)


@pytest.fixture
def brief(house: House) -> Teaching:
    """Each of the three clips lasts half a minute; there is time for one."""
    return replace(house.teaching, seconds=30.0)


def test_a_trial_says_how_much_it_decoded(house: House) -> None:
    trial, _ = tried(house, house.teaching, "yeet")
    assert (trial.regression_clips, trial.decoded_clips) == (3, 3)
    assert trial.decoded_hours == trial.regression_hours == pytest.approx(90 / 3600)


def test_without_time_for_all_the_nearest_is_decoded_and_the_trial_says_so(
    house: House, brief: Teaching
) -> None:
    trial, outcome = tried(house, brief, "bussin")
    assert (trial.regression_clips, trial.decoded_clips) == (3, 1)
    assert trial.decoded_hours == pytest.approx(30 / 3600)
    assert outcome is TrialOutcome.HELD, "it was the bus in front"


def test_what_was_listened_to_ahead_costs_a_trial_no_time(house: House, brief: Teaching) -> None:
    assert list(warm_up(brief)) == ALL
    trial, _ = tried(house, brief, "yeet")
    assert trial.decoded_clips == 3


def test_no_more_is_listened_to_ahead_than_there_is_room_for(house: House, brief: Teaching) -> None:
    narrow = replace(brief, readings=Readings(brief.engine, seconds=60.0))
    assert list(warm_up(narrow)) == ALL[:2]
    assert list(warm_up(narrow)) == ALL[:2]
    assert tried(house, narrow, "yeet")[0].decoded_clips == 3


def test_a_clip_that_cannot_be_heard_does_not_end_the_warming(house: House) -> None:
    def lost() -> Samples:
        raise AudioError("gone")

    broken = Clip("starter/broken", 1.0, lost, text="")
    sound = Clip("starter/silence", 1.0, lambda: np.zeros(16_000, np.float32), text="")
    clips = replace(house.teaching.clips, starter=lambda: [broken, sound])
    on = replace(house.teaching, clips=clips)
    assert list(warm_up(on)) == ["starter/broken", "starter/silence"]
    assert [on.readings.at_hand(clip) for clip in (broken, sound)] == [False, True]


def test_warming_goes_on_meanwhile_and_ends_with_who_asked_for_it() -> None:
    begun = threading.Event()

    def endless() -> Iterator[int]:
        number = 0
        while True:
            begun.set()
            yield (number := number + 1)

    before = threading.active_count()
    with Warming(endless):
        assert begun.wait(60)
    assert threading.active_count() == before


def test_what_was_made_ahead_is_not_looked_through_for_garbage_again() -> None:
    gc.unfreeze()
    warming = Warming(lambda: [1, 2])
    with warming:
        warming._thread.join()
    assert gc.get_freeze_count() > 1000
    gc.unfreeze()
