"""A lexicon revision as the beam wants it, built from the one before it."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.model import Lexicon, Term
from earwitness.speech.biasing import Ending, Graph, Vocabulary
from earwitness.speech.gate import margin_of
from earwitness.speech.lexicon import changes, plain, spellings
from earwitness.speech.misheard import MisheardForms

_Pair = tuple[weakref.ref[Lexicon], weakref.ref[Lexicon]]


@dataclass(frozen=True, slots=True)
class Compiled:
    """The graph of written and spoken forms, and the misheard forms."""

    graph: Graph
    misheard: MisheardForms


RECENT = 4
"""Revisions that are kept to build others from: a trial goes to and fro between two."""


class Compiler:
    """Compiles revisions, each from the nearest of the last few. Safe to call from threads."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._lock = threading.Lock()
        self._known: weakref.WeakKeyDictionary[Lexicon, Compiled] = weakref.WeakKeyDictionary()
        empty = Compiled(Graph.empty(vocabulary), MisheardForms())
        self._nothing = (Lexicon(), empty)
        self._recent: deque[tuple[Lexicon, Compiled]] = deque(maxlen=RECENT)
        self._differences: dict[
            tuple[weakref.ref[Lexicon], weakref.ref[Lexicon]], tuple[Term, ...]
        ] = {}
        self._alone: dict[Term, Compiled] = {}

    def compiled(self, lexicon: Lexicon) -> Compiled:
        """A revision's form; built at the first call, a look-up afterwards."""
        done = self._known.get(lexicon)
        if done is not None:
            return done
        with self._lock:
            if lexicon not in self._known:
                self._known[lexicon] = self._build(lexicon)
            return self._known[lexicon]

    def changed(self, before: Lexicon, after: Lexicon) -> tuple[Term, ...]:
        """The terms, old and new, in which two revisions differ."""
        if before is after:
            return ()
        pair = (weakref.ref(before), weakref.ref(after))
        if pair not in self._differences:
            if len(self._differences) > 64:
                self._differences.clear()
            found = changes(before.terms, after.terms)
            both = [term for key, new in found for term in (before.terms.get(key), new)]
            self._differences[pair] = tuple(term for term in both if term)
        return self._differences[pair]

    def path(self, term: Term) -> Compiled:
        """One term by itself, compiled."""
        if term not in self._alone:
            if len(self._alone) > 64:
                self._alone.clear()
            self._alone[term] = self._with(self._nothing, [(None, term)])
        return self._alone[term]

    def _build(self, lexicon: Lexicon) -> Compiled:
        candidates = [self._nothing, *self._recent]
        found = [list(changes(base.terms, lexicon.terms)) for base, _ in candidates]
        nearest = min(range(len(found)), key=lambda i: len(found[i]))
        terms = candidates[nearest][0].terms
        changed = [(terms.get(key), term) for key, term in found[nearest]]
        built = self._with(candidates[nearest], changed)
        self._recent.append((lexicon, built))
        return built

    @staticmethod
    def _with(
        base: tuple[Lexicon, Compiled], changed: Sequence[tuple[Term | None, Term | None]]
    ) -> Compiled:
        _, start = base
        spelled: dict[str, Ending | None] = {}
        for old, _ in changed:
            spelled |= dict.fromkeys(spellings(old)) if old else {}
        for _, new in changed:
            spelled |= dict.fromkeys(spellings(new), ending(new)) if new else {}
        put = [(plain(form), ending(new)) for _, new in changed if new for form in new.misheard]
        misheard = start.misheard.changed(put, {old.key for old, _ in changed if old})
        return Compiled(start.graph.changed(spelled) if spelled else start.graph, misheard)


def ending(term: Term) -> Ending:
    """What the graph keeps of a term."""
    return Ending(term.key, term.written, margin_of(term))
