"""What an answer must be, and where it leads."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence

from earwitness.errors import AlreadyJudged, JudgementError
from earwitness.model import (
    EVERYWHERE,
    ItemState,
    Judgement,
    ReviewItem,
    Taught,
    Verdict,
    term_key,
)

MAX_TEXT = 10_000
MAX_FORM = 100
MAX_FORMS = 50
MAX_NOTE = 1_000
"""Limits in characters; of forms and terms, in number."""

_SCOPE = re.compile(r"(locale|household):\S+")
_APOSTROPHES = str.maketrans("", "", "'\u2018\u2019\u02bc\uff07")
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

SameText = Callable[[str, str], bool]


# --- is it an answer? -------------------------------------------------------


def validate(judgement: Judgement) -> None:
    """Raises JudgementError, with the reason, for an answer that contradicts itself.

    A transcript has a text, and every term it teaches is said in it; any other
    verdict has neither text nor terms.
    """
    _check_form("analyst", judgement.analyst)
    _check_text("text", judgement.text, MAX_TEXT)
    if judgement.verdict is Verdict.TRANSCRIPT:
        _check_transcript(judgement)
    elif judgement.text.strip() or judgement.terms:
        raise JudgementError(
            f"A clip judged {judgement.verdict.value!r} has no text and teaches no terms."
        )


def _check_transcript(judgement: Judgement) -> None:
    if not _words(judgement.text):
        raise JudgementError(
            "A transcript needs the words that were said;"
            " if there are none, judge the clip as no speech or unintelligible."
        )
    _check_number("terms", judgement.terms)
    keys = [term_key(term.written) for term in judgement.terms]
    for term, key in zip(judgement.terms, keys, strict=True):
        _check_term(term, judgement.text)
        if keys.count(key) > 1:
            raise JudgementError(f"The term {term.written!r} is named more than once.")


def _check_term(term: Taught, text: str) -> None:
    _check_form("term", term.written)
    if not _words(term.written):
        raise JudgementError(f"The term {term.written!r} has no letters or digits.")
    if not says(text, term.written):
        raise JudgementError(f"The term {term.written!r} does not occur in the text.")
    for name, forms in (("spoken form", term.spoken), ("misheard form", term.misheard or ())):
        _check_number(f"{name}s", forms)
        for form in forms:
            _check_form(name, form)
    _check_text("reason", term.why, MAX_NOTE)
    if term.scope != EVERYWHERE and not _SCOPE.fullmatch(term.scope):
        raise JudgementError(
            f"The scope {term.scope!r} is not everywhere, locale:NAME or household:ID."
        )


def _check_number(name: str, things: Sequence[object]) -> None:
    if len(things) > MAX_FORMS:
        raise JudgementError(f"{len(things)} {name} are too many; at most {MAX_FORMS}.")


def _check_form(name: str, form: str) -> None:
    _check_text(name, form, MAX_FORM)
    if not form.strip():
        raise JudgementError(f"The {name} is empty.")


def _check_text(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise JudgementError(f"The {name} has {len(text)} characters; at most {longest}.")
    for place, char in enumerate(text):
        if not _is_allowed(char):
            raise JudgementError(
                f"The {name} has a character that cannot be said,"
                f" U+{ord(char):04X} at place {place + 1}."
            )


def _is_allowed(char: str) -> bool:
    """No control characters, half characters, or marks that reorder what is shown.

    Right-to-left letters and the joiners within words are text like any other.
    """
    return unicodedata.category(char) not in ("Cc", "Cs", "Cn") and char not in _OVERRIDES


def says(text: str, term: str) -> bool:
    """The term's words stand in the text side by side, whatever case and punctuation.

    >>> says("Play 'Yeet', will you?", "yeet"), says("Play yeety", "yeet")
    (True, False)
    """
    return f" {_words(term)} " in f" {_words(text)} "


def _words(text: str) -> str:
    folded = term_key(text.translate(_APOSTROPHES))
    return "".join(char if _is_of_word(char) else " " for char in folded).strip()


def _is_of_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LMN" or char in "\u200c\u200d"


# --- where does it lead? ----------------------------------------------------


def needs_second(utterance_id: str, fraction: float) -> bool:
    """Whether a second blind listener is due; the same answer for an utterance for ever."""
    digest = hashlib.sha256(b"second listener\n" + utterance_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") < fraction * 2**64


def same_words(one: str, other: str) -> bool:
    """Alike but for case and punctuation."""
    return _words(one).split() == _words(other).split()


def agree(one: Judgement, other: Judgement, same_text: SameText = same_words) -> bool:
    """The same verdict and, of transcripts, the same text."""
    if one.verdict is not other.verdict:
        return False
    return one.verdict is not Verdict.TRANSCRIPT or same_text(one.text, other.text)


def next_state(
    item: ReviewItem,
    earlier: Sequence[Judgement],
    judgement: Judgement,
    second_fraction: float,
    same_text: SameText = same_words,
) -> tuple[ItemState, str]:
    """The item's state after this judgement, and why.

    ``earlier`` are its judgements so far. Raises JudgementError for an item that is
    closed, AlreadyJudged for one that this analyst answered before.
    """
    if any(each.analyst == judgement.analyst for each in earlier):
        raise AlreadyJudged(f"{judgement.analyst} has judged this clip already.")
    match item.state:
        case ItemState.WAITING:
            return _after_first(item.utterance, second_fraction)
        case ItemState.SECOND:
            return _after_second(earlier[-1], judgement, same_text)
        case ItemState.ADJUDICATION:
            return ItemState.CLOSED, f"adjudicated by {judgement.analyst}"
    raise JudgementError(f"The clip is {item.state.value} already; nobody waits for an answer.")


def _after_first(utterance_id: str, fraction: float) -> tuple[ItemState, str]:
    if needs_second(utterance_id, fraction):
        return ItemState.SECOND, "drawn for a second listener"
    return ItemState.CLOSED, "judged"


def _after_second(
    first: Judgement, second: Judgement, same_text: SameText
) -> tuple[ItemState, str]:
    if agree(first, second, same_text):
        return ItemState.CLOSED, "two listeners agree"
    return ItemState.ADJUDICATION, "two listeners disagree"
