"""Terms that somebody brings along: live for their own speech only, and never kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from earwitness.errors import LexiconUnsupported, TermRefused
from earwitness.flow.teach import check
from earwitness.model import Lexicon, Term, TermState
from earwitness.ports import Engine
from earwitness.speech.dictionary import is_known

MOST = 100
"""More at once would cost other speakers time."""
LOOKED_AT = 4 * MOST
_WORD = re.compile(r"[^\W\d_](?:[\w'\u2019-]*\w)?")


def asked_for(written: Sequence[str], lexicon: Lexicon, engine: Engine) -> tuple[Term, ...]:
    """Terms for words and phrases that are to be heard; those that are taught are there anyway.

    ``lexicon`` is what is live for whoever speaks. Raises TermRefused, with the reason, also
    for more than ``MOST``; LexiconUnsupported.
    """
    terms = _terms(written, lexicon)
    if len(terms) > MOST:
        raise TermRefused(f"{len(terms)} terms at once; at most {MOST} can be brought along.")
    for term in terms:
        check(term, lexicon, engine)
    return tuple(terms)


def as_far_as_honoured(
    written: Sequence[str], lexicon: Lexicon, engine: Engine
) -> tuple[tuple[Term, ...], dict[str, str]]:
    """As ``asked_for``, however many, and why the others cannot be honoured."""
    terms: list[Term] = []
    refused: dict[str, str] = {}
    for term in _terms(written, lexicon):
        try:
            check(term, lexicon, engine)
            terms.append(term)
        except (TermRefused, LexiconUnsupported) as error:
            refused[term.written] = str(error)
    return tuple(terms), refused


def unknown_in(text: str, lexicon: Lexicon, engine: Engine, most: int = MOST) -> tuple[Term, ...]:
    """Terms for the words of a text that no dictionary knows, as far as they can be honoured.

    The first ``most`` of them, out of the first ``LOOKED_AT``.
    """
    words = (match[0] for match in _WORD.finditer(text) if not is_known(match[0]))
    terms = _terms(islice(words, LOOKED_AT), lexicon)
    return tuple(islice((each for each in terms if _is_fit(each, lexicon, engine)), most))


def _terms(written: Iterable[str], lexicon: Lexicon) -> list[Term]:
    """Each once, and none that is taught."""
    made = (Term(" ".join(each.split()), state=TermState.LIVE) for each in written)
    return list({term.key: term for term in made if term.key not in lexicon.terms}.values())


def _is_fit(term: Term, lexicon: Lexicon, engine: Engine) -> bool:
    try:
        check(term, lexicon, engine)
    except (TermRefused, LexiconUnsupported):
        return False
    return True
