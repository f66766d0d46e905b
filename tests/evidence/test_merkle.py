"""Proofs of the log, against the vectors of another implementation and against each other."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.evidence import merkle
from earwitness.evidence.merkle import Frontier, ProofError

VECTORS = Path(__file__).parents[3] / "shared/data/merkle/testdata"
LEAVES = [merkle.leaf_hash(str(each).encode()) for each in range(1026)]


def decoded(text: str | None) -> bytes:
    return b64decode(text or "")


def hashes(vector: dict[str, Any]) -> list[bytes]:
    return [b64decode(each) for each in vector["proof"] or []]


def inclusion(v: dict[str, Any]) -> None:
    root, leaf = decoded(v["root"]), decoded(v["leafHash"])
    merkle.check_inclusion(v["leafIdx"], v["treeSize"], leaf, root, hashes(v))


def consistency(v: dict[str, Any]) -> None:
    old, new = decoded(v["root1"]), decoded(v["root2"])
    merkle.check_consistency(v["size1"], old, v["size2"], new, hashes(v))


def subtreeinclusion(v: dict[str, Any]) -> None:
    root, leaf = decoded(v["root"]), decoded(v["leafHash"])
    merkle.check_subtree_inclusion(v["leafIdx"], v["start"], v["end"], leaf, root, hashes(v))


def subtreeconsistency(v: dict[str, Any]) -> None:
    part, root = decoded(v["root1"]), decoded(v["root2"])
    merkle.check_subtree_consistency(v["start"], v["end"], part, v["size"], root, hashes(v))


CHECKS = [inclusion, consistency, subtreeinclusion, subtreeconsistency]


@pytest.mark.parametrize("check", CHECKS)
def test_the_vectors_of_another_implementation_hold(check: Any) -> None:
    """Also those of empty trees: that one grows out of an empty tree needs no proof, as C2SP
    tlog-witness has it, but its own root must be a hash, which in these vectors it is not."""
    files = sorted((VECTORS / check.__name__).rglob("*.json"))
    if VECTORS.exists():
        assert len(files) >= 98
    wrong = []
    for file in files:
        vector = json.loads(file.read_text(encoding="utf-8"))
        try:
            check(vector)
            refused = False
        except ProofError:
            refused = True
        if refused != vector["wantErr"]:
            wrong.append(file)
    assert wrong == []


def tree(size: int) -> Frontier:
    made = Frontier()
    for leaf in LEAVES[:size]:
        made, _ = made.append(leaf)
    return made


def part(where: merkle.Part) -> bytes:
    return merkle.part_hash(LEAVES, *where)


def test_a_tree_that_grows_has_the_root_of_one_made_at_once() -> None:
    grown, nodes = Frontier(), {}
    assert grown.root == merkle.EMPTY
    for leaf in LEAVES:
        grown, complete = grown.append(leaf)
        nodes.update({(level, index): made for level, index, made in complete})
        assert grown.size.bit_count() == len(grown.peaks)
        assert grown.root == part((0, grown.size))
    assert len(nodes) < 2 * grown.size
    for where in ((0, 1026), (1024, 1026), (512, 1024), (7, 8)):
        assert merkle.part_from_nodes(lambda *at: nodes[at], *where) == part(where)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 64, 65, 1023, 1024, 1025])
def test_every_leaf_is_proven_to_be_in(size: int) -> None:
    root = tree(size).root
    for index in range(size):
        proof = [part(each) for each in merkle.inclusion_parts(index, size)]
        assert len(proof) <= (size - 1).bit_length()
        merkle.check_inclusion(index, size, LEAVES[index], root, proof)
        with pytest.raises(ProofError):
            merkle.check_inclusion(index, size, LEAVES[index + 1], root, proof)


@given(st.integers(0, 1025), st.integers(0, 1025))
def test_every_tree_is_proven_to_have_grown_out_of_a_smaller(one: int, other: int) -> None:
    old, new = sorted((one, other))
    proof = [part(each) for each in merkle.consistency_parts(old, new)]
    merkle.check_consistency(old, tree(old).root, new, tree(new).root, proof)
    with pytest.raises(ProofError):
        merkle.check_consistency(old, tree(old).root, new, tree(new).root, [*proof, LEAVES[0]])


@given(st.data())
def test_no_changed_proof_is_taken(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 1025))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    included = [part(each) for each in merkle.inclusion_parts(index, size)]
    grown = [part(each) for each in merkle.consistency_parts(old, size)]
    for proof in (included, grown):
        if not proof:
            continue
        at = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        proof[at] = (int.from_bytes(proof[at], "big") ^ (1 << bit)).to_bytes(32, "big")
    with pytest.raises(ProofError):
        merkle.check_inclusion(index, size, LEAVES[index], tree(size).root, included)
    if grown:
        with pytest.raises(ProofError):
            merkle.check_consistency(old, tree(old).root, size, tree(size).root, grown)


def test_sizes_that_no_tree_has_are_refused() -> None:
    for index, size in ((0, 0), (-1, 5), (5, 5), (0, 2**63), (2**80, 2**81)):
        with pytest.raises(ProofError):
            merkle.inclusion_parts(index, size)
    for old, new in ((-1, 5), (6, 5), (1, 2**63)):
        with pytest.raises(ProofError):
            merkle.consistency_parts(old, new)
