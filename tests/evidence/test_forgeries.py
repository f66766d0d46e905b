"""What somebody makes up so that the verifier says "proven" of it: each is found, and named."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evidence.a_log import CASE, LOG, OTHER, SAID, SEALED, WITNESS, Log

from earwitness.evidence.__main__ import main
from earwitness.evidence.cases import Case, CaseError, Record
from earwitness.evidence.findings import Findings
from earwitness.evidence.notes import SigningKey, VerifierKey
from earwitness.evidence.receipts import Receipt, ReceiptError, agree
from earwitness.evidence.records import Opened, Value, leaf_of, opened_fields
from earwitness.evidence.succession import succession
from earwitness.evidence.verify import verify

MALLORY = SigningKey.from_seed(LOG.name, b"m" * 32)
NOTARY = SigningKey.from_seed("notary.example/witness", b"n" * 32)
THREE: list[dict[str, Value]] = [SAID, SEALED, {"whom": "Mallory"}]
DAY = 1_577_836_800


def said(files: Mapping[str, object], *, witnesses: tuple[VerifierKey, ...] = ()) -> Findings:
    return verify({name: str(each) for name, each in files.items()}, [LOG.public], witnesses)


# --- who signed the receipt ----------------------------------------------------------


def test_a_receipt_that_somebody_else_signed_is_none_of_the_key_that_is_given() -> None:
    log = Log()
    places, _ = log.tell()
    real = log.receipt(places)
    forged = replace(real, key=MALLORY.public, entries=real.entries[:1]).signed(MALLORY)
    found = said({"r": forged})
    assert not found.holds
    assert "did not sign this receipt" in str(found)
    assert said({"r": real}).holds


def test_without_a_key_a_receipt_names_its_own_and_that_one_signed_its_head() -> None:
    log = Log()
    places, _ = log.tell()
    real = log.receipt(places)
    alone = verify({"r": str(real)})
    assert alone.holds
    assert "The receipt itself says that its key is" in str(alone)
    with pytest.raises(ReceiptError, match="did not sign"):
        replace(real, key=MALLORY.public).signed(MALLORY).check()


def test_a_key_that_follows_the_one_that_is_given_may_sign() -> None:
    log, new = Log(), SigningKey.from_seed(LOG.name, b"n" * 32)
    places, _ = log.tell()
    real = log.receipt(places)
    follows = replace(real, key=new.public, successions=(succession(LOG, new),)).signed(new)
    assert follows.check([LOG.public]).followed
    assert not real.check([LOG.public]).followed
    unvouched = replace(real, key=new.public, successions=(succession(MALLORY, new),)).signed(new)
    with pytest.raises(ReceiptError, match="did not sign"):
        unvouched.check([LOG.public])


def test_a_key_that_cosigns_is_no_key_of_a_log() -> None:
    log = Log()
    places, _ = log.tell()
    receipt = log.receipt(places)
    note = receipt.checkpoint.with_signatures([LOG.cosign(receipt.checkpoint.text, DAY)])
    forged = replace(receipt, key=LOG.witness, checkpoint=note).signed(LOG)
    with pytest.raises(ReceiptError, match="no key of a log"):
        forged.check()


# --- the chain -----------------------------------------------------------------------


@pytest.mark.parametrize("dropped", [0, 1])
def test_a_record_that_the_log_itself_leaves_out_is_a_gap(dropped: int) -> None:
    log = Log()
    places, case = log.tell(THREE)
    kept = [at for at in range(3) if at != dropped]
    receipt = log.receipt([places[at] for at in kept])
    found = said({"r": receipt, "c": Case(CASE, tuple(case.records[at] for at in kept))})
    assert any("not the next one of its case" in each for each in found.broken)
    assert any("follows another record" in each for each in found.broken)
    assert not any("unchanged" in each for each in found.proven)


def test_what_was_left_out_at_the_end_is_not_known_and_so_it_is_said() -> None:
    log = Log()
    places, case = log.tell(THREE)
    found = said({"r": log.receipt(places[:2]), "c": Case(CASE, case.records[:2])})
    assert found.holds
    assert any("it ends there" in each for each in found.open)
    later = said(
        {"r": log.receipt(places), "s": log.receipt(places[:2]), "c": Case(CASE, case.records[:2])}
    )
    assert any("leaves out" in each for each in later.broken)


def test_records_of_another_case_are_not_ones_of_this() -> None:
    log = Log()
    places, case = log.tell()
    found = said({"r": log.receipt(places, case=OTHER), "c": Case(OTHER, case.records)})
    assert sum("is one of another case" in each for each in found.broken) == 2


def test_records_in_another_order_are_broken() -> None:
    log = Log()
    _, case = log.tell()
    first, second = log.leaves[-2:]
    log.leaves[-2:] = [second, first]
    size = len(log.leaves)
    one, other = case.records
    shown = Case(CASE, (Record(size - 2, other.fields), Record(size - 1, one.fields)))
    found = said({"r": log.receipt([size - 2, size - 1]), "c": shown})
    assert any("not the next one" in each for each in found.broken)
    assert any("follows another record" in each for each in found.broken)


def test_a_number_is_a_number() -> None:
    log = Log()
    fields = opened_fields({"case": CASE, "number": False, "before": ""}, bytes(32))
    log.leaves.append(leaf_of(fields))
    at = len(log.leaves) - 1
    found = said({"r": log.receipt([at]), "c": Case(CASE, (Record(at, fields),))})
    assert any("not the next one" in each for each in found.broken)


@pytest.mark.parametrize("name", ["case", "number", "before"])
def test_without_what_says_where_a_record_belongs_it_is_not_proven(name: str) -> None:
    log = Log()
    places, case = log.tell()
    partly = {key: each for key, each in case.records[1].fields.items() if key != name}
    shown = Record(places[1], partly, frozenset({name}))
    found = said({"r": log.receipt(places), "c": Case(CASE, (case.records[0], shown))})
    assert found.holds
    assert any(f"what says so is not shown: {name}" in each for each in found.open)
    assert not any("each behind the one before it" in each for each in found.proven)
    whole = said({"r": log.receipt(places), "c": case})
    assert any("each behind the one before it" in each for each in whole.proven)


def test_an_earlier_receipt_judges_the_first_records_alone() -> None:
    log = Log()
    places, case = log.tell(THREE[:2])
    earlier = log.receipt(places)
    log = Log()
    _, later = log.tell(THREE)
    found = said({"r": earlier, "c": later})
    assert found.holds, str(found)
    assert any("2 records as they were committed to" in each for each in found.proven)
    assert any("1 record that came after" in each for each in found.open)
    assert case.records == later.records[:2]


def test_a_receipt_without_the_case_says_nothing_of_what_was_left_out() -> None:
    log = Log()
    places, _ = log.tell()
    assert any("none was left out" in each for each in said({"r": log.receipt(places)}).open)


def test_one_receipt_given_twice_proves_no_more_records() -> None:
    log = Log()
    places, case = log.tell()
    one = log.receipt(places)
    found = said({"a": one, "b": one, "c": case})
    assert any("it shows 2 records as" in each for each in found.proven)


def test_receipts_that_stand_apart_are_held_against_each_other_too() -> None:
    log, fork = Log(), Log()
    first, _ = log.tell()
    one = log.receipt(first)
    log.tell(case=OTHER)
    between = log.receipt([len(log.leaves) - 2], case=OTHER)
    fork.add({"n": 1}, bytes(32))
    fork.tell(THREE * 2)
    last = replace(fork.receipt(range(9, 12)), grown=())
    assert not agree(one, between)
    assert said({"1": one, "2": between, "3": last}).broken


def test_what_is_said_to_be_withheld_was_committed_to() -> None:
    log = Log()
    places, case = log.tell()
    first = replace(case.records[0], withheld=frozenset({"confession"}))
    found = said({"r": log.receipt(places), "c": Case(CASE, (first, case.records[1]))})
    assert any("withholds what was never there: 'confession'" in each for each in found.broken)
    shown_too = replace(case.records[0], withheld=frozenset({"heard"}))
    with pytest.raises(CaseError, match="withheld"):
        Case.parse(str(Case(CASE, (shown_too,))))


def test_what_came_after_the_receipt_says_nothing_of_what_is_withheld() -> None:
    log = Log()
    places, case = log.tell()
    behind = Record(len(log.leaves), {"x": Opened("y", bytes(32))}, frozenset({"a confession"}))
    found = said({"r": log.receipt(places), "c": Case(CASE, (*case.records, behind))})
    assert "confession" not in str(found)


# --- entries -------------------------------------------------------------------------


def test_a_receipt_shows_each_leaf_once_and_one_at_least() -> None:
    log = Log()
    places, _ = log.tell()
    with pytest.raises(ReceiptError, match="twice"):
        log.receipt([*places, places[0]]).check()
    with pytest.raises(ReceiptError, match="shows no record"):
        log.receipt([]).check()
    empty = Log()
    empty.leaves = []
    assert not said({"r": empty.receipt([])}).proven


@pytest.mark.parametrize("number", ["-1", "1e2", "NaN", "true", "9" * 4000, "9" * 5000, "1.0"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    log = Log()
    places, case = log.tell()
    receipt = log.receipt(places)
    texts = {"r": str(receipt), "c": str(case)}
    for name in texts:
        changed = texts[name].replace(f'"index": {places[0]}', f'"index": {number}')
        assert changed != texts[name]
        assert verify(texts | {name: changed}, [LOG.public]).broken


def test_a_part_that_is_there_twice_is_refused() -> None:
    log = Log()
    places, case = log.tell()
    receipt = str(log.receipt(places))
    with pytest.raises(ReceiptError):
        Receipt.parse(receipt.replace('"grown"', '"case": "x",\n "grown"'))
    with pytest.raises(CaseError):
        Case.parse(str(case).replace('"records"', '"case": "x",\n "records"'))


# --- witnesses -----------------------------------------------------------------------


def cosigned(*signatures: tuple[SigningKey, int], quorum: int = 1) -> Receipt:
    """By whoever has the log's key."""
    log = Log()
    places, _ = log.tell()
    receipt = log.receipt(places)
    text = receipt.checkpoint.text
    note = receipt.checkpoint.with_signatures(key.cosign(text, at) for key, at in signatures)
    named = tuple({key.witness: None for key, _ in signatures})
    return replace(receipt, checkpoint=note, witnesses=named, quorum=quorum).signed(LOG)


