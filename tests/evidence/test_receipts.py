"""Receipts and cases: what they prove, and that no change to them goes unseen."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evidence.a_log import CASE, LOG, WITNESS, Log
from tests.evidence.rewriting import REWRITES, Told

import earwitness.evidence
from earwitness.evidence.cases import Case, Record, differences
from earwitness.evidence.findings import Findings
from earwitness.evidence.receipts import Receipt, ReceiptError, agree
from earwitness.evidence.records import Opened
from earwitness.evidence.verify import verify


def test_a_receipt_holds_by_itself_and_gives_nothing_away() -> None:
    log = Log()
    places, case = log.tell()
    receipt = log.receipt(places, witnessed=True)
    text = str(receipt)
    assert "a cry" not in text
    assert "violence" not in text
    assert Receipt.parse(text) == receipt
    findings = verify({"mine.json": text, "now.json": str(case)}, [LOG.public], [WITNESS.witness])
    assert findings.holds, str(findings)
    assert "2026-09-21" in str(findings)
    alone = verify({"mine.json": str(log.receipt(places))})
    assert alone.holds
    assert "No witness signed it" in str(alone)
    assert "compare that with the key" in str(alone)


def test_what_the_server_changed_is_named_field_by_field() -> None:
    log = Log()
    places, case = log.tell()
    first, second = case.records
    tampered = dict(first.fields) | {"heard": Opened("music", first.fields["heard"].salt)}
    del tampered["harm"]
    tampered["calm"] = Opened("yes", bytes(32))
    changed = Case(CASE, (Record(first.index, tampered), second))
    found = [str(each) for each in differences([log.receipt(places)], changed)]
    assert found == [
        f"record {places[0]}: 'calm' was added afterwards; it now says \"yes\"",
        f"record {places[0]}: 'harm' was taken away",
        f"record {places[0]}: 'heard' was changed after it was committed to; it now says \"music\"",
    ]
    (gone,) = differences([log.receipt(places)], Case(CASE, (first,)))
    assert "taken away" in str(gone)
    findings = verify({"r": str(log.receipt(places)), "c": str(changed)})
    assert not findings.holds
    assert len(findings.broken) == 3


def test_what_may_not_be_shown_is_withheld_and_the_rest_proven() -> None:
    log = Log()
    places, case = log.tell()
    first, second = case.records
    shown = {name: each for name, each in first.fields.items() if name != "heard"}
    partly = Case(CASE, (Record(first.index, shown, frozenset({"heard"})), second))
    assert differences([log.receipt(places)], Case.parse(str(partly))) == []


def test_a_later_receipt_shows_that_the_log_only_grew() -> None:
    log = Log()
    places, _ = log.tell()
    first = log.receipt(places)
    for number in range(20):
        log.add({"n": number}, bytes(32))
    later = log.receipt(places, since=[first.head.size])
    findings = verify({"first": str(first), "later": str(later)})
    assert "has only grown" in str(findings)
    unclear = verify({"first": str(first), "later": str(log.receipt(places))})
    assert "Whether the log only grew" in str(unclear)


def test_a_fork_with_the_real_key_is_a_proof_against_it() -> None:
    log, fork = Log(), Log()
    places, _ = log.tell()
    for number in range(2):
        fork.add({"n": number}, bytes(32))
    assert "was forked" in agree(log.receipt(places), fork.receipt([3]))
    fork.add({"n": 7}, bytes(32))
    size = log.receipt(places).head.size
    assert "was forked" in agree(log.receipt(places), fork.receipt([3], since=[size]))
    swapped = replace(fork.receipt(places), grown=())
    assert "is another one" in agree(log.receipt(places), swapped)


def test_the_quorum_that_was_asked_for_must_have_signed() -> None:
    log = Log()
    places, _ = log.tell()
    receipt = log.receipt(places, witnessed=True)
    alone = replace(receipt, checkpoint=log.key.sign(receipt.checkpoint.text)).signed(log.key)
    with pytest.raises(ReceiptError, match="1 witnesses had to sign"):
        alone.check()


def test_of_a_thousand_changed_receipts_and_cases_every_one_is_found() -> None:
    log = Log()
    places, case = log.tell()
    texts = {"mine": str(log.receipt(places, since=[4], witnessed=True)), "now": str(case)}
    assert verify(texts, [LOG.public], [WITNESS.witness]).holds
    draw, tried = random.Random(6962), 0
    while tried < 1000:
        name = draw.choice(sorted(texts))
        text = texts[name]
        place = draw.randrange(len(text))
        match draw.randrange(3):
            case 0:
                changed = text[:place] + chr(draw.randrange(33, 127)) + text[place + 1 :]
            case 1:
                changed = text[:place]
            case _:
                end = min(len(text), place + draw.randrange(1, 40))
                changed = text[:place] + text[end:]
        if changed == text:
            continue
        tried += 1
        found = verify(texts | {name: changed}, [LOG.public], [WITNESS.witness])
        assert not found.holds, changed


def test_of_a_thousand_that_were_written_anew_every_one_is_found() -> None:
    """By somebody without the log's key, who signs with another, and by whoever has it."""
    told, draw = Told(), random.Random(9162)
    assert found_in(told.receipt, told.case).holds
    for _ in range(1000):
        rewrite = draw.choice(REWRITES)
        receipt, case = rewrite(told, draw)
        assert not found_in(receipt, case).holds, rewrite


def found_in(receipt: Receipt, case: Case) -> Findings:
    texts = {"mine": str(receipt), "now": str(case)}
    return verify(texts, [LOG.public], [WITNESS.witness])


def test_the_verifier_runs_alone_without_us_and_without_a_network(tmp_path: Path) -> None:
    """A copy of the folder, where Python can reach nothing else of ours."""
    source = Path(earwitness.evidence.__file__).parent
    shutil.copytree(source, tmp_path / "evidence", ignore=shutil.ignore_patterns("__pycache__"))
    log = Log()
    places, case = log.tell()
    (tmp_path / "mine.json").write_text(str(log.receipt(places)), "utf-8")
    (tmp_path / "now.json").write_text(str(case), "utf-8")
    alone = (
        "import socket, sys; socket.socket = None; import evidence.__main__ as program; "
        "code = program.main(sys.argv[1:]); "
        "assert not [name for name in sys.modules if name.startswith('earwitness')]; "
        "sys.exit(code)"
    )
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {alone}"]
    key = ["--key", str(LOG.public)]
    ran = subprocess.run(
        [*command, "mine.json", "now.json", *key], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "Proven" in ran.stdout
    (tmp_path / "now.json").write_text(str(case).replace("a cry", "music"), "utf-8")
    ran = subprocess.run(
        [*command, "mine.json", "now.json", *key], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "'heard' was changed" in ran.stdout
