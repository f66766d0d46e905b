"""What stops a clock, for how long, and what of it is looked at first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS, person
from tests.flow.test_escalation import DAY, HOUR, MINUTE, SAID, House, house_of
from tests.values import START

from earwitness.accounts import Role
from earwitness.errors import InputError
from earwitness.flow.incidents import acting, cases, outside, reporting
from earwitness.incidents import clocks
from earwitness.incidents.status import Act
from earwitness.listening import Imminence

PAST = replace(SAID, imminence=Imminence.PAST)


@pytest.fixture
def acted(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, THREE_RUNGS)
    made.people["Rob"] = person(made.on, "Rob", Role.RESPONDER)
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def inquiry(house: House, case: str, who: str, now: datetime, until: timedelta) -> None:
    by = house.people[who]
    acting.act(case, Act.INQUIRY, by, now, house.on, until=START + until, whom=who)


def looked_at(house: House, case: str) -> timedelta | None:
    (due,) = [c.due for c in clocks.running(house.look(case).status) if "looked at" in c.why]
    return due - START


def test_a_later_act_pushes_no_nearer_review_of_somebody_else_away(acted: House) -> None:
    case = acted.report(PAST)
    inquiry(acted, case, "Ria", START, 2 * DAY)
    inquiry(acted, case, "Rob", START + HOUR, 20 * DAY)
    assert looked_at(acted, case) == 2 * DAY
    inquiry(acted, case, "Rob", START + 2 * HOUR, DAY)
    inquiry(acted, case, "Rob", START + 3 * HOUR, 20 * DAY)  # only their own
    assert looked_at(acted, case) == 2 * DAY
    inquiry(acted, case, "Ria", START + 4 * HOUR, 10 * DAY)
    assert looked_at(acted, case) == 10 * DAY


def test_a_review_that_is_over_is_followed_by_the_next_act(acted: House) -> None:
    case = acted.report(PAST)
    inquiry(acted, case, "Ria", START, DAY)
    acted.turn(START + 25 * HOUR)
    inquiry(acted, case, "Rob", START + 26 * HOUR, 20 * DAY)
    assert looked_at(acted, case) == 20 * DAY


def test_what_nobody_acted_on_comes_first_then_danger_then_what_is_due(acted: House) -> None:
    over = acted.report(PAST, START - DAY)
    now = acted.report(replace(SAID, imminence=Imminence.NOW), START)
    recent = acted.report(replace(SAID, imminence=Imminence.RECENT), START)
    late = acted.report(PAST, START)
    inquiry(acted, now, "Ria", START, HOUR)  # its clock goes off first of all
    found = cases.most_urgent(acted.people["Ria"], START + MINUTE, acted.on, 10)
    assert [each.row.id for each in found] == [recent, over, late, now]


@pytest.mark.parametrize("ago", [-MINUTE, DAY + MINUTE])
def test_when_somebody_was_called_is_a_sane_moment(acted: House, ago: timedelta) -> None:
    case, ria = acted.report(PAST), acted.people["Ria"]
    with pytest.raises(InputError, match="0 to 1440"):
        acting.act(
            case, Act.EMERGENCY, ria, START, acted.on,
            until=START + DAY, whom="112", called_at=START - ago,
        )  # fmt: skip


def test_what_is_too_long_is_refused_with_its_length_and_nothing_is_cut(acted: House) -> None:
    case, ria = acted.report(PAST), acted.people["Ria"]
    with pytest.raises(InputError, match="at most 10000 characters, and this has 10001"):
        acting.act(
            case, Act.INQUIRY, ria, START, acted.on,
            until=START + DAY, whom="Ria", said="x" * 10_001,
        )  # fmt: skip


def test_that_the_outside_answers_takes_nothing_off_those_inside(acted: House) -> None:
    case = acted.report()
    acted.pass_time(START + 2 * HOUR)
    acting.accept(case, "Ines", START + 2 * HOUR, acted.on)
    code = acted.on.outside_code(case)
    found = outside.opened(case, code, acted.on)
    status = outside.answer(found, "We look into it.", START + 3 * HOUR, acted.on).status
    assert status.answered_at is None
    assert status.action is None


def test_an_empty_addition_is_asked_for_and_a_long_one_is_told_its_length(acted: House) -> None:
    code = "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A"
    reporting.report(PAST, code, START, acted.on)
    with pytest.raises(InputError, match=r"^Write something\.$"):
        reporting.add(code, "  ", START, acted.on)
    with pytest.raises(InputError, match="at most 10000 characters, and this has 10001"):
        reporting.add(code, "x" * 10_001, START, acted.on)
