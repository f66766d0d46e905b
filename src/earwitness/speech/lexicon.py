"""Which terms can be honoured, and how they are spelled for the recogniser.

>>> check(Term("yeet"))
>>> check(Term("the"))
Traceback (most recent call last):
...
earwitness.errors.TermRefused: 'the' would swallow a very common word; teach a longer phrase.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Set

from earwitness.errors import TermRefused
from earwitness.model import EVERYWHERE, Lexicon, Source, Term, term_key
from earwitness.speech.dictionary import is_known

LONGEST = 64
MOST_WORDS = 6
MOST_FORMS = 20
HEAVIEST = 4.0

_COMMON = """
    a about after again all also am an and any are as at back be because been before but by can
    come could day did do does down even first for from get give go going good had has have he
    her here him his how i if in into is it its just know like little look made make many may me
    might more most much must my new no not now of off old on one only or other our out over
    people right said same say see she should so some take than that the their them then there
    these they thing think this those time to too two under up upon us use very want was way we
    well went were what when where which while who why will with work would yeah year yes you
    your
"""
UNSAID = frozenset('<>{}[]()|\\^~=;"*_')
"""Signs of programs and of writing that stand in no word."""
COMMON = frozenset(_COMMON.split())
"""Words that hold sentences together. No term may be spelled, or be heard in place of, one."""


def check(term: Term) -> None:
    """Raises TermRefused with the reason why no recogniser could honour the term."""
    _check_form(term.written, "written form")
    forms = [*term.spoken, *term.misheard]
    for form in forms:
        _check_form(form, "spoken or misheard form")
    for form in term.spoken:
        _check_spoken(form, term)
    if len(forms) > MOST_FORMS:
        raise TermRefused(f"{term.written!r} has {len(forms)} forms; at most {MOST_FORMS}.")
    if not 0 < term.weight <= HEAVIEST:
        raise TermRefused(f"{term.written!r}: a weight lies above 0, up to {HEAVIEST:g}.")
    if term.margin is not None and not 0 <= term.margin <= 40:
        raise TermRefused(f"{term.written!r}: a margin lies between 0 and 40 nats.")
    _check_scope(term)


def check_against(term: Term, lexicon: Lexicon) -> None:
    """Raises TermRefused where the term clashes with another live term."""
    mine = answers_to(term)
    for other in rivals(mine, lexicon):
        if other.key == term.key or not _meet(term.scope, other.scope):
            continue
        both = mine & answers_to(other)
        if both:
            raise TermRefused(
                f"{term.written!r} clashes with the live term {other.written!r}: "
                f"both answer to {min(both)!r}."
            )


def rivals(forms: Set[str], lexicon: Lexicon) -> Iterator[Term]:
    """The live terms that answer to one of these folded forms.

    Of 10,000 most are ruled out by their keys alone, which costs a millisecond.
    """
    for key, term in lexicon.terms.items():
        has_more = term.misheard or term.spoken or not key.isascii()
        if key in forms or (has_more and not forms.isdisjoint(answers_to(term))):
            yield term


def spellings(term: Term) -> set[str]:
    """The folded spellings that print the term: written and spoken, not misheard."""
    return {plain(form) for form in (term.written, *term.spoken)}


def plain(form: str) -> str:
    """A form as the recogniser could write it: NFKC, folded, without typographic variants.

    >>> plain("  Bussin\u2019  ")
    "bussin'"
    """
    return re.sub("[\u2018\u2019\u02bc]", "'", term_key(form))


def in_scope(lexicon: Lexicon, source: Source) -> Iterator[tuple[str, Term]]:
    """The live terms that hold for speech from this source."""
    scopes = {EVERYWHERE, f"locale:{source.locale}", f"household:{source.household}"}
    return ((key, term) for key, term in lexicon.terms.items() if term.scope in scopes)


def changes(
    before: Mapping[str, Term], after: Mapping[str, Term]
) -> Iterator[tuple[str, Term | None]]:
    """(key, new term or None where it left) for all that differs between two revisions."""
    for key, term in after.items():
        old = before.get(key)
        if old is not term and old != term:
            yield key, term
    for key in before.keys() - after.keys():
        yield key, None


def answers_to(term: Term) -> set[str]:
    """Every folded form that prints the term or is put right to it."""
    return spellings(term) | {plain(form) for form in term.misheard}


def _meet(one: str, other: str) -> bool:
    """Whether one device could have both: a device has one household and one locale."""
    return one == other or one.partition(":")[0] != other.partition(":")[0]


def _check_form(form: str, what: str) -> None:
    shown = repr(form if len(form) <= 40 else form[:40] + "...")
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") for char in form):
        raise TermRefused(f"The {what} {shown} has control, invisible or invalid characters.")
    if len(form) > LONGEST:
        raise TermRefused(f"The {what} {shown} has {len(form)} characters; at most {LONGEST}.")
    folded = plain(form)
    if not any(char.isalpha() for char in folded):
        raise TermRefused(f"The {what} {shown} has no letter, so nothing is left to listen for.")
    unsaid = sorted(UNSAID.intersection(folded))
    if unsaid:
        raise TermRefused(
            f"The {what} {shown} has {' '.join(unsaid)}, which nobody says; write what is said."
        )
    if any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in folded):
        raise TermRefused(f"The {what} {shown} is written right to left; give a Latin spelling.")
    if len(folded.split()) > MOST_WORDS:
        raise TermRefused(f"The {what} {shown} has more than {MOST_WORDS} words.")
    if folded in COMMON:
        raise TermRefused(f"{shown} would swallow a very common word; teach a longer phrase.")


def _check_spoken(form: str, term: Term) -> None:
    """A spoken form prints the term wherever it is heard, so it must be no word by itself."""
    if len(form.split()) == 1 and is_known(form) and plain(form) != plain(term.written):
        raise TermRefused(
            f"{term.written!r}: the spoken form {form!r} is an ordinary word, which would be "
            "rewritten wherever it is said; give it as a misheard form."
        )


def _check_scope(term: Term) -> None:
    named = re.fullmatch(r"(locale|household):\S{1,100}", term.scope)
    if term.scope != EVERYWHERE and not (named and term.scope.isprintable()):
        raise TermRefused(
            f"{term.written!r}: a scope is 'everywhere', 'locale:en-GB' or 'household:ID', "
            f"not {term.scope[:60]!r}."
        )
