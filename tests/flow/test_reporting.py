"""A report: durable before it is acknowledged, the same however often it is sent, and provable."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.flow.incident_house import change, incidents, person
from tests.values import START, item, utterance

from earwitness.accounts import Role
from earwitness.errors import InputError, LogBroken, NotFound, StoreError
from earwitness.evidence.cases import Case, Record, differences
from earwitness.evidence.receipts import Receipt, agree
from earwitness.evidence.verify import verify
from earwitness.flow.incidents import acting, cases, codes, reporting
from earwitness.flow.incidents.logbook import receipt
from earwitness.flow.incidents.parts import Incidents
from earwitness.flow.incidents.reporting import Statement, statement
from earwitness.listening import Harm, Imminence
from earwitness.model import Source
from earwitness.stores import SqlRecords

SAID = Statement(
    "ada lovelace", Harm.VIOLENCE, Imminence.NOW, "somebody cried for help", "at 2 s", ("Mallory",)
)


@dataclass
class House:
    folder: Path
    on: Incidents

    @property
    def store(self) -> SqlRecords:
        found = self.on.records
        assert isinstance(found, SqlRecords)
        return found

    def now(self, case: str) -> Case:
        """What the server says of a case at the moment."""
        kept = self.store.records(case)
        return Case(case, tuple(Record(each.index, each.opened()) for each in kept))

    def change(self, statement: str) -> None:
        """What an administrator of the database could do."""
        with self.store.database.write() as connection:
            connection.exec_driver_sql(statement)


def keep(on: Incidents, name: str, minutes: float = 0) -> None:
    clip = on.clips.put(name.encode())
    heard = START + timedelta(minutes=minutes)
    on.records.keep(
        replace(utterance(name), source=Source(device=name[:2]), clip=clip, heard_at=heard),
        item(name),
    )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, incidents(tmp_path))
    yield made
    made.store.close()


def test_a_report_seals_what_was_heard_and_is_receipted(house: House) -> None:
    for number in range(4):
        keep(house.on, f"u_{number}", minutes=3 * number)
    code = codes.new_code()
    given = reporting.report(replace(SAID, utterance="u_1"), code, START, house.on)
    kept = house.store.records(given.case)
    begun = ["routed", "outside"]  # nobody works here who could be told, and nobody outside
    assert [each.kind for each in kept] == ["reported", *3 * ["sealed"], "held", *begun]
    assert kept[0].fields["heard"] == SAID.heard
    assert [each.fields["utterance"] for each in kept[1:4]] == ["u_1", "u_0", "u_2"]
    for each in kept[1:4]:
        original = house.on.sealed.get(str(each.fields["sha256"]))
        assert len(original) == each.fields["bytes"]
    assert kept[4].fields["utterances"] == ["u_1", "u_0", "u_2"]
    assert len(given.entries) == 7
    assert SAID.heard not in str(given)
    assert "ada lovelace" not in str(given)
    findings = verify({"mine": str(given), "now": str(house.now(given.case))})
    assert findings.holds, str(findings)


def test_other_devices_are_sealed_for_a_reason_on_record(house: House) -> None:
    for name, minutes in {"k_1": 0.0, "l_1": 0.5, "m_1": -0.5, "n_1": 3.0}.items():
        keep(house.on, name, minutes)
    ria = person(house.on, "Ria", Role.RESPONDER)
    code = codes.new_code()
    case = reporting.report(replace(SAID, utterance="k_1"), code, START, house.on).case
    acting.grant(case, "a second voice, from another room", ria, START, house.on)
    last = house.store.records(case)[-4:]
    assert [each.kind for each in last] == ["granted", "sealed", "sealed", "held"]
    assert last[0].fields["said"] == "a second voice, from another room"
    assert [each.fields["utterance"] for each in last[1:3]] == ["m_1", "l_1"]
    with pytest.raises(InputError, match="was done"):
        acting.grant(case, "once more", ria, START, house.on)
    bare = reporting.report(SAID, codes.new_code(), START, house.on).case
    with pytest.raises(InputError, match="names no clip"):
        acting.grant(bare, "why not", ria, START, house.on)


def test_sent_again_it_is_the_same_report(house: House) -> None:
    code = codes.new_code()
    first = reporting.report(SAID, code, START, house.on)
    other = reporting.report(SAID, codes.new_code(), START, house.on)
    again = reporting.report(replace(SAID, heard="other words"), code.lower(), START, house.on)
    assert again.case == first.case != other.case
    assert house.store.records(first.case)[0].fields["heard"] == SAID.heard
    assert agree(first, again) == ""
    assert house.store.log_size() == 2 * 3


def test_a_clip_that_is_gone_stops_no_report(house: House) -> None:
    keep(house.on, "u_1")
    keep(house.on, "u_2", minutes=1)
    house.on.clips.delete(house.store.utterance("u_1").clip)
    given = reporting.report(replace(SAID, utterance="u_1"), codes.new_code(), START, house.on)
    sealed = house.store.records(given.case)[1]
    assert (sealed.fields["sha256"], sealed.fields["problem"]) == (None, "it is not kept any more")
    with pytest.raises(NotFound):
        reporting.report(replace(SAID, utterance="no"), codes.new_code(), START, house.on)


def test_what_cannot_be_sealed_is_not_acknowledged(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house.on, "u_1")
    code = codes.new_code()
    (house.folder / "sealed").rename(house.folder / "away")
    with pytest.raises(StoreError):
        reporting.report(replace(SAID, utterance="u_1"), code, START, house.on)
    assert house.store.log_size() == 0
    (house.folder / "away").rename(house.folder / "sealed")
    assert reporting.report(replace(SAID, utterance="u_1"), code, START, house.on).entries


def test_reports_from_before_there_were_cases_become_cases_once(house: House) -> None:
    keep(house.on, "a_1")
    person(house.on, "Bob", Role.ANALYST)
    person(house.on, "Ria", Role.RESPONDER)
    at = int(START.timestamp()) * 1_000_000
    for name, clip in (("r1", "'a_1'"), ("r2", "NULL")):
        change(
            house.on,
            f"INSERT INTO report VALUES ('{name}', 'Bob', {at}, 'child', 'past', 'cries', {clip})",
        )
    assert reporting.adopt(START, house.on) == 2
    assert reporting.adopt(START, house.on) == 0
    found = [cases.look(row.id, house.on) for row in house.store.cases()]
    assert {(each.first["by"], each.first["by_id"]) for each in found} == {("Bob", "bob")}
    assert all("reported on 20" in str(each.first["when"]) for each in found)
    assert sorted(len(each.records) for each in found) == [3, 5]
    assert all(each.status.told for each in found)


def test_the_reporter_adds_another_clip_which_is_sealed_and_held(house: House) -> None:
    code = codes.new_code()
    keep(house.on, "a_1")
    keep(house.on, "b_2", minutes=60)
    keep(house.on, "b_3", minutes=62)
    first = reporting.report(replace(SAID, utterance="a_1"), code, START, house.on)
    later = reporting.add(code, "it went on in the other room", START, house.on, utterance="b_2")
    assert len(later.entries) == len(first.entries) + 4
    added = house.on.records.records(first.case)[-4:]
    assert [each.kind for each in added] == ["added", "sealed", "sealed", "held"]
    assert added[-1].fields["utterances"] == ["b_2", "b_3"]
    assert house.on.sealed.get(str(added[1].fields["sha256"])) == b"b_2"
    with pytest.raises(InputError, match="no such clip"):
        reporting.add(code, "and here", START, house.on, utterance="nobody")
    with pytest.raises(NotFound):
        reporting.add(codes.new_code(), "mine", START, house.on, utterance="b_2")


def test_the_reporter_adds_to_their_case_and_nobody_elses(house: House) -> None:
    code = codes.new_code()
    first = reporting.report(SAID, code, START, house.on)
    later = reporting.add(code, "I remember a name", START, house.on)
    assert [each.kind for each in house.store.records(first.case)][-1] == "added"
    assert len(later.entries) == 1 + len(first.entries)
    for wrong in (codes.new_code(), "", "no code", "ABCDE" * 5 + "A"):
        with pytest.raises(NotFound, match="No report has this code"):
            reporting.add(wrong, "anything", START, house.on)
    for empty in ("", " \n", "x" * 10_001):
        with pytest.raises(InputError):
            reporting.add(code, empty, START, house.on)


# --- the manager who wants it gone ---------------------------------------------------


CHANGES = {
    "words": (
        "UPDATE incident_record SET fields = replace(fields, 'cried for help', 'sang')",
        "'heard' was changed after it was committed to; it now says \"somebody sang\"",
    ),
    "danger": (
        "UPDATE incident_record SET fields = replace(fields, '\"now\"', '\"past\"')",
        "'imminence' was changed after it was committed to; it now says \"past\"",
    ),
    "who": (
        "UPDATE incident_record SET fields = replace(fields, 'Mallory', 'Nobody')",
        "'implicated' was changed",
    ),
    "kind": ("UPDATE incident_record SET kind = 'joke' WHERE number = 0", "'kind' was changed"),
    "order": ("UPDATE incident_record SET number = 9 WHERE number = 0", "'number' was changed"),
    "salt": ("UPDATE incident_record SET salt = zeroblob(32) WHERE number = 0", "was changed"),
    "a broken row": ("UPDATE incident_record SET fields = 'x' WHERE number = 0", "was taken away"),
    "a field more": (
        "UPDATE incident_record SET fields = replace(fields, '{', '{\"calm\":1,') WHERE number = 0",
        "'calm' was added afterwards",
    ),
    "a deleted row": ("DELETE FROM incident_record WHERE number = 1", "it was taken away"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_changed_in_the_database_the_receipt_names(house: House, name: str) -> None:
    code = codes.new_code()
    given = reporting.report(SAID, code, START, house.on)
    given = reporting.add(code, "and more", START, house.on)
    statement, said = CHANGES[name]
    house.change(statement)
    found = differences([Receipt.parse(str(given))], house.now(given.case))
    assert said in "; ".join(map(str, found))
    assert not verify({"mine": str(given), "now": str(house.now(given.case))}).holds


def test_an_older_database_that_is_put_back_is_noticed(house: House) -> None:
    reporting.report(SAID, codes.new_code(), START, house.on)
    house.store.close()
    shutil.copytree(house.folder, house.folder.parent / "backup")
    reporting.report(SAID, codes.new_code(), START, house.on)
    house.store.close()
    for path in (house.folder.parent / "backup").glob("*.db*"):
        shutil.copy(path, house.folder / path.name)
    with pytest.raises(LogBroken, match="older state"):
        reporting.report(SAID, codes.new_code(), START, house.on)


def test_leaves_and_heads_that_are_changed_are_noticed(house: House) -> None:
    code = codes.new_code()
    given = reporting.report(SAID, code, START, house.on)
    reporting.add(code, "more", START, house.on)
    house.change("UPDATE log_node SET hash = zeroblob(32) WHERE level = 0 AND place = 0")
    reporting.add(code, "again", START, house.on)  # the leaves are what they were
    house.change("UPDATE log_leaf SET leaf = zeroblob(32) WHERE place = 0")
    with pytest.raises(LogBroken, match="not in the tree"):
        receipt(given.case, house.on.book)


def test_a_log_that_is_forked_with_its_own_key_contradicts_the_receipt(house: House) -> None:
    """Everything is replaced, the copy of the head too; only the reporter's receipt is left."""
    mine = reporting.report(SAID, codes.new_code(), START, house.on)
    house.store.close()
    for path in house.folder.glob("*"):
        if path.name != "log.key" and path.is_file():
            path.unlink()
    on = incidents(house.folder)
    theirs = reporting.report(replace(SAID, heard="nothing"), codes.new_code(), START, on)
    assert theirs.key == mine.key
    assert "was forked" in agree(mine, theirs)


# --- what is typed -------------------------------------------------------------------


def test_a_form_becomes_a_report_or_a_reason() -> None:
    said = statement("ada", "violence", "now", " a cry ", "", "Mallory\n\n the  manager \nMallory")
    assert (said.heard, said.implicated) == ("a cry", ("Mallory", "the manager"))
    for wrong in (
        {"harm": "x"}, {"imminence": ""}, {"heard": " "}, {"heard": "x" * 10_001},
        {"implicated": "\n".join(map(str, range(21)))}, {"implicated": "x" * 201},
    ):  # fmt: skip
        form = {"harm": "violence", "imminence": "now", "heard": "a cry"} | wrong
        with pytest.raises(InputError):
            statement("ada", **form)


@pytest.mark.parametrize("code", ["", "-", "ABCDE", "A" * 25, "A" * 27, "0" * 26, "\u00e4" * 26])
def test_what_cannot_be_a_code_is_refused(code: str) -> None:
    with pytest.raises(InputError):
        codes.code_hash(code)
