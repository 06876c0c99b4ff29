"""Pairs of samples whose true change is known, one class for each way in which a gate judges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sandwich_sim.analysis.gate_rule import Judged, Levels, judge_apart, judge_distribution, judge_paired
from sandwich_sim.analysis.gate_statistics import GRID, GateStatistic, sums_of

Floats = NDArray[np.float64]
World = Callable[[Generator, float, Levels], Judged]

N = 4096
MARGIN = 0.02


def _statistic(kind: str, margin: float = MARGIN) -> GateStatistic:
    return GateStatistic(f"{kind}(x)", "x", kind, margin, low=0.0, high=1.0)  # type: ignore[arg-type]


def mean(rng: Generator, change: float, levels: Levels) -> Judged:
    """Every trajectory moves a little, and scatters."""
    old = rng.beta(4.0, 4.0, N)
    return judge_paired(_statistic("mean"), old, old + change + rng.normal(0.0, 0.15, N), levels)


def skewed_mean(rng: Generator, change: float, levels: Levels) -> Judged:
    """Most trajectories hardly move, a few move far."""
    old = rng.beta(4.0, 4.0, N)
    moved = 0.3 * (rng.uniform(size=N) ** 6 - 1.0 / 7.0)
    return judge_paired(_statistic("mean"), old, old + change + moved, levels)


def sparse_mean(rng: Generator, change: float, levels: Levels) -> Judged:
    """A few trajectories move from one end of the range to the other, none else; margin: 10 of them."""
    moved = (rng.uniform(size=N) < change).astype(float)
    return judge_paired(_statistic("mean", 10.0 / N), np.zeros(N), moved, levels)


def probability(rng: Generator, change: float, levels: Levels) -> Judged:
    """Flags flip both ways."""
    old = rng.uniform(size=N) < 0.4
    up, down = rng.uniform(size=(2, N))
    new = (old & (down >= 0.1)) | (~old & (up < (0.04 + change) / 0.6))
    return judge_paired(_statistic("probability"), old.astype(float), new.astype(float), levels)


def rare_probability(rng: Generator, change: float, levels: Levels) -> Judged:
    """Hardly a flag flips: exact bounds. The margin is 20 of them."""
    old = np.zeros(N)
    new = (rng.uniform(size=N) < change).astype(float)
    return judge_paired(_statistic("probability", 20.0 / N), old, new, levels)


def mean_apart(rng: Generator, change: float, levels: Levels) -> Judged:
    """Independent samples."""
    statistic = _statistic("mean")
    old, new = rng.beta(4.0, 4.0, N), rng.beta(4.0, 4.0, N) + change
    return judge_apart(statistic, sums_of(statistic, old), sums_of(statistic, new), levels)


def probability_apart(rng: Generator, change: float, levels: Levels) -> Judged:
    """Independent flags."""
    statistic = _statistic("probability")
    old, new = (rng.uniform(size=N) < 0.4).astype(float), (rng.uniform(size=N) < 0.4 + change).astype(float)
    return judge_apart(statistic, sums_of(statistic, old), sums_of(statistic, new), levels)


def rare_probability_apart(rng: Generator, change: float, levels: Levels) -> Judged:
    """Independent flags that are hardly ever raised."""
    statistic = _statistic("probability", 20.0 / N)
    old, new = np.zeros(N), (rng.uniform(size=N) < change).astype(float)
    return judge_apart(statistic, sums_of(statistic, old), sums_of(statistic, new), levels)


def distribution(rng: Generator, change: float, levels: Levels) -> Judged:
    """Independent uniform samples, the new one moved: the distance is the shift. Margin: 0.1."""
    statistic = _statistic("distribution", 0.1)
    places = np.maximum(np.ceil(np.linspace(0.0, 1.0, GRID) * N).astype(int) - 1, 0)
    grid = np.sort(rng.uniform(size=N))[places]
    return judge_distribution(statistic, grid, N, rng.uniform(size=N) + change, levels)


NORMAL: dict[str, World] = {
    "mean": mean,
    "skewed mean": skewed_mean,
    "probability": probability,
    "mean apart": mean_apart,
    "probability apart": probability_apart,
}
"""Intervals with the error rate that they state."""
EXACT: dict[str, World] = {
    "sparse mean": sparse_mean,
    "rare probability": rare_probability,
    "rare probability apart": rare_probability_apart,
    "distribution": distribution,
}
"""Bounds with an error rate of at most what they state."""
EVERY = NORMAL | EXACT


def margin_of(world: World) -> float:
    """Return the margin of a world's statistic."""
    return world(np.random.default_rng(0), 0.0, Levels(0.01, 0.01)).statistic.margin
