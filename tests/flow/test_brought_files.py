"""Files that a reporter brings: sealed as they are, bounded, and in the bundle."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS, person
from tests.flow.test_escalation import SAID, House, house_of
from tests.values import START

from earwitness.accounts import Role
from earwitness.errors import InputError, NotFound
from earwitness.evidence.verify import verify
from earwitness.flow.incidents import acting, bundle, codes, evidence, reporting, showing
from earwitness.flow.incidents.evidence import Brought
from earwitness.incidents.records import Kind

LETTER = Brought("C:\\Users\\Ada\\From the landlord.PDF", b"%PDF-1.7 and what it says")
KEY = hashlib.sha256(LETTER.content).hexdigest()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, THREE_RUNGS)
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def test_a_file_is_sealed_as_it_is_and_the_receipt_has_it(house: House) -> None:
    code = codes.new_code()
    first = reporting.report(SAID, code, START, house.on)
    second = reporting.bring(code, LETTER, "a letter", START, house.on)
    assert len(second.entries) == len(first.entries) + 2
    added, sealed = (each.kept for each in house.look(first.case).records[-2:])
    assert (added.kind, added.fields["text"]) == (Kind.ADDED, "a letter")
    assert sealed.fields["name"] == "From the landlord.PDF"
    assert sealed.fields["sha256"] == KEY
    assert house.on.sealed.get(KEY) == LETTER.content
    shown = showing.to_reporter(first.case, house.on)
    assert verify({"r": str(second), "c": str(shown)}, [house.on.book.key.public]).holds


def test_it_leaves_in_the_bundle_under_an_ending_that_is_no_path(house: House) -> None:
    case = house.report()
    for name in (
        "From the landlord.PDF",
        "../../etc/passwd",
        "x.tar.verylongending",
        "a.\u202efdp",
    ):
        content = name.encode()
        reporting.bring_to(case, Brought(name, content), "a letter", START, house.on)
    packed = bundle.export(case, "for the police", house.people["Ria"], START, house.on)
    found = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    endings = sorted(each.rpartition(".")[2] for each in found if "/evidence/" in each)
    assert endings == ["bin", "bin", "fdp", "pdf"]
    assert verify({}, bundles={"case.zip": io.BytesIO(packed)}).holds


@pytest.mark.parametrize("size", [0, evidence.LARGEST_FILE + 1])
def test_one_that_is_empty_or_too_large_is_refused_and_nothing_is_recorded(
    house: House, size: int
) -> None:
    case = house.report()
    before = house.look(case).records
    with pytest.raises(InputError):
        reporting.bring_to(case, Brought("x", bytes(size)), "a letter", START, house.on)
    assert house.look(case).records == before


def test_the_files_of_one_report_have_an_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST_OF_A_CASE", 100)
    case = house.report()
    reporting.bring_to(case, Brought("x", bytes(90)), "a letter", START, house.on)
    with pytest.raises(InputError, match="one report"):
        reporting.bring_to(case, Brought("y", bytes(11)), "a letter", START, house.on)
    reporting.bring_to(case, Brought("y", bytes(10)), "a letter", START, house.on)


def test_who_has_it_and_why_is_on_record_and_nothing_was_made_of_it(house: House) -> None:
    case = house.report()
    reporting.bring_to(case, LETTER, "a letter", START, house.on)
    ria = house.people["Ria"]
    steps = [{"step": "loudness guard"}]
    got = acting.heard(house.look(case), KEY, "to read it", ria, START, house.on, steps)
    assert got == LETTER.content
    seen = house.look(case).records[-1].kept
    assert (seen.kind, seen.fields["by"], seen.fields["said"]) == (Kind.SEEN, "Ria", "to read it")
    assert (seen.fields["steps"], seen.fields["how"]) == ([], "saved")


def test_a_code_that_opens_nothing_brings_nothing(house: House) -> None:
    person(house.on, "Sam", Role.ANALYST)
    with pytest.raises(NotFound):
        reporting.bring(codes.new_code(), LETTER, "a letter", START, house.on)
    assert not list(house.on.sealed.keys())
