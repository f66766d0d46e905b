from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.toy import END, TEXTS, VOCABULARY, ending

from earwitness.speech.biasing import CLOSING, WORD_MARK, Ending, Graph, Node, Vocabulary, fold

quick = settings(max_examples=60)
spellings = st.text("ab ", min_size=1, max_size=5).map(str.strip).filter(bool)
endings = st.builds(
    Ending, st.sampled_from("xyz"), st.just("X"), st.sampled_from([0.0, 1.0, 2.5, 7.0])
)
changes = st.dictionaries(spellings, st.none() | endings, max_size=4)
histories = st.lists(changes, min_size=1, max_size=6)

Shape = tuple[int, float, Ending | None, Mapping[str, Any]]


def shape(node: Node) -> Shape:
    """Everything that a node is, whatever way it came about."""
    below = {char: shape(child) for char, child in sorted(node.children.items())}
    return node.depth, node.margin, node.ending, below


def moves(graph: Graph) -> list[tuple[int, Shape, float, float]]:
    found = graph.root.moves(VOCABULARY)
    return [
        (int(token), shape(node), float(depth), float(margin))
        for token, node, depth, margin in zip(
            found.ids, found.nodes, found.depths, found.margins, strict=True
        )
    ]


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children.values():
        yield from nodes(child)


def live(history: list[dict[str, Ending | None]]) -> dict[str, Ending]:
    """What a history leaves, in an order of its own."""
    merged: dict[str, Ending | None] = {}
    for change in history:
        merged |= change
    return {spelling: end for spelling, end in sorted(merged.items()) if end}


@quick
@given(histories)
def test_a_graph_that_grew_is_the_graph_built_at_once(
    history: list[dict[str, Ending | None]],
) -> None:
    graph = Graph.empty(VOCABULARY)
    for change in history:
        graph = graph.changed(change)
    at_once = Graph.empty(VOCABULARY).changed(live(history))
    assert shape(graph.root) == shape(at_once.root)
    assert moves(graph) == moves(at_once)


@quick
@given(histories)
def test_older_graphs_stay_as_they_were(history: list[dict[str, Ending | None]]) -> None:
    graphs = [Graph.empty(VOCABULARY)]
    before = []
    for change in history:
        before.append((shape(graphs[-1].root), moves(graphs[-1])))
        graphs.append(graphs[-1].changed(change))
    for graph, then in zip(graphs, before, strict=False):
        assert (shape(graph.root), moves(graph)) == then
        fresh = Graph(Node(0, graph.root.children, graph.root.ending), VOCABULARY)
        assert moves(fresh) == moves(graph)


@quick
@given(st.dictionaries(spellings, endings, max_size=6))
def test_the_first_moves_are_the_tokens_that_begin_a_term(terms: dict[str, Ending]) -> None:
    graph = Graph.empty(VOCABULARY).changed(terms)
    paths = [WORD_MARK + fold(spelling) for spelling in terms]
    expected = [
        token
        for token, text in enumerate(TEXTS)
        if text and any(path.startswith(text) for path in paths)
    ]
    assert list(graph.root.moves(VOCABULARY).ids) == expected


@quick
@given(st.dictionaries(spellings, endings, max_size=6))
def test_a_node_has_the_largest_margin_of_the_terms_that_begin_so(
    terms: dict[str, Ending],
) -> None:
    graph = Graph.empty(VOCABULARY).changed(terms)
    paths = {WORD_MARK + fold(spelling): end for spelling, end in terms.items()}
    for path in paths:
        for length in range(len(path) + 1):
            node = graph.root.walk(path[:length])
            assert node is not None
            below = [end.margin for other, end in paths.items() if other.startswith(path[:length])]
            assert (node.depth, node.margin) == (length, max(below))


@quick
@given(st.dictionaries(spellings, endings, max_size=6), spellings)
def test_a_spelling_is_found_if_and_only_if_it_was_put(
    terms: dict[str, Ending], other: str
) -> None:
    graph = Graph.empty(VOCABULARY).changed(terms)
    assert {spelling: graph.find(spelling) for spelling in terms} == terms
    assert graph.find(other) == terms.get(other)
    assert graph.find(other.upper()) == terms.get(other)


@quick
@given(st.dictionaries(spellings, endings))
def test_nothing_is_left_of_terms_that_went(terms: dict[str, Ending]) -> None:
    graph = Graph.empty(VOCABULARY).changed(terms).changed(dict.fromkeys(terms))
    assert shape(graph.root) == shape(Graph.empty(VOCABULARY).root)
    assert moves(graph) == []


