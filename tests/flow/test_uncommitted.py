"""Whatever a record says is in its leaf, or counts for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS, change
from tests.flow.test_escalation import DAY, HOUR, SAID, House, house_of
from tests.flow.test_outside import EVERYBODY, THEIRS, under
from tests.values import START

from earwitness.flow.incidents import acting, cases
from earwitness.flow.incidents.house import note_policy
from earwitness.incidents.records import FRAME, Kind

OMBUDSMAN = "mailto:ombudsman@example.net"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, THREE_RUNGS)
    assert note_policy(START - DAY, made.on)
    yield under(made, THEIRS)  # whose outside is the manager's own mailbox
    made.on.records.close()  # type: ignore[attr-defined]


def edit(house: House, kind: str, old: str, new: str) -> None:
    values = f"fields = replace(fields, '{old}', '{new}')"
    change(house.on, f"UPDATE incident_record SET {values} WHERE kind = '{kind}'")


def test_who_was_the_outside_before_cannot_be_edited_unseen(house: House) -> None:
    case = house.report(replace(SAID, implicated=EVERYBODY))
    found = house.look(case).status.outside
    assert found
    assert found.channels == (OMBUDSMAN,)
    edit(house, Kind.ROUTED, OMBUDSMAN, "mailto:friend@example.org")
    assert house.look(case).wrong


def test_which_message_was_delivered_cannot_be_edited_unseen(house: House) -> None:
    case = house.report(replace(SAID, implicated=EVERYBODY))
    house.turn(START)
    (told,) = [each.kept for each in house.look(case).records if each.kept.kind == Kind.OUTSIDE]
    acting.accept(case, "Ines", START + HOUR, house.on)
    edit(house, Kind.DELIVERED, f":{told.number}", f":{told.number + 2}")
    assert house.look(case).wrong


def test_what_no_leaf_commits_to_counts_for_nothing(house: House) -> None:
    case = house.report(replace(SAID, implicated=EVERYBODY))
    edit(house, Kind.ROUTED, '"at":', '"number":7,"before":{},"case":"x","kind":"y","at":')
    assert all(not FRAME & each.fields.keys() for each in house.look(case).records)


@pytest.mark.parametrize("name", sorted(FRAME))
def test_no_field_of_a_record_is_called_as_one_that_every_record_has(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        cases.draft(Kind.ADDED, {name: 1})
