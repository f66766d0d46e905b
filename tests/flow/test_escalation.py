"""A case climbs by itself, past whoever is implicated, to the outside; only an action stops it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS, Recorded, change, incidents, person
from tests.values import START

from earwitness.accounts import Account, Role
from earwitness.errors import NotFound, RevisionConflict
from earwitness.evidence.verify import verify
from earwitness.flow.incidents import (
    acting,
    cases,
    codes,
    delivering,
    escalation,
    logbook,
    reporting,
)
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.house import note_policy, policies_since, taken_away
from earwitness.flow.incidents.parts import Incidents
from earwitness.flow.incidents.reporting import Statement
from earwitness.flow.incidents.statistics import Reached, time_to_action
from earwitness.incidents import clocks
from earwitness.incidents.records import HOUSE, Kind
from earwitness.incidents.status import Act
from earwitness.listening import Harm, Imminence
from earwitness.runners.escalating import Delivering
from earwitness.runners.steady import SteadyClock

SAID = Statement("Ada", Harm.THREAT, Imminence.NOW, "somebody was threatened", by_id="ada")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class House:
    on: Incidents
    out: Recorded
    people: dict[str, Account]

    def report(self, said: Statement = SAID, at: datetime = START) -> str:
        return reporting.report(said, codes.new_code(), at, self.on).case

    def pass_time(self, until: datetime, began: datetime = START, step: timedelta = MINUTE) -> None:
        """Every worker's turn until then."""
        now = began
        while now <= until:
            self.turn(now)
            now += step

    def turn(self, now: datetime) -> None:
        while ids := self.on.records.due_cases(now, 100):
            assert escalation.fire(ids, now, self.on)
        for each in self.on.records.due_deliveries(now, 100):
            delivering.deliver(each.id, now, self.on, self.out)

    def look(self, case: str) -> Look:
        return cases.look(case, self.on)

    def told(self, case: str) -> list[tuple[str, timedelta]]:
        """Which rungs, and after what time."""
        return [
            (str(each.fields.get("name") or "nobody"), at - START)
            for each in self.look(case).records
            if each.kept.kind in (Kind.TOLD, Kind.OUTSIDE)
            and (at := datetime.fromisoformat(str(each.fields["at"])))
        ]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, THREE_RUNGS)
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def house_of(folder: Path, policy: str, url: str = "") -> House:
    on = incidents(folder, policy, url=url)
    roles = {"Mallory": [Role.LEAD], "Ria": [Role.RESPONDER], "Dora": [Role.ADMINISTRATOR]}
    people = {name: person(on, name, *each) for name, each in roles.items()}
    return House(on, Recorded(), people)


def test_it_climbs_past_the_implicated_manager_to_the_outside(house: House) -> None:
    case = house.report(replace(SAID, implicated=("mallory",)))
    house.pass_time(START + 2 * HOUR)
    assert house.told(case) == [
        ("Responder", timedelta(0)),  # two rungs at once, the first of which has nobody left
        ("Director", timedelta(0)),
        ("Ombudsman", 30 * MINUTE),
    ]
    assert house.out.to == [
        "mailto:ria@example.org",
        "mailto:dora@example.org",
        "mailto:ombudsman@example.net",
    ]
    text = house.out.sent[-1][1].text
    assert house.on.outside_code(case) in text
    assert SAID.heard not in "".join(each.text + each.subject for _, each in house.out.sent)
    assert not house.look(case).status.may_see(house.people["Mallory"])


def test_what_only_happened_is_in_nobodys_way(house: House) -> None:
    """Somebody takes a copy while somebody writes; a decision is another matter."""
    case = house.report()
    ria, before = house.people["Ria"], house.look(case)
    acting.took(case, "for the file", house.people["Mallory"], START, house.on)
    acting.answered(before, "We look into it.", False, ria, START, house.on)
    kinds = [each.kept.kind for each in house.look(case).records]
    assert kinds[-2:] == [Kind.TAKEN, Kind.ANSWERED]
    before = house.look(case)
    acting.implicate(case, ["Dora"], ria, START, house.on)
    with pytest.raises(RevisionConflict):
        acting.answered(before, "Nothing happened.", False, ria, START, house.on)


