"""Which live terms a source gets to hear.

A term of scope ``household:7`` is live in that household alone; ``locale:en`` is
live wherever the locale is ``en`` or begins with ``en-``.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from types import MappingProxyType

from earwitness.model import EVERYWHERE, Lexicon, Source, Term
from earwitness.ports import Engine, LexiconSource

_LOCALE = "locale:"
_HOUSEHOLD = "household:"


def scopes(source: Source) -> frozenset[str]:
    """Every scope whose terms are live for a source.

    >>> sorted(scopes(Source(household="7", locale="en-GB")))
    ['everywhere', 'household:7', 'locale:en', 'locale:en-gb']
    """
    parts = source.locale.casefold().replace("_", "-").split("-")
    locales = {_LOCALE + "-".join(parts[: end + 1]) for end in range(len(parts))}
    return frozenset({EVERYWHERE, _HOUSEHOLD + source.household} | locales)


def source_of(scope: str) -> Source:
    """A source for which a term of this scope is live."""
    if scope.startswith(_LOCALE):
        return Source(locale=scope.removeprefix(_LOCALE))
    if scope.startswith(_HOUSEHOLD):
        return Source(household=scope.removeprefix(_HOUSEHOLD))
    return Source()


class Scoped:
    """One lexicon as each source gets to hear it. Thread-safe.

    Filtered once for each set of scopes in use, so households without a term of
    their own share one lexicon; at most ``limit`` filtered ones are kept. Where
    nothing is left out it is the same object, so that nothing is compiled twice.
    """

    def __init__(self, lexicon: Lexicon, limit: int = 256) -> None:
        self.lexicon = lexicon
        self._used = frozenset(folded(term.scope) for term in lexicon.terms.values())
        self._limit = limit
        self._lock = threading.Lock()
        self._filtered: OrderedDict[frozenset[str], Lexicon] = OrderedDict()

    def of(self, source: Source) -> Lexicon:
        return self.only(scopes(source))

    def only(self, live: frozenset[str]) -> Lexicon:
        """The lexicon with the terms of these scopes alone."""
        live &= self._used
        if live == self._used:
            return self.lexicon
        with self._lock:
            return self._kept(live)

    def in_use(self) -> list[frozenset[str]]:
        """The sets of scopes that somebody asked for."""
        with self._lock:
            return list(self._filtered)

    def _kept(self, live: frozenset[str]) -> Lexicon:
        if live not in self._filtered:
            self._filtered[live] = _filter(self.lexicon, live)
        self._filtered.move_to_end(live)
        while len(self._filtered) > self._limit:
            self._filtered.popitem(last=False)
        return self._filtered[live]


class Widened:
    """Lexicons with the terms that one conversation brings along. Thread-safe.

    Kept, the last used ``limit`` of them, so that a conversation's second utterance finds
    what was compiled for its first. A taught term wins over one that is only brought along.
    """

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Term, ...], tuple[Lexicon, Lexicon]] = OrderedDict()

    def by(self, lexicon: Lexicon, terms: tuple[Term, ...]) -> Lexicon:
        with self._lock:
            base, wide = self._known.pop(terms, (None, lexicon))
            if base is not lexicon:
                both = {term.key: term for term in terms} | dict(lexicon.terms)
                wide = Lexicon(lexicon.revision, MappingProxyType(both))
            self._known[terms] = (lexicon, wide)
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
            return wide


class ScopedLexicons:
    """The current lexicon for each source. Thread-safe."""

    def __init__(self, source: LexiconSource) -> None:
        self._source = source
        self._scoped = Scoped(source.current())
        self._widened = Widened()

    def current(self, source: Source, terms: Sequence[Term] = ()) -> Lexicon:
        """What is live for ``source`` now; two pointer reads when nothing was published.

        ``terms`` are live besides, for who passes them alone.
        """
        lexicon = self._newest().of(source)
        return self._widened.by(lexicon, tuple(terms)) if terms else lexicon

    def newest(self) -> Lexicon:
        """All that is live now, for whichever source."""
        return self._newest().lexicon

    def prepare(self, engine: Engine) -> None:
        """Compiles the newest revision, filtered as it is in use, ahead of utterances."""
        in_use = self._scoped.in_use()
        newest = self._newest()
        for lexicon in (newest.lexicon, *map(newest.only, in_use)):
            engine.prepare(lexicon)

    def _newest(self) -> Scoped:
        scoped, lexicon = self._scoped, self._source.current()
        if scoped.lexicon is not lexicon:
            self._scoped = scoped = Scoped(lexicon)
        return scoped


def _filter(lexicon: Lexicon, live: frozenset[str]) -> Lexicon:
    terms = {key: term for key, term in lexicon.terms.items() if folded(term.scope) in live}
    return Lexicon(lexicon.revision, MappingProxyType(terms))


def folded(scope: str) -> str:
    """A scope as it is compared: locales whatever their case, with hyphens."""
    return scope.casefold().replace("_", "-") if scope.startswith(_LOCALE) else scope
