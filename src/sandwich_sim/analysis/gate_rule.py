"""The rule of a gate: has a statistic changed, has it not, or can this many trajectories not tell?

A statistic is CHANGED where the interval of its change at the level of failing lies wholly beyond
the margin, and EQUIVALENT where the interval at the level of passing lies wholly within it.
That *some* statistic changed is a claim about a union, so that the level of failing is split over
all statistics and looks; that *all* are equivalent is one about an intersection, which needs no
split over statistics, only over looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.gate_bounds import (
    FEWEST_CHANGED,
    apart_interval,
    bounded_interval,
    distance_allowance,
    flip_interval,
    moments,
    normal_factor,
    sparse_interval,
    tail_is_normal,
)
from sandwich_sim.analysis.gate_statistics import GateStatistic, Sums

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Verdict = Literal["CHANGED", "EQUIVALENT", "INCONCLUSIVE"]


@dataclass(frozen=True)
class Levels:
    """Error rates of one statistic at one look.

    Attributes
    ----------
    fail : float
        Probability, beyond one end, of the interval that shows a change.
    accept : float
        The same of the interval that shows equivalence.
    """

    fail: float
    accept: float


def levels_of(alpha_fail: float, beta_pass: float, *, n_statistics: int, n_looks: int) -> Levels:
    """Split the error rates of a whole gate.

    Parameters
    ----------
    alpha_fail : float
        P(CHANGED where no true change exceeds its margin), all statistics and looks together.
    beta_pass : float
        P(EQUIVALENT where some true change is at its margin or beyond).
    n_statistics, n_looks : int
        All that the gate may judge in one run.
    """
    return Levels(alpha_fail / (2.0 * n_statistics * n_looks), beta_pass / n_looks)


@dataclass(frozen=True)
class Judged:
    """One statistic, judged.

    Attributes
    ----------
    statistic : GateStatistic
    n : int
        Trajectories, of the new side.
    old, new, difference : float
        Estimates of the statistic and its change; of a distribution, the largest distance
        between the two distribution functions.
    standard_error : float
        Of the difference.
    fail : tuple of (float, float)
        Interval of the true change at the level of failing.
    accept : tuple of (float, float)
        The same at the level of passing.
    n_up, n_down : int
        Trajectories that changed by more than a hair, each way (paired only).
    correlation : float
        Of old and new over trajectories; NaN if not paired, or without spread.
    method : {"normal", "exact", "bounded"}
        How the interval of passing was made.
    verdict : {"CHANGED", "EQUIVALENT", "INCONCLUSIVE"}
    """

    statistic: GateStatistic
    n: int
    old: float
    new: float
    difference: float
    standard_error: float
    fail: Interval
    accept: Interval
    method: str
    n_up: int = 0
    n_down: int = 0
    correlation: float = nan
    skewness: float = 0.0

    @property
    def verdict(self) -> Verdict:
        return decide(self, self.statistic.margin)

    @property
    def deciding(self) -> Interval:
        """The interval behind the verdict; where nothing is decided, what neither interval excludes."""
        if self.verdict == "CHANGED":
            return self.fail
        if self.verdict == "EQUIVALENT":
            return self.accept
        return min(self.fail[0], self.accept[0]), max(self.fail[1], self.accept[1])

    @property
    def is_detectable(self) -> bool:
        """Whether the change, though perhaps within the margin, is surely not zero."""
        return self.fail[0] > 0.0 or self.fail[1] < 0.0


def decide(judged: Judged, margin: float) -> Verdict:
    """Compare the intervals with a margin."""
    if judged.fail[0] > margin or judged.fail[1] < -margin:
        return "CHANGED"
    if -margin < judged.accept[0] and judged.accept[1] < margin:
        return "EQUIVALENT"
    return "INCONCLUSIVE"


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Join verdicts: one change is a change; only if all are equivalent is the whole."""
    known = set(verdicts)
    if "CHANGED" in known:
        return "CHANGED"
    return "INCONCLUSIVE" if "INCONCLUSIVE" in known else "EQUIVALENT"


def judge_paired(statistic: GateStatistic, old: Floats, new: Floats, levels: Levels) -> Judged:
    """Judge a statistic from the same trajectories on both sides.

    Parameters
    ----------
    old, new : ndarray of float64, shape (n,)
        `bounded_values` of both sides.
    """
    change = new - old
    up = int(np.count_nonzero(change > statistic.negligible))
    down = int(np.count_nonzero(change < -statistic.negligible))
    mean, spread, skewness = moments(change)
    method, accept = _paired_interval(statistic, change, up, down, levels.accept)
    _, fail = _paired_interval(statistic, change, up, down, levels.fail, may_fail=True)
    return Judged(
        statistic=statistic,
        n=change.size,
        old=float(old.mean()),
        new=float(new.mean()),
        difference=mean,
        standard_error=spread / sqrt(change.size),
        fail=fail,
        accept=accept,
        method=method,
        n_up=up,
        n_down=down,
        correlation=_correlation(old, new),
        skewness=skewness,
    )


