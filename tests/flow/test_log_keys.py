"""One key of the log after another: whoever knows an older one can check what a newer signs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.acceptance.test_command_line import as_json, earwitness
from tests.flow.incident_house import Recorded, change, incidents
from tests.flow.test_damaged_rows import Room
from tests.flow.test_reporting import SAID
from tests.flow.test_witnessing import running
from tests.values import START

from earwitness.errors import NotWitnessed, SettingsError
from earwitness.evidence.notes import Note, NoteError, SigningKey
from earwitness.evidence.receipts import Receipt, ReceiptError, agree, shows_growth
from earwitness.evidence.succession import succession
from earwitness.evidence.verify import verify
from earwitness.flow.incidents import codes, house, logbook, reporting
from earwitness.flow.incidents.parts import Incidents
from earwitness.runners.escalating import Climbing
from earwitness.runners.steady import SteadyClock
from earwitness.witness import key_file

DAY = timedelta(days=1)


def report(on: Incidents) -> Receipt:
    return reporting.report(SAID, codes.new_code(), START, on)


def rotated(folder: Path) -> Incidents:
    """As after a start with one more key."""
    key_file.rotate(folder / "log.key")
    on = incidents(folder)
    house.note_keys(START + DAY, on)
    return on


def test_who_knows_an_older_key_can_check_what_newer_ones_sign(tmp_path: Path) -> None:
    on = incidents(tmp_path)
    first = report(on)
    known = first.key
    on = rotated(tmp_path)
    both = report(on)
    assert both.key != known
    assert both.check([known]).followed  # it signs the head, too, and the newer one the receipt
    on = rotated(tmp_path)
    key_file.retire(tmp_path / "log.key")
    on = incidents(tmp_path)
    logbook.check(on.book)
    last = report(on)
    assert last.check([known]).followed
    assert not last.check([last.key]).followed
    assert Receipt.parse(str(last)) == last
    later = logbook.receipt(last.case, on.book, [first.head.size, both.head.size])
    assert not agree(first, later)
    assert shows_growth(both, later)
    found = verify({"a": str(first), "b": str(both), "c": str(later)}, [known])
    assert found.holds, str(found)
    assert "c: it is signed by a key for which the one that you gave vouched" in str(found)
    assert house.keys_since(START, on) == [START + DAY, START + DAY]
    assert not house.note_keys(START, on)


def test_a_key_for_which_nobody_vouched_is_not_followed(tmp_path: Path) -> None:
    on = incidents(tmp_path)
    first = report(on)
    on = rotated(tmp_path)
    key_file.retire(tmp_path / "log.key")
    on = incidents(tmp_path)
    change(on, "DELETE FROM incident_record WHERE kind = 'key'")
    last = report(on)
    assert not last.successions
    with pytest.raises(ReceiptError, match="did not sign"):
        last.check([first.key])
    assert "does not name" in agree(first, last)
    mallory = SigningKey.from_seed(first.key.name, b"m" * 32)
    new = on.book.key
    alone = succession(mallory, new)
    renamed = Note(alone.text, (replace(alone.signatures[0], key_id=first.key.key_id),))
    silent = Note(alone.text, new.sign(alone.text).signatures)
    for forged in (alone, renamed, silent, mallory.sign("something else\n")):
        receipt = replace(last, successions=(forged,)).signed(new)
        with pytest.raises(ReceiptError):
            receipt.check([first.key])
        assert receipt.check([last.key])


def test_the_newer_key_must_have_agreed_to_be_one() -> None:
    old, new = (SigningKey.from_seed("a.example", bytes([n]) * 32) for n in (1, 2))
    other = SigningKey.from_seed("b.example", b"3" * 32)
    with pytest.raises(NoteError, match="same log"):
        succession(old, other)
    assert len(succession(old, new).signatures) == 2


def test_a_witness_that_knows_the_older_key_has_the_overlap_to_learn_of_the_newer(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    old = str(key_file.log_key(folder / "log.key").public)
    with running(tmp_path / "w", old) as witness:
        report(incidents(folder, witnesses=[witness], quorum=1))
        key_file.rotate(folder / "log.key")
        report(incidents(folder, witnesses=[witness], quorum=1))
        key_file.retire(folder / "log.key")
        with pytest.raises(NotWitnessed, match="refuses: 403"):
            report(incidents(folder, witnesses=[witness], quorum=1))
    new = str(key_file.log_key(folder / "log.key").public)
    with running(tmp_path / "w", new) as witness:
        assert report(incidents(folder, witnesses=[witness], quorum=1)).check([], [witness.key])


def test_a_file_of_keys_is_one_logs_and_never_half(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    first = key_file.log_key(path)
    second = key_file.rotate(path)
    assert key_file.log_keys(path) == (first, second)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["log.key"]
    other = SigningKey.from_seed("another", b"o" * 32)
    path.write_text(first.written() + other.written(), encoding="ascii")
    with pytest.raises(SettingsError, match="one log"):
        key_file.log_keys(path)
    path.write_text("", encoding="ascii")
    with pytest.raises(SettingsError, match="EARWITNESS_LOG_KEY"):
        key_file.log_keys(path)


def test_the_commands_replace_a_key_and_retire_the_older_after_the_overlap(tmp_path: Path) -> None:
    (first,) = as_json(tmp_path, "log", "keys")["keys"]
    assert "one key" in earwitness(tmp_path, "log", "retire").stderr
    second = as_json(tmp_path, "log", "rotate")["key"]
    assert as_json(tmp_path, "log", "keys")["keys"] == [first, second]
    refused = earwitness(tmp_path, "log", "retire")
    assert refused.returncode == 2
    assert "retire the old one from" in refused.stderr
    assert as_json(tmp_path, "log", "retire", "--early")["key"] == second
    assert as_json(tmp_path, "log", "keys")["keys"] == [second]


def test_a_server_that_runs_takes_up_a_new_key_and_leaves_an_old_one(tmp_path: Path) -> None:
    on = incidents(tmp_path)
    book = replace(on.book, keyring=key_file.KeyFile(tmp_path / "log.key"))
    on = replace(on, book=book)
    first = report(on).key
    key_file.rotate(tmp_path / "log.key")
    clock = SteadyClock(on.records, lambda: START, lambda: 0.0)
    Climbing(on, clock, Room(), {}, Recorded).due()
    both = Note.parse(str(book.newest()))
    assert len(both.signed_by([first, book.key.public])) == 2
    key_file.retire(tmp_path / "log.key")
    alone = report(on)
    assert alone.key == book.key.public != first
    assert alone.checkpoint.signed_by([first]) == []
    assert alone.check([first]).followed
    (tmp_path / "log.key").write_text("damaged", encoding="utf-8")
    assert report(on).key == alone.key
