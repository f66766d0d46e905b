"""Gradient-boosted trees by scikit-learn, as ``speech.ensemble`` reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from earwitness.speech.ensemble import Ensemble

Floats = NDArray[np.float64]
DEPTH = 3
DIGITS = 6


def fitted(
    names: Sequence[str],
    rows: Floats,
    right: NDArray[np.bool_],
    weights: Floats,
    directions: dict[str, int],
    trees: int,
) -> Ensemble:
    """``directions``: 1 where more of it can only make a row surer, -1 where less sure."""
    boosted = HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=8 / trees, max_depth=DEPTH, min_samples_leaf=40,
        l2_regularization=5.0, early_stopping=False, random_state=0,
        monotonic_cst=[directions.get(name, 0) for name in names],
    )  # fmt: skip
    boosted.fit(rows, right, sample_weight=weights)
    return Ensemble.read(exported(names, boosted))


def exported(names: Sequence[str], boosted: HistGradientBoostingClassifier) -> dict[str, Any]:
    """The JSON object of an ensemble."""
    trees = [_complete(stage[0].nodes) for stage in boosted._predictors]
    features, thresholds, leaves = zip(*trees, strict=True)
    return {
        "names": list(names),
        "base": _short(float(np.ravel(boosted._baseline_prediction)[0])),
        "features": features,
        "thresholds": thresholds,
        "leaves": leaves,
    }


def stretched(ensemble: Ensemble, slope: float, shift: float) -> Ensemble:
    """The ensemble whose log-odds are these, stretched and shifted."""
    base, leaves = slope * ensemble.base + shift, slope * ensemble.leaves
    return replace(ensemble, base=_short(base), leaves=np.vectorize(_short)(leaves))


def written(ensemble: Ensemble) -> dict[str, Any]:
    """The JSON object that ``Ensemble.read`` reads."""
    return {
        "names": list(ensemble.names),
        "base": ensemble.base,
        "features": ensemble.features.tolist(),
        "thresholds": ensemble.thresholds.tolist(),
        "leaves": ensemble.leaves.tolist(),
    }


def _complete(nodes: Any) -> tuple[list[int], list[float], list[float]]:
    """A tree by levels; a leaf that comes early is repeated below itself."""
    features, thresholds, level = [0] * (2**DEPTH - 1), [0.0] * (2**DEPTH - 1), [nodes[0]]
    for place in range(2**DEPTH - 1):
        node = level[place]
        if node["is_leaf"]:
            level += [node, node]
            continue
        features[place] = int(node["feature_idx"])
        thresholds[place] = float(node["num_threshold"])
        level += [nodes[node["left"]], nodes[node["right"]]]
    return features, thresholds, [_short(float(node["value"])) for node in level[-(2**DEPTH) :]]


def _short(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
