"""Which forms and which margin a term goes live with: a small search over trials.

A misheard form is kept as long as it does no harm. The margin is what the teaching
clip was seen to need, plus as much slack as does no harm, so that the term is also
heard from speakers who say it less clearly. The first candidate within the limits
that does not put the term into other places of its own clip wins; if none does, the
last and most careful one, which is held for a lead if it is over the limits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from earwitness.flow.trial import Limits, Tryout, contains
from earwitness.model import Hypothesis, Term, Trial
from earwitness.speech.alignment import align, edits, occurrences
from earwitness.speech.dictionary import is_known
from earwitness.speech.gate import UNKNOWN, margin_of
from earwitness.speech.text import words

REACH = 14.0
"""The widest margin that is ever given, in nats."""
SLACKS = (5.0, 2.0, 0.0)
"""What is added to the margin that the clip needs, most wanted first."""
LEAST = 4.0
"""A margin below which a term is hardly heard from anybody else, in nats."""


def best_trial(term: Term, proposed: Sequence[str], tryout: Tryout, limits: Limits) -> Trial:
    """The trial of the best candidate: ``term`` with some of the ``proposed`` misheard forms.

    Forms that ``term`` has already were asked for and stay. Of a term whose letters its
    own clip hardly supports, what was written instead is how it is spoken, if it is a
    made-up word ("sochiel" for "Xochitl") or says an abbreviation in full.
    """
    if _is_spelled_unlike_it_sounds(_with_forms(term, proposed), tryout):
        spoken = [form for form in proposed if _is_spoken(form, term)]
        term = replace(term, spoken=tuple(dict.fromkeys((*term.spoken, *spoken))))
        proposed = [form for form in proposed if form not in spoken]
    trial = _with_margin(_with_forms(term, proposed), tryout, limits)
    if not proposed or not limits.exceeded(trial):
        return trial
    harmless = [form for form in proposed if _harmless(_with_forms(term, [form]), tryout, limits)]
    return _with_margin(_with_forms(term, harmless), tryout, limits)


def _is_spelled_unlike_it_sounds(term: Term, tryout: Tryout) -> bool:
    needed = _needed(term, tryout)
    return needed is not None and needed > UNKNOWN


def _is_spoken(form: str, term: Term) -> bool:
    """Whether nobody means anything else by it.

    >>> _is_spoken("for real for real", Term("fr fr")), _is_spoken("so chill", Term("Xochitl"))
    (True, False)
    """
    parts = words(form)
    initials = "".join(part[0] for part in parts)
    return initials == "".join(words(term.written)) or not all(map(is_known, parts))


def _with_forms(term: Term, forms: Sequence[str]) -> Term:
    return replace(term, misheard=tuple(dict.fromkeys((*term.misheard, *forms))))


def _harmless(term: Term, tryout: Tryout, limits: Limits) -> bool:
    margin = margins(term, tryout)[-1]
    return not limits.exceeded(tryout.measure(replace(term, margin=margin)))


def _with_margin(term: Term, tryout: Tryout, limits: Limits) -> Trial:
    for margin in margins(term, tryout):
        trial = tryout.measure(replace(term, margin=margin))
        if not limits.exceeded(trial) and not _too_often(trial, tryout.said):
            break
    return trial


def _too_often(trial: Trial, said: str) -> bool:
    """Whether the teaching clip now has the term in more places than the human heard it."""
    if trial.clip is None or not said:
        return False
    before, after = (
        occurrences(words(text), words(trial.term.written)) for text in (said, trial.clip.after)
    )
    return len(after) > len(before)


def margins(term: Term, tryout: Tryout) -> list[float | None]:
    """The margins to try, widest first; None leaves it to the recogniser.

    A margin that the term has already was chosen by somebody and is the only one; of a
    term that is live, none is narrower than its own. The widest is no narrower than what
    the term would have untaught.
    """
    if term.margin is not None:
        return [term.margin]
    live, needed = tryout.ground.base.terms.get(term.key), _needed(term, tryout)
    if needed is None or math.isinf(needed):
        return [live.margin if live else None]
    least = max(needed, margin_of(live)) if live else needed
    wanted = [needed + slack for slack in SLACKS]
    wanted[0] = max(wanted[0], margin_of(term))
    return list(dict.fromkeys(max(_bounded(margin, needed), least) for margin in wanted))


def _bounded(margin: float, needed: float) -> float:
    return max(needed, min(max(margin, LEAST), REACH))


def _needed(term: Term, tryout: Tryout) -> float | None:
    """How far the clip's reading with the term lies below the unbiased one, in nats.

    None where there is no clip, or the recogniser does not tell what it would have heard
    unbiased; infinite where the term cannot be heard at all. So wide a margin puts it in
    other places, too; what counts is the reading that comes closest to what the human wrote.
    """
    heard = tryout.hear(replace(term, margin=REACH))
    if heard is None or heard.unbiased is None:
        return None
    if not contains(heard.text, term):
        return math.inf
    said = words(tryout.said or heard.text)
    readings = (each for each in heard.nbest if contains(each.text, term))
    closest = min(readings, key=lambda each: (_errors(said, each), -each.logprob))
    return max(0.0, heard.unbiased.logprob - closest.logprob)


def _errors(said: Sequence[str], heard: Hypothesis) -> int:
    return edits(align(said, words(heard.text)))