def test_nobody_implicated_each_rung_gets_its_time(house: House) -> None:
    case = house.report(replace(SAID, imminence=Imminence.RECENT))
    house.pass_time(START + 17 * HOUR, step=10 * MINUTE)
    assert house.told(case) == [
        ("Manager", timedelta(0)),
        ("Responder", 4 * HOUR),
        ("Director", 8 * HOUR),
        ("Ombudsman", 16 * HOUR),
    ]


def test_everything_late_is_done_once_the_machine_is_back(house: House) -> None:
    """One rung at a time: who is told gets their time to act."""
    case = house.report(replace(SAID, imminence=Imminence.RECENT))
    house.turn(START + 30 * DAY)
    late = START + 30 * DAY
    assert [name for name, _ in house.told(case)] == ["Manager", "Responder"]
    house.pass_time(late + 13 * HOUR, late, HOUR)
    assert house.told(case)[2:] == [
        ("Director", 30 * DAY + 4 * HOUR),
        ("Ombudsman", 30 * DAY + 12 * HOUR),
    ]


def test_material_of_child_abuse_starts_at_every_rung(house: House) -> None:
    case = house.report(replace(SAID, harm=Harm.CHILD, imminence=Imminence.PAST))
    assert [name for name, _ in house.told(case)] == ["Manager", "Responder", "Director"]


def test_the_outside_is_told_each_day_until_it_accepts(house: House) -> None:
    case = house.report(replace(SAID, implicated=("mallory", "ria", "dora")))
    assert house.told(case) == [("Ombudsman", timedelta(0))]  # nobody is left inside
    house.pass_time(START + 2 * DAY + HOUR, step=HOUR)
    assert house.out.to == 3 * ["mailto:ombudsman@example.net"]
    assert len({message.id for _, message in house.out.sent}) == 1
    acting.accept(case, "Ines, ombudsman's office", START + 3 * DAY, house.on)
    house.pass_time(START + 6 * DAY, START + 3 * DAY, HOUR)
    assert [message.kind for _, message in house.out.sent[3:]] == ["accepted"]


def test_messages_that_fail_are_tried_again_and_make_it_climb(house: House) -> None:
    case = house.report(replace(SAID, imminence=Imminence.RECENT))
    house.out.down = True
    house.pass_time(START + 3 * HOUR)
    kinds = [each.kept.kind for each in house.look(case).records]
    assert Kind.UNDELIVERED in kinds
    assert house.told(case)[1][0] == "Responder"
    assert 2 * HOUR <= house.told(case)[1][1] < 3 * HOUR + MINUTE  # half of four hours
    house.out.down = False
    house.pass_time(START + 5 * HOUR, START + 3 * HOUR)
    assert {"mailto:mallory@example.org", "mailto:ria@example.org"} <= set(house.out.to)


def test_mail_that_is_down_for_a_week_loses_nothing(house: House) -> None:
    house.out.down = True
    case = house.report()
    house.pass_time(START + 7 * DAY, step=30 * MINUTE)
    assert house.out.to == []
    house.out.down = False
    house.pass_time(START + 7 * DAY + 2 * HOUR, START + 7 * DAY, MINUTE)
    assert {"mailto:ombudsman@example.net", "mailto:ria@example.org"} <= set(house.out.to)
    wanted = {each.id for each in house.on.records.deliveries_of(case)}
    assert Counter(message.id for _, message in house.out.sent) == Counter(wanted)  # each once
    problems = [each for each in house.look(case).records if each.kept.kind == Kind.UNDELIVERED]
    assert {each.fields["rung"] for each in problems} >= {1, 2, None}


