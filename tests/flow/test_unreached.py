"""Messages that do not get through are on record: each time that it begins, and once a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS
from tests.flow.test_escalation import DAY, HOUR, MINUTE, SAID, House, house_of
from tests.flow.test_outside import THEIRS, under
from tests.values import START

from earwitness.flow.incidents import acting
from earwitness.flow.incidents.house import note_policy
from earwitness.incidents.records import Kind, moment_of

OMBUDSMAN = "mailto:ombudsman@example.net"
INSIDE_ALONE = THREE_RUNGS[: THREE_RUNGS.index("[outside]")]
TWO_WAYS = THREE_RUNGS.replace(f'"{OMBUDSMAN}"', f'"{OMBUDSMAN}", "letter:ombudsman"')
TO_RIA = replace(SAID, implicated=("mallory", "dora"))
TO_THE_OUTSIDE = replace(SAID, implicated=("mallory", "ria", "dora"))


@dataclass
class Reported:
    house: House
    case: str
    now: datetime = START

    def go_on(self, days: float, *, down: bool) -> None:
        """Messages get through for so long, or do not."""
        self.house.out.down = down
        began, self.now = self.now, self.now + days * DAY
        self.house.pass_time(self.now, began, 10 * MINUTE)

    def failures(self) -> list[timedelta]:
        """When it was put on record that nothing gets through, after the report."""
        kept = (each.kept for each in self.house.look(self.case).records)
        moments = (moment_of(each, "at") for each in kept if each.kind == Kind.UNDELIVERED)
        return [at - START for at in moments if at]


@pytest.fixture
def made(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reported]:
    policy, said = request.param
    house = house_of(tmp_path, policy)
    yield Reported(house, house.report(said))
    house.on.records.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("made", [(INSIDE_ALONE, TO_RIA)], indirect=True)
def test_each_time_that_a_rung_cannot_be_reached_is_on_record(made: Reported) -> None:
    made.go_on(3, down=True)
    made.go_on(2, down=False)
    made.go_on(3, down=True)
    made.go_on(2, down=False)
    first, second = made.failures()
    assert first < HOUR
    assert 5 * DAY < second < 6 * DAY + HOUR
    assert made.house.look(made.case).status.unreached == {1: START + first}


@pytest.mark.parametrize("made", [(INSIDE_ALONE, TO_RIA)], indirect=True)
def test_a_rung_that_was_reached_once_is_not_reached_for_ever(made: Reported) -> None:
    made.go_on(1.5, down=False)
    made.go_on(3, down=True)
    (only,) = made.failures()
    assert 2 * DAY < only < 2 * DAY + 2 * HOUR


@pytest.mark.parametrize("made", [(THREE_RUNGS, TO_THE_OUTSIDE)], indirect=True)
def test_each_time_that_the_outside_cannot_be_reached_is_on_record(made: Reported) -> None:
    made.go_on(1.5, down=False)
    assert made.failures() == []
    made.go_on(3, down=True)
    (first,) = made.failures()
    assert 2 * DAY + HOUR <= first < 2 * DAY + 3 * HOUR
    made.go_on(3, down=False)
    made.go_on(3, down=True)
    made.go_on(1, down=False)
    assert len(made.failures()) == 2


@pytest.mark.parametrize("made", [(TWO_WAYS, TO_THE_OUTSIDE)], indirect=True)
def test_one_way_that_fails_beside_one_that_does_not_leaves_nobody_unreached(
    made: Reported,
) -> None:
    made.go_on(1.5, down=False)
    made.house.out.refused = {OMBUDSMAN}
    made.go_on(5, down=False)
    assert made.failures() == []


@pytest.mark.parametrize("made", [(THREE_RUNGS, TO_THE_OUTSIDE)], indirect=True)
def test_a_short_failure_is_none(made: Reported) -> None:
    made.go_on(0.99, down=False)
    made.go_on(0.04, down=True)  # as it is told again
    made.go_on(2, down=False)
    assert made.failures() == []


def test_that_another_outside_cannot_be_reached_either_is_on_record(tmp_path: Path) -> None:
    house = house_of(tmp_path, THREE_RUNGS)
    assert note_policy(START - DAY, house.on)
    again = under(house, THEIRS.replace('account = "Mallory"', 'account = "Else"'))
    made = Reported(again, again.report(SAID))
    made.go_on(0.25, down=True)
    before = len(made.failures())
    acting.implicate(made.case, ["Else"], again.people["Ria"], made.now, again.on)
    made.go_on(0.25, down=True)
    (other,) = made.failures()[before:]
    assert 7 * HOUR <= other < 8 * HOUR
    house.on.records.close()  # type: ignore[attr-defined]
