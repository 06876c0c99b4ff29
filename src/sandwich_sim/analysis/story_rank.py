"""Where the values of one trajectory lie among all of its run: from histograms, tails and stored outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.aggregate import axes_of, defined_count
from sandwich_sim.results.arrays import ArrayLayout
from sandwich_sim.results.dataset import check_run
from sandwich_sim.results.estimate import spread_is_zero
from sandwich_sim.results.histogram import N_EXTRA, to_axis
from sandwich_sim.results.layout import CUMULATIVE, fine_series
from sandwich_sim.results.manifest import FileRecord, read_manifest
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.zarr_format import chunk_name, read_chunk

Floats = NDArray[np.float64]

MOST_RANKED = 1_048_576
"""Trajectories that a sum over the run is compared with, the first ones: reading more takes long."""

FEWEST_RANKED = 20
"""Among fewer trajectories, a place within a bucket says nothing."""


def part_below(counts: NDArray[Any], axis: Floats, values: Floats) -> Floats:
    """Return the part of the counted values that lie below others.

    Parameters
    ----------
    counts : ndarray of int, shape (n, n_bucket + 3)
        Buckets, underflow, overflow, undefined.
    axis : ndarray of float64, shape (3,)
        Low end, high end and scale.
    values : ndarray of float64, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
        Linear within a bucket; half of what lies beyond the range on the value's side. NaN where
        the value is undefined or nothing is counted.
    """
    n_bucket = counts.shape[-1] - N_EXTRA
    low, high, scale = axis
    place = (to_axis(values, scale) - low) / (high - low) * n_bucket
    under, over = counts[:, n_bucket].astype(np.float64), counts[:, n_bucket + 1].astype(np.float64)
    below = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts[:, :n_bucket], axis=-1)], axis=-1)
    inside = np.clip(np.nan_to_num(place), 0.0, n_bucket)
    bucket = np.minimum(inside.astype(np.int64), n_bucket - 1)
    rows = np.arange(len(counts))
    found = under + below[rows, bucket] + (inside - bucket) * counts[rows, bucket]
    found = np.where(place < 0.0, 0.5 * under, np.where(place > n_bucket, found + 0.5 * over, found))
    n = under + over + below[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(np.isnan(values), np.nan, found / n))


def series_rank(accumulators: Mapping[str, NDArray[Any]], meta: RunMeta, name: str, values: Floats) -> Floats:
    """Return where a series lies among all trajectories of a run, record by record.

    From its fan; where the run has none, from the finer histograms of the first and the last record.

    Parameters
    ----------
    name : str
        ``margin.lab``, ``gap``.
    values : ndarray of float64, shape (n_record,)

    Returns
    -------
    ndarray of float64, shape (n_record,)
        NaN where the run does not tell it, all trajectories have the same value, or there are too few.
    """
    rank = np.full(values.size, np.nan)
    if meta.n_trajectories < FEWEST_RANKED:
        return rank
    if name in meta.fans:
        row = meta.fans.index(name)
        rank = part_below(accumulators["fan"][row], axes_of(accumulators, meta, "fan")[row], values)
    fine = fine_series(meta.hops)
    if name in fine:
        row = fine.index(name)
        counts = accumulators["fine"][:, row].sum(axis=0)
        ends = values[[0, -1]]
        rank[[0, -1]] = part_below(counts, axes_of(accumulators, meta, "fine")[row], ends)
    column = [meta.series.index(name)]
    total, square = accumulators["total"][..., column], accumulators["square"][..., column]
    is_constant = spread_is_zero(total, square, defined_count(accumulators, meta)[..., column])[:, 0]
    return np.asarray(np.where(is_constant, np.nan, rank))


@dataclass(frozen=True)
class StoredRun:
    """The files of a complete run, opened for reading a few numbers.

    Attributes
    ----------
    folder : Path
    meta : RunMeta
    arrays : dict of str to ArrayLayout
    files : dict of str to FileRecord
    """

    folder: Path
    meta: RunMeta
    arrays: Mapping[str, ArrayLayout]
    files: Mapping[str, FileRecord]

    def has(self, name: str) -> bool:
        """Whether an array holds a value of each trajectory."""
        return name in self.arrays and self.arrays[name].dims[-1:] == ("trajectory",)

    def chunk(self, name: str, index: int) -> NDArray[Any]:
        """Read one chunk, its checksum compared with the manifest's."""
        array = self.arrays[name]
        return read_chunk(self.folder, array, index, self.files[chunk_name(array, index)].crc)

    def row(self, name: str, at: Any, limit: int | None = None) -> NDArray[Any]:
        """Read one number of each of the first trajectories, all if no limit is given.

        Parameters
        ----------
        at : index
            Of all axes before the last.
        """
        n = self.meta.n_trajectories if limit is None else min(limit, self.meta.n_trajectories)
        size = self.arrays[name].chunks[-1]
        parts = [self.chunk(name, index)[at].copy() for index in range(-(-n // size))]
        return np.concatenate(parts)[:n]


def open_stored(folder: Path, meta: RunMeta) -> StoredRun:
    """Open a complete run.

    Raises
    ------
    UsageError, IntegrityError
        As `check_run`.
    """
    arrays = check_run(folder)
    return StoredRun(folder, meta, arrays, read_manifest(folder).files())


def rank_of_sums(
    run: StoredRun, accumulators: Mapping[str, NDArray[Any]], base: str, trajectory: int, values: Floats
) -> tuple[list[int | None], int]:
    """Return how many trajectories have a lower sum over the run, for each hop, and of how many.

    Parameters
    ----------
    base : str
        ``cumulative_profit``.
    trajectory : int
    values : ndarray of float64, shape (n_hop,)
        Its sums.

    Returns
    -------
    tuple of (list of int or None, int)
        None where the run kept only the tails, and the trajectory is in neither.
    """
    meta = run.meta
    row = [each for each, _ in CUMULATIVE].index(base)
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    if run.has(base):
        n = min(meta.n_trajectories, MOST_RANKED)
        size, lower = run.arrays[base].chunks[-1], np.zeros(values.size, dtype=np.int64)
        for index in range(-(-n // size)):
            part = run.chunk(base, index)[:, : n - index * size]
            lower += np.count_nonzero(part < rounded[:, None], axis=1)
        return list(lower.tolist()), n
    found: list[int | None] = []
    n = meta.n_trajectories
    for column, value in enumerate(rounded):
        index, tail = accumulators["tail_index"][row, column], accumulators["tail_value"][row, column]
        if trajectory in index[0]:
            found.append(int(np.count_nonzero(tail[0] < value)))
        elif trajectory in index[1]:
            found.append(n - int(np.count_nonzero(tail[1] >= value)))
        else:
            found.append(None)
    return found, n
