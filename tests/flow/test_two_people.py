"""What needs two people needs two who could act when the case began; nobody parks a case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS, change, person
from tests.flow.test_escalation import DAY, HOUR, MINUTE, SAID, House, house_of
from tests.flow.test_reporting import keep
from tests.values import START

from earwitness.accounts import Account, Role
from earwitness.errors import InputError, StoreError
from earwitness.flow.incidents import acting, codes, escalation, reporting
from earwitness.flow.incidents.cases import Look
from earwitness.incidents import clocks
from earwitness.incidents.conflicts import same
from earwitness.incidents.status import BY_TWO, Act
from earwitness.listening import Imminence

CONFIDENTIAL = replace(SAID, confidential=True, imminence=Imminence.PAST)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, THREE_RUNGS)
    person(made.on, "Nina", Role.ANALYST)
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def now(house: House, name: str) -> Account:
    """As their account is now."""
    return next(each for each in house.on.records.accounts() if each.name == name)


def later(house: House, name: str = "Sock") -> Account:
    """Somebody who is invited after the report."""
    return person(house.on, name, Role.RESPONDER, at=START + MINUTE)


def by_two(
    house: House, case: str, one: Account, other: Account, what: Act = Act.NO_ACTION,
    at: datetime = START + HOUR,
) -> Look:  # fmt: skip
    asked = acting.propose(case, what, "because", one, at, house.on).status.proposals
    return acting.agree(case, max(asked), other, at, house.on)


@pytest.mark.parametrize("what", sorted(BY_TWO - {Act.RELEASE}))
@pytest.mark.parametrize("named", [(), ("Nobody at all",)])
def test_an_administrator_with_a_second_account_is_one_person(
    house: House, what: Act, named: tuple[str, ...]
) -> None:
    case = house.report(replace(CONFIDENTIAL, implicated=named))
    sock, ria = later(house), house.people["Ria"]
    acting.admit(case, sock.id, ria, START + MINUTE, house.on)
    for one, other in ((ria, sock), (sock, ria)):
        with pytest.raises(InputError, match="two people who could act when the case began"):
            by_two(house, case, one, other, what)
    assert house.look(case).status.closed_at is None
    assert acting.reporter(house.look(case), house.on) == ""


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE incident_record SET fields = replace(fields, 'sealed_by\":\"', 'sealed_by\":\"A')",
        "UPDATE incident_record SET fields = replace(fields, 'sealed_by', 'sealed')",
        "DELETE FROM incident_record WHERE kind = 'reported'",
        "UPDATE incident_record SET fields = 'x' WHERE kind = 'reported'",
    ],
)
def test_who_reported_is_read_from_a_record_that_holds_or_not_at_all(
    house: House, attack: str
) -> None:
    case = house.report(CONFIDENTIAL)
    by_two(house, case, house.people["Ria"], house.people["Mallory"], Act.IDENTITY)
    assert acting.reporter(house.look(case), house.on) == "Ada"
    change(house.on, attack)
    assert house.look(case).wrong
    with pytest.raises(StoreError, match="Who reported cannot be opened: its record was changed"):
        acting.reporter(house.look(case), house.on)


def test_a_row_with_another_code_keeps_nobodys_name_locked(house: House) -> None:
    case = house.report(CONFIDENTIAL)
    by_two(house, case, house.people["Ria"], house.people["Mallory"], Act.IDENTITY)
    change(house.on, "UPDATE incident SET code_hash = x'00'")
    assert acting.reporter(house.look(case), house.on) == "Ada"


def test_two_accounts_that_one_person_let_in_are_that_person(house: House) -> None:
    case = house.report(CONFIDENTIAL)
    socks = [later(house, name) for name in ("One", "Two")]
    for each in socks:
        acting.admit(case, each.id, house.people["Ria"], START + MINUTE, house.on)
    with pytest.raises(InputError, match="two people"):
        by_two(house, case, *socks)


def test_nobody_lets_themselves_in(house: House) -> None:
    case = house.report(CONFIDENTIAL)
    sock, second = later(house), later(house, "Second")
    for by, who in ((sock, sock), (sock, second), (second, sock)):
        acting.admit(case, who.id, by, START + MINUTE, house.on)
    with pytest.raises(InputError, match="came later"):
        acting.propose(case, Act.NO_ACTION, "because", sock, START + HOUR, house.on)


def test_letting_in_who_was_there_makes_nobody_two(house: House) -> None:
    case = house.report(CONFIDENTIAL)
    ria, sock = house.people["Ria"], later(house)
    acting.admit(case, ria.id, house.people["Mallory"], START + MINUTE, house.on)
    acting.admit(case, sock.id, ria, START + MINUTE, house.on)
    with pytest.raises(InputError, match="two people"):
        by_two(house, case, ria, sock)


def test_a_role_given_to_an_old_account_after_the_report_makes_no_second_person(
    house: House,
) -> None:
    case = house.report(CONFIDENTIAL)
    house.on.records.set_roles("nina", frozenset({Role.RESPONDER}))
    with pytest.raises(InputError, match="two people"):
        by_two(house, case, house.people["Ria"], now(house, "Nina"))


def test_a_disabled_account_that_is_let_back_in_is_new(house: House) -> None:
    old = person(house.on, "Olga", Role.RESPONDER)
    house.on.records.disable_account(old.id, START)
    case = house.report(CONFIDENTIAL)
    change(house.on, "UPDATE account SET disabled_at = NULL")
    assert house.look(case).status.may_see(now(house, "Olga"))
    with pytest.raises(InputError, match="two people"):
        by_two(house, case, house.people["Ria"], now(house, "Olga"))


def test_an_account_that_is_made_anew_under_the_same_name_is_new(house: House) -> None:
    case = house.report(CONFIDENTIAL)
    change(house.on, "UPDATE account SET name = 'Gone', login = 'gone' WHERE id = 'ria'")
    again = later(house, "Rita")
    change(house.on, "UPDATE account SET name = 'Ria', login = 'ria' WHERE id = 'rita'")
    with pytest.raises(InputError, match="two people"):
        by_two(house, case, house.people["Mallory"], again)


def test_who_takes_away_who_was_there_puts_no_friend_in_their_place(house: House) -> None:
    case = house.report(CONFIDENTIAL)
    change(house.on, "DELETE FROM incident_record WHERE kind = 'routed'")
    sock = later(house)
    escalation.true_up(START + MINUTE, house.on)
    house.turn(START + MINUTE)
    assert house.look(case).status.routed
    for one, other in ((house.people["Ria"], sock), (sock, house.people["Ria"])):
        with pytest.raises(InputError, match="two people"):
            by_two(house, case, one, other)


def test_a_hold_that_two_released_is_reviewed_no_more_and_what_is_sealed_later_is_held(
    house: House,
) -> None:
    for clip in ("u_1", "v_1"):
        keep(house.on, clip)
    code = codes.new_code()
    said = replace(CONFIDENTIAL, utterance="u_1")
    case = reporting.report(said, code, START, house.on).case
    reviewed = {each.key for each in clocks.running(house.look(case).status)}
    assert "hold:0" in reviewed
    found = by_two(house, case, house.people["Ria"], house.people["Mallory"], Act.RELEASE)
    assert not found.status.held
    assert reviewed - {each.key for each in clocks.running(found.status)} == {"hold:0"}
    with pytest.raises(InputError, match="Nothing is held"):
        acting.propose(case, Act.RELEASE, "again", house.people["Ria"], START + HOUR, house.on)
    reporting.add(code, "and another", START + DAY, house.on, utterance="v_1")
    assert house.look(case).status.held


def test_years_later_whom_a_third_person_let_in_is_the_second(house: House) -> None:
    """Staff changes: who was there lets in who follows them, before they leave."""
    case = house.report(CONFIDENTIAL)
    ria, mallory = house.people["Ria"], house.people["Mallory"]
    heir, at = later(house, "Heir"), START + 700 * DAY
    acting.admit(case, heir.id, mallory, at, house.on)
    house.on.records.disable_account(mallory.id, at)
    assert by_two(house, case, ria, heir, at=at + DAY).status.closed_at == at + DAY
    after = later(house, "After")
    again = house.report(CONFIDENTIAL)
    assert by_two(house, again, ria, after, at=at + DAY).status.closed_at  # there when it began


def test_what_two_people_agreed_stands_when_they_left_or_were_promoted(house: House) -> None:
    case = house.report(replace(CONFIDENTIAL, implicated=("Nina",)))
    ria, mallory = house.people["Ria"], house.people["Mallory"]
    by_two(house, case, ria, mallory)
    house.on.records.disable_account(mallory.id, START + DAY)
    house.on.records.set_roles(ria.id, frozenset({Role.RESPONDER, Role.LEAD}))
    assert house.look(case).status.closed_at == START + HOUR


LINE = THREE_RUNGS.replace(
    '[people.ria]\naccount = "Ria"', '[people.ria]\naccount = "Ria"\nreports_to = "mallory"'
).replace('[people.mallory]\naccount = "Mallory"',
          '[people.mallory]\naccount = "Mallory"\nreports_to = "dora"')  # fmt: skip


def test_who_stands_far_above_is_no_second_person_either(tmp_path: Path) -> None:
    house = house_of(tmp_path, LINE)
    case = house.report(replace(CONFIDENTIAL, imminence=Imminence.NOW))
    house.pass_time(START + HOUR)  # Dora is told, too
    ria, dora = house.people["Ria"], house.people["Dora"]
    for one, other in ((ria, dora), (dora, ria)):
        with pytest.raises(InputError, match="line"):
            by_two(house, case, one, other)


DEPUTIES = THREE_RUNGS.replace(
    '[people.ria]\naccount = "Ria"', '[people.ria]\naccount = "Ria"\ndeputies = ["dora"]'
).replace('[people.mallory]\naccount = "Mallory"',
          '[people.mallory]\naccount = "Mallory"\ndeputies = ["ria"]')  # fmt: skip


def test_a_deputy_of_a_deputy_is_kept_away(tmp_path: Path) -> None:
    house = house_of(tmp_path, DEPUTIES)
    case = house.report(replace(SAID, implicated=("Mallory",)))
    assert house.told(case) == [("Ombudsman", 0 * MINUTE)]


@pytest.mark.parametrize(
    "written",
    [
        "M\u0430llory",
        "MALLORY",
        "Mall\u043ery",
        "Mal\u200blory",
        "\uff2dallory",
        "M\u00e1llory",
        "\u039callory",
        "MaIIory",
    ],
)
def test_names_that_look_alike_are_one_name(house: House, written: str) -> None:
    assert same(written) == same("Mallory")
    case = house.report(replace(SAID, implicated=(written,)))
    assert not house.look(case).status.may_see(house.people["Mallory"])


# --- parked ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("friends", "passed"), [(["Ria"], 90 * DAY), (["Ria", "Mallory"], 29 * DAY)]
)
def test_nobody_parks_a_case_for_ever(house: House, friends: list[str], passed: timedelta) -> None:
    """Of two who take turns, the one does not look again when they said that they would."""
    case = house.report(CONFIDENTIAL)
    acting.answer(case, "thank you", True, house.people["Ria"], START, house.on)
    at = START
    for turn in range(5):
        who = friends[turn % len(friends)]
        by = house.people[who]
        acting.act(case, Act.INQUIRY, by, at, house.on, until=at + 29 * DAY, whom=who)
        house.pass_time(at + 28 * DAY, at, DAY)
        at += 28 * DAY
    told = house.told(case)
    assert told[1] == ("Responder", passed)
    assert [name for name, _ in told[:4]] == ["Manager", "Responder", "Director", "Ombudsman"]
    assert told[3][1] < 100 * DAY
    assert "mailto:ombudsman@example.net" in house.out.to


def test_what_is_done_after_that_is_on_record_and_stops_nothing(house: House) -> None:
    case, ria = house.report(replace(SAID, imminence=Imminence.NOW)), house.people["Ria"]
    for days in range(3):
        at = START + days * DAY
        acting.act(case, Act.INQUIRY, ria, at, house.on, until=at + DAY, whom="Ria")
    at = START + 3 * DAY + MINUTE
    found = acting.act(case, Act.INQUIRY, ria, at, house.on, until=at + DAY, whom="Ria")
    assert not found.status.is_acted_on(at)
    assert found.status.stops_until == START + 3 * DAY


def test_a_case_that_is_opened_again_has_its_time_again(house: House) -> None:
    code, ria = codes.new_code(), house.people["Ria"]
    case = reporting.report(CONFIDENTIAL, code, START, house.on).case
    acting.act(case, Act.INQUIRY, ria, START, house.on, until=START + DAY, whom="Ria")
    by_two(house, case, ria, house.people["Mallory"])
    at = START + 200 * DAY
    reporting.add(code, "again", at, house.on)
    found = acting.act(case, Act.INQUIRY, ria, at, house.on, until=at + DAY, whom="Ria")
    assert found.status.is_acted_on(at + HOUR)


def test_a_case_that_was_closed_is_still_answered_within_seven_days(tmp_path: Path) -> None:
    policy = THREE_RUNGS.replace('tell = ["mallory"]', 'tell = ["mallory", "ria"]', 1)
    house = house_of(tmp_path, policy)
    case = house.report(replace(SAID, imminence=Imminence.PAST))
    house.turn(START)
    mallory, ria = house.people["Mallory"], house.people["Ria"]
    acting.propose(case, Act.NO_ACTION, "nothing there", mallory, START + HOUR, house.on)
    (number,) = house.look(case).status.proposals
    acting.agree(case, number, ria, START + HOUR, house.on)
    closed = house.look(case).status
    assert closed.closed_at is not None
    assert {each.key for each in clocks.running(closed)} >= {"acknowledge", "feedback"}
    house.pass_time(START + 8 * DAY, began=START + HOUR, step=6 * HOUR)
    assert "acknowledge" in house.look(case).status.fired
    house.on.records.close()  # type: ignore[attr-defined]
