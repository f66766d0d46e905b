"""The outside is not the manager, and no hours of work keep a case from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS, change, person
from tests.flow.test_escalation import DAY, HOUR, MINUTE, SAID, House, house_of
from tests.values import START

from earwitness.accounts import Role
from earwitness.errors import InputError, NotFound
from earwitness.flow.incidents import acting, cases, escalation, outside, reporting
from earwitness.flow.incidents.house import note_policy, policies_since
from earwitness.incidents import clocks
from earwitness.incidents.policy import parse
from earwitness.listening import Imminence

THEIRS = THREE_RUNGS.replace("mailto:ombudsman@example.net", "mailto:mallory@example.org")
EVERYBODY = ("mallory", "ria", "dora")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, THREE_RUNGS)
    assert note_policy(START - DAY, made.on)
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def under(house: House, policy: str) -> House:
    """With another policy in force, which is on record."""
    on = replace(house.on, policy_text=lambda: policy)
    note_policy(START - HOUR, on)
    return House(on, house.out, house.people)


@pytest.mark.parametrize(
    "channel",
    ["mailto:mallory@example.org", "mailto:MALLORY@Example.org", "mailto:mallory+o@example.org"],
)
@pytest.mark.parametrize("still_listed", [True, False])
def test_an_outside_that_is_the_managers_own_mailbox_is_told_nothing(
    house: House, channel: str, still_listed: bool
) -> None:
    edited = THREE_RUNGS.replace("mailto:ombudsman@example.net", channel)
    if not still_listed:
        edited = edited.replace('channels = ["mailto:mallory@example.org"]\n', "", 1)
    again = under(house, edited)
    case = again.report(replace(SAID, implicated=EVERYBODY))
    again.pass_time(START + 3 * MINUTE)
    assert set(again.out.to) == {"mailto:ombudsman@example.net"}
    assert again.told(case) == [("Ombudsman", timedelta(0))]


def test_an_account_that_is_made_later_takes_no_mailbox_from_the_outside(house: House) -> None:
    case = house.report(replace(SAID, implicated=("mallory",)))
    person(house.on, "ombudsman@example.net", Role.ANALYST, at=START + MINUTE)
    ria = house.people["Ria"]
    acting.implicate(case, ["ombudsman@example.net"], ria, START + 2 * MINUTE, house.on)
    house.pass_time(START + 3 * HOUR)
    assert "mailto:ombudsman@example.net" in house.out.to
    assert house.look(case).status.outside is not None


def test_an_account_called_like_the_outside_is_nothing_that_somebody_inside_can_name_it_by(
    house: House,
) -> None:
    """Made long before: whoever wants no outside names it once the outside has the case."""
    person(house.on, "ombudsman@example.net", Role.ANALYST)
    case = house.report(replace(SAID, implicated=("mallory",)))
    house.pass_time(START + HOUR)
    acting.accept(case, "Ombudsman", START + HOUR, house.on)
    code = cases.outside_code(house.look(case), house.on)
    ria = house.people["Ria"]
    acting.implicate(case, ["ombudsman@example.net"], ria, START + 2 * HOUR, house.on)
    found = house.look(case)
    assert found.status.accepted_at
    assert not found.status.misled
    assert found.status.outside == parse(THREE_RUNGS).outside
    assert cases.outside_code(found, house.on) == code


def test_the_reporter_may_name_whose_mailbox_the_outside_is(house: House) -> None:
    person(house.on, "ombudsman@example.net", Role.ANALYST)
    case = house.report()
    reporting.implicate_in(case, ["ombudsman@example.net"], START + MINUTE, house.on)
    assert house.look(case).status.outside is None


def test_whoever_is_named_inside_takes_no_last_outside_away(tmp_path: Path) -> None:
    house = house_of(tmp_path, THEIRS)
    case = house.report()
    acting.implicate(case, ["mallory"], house.people["Ria"], START + MINUTE, house.on)
    assert house.look(case).status.outside == parse(THEIRS).outside
    house.on.records.close()  # type: ignore[attr-defined]


def test_of_an_outside_with_two_channels_one_is_named_and_its_code_opens_nothing(
    house: House,
) -> None:
    both = 'channels = ["mailto:mallory@example.org", "mailto:office@example.net"]'
    again = under(house, THREE_RUNGS.replace('channels = ["mailto:ombudsman@example.net"]', both))
    case = again.report()
    again.pass_time(START + 2 * HOUR)
    assert {"mailto:mallory@example.org", "mailto:office@example.net"} <= set(again.out.to)
    known = cases.outside_code(again.look(case), again.on)
    acting.implicate(case, ["mallory"], again.people["Ria"], START + 3 * HOUR, again.on)
    with pytest.raises(NotFound):
        outside.opened(case, known, again.on)
    again.out.sent.clear()
    again.pass_time(START + 4 * HOUR, START + 3 * HOUR)
    assert [to for to in again.out.to if "@example.net" in to] == ["mailto:office@example.net"]
    assert "mailto:mallory@example.org" not in again.out.to
    assert outside.opened(case, cases.outside_code(again.look(case), again.on), again.on)


def test_where_no_other_outside_was_ever_named_that_is_on_record(tmp_path: Path) -> None:
    house = house_of(tmp_path, THEIRS)
    case = house.report(replace(SAID, implicated=EVERYBODY))
    house.pass_time(START + 3 * MINUTE)
    assert house.out.to == []
    found = house.look(case)
    assert found.status.outside is None
    said = found.records[-1].fields
    assert (said["name"], said["channels"], said["passed_over"]) == (None, [], ["Ombudsman"])


def test_who_is_named_once_they_were_told_as_the_outside_is_the_outside_no_more(
    house: House,
) -> None:
    again = under(house, THEIRS.replace('account = "Mallory"', 'account = "Else"'))
    case = again.report(SAID)
    again.pass_time(START + 2 * HOUR)
    assert again.told(case)[-1][0] == "Ombudsman"
    assert "mailto:ombudsman@example.net" not in again.out.to
    acting.accept(case, "Ombudsman", START + 2 * HOUR, again.on)
    at = START + 3 * HOUR
    acting.implicate(case, ["Else"], again.people["Ria"], at, again.on)
    assert again.look(case).status.accepted_at is None
    again.pass_time(at + HOUR, at)
    assert "mailto:ombudsman@example.net" in again.out.to
    acting.accept(case, "The other one", at + HOUR, again.on)
    again.pass_time(at + 2 * HOUR, at + HOUR)
    told = [each for to, each in again.out.sent if to == "mailto:ombudsman@example.net"]
    assert told[-1].kind == "accepted"
    assert cases.outside_code(again.look(case), again.on) in told[-1].text


def test_other_channels_of_the_same_outside_are_told(house: House) -> None:
    both = 'channels = ["mailto:mallory@example.org", "mailto:office@example.net"]'
    again = under(house, THREE_RUNGS.replace('channels = ["mailto:ombudsman@example.net"]', both))
    again.report(replace(SAID, implicated=EVERYBODY))
    again.turn(START)
    assert again.out.to == ["mailto:office@example.net"]


def test_a_policy_that_changed_shortly_before_the_report_is_seen(house: House) -> None:
    again = under(house, THEIRS)
    opened = again.look(again.report()).status.opened_at
    assert policies_since(opened - 90 * DAY, again.on) == [START - HOUR]


def test_a_policy_with_fewer_rungs_in_place_of_the_cases_own_stops_no_clock(house: House) -> None:
    """Whoever takes all policies away, the case's and those on record, and edits the file."""
    case = house.report()
    change(house.on, "DELETE FROM incident_record WHERE kind IN ('routed', 'policy')")
    one = THREE_RUNGS.split("[[rungs]]")
    short = House(
        replace(house.on, policy_text=lambda: one[0] + "[[rungs]]" + one[1]),
        house.out,
        house.people,
    )
    assert clocks.due(short.look(case).status)
    escalation.true_up(START + MINUTE, short.on)
    short.pass_time(START + 2 * MINUTE, START + MINUTE)
    assert [name for name, _ in short.told(case)][-1] == "nobody"
    assert len(list(cases.visible(short.people["Ria"], short.on, 10))) == 1


