"""Terms that somebody brings along: live for their own speech only, and never kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from earwitness.errors import InputError, LexiconUnsupported, TermRefused
from earwitness.flow.teach import check
from earwitness.model import Lexicon, Source, Term, TermState
from earwitness.ports import Engine
from earwitness.speech.dictionary import is_known

MOST = 100
"""More at once would cost other speakers time."""
_WORD = re.compile(r"[^\W\d_](?:[\w'\u2019-]*\w)?")


def asked_for(
    written: Sequence[str], source: Source, lexicon: Lexicon, engine: Engine
) -> tuple[Term, ...]:
    """Terms for words and phrases that are to be heard; those that are taught are there anyway.

    ``lexicon`` is what is live for ``source``. Raises TermRefused or LexiconUnsupported,
    with the reason, and InputError for more than ``MOST``.
    """
    terms = _terms(written, source, lexicon)
    if len(terms) > MOST:
        raise InputError(f"{len(terms)} terms at once; at most {MOST} can be brought along.")
    for term in terms:
        check(term, lexicon, engine)
    return tuple(terms)


def unknown_in(
    text: str, source: Source, lexicon: Lexicon, engine: Engine, most: int = MOST
) -> tuple[Term, ...]:
    """Terms for the words of a text that no dictionary knows, as far as they can be honoured.

    The first ``most`` of them.
    """
    words = (word for word in _WORD.findall(text) if not is_known(word))
    terms = (term for term in _terms(words, source, lexicon) if _is_fit(term, lexicon, engine))
    return tuple(term for term, _ in zip(terms, range(most), strict=False))


def _terms(written: Iterable[str], source: Source, lexicon: Lexicon) -> list[Term]:
    """Each once, and none that is taught."""
    scope = f"household:{source.household}"
    made = (Term(each.strip(), scope=scope, state=TermState.LIVE) for each in written)
    return list({term.key: term for term in made if term.key not in lexicon.terms}.values())


def _is_fit(term: Term, lexicon: Lexicon, engine: Engine) -> bool:
    try:
        check(term, lexicon, engine)
    except (TermRefused, LexiconUnsupported):
        return False
    return True