def test_who_is_implicated_later_is_revoked_at_once(house: House) -> None:
    case = house.report(replace(SAID, imminence=Imminence.PAST))
    assert house.look(case).status.may_see(house.people["Mallory"])
    acting.implicate(case, ["Mallory"], house.people["Ria"], START + HOUR, house.on)
    assert not house.look(case).status.may_see(house.people["Mallory"])
    house.turn(START + HOUR)
    assert house.told(case)[-1] == ("Responder", HOUR)  # nobody is left on the first rung


# --- the manager who wants it gone ---------------------------------------------------


def test_a_renamed_account_is_still_who_it_was(house: House) -> None:
    case = house.report(replace(SAID, implicated=("Mallory",)))
    change(house.on, "UPDATE account SET name = 'Bob', login = 'bob' WHERE id = 'mallory'")
    house.on.records.set_roles("mallory", frozenset({Role.RESPONDER}))
    accounts = {each.id: each for each in house.on.records.accounts()}
    assert not house.look(case).status.may_see(accounts["mallory"])


def test_a_friend_who_comes_later_is_kept_away_until_let_in(house: House) -> None:
    case = house.report(replace(SAID, implicated=("Mallory",)))
    other = house.report()
    friend = person(house.on, "Friend", Role.RESPONDER, at=START + HOUR)
    assert not house.look(case).status.may_see(friend)
    assert house.look(other).status.may_see(friend)  # nobody is named there
    with pytest.raises(NotFound):
        acting.admit(case, friend.id, house.people["Mallory"], START + 2 * HOUR, house.on)
    acting.admit(case, friend.id, house.people["Ria"], START + 2 * HOUR, house.on)
    assert house.look(case).status.may_see(friend)


