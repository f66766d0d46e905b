"""Each name that a report gives matches somebody or does not; what a code alone gives out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS, change, incidents, person
from tests.flow.test_escalation import HOUR, MINUTE, SAID, House, house_of
from tests.values import START

from earwitness.accounts import Role
from earwitness.errors import InputError
from earwitness.evidence.verify import verify
from earwitness.flow.incidents import acting, codes, logbook, reporting, showing
from earwitness.flow.incidents.house import note_policy, policies_since
from earwitness.incidents.records import Kind
from earwitness.incidents.status import Act

SECRETS = THREE_RUNGS.replace(
    'channels = ["mailto:ria@example.org"]',
    'channels = ["mailto:ria@example.org", "https://hooks.example/T0KEN"]',
).replace('"mailto:ombudsman@example.net"', '"https://ombudsman.example/T0KEN?key=s3cret"')


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, SECRETS)
    note_policy(START, made.on)
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def test_a_name_that_matches_nobody_is_said_beside_one_that_does(house: House) -> None:
    case = house.report(replace(SAID, implicated=("Mallory, my manager", "ria", "auditor")))
    found = house.look(case)
    assert found.status.unmatched == ("Mallory, my manager", "auditor")
    assert found.first["matched"] == ["ria"]
    acting.implicate(case, ["Nobody", "lead"], house.people["Dora"], START + MINUTE, house.on)
    assert house.look(case).status.unmatched == ("Mallory, my manager", "auditor", "Nobody")
    assert house.look(case).records[-1].fields["matched"] == ["lead"]
    change(house.on, "UPDATE account SET name = 'Bob' WHERE id = 'ria'")
    person(house.on, "Nobody", Role.RESPONDER)
    assert house.look(case).status.unmatched == ("Mallory, my manager", "auditor")


def test_a_name_that_matches_nobody_is_asked_about_before_anything_goes_out(house: House) -> None:
    said = replace(SAID, implicated=("Mallory, my manager", "Ria"))
    with pytest.raises(InputError, match="Nobody here is called Mallory, my manager: ") as asked:
        reporting.ask(said, house.on)
    assert "Ria" not in str(asked.value)
    assert house.on.records.cases() == []
    reporting.ask(replace(SAID, implicated=("Ria", "responder")), house.on)
    reporting.ask(SAID, house.on)


def test_the_file_for_the_reporter_holds_nothing_that_their_page_hides(house: House) -> None:
    code = codes.new_code()
    said = replace(SAID, implicated=("Mallory",))
    case = reporting.report(said, code, START, house.on).case
    house.out.down = True
    house.pass_time(START + 2 * HOUR)
    house.out.down = False
    house.pass_time(START + 3 * HOUR, START + 2 * HOUR)
    ria = house.people["Ria"]
    at = START + 4 * HOUR
    acting.act(case, Act.INQUIRY, ria, at, house.on, until=at + HOUR, whom="Ria", said="looking")
    acting.hand_over(case, "Dora", "she knows", ria, at, house.on)
    file = str(showing.to_reporter(case, house.on))
    for hidden in ("T0KEN", "s3cret", "example.org", '"administrator"', "people:", '"ria"',
                   "implicated_ids", "ombudsman.example"):  # fmt: skip
        assert f"{hidden}" not in file.replace('"implicated_ids"\n', ""), hidden
    assert "somebody was threatened" in file
    receipt = str(logbook.receipt(case, house.on.book))
    found = verify({"receipt": receipt, "now": file}, [house.on.book.key.public])
    assert found.holds
    assert any("as they were committed to" in each for each in found.proven)
    assert any("what was withheld says" in each and "there" in each for each in found.open)


def test_what_was_changed_is_found_in_that_file_all_the_same(house: House) -> None:
    code = codes.new_code()
    receipt = reporting.report(SAID, code, START, house.on)
    change(house.on, "UPDATE incident_record SET fields = replace(fields, 'threatened', 'sang')")
    change(house.on, "UPDATE incident_record SET kind = 'held' WHERE kind = 'reported'")
    file = str(showing.to_reporter(receipt.case, house.on))
    assert not verify({"receipt": str(receipt), "now": file}).holds


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE incident_record SET fields = replace(fields, 'T0KEN', 'T1KEN')",
        "UPDATE incident_record SET fields = replace(fields, '\"Dora\"', '\"Friend\"') "
        "WHERE kind = 'routed'",
        "UPDATE incident_record SET fields = '{}' WHERE kind = 'routed'",
    ],
)
def test_that_something_hidden_was_changed_is_found_without_what_it_says(
    house: House, attack: str
) -> None:
    receipt = reporting.report(SAID, codes.new_code(), START, house.on)
    change(house.on, attack)
    file = str(showing.to_reporter(receipt.case, house.on))
    found = verify({"receipt": str(receipt), "now": file})
    assert any("'there' was" in each or "'policy' was" in each for each in found.broken)
    assert not {"T0KEN", "T1KEN", "Friend", "Dora"} & set(file.replace('"', " ").split())


def test_every_kind_of_record_says_what_of_it_the_reporter_is_shown() -> None:
    of_no_case = {Kind.DAY, Kind.KEY, Kind.OVER, Kind.POLICY, Kind.WAYS}
    assert showing.SHOWN.keys() | of_no_case == set(Kind)


# --- an account that is renamed before the report ------------------------------------

IN_LINE = (
    THREE_RUNGS.replace('account = "Dora"', 'account = "Dora"\nreports_to = "boss"')
    .replace("[people.mallory]", "[people.boss]")
    .replace('tell = ["mallory"]', 'tell = ["boss"]')
)


@pytest.fixture
def renamed(tmp_path: Path) -> Iterator[House]:
    """Under a policy that has Mallory's account by its name; it has another since."""
    made = house_of(tmp_path, IN_LINE)
    note_policy(START, made.on)
    rename(made, "mallory", "Bob")
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def rename(house: House, who: str, name: str) -> None:
    change(house.on, f"UPDATE account SET name = '{name}', login = '{name}' WHERE id = '{who}'")