def test_a_witness_whom_only_the_receipt_names_proves_nothing() -> None:
    found = said({"r": cosigned((NOTARY, DAY))})
    assert not any("2020" in each for each in found.proven)
    assert any("2020" in each and "the receipt itself names" in each for each in found.open)
    assert any(each.startswith("When: no witness") for each in found.open)
    assert any("everybody is shown the same log" in each for each in found.open)


def test_another_key_of_a_witness_that_is_known_by_name_proves_nothing() -> None:
    other = SigningKey.from_seed(NOTARY.name, b"o" * 32)
    found = said(
        {"r": cosigned((NOTARY, 1_790_000_000), (other, DAY))}, witnesses=(NOTARY.witness,)
    )
    assert not any("2020" in each for each in found.proven)
    assert any("2026" in each for each in found.proven)
    assert not any(each.startswith("When") for each in found.open)


def test_of_two_signatures_of_a_witness_the_earlier_says_by_when() -> None:
    twice = cosigned((NOTARY, 1_790_000_000), (NOTARY, DAY))
    found = said({"r": twice}, witnesses=(NOTARY.witness,))
    assert sum("says the witness" in each for each in found.proven) == 1
    assert any("2020" in each for each in found.proven)


def test_the_log_is_no_witness_of_its_own() -> None:
    found = said({"r": cosigned((LOG, DAY))}, witnesses=(LOG.witness,))
    assert not any("says the witness" in each for each in found.proven)
    plain = replace(cosigned((NOTARY, DAY)), witnesses=(LOG.public,)).signed(LOG)
    for lying in (plain, cosigned((LOG, DAY))):
        with pytest.raises(ReceiptError, match="no witness"):
            lying.check()


