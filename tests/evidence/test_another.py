"""Notes and proofs against those who defined them: Go's packages, as Debian has them."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.programs import installed, needed

from earwitness.evidence import merkle
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.notes import Note, SigningKey, VerifierKey
from earwitness.evidence.succession import succession

DEBIAN = Path("/usr/share/gocode")
LOG = SigningKey.from_seed("example.com/log", b"l" * 32)
SIZE = 23

Ask = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    command = installed("go")
    needed((DEBIAN / "src/golang.org/x/mod/sumdb/note").is_dir(), "golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    environment = os.environ | {
        "GO111MODULE": "off", "GOPATH": str(DEBIAN), "GOCACHE": str(folder / "cache"),
        "CGO_ENABLED": "0", "GOFLAGS": "", "HOME": str(folder),
    }  # fmt: skip
    program, source = folder / "another", Path(__file__).parent / "another" / "main.go"
    subprocess.run([command, "build", "-o", program, source], env=environment, check=True)
    with subprocess.Popen(
        [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        questions, answers = running.stdin, running.stdout

        def ask(**question: Any) -> dict[str, str]:
            questions.write(json.dumps(question) + "\n")
            questions.flush()
            answer: dict[str, str] = json.loads(answers.readline())
            return answer

        yield ask
        questions.close()


def written(digest: bytes) -> str:
    return b64encode(digest).decode()


def proof(leaves: list[bytes], parts: list[merkle.Part]) -> list[str]:
    return [written(merkle.part_hash(leaves, *each)) for each in parts]


@pytest.fixture
def leaves() -> list[bytes]:
    return [merkle.leaf_hash(f"{number}".encode()) for number in range(SIZE)]


def test_it_opens_our_notes_and_no_others(go: Ask) -> None:
    other = SigningKey.from_seed(LOG.name, b"o" * 32)
    for text in (str(Checkpoint(LOG.name, 0, merkle.EMPTY)), "a\n\nb\n", "\u00e4\u2014\n"):
        note = LOG.sign(text).with_signatures(other.sign(text).signatures)
        assert go(Do="open", Key=str(LOG.public), Text=str(note))["Text"] == text
        changed = str(note).replace(text, f"x{text}")
        assert go(Do="open", Key=str(LOG.public), Text=changed)["Problem"]
    stranger = str(other.sign("a\n"))
    assert go(Do="open", Key=str(LOG.public), Text=stranger)["Problem"]
    follows = str(succession(LOG, other))
    for key in (LOG, other):
        assert str(other.public) in go(Do="open", Key=str(key.public), Text=follows)["Text"]


def test_we_open_its_notes_and_no_others(go: Ask) -> None:
    for text in ("a\n", "a\n\nb\n", "\u00e4\u2014\n"):
        signed = go(Do="sign", Key="example.com/go", Text=text)
        key, note = VerifierKey.parse(signed["Key"]), Note.parse(signed["Note"])
        assert note.text == text
        assert note.signed_by([key]) == [key]
        assert (str(key), str(note)) == (signed["Key"], signed["Note"])
        assert note.signed_by([LOG.public]) == []


def test_it_follows_our_proofs_that_a_leaf_is_in_the_log(go: Ask, leaves: list[bytes]) -> None:
    for size in range(1, SIZE + 1):
        root = written(merkle.part_hash(leaves, 0, size))
        for at in range(size):
            given = proof(leaves, merkle.inclusion_parts(at, size))
            asked = {"Do": "included", "Proof": given, "Size": size, "Root": root, "At": at}
            assert not go(**asked, Hash=written(leaves[at]))["Problem"]
            assert go(**asked, Hash=written(leaves[at - 1]))["Problem"] or size == 1


def test_it_follows_our_proofs_that_the_log_only_grew(go: Ask, leaves: list[bytes]) -> None:
    for size in range(1, SIZE + 1):
        root = written(merkle.part_hash(leaves, 0, size))
        for old in range(1, size + 1):
            given = proof(leaves, merkle.consistency_parts(old, size))
            asked = {"Do": "grown", "Proof": given, "Size": size, "Root": root, "At": old}
            assert not go(**asked, Hash=written(merkle.part_hash(leaves, 0, old)))["Problem"]
            assert go(**asked, Hash=written(bytes(32)))["Problem"]
