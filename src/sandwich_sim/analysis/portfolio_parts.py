"""What a book's profit is made of: hops, and the uncertain inputs that move it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.grouped import estimate_mean_of, estimate_statistic, in_groups
from sandwich_sim.analysis.trajectories import Trajectories
from sandwich_sim.results.meta import N_SCRAMBLE, RunMeta
from sandwich_sim.results.summary import Estimate

Floats = NDArray[np.float64]

DRIVER_SAMPLE = 65_536
"""Trajectories in which inputs are ranked: 8 MB of draws rather than hundreds."""
N_BIN = 16
"""Bins of equal count of an input."""
FEWEST_IN_BIN = 8
MOST_DRIVERS = 20
"""Inputs that are named."""
_WORST = 0.05


@dataclass(frozen=True)
class Contribution:
    """What one hop adds to the book's discounted profit.

    Attributes
    ----------
    hop, title : str
    exposure : float
        Of the book [1].
    mean : Estimate
        Over all trajectories [bn USD].
    in_worst : Estimate
        Over the worst 5% of the book [bn USD].
    """

    hop: str
    title: str
    exposure: float
    mean: Estimate
    in_worst: Estimate


@dataclass(frozen=True)
class Driver:
    """How much one uncertain input moves the book's discounted profit.

    Attributes
    ----------
    parameter : str
        Dotted name.
    variance : Estimate
        Part of the variance that goes when the input is known (first-order index) [1].
    low, high : Estimate
        Mean discounted profit where the input lies in its lowest and its highest fifth [bn USD].
    """

    parameter: str
    variance: Estimate
    low: Estimate
    high: Estimate


def contributions(
    meta: RunMeta, exposure: Floats, profit: Floats
) -> tuple[tuple[Contribution, ...], Estimate]:
    """Take a book's discounted profit apart by hop.

    Parameters
    ----------
    exposure : ndarray of float64, shape (n_hop,)
    profit : ndarray of float64, shape (n_hop, n)
        Discounted profit by hop [bn USD].

    Returns
    -------
    tuple of Contribution
        Hops without exposure are left out.
    Estimate
        Effective number of hops: one over the sum of the squared parts of the mean, losses
        counted by their size.
    """
    parts = exposure[:, None] * profit
    book = parts.sum(axis=0)
    is_worst = np.zeros(book.size, dtype=bool)
    is_worst[np.argsort(book)[: max(1, int(_WORST * book.size))]] = True
    found = tuple(
        Contribution(
            hop,
            title,
            float(exposure[row]),
            estimate_mean_of(parts[row]),
            estimate_mean_of(np.where(is_worst, parts[row], np.nan)),
        )
        for row, (hop, title) in enumerate(zip(meta.hops, meta.hop_titles, strict=True))
        if exposure[row]
    )
    held = parts[exposure > 0.0]
    by_group = [_effective(group.mean(axis=1)) for group in in_groups(held) if group.shape[1]]
    if len(by_group) < N_SCRAMBLE:
        return found, estimate_statistic(book, lambda each: float("nan"))
    error = float(np.std(by_group, ddof=1) / sqrt(N_SCRAMBLE))
    return found, Estimate(_effective(held.mean(axis=1)), error)


def _effective(means: Floats) -> float:
    sizes = np.abs(means)
    total = sizes.sum()
    return float(total**2 / (sizes**2).sum()) if total > 0.0 else float("nan")


def drivers(trajectories: Trajectories, book: Floats) -> tuple[tuple[Driver, ...], int]:
    """Rank the drawn inputs by how much of the variance of the book's profit they carry.

    Returns
    -------
    tuple of Driver
        The strongest, at most `MOST_DRIVERS`, the first one first; empty if there are too few
        trajectories or no drawn input.
    int
        Trajectories used.
    """
    n = min(trajectories.n, DRIVER_SAMPLE)
    meta = trajectories.meta
    if n < N_SCRAMBLE * N_BIN * FEWEST_IN_BIN or not meta.parameters:
        return (), 0
    draws = Trajectories(trajectories.folder, n).whole("parameters")
    values = book[:n]
    variances = [_first_order(_bins(row), values) for row in draws]
    strongest = sorted(range(len(variances)), key=lambda row: -variances[row].value)[:MOST_DRIVERS]
    return tuple(_driver(meta.parameters[row], variances[row], draws[row], values) for row in strongest), n


def _driver(name: str, variance: Estimate, draws: NDArray[np.float32], book: Floats) -> Driver:
    low, high = np.quantile(draws, (0.2, 0.8))
    return Driver(
        name,
        variance,
        estimate_mean_of(np.where(draws <= low, book, np.nan)),
        estimate_mean_of(np.where(draws >= high, book, np.nan)),
    )


def _bins(draws: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the bin of each draw; equal draws share a bin, so few values make few bins."""
    edges = np.unique(np.quantile(draws, np.linspace(0.0, 1.0, N_BIN + 1)[1:-1]))
    return np.searchsorted(edges, draws, side="left")


def _first_order(bins: NDArray[np.intp], book: Floats) -> Estimate:
    """Part of the variance that lies between the means of bins.

    Notes
    -----
    What the means would differ by chance is taken off. It comes from their spread over the
    scrambles, not from the variance within bins: the points of one scramble tie every input to
    some others a little, and an input that does nothing would seem to do what its partner does.
    The error is that of a jackknife over the scrambles.
    """
    n_bin = int(bins.max()) + 1
    group = np.arange(book.size) % N_SCRAMBLE
    place = group * n_bin + bins
    shape = (N_SCRAMBLE, n_bin)
    count = np.bincount(place, minlength=N_SCRAMBLE * n_bin).reshape(shape).astype(np.float64)
    sums = np.bincount(place, weights=book - book.mean(), minlength=N_SCRAMBLE * n_bin)
    total = np.asarray(sums, dtype=np.float64).reshape(shape)
    variance = float(book.var())
    if variance <= 0.0:
        return Estimate(0.0, 0.0)
    whole = _between(count, total) / variance
    others = [~np.eye(N_SCRAMBLE, dtype=bool)[left_out] for left_out in range(N_SCRAMBLE)]
    without = np.array([_between(count[kept], total[kept]) for kept in others]) / variance
    error = sqrt((N_SCRAMBLE - 1) / N_SCRAMBLE * float(((without - without.mean()) ** 2).sum()))
    return Estimate(whole, error)


def _between(count: Floats, total: Floats) -> float:
    """Variance between bins from counts and sums by scramble, shape (n_scramble, n_bin), unbiased."""
    n = count.sum(axis=0)
    is_used = n > 0.0
    mean = total.sum(axis=0)[is_used] / n[is_used]
    # The error of a ratio: what each scramble adds to the sum beyond its count's due.
    residual = total[:, is_used] - mean * count[:, is_used]
    error = (residual**2).sum(axis=0) * len(count) / (len(count) - 1.0) / n[is_used] ** 2
    weight = n[is_used] / n.sum()
    center = float((weight * mean).sum())
    return float((weight * ((mean - center) ** 2 - error)).sum())
