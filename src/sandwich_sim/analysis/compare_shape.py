"""How two distributions differ: by quantile, in distance, and where the gap between the means lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.compare_groups import SortedGroups
from sandwich_sim.analysis.difference import Measured, section, unpaired_difference
from sandwich_sim.analysis.dominance import Dominance, Relation, compare_orders

Floats = NDArray[np.float64]

SHIFT_LEVELS = (0.01, *(round(0.05 * k, 2) for k in range(1, 20)), 0.99)
TAIL = 0.25
"""Part of the trajectories that counts as a tail."""


@dataclass(frozen=True)
class Distance:
    """A distance between two distributions.

    Attributes
    ----------
    measured : Measured
        Never below zero, so too large on average where nothing differs.
    place : float
        Value at which it is found (Kolmogorov-Smirnov); NaN if it is a sum over all.
    """

    measured: Measured
    place: float = nan


@dataclass(frozen=True)
class Parts:
    """The gap between the means, split by where in the distribution it lies; they add up to it."""

    lower: Measured
    middle: Measured
    upper: Measured


@dataclass(frozen=True)
class Shape:
    """How two distributions differ.

    Attributes
    ----------
    median : Measured
        Median of B less that of A.
    medians : tuple of float
        Of A and of B.
    shift : tuple of Measured
        Each quantile (`SHIFT_LEVELS`) of B less that of A.
    wasserstein, kolmogorov_smirnov : Distance
    first_order, second_order : Dominance
    parts : Parts
        Where the gap between the means lies.
    """

    median: Measured
    medians: tuple[float, float]
    shift: tuple[Measured, ...]
    wasserstein: Distance
    kolmogorov_smirnov: Distance
    first_order: Dominance
    second_order: Dominance
    parts: Parts


def measure_shape(a: SortedGroups, b: SortedGroups, relation: Relation) -> Shape:
    """Measure how two distributions differ; for paired sides the same trajectories on both."""
    shift = quantile_shift(a, b, relation)
    first, second = compare_orders(a, b, relation)
    return Shape(
        median=shift[SHIFT_LEVELS.index(0.5)],
        medians=(float(a.quantiles([0.5])[0]), float(b.quantiles([0.5])[0])),
        shift=shift,
        wasserstein=wasserstein(a, b, relation),
        kolmogorov_smirnov=kolmogorov_smirnov(a, b, relation),
        first_order=first,
        second_order=second,
        parts=split_gap(a, b, relation),
    )


def join_groups(a: tuple[float, Floats], b: tuple[float, Floats], n: int, relation: Relation) -> Measured:
    """Return the difference of an estimate, pooled and by group, between two sides."""
    if relation == "paired":
        return section(b[0] - a[0], b[1] - a[1], n)
    sides = section(a[0], a[1], n), section(b[0], b[1], n)
    return unpaired_difference(*sides, is_independent=relation == "independent")


def _join_means(a: Floats, b: Floats, n: int, relation: Relation) -> Measured:
    """Return the difference of an estimate that is the mean of those of the groups."""
    return join_groups((float(a.mean()), a), (float(b.mean()), b), n, relation)


def quantile_shift(
    a: SortedGroups, b: SortedGroups, relation: Relation, levels: Sequence[float] = SHIFT_LEVELS
) -> tuple[Measured, ...]:
    """Return by how much each quantile of B lies above that of A."""
    n = min(a.n, b.n)
    sides = zip(a.quantile_columns(levels), b.quantile_columns(levels), strict=True)
    return tuple(
        join_groups((float(of_a[0]), of_a[1:]), (float(of_b[0]), of_b[1:]), n, relation)
        for of_a, of_b in sides
    )


def wasserstein(a: SortedGroups, b: SortedGroups, relation: Relation) -> Distance:
    """Return the mean distance between equal quantiles: how far trajectories must move from A to B.

    Notes
    -----
    The error is that of the mean of ``sign * quantile``, the signs held at those found: to first
    order the distance moves with nothing else.
    """
    if a.n == b.n:
        gaps = b.pooled - a.pooled
        value = float(np.abs(gaps).mean())
    else:
        value = _area(a.pooled, b.pooled)
        levels = (np.arange(max(a.n, b.n)) + 0.5) / max(a.n, b.n)
        gaps = b.pooled[(levels * b.n).astype(np.int64)] - a.pooled[(levels * a.n).astype(np.int64)]
    signs = np.sign(gaps)
    sides = [np.array([_signed_mean(part, signs) for part in side.groups]) for side in (a, b)]
    found = _join_means(sides[0], sides[1], min(a.n, b.n), relation)
    return Distance(Measured(value, found.standard_error, found.degrees_of_freedom, found.n, found.reason))


def _signed_mean(part: Floats, signs: Floats) -> float:
    at = ((np.arange(part.size) + 0.5) * (signs.size / part.size)).astype(np.int64)
    return float((part * signs[at]).mean())


def _area(a: Floats, b: Floats) -> float:
    """Area between two empirical distribution functions of sorted values."""
    x = np.sort(np.concatenate([a, b]), kind="stable")
    gap = np.searchsorted(a, x[:-1], "right") / a.size - np.searchsorted(b, x[:-1], "right") / b.size
    return float((np.abs(gap) * np.diff(x)).sum())


def kolmogorov_smirnov(a: SortedGroups, b: SortedGroups, relation: Relation) -> Distance:
    """Return the largest difference between the distribution functions, and where it is.

    Notes
    -----
    The error is that of the difference at that place.
    """
    best, place = -1.0, nan
    for points in (a.pooled, b.pooled):
        gaps = np.abs(
            np.searchsorted(b.pooled, points, "right") / b.n
            - np.searchsorted(a.pooled, points, "right") / a.n
        )
        at = int(gaps.argmax())
        if gaps[at] > best:
            best, place = float(gaps[at]), float(points[at])
    here = np.array([place])
    sides = [side.shares_below(here)[:, 0] for side in (a, b)]
    found = _join_means(sides[0], sides[1], min(a.n, b.n), relation)
    measured = Measured(best, found.standard_error, found.degrees_of_freedom, found.n, found.reason)
    return Distance(measured, place)


def split_gap(a: SortedGroups, b: SortedGroups, relation: Relation) -> Parts:
    """Split the gap between the means into lower tail, middle and upper tail of both distributions."""
    edges = (0.0, TAIL, 1.0 - TAIL, 1.0)
    sides = []
    for side in (a, b):
        groups = np.array([_part_sums(sums, edges) for sums in side.sums])
        sides.append((_part_sums(np.concatenate([[0.0], np.cumsum(side.pooled)]), edges), groups))
    (pooled_a, groups_a), (pooled_b, groups_b) = sides
    lower, middle, upper = (
        join_groups((of_a, in_a), (of_b, in_b), min(a.n, b.n), relation)
        for of_a, of_b, in_a, in_b in zip(pooled_a, pooled_b, groups_a.T, groups_b.T, strict=True)
    )
    return Parts(lower, middle, upper)


def _part_sums(sums: Floats, edges: Sequence[float]) -> Floats:
    """Return the sum of sorted values between levels, over their number; parts of a value count.

    Parameters
    ----------
    sums : ndarray of float64, shape (n + 1,)
        Sum of the k smallest values.
    """
    n = sums.size - 1
    at = np.asarray(edges) * n
    below = np.minimum(at.astype(np.int64), n - 1)
    found = sums[below] + (at - below) * (sums[below + 1] - sums[below])
    return np.asarray(np.diff(found) / n)


def describe_place(parts: Parts, alpha: float = 0.05) -> str:
    """Say where a gap lies; empty where that cannot be told.

    "Mostly in a tail": more than half of the gap comes from a quarter of the outcomes, beyond
    chance; "mostly in the middle": more than two thirds from the middle half.
    """
    lower, middle, upper = parts.lower, parts.middle, parts.upper
    if not all(part.is_known for part in (lower, middle, upper)):
        return ""
    total = lower.value + middle.value + upper.value
    sign = 1.0 if total > 0 else -1.0
    below, above = _is_beyond(lower, sign, alpha), _is_beyond(upper, sign, alpha)
    if below * above < 0:
        top, bottom = ("up", "down") if above * sign > 0 else ("down", "up")
        return f"{top} in the upper tail but {bottom} in the lower"
    for part, rest, words in (
        (upper, (lower, middle), "mostly in the upper tail"),
        (lower, (middle, upper), "mostly in the lower tail"),
    ):
        if _exceeds(part, rest, sign, 1.0, alpha):
            return words
    if _exceeds(middle, (lower, upper), sign, 2.0, alpha):
        return "mostly in the middle"
    if below > 0 and above > 0 and _is_beyond(middle, sign, alpha) > 0:
        return "across the whole distribution"
    return ""


def _is_beyond(part: Measured, sign: float, alpha: float) -> int:
    """Return 1 or -1 where a part points with or against the whole beyond chance, otherwise 0."""
    if part.p_value() > alpha:
        return 0
    return 1 if part.value * sign > 0 else -1


def _exceeds(part: Measured, rest: Sequence[Measured], sign: float, times: float, alpha: float) -> bool:
    """Whether a part is beyond chance larger than ``times`` the others, errors added up."""
    value = sign * (part.value - times * sum(other.value for other in rest))
    error = part.standard_error + times * sum(other.standard_error for other in rest)
    return Measured(value, error, part.degrees_of_freedom).interval(alpha)[0] > 0.0