def test_one_key_under_two_names_is_no_quorum() -> None:
    again = SigningKey.from_seed("another.example", NOTARY.seed)
    with pytest.raises(ReceiptError, match="one witness"):
        cosigned((NOTARY, DAY), (again, DAY), quorum=2).check()


def test_when_is_said_to_be_open_of_the_records_that_nobody_has_seen() -> None:
    log = Log()
    places, _ = log.tell()
    early = log.receipt(places, witnessed=True)
    log = Log()
    more, _ = log.tell(THREE)
    found = said({"a": early, "b": log.receipt(more)}, witnesses=(WITNESS.witness,))
    assert any(each.startswith("When, of 1 record: no witness") for each in found.open)


# --- what is shown on a terminal -----------------------------------------------------

CRAFTED = "x stood.\nProven:\n  - all of it\x1b[8m\u202e\u2028\x9b\ud800"


def test_a_case_has_an_id_that_is_no_text() -> None:
    log = Log()
    places, case = log.tell()
    for name in (CRAFTED[:-1], "c1", "", "C1" * 8, CASE + "\n", "\uff11" * 16):
        with pytest.raises(ReceiptError):
            Receipt.parse(str(log.receipt(places, case=name)))
        with pytest.raises(CaseError):
            Case.parse(str(replace(case, id=name)))


def test_what_somebody_wrote_is_shown_on_its_own_line_and_steers_nothing() -> None:
    text = str(Findings([CRAFTED], [CRAFTED], [CRAFTED]))
    assert [line for line in text.split("\n") if not line.isprintable()] == []
    assert text.count("\n  - ") == 3
    assert text.splitlines().count("Proven:") == 1
    assert all(each.isprintable() for each in Findings([CRAFTED]).printable().proven)


def test_crafted_values_and_names_of_files_write_no_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = Log()
    places, case = log.tell()
    fields = dict(case.records[0].fields)
    fields["heard"] = Opened("\x9b\u202e\u2028", fields["heard"].salt)
    now = tmp_path / "now\nProven:\n  - all of it.json"
    now.write_text(str(Case(CASE, (replace(case.records[0], fields=fields),))), "utf-8")
    (tmp_path / "r").write_text(str(log.receipt(places)), "utf-8")
    assert main([str(tmp_path / "r"), str(now)]) == 1
    assert main([str(tmp_path / "gone\x1b[8m")]) == 2
    shown = capsys.readouterr()
    assert all(line.isprintable() for line in (shown.out + shown.err).split("\n"))
    assert shown.out.count("Proven:\n") == 1
    found = verify({str(now): now.read_text("utf-8"), "r": str(log.receipt(places))})
    assert all(each.isprintable() for each in (*found.proven, *found.open, *found.broken))


def test_text_that_a_terminal_cannot_show_stops_no_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    places, _ = log.tell()
    path = tmp_path / "\u65e5\u672c"
    path.write_text(str(log.receipt(places)), "utf-8")
    shown = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr("sys.stdout", shown)
    assert main([str(path)]) == 0
    assert main([str(path), "--key", str(MALLORY.public)]) == 1
