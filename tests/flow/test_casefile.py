"""Findings on evidence belong to its case: each version is a record, and its files are sealed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.flow.incident_house import incidents, person
from tests.flow.test_bundle import report, unpacked, verdict
from tests.unit.test_sound_finding import COMPLETE
from tests.values import START

from earwitness.accounts import Account, Role
from earwitness.errors import NotFound, RevisionConflict, StoreError
from earwitness.evidence.verify import verify
from earwitness.examining import Evidence, FindingVersion, named_in
from earwitness.flow.incidents import acting, bundle, cases, showing
from earwitness.flow.incidents.casefile import CaseFile
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.records import Kind
from earwitness.sound.findings import finding as rules


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Incidents]:
    made = incidents(tmp_path)
    yield made
    made.records.close()  # type: ignore[attr-defined]


@pytest.fixture
def ria(on: Incidents) -> Account:
    person(on, "Moll", Role.RESPONDER)
    return person(on, "Ria", Role.RESPONDER)


@pytest.fixture
def file(on: Incidents, ria: Account) -> CaseFile:
    return CaseFile(report(on), ria, lambda: START, on)


def subject(file: CaseFile) -> str:
    """The clip of the report, as it was sealed."""
    records = file.on.records.records(file.case)
    (sealed,) = (each for each in records if each.kind == Kind.SEALED)
    return Evidence(file.case, str(sealed.fields["sha256"])).subject


def written(file: CaseFile, number: int = 1, name: str = "f", replay: str = "{}") -> FindingVersion:
    content = rules.written(replace(COMPLETE, question=f"Version {number}?"))
    whole = named_in(file.case, name)
    return FindingVersion(whole, number, subject(file), "Ria", START, content, replay)


def test_a_version_is_a_record_of_the_case(file: CaseFile) -> None:
    first, second, other = written(file), written(file, 2), written(file, name="g", replay="")
    for each in (first, second, other):
        file.add_finding(each)
    assert file.finding(first.finding) == [first, second]
    assert file.findings(first.utterance) == [second, other]
    kept = [each for each in file.on.records.records(file.case) if each.kind == Kind.FOUND]
    assert [each.fields["version"] for each in kept] == [1, 2, 1]
    assert kept[1].fields["question"] == "Version 2?"
    assert file.on.sealed.get(str(kept[1].fields["content"])).decode() == second.content
    assert not cases.look(file.case, file.on).wrong


def test_of_two_who_write_at_once_one_is_told(file: CaseFile) -> None:
    file.add_finding(written(file))
    for number in (1, 3):
        with pytest.raises(RevisionConflict, match="load it again"):
            file.add_finding(written(file, number))
    assert len(file.finding(named_in(file.case, "f"))) == 1


def test_what_is_done_about_the_case_meanwhile_is_in_nobodys_way(
    file: CaseFile, ria: Account
) -> None:
    before = acting.seen_by(file.case, ria, file.on)
    file.add_finding(written(file))
    fields = {"at": START.isoformat(), "by": "Ria", "by_id": ria.id, "said": "x", "feedback": False}
    cases.add(before, [cases.draft(Kind.ANSWERED, fields)], START, file.on)
    file.add_finding(written(file, 2))


def test_who_may_not_see_the_case_finds_nothing(file: CaseFile) -> None:
    file.add_finding(written(file))
    (moll,) = (each for each in file.on.records.accounts() if each.name == "Moll")
    theirs = replace(file, by=moll)
    assert theirs.finding(named_in(file.case, "f"))
    acting.implicate(file.case, ["Moll"], file.by, START, file.on)
    name = subject(file)
    for ask in (
        partial(theirs.finding, named_in(file.case, "f")),
        *(partial(each, name) for each in (
            theirs.findings, theirs.about, theirs.content, theirs.beside, theirs.custody
        )),
        partial(theirs.add_finding, written(file, 2)),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            ask()


def test_a_record_that_was_changed_counts_for_nothing_and_is_seen(file: CaseFile) -> None:
    file.add_finding(written(file))
    file.add_finding(written(file, 2))
    with file.on.records.database.write() as connection:  # type: ignore[attr-defined]
        connection.execute(
            text("UPDATE incident_record SET fields = replace(fields, 'Version 2?', 'Version 9?')")
        )
    assert [each.number for each in file.finding(named_in(file.case, "f"))] == [1]
    assert cases.look(file.case, file.on).wrong


def test_a_file_that_was_changed_or_taken_away_is_said(file: CaseFile, tmp_path: Path) -> None:
    file.add_finding(written(file))
    file.add_finding(written(file, 2))
    first, second = (each for each in file.on.records.records(file.case) if each.kind == "found")
    places = {path.name: path for path in tmp_path.rglob("*") if path.is_file()}
    places[str(first.fields["content"])].unlink()
    kept = file.finding(named_in(file.case, "f"))
    assert [bool(each.content) for each in kept] == [False, True]
    places[str(second.fields["content"])].write_bytes(b"{}")
    with pytest.raises(StoreError, match="Version 2 of this finding is not what was sealed"):
        file.finding(named_in(file.case, "f"))


def test_the_bundle_has_its_files_and_they_are_verified(file: CaseFile, ria: Account) -> None:
    file.add_finding(written(file))
    file.add_finding(written(file, 2))  # with the same replay file
    content = bundle.export(file.case, "for the police", ria, START, file.on)
    found = verify({}, [file.on.book.key.public], bundles={"it": BytesIO(content)})
    assert found.holds, str(found)
    assert "it: 3 files of findings, as the case has sealed them." in found.proven
    files = unpacked(content)
    ours = [name for name in files if name.startswith("findings/")]
    assert len(ours) == 3
    for changed in (
        {**files, ours[0]: b"changed"},
        {name: each for name, each in files.items() if name != ours[0]},
        {**files, f"findings/{'0' * 64}.finding.json": b"{}"},
    ):
        assert not verdict(changed, file.on).holds


def test_custody_is_what_the_case_has_on_record(file: CaseFile, ria: Account) -> None:
    name = subject(file)
    key = name.partition("~")[2]
    found = acting.seen_by(file.case, ria, file.on)
    acting.heard(found, key, "to know who screams", ria, START, file.on)
    file.add_finding(written(file))
    bundle.export(file.case, "for the police", ria, START, file.on)
    told = [(each.by, each.what.partition(";")[0]) for each in file.custody(name)]
    assert told == [
        ("Earwitness", "sealed it: the clip, clip u_1"),
        ("Ria", "heard it, because: to know who screams"),
        ("Ria", "wrote version 1 of a finding on it"),
        ("Ria", "took it out of here with all of the case, because: for the police"),
    ]
    assert all(f"of the case {file.case}" in each.what for each in file.custody(name))


def test_the_reporter_learns_that_it_was_examined_and_no_more(file: CaseFile) -> None:
    file.add_finding(written(file))
    shown = str(showing.to_reporter(file.case, file.on))
    assert "Version 1?" not in shown
    (kept,) = (each for each in file.on.records.records(file.case) if each.kind == Kind.FOUND)
    assert showing.said(kept).keys() == {"at", "by", "of", "version"}
