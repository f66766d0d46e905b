"""A trial: what would a term gain, and what would it harm, if it went live?

Three kinds of clips are decoded with the revision that is live and with a candidate
that holds the term as well: the clip that taught it, the backlog, and a regression
set of clips of which humans wrote down every word. What was listened to before is
decoded for little. Of the rest, to answer at once, only the clips that sound nearest
to the term are decoded, up to a budget of audio; all others count as unchanged,
because nothing in them sounds like it. The trial says how many were decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate
from types import MappingProxyType

from earwitness.errors import EarwitnessError
from earwitness.flow.intervals import rate
from earwitness.flow.nearness import distance
from earwitness.flow.readings import Clip, Readings
from earwitness.flow.scope import Scoped, source_of
from earwitness.flow.settling import Doubts, settles
from earwitness.model import EVERYWHERE, Heard, Interval, Lexicon, Term, Transcript, Trial
from earwitness.speech.alignment import occurrences
from earwitness.speech.text import words
from earwitness.speech.wer import difference, score

Clock = Callable[[], float]
"""Seconds that only grow, for durations."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much harm a term may do and still go live by itself.

    ``u_wer``: the rise of the word error rate of all other words, as a fraction.
    """

    u_wer: float = 0.001
    false_accepts_per_hour: float = 2.0

    def exceeded(self, trial: Trial) -> str:
        """Why the trial is over the limits, in words; empty when it is not."""
        reasons = []
        if trial.false_accepts_per_hour.value > self.false_accepts_per_hour:
            reasons.append(
                f"{trial.false_accepts_per_hour.value:.1f} false accepts per hour "
                f"(limit {self.false_accepts_per_hour:g})"
            )
        if trial.u_wer_change.value > self.u_wer:
            reasons.append(
                f"the error rate of other words rises by {trial.u_wer_change.value:.2%} "
                f"(limit {self.u_wer:.2%})"
            )
        if not reasons:
            return ""
        heard = f"in {trial.regression_clips} clips, {trial.regression_hours:.2f} h"
        return f"{' and '.join(reasons)} {heard}."


@dataclass(frozen=True, eq=False)
class Ground:
    """What a candidate is tried on. ``seconds`` of each set may be listened to anew."""

    base: Lexicon
    clip: Clip | None
    backlog: Sequence[Clip]
    regression: Sequence[Clip]
    seconds: float = 30.0


class Tryout:
    """Candidates for one term, on one ground. What is decoded is chosen once."""

    def __init__(
        self, term: Term, ground: Ground, *, readings: Readings, doubts: Doubts, clock: Clock
    ) -> None:
        self.ground = ground
        self._readings, self._doubts, self._clock = readings, doubts, clock
        self._began = clock()
        self._base = Scoped(ground.base)
        self._backlog = self._chosen(term, ground.backlog)
        self._regression = self._chosen(term, ground.regression)

    @property
    def said(self) -> str:
        """What a human heard in the teaching clip; empty where nobody wrote it down."""
        clip = self.ground.clip
        return (clip.text or "") if clip else ""

    def hear(self, term: Term) -> Transcript | None:
        """The teaching clip with the candidate live; None where there is no clip."""
        clip = self.ground.clip
        return None if clip is None else self._readings.try_out(clip, self._with(term))

    def measure(self, term: Term) -> Trial:
        """Decodes the clip, the backlog and the regression set with the candidate live."""
        candidate = self._with(term)
        clip = self._compare(self.ground.clip, candidate) if self.ground.clip else None
        u_wer_change, false_accepts = self._harm(term, candidate)
        return Trial(
            term=term,
            base_revision=self.ground.base.revision,
            clip=clip,
            settles=tuple(self._settled(term, candidate)),
            regression_clips=len(self.ground.regression),
            regression_hours=_hours(self.ground.regression),
            u_wer_change=u_wer_change,
            false_accepts_per_hour=false_accepts,
            seconds=self._clock() - self._began,
            recognised=clip is not None and contains(clip.after, term),
            decoded_clips=len(self._regression),
            decoded_hours=_hours(self._regression),
        )

    def _chosen(self, term: Term, clips: Sequence[Clip]) -> list[Clip]:
        """What is at hand, and the nearest of the others until the budget of audio is spent."""
        known = {clip.id for clip in clips if self._readings.at_hand(clip)}
        others = [clip for clip in clips if clip.id not in known]
        ranked = sorted(others, key=lambda clip: distance(term, clip.texts()))
        ends = accumulate(clip.seconds for clip in ranked)
        pairs = zip(ranked, ends, strict=True)
        nearest = [clip for clip, end in pairs if end <= self.ground.seconds]
        return [*(clip for clip in clips if clip.id in known), *nearest]

    def _with(self, term: Term) -> Scoped:
        return Scoped(with_term(self.ground.base, term))

    def _compare(self, clip: Clip, candidate: Scoped) -> Heard:
        before = self._readings.read(clip, self._base).text
        return Heard(clip.id, before, self._readings.try_out(clip, candidate).text)

    def _change(self, term: Term, clip: Clip, candidate: Scoped) -> tuple[str, str]:
        """The texts before and after. Without the term in it, an unbiased one is no news."""
        after = self._readings.try_out(clip, candidate)
        if after.unbiased is not None and term.written not in after.best.terms:
            return after.text, after.text
        return self._readings.read(clip, self._base).text, after.text

    def _harm(self, term: Term, candidate: Scoped) -> tuple[Interval, Interval]:
        """U-WER change and false accepts per hour, over the whole regression set."""
        before, after = [], []
        for clip in self._regression:
            texts = self._change(term, _in_scope(clip, term), candidate)
            before.append(score(clip.text or "", texts[0], (term.written,)))
            after.append(score(clip.text or "", texts[1], (term.written,)))
        lengths = [len(words(clip.text or "")) for clip in self.ground.regression]
        unchanged = [0] * (len(lengths) - len(before))
        change = difference(
            ([each.other_errors for each in before] + unchanged, lengths),
            ([each.other_errors for each in after] + unchanged, lengths),
        )
        accepts = sum(each.false_accepts for each in after)
        return change or Interval(0.0, 0.0, 0.0), rate(accepts, _hours(self.ground.regression))

    def _settled(self, term: Term, candidate: Scoped) -> Iterator[Heard]:
        """Clips that cannot be heard wait for a human whatever is taught."""
        for clip in self._backlog:
            with suppress(EarwitnessError):
                yield from self._settled_one(clip, term, candidate)

    def _settled_one(self, clip: Clip, term: Term, candidate: Scoped) -> Iterator[Heard]:
        after = self._readings.try_out(clip, candidate)
        if not contains(after.text, term):
            return
        before = self._readings.read(clip, self._base)
        if not contains(before.text, term) and settles(
            term, clip, candidate, after, self._readings, self._doubts
        ):
            yield Heard(clip.id, before.text, after.text)


def _in_scope(clip: Clip, term: Term) -> Clip:
    """The clip as if it came from where the term is live; it could do no harm elsewhere."""
    if term.scope == EVERYWHERE:
        return clip
    return replace(clip, source=source_of(term.scope), heard=None)


def _hours(clips: Iterable[Clip]) -> float:
    return sum(clip.seconds for clip in clips) / 3600


def with_term(base: Lexicon, term: Term) -> Lexicon:
    """What ``publish`` would make of it: the candidate revision."""
    terms = MappingProxyType({**base.terms, term.key: term})
    return Lexicon(base.revision + 1, terms)


def contains(text: str, term: Term) -> bool:
    """Whether the words of the term stand in a text."""
    return bool(occurrences(words(text), words(term.written)))
