"""What a drawn input was before any evidence: known from its distribution, without an error."""

from __future__ import annotations

from functools import lru_cache
from math import inf

import numpy as np

from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.update_result import LEVELS
from sandwich_sim.analysis.weighted import Spread
from sandwich_sim.distributions.of_scenario import law_of
from sandwich_sim.scenario.uncertain import Constant, Distribution, Uncertain

_N_LEVEL = 1 << 14
"""Points of the quantile function that its moments are taken from."""


@lru_cache(maxsize=512)
def known_spread(number: Uncertain) -> Spread:
    """Return mean, standard deviation and quantiles of a drawn input.

    Notes
    -----
    Moments are those of evenly spaced points of the quantile function, which is what any number
    of trajectories can tell of heavy tails: far beyond 1 in 30,000 nothing is drawn.
    """
    if not isinstance(number, Distribution | Constant):
        raise TypeError("only a drawn input has a distribution of its own")
    law = law_of(number)
    levels = (np.arange(_N_LEVEL) + 0.5) / _N_LEVEL
    points = law.quantile(levels, 1.0 - levels)
    exact = law.quantile(np.array(LEVELS), 1.0 - np.array(LEVELS))
    return Spread(
        Measured(float(points.mean()), 0.0, inf),
        float(points.std()),
        {level: Measured(float(value), 0.0, inf) for level, value in zip(LEVELS, exact, strict=True)},
    )