def oracle(terms: Mapping[str, Ending], text: str) -> list[tuple[int, int, Ending]]:
    """What a regular expression finds: the longest at each word mark, whole words."""
    longest = sorted(terms, key=len, reverse=True)
    one = "|".join(re.escape(fold(spelling)) for spelling in longest)
    closing = re.escape(WORD_MARK + "".join(CLOSING))
    found = re.finditer(f"{WORD_MARK}({one})(?=$|[{closing}])", text) if longest else ()
    return [(hit.start(), hit.end(), terms[hit[1].replace(WORD_MARK, " ")]) for hit in found]


texts = st.text("ab'.▁-\u2019", max_size=20)
spoken = st.text("ab' ", min_size=1, max_size=5).map(str.strip).filter(bool)


@settings(max_examples=300)
@given(st.dictionaries(spoken.map(lambda each: " ".join(each.split())), endings), texts)
def test_matches_are_those_of_a_regular_expression(terms: dict[str, Ending], text: str) -> None:
    graph = Graph.empty(VOCABULARY).changed(terms)
    assert list(graph.matches(text)) == oracle(terms, text)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Yeet it", ["yeet"]),
        ("I will YEET.", ["yeet"]),
        ("yeet, yeet! yeet", ["yeet", "yeet", "yeet"]),
        ("yeet's", ["yeet"]),
        ("yeeted", []),
        ("re yeetyeet", []),
        ("the front door", ["front door"]),
        ("the front door bell", ["front door bell"]),
        ("the front doors", []),
        ("front doo", []),
        ("that is bussin' tonight", ["bussin'"]),
        ("that is bussin tonight", []),
        ("he said yeet", ["yeet"]),
        ("", []),
    ],
)
def test_a_term_is_whole_words_and_the_longest_wins(said: str, found: list[str]) -> None:
    terms = [ending(text) for text in ("yeet", "front door", "front door bell", "bussin'")]
    graph = Graph.empty(VOCABULARY).changed({each.key: each for each in terms})
    assert [each.written for _, _, each in graph.matches(fold(" " + said) if said else "")] == found


def test_the_vocabulary_knows_all_tokens_that_spell_the_same() -> None:
    vocabulary = Vocabulary([None, "▁Ye", "▁ye", "et", "?", "'s", "\u2019"], END)
    assert vocabulary.tokens["▁ye"] == (1, 2)
    assert vocabulary.longest == 3
    assert list(vocabulary.closes) == [True, True, True, False, True, True, True]


def test_one_path_serves_every_letter_case_and_segmentation() -> None:
    vocabulary = Vocabulary([None, "▁Ye", "▁ye", "et", "▁YEET", "e", "t", "▁"], END)
    graph = Graph.empty(vocabulary).changed({"yeet": ending("yeet", 7.0)})
    first = graph.root.moves(vocabulary)
    assert list(first.ids) == [1, 2, 4, 7]
    assert list(first.depths) == [3, 3, 5, 1]
    second = first.nodes[0].moves(vocabulary)
    assert list(second.ids) == [3, 5]
    assert second.nodes[0].ending == ending("yeet", 7.0)
    assert second.nodes[1].ending is None


def test_a_change_of_ten_thousand_terms_copies_one_path() -> None:
    words = ["".join(letters) for letters in islice(product("abcdefghij", repeat=5), 10_000)]
    graph = Graph.empty(VOCABULARY).changed({word: ending(word, 2.0) for word in words})
    old = set(map(id, nodes(graph.root)))
    changed = graph.changed({"abcde": ending("abcde", 7.0), "ajjjj": None})
    new = [node for node in nodes(changed.root) if id(node) not in old]
    assert len(old) == 11_113
    assert len(new) <= 2 * len("▁abcde") + 1
    assert changed.root.margin == 7.0
    assert graph.root.margin == 2.0


def test_ten_thousand_terms_are_small() -> None:
    words = ["".join(letters) for letters in islice(product("abcdefghij", repeat=5), 10_000)]
    graph = Graph.empty(VOCABULARY).changed({word: ending(word) for word in words})
    sizes = [sys.getsizeof(node) + sys.getsizeof(node.children) for node in nodes(graph.root)]
    assert sum(sizes) < 20 * 2**20
    assert np.array_equal(graph.root.moves(VOCABULARY).ids, [1, 3])
