"""What a listener could teach: where they wrote other words than the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from earwitness.errors import TermRefused
from earwitness.model import Judgement, Term, Transcript, Verdict, term_key
from earwitness.speech.alignment import align, propose_misheard
from earwitness.speech.dictionary import is_known
from earwitness.speech.lexicon import check
from earwitness.speech.text import bare, tokens

MOST_WORDS = 4
"""Of a stretch that is proposed as one term; of a longer one, the words that no dictionary has:
where two texts have little in common, the rest is another sentence and nothing to teach."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the machine wrote for a term. An ``ordinary`` one is a word that people say, too."""

    text: str
    ordinary: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A term as the listener wrote it. ``likely``: marked, or a word that no dictionary has."""

    written: str
    misheard: tuple[Form, ...]
    likely: bool

    @property
    def key(self) -> str:
        return term_key(self.written)


def proposals(mine: Judgement, heard: Transcript) -> list[Proposal]:
    """The likely ones first, otherwise in the order in which they were said."""
    if mine.verdict is not Verdict.TRANSCRIPT:
        return []
    marked = [term.written for term in mine.terms]
    found = dict.fromkeys([*marked, *_differing(mine.text, heard.text)])
    known = {term_key(each) for each in marked}
    made: dict[str, Proposal] = {}
    for written in found:
        likely = term_key(written) in known or not all(map(is_known, written.split()))
        made.setdefault(term_key(written), _proposal(written, mine.text, heard, likely))
    return sorted(made.values(), key=lambda each: not each.likely)


def _proposal(written: str, said: str, heard: Transcript, likely: bool) -> Proposal:
    hypotheses = [*([heard.unbiased] if heard.unbiased else []), *heard.nbest]
    forms = propose_misheard(said, written, hypotheses)
    return Proposal(
        written,
        tuple(Form(form, all(map(is_known, form.split()))) for form in forms),
        likely,
    )


def _differing(said: str, heard: str) -> Iterator[str]:
    """Each stretch of written words that the machine has otherwise, as far as it can be taught.

    Of a long one, or where the texts share no word, only those that no dictionary has.
    """
    ours, written = tokens(said), said.split()
    theirs = [token.text for token in tokens(heard)]
    matched = {
        pair.reference for pair in align([token.text for token in ours], theirs) if pair.match
    }
    other = {at for number, token in enumerate(ours) if number not in matched
             for at in range(token.first, token.last + 1)}  # fmt: skip
    for is_other, group in groupby(range(len(written)), key=other.__contains__):
        places = list(group)
        if is_other:
            whole = [_plain(written[at]) for at in places]
            is_one = len(whole) <= MOST_WORDS and (matched or len(whole) == 1)
            if is_one and _can_be_taught(" ".join(whole)):
                yield " ".join(whole)
            else:
                yield from (word for word in whole if not is_known(word) and _can_be_taught(word))


def _can_be_taught(written: str) -> bool:
    """What would be refused is not offered."""
    try:
        check(Term(written))
    except TermRefused:
        return False
    return True


def _plain(word: str) -> str:
    """As it was written, without the punctuation around it."""
    inner = bare(word)
    start = word.casefold().find(inner)
    return word[start : start + len(inner)] if start >= 0 and inner else word
