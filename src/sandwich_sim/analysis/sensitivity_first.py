"""First-order indices from stored trajectories: how much of a variance goes when one input is known.

Inputs are cut into bins of about equal count; the variance between the means of the bins is what
the input carries. That needs no design and no independence. Sums are taken by bin and by the
sixteen groups of trajectories (scrambles, designs, or plain sections), so that noise can be taken
off and groups can be drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]
Levels = NDArray[np.uint8]

MOST_BINS = 64
FEWEST_IN_BIN = 64
"""Trajectories of a bin, all groups together: four of each group."""
RESAMPLES = 64
EDGE_SAMPLE = 65_536
_PIECE = 8192
_CELLS = 65_534


@dataclass(frozen=True)
class Binned:
    """Inputs cut into bins.

    Attributes
    ----------
    levels : ndarray of uint8, shape (n_input, n)
        Bin of each trajectory.
    is_even : ndarray of bool, shape (n_input,)
        Whether bins are halves of bins twice as wide; False for an input of few values, which has
        a bin for each.
    n_bin : int
    """

    levels: Levels
    is_even: NDArray[np.bool_]
    n_bin: int


def choose_bins(n: int) -> int:
    """Return how many bins a sample of `n` trajectories can fill: a power of two, 4 to 64."""
    wanted = max(n // FEWEST_IN_BIN, 4)
    return int(min(MOST_BINS, 2 ** (wanted.bit_length() - 1)))


class Bins:
    """How the values of one input fall into bins.

    Parameters
    ----------
    draws : ndarray, shape (n,)
        From which the bins are chosen, of about equal count.
    n_bin : int
        A power of two.

    Attributes
    ----------
    edges : ndarray of float64
        Inner edges; equal values share a bin.
    is_even : bool
        Whether neighbors can be joined to bins twice as wide; False for few values, one bin each.

    Notes
    -----
    Edges move to a grid of 65,534 cells between the outer ones, so that a bin is looked up, not
    searched for: a million draws take 5 ms rather than 60. Draws that share a cell share a bin.
    """

    def __init__(self, draws: NDArray[np.floating], n_bin: int) -> None:
        distinct = np.unique(draws).astype(np.float64)
        self.is_even = distinct.size > n_bin
        if self.is_even:
            self.edges = np.quantile(draws.astype(np.float64), np.arange(1, n_bin) / n_bin)
        else:
            self.edges = 0.5 * (distinct[:-1] + distinct[1:])
        gaps = np.diff(self.edges)
        self.is_even &= bool((gaps > 0.0).all())
        reach = float(gaps.sum())
        self._table: Levels | None = None
        if reach > 0.0 and gaps.min() * _CELLS >= reach:
            self._per_cell = _CELLS / reach
            middles = self.edges[0] + (np.arange(_CELLS + 2) - 0.5) / self._per_cell
            self._table = np.searchsorted(self.edges, middles).astype(np.uint8)

    def place(self, draws: NDArray[np.floating]) -> Levels:
        """Return the bin of each draw."""
        if self._table is None:
            return np.searchsorted(self.edges, draws, side="left").astype(np.uint8)
        cells = (draws - draws.dtype.type(self.edges[0])) * draws.dtype.type(self._per_cell)
        np.clip(cells, -1.0, _CELLS, out=cells)
        cells += draws.dtype.type(1.0)
        return np.asarray(self._table[cells.astype(np.int32)])


def bin_inputs(draws: NDArray[np.floating], n_bin: int | None = None) -> Binned:
    """Cut inputs into bins of about equal count, judged by the first 65,536 trajectories.

    Parameters
    ----------
    draws : ndarray, shape (n_input, n)
    """
    n_bin = n_bin or choose_bins(draws.shape[1])
    levels = np.empty(draws.shape, dtype=np.uint8)
    is_even = np.empty(draws.shape[0], dtype=bool)
    for row, values in enumerate(draws):
        bins = Bins(values[:EDGE_SAMPLE], n_bin)
        is_even[row] = bins.is_even
        levels[row] = bins.place(values)
    return Binned(levels, is_even, n_bin)


@dataclass(frozen=True)
class BinSums:
    """Counts and sums of outcomes by group, input and bin.

    Attributes
    ----------
    count : ndarray of float64, shape (16, n_input, n_bin)
    total : ndarray of float64, shape (16, n_input, n_bin, n_metric)
        Of the outcomes less ``center``.
    square : ndarray of float64, shape (16, n_metric)
        Sums of their squares.
    center : ndarray of float64, shape (n_metric,)
    is_even : ndarray of bool, shape (n_input,)
    n : int
    """

    count: Floats
    total: Floats
    square: Floats
    center: Floats
    is_even: NDArray[np.bool_]
    n: int

    @property
    def variance(self) -> Floats:
        """Variance of each outcome, shape (n_metric,)."""
        if not self.total.shape[1]:
            return np.asarray(self.square.sum(axis=0) / self.n)
        mean = self.total[:, 0].sum(axis=(0, 1)) / self.n
        return np.asarray(self.square.sum(axis=0) / self.n - mean**2)


def sum_by_bin(binned: Binned, values: NDArray[np.floating]) -> BinSums:
    """Sum outcomes by group, input and bin.

    Parameters
    ----------
    binned : Binned
    values : ndarray, shape (n_metric, n)
        Trajectory i is of group i mod 16.

    Notes
    -----
    One product with a sparse matrix of ones for each piece: 77 inputs, 90 outcomes and a million
    trajectories take a few seconds, forty times less than counting each pair.
    """
    from scipy.sparse import csc_matrix

    n_input, n = binned.levels.shape
    n_bin, n_metric = binned.n_bin, values.shape[0]
    center = values.mean(axis=1, dtype=np.float64)
    count = np.zeros((N_SCRAMBLE, n_input, n_bin))
    total = np.zeros((N_SCRAMBLE, n_input * n_bin, n_metric))
    square = np.zeros((N_SCRAMBLE, n_metric))
    first_row = (np.arange(n_input, dtype=np.int32) * n_bin)[:, None]
    for group in range(N_SCRAMBLE):
        of_group = np.arange(group, n, N_SCRAMBLE)
        for start in range(0, of_group.size, _PIECE):
            part = slice(of_group[start], of_group[start : start + _PIECE][-1] + 1, N_SCRAMBLE)
            shifted = np.ascontiguousarray((values[:, part] - center[:, None]).T)
            single = shifted.astype(np.float32)  # sums of a hundred or so of them; half the traffic
            rows = np.ascontiguousarray((binned.levels[:, part] + first_row).T)
            m = rows.shape[0]
            ones = np.ones(rows.size, dtype=np.float32)
            pointers = np.arange(m + 1, dtype=np.int32) * n_input
            chosen = csc_matrix((ones, rows.ravel(), pointers), shape=(n_input * n_bin, m))
            total[group] += chosen @ single
            square[group] += np.einsum("tk,tk->k", shifted, shifted)
            count[group] += np.bincount(rows.ravel(), minlength=n_input * n_bin).reshape(n_input, n_bin)
    return BinSums(
        count, total.reshape(N_SCRAMBLE, n_input, n_bin, n_metric), square, center, binned.is_even, n
    )


@dataclass(frozen=True)
class Indices:
    """Estimates with their errors.

    Attributes
    ----------
    value, standard_error : ndarray of float64, shape (n_input, n_metric)
    """

    value: Floats
    standard_error: Floats


def first_order(sums: BinSums, *, resamples: int = RESAMPLES, seed: int = 0) -> Indices:
    """Return the part of each outcome's variance that each input carries by itself.

    Parameters
    ----------
    sums : BinSums
    resamples : int
        How often the sixteen groups are drawn again for the errors.
    seed : int

    Notes
    -----
    ``Var(E[y | x]) / Var(y)``, unbiased but for the width of the bins, of which the leading term
    goes by extrapolation from bins of twice the width (Richardson). What means of bins differ by
    chance is taken off; it comes from the spread of the groups, not from the variance within
    bins: points of one scramble tie every input to some others a little. An input of no influence
    therefore has an index near zero, of either sign.

    The error is that of a bootstrap over the groups, widened by 16/15 in the variance.
    """
    weights = resampling_weights(resamples, seed)
    variance = sums.variance
    n_input, n_metric = sums.total.shape[1], sums.total.shape[3]
    value, error = np.zeros((n_input, n_metric)), np.zeros((n_input, n_metric))
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn_variance = _drawn_variance(sums, weights)
        for row in range(n_input):
            count, total = sums.count[:, row], sums.total[:, row]
            whole = _extrapolated(count, total, np.ones((1, N_SCRAMBLE)), bool(sums.is_even[row]))[0]
            again = _extrapolated(count, total, weights, bool(sums.is_even[row]))
            value[row] = np.where(variance > 0.0, whole / variance, 0.0)
            error[row] = np.where(variance > 0.0, bootstrap_error(again / drawn_variance), 0.0)
    return Indices(value, error)


def resampling_weights(resamples: int, seed: int, groups: int = N_SCRAMBLE) -> Floats:
    """Return how often each group is drawn in each resample, shape (resamples, groups)."""
    drawn = np.random.default_rng(seed).integers(0, groups, (resamples, groups))
    return np.stack([(drawn == group).sum(axis=1) for group in range(groups)], axis=1).astype(np.float64)


def bootstrap_error(again: Floats, groups: int = N_SCRAMBLE) -> Floats:
    """Return the spread of resampled estimates along the first axis, for few groups."""
    return np.asarray(again.std(axis=0, ddof=1) * np.sqrt(groups / (groups - 1.0)))


def _drawn_variance(sums: BinSums, weights: Floats) -> Floats:
    """Variance of each outcome in each resample, shape (resamples, n_metric)."""
    n = weights @ sums.count[:, 0].sum(axis=1)
    mean = weights @ sums.total[:, 0].sum(axis=1) / n[:, None]
    return np.asarray(weights @ sums.square / n[:, None] - mean**2)


def _extrapolated(count: Floats, total: Floats, weights: Floats, is_even: bool) -> Floats:
    """Variance between bins of no width, shape (resamples, n_metric)."""
    fine = _between(count, total, weights)
    if not is_even:
        return fine
    wide_count = count[:, 0::2] + count[:, 1::2]
    wide_total = total[:, 0::2] + total[:, 1::2]
    return (4.0 * fine - _between(wide_count, wide_total, weights)) / 3.0


def _between(count: Floats, total: Floats, weights: Floats) -> Floats:
    """Variance between the means of bins less what chance adds, for each weighting of the groups.

    Parameters
    ----------
    count : ndarray, shape (16, n_bin)
    total : ndarray, shape (16, n_bin, n_metric)
    weights : ndarray, shape (resamples, 16)
    """
    n_group, n_bin = total.shape[:2]

    def weighted(terms: Floats) -> Floats:
        found = weights @ terms.reshape(n_group, -1)
        return found.reshape(weights.shape[0], n_bin, -1)

    n = weighted(count)
    sums = weighted(total)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0.0, sums / n, 0.0)
    # Sum over groups of (total - mean count)^2: what each group adds beyond its count's due.
    residual = weighted(total**2) - 2.0 * mean * weighted(total * count[:, :, None])
    residual += mean**2 * weighted(count**2)
    used = weights.sum(axis=1)[:, None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.where(n > 0.0, np.maximum(residual, 0.0) * used / (used - 1.0) / n**2, 0.0)
    share = n / n.sum(axis=1, keepdims=True)
    center = (share * mean).sum(axis=1, keepdims=True)
    return np.asarray((share * ((mean - center) ** 2 - error)).sum(axis=1))