def _paired_interval(
    statistic: GateStatistic, change: Floats, up: int, down: int, tail: float, may_fail: bool = False
) -> tuple[str, Interval]:
    n = change.size
    # All may have moved by one amount: what counts is how many did otherwise.
    usual = 0.0 if statistic.is_flag else float(np.median(change))
    if abs(usual) > statistic.negligible:
        up = int(np.count_nonzero(change > usual + statistic.negligible))
        down = int(np.count_nonzero(change < usual - statistic.negligible))
    else:
        usual = 0.0
    is_sparse = up + down < FEWEST_CHANGED
    mean, spread, skewness = moments(change)
    factor = normal_factor(tail)
    if not is_sparse and tail_is_normal(skewness, n, factor):
        half = factor * spread / sqrt(n)
        return "normal", (mean - half, mean + half)
    if statistic.is_flag:
        return "exact", flip_interval(up, down, n, tail)
    if is_sparse and (not may_fail or (up + down == 0 and usual == 0.0)):
        low, high = sparse_interval(up, down, n, statistic.largest, statistic.negligible, tail)
        return "exact", (usual + low, usual + high)
    # The exact bound of a sparse change always holds zero, so that it can never show a change.
    return "bounded", bounded_interval(change, statistic.largest, tail)


def _correlation(old: Floats, new: Floats) -> float:
    spreads = old.std() * new.std()
    if spreads <= 0.0:
        return nan
    return float(np.mean((old - old.mean()) * (new - new.mean())) / spreads)


def judge_apart(statistic: GateStatistic, old: Sums, new: Sums, levels: Levels) -> Judged:
    """Judge a statistic from independent trajectories on the two sides."""
    error = sqrt(old.spread**2 / old.n + new.spread**2 / new.n)
    method, accept = _apart_interval(statistic, old, new, levels.accept)
    _, fail = _apart_interval(statistic, old, new, levels.fail)
    return Judged(
        statistic=statistic,
        n=new.n,
        old=old.mean,
        new=new.mean,
        difference=new.mean - old.mean,
        standard_error=error,
        fail=fail,
        accept=accept,
        method=method,
    )


def _apart_interval(statistic: GateStatistic, old: Sums, new: Sums, tail: float) -> tuple[str, Interval]:
    factor = normal_factor(tail)
    variance = old.spread**2 / old.n + new.spread**2 / new.n
    # Third cumulants of the two means, as if both pulled to the same side.
    third = sum(abs(side.skewness) * side.spread**3 / side.n**2 for side in (old, new))
    is_normal = variance > 0.0 and third * factor**3 / (3.0 * variance**1.5) <= np.log(2.0)
    if statistic.is_flag:
        rarest = min(min(side.count, side.n - side.count) for side in (old, new))
        if rarest < FEWEST_CHANGED or not is_normal:
            return "exact", apart_interval((old.count, old.n), (new.count, new.n), tail)
    difference = new.mean - old.mean
    if is_normal:
        half = factor * sqrt(variance)
    else:
        half = sum(_bernstein_half(side, statistic.largest, 0.5 * tail) for side in (old, new))
    return "normal" if is_normal else "bounded", (difference - half, difference + half)


def _bernstein_half(side: Sums, width: float, tail: float) -> float:
    """Half-width of an interval of a mean of bounded values (Maurer and Pontil 2009), from sums alone."""
    nats = float(np.log(2.0 / tail))
    return side.spread * sqrt(2.0 * nats / side.n) + 7.0 * width * nats / (3.0 * (side.n - 1))


def judge_distribution(
    statistic: GateStatistic, old_grid: Floats, n_old: int, new: Floats, levels: Levels
) -> Judged:
    """Judge a whole distribution from independent trajectories, all quantiles at once.

    Parameters
    ----------
    old_grid : ndarray of float64, shape (GRID,)
        Equally spaced quantiles of the old side, both ends included.
    n_old : int
        Trajectories behind them.
    new : ndarray of float64, shape (n,)

    Notes
    -----
    The bound on the distance of an empirical from the true distribution function (Dvoretzky,
    Kiefer, Wolfowitz, Massart) holds for every n and every distribution. That the old side is
    known at a grid of quantiles adds a step of the grid.
    """
    levels_of_grid = np.linspace(0.0, 1.0, old_grid.size)
    sample = np.sort(np.where(np.isnan(new), -np.inf, new))
    below = np.searchsorted(sample, old_grid, side="left") / sample.size
    at_most = np.searchsorted(sample, old_grid, side="right") / sample.size
    step = 1.0 / (old_grid.size - 1)
    # Between grid points the old function lies within a step of its value at them; at an atom
    # the grid repeats its value, and the new function may lie anywhere across the jump.
    gap = np.maximum(np.maximum(below - levels_of_grid, levels_of_grid - at_most), 0.0)
    distance = float(gap.max())
    allowance = [
        distance_allowance(n_old, 0.5 * tail) + distance_allowance(sample.size, 0.5 * tail) + step
        for tail in (levels.fail, levels.accept)
    ]
    return Judged(
        statistic=statistic,
        n=sample.size,
        old=0.0,
        new=distance,
        difference=distance,
        standard_error=sqrt(0.25 / n_old + 0.25 / sample.size),
        fail=(max(distance - allowance[0], 0.0), distance + allowance[0]),
        accept=(0.0, distance + allowance[1]),
        method="exact",
    )


def smallest_distance_margin(n_old: int, n_new: int, levels: Levels, grid: int) -> float:
    """Return the margin below which no distribution could ever be found equivalent."""
    tail = 0.5 * levels.accept
    return distance_allowance(n_old, tail) + distance_allowance(n_new, tail) + 1.0 / (grid - 1)
