"""Fits the coefficients of ``speech.confidence``: ``python fit.py EXAMPLES [--write]``.

Prints how well confidence does on folders that it was not fitted on (leave one folder
out): a folder's figures come from models and calibrations that saw nothing of it. What
ships is then fitted on everything.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from collect import Example
from numpy.typing import NDArray
from trees import fitted, written

from earwitness.bench.doubt import wrong_words
from earwitness.bench.separation import auc, caught, ece
from earwitness.model import Transcript
from earwitness.speech import confidence
from earwitness.speech.agreement import (
    SECOND_UTTERANCE,
    SECOND_WORD,
    utterance_agreement,
    word_agreement,
)
from earwitness.speech.alignment import align, edits
from earwitness.speech.calibration import Calibration, probability, recalibrate
from earwitness.speech.ensemble import Ensemble
from earwitness.speech.features import UTTERANCE, WORD, utterance_features, word_features
from earwitness.speech.nbest import Competition, compete
from earwitness.speech.text import words

Floats = NDArray[np.float64]

OUT = Path(confidence.__file__).with_name(confidence.COEFFICIENTS)
CHANGED = 0.35
"""The weight of a clip in surroundings that it was not recorded in."""
UP = (
    "mean", "least", "first", "gap", "first_gap", "support", "lead", "before", "after",
    "before_support", "after_support", "all_mean", "all_least", "share", "all_lead", "second_gap",
    "word_product", "word_least", "word_second", "word_mean", "odds", "same", "same_before",
    "same_after", "all_odds", "equal", "product",
)  # fmt: skip
"""What can only make a word or an answer surer."""
DOWN = ("rivals", "readings", "missing", "doubtful")
"""What can only make it less sure."""
DIRECTIONS = dict.fromkeys(UP, 1) | dict.fromkeys(DOWN, -1)
TREES = {"word": 100, "utterance": 40, "second_word": 60, "second_utterance": 30}


@dataclass(frozen=True)
class Case:
    """An example with what is asked of its confidence. None: a word with nothing to compare."""

    example: Example
    competition: Competition
    features: Floats
    right: tuple[bool | None, ...]
    faultless: bool

    @classmethod
    def of(cls, example: Example) -> Case:
        best = example.transcript.best
        wrong = wrong_words(example.reference, best)
        errors = edits(align(words(example.reference), words(best.text)))
        competition = compete(example.transcript.nbest)
        features = word_features(example.transcript, example.evidence, competition)
        return cls(
            example,
            competition,
            features,
            tuple(w if w is None else not w for w in wrong),
            not errors,
        )

    @property
    def fold(self) -> str:
        """Folders with the same voices are left out together."""
        folder = self.example.folder.removesuffix("_noisy")
        return "household" if folder.endswith("_dev") else folder

    @property
    def weight(self) -> float:
        return 1.0 if self.example.kind == "clean" else CHANGED


Rows = Callable[[Case, Transcript], Floats]
"""The rows of one case, given its transcript as the steps before have rated it."""


@dataclass(frozen=True)
class Step:
    """One of the four models: which numbers it reads, and what it is right about."""

    name: str
    columns: tuple[str, ...]
    rows: Rows
    of_words: bool
    second: bool = False

    def right(self, case: Case) -> list[bool | None]:
        return list(case.right) if self.of_words else [case.faultless]

    def applied(self, transcript: Transcript, sure: Floats) -> Transcript:
        if not self.of_words:
            return replace(transcript, confidence=float(sure[0]))
        best = transcript.best
        rated = tuple(
            replace(w, confidence=float(p)) for w, p in zip(best.words, sure, strict=True)
        )
        return replace(transcript, nbest=(replace(best, words=rated), *transcript.nbest[1:]))


def sure_of(transcript: Transcript) -> Floats:
    return np.array([word.confidence for word in transcript.best.words])


STEPS = (
    Step("word", WORD, lambda case, _: case.features, of_words=True),
    Step(
        "utterance", UTTERANCE, of_words=False,
        rows=lambda case, t: utterance_features(
            t, case.example.evidence, case.competition, sure_of(t)
        ),
    ),
    Step(
        "second_word", SECOND_WORD, of_words=True, second=True,
        rows=lambda case, t: word_agreement(t, case.example.second or ""),
    ),
    Step(
        "second_utterance", SECOND_UTTERANCE, of_words=False, second=True,
        rows=lambda case, t: utterance_agreement(t, case.example.second or ""),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Model:
    """Trees and the calibration of what they say."""

    trees: Ensemble
    calibration: Calibration

    def sure(self, rows: Floats) -> Floats:
        odds = self.calibration.slope * self.trees.log_odds(rows) + self.calibration.shift
        return probability(odds)


def fit_step(
    step: Step, cases: Sequence[Case], rated: Sequence[Transcript]
) -> tuple[Model, list[Floats]]:
    """The model of all cases, and what models without a case's own folder say of it."""
    rows = [step.rows(case, transcript) for case, transcript in zip(cases, rated, strict=True)]
    folds = sorted({case.fold for case in cases})
    said: list[Floats] = [np.zeros(0)] * len(cases)
    for fold in folds:
        others = [i for i, case in enumerate(cases) if case.fold != fold]
        trees = _trees(step, [cases[i] for i in others], [rows[i] for i in others])
        for i, case in enumerate(cases):
            if case.fold == fold:
                said[i] = probability(trees.log_odds(rows[i]))
    pairs = [
        (float(p), right)
        for case, sure in zip(cases, said, strict=True)
        if case.example.kind == "clean"
        for p, right in zip(sure, step.right(case), strict=True)
        if right is not None
    ]
    calibration = recalibrate(pairs)
    model = Model(_trees(step, cases, rows), calibration)
    return model, [np.array([calibration(float(p)) for p in sure]) for sure in said]


