"""A bundle: a bag that others validate, and whose receipt proves what is in it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import bagit
import pytest
from tests.flow.incident_house import incidents, person
from tests.flow.test_reporting import SAID, keep
from tests.values import START

from earwitness.accounts import Account, Role
from earwitness.errors import InputError, NotFound
from earwitness.evidence.verify import verify
from earwitness.flow.incidents import bundle, codes, reporting
from earwitness.flow.incidents.parts import Incidents


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Incidents]:
    made = incidents(tmp_path)
    yield made
    made.records.close()  # type: ignore[attr-defined]


@pytest.fixture
def ria(on: Incidents) -> Account:
    return person(on, "Ria", Role.RESPONDER)


def report(on: Incidents) -> str:
    keep(on, "u_1")
    code = codes.new_code()
    return reporting.report(replace(SAID, utterance="u_1"), code, START, on).case


def test_others_validate_it_and_its_receipt_proves_it(
    on: Incidents, ria: Account, tmp_path: Path
) -> None:
    case = report(on)
    content = bundle.export(case, "for the police", ria, START, on)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path / "out")
    at = tmp_path / "out" / f"case-{case}"
    bag = bagit.Bag(str(at))
    assert bag.validate()
    assert bag.info["External-Identifier"] == case
    files = {
        name: (at / "data" / name).read_text("utf-8") for name in ("receipt.json", "case.json")
    }
    found = verify(files)
    assert found.holds, str(found)
    assert "for the police" in files["case.json"]
    (original,) = (at / "data" / "evidence").iterdir()
    assert original.read_bytes() == b"u_1"
    original.write_bytes(b"another")
    assert not bagit.Bag(str(at)).is_valid()


def test_it_is_for_a_reason_and_for_whoever_may_see_it(on: Incidents, ria: Account) -> None:
    case = report(on)
    with pytest.raises(InputError, match="what it is taken for"):
        bundle.export(case, " ", ria, START, on)
    with pytest.raises(NotFound):
        bundle.export(case, "curiosity", person(on, "Bob", Role.ANALYST), START, on)


def test_an_original_that_is_gone_is_named(on: Incidents, ria: Account) -> None:
    case = report(on)
    key = str(on.records.records(case)[1].fields["sha256"])
    on.sealed.delete(key)
    content = bundle.export(case, "for the police", ria, START, on)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert f"case-{case}/data/evidence/{key}.missing.txt" in archive.namelist()