def test_an_edited_policy_changes_no_case(house: House, tmp_path: Path) -> None:
    case = house.report(replace(SAID, imminence=Imminence.RECENT))
    softer = THREE_RUNGS.replace('"4h"', '"6d"').split("[outside]")[0]
    edited = replace(house.on, policy_text=lambda: softer)
    again = House(edited, house.out, house.people)
    again.pass_time(START + 17 * HOUR, step=10 * MINUTE)
    assert again.told(case)[-1] == ("Ombudsman", 16 * HOUR)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE incident_record SET fields = replace(fields, '4h', '9w') WHERE kind = 'routed'",
        "UPDATE incident_record SET fields = replace(fields, 'ombudsman@', 'nobody@')",
        "UPDATE incident_record SET fields = replace(fields, 'threatened', 'praised')",
        "DELETE FROM incident_record WHERE kind = 'routed'",
        "DELETE FROM incident_record WHERE kind = 'reported'",
        "UPDATE incident_record SET kind = 'seen' WHERE kind = 'told'",
    ],
)
def test_a_changed_case_goes_outside_at_once(house: House, attack: str) -> None:
    case = house.report(replace(SAID, imminence=Imminence.RECENT))
    house.turn(START)
    change(house.on, attack)
    escalation.true_up(START + MINUTE, house.on)
    house.turn(START + MINUTE)
    assert ("Ombudsman", MINUTE) in house.told(case)
    assert "mailto:ombudsman@example.net" in house.out.to
    names = [name for name, _ in house.told(case)]
    assert {"Responder", "Director"} <= set(names)
    house.turn(START + 2 * MINUTE)
    assert [name for name, _ in house.told(case)] == names  # once


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE incident_clock SET due_at = NULL",
        "UPDATE incident_clock SET due_at = due_at + 1000000000000",
        "DELETE FROM incident_clock",
        "DELETE FROM incident_delivery",
        "UPDATE incident_delivery SET next_at = NULL",
        "UPDATE incident_delivery SET next_at = next_at + 1000000000000000",
        "UPDATE incident_delivery SET channel = 'mailto:friend@example.org'",
        "UPDATE incident_clock SET due_at = 0",
    ],
)
def test_whoever_changes_the_clocks_gains_nothing(house: House, attack: str) -> None:
    case = house.report(replace(SAID, imminence=Imminence.RECENT))
    change(house.on, attack)
    escalation.true_up(START, house.on)
    house.pass_time(START + 5 * HOUR, step=10 * MINUTE)
    assert house.told(case) == [("Manager", timedelta(0)), ("Responder", 4 * HOUR)]
    assert house.out.to == ["mailto:mallory@example.org", "mailto:ria@example.org"]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE incident_delivery SET next_at = NULL",
        "UPDATE incident_delivery SET next_at = next_at + 1000000000000000",
        "UPDATE incident_delivery SET next_at = NULL, sent_at = made_at",
        "UPDATE incident_delivery SET next_at = made_at + 80000000000, sent_at = made_at",
        "UPDATE incident_delivery SET channel = 'mailto:friend@example.org'",
    ],
)
@pytest.mark.parametrize("before_it_was_told", [True, False])
def test_whoever_holds_back_a_message_to_the_outside_gains_nothing(
    house: House, attack: str, before_it_was_told: bool
) -> None:
    house.out.down = before_it_was_told
    case = house.report(replace(SAID, implicated=("mallory", "ria", "dora")))
    house.turn(START)
    change(house.on, attack)
    house.out.down = False
    house.out.sent.clear()
    escalation.true_up(START + HOUR, house.on)
    house.pass_time(START + HOUR + DAY, START + HOUR, HOUR)
    assert set(house.out.to) == {"mailto:ombudsman@example.net"}
    acting.accept(case, "Ines", START + 2 * DAY, house.on)
    house.out.sent.clear()
    escalation.true_up(START + 2 * DAY, house.on)
    house.pass_time(START + 4 * DAY, START + 2 * DAY, HOUR)
    assert [message.kind for _, message in house.out.sent] == ["accepted"]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE incident_delivery SET channel = 'mailto:friend@example.org'",
        "UPDATE incident_delivery SET id = 'mine', channel = 'mailto:friend@example.org'",
        "UPDATE incident_delivery SET rung = 0",
    ],
)
def test_nobody_has_the_code_of_the_outside_sent_elsewhere(house: House, attack: str) -> None:
    """Whoever had it could take the case on its behalf."""
    case = house.report(replace(SAID, implicated=("mallory", "ria", "dora")))
    change(house.on, attack)
    house.turn(START)
    assert set(house.out.to) <= {"mailto:ombudsman@example.net"}
    escalation.true_up(START + MINUTE, house.on)
    house.turn(START + MINUTE)
    assert house.out.to == ["mailto:ombudsman@example.net"]
    assert house.on.outside_code(case) in house.out.sent[0][1].text


def test_a_message_that_was_moved_to_another_case_goes_out_all_the_same(house: House) -> None:
    said = replace(SAID, implicated=("mallory", "ria", "dora"))
    case, other = house.report(said), house.report(said)
    moved = f"UPDATE incident_delivery SET incident = '{other}' WHERE incident = '{case}'"
    change(house.on, moved)
    house.turn(START)
    escalation.true_up(START + MINUTE, house.on)
    house.turn(START + MINUTE)
    assert sorted(message.case for _, message in house.out.sent) == sorted([case, other])


def test_the_receipt_says_what_was_changed(house: House) -> None:
    code = codes.new_code()
    receipt = reporting.report(replace(SAID, implicated=("mallory",)), code, START, house.on)
    house.pass_time(START + 2 * HOUR)
    change(house.on, "UPDATE incident_record SET fields = replace(fields, 'threatened', 'sang')")
    found = verify({"receipt": str(receipt), "now": str(cases.shown(receipt.case, house.on))})
    assert not found.holds
    assert found.broken == [
        "now: record 0: 'heard' was changed after it was committed to; "
        'it now says "somebody was sang".'
    ]


