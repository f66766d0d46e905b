"""Signed notes and checkpoints, against what others publish."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.evidence.checkpoints import EMPTY, Checkpoint
from earwitness.evidence.notes import Note, NoteError, SigningKey, VerifierKey, signature

NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""The example of the package in which the format began (golang.org/x/mod/sumdb/note)."""
SAID = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNED = SAID + (
    "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZ"
    "InNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
LOG = SigningKey.from_seed("example.com/log", b"l" * 32)
WITNESS = SigningKey.from_seed("example.com/witness", b"w" * 32)


def test_a_note_of_another_implementation_is_read_and_verified() -> None:
    key, note = VerifierKey.parse(NEUMANN), Note.parse(SIGNED)
    assert note.text == SAID
    assert note.signed_by([key]) == [key]
    assert (str(key), str(note)) == (NEUMANN, SIGNED)


@given(st.integers(0, len(SIGNED.encode()) - 1), st.integers(0, 7))
def test_a_note_with_one_bit_changed_is_not_verified(place: int, bit: int) -> None:
    raw = bytearray(SIGNED.encode())
    raw[place] ^= 1 << bit
    key = VerifierKey.parse(NEUMANN)
    try:
        verified = Note.parse(raw.decode()).signed_by([key])
    except (NoteError, UnicodeDecodeError):
        return
    assert verified == []


def test_a_signature_is_written_in_one_way_only() -> None:
    last = SIGNED.rstrip().rstrip("=")[-1]
    same = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = same[same.index(last) ^ 1]  # it differs in bits that base64 leaves over
    at = SIGNED.rindex(last)
    with pytest.raises(NoteError, match="base64"):
        Note.parse(SIGNED[:at] + other + SIGNED[at + 1 :])


def test_others_signatures_say_nothing_and_forged_ones_are_named() -> None:
    note = LOG.sign("a\n\nb\n")
    other = SigningKey.from_seed(LOG.name, b"o" * 32)
    assert Note.parse(str(note)).signed_by([other.public, WITNESS.public]) == []
    forged = note.with_signatures([signature(str(other.sign("c\n").signatures[0])[:-1])])
    assert forged.signed_by([LOG.public]) == [LOG.public]
    with pytest.raises(NoteError, match="not good"):
        forged.signed_by([LOG.public, other.public])


def test_a_witness_signs_a_time_too() -> None:
    checkpoint = str(Checkpoint("example.com/log", 0, EMPTY))
    cosigned = WITNESS.cosign(checkpoint, 1_790_000_000)
    note = LOG.sign(checkpoint).with_signatures([cosigned, cosigned])
    assert len(note.signatures) == 2
    assert note.signed_by([WITNESS.witness, LOG.public]) == [LOG.public, WITNESS.witness]
    assert WITNESS.witness.checked(checkpoint, cosigned) == 1_790_000_000
    assert note.signed_by([WITNESS.public]) == [], "a key is of one kind"
    later = Note(note.text, (WITNESS.cosign(checkpoint, 5),))
    moved = bytes(7) + b"\x06" + later.signatures[0].value[8:]
    with pytest.raises(NoteError):
        Note(note.text, (type(cosigned)(cosigned.name, cosigned.key_id, moved),)).signed_by(
            [WITNESS.witness]
        )


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "a\n", "a\n\n", "a\n\nb\n", "a\n\n\u2014 x\n",
        "a\n\n\u2014 x !!!\n", "a\n\n\u2014 x AAAA\n",
        "a\n\n\u2014 x AAAAAAA=", "a\rb\n\n\u2014 x AAAAAAA=\n", "a\n\n\u2014 x+y AAAAAAA=\n",
        "a\n\n- x AAAAAAA=\n", "a\n\n" + "\u2014 x AAAAAAA=\n" * 65,
        "\ud800\n\n\u2014 x AAAAAAA=\n",
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Note.parse(text)


@pytest.mark.parametrize(
    "key", ["", "x", "x+y+z", NEUMANN[:-4], NEUMANN.replace("c74f", "c74e"), "+" + NEUMANN[12:]]
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(key)


@pytest.mark.parametrize("name", ["", "a b", "a+b", " a", "a\u00a0b", "a\nb"])
def test_names_that_a_note_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(NoteError):
        SigningKey.from_seed(name, bytes(32))


@given(st.text(), st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_written(origin: str, size: int, root: bytes) -> None:
    if not origin or "\n" in origin or size == 0:
        return
    made = Checkpoint(origin, size, root)
    assert Checkpoint.parse(str(made)) == made
    assert Checkpoint.parse(f"{made}another line\n") == made


@pytest.mark.parametrize(
    "text",
    [
        "", "o\n", "o\n1\n", "o\n01\nAAAA\n", "o\n-1\n" + "A" * 43 + "=\n",
        "\n1\n" + "A" * 43 + "=\n",
        "o\n1\nAAAA\n", "o\n0\n" + "A" * 43 + "=\n", "o\n9223372036854775808\n" + "A" * 43 + "=\n",
        "o\n\u0661\n" + "A" * 43 + "=\n", "o\n1\n!\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)
