"""A lexicon revision as the beam wants it, built from the one before it."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass

from earwitness.model import Lexicon, Term
from earwitness.speech.biasing import Ending, Graph, Vocabulary
from earwitness.speech.lexicon import changes, plain, spellings
from earwitness.speech.misheard import MisheardForms


@dataclass(frozen=True, slots=True)
class Compiled:
    """The graph of written and spoken forms, and the misheard forms."""

    graph: Graph
    misheard: MisheardForms


class Compiler:
    """Compiles revisions, each from the newest that it knows. Safe to call from threads."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._lock = threading.Lock()
        self._known: weakref.WeakKeyDictionary[Lexicon, Compiled] = weakref.WeakKeyDictionary()
        empty = Compiled(Graph.empty(vocabulary), MisheardForms())
        self._nothing = (Lexicon(), empty)
        self._newest = self._nothing

    def compiled(self, lexicon: Lexicon) -> Compiled:
        """A revision's form; built at the first call, a look-up afterwards."""
        done = self._known.get(lexicon)
        if done is not None:
            return done
        with self._lock:
            if lexicon not in self._known:
                self._known[lexicon] = self._build(lexicon)
            return self._known[lexicon]

    def _build(self, lexicon: Lexicon) -> Compiled:
        base, start = self._newest
        if len(lexicon.terms) < len(base.terms) // 2:
            base, start = self._nothing
        changed = [(base.terms.get(key), term) for key, term in changes(base.terms, lexicon.terms)]
        spelled: dict[str, Ending | None] = {}
        for old, _ in changed:
            spelled |= dict.fromkeys(spellings(old)) if old else {}
        for _, new in changed:
            spelled |= dict.fromkeys(spellings(new), ending(new)) if new else {}
        put = [(plain(form), ending(new)) for _, new in changed if new for form in new.misheard]
        misheard = start.misheard.changed(put, {old.key for old, _ in changed if old})
        built = Compiled(start.graph.changed(spelled) if spelled else start.graph, misheard)
        self._newest = (lexicon, built)
        return built


def ending(term: Term) -> Ending:
    """What the graph keeps of a term."""
    return Ending(term.key, term.written, term.margin, term.weight)