# --- hours of work -------------------------------------------------------------------

HOURS = """
[[rungs]]
name = "A"
tell = ["role:responder"]
working_hours = true
deadlines = {{ now = "15m", recent = "7d", past = "30d" }}

[[rungs]]
name = "B"
tell = ["role:administrator"]
deadlines = {{ now = "15m", recent = "4h", past = "2d" }}

[outside]
name = "O"
channels = ["mailto:o@example.net"]

[hours]
zone = "{}"
days = [{}]
from = "{}"
to = "{}"
"""


@pytest.mark.parametrize(
    ("days", "begin", "end"),
    [
        ('"mon"', "09:00", "09:01"),
        ('"mon"', "09:00", "09:00:05"),
        ('"mon", "mon", "mon"', "09:00", "17:00"),
        ('"mon", "tue"', "09:00", "18:59"),
        ('"mon", "tue", "wed"', "09:00Z", "17:00"),
        ('"mon", "tue", "wed"', "09:00+02:00", "17:00+02:00"),
    ],
)
def test_hours_of_work_are_at_least_twenty_a_week(days: str, begin: str, end: str) -> None:
    with pytest.raises(InputError, match="hours"):
        parse(HOURS.format("UTC", days, begin, end))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Apia", "America/New_York"])
@pytest.mark.parametrize("days", ['"mon", "tue"', '"mon", "tue", "wed", "thu", "fri"', '"sun"'])
@pytest.mark.parametrize("imminence", list(Imminence))
def test_a_deadline_is_never_far_away(
    tmp_path: Path, zone: str, days: str, imminence: Imminence
) -> None:
    house = house_of(tmp_path, HOURS.format(zone, days, "00:00", "23:59"))
    case = house.report(replace(SAID, imminence=imminence))
    given, _ = house.look(case).status.policy.deadline(0, SAID.harm, imminence)
    rung = [each for each in clocks.running(house.look(case).status) if each.key[:4] == "rung"]
    assert all(START < each.due <= START + 4 * given + 3 * DAY for each in rung)


