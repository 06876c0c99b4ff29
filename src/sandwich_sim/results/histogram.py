"""Quantiles from histograms, with their errors; NumPy alone.

A histogram's last axis holds the counts of equal buckets over ``[low, high]`` on the
variable's axis (``x`` itself, or ``x / (scale + abs(x))``, or ``ln x``), then underflow, overflow and
undefined. All functions are vectorized over the axes before it; quantiles come first in
results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sandwich_sim.results.estimate import NORMAL_FACTOR, STUDENT_FACTOR, interval_factor

Floats = NDArray[np.float64]

N_EXTRA = 3
"""Columns after the buckets: underflow, overflow, undefined."""
LEAST = 1e-300
"""The logarithm of what is not above 0 is taken of this: below every range."""
FEWEST_BEYOND = 50
"""A quantile needs that many values on its thinner side; below, no interval for it can be trusted."""

OK, THIN_TAIL, OUT_OF_RANGE, NO_DATA = 0, 1, 2, 3
REASONS = (
    "",
    f"not estimable: fewer than {FEWEST_BEYOND} trajectories lie beyond it (5% and 95% take "
    f"{20 * FEWEST_BEYOND:,} in all, the median {2 * FEWEST_BEYOND})",
    "not estimable: outside the range of the histogram",
    "not estimable: no trajectory has a value",
)
"""A sentence for each outcome code."""

_BISECTIONS = 40


@dataclass(frozen=True)
class QuantileEstimate:
    """Quantiles and how sure they are; every array has shape (n_quantile, ...).

    Attributes
    ----------
    value : ndarray of float64
        NaN where not estimable.
    standard_error : ndarray of float64
        Monte Carlo error and interpolation error together (root of the sum of squares).
    interpolation_error : ndarray of float64
        The latter alone.
    code : ndarray of int64
        Outcome code, an index into `REASONS`.
    low, high : ndarray of float64
        95% interval from the order of the values, which need not lie evenly about the quantile.
    """

    value: Floats
    standard_error: Floats
    interpolation_error: Floats
    code: NDArray[np.int64]
    low: Floats
    high: Floats


def to_axis(value: ArrayLike, scale: ArrayLike) -> Floats:
    """Return where values lie on the histogram's axis."""
    x, s = np.asarray(value, dtype=np.float64), np.asarray(scale, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        scaled = np.where(s > 0.0, x / np.where(s > 0.0, s + np.abs(x), 1.0), x)
        return np.where(s < 0.0, np.log(np.maximum(x, LEAST)), scaled)


def from_axis(place: ArrayLike, scale: ArrayLike) -> Floats:
    """Return the values at places of the histogram's axis; infinite at -1 and 1 of a scaled one."""
    a, s = np.asarray(place, dtype=np.float64), np.asarray(scale, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.where(s > 0.0, s * a / (1.0 - np.abs(a)), a)
        return np.where(s < 0.0, np.exp(np.where(s < 0.0, a, 0.0)), scaled)


@dataclass(frozen=True)
class _Place:
    """Where quantiles fall: bucket, part of its count and of its width below, how rough the counts are."""

    bucket: NDArray[np.int64]
    part: Floats
    fraction: Floats
    uneven: Floats
    code: NDArray[np.int64]


def _locate(counts: NDArray[Any], q: Floats) -> _Place:
    """Find the place of each quantile; ``q`` has shape (n_quantile, ...)."""
    n_bucket = counts.shape[-1] - N_EXTRA
    under = counts[..., n_bucket]
    total = counts[..., : n_bucket + 2].sum(axis=-1)
    # Underflow lies below the first bucket: cumulated, it is bucket 0 and overflow the last.
    ordered = np.concatenate([under[..., None], counts[..., :n_bucket], counts[..., n_bucket + 1, None]], -1)
    cumulative = np.cumsum(ordered, axis=-1)
    target = q * total
    column = (cumulative[None] < target[..., None]).sum(axis=-1)
    # A target of zero belongs to the first bucket that holds anything.
    first = (ordered > 0).argmax(axis=-1)
    column = np.minimum(np.maximum(column, first), n_bucket + 1)
    around = _around(ordered, column)
    before = np.take_along_axis(cumulative[None], column[..., None], -1)[..., 0] - around[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.clip((target - before) / around[2], 0.0, 1.0)
    code = np.where((column == 0) | (column == n_bucket + 1), OUT_OF_RANGE, OK)
    code = np.where(total == 0, NO_DATA, code)
    bucket = np.clip(column - 1, 0, n_bucket - 1)
    return _Place(bucket, part, _fraction(part, around), _unevenness(around), code)


def _around(ordered: NDArray[Any], column: NDArray[np.int64]) -> Floats:
    """Return the counts from two columns before each place to two after it, 0 outside."""
    steps = np.arange(-2, 3).reshape((5,) + (1,) * column.ndim)
    places = column + steps
    inside = (places >= 0) & (places < ordered.shape[-1])
    whole = np.broadcast_to(ordered, (*places.shape[:2], *ordered.shape[:-1], ordered.shape[-1]))
    found = np.take_along_axis(whole, np.clip(places, 0, ordered.shape[-1] - 1)[..., None], -1)
    return np.where(inside, found[..., 0], 0).astype(np.float64)


def _fraction(part: Floats, around: Floats) -> Floats:
    """Return the part of a bucket's width below which ``part`` of its count lies.

    The cumulated counts are a cubic within the bucket; the densities at its two edges come from
    the two buckets on either side of each, and are limited so that the cubic rises everywhere
    (Fritsch and Carlson 1980).
    """
    here = np.where(around[2] > 0, around[2], 1.0)
    left, right = (
        np.clip((7.0 * (b + c) - (a + d)) / 12.0, 0.0, 3.0 * np.minimum(b, c)) / here
        for a, b, c, d in (around[:4], around[1:])
    )
    below, above = np.zeros_like(part), np.ones_like(part)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (below + above)
        rest = 1.0 - middle
        reached = middle**2 * (3.0 - 2.0 * middle) + middle * rest * (left * rest - right * middle)
        below, above = np.where(reached < part, middle, below), np.where(reached < part, above, middle)
    return 0.5 * (below + above)


def _unevenness(around: Floats) -> Floats:
    """Return the error of interpolation in bucket widths; see the notes of `interpolation_error`."""
    a, b, here, c, d = around
    count = np.where(here > 0, here, 1.0)
    lump = np.abs(a - 4.0 * b + 6.0 * here - 4.0 * c + d) / (6.0 * count)
    step = np.abs(2.0 * (b - c) - (a - d)) / (2.0 * count)
    return np.where(here > 0, 0.5 * (lump + step**2), 1.0)


def _levels(q: ArrayLike, counts: NDArray[Any]) -> Floats:
    levels = np.atleast_1d(np.asarray(q, dtype=np.float64))
    return levels.reshape(levels.shape + (1,) * (counts.ndim - 1))


def _edges(
    place: _Place, n_bucket: int, low: ArrayLike, high: ArrayLike, scale: ArrayLike
) -> tuple[Floats, ...]:
    """Return value, lower and upper edge of the bucket, in the variable's unit."""
    low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    width = (high - low) / n_bucket
    parts = (place.fraction, 0.0, 1.0)
    return tuple(from_axis(low + width * (place.bucket + part), scale) for part in parts)


def quantile(
    counts: NDArray[Any], low: ArrayLike, high: ArrayLike, scale: ArrayLike, q: ArrayLike
) -> tuple[Floats, Floats]:
    """Return quantiles by cubic interpolation within a bucket, and a bound of the error of that.

    Parameters
    ----------
    counts : ndarray of int, shape (..., n_bucket + 3)
    low, high, scale : array_like
        The histogram's range and axis; broadcast against the axes before the last.
    q : array_like, shape (n_quantile,)

    Returns
    -------
    value : ndarray of float64, shape (n_quantile, ...)
        NaN where the quantile is not inside the range.
    bound : ndarray of float64, shape (n_quantile, ...)
        The quantile of the counted values lies no farther away than this.
    """
    place = _locate(counts, _levels(q, counts))
    value, lower, upper = _edges(place, counts.shape[-1] - N_EXTRA, low, high, scale)
    with np.errstate(invalid="ignore"):  # the last bucket of a scaled axis has no upper end
        bound = np.maximum(value - lower, upper - value)
    missing = (place.code != OK) | ~np.isfinite(value)
    return np.where(missing, np.nan, value), np.where(missing, np.nan, bound)


def interpolation_error(
    counts: NDArray[Any], low: ArrayLike, high: ArrayLike, scale: ArrayLike, q: ArrayLike
) -> Floats:
    """Return the standard error of interpolating, judged by how smooth the counts around are.

    Notes
    -----
    In widths of the bucket. Where the density is smooth, a cubic follows it and next to nothing is
    left. A part b of the bucket's count that sits at one point shows as a fourth difference, and
    gives at most b / 2 (the standard deviation over all places of the point); a step s in the
    density shows as a third difference and gives at most s^2 / 2. Chance makes both differences
    larger, never smaller. The bound of `quantile` is not exceeded.
    """
    place = _locate(counts, _levels(q, counts))
    value, lower, upper = _edges(place, counts.shape[-1] - N_EXTRA, low, high, scale)
    with np.errstate(invalid="ignore"):
        bound = np.maximum(value - lower, upper - value)
    error = np.minimum(bound, place.uneven * (upper - lower))
    return np.where(place.code != OK, np.nan, error)


def rank_reach(counts: NDArray[Any], q: ArrayLike, *, is_replicated: bool) -> Floats:
    """Return how far, in probability, the 95% interval of a quantile reaches to either side.

    Parameters
    ----------
    counts : ndarray of int, shape (n_replicate, ..., n_bucket + 3)
    q : array_like, shape (n_quantile,)
    is_replicated : bool
        Whether the points of a replicate hang together (Sobol, Latin hypercube): then the part of
        its values below the quantile varies from replicate to replicate, which is what counts.

    Returns
    -------
    ndarray of float64, shape (n_quantile, ...)
    """
    pooled = counts.sum(axis=0)
    levels = _levels(q, pooled)
    if not is_replicated:
        total = np.maximum(pooled[..., :-1].sum(axis=-1), 1)
        return np.asarray(NORMAL_FACTOR * np.sqrt(levels * (1.0 - levels) / total))
    place = _locate(pooled, levels)
    n_bucket = counts.shape[-1] - N_EXTRA
    below = np.cumsum(counts[..., :n_bucket], axis=-1) + counts[..., n_bucket, None]  # underflow
    at = np.broadcast_to(place.bucket[..., None], (*place.bucket.shape, 1))
    parts = []
    for own, under in zip(counts, below, strict=True):
        shape = (levels.shape[0], *own.shape)
        here = np.take_along_axis(np.broadcast_to(own, shape), at, -1)[..., 0]
        up_to = np.take_along_axis(np.broadcast_to(under, (*shape[:-1], n_bucket)), at, -1)[..., 0]
        total = own[..., :-1].sum(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            parts.append((up_to - (1.0 - place.part) * here) / total)
    return np.asarray(STUDENT_FACTOR * np.std(parts, axis=0, ddof=1) / sqrt(len(parts)))


def order_interval(
    counts: NDArray[Any], low: ArrayLike, high: ArrayLike, scale: ArrayLike, q: ArrayLike, reach: Floats
) -> tuple[Floats, Floats]:
    """Return the quantiles at ``q - reach`` and ``q + reach``: Woodruff's interval (1952).

    Parameters
    ----------
    counts : ndarray of int, shape (..., n_bucket + 3)
    reach : ndarray of float64, shape (n_quantile, ...)
        As `rank_reach` gives it.

    Returns
    -------
    lower, upper : ndarray of float64, shape (n_quantile, ...)
        NaN where they lie outside the range of the histogram.
    """
    levels = _levels(q, counts)
    n_bucket = counts.shape[-1] - N_EXTRA
    ends = []
    for level in (np.maximum(levels - reach, 0.0), np.minimum(levels + reach, 1.0)):
        place = _locate(counts, level)
        value, _, _ = _edges(place, n_bucket, low, high, scale)
        ends.append(np.where(place.code == OK, value, np.nan))
    return ends[0], ends[1]


def estimate_quantiles(
    counts: NDArray[Any],
    low: ArrayLike,
    high: ArrayLike,
    scale: ArrayLike,
    q: Sequence[float],
    *,
    is_replicated: bool,
) -> QuantileEstimate:
    """Estimate quantiles with their errors.

    Parameters
    ----------
    counts : ndarray of int, shape (n_replicate, ..., n_bucket + 3)
        One histogram for each scramble.
    low, high, scale : array_like
    q : sequence of float
    is_replicated : bool
        Whether the error is taken across the scrambles; otherwise all are one sample.
    """
    pooled = counts.sum(axis=0)
    levels = _levels(q, pooled)
    value, _ = quantile(pooled, low, high, scale, q)
    by_interpolation = interpolation_error(pooled, low, high, scale, q)
    reach = rank_reach(counts, q, is_replicated=is_replicated)
    lower, upper = order_interval(pooled, low, high, scale, q, reach)
    factor = interval_factor(is_replicated=is_replicated)
    by_chance = (upper - lower) / (2.0 * factor)
    total = pooled[..., :-1].sum(axis=-1)
    is_thin = total * np.minimum(levels, 1.0 - levels) < FEWEST_BEYOND * (1.0 - 1e-12)
    code = _locate(pooled, levels).code
    code = np.where(~np.isfinite(by_chance + by_interpolation) & (code == OK), OUT_OF_RANGE, code)
    code = np.where(is_thin & (total > 0), THIN_TAIL, code)
    missing = code != OK
    wider = factor * by_interpolation
    lower, upper = value - np.hypot(value - lower, wider), value + np.hypot(upper - value, wider)
    value, error, by_interpolation, lower, upper = (
        np.where(missing, np.nan, found)
        for found in (value, np.hypot(by_chance, by_interpolation), by_interpolation, lower, upper)
    )
    return QuantileEstimate(value, error, by_interpolation, code, lower, upper)