def _trees(step: Step, cases: Sequence[Case], rows: Sequence[Floats]) -> Ensemble:
    kept = [
        (row, right, i)
        for i, case in enumerate(cases)
        for row, right in zip(rows[i], step.right(case), strict=True)
        if right is not None
    ]
    weights = _weights([cases[i] for _, _, i in kept])
    table, right = np.array([row for row, _, _ in kept]), np.array([r for _, r, _ in kept])
    return fitted(step.columns, table, right, weights, DIRECTIONS, TREES[step.name])


def _weights(cases: Sequence[Case]) -> Floats:
    """Each folder by the square root of its size, so that none rules and none is lost."""
    own = np.array([case.weight for case in cases])
    folds = np.array([case.fold for case in cases])
    for fold in set(folds):
        own[folds == fold] /= np.sqrt(own[folds == fold].sum())
    return own / own.mean()


def fit_all(cases: Sequence[Case]) -> dict[str, Model]:
    """The four models, each fitted on what those before it say of folders unknown to them."""
    models: dict[str, Model] = {}
    kept, rated = list(cases), [case.example.transcript for case in cases]
    for step in STEPS:
        if step.second:
            pairs = [
                (c, t) for c, t in zip(kept, rated, strict=True) if c.example.second is not None
            ]
            kept, rated = [c for c, _ in pairs], [t for _, t in pairs]
        models[step.name], said = fit_step(step, kept, rated)
        rated = [step.applied(t, sure) for t, sure in zip(rated, said, strict=True)]
    return models


def rated(case: Case, models: dict[str, Model], *, second: bool) -> Transcript:
    transcript = case.example.transcript
    for step in STEPS:
        if second or not step.second:
            rows = step.rows(case, transcript)
            transcript = step.applied(transcript, models[step.name].sure(rows))
    return transcript


Rated = list[tuple[Case, Transcript]]


def left_out(cases: Sequence[Case]) -> tuple[Rated, Rated]:
    """Every case rated, alone and with the second engine, by models without its folder."""
    alone, both = Rated(), Rated()
    for fold in sorted({case.fold for case in cases}):
        models = fit_all([case for case in cases if case.fold != fold])
        for case in (case for case in cases if case.fold == fold):
            alone.append((case, rated(case, models, second=False)))
            if case.example.second is not None:
                both.append((case, rated(case, models, second=True)))
    return alone, both


def report(title: str, found: Rated) -> None:
    print(f"\n{title}")
    folds = sorted({case.fold for case, _ in found})
    clean = [pair for pair in found if pair[0].example.kind == "clean"]
    plain = [pair for pair in clean if pair[0].example.live == "none"]
    groups = {"clean, no terms": plain, "clean, with terms": clean, "everything": found}
    groups |= {f"  {f}, clean": [p for p in plain if p[0].fold == f] for f in folds}
    for name, group in groups.items():
        for kind in ("word", "utterance"):
            line(f"{name:34}{kind:10}", *observed(group, kind))


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
    cases = [Case.of(e) for e in examples if e.transcript.best.words]
    if not given.no_report:
        alone, both = left_out(cases)
        report("Alone", alone)
        report("With a second engine", both)
        if given.keep:
            given.keep.write_bytes(pickle.dumps((alone, both)))
    if given.write:
        models = fit_all(cases)
        content = {
            name: written(m.trees, m.calibration.slope, m.calibration.shift)
            for name, m in models.items()
        }
        OUT.write_text(json.dumps(content, separators=(",", ":")) + "\n", "utf-8")
        print(f"\n{OUT.name}: {OUT.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
