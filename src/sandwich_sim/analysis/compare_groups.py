"""Values of each group of trajectories, sorted: distribution functions and quantiles, pooled and by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.estimate import NORMAL_FACTOR
from sandwich_sim.results.histogram import FEWEST_BEYOND
from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SortedGroups:
    """Defined values of one outcome, sorted.

    Attributes
    ----------
    pooled : ndarray of float64, shape (n,)
    groups : tuple of ndarray of float64
        The values of each of the 16 groups, sorted.
    """

    pooled: Floats
    groups: tuple[Floats, ...]

    @property
    def n(self) -> int:
        """Number of values."""
        return int(self.pooled.size)

    @cached_property
    def sums(self) -> tuple[Floats, ...]:
        """Sum of the k smallest values of each group, k from 0."""
        return tuple(np.concatenate([[0.0], np.cumsum(part)]) for part in self.groups)

    @property
    def smallest(self) -> int:
        """Number of values of the smallest group."""
        return min(part.size for part in self.groups)

    def quantiles(self, levels: Sequence[float]) -> Floats:
        """Return pooled quantiles, shape (n_level,)."""
        return sorted_quantiles(self.pooled, levels)

    def quantile_columns(self, levels: Sequence[float]) -> Floats:
        """Return quantiles of all values, and what the values of each group say of them.

        Returns
        -------
        ndarray of float64, shape (n_level, 17)
            Of the whole, then of each group; the spread of the groups is the error of the whole. NaN
            for groups where fewer than 50 values lie beyond a quantile.

        Notes
        -----
        The more of a group's values lie below the quantile of all, the lower a quantile it speaks for:
        by that part times the slope of the quantiles there (Bahadur 1966), which comes from the order
        of all values (Woodruff 1952). No group has a quantile of its own, which would be biased.
        """
        found = np.full((len(levels), 1 + N_SCRAMBLE), np.nan)
        found[:, 0] = self.quantiles(levels)
        known = [row for row, level in enumerate(levels) if is_estimable(self.n, level)]
        if not known or not self.smallest:
            return found
        at = found[known, 0]
        below = np.searchsorted(self.pooled, at, "right") / self.n
        slopes = np.array([quantile_slope(self.pooled, levels[row]) for row in known])
        with np.errstate(invalid="ignore"):  # an infinite slope, beside events that never came
            found[known, 1:] = (at + slopes * (below - self.shares_below(at))).T
        return found

    def shares_below(self, thresholds: Floats) -> Floats:
        """Return the part of each group at or below each threshold, shape (16, n_threshold)."""
        return np.array([np.searchsorted(part, thresholds, "right") / part.size for part in self.groups])

    def shortfalls(self, thresholds: Floats) -> Floats:
        """Return the mean of ``max(threshold - value, 0)`` of each group, shape (16, n_threshold)."""
        found = np.empty((len(self.groups), thresholds.size))
        for row, part, sums in zip(found, self.groups, self.sums, strict=True):
            below = np.searchsorted(part, thresholds, "right")
            row[:] = (below * thresholds - sums[below]) / part.size
        return found

    def group_means(self) -> Floats:
        """Return the mean of each group, shape (16,)."""
        return np.array([part.mean() for part in self.groups])


def is_in_turn(scramble: NDArray[np.uint8]) -> bool:
    """Whether trajectories belong to groups 0, 1, ..., 15, 0, 1, ... and all groups are of one size."""
    return scramble.size % N_SCRAMBLE == 0 and bool(
        (scramble.reshape(-1, N_SCRAMBLE) == np.arange(N_SCRAMBLE, dtype=np.uint8)).all()
    )


def sort_groups(values: Floats, scramble: NDArray[np.uint8]) -> SortedGroups:
    """Sort the defined values of an outcome, pooled and by group.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    scramble : ndarray of uint8, shape (n,)
    """
    if is_in_turn(scramble):
        table = np.sort(np.ascontiguousarray(values.reshape(-1, N_SCRAMBLE).T), axis=-1)
        ends = table.shape[1] - np.isnan(table).sum(axis=1)  # NaN is sorted to the end
        groups = tuple(row[:end] for row, end in zip(table, ends.tolist(), strict=True))
    else:
        groups = tuple(
            np.sort(part[~np.isnan(part)])
            for part in (values[scramble == group] for group in range(N_SCRAMBLE))
        )
    return SortedGroups(np.sort(np.concatenate(groups), kind="stable"), groups)  # merges sorted runs


def is_estimable(n: int, level: float) -> bool:
    """Whether enough of n values lie on either side of a quantile for its error to be known."""
    return n * min(level, 1.0 - level) >= FEWEST_BEYOND * (1.0 - 1e-12)


def slope_places(n: int, level: float) -> tuple[int, int, float]:
    """Return the ranks between which the slope of quantiles is read, and how far apart their levels are.

    They are the ends of the 95% interval that independent values have (Woodruff 1952).
    """
    half = NORMAL_FACTOR * sqrt(level * (1.0 - level) / n)
    low, high = int(np.ceil((level - half) * n)) - 1, int(np.floor((level + half) * n))
    return low, high, 2.0 * half


def quantile_slope(ordered: Floats, level: float) -> float:
    """Return by how much quantiles rise with their level, one over the density; NaN where infinite.

    Parameters
    ----------
    ordered : ndarray of float64, shape (n,)
        Sorted, at least so far that the values of `slope_places` are in their places.
    """
    low, high, width = slope_places(ordered.size, level)
    rise = float(ordered[high]) - float(ordered[low])
    return rise / width if rise < np.inf else np.nan


def sorted_quantiles(values: Floats, levels: Sequence[float]) -> Floats:
    """Return quantiles of sorted values, linear between them (as numpy's default); NaN of none."""
    if not values.size:
        return np.full(len(levels), np.nan)
    position = np.asarray(levels, dtype=np.float64) * (values.size - 1)
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, values.size - 1)
    part = position - below
    found: Floats = values[below] * (1.0 - part) + values[above] * part
    return found
