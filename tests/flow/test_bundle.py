"""A bundle: a bag that others validate, and whose receipt proves what is in it."""

from __future__ import annotations

import hashlib
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bagit
import pytest
from tests.flow.incident_house import incidents, person
from tests.flow.test_reporting import SAID, keep
from tests.values import START

from earwitness.accounts import Account, Role
from earwitness.errors import InputError, NotFound
from earwitness.evidence.__main__ import main
from earwitness.evidence.cases import Case, Record
from earwitness.evidence.findings import Findings
from earwitness.evidence.notes import SigningKey
from earwitness.evidence.receipts import Receipt
from earwitness.evidence.records import opened_fields
from earwitness.evidence.verify import verify
from earwitness.flow.incidents import bundle, codes, logbook, reporting
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
    assert verdict(one, on).holds
    draw = random.Random(8493)
    for _ in range(1000):
        anew, files = draw.random() < 0.5, dict(one)
        names = [name for name in sorted(files) if not (anew and name == "README.txt")]
        name = draw.choice(names)
        match draw.randrange(10):
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
                files[original_of(one)] = draw.randbytes(40)
            case 5:
                files |= fewer(
                    one, draw, SigningKey.from_seed(on.book.key.name, draw.randbytes(32))
                )
            case 6:
                files |= fewer(one, draw, on.book.key)
            case 7:
                path = original_of(one)
                moved = draw.choice(["evidence/x.flac", path.upper(), path[:-5], f"{path}.exe"])
                files[moved] = files.pop(path)
            case 8:
                more = draw.choice([".missing.txt", f".{draw.randrange(10**8)}"])
                files[original_of(one).removesuffix(".flac") + more] = draw.randbytes(9)
            case _:  # of the other case
                name = draw.choice(["receipt.json", "case.json"])
                files[name] = other[name]
        made = io.BytesIO(packed(files, anew=anew, listed=one))
        found = verify({}, [on.book.key.public], bundles={"changed": made})
        assert not found.holds, (name, anew, str(found))