def test_every_policy_that_was_in_force_is_on_record(house: House) -> None:
    case = house.report()
    assert note_policy(START, house.on)
    assert not note_policy(START + MINUTE, house.on)
    softer = replace(house.on, policy_text=lambda: THREE_RUNGS.split("[outside]")[0])
    assert note_policy(START + HOUR, softer)
    assert policies_since(START, softer) == [START + HOUR]
    assert [row.id for row in house.on.records.cases()] == [case]
    logbook.check(house.on.book)


def test_records_that_were_taken_away_are_missed(house: House) -> None:
    case = house.report()
    reporting.report(SAID, codes.new_code(), START, house.on)
    assert taken_away(house.on) == 0
    change(house.on, f"DELETE FROM incident_record WHERE incident = '{case}'")
    assert taken_away(house.on) == 4
    escalation.true_up(START, house.on)
    house.turn(START)
    assert ("Ombudsman", timedelta(0)) in house.told(case)


def test_who_edits_the_policy_and_deletes_the_cases_own_gains_nothing(house: House) -> None:
    assert note_policy(START, house.on)
    case = house.report(replace(SAID, imminence=Imminence.RECENT))
    change(house.on, "DELETE FROM incident_record WHERE kind = 'routed'")
    softer = replace(house.on, policy_text=lambda: THREE_RUNGS.split("[outside]")[0])
    again = House(softer, house.out, house.people)
    escalation.true_up(START + MINUTE, softer)
    again.turn(START + MINUTE)
    assert ("Ombudsman", MINUTE) in again.told(case)


def test_time_to_action_is_told_by_rung_and_of_ones_own_cases(house: House) -> None:
    ria = house.people["Ria"]
    said = replace(SAID, imminence=Imminence.RECENT)
    for hours in (1, 3, 5):  # the last one after it has climbed
        case = house.report(said)
        house.turn(START + hours * HOUR)
        at = START + hours * HOUR
        acting.act(case, Act.INQUIRY, ria, at, house.on, until=at + HOUR, whom="Ria")
    house.report(said)
    house.report(replace(said, implicated=("Ria",)))
    assert time_to_action(ria, house.on) == [
        Reached("Manager", 2, HOUR),
        Reached("Responder", 1, 5 * HOUR),
        Reached("nobody has acted", 1, None),
    ]


def test_a_message_whose_try_came_to_nothing_is_tried_under_another_name(house: House) -> None:
    """A workflow runs once by its name: the same one again would never go out."""
    house.report()
    machine = iter(range(1000))
    clock = SteadyClock(house.on.records, lambda: START, lambda: float(next(machine)))
    first, second = (Delivering(house.on, clock, lambda: house.out, {}, False) for _ in range(2))
    names = [{work.name for work in job.due()} for job in (first, second)]
    assert len(names[0]) == 1  # both are of one receiver
    assert names[0].isdisjoint(names[1])


def closed_case(house: House) -> str:
    case = house.report(replace(SAID, imminence=Imminence.PAST))
    ria = house.people["Ria"]
    acting.propose(case, Act.CONCLUDED, "done", ria, START, house.on)
    asked = max(house.look(case).status.proposals)
    acting.agree(case, asked, house.people["Mallory"], START + MINUTE, house.on)
    return case


def test_a_closed_case_climbs_while_the_reporter_waits_for_an_answer(house: House) -> None:
    case = closed_case(house)
    house.pass_time(START + 20 * DAY, START + MINUTE, step=HOUR)
    assert house.told(case)[1:] == [
        ("Responder", 7 * DAY + MINUTE),  # nobody answered within seven days
        ("Director", 9 * DAY + MINUTE),
        ("Ombudsman", 13 * DAY + MINUTE),
    ]
    assert "mailto:ombudsman@example.net" in house.out.to


