"""A bundle: a bag that others validate, and whose receipt proves what is in it."""

from __future__ import annotations

import io
import random
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
from earwitness.evidence.__main__ import main
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


def test_the_verifier_reads_a_bundle_as_it_is(
    on: Incidents, ria: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "case.zip"
    path.write_bytes(bundle.export(report(on), "for the police", ria, START, on))
    assert main([str(path), "--key", str(on.book.key.public)]) == 0
    said = capsys.readouterr().out
    assert "case.zip: 1 original, as the case has sealed them." in said
    assert "as they were committed to, unchanged" in said


def test_of_a_thousand_changed_bundles_every_one_is_found(on: Incidents, ria: Account) -> None:
    """Half of them with manifests made anew, as whoever changes a bundle would."""
    one, other = (unpacked(bundle.export(report(on), "x", ria, START, on)) for _ in range(2))
    assert verify({}, bundles={"whole": io.BytesIO(packed(one, anew=True))}).holds
    draw = random.Random(8493)
    evidence = next(name for name in one if name.startswith("evidence/"))
    for _ in range(1000):
        anew, files = draw.random() < 0.5, dict(one)
        names = [name for name in sorted(files) if not (anew and name == "README.txt")]
        name = draw.choice(names)
        match draw.randrange(6):
            case 0:
                at = draw.randrange(len(files[name]))
                changed = bytearray(files[name])
                changed[at] ^= 1 << draw.randrange(8)
                files[name] = bytes(changed)
            case 1:
                files[name] = files[name][: draw.randrange(len(files[name]))]
            case 2:
                del files[name]
            case 3:
                files["evidence/" + draw.randbytes(32).hex() + ".flac"] = b"another"
            case 4:
                files[evidence] = draw.randbytes(40)
            case _:  # of the other case
                name = draw.choice(["receipt.json", "case.json"])
                files[name] = other[name]
        found = verify({}, bundles={"changed": io.BytesIO(packed(files, anew=anew, listed=one))})
        assert not found.holds, (name, anew, str(found))


def test_what_is_no_bundle_is_broken(on: Incidents, ria: Account) -> None:
    whole = bundle.export(report(on), "x", ria, START, on)
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    for content in (whole[:-10], whole[: len(whole) // 2], b"PK", empty.getvalue()):
        assert verify({}, bundles={"it": io.BytesIO(content)}).broken


def unpacked(content: bytes) -> dict[str, bytes]:
    """By path under ``data/``."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    return {name[5:]: each for name, each in files.items() if name.startswith("data/")}


def packed(files: dict[str, bytes], *, anew: bool, listed: dict[str, bytes] | None = None) -> bytes:
    """With manifests of these files, or of others."""
    made = bundle.bag("case", files if anew or listed is None else listed, {})
    if anew or listed is None:
        return made
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        tags = {n: archive.read(n) for n in archive.namelist() if not n.startswith("case/data/")}
    mixed = io.BytesIO()
    with zipfile.ZipFile(mixed, "w") as archive:
        for name, each in {**tags, **{f"case/data/{n}": c for n, c in files.items()}}.items():
            archive.writestr(name, each)
    return mixed.getvalue()


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
