"""Means, probabilities and quantiles of weighted trajectories, each with its standard error.

Weights sum to one by division, so every mean is a ratio and its error that of a ratio: by the
delta method over trajectories, or across the 16 scrambles where the sampler asks for it. A
quantile's error is that of the probability to lie below it, read back off the ordered values
(Woodruff 1952).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.difference import Measured, student_factor
from sandwich_sim.analysis.weights import Weights

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEWEST_BEYOND = 50.0
"""Effective trajectories that must lie on either side of a quantile."""
TOO_FEW = "too few trajectories"


@dataclass(frozen=True)
class Spread:
    """A distribution in a few numbers.

    Attributes
    ----------
    mean : Measured
    deviation : float
        Standard deviation.
    quantiles : dict of float to Measured
    undefined : float
        Weight of the trajectories without a value; all numbers are of the others.
    """

    mean: Measured
    deviation: float
    quantiles: dict[float, Measured]
    undefined: float = 0.0


def weighted_mean(values: Floats, weights: Weights) -> Measured:
    """Estimate a mean over the trajectories that have a value.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        NaN where undefined.
    """
    part, values = _defined(values, weights)
    total = float(part.sum())
    if not total > 0.0:
        return Measured(nan, nan, n=weights.n, reason=TOO_FEW)
    mean = float(np.dot(part, values)) / total
    error = weights.error_of(part / total * (values - mean))
    return Measured(mean, error, weights.degrees_of_freedom, weights.n)


def weighted_probability(flags: Flags | Floats, weights: Weights) -> Measured:
    """Estimate a probability; where none or all hit, the error is that of two more each way."""
    found = weighted_mean(np.asarray(flags, dtype=np.float64), weights)
    hits = np.asarray(flags, dtype=np.float64) > 0.5
    if not np.isfinite(found.value) or (hits[weights.values > 0.0].any() and found.value < 1.0 - 1e-12):
        return found
    effective = weights.diagnosis.effective
    value = 0.0 if found.value < 0.5 else 1.0
    shy = (value * effective + 2.0) / (effective + 4.0)
    error = sqrt(shy * (1.0 - shy) / (effective + 4.0))
    return Measured(value, error, weights.degrees_of_freedom, weights.n)


def weighted_change(values: Floats, before: Weights, after: Weights) -> Measured:
    """Estimate by how much a mean differs under two sets of weights of the same trajectories.

    The two share their luck, so the error of the difference is not that of two samples.
    """
    is_defined = ~np.isnan(values)
    filled = values if is_defined.all() else np.where(is_defined, values, 0.0)
    parts = []
    for weights in (after, before):
        part = np.where(is_defined, weights.values, 0.0)
        total = float(part.sum())
        if not total > 0.0:
            return Measured(nan, nan, n=weights.n, reason=TOO_FEW)
        part /= total
        mean = float(np.dot(part, filled))
        parts.append((mean, part * (filled - mean)))
    error = after.error_of(parts[0][1] - parts[1][1])
    if error == 0.0 and not after.is_equal:
        error = 1.0 / after.diagnosis.effective  # no sample shows that a flag never differs
    return Measured(parts[0][0] - parts[1][0], error, after.degrees_of_freedom, after.n)


def weighted_spread(values: Floats, weights: Weights, levels: Sequence[float]) -> Spread:
    """Estimate mean, standard deviation and quantiles.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        NaN where undefined, infinite where something never comes.
    levels : sequence of float
    """
    is_defined = ~np.isnan(values)
    undefined = 0.0 if is_defined.all() else float(weights.values[~is_defined].sum())
    with np.errstate(invalid="ignore"):
        mean = weighted_mean(values, weights)
        deviation = nan
        if np.isfinite(mean.value):
            part, filled = _defined(values, weights)
            deviation = sqrt(float(np.dot(part, (filled - mean.value) ** 2)) / float(part.sum()))
    found = weighted_quantiles(values, weights, levels)
    return Spread(mean, deviation, dict(zip(levels, found, strict=True)), undefined)


def weighted_quantiles(values: Floats, weights: Weights, levels: Sequence[float]) -> tuple[Measured, ...]:
    """Estimate quantiles over the trajectories that have a value.

    A quantile with fewer than 50 effective trajectories on one of its sides is not estimated.
    """
    places = np.flatnonzero(~np.isnan(values)) if weights.is_equal else weights.kept()
    places = places[~np.isnan(values[places])]
    if not places.size:
        return tuple(Measured(nan, nan, n=weights.n, reason=TOO_FEW) for _ in levels)
    order = places[np.argsort(values[places], kind="stable")]
    ordered, part = values[order], weights.values[order]
    part = part / part.sum()
    cumulative = np.cumsum(part)
    squares = np.cumsum(part * part)
    middles = cumulative - 0.5 * part
    return tuple(
        _quantile(ordered, part, order, cumulative, middles, squares, weights, level) for level in levels
    )


def _quantile(
    ordered: Floats,
    part: Floats,
    order: NDArray[np.int64],
    cumulative: Floats,
    middles: Floats,
    squares: Floats,
    weights: Weights,
    level: float,
) -> Measured:
    value = _at(level, middles, ordered)
    last = int(np.searchsorted(ordered, value, side="right"))
    below = float(cumulative[last - 1]) if last else 0.0
    sides = (
        (below, float(squares[last - 1]) if last else 0.0),
        (1.0 - below, float(squares[-1] - (squares[last - 1] if last else 0.0))),
    )
    # Effective trajectories on either side of the level, not only of the value: values may be shared.
    whole = 1.0 / float(squares[-1])
    effective = [mass * mass / square if square > 0.0 and mass > 1e-12 else 0.0 for mass, square in sides]
    thinnest = min(whole * min(level, 1.0 - level), *(side for side in effective if side > 0.0))
    if thinnest < FEWEST_BEYOND:
        return Measured(value, nan, n=weights.n, reason=TOO_FEW)
    flags = np.zeros(ordered.size)
    flags[:last] = 1.0
    error = weights.error_of(part * (flags - below), order)
    ends = [_at(min(max(level + side * error, 0.0), 1.0), middles, ordered) for side in (-1.0, 1.0)]
    with np.errstate(invalid="ignore"):
        half = 0.5 * (ends[1] - ends[0])
    return Measured(value, float(half), weights.degrees_of_freedom, weights.n)


def quantile_interval(found: Measured, alpha: float = 0.05) -> tuple[float, float]:
    """Return an interval about a quantile, by its standard error and Student's t."""
    half = student_factor(alpha, found.degrees_of_freedom) * found.standard_error
    return found.value - half, found.value + half


def _at(level: float, middles: Floats, ordered: Floats) -> float:
    """Return the value at a level, between the two values around it; either of them if infinite."""
    place = int(np.searchsorted(middles, level))
    if place in (0, ordered.size):
        return float(ordered[min(place, ordered.size - 1)])
    low, high = float(ordered[place - 1]), float(ordered[place])
    if low == high or not np.isfinite(high):
        return high
    share = (level - middles[place - 1]) / (middles[place] - middles[place - 1])
    return low + float(share) * (high - low)


def _defined(values: Floats, weights: Weights) -> tuple[Floats, Floats]:
    is_defined = ~np.isnan(values)
    if is_defined.all():
        return weights.values, values
    return np.where(is_defined, weights.values, 0.0), np.where(is_defined, values, 0.0)