def test_who_answers_the_reporter_ends_that_and_feedback_is_due_all_the_same(house: House) -> None:
    case = closed_case(house)
    house.pass_time(START + 8 * DAY, START + MINUTE, step=HOUR)
    acting.answer(case, "we have it", False, house.people["Ria"], START + 8 * DAY, house.on)
    house.pass_time(START + 93 * DAY + HOUR, START + 8 * DAY, step=HOUR)
    assert [name for name, _ in house.told(case)] == [
        "Manager", "Responder", "Director", "Ombudsman",
    ]  # fmt: skip
    assert house.told(case)[2:] == [
        ("Director", 89 * DAY),
        ("Ombudsman", 93 * DAY),
    ]
    acting.answer(case, "it was so", True, house.people["Ria"], START + 94 * DAY, house.on)
    assert not {"feedback", "acknowledge"} & {
        each.key.partition(":")[0] for each in clocks.running(house.look(case).status)
    }


def test_a_case_that_was_taken_away_altogether_is_told_outside_once(house: House) -> None:
    assert note_policy(START, house.on)
    case, other = house.report(), house.report(replace(SAID, imminence=Imminence.PAST))
    softer = replace(house.on, policy_text=lambda: THREE_RUNGS.split("[outside]")[0])
    assert note_policy(START, softer)
    for table in ("incident_delivery", "incident_clock", "incident_record"):
        change(softer, f"DELETE FROM {table} WHERE incident = '{case}'")
    change(softer, f"DELETE FROM incident WHERE id = '{case}'")
    for minutes in range(3):
        escalation.true_up(START + minutes * MINUTE, softer)
        for each in softer.records.due_deliveries(START + minutes * MINUTE, 100):
            delivering.deliver(each.id, START + minutes * MINUTE, softer, house.out)
    outside = [message for to, message in house.out.sent if to == "mailto:ombudsman@example.net"]
    assert [message.case for message in outside] == [HOUSE]
    assert "Somebody has taken away 4 records" in outside[0].text
    assert not {other, SAID.heard} & set(outside[0].text.split())
    change(softer, "DELETE FROM incident_delivery")
    escalation.true_up(START + HOUR, softer)
    assert not [
        each for each in softer.records.due_deliveries(START + HOUR, 100) if each.rung is None
    ]


def test_who_takes_the_policies_on_record_away_too_is_told_on(house: House) -> None:
    assert note_policy(START, house.on)
    case, _ = house.report(), house.report()
    softer = replace(house.on, policy_text=lambda: THREE_RUNGS.split("[outside]")[0])
    for gone in (case, HOUSE):
        for table in ("incident_delivery", "incident_clock", "incident_record"):
            change(softer, f"DELETE FROM {table} WHERE incident = '{gone}'")
        change(softer, f"DELETE FROM incident WHERE id = '{gone}'")
    escalation.true_up(START, softer)
    told = [each for each in softer.records.due_deliveries(START, 100) if each.case == HOUSE]
    assert [each.channel for each in told] == ["mailto:ombudsman@example.net"]


def test_who_takes_the_reporters_code_has_it_until_the_next_true_up(house: House) -> None:
    code, theirs = codes.new_code(), codes.new_code()
    case = reporting.report(SAID, code, START, house.on).case
    stolen = codes.code_hash(theirs).hex()
    change(house.on, f"UPDATE incident SET code_hash = x'{stolen}' WHERE id = '{case}'")
    escalation.true_up(START, house.on)
    house.turn(START)
    assert reporting.opened(code, house.on).id == case
    with pytest.raises(NotFound):
        reporting.opened(theirs, house.on)
    assert ("Ombudsman", timedelta(0)) in house.told(case)


def test_who_gives_the_code_to_another_case_loses_it(house: House) -> None:
    code = codes.new_code()
    case, other = reporting.report(SAID, code, START, house.on).case, house.report()
    hashed = codes.code_hash(code).hex()
    change(house.on, f"UPDATE incident SET code_hash = x'00' WHERE id = '{case}'")
    change(house.on, f"UPDATE incident SET code_hash = x'{hashed}' WHERE id = '{other}'")
    assert escalation.true_up(START, house.on).wrong
    assert reporting.opened(code, house.on).id == case
