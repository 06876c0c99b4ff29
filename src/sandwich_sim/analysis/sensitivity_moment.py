"""Sensitivity of a whole distribution, not of its variance: Borgonovo's delta and PAWN.

Both compare the distribution of an outcome where an input lies in one of sixteen ranges with its
distribution over all. Delta is half the area between the densities, PAWN the largest gap between
the distribution functions, the median over the ranges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.sensitivity_first import (
    EDGE_SAMPLE,
    Binned,
    Bins,
    bootstrap_error,
    resampling_weights,
)
from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]

N_RANGE = 16
"""Ranges of an input."""
N_CELL = 64
"""Cells of the outcome for its distribution function; densities take two together."""
RESAMPLES = 48
_HALF = N_SCRAMBLE // 2


@dataclass(frozen=True)
class MomentIndices:
    """Delta and PAWN of each input on one outcome.

    Attributes
    ----------
    delta, delta_error, pawn, pawn_error : ndarray of float64, shape (n_input,)
        Estimates and their standard errors.
    """

    delta: Floats
    delta_error: Floats
    pawn: Floats
    pawn_error: Floats


def moment_independent(binned: Binned, values: NDArray[np.floating], *, seed: int = 0) -> MomentIndices:
    """Estimate delta and PAWN of every input on one outcome.

    Parameters
    ----------
    binned : Binned
    values : ndarray, shape (n,)
    seed : int
        Of the resampling.

    Notes
    -----
    A distance between two noisy distributions is never below what noise makes it, so that an input
    without influence would show one. Here half of the groups of trajectories say in which cells
    (for PAWN: at which place) the one distribution is higher, the other half by how much; both
    ways round, averaged. Without influence the mean is zero; where an influence is so weak that
    half of the sample cannot see it, the estimate is too small. The error is that of a bootstrap
    over the groups of each half.
    """
    levels = _ranges(binned)
    n = values.size
    bins = Bins(np.asarray(values[:EDGE_SAMPLE]), N_CELL)
    cell = bins.place(np.asarray(values)).astype(np.int32)
    if bins.edges.size < N_CELL // 2:
        cell *= 2  # few values, such as those of an event: no two of them are one cell of a density
    place = np.arange(n, dtype=np.int32) % N_SCRAMBLE * (N_RANGE * N_CELL) + cell
    weights = _half_weights(seed)
    rows = []
    for row in levels:
        shifted = row.astype(np.int32) * N_CELL
        shifted += place
        counts = np.bincount(shifted, minlength=N_SCRAMBLE * N_RANGE * N_CELL)
        found = _distances(counts.reshape(N_SCRAMBLE, N_RANGE, N_CELL).astype(np.float64), weights)
        rows.append([(each[0], float(bootstrap_error(each[1:], _HALF))) for each in found])
    whole = np.array(rows, dtype=np.float64).reshape(-1, 2, 2)
    return MomentIndices(whole[:, 0, 0], whole[:, 0, 1], whole[:, 1, 0], whole[:, 1, 1])


def _ranges(binned: Binned) -> NDArray[np.uint8]:
    """Sixteen ranges from the bins; an input of few values keeps those that it has."""
    found = binned.levels.copy()
    for row, is_even in zip(found, binned.is_even, strict=True):
        most = binned.n_bin if is_even else int(row.max(initial=0)) + 1
        if most > N_RANGE:
            row[:] = row.astype(np.int32) * N_RANGE // most
    return found


def _half_weights(seed: int) -> Floats:
    """Weights of the groups, the plain ones first; both halves are drawn again by themselves."""
    first, second = (resampling_weights(RESAMPLES, seed + half, _HALF) for half in (0, 1))
    found = np.empty((RESAMPLES, N_SCRAMBLE))
    found[:, 0::2], found[:, 1::2] = first, second
    return np.vstack([np.ones(N_SCRAMBLE), found])


def _distances(counts: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Delta and PAWN for each weighting of the groups, from counts of shape (16, range, cell)."""
    halves = []
    for half in (0, 1):
        flat = weights[:, half::2] @ counts[half::2].reshape(_HALF, -1)
        table = flat.reshape(-1, *counts.shape[1:])
        inside = table.sum(axis=2, keepdims=True)
        whole = table.sum(axis=1, keepdims=True)
        share = inside / whole.sum(axis=2, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            gap = np.where(inside > 0.0, table / inside, 0.0) - whole / whole.sum(axis=2, keepdims=True)
        halves.append((np.where(inside > 0.0, gap, 0.0), share[:, :, 0]))
    share = 0.5 * (halves[0][1] + halves[1][1])
    is_used = counts.sum(axis=(0, 2)) > 0.0  # an input of few values leaves ranges empty
    delta, pawn = np.zeros(len(weights)), np.zeros(len(weights))
    for (one, _), (other, _) in (halves, halves[::-1]):
        wide, its = (gap[:, :, 0::2] + gap[:, :, 1::2] for gap in (one, other))
        delta += 0.25 * (share * (np.sign(wide) * its).sum(axis=2)).sum(axis=1)
        rising, falling = np.cumsum(one, axis=2), np.cumsum(other, axis=2)
        at = np.abs(rising).argmax(axis=2)[:, :, None]
        gaps = np.sign(np.take_along_axis(rising, at, 2)) * np.take_along_axis(falling, at, 2)
        pawn += 0.5 * np.median(gaps[:, is_used, 0], axis=1)
    return delta, pawn
