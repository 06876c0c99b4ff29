"""A side of an update with its weights, and what they would be under other errors of observation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.evidence import Fit, Reading, residuals
from sandwich_sim.analysis.weights import NEAR, Weights, equal_weights, make_weights
from sandwich_sim.studies.update_sides import Side

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Weighed:
    """A side with its weights.

    Attributes
    ----------
    side : Side
    readings : tuple of Reading
    fit : Fit
    weights : Weights
    log_ratio : ndarray of float64, shape (n,), optional
        Log density of the inputs before the evidence over that which they were drawn from; None
        where they were drawn as the scenario says.
    """

    side: Side
    readings: tuple[Reading, ...]
    fit: Fit = field(repr=False)
    weights: Weights
    log_ratio: Floats | None = field(default=None, repr=False)

    def weights_if(self, factor: float = 1.0, without: int = -1) -> Weights:
        """Return the weights under wider errors, or without one observation; up to a constant."""
        n = self.side.n
        log_weight = np.zeros(n) if self.log_ratio is None else self.log_ratio.copy()
        is_near = np.ones(n, dtype=bool)
        with np.errstate(over="ignore", invalid="ignore"):
            for place, (reading, row) in enumerate(zip(self.readings, self.fit.predicted, strict=True)):
                if place == without:
                    continue
                distance = residuals(reading.observation, row) / factor
                log_weight -= 0.5 * distance * distance
                is_near &= np.abs(distance) <= NEAR
        return make_weights(
            log_weight,
            self.weights.scramble,
            is_replicated=self.weights.is_replicated,
            survivors=int(np.count_nonzero(is_near)),
        )


def weigh(side: Side, readings: tuple[Reading, ...], log_ratio: Floats | None = None) -> Weighed:
    """Weigh the trajectories of a side by how well they foretold the evidence."""
    options = {"is_replicated": side.meta.is_replicated}
    scramble = side.scramble()
    if not readings:
        fit = Fit(np.empty((0, side.n)), np.zeros(side.n), side.n)
        return Weighed(side, readings, fit, equal_weights(scramble, **options))
    fit = side.fit(readings)
    log_weight = fit.log_likelihood if log_ratio is None else fit.log_likelihood + log_ratio
    weights = make_weights(log_weight, scramble, survivors=fit.survivors, **options)
    return Weighed(side, readings, fit, weights, log_ratio)
