"""The graph of live terms that the beam search walks: characters, persistent, shared.

A term is a path of folded characters that begins with the word mark ``▁``. One
sub-word token walks several characters at once, so every segmentation and every
letter case of a term is the same path::

    terms  yeet, yes                 token "▁ye"  -> the node after ▁ y e
    ▁ - y - e - e - t*               token "▁Yeet" -> the node after ▁ y e e t, complete
              \\ s*                   token "xyz"  -> no such path

Adding a term copies the nodes on its path and shares all others, so a graph is
never changed: recognisers go on with the one they hold, and undo is a pointer
(path copying, Driscoll et al. 1989, "Making data structures persistent").

While a term is being spelled its hypothesis is ranked with a bonus that grows by
character, ``min(per_character * characters, cap)``: equal for every segmentation
of the same spelling (compare the context graph of icefall, which counts tokens).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD_MARK = "▁"
CLOSING = frozenset(".,?!;:'\")…\u2019\u201d")


def fold(text: str) -> str:
    """Text as the graph compares it: small letters, straight apostrophes, spaces as word marks."""
    return text.lower().replace("\u2019", "'").replace(" ", WORD_MARK)


@dataclass(frozen=True, slots=True)
class Ending:
    """A complete spelling: of which term (its key), and what is printed for it."""

    key: str
    written: str
    margin: float
    """How many nats a reading with the term may lack (``speech.gate``)."""


class Node:
    """A spelled beginning. Immutable once published; ``moves`` is a cache.

    ``margin`` is the largest of the terms that begin so: what is worth following.
    """

    __slots__ = ("_moves", "children", "depth", "ending", "margin")

    def __init__(self, depth: int, children: Mapping[str, Node], ending: Ending | None) -> None:
        self.depth = depth
        self.children = children
        self.ending = ending
        below = [child.margin for child in children.values()]
        self.margin: float = max([*below, ending.margin if ending else 0.0])
        self._moves: Moves | None = None

    def with_path(self, path: str, ending: Ending | None) -> Node | None:
        """A copy in which ``path`` ends with ``ending``; None when nothing is left of it."""
        if not path:
            left = Node(self.depth, self.children, ending)
        else:
            child = self.children.get(path[0]) or Node(self.depth + 1, {}, None)
            grown = child.with_path(path[1:], ending)
            children = {key: node for key, node in self.children.items() if key != path[0]}
            if grown is not None:
                children[path[0]] = grown
            left = Node(self.depth, children, self.ending)
        return left if left.children or left.ending or not left.depth else None

    def walk(self, path: str) -> Node | None:
        """The node after some characters, or None."""
        node: Node | None = self
        for char in path:
            node = node.children.get(char) if node else None
        return node

    def beginnings(self, longest: int) -> Iterator[tuple[str, Node]]:
        """Every (characters, node) up to ``longest`` characters further on."""
        stack = [("", self)]
        while stack:
            text, node = stack.pop()
            for char, child in node.children.items():
                yield text + char, child
                if len(text) + 1 < longest:
                    stack.append((text + char, child))

    def moves(self, vocabulary: Vocabulary) -> Moves:
        """The tokens that go on from here; computed once, when first asked."""
        if self._moves is None:
            found = {
                text: node
                for text, node in self.beginnings(vocabulary.longest)
                if text in vocabulary.tokens
            }
            self._moves = Moves.of(found, vocabulary)
        return self._moves


@dataclass(frozen=True, slots=True)
class Moves:
    """Tokens that go on along the graph: ``ids`` ``[moves]`` and where each leads.

    In the order of their ids, so that no search depends on the order of teaching.
    """

    texts: Mapping[str, Node]
    ids: NDArray[np.intp]
    nodes: Sequence[Node]
    depths: NDArray[np.float32]
    margins: NDArray[np.float32]

    @classmethod
    def of(cls, texts: Mapping[str, Node], vocabulary: Vocabulary) -> Moves:
        found = {token: node for text, node in texts.items() for token in vocabulary.tokens[text]}
        pairs = sorted(found.items(), key=lambda pair: pair[0])
        ids = np.array([token for token, _ in pairs], np.intp)
        depths = np.array([node.depth for _, node in pairs], np.float32)
        margins = np.array([node.margin for _, node in pairs], np.float32)
        return cls(texts, ids, [node for _, node in pairs], depths, margins)


class Vocabulary:
    """What the graph must know of a tokenizer.

    ``tokens`` maps folded characters to the ids that spell them; ``closes`` marks
    the ids after which a word is over (a word mark, punctuation, the end).
    """

    def __init__(self, texts: Sequence[str | None], end: int) -> None:
        self.tokens: dict[str, tuple[int, ...]] = {}
        for token, text in enumerate(texts):
            if text:
                key = fold(text)
                self.tokens[key] = (*self.tokens.get(key, ()), token)
        self.longest = max(map(len, self.tokens))
        self.closes = np.array(
            [text is not None and text[:1] in {WORD_MARK, *CLOSING} for text in texts]
        )
        self.closes[end] = True


@dataclass(frozen=True, slots=True)
class Graph:
    """The live terms of one revision, ready for the beam."""

    root: Node
    vocabulary: Vocabulary

    @classmethod
    def empty(cls, vocabulary: Vocabulary) -> Graph:
        return cls(Node(0, {}, None), vocabulary)

    def changed(self, changes: Mapping[str, Ending | None]) -> Graph:
        """This graph with spellings put (or, where None, dropped).

        Takes time in proportion to the changes, and a copy of the first moves.
        """
        root = self.root
        moves = dict(root.moves(self.vocabulary).texts)
        for spelling, ending in changes.items():
            path = WORD_MARK + fold(spelling)
            root = root.with_path(path, ending) or Node(0, {}, None)
            self._refresh(moves, root, path)
        root._moves = Moves.of(moves, self.vocabulary)
        return Graph(root, self.vocabulary)

    def find(self, spelling: str) -> Ending | None:
        """What a complete spelling stands for."""
        node = self.root.walk(WORD_MARK + fold(spelling))
        return node.ending if node else None

    def matches(self, text: str) -> Iterator[tuple[int, int, Ending]]:
        """(first character, one after the last, ending) of the terms in folded text.

        From left to right, the longest at each word, none within another.
        """
        at = 0
        while at < len(text):
            end, ending = self._longest(text, at) if text[at] == WORD_MARK else (at, None)
            if ending:
                yield at, end, ending
            at = max(end, at + 1)

    def _longest(self, text: str, at: int) -> tuple[int, Ending | None]:
        node: Node | None = self.root
        best: tuple[int, Ending | None] = (at, None)
        for end in range(at, len(text)):
            node = node.children.get(text[end]) if node else None
            if node is None:
                break
            if node.ending and (end + 1 == len(text) or text[end + 1] in {WORD_MARK, *CLOSING}):
                best = (end + 1, node.ending)
        return best

    def _refresh(self, moves: dict[str, Node], root: Node, path: str) -> None:
        """Points the first moves along ``path`` at the copied nodes."""
        node: Node | None = root
        for end, char in enumerate(path[: self.vocabulary.longest], start=1):
            node = node.children.get(char) if node else None
            text = path[:end]
            if text in self.vocabulary.tokens:
                moves.pop(text, None)
                if node is not None:
                    moves[text] = node
