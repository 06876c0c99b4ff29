"""Sensitivity of a whole distribution, not of its variance: Borgonovo's delta and PAWN.

Both compare the distribution of an outcome where an input lies in one of sixteen ranges with its
distribution over all. Delta is half the area between the densities, PAWN the largest gap between
the distribution functions, the median over the ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.sensitivity_first import (
    EDGE_SAMPLE,
    Binned,
    Bins,
    bootstrap_error,
    resampling_weights,
)
from sandwich_sim.analysis.sensitivity_gap import GapGuess
from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]

N_RANGE = 16
"""Ranges of an input."""
N_CELL = 64
"""Cells of the outcome."""
RESAMPLES = 48
WIDTH_CORRECTION = 0.5
"""What joining ranges and cells in pairs takes from delta, times this, is what their own width took.

Twice the width takes three times as much: a little less than a square law's four, since the
outermost ranges have no end. It was found on Gaussian pairs with correlations of 0.2 to 0.97.
"""
_CORRECTION_DOUBT = 0.2
"""Part of that correction that counts as a standard error of its own."""
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


class _Half(NamedTuple):
    """Half of the groups of trajectories, for each weighting of them.

    Attributes
    ----------
    gap : ndarray, shape (n_weighting, n_range, n_cell)
        Probability of a range and a cell together, less the product of the two.
    n : ndarray, shape (n_weighting,)
        Trajectories that the weighting is worth.
    """

    gap: Floats
    n: Floats


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
    ways round, averaged. Without influence the mean is zero. Where the guess is wrong the estimate
    loses, so the guess is a smooth one (`GapGuess`): it errs where the gap is next to nothing. The
    error is that of a bootstrap over the groups of each half; for delta also a part of what is
    added for the width of ranges and cells.
    """
    levels = _ranges(binned)
    n = values.size
    bins = Bins(np.asarray(values[:EDGE_SAMPLE]), N_CELL)
    cell = bins.place(np.asarray(values)).astype(np.int32)
    # Few values, such as those of an event, lie far apart: no two of them are joined to one cell.
    cell *= N_CELL // (bins.edges.size + 1)
    place = np.arange(n, dtype=np.int32) % N_SCRAMBLE * (N_RANGE * N_CELL) + cell
    weights = _half_weights(seed)
    rows = []
    for row, is_even in zip(levels, binned.is_even, strict=True):
        shifted = row.astype(np.int32) * N_CELL
        shifted += place
        counts = np.bincount(shifted, minlength=N_SCRAMBLE * N_RANGE * N_CELL)
        by_group = counts.reshape(N_SCRAMBLE, N_RANGE, N_CELL).astype(np.float64)
        rows.append(_indices(by_group, weights, can_join=bool(is_even)))
    whole = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return MomentIndices(*whole.T)


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


def _indices(counts: Floats, weights: Floats, *, can_join: bool) -> tuple[float, float, float, float]:
    """Delta, its error, PAWN and its error, from counts of shape (16, range, cell)."""
    halves = _halves(counts, weights)
    guess = GapGuess(counts.sum(axis=0))
    # What either half says of the sign of the gap, beside what the other one says of its size.
    guessed = [(guess.gap(one.gap, one.n), other.gap) for one, other in (halves, halves[::-1])]
    delta, doubt = _delta(guessed), 0.0
    if can_join:
        joined = GapGuess(_joined(counts.sum(axis=0)))
        wide = [_Half(_joined(half.gap), half.n) for half in halves]
        added = WIDTH_CORRECTION * (
            delta - _delta([(joined.gap(a.gap, a.n), b.gap) for a, b in (wide, wide[::-1])])
        )
        delta, doubt = delta + added, _CORRECTION_DOUBT * float(added[0])
    pawn = _pawn(guessed, guess.of_range)
    error = float(np.hypot(bootstrap_error(delta[1:], _HALF), doubt))
    return float(delta[0]), error, float(pawn[0]), float(bootstrap_error(pawn[1:], _HALF))


def _halves(counts: Floats, weights: Floats) -> list[_Half]:
    n = counts.sum(axis=(1, 2), keepdims=True)
    together = counts / n
    product = together.sum(axis=2, keepdims=True) * together.sum(axis=1, keepdims=True)
    # The product of two shares of one sample is a little nearer to the share together.
    gap = (together - product) * n / (n - 1.0)
    found = []
    for half in (0, 1):
        own = weights[:, half::2]
        mean = own @ gap[half::2].reshape(_HALF, -1) / own.sum(axis=1, keepdims=True)
        worth = n.mean() * own.sum(axis=1) ** 2 / (own**2).sum(axis=1)
        found.append(_Half(mean.reshape(-1, *counts.shape[1:]), worth))
    return found


def _joined(table: Floats) -> Floats:
    """Ranges and cells in pairs, over the last two axes."""
    rows = table[..., 0::2, :] + table[..., 1::2, :]
    return np.asarray(rows[..., 0::2] + rows[..., 1::2])


def _delta(guessed: list[tuple[Floats, Floats]]) -> Floats:
    return np.asarray(sum(0.25 * (np.sign(guess) * gap).sum(axis=(1, 2)) for guess, gap in guessed))


def _pawn(guessed: list[tuple[Floats, Floats]], of_range: Floats) -> Floats:
    largest = np.zeros(guessed[0][0].shape[:2])
    for guess, gap in guessed:
        rising, falling = np.cumsum(guess, axis=2), np.cumsum(gap, axis=2)
        at = np.abs(rising).argmax(axis=2)[:, :, None]
        sign = np.sign(np.take_along_axis(rising, at, axis=2))
        largest += 0.5 * (sign * np.take_along_axis(falling, at, axis=2))[:, :, 0]
    is_used = of_range > 0.0  # an input of few values leaves ranges empty
    return np.asarray(np.median(largest[:, is_used] / of_range[is_used], axis=1))