@pytest.mark.parametrize("name", ["Bob", "Mallory", "boss"])
def test_who_was_renamed_before_the_report_is_who_the_policy_means(
    renamed: House, name: str
) -> None:
    case = renamed.report(replace(SAID, implicated=(name,)))
    renamed.pass_time(START + HOUR)
    assert {"mailto:mallory@example.org", "mailto:dora@example.org"}.isdisjoint(renamed.out.to)
    status = renamed.look(case).status
    assert {"mallory", "dora"} <= status.implicated  # she reports to him
    assert not any(status.may_see(renamed.people[each]) for each in ("Mallory", "Dora"))


def test_another_policy_knows_who_was_renamed_and_a_new_account_is_nobody_else(
    renamed: House,
) -> None:
    edited = replace(renamed.on, policy_text=lambda: IN_LINE + "# edited\n")
    note_policy(START + MINUTE, edited)
    house = House(edited, renamed.out, renamed.people)
    case = house.report(replace(SAID, implicated=("Bob",)), at=START + HOUR)
    assert "dora" in house.look(case).status.implicated


def test_that_an_account_is_there_at_last_is_no_other_policy(tmp_path: Path) -> None:
    on = incidents(tmp_path, IN_LINE)
    assert note_policy(START, on)
    person(on, "Mallory", Role.LEAD)
    assert note_policy(START + MINUTE, on)
    assert not note_policy(START + HOUR, on)
    assert policies_since(START - HOUR, on) == []
    change(on, "UPDATE account SET name = 'Bob', login = 'bob' WHERE id = 'mallory'")
    person(on, "Sam", Role.RESPONDER)
    assert not note_policy(START + HOUR, on)
    on.records.close()


def test_where_somebody_is_named_nobody_is_told_whose_account_is_not_known(
    tmp_path: Path,
) -> None:
    """They may be who is named, under the name that the account had."""
    house = house_of(tmp_path, IN_LINE)
    rename(house, "mallory", "Bob")  # before any policy was on record
    for said in (SAID, replace(SAID, implicated=("Bob",))):
        house.report(said)
    house.pass_time(START + 2 * MINUTE)
    told = [to for to in house.out.to if to == "mailto:mallory@example.org"]
    assert len(told) == 1
    house.on.records.close()  # type: ignore[attr-defined]
