"""Gradient-boosted trees, evaluated with numpy alone.

Every tree is a complete binary tree of the same depth, kept by levels as a heap is: the
children of node i are 2 i + 1 (value <= threshold) and 2 i + 2. A leaf adds to a sum
whose logistic function is the probability (Friedman 2001, "Greedy function
approximation: a gradient boosting machine"). tools/calibrate fits and writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import SettingsError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ensemble:
    """``features``, ``thresholds`` ``[trees, 2**depth - 1]``; ``leaves`` ``[trees, 2**depth]``."""

    names: tuple[str, ...]
    base: float
    features: NDArray[np.intp]
    thresholds: Floats
    leaves: Floats

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Ensemble:
        """From the JSON object that ``tools/calibrate`` writes. Raises SettingsError."""
        try:
            made = cls(
                tuple(content["names"]),
                float(content["base"]),
                np.array(content["features"], np.intp),
                np.array(content["thresholds"], np.float64),
                np.array(content["leaves"], np.float64),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(f"The coefficients of confidence are malformed: {error}") from error
        made._check()
        return made

    def _check(self) -> None:
        nodes = self.features.shape[-1]
        fits = (
            self.features.ndim == 2
            and self.thresholds.shape == self.features.shape
            and self.leaves.shape == (len(self.features), nodes + 1)
            and (nodes + 1) & nodes == 0
            and np.isfinite(self.leaves).all()
            and (self.features >= 0).all()
            and (self.features < len(self.names)).all()
        )
        if not fits:
            raise SettingsError("The coefficients of confidence are malformed: shapes differ.")

    def log_odds(self, rows: Floats) -> Floats:
        """Rows ``[n, names]`` -> ``[n]``."""
        trees = np.arange(len(self.features))
        node = np.zeros((len(rows), len(trees)), np.intp)
        at = np.arange(len(rows))[:, None]
        nodes = self.features.shape[1]
        while node[0, 0] < nodes:
            above = rows[at, self.features[trees, node]] > self.thresholds[trees, node]
            node = 2 * node + 1 + above
        return np.asarray(self.base + self.leaves[trees, node - nodes].sum(axis=1))