def test_few_hours_of_work_end_at_the_bound(tmp_path: Path) -> None:
    house = house_of(tmp_path, HOURS.format("UTC", '"mon", "tue"', "09:00", "19:00"))
    case = house.report(replace(SAID, imminence=Imminence.PAST))
    house.pass_time(START + 130 * DAY, step=DAY)
    assert house.told(case)[1][1] <= 7 * DAY  # nobody answered the reporter
    due = {each.key: each.due for each in clocks.running(house.look(case).status)}
    assert max(due.values()) < START + 400 * DAY


# --- the whole chain -----------------------------------------------------------------


def chain(rungs: int, deadlines: str, more: str = "") -> str:
    return "".join(
        f'[[rungs]]\nname = "{number}"\ntell = ["role:responder"]\n{more}'
        f"deadlines = {{ {deadlines} }}\n"
        for number in range(rungs)
    )


@pytest.mark.parametrize(
    ("rungs", "deadlines", "more"),
    [
        (4, 'now = "4h", recent = "1h", past = "1d"', ""),
        (6, 'now = "5m", recent = "7d", past = "7d"', ""),
        (7, 'now = "5m", recent = "1d", past = "30d"', ""),
        (2, 'now = "5m", recent = "1h", past = "30d"', "working_hours = true\n"),
        (10, 'now = "5m", recent = "1h", past = "1d"', "harms = { threat = { past = "
         '"30d", now = "4h" } }\n'),
    ],
)  # fmt: skip
def test_no_chain_as_a_whole_takes_longer_than_is_bearable(
    rungs: int, deadlines: str, more: str
) -> None:
    with pytest.raises(InputError, match="all rungs together"):
        parse(chain(rungs, deadlines, more))
    assert parse(chain(1, deadlines, more))


def test_a_rung_alone_has_its_bound_too() -> None:
    with pytest.raises(InputError, match="longer than 4:00:00"):
        parse(chain(1, 'now = "5h", recent = "1h", past = "1d"'))
