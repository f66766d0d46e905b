"""Fits the weights of ``speech.likeness`` and prints what they are worth.

Usage: ``python tools/likeness/fit.py EXAMPLES``, which are what ``collect.py`` kept.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from collect import Example
from numpy.typing import NDArray
from pairs import Pair, known, pairs

from earwitness.speech.likeness import PRIOR, THRESHOLD, heard_apart, spelled_apart

Numbers = NDArray[np.float64]

SHRINK = 1e-3
"""How firmly each weight is believed to be 0; it only keeps Newton's steps finite."""
THRESHOLDS = (0.2, 0.5, 0.8)


def main() -> None:
    asked = arguments()
    examples: list[Example] = pickle.loads(asked.examples.read_bytes())
    for frames in ("frames", "cepstra"):
        report(frames, pairs(known(examples, frames)))


def report(frames: str, found: Sequence[Pair]) -> None:
    same = np.array([bool(pair.word) for pair in found])
    words = len({pair.word for pair in found} - {""})
    print(f"\n{frames}: {same.sum()} pairs of the same word, {words} words; {(~same).sum()} others")
    heard, spelled = distances(found)
    both = np.column_stack([spelled, heard])
    by_speaker = left_out(both, same, [pair.speakers for pair in found])
    by_folder = left_out(both, same, [pair.folders for pair in found])
    print("| score | AUC | recall at 1 % | at 0.1 % false | AUC of the same word by folder |")
    print("|---|---|---|---|---|")
    rows = {"spelling": -spelled, "sound": -heard, "both, speakers left out": by_speaker}
    for name, score in (rows | {"both, folders left out": by_folder}).items():
        print(f"| {name} | {' | '.join(figures(score, same, found))} |")
    for threshold in THRESHOLDS:
        print(at_threshold(threshold, by_speaker, same))
    print(f"by folders, speakers left out, threshold {THRESHOLD}:")
    for name, part in kinds(found):
        print(f"  {name}: {at_threshold(THRESHOLD, by_speaker[part], same[part])}")
    print("weights: spelled {:.2f}, heard {:.2f}, constant {:.2f}".format(*fitted(both, same)))


def distances(found: Sequence[Pair]) -> tuple[Numbers, Numbers]:
    """By sound and by spelling, ``[pairs]``."""
    heard = np.zeros(len(found))
    places: dict[int, list[int]] = {}
    for place, pair in enumerate(found):
        places.setdefault(id(pair.one), []).append(place)
    for mine in places.values():
        others = [found[place].other.stretch for place in mine]
        heard[mine] = heard_apart(found[mine[0]].one.stretch, others)
    spelled = [spelled_apart(pair.one.stretch, pair.other.stretch) for pair in found]
    return heard, np.array(spelled)


def fitted(columns: Numbers, same: NDArray[np.bool_]) -> Numbers:
    """Logistic regression by Newton's method: a weight a column, and the constant.

    The pairs are weighed as if ``PRIOR`` of them were the same word.
    """
    x = np.column_stack([columns, np.ones(len(columns))])
    share = np.where(same, PRIOR / same.sum(), (1 - PRIOR) / (~same).sum()) * len(same)
    found = np.zeros(x.shape[1])
    for _ in range(50):
        expected = 1 / (1 + np.exp(-np.clip(x @ found, -30, 30)))
        gradient = x.T @ (share * (expected - same)) + SHRINK * found
        curvature = (x * (share * expected * (1 - expected))[:, None]).T @ x
        step = np.linalg.solve(curvature + SHRINK * np.eye(len(found)), gradient)
        found = found - step
        if np.abs(step).max() < 1e-9:
            break
    return found


def left_out(
    columns: Numbers, same: NDArray[np.bool_], groups: Sequence[frozenset[str]]
) -> Numbers:
    """Log-odds of each pair by weights that saw no pair of its speakers, or of its folders."""
    total, times = np.zeros((2, len(columns)))
    for name in sorted(frozenset().union(*groups)):
        mine = np.array([name in group for group in groups])
        weights = fitted(columns[~mine], same[~mine])
        total[mine] += columns[mine] @ weights[:-1] + weights[-1]
        times[mine] += 1
    return total / times


def figures(score: Numbers, same: NDArray[np.bool_], found: Sequence[Pair]) -> list[str]:
    worst = np.sort(score[~same])[::-1]
    at = [f"{np.mean(score[same] > worst[int(q * len(worst))]):.2f}" for q in (0.01, 0.001)]
    folders = [f"{name} {auc(score[part], same[part]):.3f}" for name, part in kinds(found)]
    return [f"{auc(score, same):.3f}", *at, ", ".join(folders)]


def kinds(found: Sequence[Pair]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Pairs of the same word within each folder, all against every pair of different words."""
    names = sorted({"+".join(sorted(pair.folders)) for pair in found if pair.word})
    parts = []
    for name in names:
        mine = np.array([not p.word or "+".join(sorted(p.folders)) == name for p in found])
        number = sum(bool(pair.word) for pair, kept in zip(found, mine, strict=True) if kept)
        if number >= 20:
            parts.append((f"{name} ({number})", mine))
    return parts


def at_threshold(threshold: float, odds: Numbers, same: NDArray[np.bool_]) -> str:
    above = odds > np.log(threshold / (1 - threshold))
    recall, false = np.mean(above[same]), np.mean(above[~same])
    precision = recall * PRIOR / max(recall * PRIOR + false * (1 - PRIOR), 1e-12)
    return (
        f"threshold {threshold}: recall {recall:.3f}, false {false:.5f}, precision {precision:.2f}"
    )


def auc(score: Numbers, same: NDArray[np.bool_]) -> float:
    """The chance that a pair of the same word is above one of others; ties count half."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    number = same.sum()
    return float((rank[same].sum() - number * (number + 1) / 2) / (number * (~same).sum()))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", type=Path, help="what collect.py kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
