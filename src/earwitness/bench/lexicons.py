"""Lexicons for measurements: many live terms, and a few more for one utterance."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from earwitness.errors import LexiconUnsupported, TermRefused
from earwitness.model import Lexicon, Term, TermState
from earwitness.ports import Engine


class Lexicons:
    """The lexicons of one engine: ``base`` terms always, an utterance's own on top.

    A term that the engine refuses is left out and kept in ``refused``. An engine
    without live terms gets empty lexicons. Where an engine's room is limited, as many
    of ``fillers`` are live as fit beside the longest ``own`` terms; ``size`` says how
    many terms are live beside an utterance's own.
    """

    def __init__(
        self, engine: Engine, base: Iterable[str], fillers: Iterable[str], longest: Iterable[str]
    ) -> None:
        self._engine = engine
        self._revision = 0
        self.refused: dict[str, str] = {}
        self._known: dict[str, Term | None] = {}
        must = self._terms(base)
        more = self._terms(fillers)
        self._base = must | self._fitting(must | self._terms(longest), more)
        self.size = len(self._base)

    def with_own(self, own: Iterable[str]) -> Lexicon:
        """The lexicon for an utterance, prepared."""
        lexicon = self._lexicon(self._terms(own) | self._base)
        self._engine.prepare(lexicon)
        return lexicon

    def _terms(self, written: Iterable[str]) -> dict[str, Term]:
        if not self._engine.capabilities.lexicon:
            return {}
        found = (self._checked(form) for form in written)
        return {term.key: term for term in found if term}

    def _checked(self, written: str) -> Term | None:
        """The term, the same object every time, so that revisions share what they compile."""
        if written not in self._known:
            term = Term(written, state=TermState.LIVE)
            try:
                self._engine.check(term)
            except TermRefused as error:
                self.refused[written] = str(error)
                self._known[written] = None
            else:
                self._known[written] = term
        return self._known[written]

    def _fitting(self, must: dict[str, Term], more: dict[str, Term]) -> dict[str, Term]:
        """The most of ``more`` that the engine takes beside ``must``, by bisection."""
        if self._fits(must | more):
            return more
        items, low, high = list(more.items()), 0, len(more) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._fits(must | dict(items[:middle])):
                low = middle
            else:
                high = middle - 1
        return dict(items[:low])

    def _fits(self, terms: dict[str, Term]) -> bool:
        try:
            self._engine.prepare(self._lexicon(terms))
        except LexiconUnsupported:
            return False
        return True

    def _lexicon(self, terms: dict[str, Term]) -> Lexicon:
        self._revision += 1
        return Lexicon(self._revision, MappingProxyType(terms))


def require_lexicon(engine: Engine) -> None:
    """Raises LexiconUnsupported for an engine without live terms."""
    if not engine.capabilities.lexicon:
        raise LexiconUnsupported(f"The engine {engine.name!r} has no live terms to measure.")
