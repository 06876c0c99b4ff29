"""Pareto smoothing of importance weights, and how heavy their tail is.

After Vehtari, Simpson, Gelman, Yao and Gabry, *Pareto smoothed importance sampling* (2024): a
generalized Pareto distribution is fitted to the largest weights (Zhang and Stephens 2009), they
are replaced by its expected order statistics, and none exceeds the largest raw weight. The
fitted shape, k-hat, tells whether sums under the weights settle: above 0.7 no practical number of
trajectories helps, in smaller samples even less is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log10, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST_IN_TAIL = 5
_LARGEST_LIMIT = 0.7
_PRIOR_WEIGHT, _PRIOR_SHAPE = 10.0, 0.5
"""The fitted shape is drawn toward a half as if by ten more values, which steadies short tails."""


@dataclass(frozen=True)
class Smoothed:
    """Smoothed weights.

    Attributes
    ----------
    weights : ndarray of float64, shape (n,)
        They sum to 1.
    k_hat : float
        Shape of the tail; minus infinity where the weights hardly differ, infinite where too few
        are left to fit one.
    n_tail : int
        Weights that were replaced; 0 if none.
    """

    weights: Floats
    k_hat: float
    n_tail: int


def k_limit(n: int) -> float:
    """Return the k-hat below which the weights of n trajectories may be trusted."""
    return min(1.0 - 1.0 / log10(n), _LARGEST_LIMIT) if n > 1 else -inf


def tail_size(n: int) -> int:
    """Return how many of the largest weights are smoothed."""
    return int(min(0.2 * n, 3.0 * sqrt(n)))


def smooth(raw: Floats) -> Smoothed:
    """Smooth weights.

    Parameters
    ----------
    raw : ndarray of float64, shape (n,)
        Not negative, in any scale; some above zero.

    Returns
    -------
    Smoothed
        Weights that are all the same come back as 1/n, bit for bit.
    """
    n = raw.size
    largest, smallest = float(raw.max()), float(raw.min())
    if largest == smallest:
        return Smoothed(np.full(n, 1.0 / n), -inf, 0)
    weights = raw / largest
    n_tail = tail_size(n)
    tail, k_hat = np.empty(0, dtype=np.int64), inf
    if FEWEST_IN_TAIL <= n_tail < n:
        places = np.argpartition(weights, n - n_tail - 1)[n - n_tail - 1 :]
        places = places[np.argsort(weights[places], kind="stable")]
        cutoff = max(float(weights[places[0]]), np.finfo(np.float64).tiny)
        tail = places[1:]
        above = weights[tail] - cutoff
        tail = tail[above > 0.0]
    if tail.size >= FEWEST_IN_TAIL:
        excess = weights[tail] - cutoff
        k_hat, scale = fit_pareto(excess)
        if np.isfinite(k_hat):
            levels = (np.arange(tail.size) + 0.5) / tail.size
            weights[tail] = np.minimum(cutoff + pareto_quantiles(levels, k_hat, scale), 1.0)
    elif n_tail >= FEWEST_IN_TAIL and float(np.count_nonzero(weights)) > n_tail:
        k_hat = -inf  # the largest weights are all the same
    return Smoothed(weights / weights.sum(), float(k_hat), int(tail.size))


def fit_pareto(excess: Floats) -> tuple[float, float]:
    """Fit a generalized Pareto distribution to what lies above a cutoff.

    Parameters
    ----------
    excess : ndarray of float64, shape (m,)
        Above zero, in rising order.

    Returns
    -------
    k, scale : float
        Shape, drawn toward a half, and scale.

    Notes
    -----
    The profile posterior mean of Zhang and Stephens over a grid of ``theta = -k / scale``.
    """
    m = excess.size
    n_grid = 30 + int(sqrt(m))
    quarter = excess[int(m / 4.0 + 0.5) - 1]
    steps = 1.0 - np.sqrt(n_grid / (np.arange(1, n_grid + 1) - 0.5))
    theta = steps / (3.0 * quarter) + 1.0 / excess[-1]
    shapes = np.array([np.log1p(-each * excess).mean() for each in theta])
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = m * (np.log(-theta / shapes) - shapes - 1.0)
    likelihood = np.where(np.isfinite(likelihood), likelihood, -inf)
    if not np.isfinite(likelihood).any():
        return inf, float("nan")
    share = np.exp(likelihood - likelihood.max())
    share /= share.sum()
    best = float((theta * share).sum())
    k = float(np.log1p(-best * excess).mean())
    scale = -k / best if best else float(excess.mean())
    return (k * m + _PRIOR_WEIGHT * _PRIOR_SHAPE) / (m + _PRIOR_WEIGHT), scale


def pareto_quantiles(levels: Floats, k: float, scale: float) -> Floats:
    """Return quantiles of a generalized Pareto distribution that begins at zero."""
    if abs(k) < 1e-12:
        return np.asarray(-scale * np.log1p(-levels))
    with np.errstate(over="ignore"):  # a hopeless tail; the caller cuts at the largest weight
        return np.asarray(scale * np.expm1(-k * np.log1p(-levels)) / k)
