"""Means and probabilities with standard errors, from sums by scramble; NumPy alone.

The first axis of every sum is the scramble (Sobol) or design (Latin hypercube). With
``is_replicated`` the error is that of the 16 scramble means; the pooled one would be wrong,
since points within a scramble are not independent. Otherwise all trajectories are one sample.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NORMAL_FACTOR = 1.959963984540054
"""Half-width of a 95% interval in standard errors, one large sample."""
STUDENT_FACTOR = 2.131449545559323
"""The same across 16 scrambles (Student t with 15 degrees of freedom)."""

FEWEST_HITS = 50
"""Hits, and misses, from which on the spread of the scrambles tells the error of a probability."""

# Sums of n rounded terms: a variance this small against the mean square is rounding, not spread.
_ROUNDING = 1e-12


def estimate_mean(
    total: NDArray[Any], square: NDArray[Any], count: NDArray[Any], *, is_replicated: bool
) -> tuple[Floats, Floats]:
    """Return means and their standard errors.

    Parameters
    ----------
    total, square : ndarray of float64, shape (n_scramble, ...)
        Sums and sums of squares of the defined values.
    count : ndarray of int64, broadcastable to their shape
        How many there are.

    Returns
    -------
    mean, standard_error : ndarray of float64, shape (...)
        NaN where there are too few values.
    """
    n = np.broadcast_to(count, total.shape).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        n_all = n.sum(axis=0)
        mean = total.sum(axis=0) / n_all
        means = total / n
        if is_replicated:
            error = _spread(means, mean) / sqrt(total.shape[0])
        else:
            # Within scrambles and between them: closer to the means than one sum of squares is.
            within = np.where(n > 0, square - total * means, 0.0)
            between = np.where(n > 0, n * (means - mean) ** 2, 0.0)
            variance = (np.maximum(within, 0.0) + between).sum(axis=0) / (n_all - 1.0)
            is_rounding = variance <= _ROUNDING * square.sum(axis=0) / n_all
            error = np.sqrt(np.where(is_rounding, 0.0, variance) / n_all)
        error = np.where(n_all > 1, error, np.nan)
    return mean, error


def _spread(means: Floats, mean: Floats) -> Floats:
    """Standard deviation of replicate means; NaN if one replicate has no value."""
    deviation = means.std(axis=0, ddof=1)
    is_rounding = deviation <= np.sqrt(_ROUNDING) * np.abs(mean) * 1e-3
    return np.where(is_rounding, 0.0, deviation)


def spread_is_zero(total: NDArray[Any], square: NDArray[Any], count: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether all trajectories have the same value, up to the rounding of sums."""
    _, error = estimate_mean(total, square, count, is_replicated=False)
    return np.asarray(error == 0.0)


def estimate_probability(
    hits: NDArray[Any], count: NDArray[Any], *, is_replicated: bool
) -> tuple[Floats, Floats]:
    """Return probabilities and their standard errors.

    Parameters
    ----------
    hits, count : ndarray of int64, shape (n_scramble, ...)
        ``count`` is broadcastable to the shape of ``hits``.

    Notes
    -----
    Where no trajectory or every one hits, the plain error would be zero; two hits and two
    misses are then added for it (Agresti and Coull 1998).
    """
    n = np.broadcast_to(count, hits.shape).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        n_all, hits_all = n.sum(axis=0), hits.sum(axis=0)
        probability = hits_all / n_all
        shy = (hits_all + 2.0) / (n_all + 4.0)
        at_bound = np.sqrt(shy * (1.0 - shy) / (n_all + 4.0))
        if is_replicated:
            error = (hits / n).std(axis=0, ddof=1) / sqrt(hits.shape[0])
        else:
            error = np.sqrt(probability * (1.0 - probability) / n_all)
    return probability, np.where((hits_all == 0) | (hits_all == n_all), at_bound, error)


def probability_interval(
    hits: NDArray[Any], count: NDArray[Any], *, is_replicated: bool
) -> tuple[Floats, Floats]:
    """Return 95% intervals of probabilities, right near 0 and 1, too.

    Parameters
    ----------
    hits, count : ndarray of int64, shape (n_scramble, ...)
        ``count`` is broadcastable to the shape of ``hits``.

    Returns
    -------
    low, high : ndarray of float64, shape (...)
        NaN where there is no trajectory.

    Notes
    -----
    Wilson's interval (1927), which stays within 0 and 1 and needs no large number of hits. Across
    scrambles it takes the number of independent trajectories that would have the same error
    (Korn and Graubard 1998), and Student's t; with fewer than 50 hits or misses the spread of the
    scrambles says little, and the trajectories count as independent: points that are spread
    evenly do no worse than random ones.
    """
    n = np.broadcast_to(count, hits.shape).astype(np.float64).sum(axis=0)
    hits_all = hits.sum(axis=0)
    probability, error = estimate_probability(hits, count, is_replicated=is_replicated)
    factor = np.full(n.shape, NORMAL_FACTOR)
    with np.errstate(divide="ignore", invalid="ignore"):
        if is_replicated:
            is_many = (np.minimum(hits_all, n - hits_all) >= FEWEST_HITS) & (error > 0.0)
            factor = np.where(is_many, STUDENT_FACTOR, NORMAL_FACTOR)
            n = np.where(is_many, probability * (1.0 - probability) / error**2, n)
        shrink = 1.0 / (1.0 + factor**2 / n)
        middle = (probability + factor**2 / (2.0 * n)) * shrink
        half = np.sqrt(probability * (1.0 - probability) / n + (factor / (2.0 * n)) ** 2)
        half *= factor * shrink
        # At 0 and 1 rounding would leave the estimate outside.
        low = np.where(hits_all == 0, 0.0, np.maximum(middle - half, 0.0))
        high = np.where(probability == 1.0, 1.0, np.minimum(middle + half, 1.0))
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def interval_factor(*, is_replicated: bool) -> float:
    """Return the half-width of a 95% interval in standard errors."""
    return STUDENT_FACTOR if is_replicated else NORMAL_FACTOR
