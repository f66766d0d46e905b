"""How far listeners agree: what their word is worth, before a machine is measured by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from earwitness.flow.intervals import share
from earwitness.model import Interval, Judgement, Verdict
from earwitness.review.agreement import cohen_kappa, krippendorff_alpha, word_agreement
from earwitness.review.certainty import alpha_with_interval, kappa_with_interval
from earwitness.review.judgement import agree
from earwitness.speech.text import words
from earwitness.speech.wer import ratio

Pair = tuple[Judgement, Judgement]
ENOUGH = 20
"""Clips that two must have heard before a figure about the two of them says anything."""


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
    pairs = _pairs(clips)
    texts = _in_common(pairs)
    return Agreement(
        clips=len(pairs),
        agreed=sum(agree(first, second) for first, second in pairs),
        kappa=cohen_kappa([(first.verdict, second.verdict) for first, second in pairs]),
        alpha=krippendorff_alpha([[each.verdict for each in clip] for clip in clips]),
        words=sum(texts) / len(texts) if texts else None,
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """``Agreement`` with 95 % intervals: of the shares, of kappa and of alpha."""

    clips: int
    agreed: Interval | None
    kappa: Interval | None
    alpha: Interval | None
    words: Interval | None


def measured(clips: Sequence[Sequence[Judgement]]) -> Measured:
    """As ``agreement``, and how sure the figures are.

    ``agreed`` has the score interval (``intervals.share``), kappa and alpha that of
    ``review.certainty``, ``words`` the bootstrap over clips (``speech.wer.ratio``).
    """
    pairs = _pairs(clips)
    texts = _in_common(pairs)
    return Measured(
        clips=len(pairs),
        agreed=share(sum(agree(first, second) for first, second in pairs), len(pairs)),
        kappa=kappa_with_interval([(first.verdict, second.verdict) for first, second in pairs]),
        alpha=alpha_with_interval([[each.verdict for each in clip] for clip in clips]),
        words=ratio(texts, [1] * len(texts), share=True) if texts else None,
    )


@dataclass(frozen=True, slots=True)
class OfTwo:
    """How far two listeners agree on the clips that both heard."""

    names: tuple[str, str]
    figures: Measured


def by_pair(
    clips: Sequence[Sequence[Judgement]], enough: int = ENOUGH
) -> tuple[Sequence[OfTwo], int]:
    """Every two listeners who have heard enough of the same clips, by name.

    And how many others have not. A pair is no rank: disagreement is of two, and which of
    them is right is not asked here.
    """
    both: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for clip in clips:
        for one, other in combinations(sorted(clip, key=lambda each: each.analyst), 2):
            both[one.analyst, other.analyst].append((one, other))
    shown = [
        OfTwo(names, measured(pairs))
        for names, pairs in sorted(both.items())
        if len(pairs) >= enough
    ]
    return shown, len(both) - len(shown)


def _pairs(clips: Sequence[Sequence[Judgement]]) -> list[Pair]:
    return [(first, second) for first, second, *_ in clips]


def _in_common(pairs: Sequence[Pair]) -> list[float]:
    """The share of words in common of each two transcripts."""
    return [
        word_agreement(words(first.text), words(second.text))
        for first, second in pairs
        if first.verdict is second.verdict is Verdict.TRANSCRIPT
    ]
