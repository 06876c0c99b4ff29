"""Values of each group of trajectories, sorted: distribution functions and quantiles, pooled and by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

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

    def group_quantiles(self, levels: Sequence[float]) -> Floats:
        """Return quantiles of each group, shape (16, n_level)."""
        return np.array([sorted_quantiles(part, levels) for part in self.groups])

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


def part_groups(values: Floats, scramble: NDArray[np.uint8], levels: Sequence[float]) -> SortedGroups:
    """Do as `sort_groups`, but only so far that quantiles of the given levels are right: half the time."""
    groups = [values[group::N_SCRAMBLE] for group in range(N_SCRAMBLE)]
    if not is_in_turn(scramble):
        groups = [values[scramble == group] for group in range(N_SCRAMBLE)]
    groups = [part[~np.isnan(part)] for part in groups]
    for part in groups:
        _part(part, levels)
    pooled = np.concatenate(groups)
    _part(pooled, levels)
    return SortedGroups(pooled, tuple(groups))


def _part(values: Floats, levels: Sequence[float]) -> None:
    """Put every value that `sorted_quantiles` reads into its place."""
    if values.size:
        below = np.floor(np.asarray(levels) * (values.size - 1)).astype(np.int64)
        values.partition(np.unique(np.minimum([below, below + 1], values.size - 1)))


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
