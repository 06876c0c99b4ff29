"""Estimates of any statistic of trajectories, with a standard error from sixteen groups.

Trajectory i is of group i mod 16. For the samplers ``sobol`` and ``latin-hypercube`` the groups
are the independent scrambles, the only ones whose spread tells the error; for ``random`` they
are sixteen independent samples. So one rule serves all: the statistic of each group, their
standard deviation over the root of sixteen, Student's t with 15 degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.estimate import estimate_probability
from sandwich_sim.results.meta import N_SCRAMBLE
from sandwich_sim.results.summary import Estimate

Floats = NDArray[np.float64]

FEWEST_IN_GROUP = 5.0
"""Values that a group needs beyond a quantile, or in a tail, for its estimate to mean anything."""
TOO_FEW = "not estimable: too few trajectories"
UNDEFINED = "not estimable: no trajectory has a value"


def in_groups(values: Floats) -> list[Floats]:
    """Split the last axis into the sixteen groups, in the order of their numbers."""
    return [values[..., group::N_SCRAMBLE] for group in range(N_SCRAMBLE)]


def estimate_statistic(
    values: Floats, statistic: Callable[[Floats], float], *, thinnest: float = 0.5
) -> Estimate:
    """Estimate a statistic of one number of each trajectory.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        In the order of the trajectories; NaN where there is none.
    statistic : callable
        From values without NaN to the number.
    thinnest : float
        Part of the values that the number rests on: q or 1 - q for a quantile.

    Returns
    -------
    Estimate
        NaN, with the reason, where groups have too few values.
    """
    groups = [group[np.isfinite(group)] for group in in_groups(values)]
    counts = [group.size for group in groups]
    if not any(counts):
        return Estimate(np.nan, np.nan, UNDEFINED)
    if min(counts) * thinnest < FEWEST_IN_GROUP:
        return Estimate(np.nan, np.nan, TOO_FEW)
    found = np.array([statistic(group) for group in groups])
    value = statistic(values[np.isfinite(values)])
    return Estimate(float(value), float(found.std(ddof=1) / sqrt(N_SCRAMBLE)))


def estimate_mean_of(values: Floats) -> Estimate:
    """Estimate a mean."""
    return estimate_statistic(values, lambda part: float(part.mean()), thinnest=1.0)


def estimate_quantile_of(values: Floats, level: float) -> Estimate:
    """Estimate a quantile."""
    return estimate_quantiles_of(values, (level,))[level]


def estimate_quantiles_of(values: Floats, levels: Sequence[float]) -> dict[float, Estimate]:
    """Estimate several quantiles at once, each as `estimate_statistic` would."""
    groups = [group[np.isfinite(group)] for group in in_groups(values)]
    fewest = min(group.size for group in groups)
    if not any(group.size for group in groups):
        return dict.fromkeys(levels, Estimate(np.nan, np.nan, UNDEFINED))
    whole = np.quantile(values[np.isfinite(values)], levels)
    enough = fewest > 0
    by_group = np.array([np.quantile(group, levels) for group in groups]) if enough else whole[None]
    error = by_group.std(axis=0, ddof=1) / sqrt(N_SCRAMBLE) if enough else whole
    return {
        level: Estimate(float(value), float(spread))
        if fewest * min(level, 1.0 - level) >= FEWEST_IN_GROUP
        else Estimate(np.nan, np.nan, TOO_FEW)
        for level, value, spread in zip(levels, whole, error, strict=True)
    }


def estimate_share_of(hits: NDArray[np.bool_], is_defined: NDArray[np.bool_] | None = None) -> Estimate:
    """Estimate the probability of something, among the trajectories where it is defined."""
    counted = np.ones_like(hits) if is_defined is None else is_defined
    by_group = np.array([int((hits & counted)[g::N_SCRAMBLE].sum()) for g in range(N_SCRAMBLE)])
    n = np.array([int(counted[g::N_SCRAMBLE].sum()) for g in range(N_SCRAMBLE)])
    if not n.sum():
        return Estimate(np.nan, np.nan, UNDEFINED)
    if not n.min():
        return Estimate(np.nan, np.nan, TOO_FEW)
    value, error = estimate_probability(by_group, n, is_replicated=True)
    return Estimate(float(value), float(error))


def expected_shortfall(values: Floats, part: float) -> float:
    """Return the mean of the worst (lowest) part of some values.

    Where the part is no whole number of values, the last one counts with what is left.
    """
    wanted = part * values.size
    whole = min(int(np.ceil(wanted)), values.size)
    worst = np.sort(np.partition(values, whole - 1)[:whole])
    return float((worst.sum() - worst[-1] * (whole - wanted)) / wanted)


def estimate_shortfall_of(values: Floats, part: float) -> Estimate:
    """Estimate the mean of the worst part."""
    return estimate_statistic(values, lambda each: expected_shortfall(each, part), thinnest=part)
