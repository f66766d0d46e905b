"""Receipts and cases: what they prove, and that no change to them goes unseen."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import earwitness.evidence
from earwitness.evidence import merkle
from earwitness.evidence.cases import Case, Record, differences
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.notes import SigningKey
from earwitness.evidence.receipts import Entry, Growth, Receipt, ReceiptError, agree
from earwitness.evidence.records import Opened, Value, leaf_of, opened_fields
from earwitness.evidence.verify import verify

LOG = SigningKey.from_seed("example.com/log", b"l" * 32)
WITNESS = SigningKey.from_seed("example.com/witness", b"w" * 32)
SAID: dict[str, Value] = {"case": "c1", "kind": "reported", "heard": "a cry", "harm": "violence"}


class Log:
    """In memory: all leaves, and proofs from them."""

    def __init__(self, key: SigningKey = LOG) -> None:
        self.key, self.leaves = key, [leaf_of(opened_fields({"n": n}, bytes(32))) for n in range(9)]

    def hashes(self) -> list[bytes]:
        return [merkle.leaf_hash(each) for each in self.leaves]

    def add(self, fields: dict[str, Value], salt: bytes) -> int:
        self.leaves.append(leaf_of(opened_fields(fields, salt)))
        return len(self.leaves) - 1

    def receipt(
        self, places: Sequence[int], since: Sequence[int] = (), *, witnessed: bool = False
    ) -> Receipt:
        hashes = self.hashes()
        size = len(hashes)

        def parts(wanted: Sequence[merkle.Part]) -> tuple[bytes, ...]:
            return tuple(merkle.part_hash(hashes, *each) for each in wanted)

        text = str(Checkpoint(self.key.name, size, merkle.part_hash(hashes, 0, size)))
        note = self.key.sign(text)
        if witnessed:
            note = note.with_signatures([WITNESS.cosign(text, 1_790_000_000)])
        return Receipt(
            "c1",
            self.key.public,
            note,
            tuple(
                Entry(at, self.leaves[at], parts(merkle.inclusion_parts(at, size))) for at in places
            ),
            (WITNESS.witness,) if witnessed else (),
            int(witnessed),
            tuple(
                Growth(
                    old,
                    merkle.part_hash(hashes, 0, old),
                    parts(merkle.consistency_parts(old, size)),
                )
                for old in since
            ),
        ).signed(self.key)


def reported(log: Log) -> tuple[list[int], Case]:
    fields = [SAID, {"case": "c1", "kind": "sealed", "original": "00ff"}]
    salts = [bytes([number]) * 32 for number in range(len(fields))]
    places = [log.add(each, salt) for each, salt in zip(fields, salts, strict=True)]
    opened = [opened_fields(each, salt) for each, salt in zip(fields, salts, strict=True)]
    return places, Case("c1", tuple(map(Record, places, opened)))


def test_a_receipt_holds_by_itself_and_gives_nothing_away() -> None:
    log = Log()
    places, case = reported(log)
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
    places, case = reported(log)
    first, second = case.records
    tampered = dict(first.fields) | {"heard": Opened("music", first.fields["heard"].salt)}
    del tampered["harm"]
    tampered["calm"] = Opened("yes", bytes(32))
    changed = Case("c1", (Record(first.index, tampered), second))
    found = [str(each) for each in differences([log.receipt(places)], changed)]
    assert found == [
        f"record {places[0]}: 'calm' was added afterwards; it now says \"yes\"",
        f"record {places[0]}: 'harm' was taken away",
        f"record {places[0]}: 'heard' was changed after it was committed to; it now says \"music\"",
    ]
    (gone,) = differences([log.receipt(places)], Case("c1", (first,)))
    assert "taken away" in str(gone)
    findings = verify({"r": str(log.receipt(places)), "c": str(changed)})
    assert not findings.holds
    assert len(findings.broken) == 3


def test_what_may_not_be_shown_is_withheld_and_the_rest_proven() -> None:
    log = Log()
    places, case = reported(log)
    first, second = case.records
    shown = {name: each for name, each in first.fields.items() if name != "heard"}
    partly = Case("c1", (Record(first.index, shown, frozenset({"heard"})), second))
    assert differences([log.receipt(places)], Case.parse(str(partly))) == []


def test_a_later_receipt_shows_that_the_log_only_grew() -> None:
    log = Log()
    places, _ = reported(log)
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
    places, _ = reported(log)
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
    places, _ = reported(log)
    receipt = log.receipt(places, witnessed=True)
    alone = replace(receipt, checkpoint=log.key.sign(receipt.checkpoint.text)).signed(log.key)
    with pytest.raises(ReceiptError, match="1 witnesses had to sign"):
        alone.check()


def test_of_a_thousand_changed_receipts_and_cases_every_one_is_found() -> None:
    log = Log()
    places, case = reported(log)
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


def test_the_verifier_runs_alone_without_us_and_without_a_network(tmp_path: Path) -> None:
    """A copy of the folder, where Python can reach nothing else of ours."""
    source = Path(earwitness.evidence.__file__).parent
    shutil.copytree(source, tmp_path / "evidence", ignore=shutil.ignore_patterns("__pycache__"))
    log = Log()
    places, case = reported(log)
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
