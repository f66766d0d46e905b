"""Fits the coefficients of ``speech.confidence``: ``python fit.py EXAMPLES [--write]``.

Prints how well confidence does on folders that it was not fitted on (leave one folder
out): a folder's figures come from trees and calibrations that saw nothing of it. What
ships is then fitted on everything.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from collect import Example
from numpy.typing import NDArray
from trees import fitted, stretched, written

from earwitness.bench.doubt import wrong_words
from earwitness.bench.separation import auc, caught, ece
from earwitness.model import Transcript
from earwitness.speech import confidence
from earwitness.speech.agreement import SECOND_WORD, word_agreement
from earwitness.speech.alignment import align, edits
from earwitness.speech.calibration import probability, recalibrate
from earwitness.speech.confidence import confident
from earwitness.speech.ensemble import Ensemble
from earwitness.speech.features import WORD, word_features
from earwitness.speech.nbest import compete
from earwitness.speech.text import words

Floats = NDArray[np.float64]

OUT = Path(confidence.__file__).with_name(confidence.COEFFICIENTS)
CHANGED = 0.35
"""The weight of a clip in surroundings that it was not recorded in."""
UP = (
    "mean", "least", "first", "gap", "first_gap", "support", "lead", "before", "after",
    "before_support", "after_support", "all_least", "odds", "same", "same_before", "same_after",
)  # fmt: skip
"""What can only make a word surer; ``rivals`` can only make it less sure."""
DIRECTIONS = dict.fromkeys(UP, 1) | {"rivals": -1}


@dataclass(frozen=True)
class Case:
    """An example and what is right in it; None for a word with nothing to compare."""

    example: Example
    features: Floats
    right: tuple[bool | None, ...]
    faultless: bool

    @classmethod
    def of(cls, example: Example) -> Case:
        transcript = example.transcript
        wrong = wrong_words(example.reference, transcript.best)
        errors = edits(align(words(example.reference), words(transcript.text)))
        features = word_features(transcript, example.evidence, compete(transcript.nbest))
        return cls(example, features, tuple(w if w is None else not w for w in wrong), not errors)

    @property
    def fold(self) -> str:
        """Folders with the same voices are left out together."""
        folder = self.example.folder.removesuffix("_noisy")
        return "household" if folder.endswith("_dev") else folder

    @property
    def clean(self) -> bool:
        return self.example.kind == "clean"


Rows = Callable[[Case, Transcript], Floats]


@dataclass(frozen=True)
class Step:
    """One of the two models: what it reads, given the transcript as it was rated before."""

    name: str
    columns: tuple[str, ...]
    trees: int
    rows: Rows


ALONE = Step("alone", WORD, 100, lambda case, _: case.features)
SECOND = Step(
    "second", SECOND_WORD, 60, lambda case, rated: word_agreement(rated, case.example.second or "")
)

Rated = list[tuple[Case, Transcript]]


def fit_step(step: Step, known: Rated) -> tuple[Ensemble, Rated]:
    """The trees of all cases, and the cases as trees without their own folder rate them.

    Those left-out ratings tell how far log-odds must be stretched to hold in a folder that
    nobody has seen.
    """
    rows = [step.rows(case, transcript) for case, transcript in known]
    odds = _left_out_odds(step, known, rows)
    stretch = recalibrate(_words(known, [probability(own) for own in odds]))
    said = [
        (case, confident(transcript, probability(stretch.slope * own + stretch.shift)))
        for (case, transcript), own in zip(known, odds, strict=True)
    ]
    trees = _trees(step, [case for case, _ in known], rows)
    return stretched(trees, stretch.slope, stretch.shift), said


def rate(step: Step, trees: Ensemble, case: Case, transcript: Transcript) -> Transcript:
    return confident(transcript, probability(trees.log_odds(step.rows(case, transcript))))


def _left_out_odds(step: Step, known: Rated, rows: Sequence[Floats]) -> list[Floats]:
    """By case, the log-odds of its words by trees that saw nothing of its folder."""
    found: list[Floats] = [np.zeros(0)] * len(known)
    for fold in folds(known):
        others = [i for i, (case, _) in enumerate(known) if case.fold != fold]
        trees = _trees(step, [known[i][0] for i in others], [rows[i] for i in others])
        for i, (case, _) in enumerate(known):
            if case.fold == fold:
                found[i] = trees.log_odds(rows[i])
    return found


def _words(known: Rated, sure: Sequence[Floats]) -> list[tuple[float, bool]]:
    """(confidence, right) of all words that can be compared."""
    return [
        (float(p), right)
        for (case, _), own in zip(known, sure, strict=True)
        for p, right in zip(own, case.right, strict=True)
        if right is not None
    ]


def _trees(step: Step, cases: Sequence[Case], rows: Sequence[Floats]) -> Ensemble:
    kept = [
        (row, right, case)
        for case, own in zip(cases, rows, strict=True)
        for row, right in zip(own, case.right, strict=True)
        if right is not None
    ]
    table, right = np.array([row for row, _, _ in kept]), np.array([r for _, r, _ in kept])
    weights = _weights([case for _, _, case in kept])
    return fitted(step.columns, table, right, weights, DIRECTIONS, step.trees)


def _weights(cases: Sequence[Case]) -> Floats:
    """Each folder by the square root of its size, so that none rules and none is lost."""
    own = np.array([1.0 if case.clean else CHANGED for case in cases])
    names = np.array([case.fold for case in cases])
    for fold in set(names):
        own[names == fold] /= np.sqrt(own[names == fold].sum())
    return own / own.mean()


def folds(known: Rated) -> list[str]:
    return sorted({case.fold for case, _ in known})


def fit_both(cases: Sequence[Case]) -> tuple[Ensemble, Ensemble]:
    """Alone and with a second recogniser, the second on what the first says left out."""
    alone, said = fit_step(ALONE, [(case, case.example.transcript) for case in cases])
    heard_twice = [pair for pair in said if pair[0].example.second is not None]
    if not heard_twice:
        raise SystemExit("No example was heard by a second recogniser; collect with --second.")
    return alone, fit_step(SECOND, heard_twice)[0]


def left_out(cases: Sequence[Case]) -> tuple[Rated, Rated]:
    """Every case rated, alone and with the second engine, by models without its folder."""
    one, both = Rated(), Rated()
    for fold in sorted({case.fold for case in cases}):
        alone, second = fit_both([case for case in cases if case.fold != fold])
        for case in (case for case in cases if case.fold == fold):
            rated = rate(ALONE, alone, case, case.example.transcript)
            one.append((case, rated))
            if case.example.second is not None:
                both.append((case, rate(SECOND, second, case, rated)))
    return one, both


def report(title: str, found: Rated) -> None:
    print(f"\n{title}")
    clean = [pair for pair in found if pair[0].clean]
    plain = [pair for pair in clean if pair[0].example.live == "none"]
    groups = {"clean, no terms": plain, "clean": clean, "everything": found}
    groups |= {f"  {f}": [pair for pair in plain if pair[0].fold == f] for f in folds(found)}
    for name, group in groups.items():
        for kind in ("word", "utterance"):
            line(f"{name:28}{kind:10}", *observed(group, kind))


def observed(group: Rated, kind: str) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """(confidence, plain mean log-probability, wrong) of words or utterances."""
    seen: list[tuple[float, float, bool]] = []
    for case, transcript in group:
        best = transcript.best
        if kind == "utterance":
            scores = [score for word in best.words for score in word.logprobs]
            seen.append((transcript.confidence, float(np.mean(scores)), not case.faultless))
            continue
        for word, right in zip(best.words, case.right, strict=True):
            if right is not None:
                seen.append((word.confidence, float(np.mean(word.logprobs)), not right))
    sure, plain, wrong = np.array(seen).T
    return sure, plain, wrong.astype(bool)


def line(title: str, sure: Floats, plain: Floats, wrong: NDArray[np.bool_]) -> None:
    print(
        f"{title} n {len(wrong):6} wrong {wrong.mean():.3f} | auc {auc(sure, wrong):.3f} "
        f"plain {auc(plain, wrong):.3f} | ece {ece(sure, wrong):.3f} | caught "
        f"{caught(sure, wrong, 0.1):.2f} {caught(sure, wrong, 0.2):.2f} "
        f"plain {caught(plain, wrong, 0.1):.2f} {caught(plain, wrong, 0.2):.2f}",
        flush=True,
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("examples", type=Path)
    asked.add_argument("--write", action="store_true", help=f"writes {OUT.name}")
    asked.add_argument("--no-report", action="store_true", help="does not leave folders out")
    asked.add_argument("--keep", type=Path, help="the left-out ratings, a pickle")
    given = asked.parse_args()
    examples: list[Example] = pickle.loads(given.examples.read_bytes())
    cases = [Case.of(example) for example in examples if example.transcript.best.words]
    if not given.no_report:
        one, both = left_out(cases)
        report("Alone", one)
        report("With a second engine", both)
        if given.keep:
            given.keep.write_bytes(pickle.dumps((one, both)))
    if given.write:
        write(fit_both(cases))


def write(models: tuple[Ensemble, Ensemble]) -> None:
    content = dict(zip(("alone", "second"), map(written, models), strict=True))
    OUT.write_text(json.dumps(content, separators=(",", ":")) + "\n", "utf-8")
    print(f"\n{OUT.name}: {OUT.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
