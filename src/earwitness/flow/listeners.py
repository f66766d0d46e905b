"""How far listeners agree: what their word is worth, before a machine is measured by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.model import Judgement, Verdict
from earwitness.review.agreement import cohen_kappa, krippendorff_alpha, word_agreement
from earwitness.review.judgement import agree
from earwitness.speech.text import words


@dataclass(frozen=True, slots=True)
class Agreement:
    """What blind listeners made of the same clips.

    ``agreed`` of ``clips`` got the same verdict and words from the first two. ``kappa``
    (of those two) and ``alpha`` (of all) are about verdicts; None where nobody chose but
    one. ``words`` is the mean share of words in common where both wrote some, or None.
    """

    clips: int
    agreed: int
    kappa: float | None
    alpha: float | None
    words: float | None


def agreement(clips: Sequence[Sequence[Judgement]]) -> Agreement:
    """Of clips with two or more blind judgements each, in the order of judging."""
    pairs = [(first, second) for first, second, *_ in clips]
    texts = [
        word_agreement(words(first.text), words(second.text))
        for first, second in pairs
        if first.verdict is second.verdict is Verdict.TRANSCRIPT
    ]
    return Agreement(
        clips=len(pairs),
        agreed=sum(agree(first, second) for first, second in pairs),
        kappa=cohen_kappa([(first.verdict, second.verdict) for first, second in pairs]),
        alpha=krippendorff_alpha([[each.verdict for each in clip] for clip in clips]),
        words=sum(texts) / len(texts) if texts else None,
    )
