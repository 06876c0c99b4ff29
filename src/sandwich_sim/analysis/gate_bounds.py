"""Intervals for a change that hold at error rates of one in a billion.

A tail is the probability that the true value lies beyond one end of an interval. At such tails
the usual interval, mean plus or minus z standard errors, is wrong where values are skewed or
where few trajectories changed at all; each function here says when it may be trusted.
"""

from __future__ import annotations

from math import inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float]

FEWEST_CHANGED = 100
"""Fewer changed trajectories than this get exact bounds, never a normal interval."""
_LARGEST_BET = 0.75
"""Part of the capital that one bet may lose; 0.5 to 0.9 make little difference."""


def normal_factor(tail: float) -> float:
    """Return how many standard errors leave a probability of ``tail`` beyond one end."""
    from scipy.special import ndtri

    return float(-ndtri(tail))


def tail_is_normal(skewness: float, n: float, factor: float) -> bool:
    """Whether a normal interval of so many standard errors misses at most twice as often as it says.

    Notes
    -----
    A mean of n values studentized by their spread misses about exp(|skewness| z^3 / (3 sqrt(n)))
    times as often on its short side as the normal distribution says.
    """
    return abs(skewness) * factor**3 / (3.0 * sqrt(n)) <= log(2.0)


def fraction_upper(count: int, n: int, tail: float) -> float:
    """Return the exact upper bound of a probability (Clopper and Pearson 1934)."""
    from scipy.special import betainccinv

    return 1.0 if count >= n else float(betainccinv(count + 1, n - count, tail))


def fraction_lower(count: int, n: int, tail: float) -> float:
    """Return the exact lower bound of a probability (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    return 0.0 if count <= 0 else float(betaincinv(count, n - count + 1, tail))


def moments(values: Floats) -> tuple[float, float, float]:
    """Return mean, standard deviation and skewness; zero spread has no skewness."""
    mean = float(values.mean())
    centered = values - mean
    variance = float(np.square(centered).sum() / max(values.size - 1, 1))
    spread = sqrt(variance)
    if spread <= 1e-14 * max(abs(mean), 1e-300):
        return mean, 0.0, 0.0
    return mean, spread, float(np.mean(centered**3)) / spread**3


def sparse_interval(up: int, down: int, n: int, largest: float, negligible: float, tail: float) -> Interval:
    """Return the interval of a mean change of which few trajectories have any.

    Parameters
    ----------
    up, down : int
        Trajectories that changed by more than ``negligible``, each way.
    largest : float
        The largest change that is possible at all.

    Returns
    -------
    tuple of (float, float)
        Exact for any distribution: each changed trajectory may hide one with the largest change.
    """
    ends = [-fraction_upper(down, n, tail) * largest, fraction_upper(up, n, tail) * largest]
    return ends[0] - negligible, ends[1] + negligible


def flip_interval(up: int, down: int, n: int, tail: float) -> Interval:
    """Return the exact interval of the change of a probability from paired flags.

    Parameters
    ----------
    up, down : int
        Trajectories whose flag was raised, and lowered (the two cells that McNemar's test uses).
    """
    half = 0.5 * tail
    low = fraction_lower(up, n, half) - fraction_upper(down, n, half)
    high = fraction_upper(up, n, half) - fraction_lower(down, n, half)
    return low, high


def apart_interval(old: tuple[int, int], new: tuple[int, int], tail: float) -> Interval:
    """Return the exact interval of new - old for two independent probabilities, each (count, n)."""
    half = 0.5 * tail
    low = fraction_lower(*new, half) - fraction_upper(*old, half)
    high = fraction_upper(*new, half) - fraction_lower(*old, half)
    return low, high


def bounded_interval(values: Floats, largest: float, tail: float) -> Interval:
    """Return an interval of the mean of independent values within [-largest, largest].

    Valid for every distribution and every n, and hardly wider than a normal one where that is right.

    Notes
    -----
    A gambler bets on each value in turn that it lies below a supposed mean, with stakes that
    depend on earlier values only. If the mean is not below, the capital grows n-fold with
    probability at most 1 / n (Ville's inequality); the bound is the mean at which it would have
    grown by 1 / tail. Stakes after Waudby-Smith and Ramdas (2024), section 4.
    """
    unit = np.clip((values + largest) / (2.0 * largest), 0.0, 1.0)
    upper = _upper_bound(unit, tail)
    lower = 1.0 - _upper_bound(1.0 - unit, tail)
    return (2.0 * lower - 1.0) * largest, (2.0 * upper - 1.0) * largest


def _upper_bound(unit: Floats, tail: float) -> float:
    """Upper bound of the mean of values in [0, 1]."""
    n, goal = unit.size, -log(tail)
    order = np.arange(1, n + 1)
    means = (0.5 + np.cumsum(unit)) / (order + 1)
    variances = (0.25 + np.cumsum((unit - means) ** 2)) / (order + 1)
    before = np.concatenate([[0.25], variances[:-1]])  # a stake must not know the value it bets on
    stake = np.sqrt(2.0 * goal / (n * before))
    low, high = float(unit.mean()), 1.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        allowed = np.minimum(stake, _LARGEST_BET / max(1.0 - middle, 1e-12))
        if float(np.log1p(allowed * (middle - unit)).sum()) >= goal:
            high = middle
        else:
            low = middle
        if high - low < 1e-9:
            break
    return high


def distance_allowance(n: float, tail: float) -> float:
    """Return how far an empirical distribution function may lie from the true one (DKW, Massart 1990)."""
    return sqrt(log(2.0 / tail) / (2.0 * n)) if n < inf else 0.0