def fewer(files: dict[str, bytes], draw: random.Random, key: SigningKey) -> dict[str, bytes]:
    """Without one of its records, which is not the last, or with one twice; signed by this key."""
    receipt = Receipt.parse(files["receipt.json"].decode())
    case = Case.parse(files["case.json"].decode())
    gone = draw.choice(receipt.entries[:-1])
    entries = tuple(each for each in receipt.entries if each != gone)
    if draw.random() < 0.3:
        entries = (*receipt.entries, gone)
    else:
        case = replace(case, records=tuple(e for e in case.records if e.index != gone.index))
    signed = replace(receipt, entries=entries, key=key.public).signed(key)
    return {"receipt.json": str(signed).encode(), "case.json": str(case).encode()}


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


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["receipt", "witnessed"])
def test_what_is_added_meanwhile_makes_nobody_a_forger(
    on: Incidents, ria: Account, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    keep(on, "u_1")
    keep(on, "u_2", minutes=10)
    code = codes.new_code()
    case = reporting.report(replace(SAID, utterance="u_1"), code, START, on).case
    original = getattr(logbook, step)

    def meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(logbook, step, original)
        if when == "before":
            reporting.add(code, "and more", START, on, utterance="u_2")
        done = original(*given)
        if when == "after":
            reporting.add(code, "and more", START, on, utterance="u_2")
        return done

    monkeypatch.setattr(logbook, step, meanwhile)
    content = bundle.export(case, "x", ria, START, on)
    later = {"later": str(logbook.receipt(case, on.book))}
    for files in ({}, later):
        found = verify(files, [on.book.key.public], bundles={"it": io.BytesIO(content)})
        assert not found.broken, str(found)


def test_a_bundle_from_before_a_later_receipt_hides_nothing(on: Incidents, ria: Account) -> None:
    code = codes.new_code()
    case = reporting.report(SAID, code, START, on).case
    files = unpacked(bundle.export(case, "x", ria, START, on))
    later = {"later": str(reporting.add(code, "and more", START, on))}
    made = {"it": io.BytesIO(packed(files, anew=True))}
    found = verify(later, [on.book.key.public], bundles=made)
    assert found.holds, str(found)
    assert any("1 record that a later receipt here shows" in each for each in found.open)
    assert any("it shows 4 records as" in each for each in found.proven)
    shown = replace(Case.parse(files["case.json"].decode()), records=())
    made = {"it": io.BytesIO(packed(files | {"case.json": str(shown).encode()}, anew=True))}
    assert sum("taken away" in each for each in verify(later, bundles=made).broken) == 4


# --- what somebody makes up ----------------------------------------------------------


def verdict(files: dict[str, bytes], on: Incidents) -> Findings:
    """Of a bag that is whole: whoever changes a bundle writes its manifests anew."""
    made = io.BytesIO(packed(files, anew=True))
    return verify({}, [on.book.key.public], bundles={"it": made})


@pytest.fixture
def whole(on: Incidents, ria: Account) -> dict[str, bytes]:
    return unpacked(bundle.export(report(on), "x", ria, START, on))


def original_of(files: dict[str, bytes]) -> str:
    return next(name for name in files if name.startswith("evidence/"))


def test_a_bundle_holds_one_file_of_an_original(on: Incidents, whole: dict[str, bytes]) -> None:
    path = original_of(whole)
    base = path.removesuffix(".flac")
    for ext in ("z", "mp3", "a2345678"):
        moved = {(f"{base}.{ext}" if name == path else name): whole[name] for name in whole}
        assert verdict(moved, on).holds
        found = verdict(moved | {path: b"fLaC something harmless"}, on)
        assert any("several files" in each for each in found.broken)
    found = verdict(whole | {f"{base}.missing.txt": b"it was lost"}, on)
    assert any("several files" in each for each in found.broken)


@pytest.mark.parametrize(
    "path",
    [
        "evidence/{key}", "evidence/{key}.", "evidence/{key}.FLAC", "evidence/{key}.flac.exe",
        "evidence/{key}.a23456789", "evidence/{key}.flac\n", "evidence/x/{key}.flac",
        "evidence/{KEY}.flac", "evidence/more.flac", "evidence/", "evidence.flac", "confession.txt",
        "timestamps/x.tsr", "timestamps/1.exe", "receipt.json.bak", "x/receipt.json", "../x",
        "README.txt ", "evidence/{key}.missing.txt.flac",
    ],
)  # fmt: skip
def test_a_file_that_no_bundle_has_is_named(
    on: Incidents, whole: dict[str, bytes], path: str
) -> None:
    key = original_of(whole)[9:73]
    named = path.format(key=key, KEY=key.upper())
    found = verdict(whole | {named: whole[original_of(whole)]}, on)
    assert any("is no file of a bundle" in each for each in found.broken)
    assert all(each.isprintable() for each in found.broken)


def test_files_outside_of_the_bag_are_named(on: Incidents, whole: dict[str, bytes]) -> None:
    for name in ("case/evidence.flac", "case/fetch.txt", "evidence.flac", "/case/data/README.txt"):
        made = io.BytesIO(packed(whole, anew=True))
        with zipfile.ZipFile(made, "a") as archive:
            archive.writestr(name, b"x")
        assert not verify({}, [on.book.key.public], bundles={"it": made}).holds, name


def test_one_bag_is_not_two_where_it_has_no_folder(on: Incidents, whole: dict[str, bytes]) -> None:
    """Names that begin with a slash are no second names of files."""
    path = f"data/{original_of(whole)}"
    with zipfile.ZipFile(io.BytesIO(packed(whole, anew=True))) as archive:
        files = {name.removeprefix("case/"): archive.read(name) for name in archive.namelist()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, each in {f"/{path}": b"harmless", **files}.items():
            archive.writestr(name, each)
    assert not verify({}, [on.book.key.public], bundles={"it": made}).holds


def unicode_path(shown: str, other: str) -> bytes:
    """Info-ZIP's field by which a file has another name for whoever knows it (0x7075)."""
    content = struct.pack("<BL", 1, zlib.crc32(shown.encode())) + other.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content


def test_a_file_has_no_second_name_by_which_others_would_unpack_it(
    on: Incidents, whole: dict[str, bytes]
) -> None:
    good = packed(whole, anew=True)
    key = [on.book.key.public]
    assert not verify({}, key, bundles={"it": io.BytesIO(good)}).broken
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    evidence, readme = (
        next(name for name in files if part in name) for part in ("/evidence/", "/README.txt")
    )
    named = {evidence: unicode_path(evidence, readme), readme: unicode_path(readme, evidence)}
    swapped = io.BytesIO()
    with zipfile.ZipFile(swapped, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.extra = named.get(name, b"")
            archive.writestr(info, content)
    assert verify({}, key, bundles={"it": swapped}).broken
    local = bytearray(good)
    at = local.index(evidence.encode())
    local[at : at + 1] = b"x"  # what stands before the file says another name
    assert verify({}, key, bundles={"it": io.BytesIO(bytes(local))}).broken


def test_an_archive_is_one_whichever_end_it_is_read_from(
    on: Incidents, whole: dict[str, bytes]
) -> None:
    """What reads a ZIP from the front finds files that its directory, at the end, does not name."""
    harmless = packed({original_of(whole): b"fLaC something harmless"}, anew=True)
    good = packed(whole, anew=True)
    first = good.index(b"PK\x03\x04", 4)
    commented = io.BytesIO(good)
    with zipfile.ZipFile(commented, "a") as archive:
        archive.comment = b"x"
    for content in (harmless + good, b"x" + good, good + b"x", commented.getvalue()):
        assert verify({}, [on.book.key.public], bundles={"it": io.BytesIO(content)}).broken
    for at in (first, good.index(b"PK\x01\x02")):
        content = shifted(good, at, harmless[: harmless.index(b"PK\x01\x02")])
        assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == len(whole) + 6
        assert verify({}, [on.book.key.public], bundles={"it": io.BytesIO(content)}).broken
    streamed = io.BytesIO()
    with (
        zipfile.ZipFile(Unseekable(streamed), "w") as archive,
        zipfile.ZipFile(io.BytesIO(good)) as other,
    ):
        for name in other.namelist():
            archive.writestr(name, other.read(name))
    streamed.seek(0)
    assert verify({}, [on.book.key.public], bundles={"it": streamed}).holds


class Unseekable(io.RawIOBase):
    """Into which a ZIP writes the sizes of files behind them."""

    def __init__(self, to: io.BytesIO) -> None:
        self._to = to

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        return self._to.write(content)


def shifted(archive: bytes, at: int, hidden: bytes) -> bytes:
    """With more in the middle, of which the directory says nothing."""
    made, moved = bytearray(archive[:at] + hidden + archive[at:]), len(hidden)
    place = made.index(b"PK\x01\x02", at + moved)
    end = made.rindex(b"PK\x05\x06")
    struct.pack_into("<L", made, end + 16, place)
    while made[place : place + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack_from("<HHH", made, place + 28)
        (offset,) = struct.unpack_from("<L", made, place + 42)
        struct.pack_into("<L", made, place + 42, offset + moved if offset >= at else offset)
        place += 46 + name + extra + comment
    return bytes(made)


def test_a_manifest_lists_a_file_once(on: Incidents, whole: dict[str, bytes]) -> None:
    made = packed(whole, anew=True)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    first = files["case/manifest-sha256.txt"].split(b"\n")[0]
    files["case/manifest-sha256.txt"] = (
        b"0" * 64 + first[64:] + b"\n" + files["case/manifest-sha256.txt"]
    )
    tags = {n: c for n, c in files.items() if n.count("/") == 1 and "tagmanifest" not in n}
    for algorithm in ("sha256", "sha512"):
        files[f"case/tagmanifest-{algorithm}.txt"] = "".join(
            f"{hashlib.new(algorithm, tags[n]).hexdigest()}  {n.removeprefix('case/')}\n"
            for n in tags
        ).encode()
    mixed = io.BytesIO()
    with zipfile.ZipFile(mixed, "w") as archive:
        for name, each in files.items():
            archive.writestr(name, each)
    found = verify({}, [on.book.key.public], bundles={"it": mixed})
    assert found.broken == ["it: manifest-sha256.txt lists a file twice."]


def test_only_a_record_that_is_proven_seals_an_original(
    on: Incidents, whole: dict[str, bytes]
) -> None:
    """What comes after the newest receipt is proven by nothing, so neither is its original."""
    case = Case.parse(whole["case.json"].decode())
    key = hashlib.sha256(b"harmless").hexdigest()
    sealed = opened_fields({"kind": "sealed", "sha256": key}, bytes(32))
    more = replace(case, records=(*case.records, Record(10**6, sealed)))
    found = verdict(
        whole | {"case.json": str(more).encode(), f"evidence/{key}.flac": b"harmless"}, on
    )
    assert any("not one that the case has sealed" in each for each in found.broken)


def test_a_policy_that_no_record_shows_is_not_proven(
    on: Incidents, whole: dict[str, bytes]
) -> None:
    case = Case.parse(whole["case.json"].decode())
    records = [
        replace(
            each,
            fields={name: one for name, one in each.fields.items() if name != "policy"},
            withheld=frozenset({"policy"} & each.fields.keys()),
        )
        for each in case.records
    ]
    shown = str(replace(case, records=tuple(records))).encode()
    found = verdict(whole | {"case.json": shown, "policy.toml": b"nobody has to act"}, on)
    assert found.holds
    assert any("no record here says so" in each for each in found.open)


def test_the_receipt_in_a_bundle_is_one_of_its_case(
    on: Incidents, ria: Account, whole: dict[str, bytes]
) -> None:
    other = unpacked(bundle.export(report(on), "x", ria, START, on))
    files = whole | {"receipt.json": other["receipt.json"]}
    made = io.BytesIO(packed(files, anew=True))
    mine = {"mine": whole["receipt.json"].decode()}
    found = verify(mine, [on.book.key.public], bundles={"it": made})
    assert found.broken == ["it: its receipt is one of another case."]


def test_a_bundle_that_somebody_else_signed_is_found(
    on: Incidents, whole: dict[str, bytes]
) -> None:
    mallory = SigningKey.from_seed(on.book.key.name, b"m" * 32)
    receipt = Receipt.parse(whole["receipt.json"].decode())
    case = Case.parse(whole["case.json"].decode())
    fewer = replace(receipt, entries=receipt.entries[:-1], key=mallory.public).signed(mallory)
    shown = replace(case, records=case.records[:-1])
    files = whole | {"receipt.json": str(fewer).encode(), "case.json": str(shown).encode()}
    found = verdict(files, on)
    assert not found.proven
    assert any("did not sign this receipt" in each for each in found.broken)
