"""More cases with known truth: differences of quantiles, dates of events, Latin hypercubes.

As `coverage_cases`: each makes ``repeats`` independent samples and returns which intervals hold the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import exp, log
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from coverage_cases import N_GROUP, groups_of, mean_holds, probability_holds, quantile_holds, scrambled
from sandwich_sim.analysis.by_group import measured_of
from sandwich_sim.analysis.compare_groups import SortedGroups, sort_groups
from sandwich_sim.analysis.compare_shape import quantile_shift
from sandwich_sim.analysis.difference import measure_quantiles
from sandwich_sim.results.summarize import first_year

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

N = 4096
SCRAMBLE = (np.arange(N) % N_GROUP).astype(np.uint8)
DENSE = np.linspace(-0.04, 0.04, 400)
"""Records so dense about a date that they do not matter."""


def holds(found: Any, truth: float) -> bool:
    """Whether the 95% interval of an estimate holds the truth."""
    low, high = found.interval()
    return bool(low <= truth <= high)


def sorted_side(values: Floats) -> SortedGroups:
    """Sort one side of a difference."""
    return sort_groups(values, SCRAMBLE)


def shift_of_paired_quantiles(repeats: int, seed: int) -> Flags:
    """Plain sampling, the 95% quantile of a skewed outcome on two sides that share most of their luck."""
    generator, level = np.random.default_rng(seed), 0.95
    score = stats.norm.ppf(level)
    truth = 0.3 + exp(0.8 * score) - exp(score)
    found = []
    for _ in range(repeats):
        one, rest = generator.normal(size=(2, N))
        sides = np.exp(one), 0.3 + np.exp(0.8 * (0.9 * one + 0.19**0.5 * rest))
        found.append(holds(quantile_shift(*map(sorted_side, sides), "paired", [level])[0], truth))
    return np.array(found)


def shift_of_unpaired_quantiles(repeats: int, seed: int) -> Flags:
    """Plain sampling, the 5% quantile of exponentials, drawn apart."""
    generator, level = np.random.default_rng(seed), 0.05
    truth = -log(1.0 - level) * (1.5 - 1.0)
    found = []
    for _ in range(repeats):
        one, other = generator.exponential(size=(2, N))
        sides = map(sorted_side, (one, 1.5 * other))
        found.append(holds(quantile_shift(*sides, "independent", [level])[0], truth))
    return np.array(found)


def shift_of_quantiles_by_sobol(repeats: int, seed: int) -> Flags:
    """Sobol inputs and random shocks on both sides: 5% quantiles of a sum and of a third more."""
    generator, level = np.random.default_rng(seed), 0.05
    truth = (4.0 / 3.0 - 1.0) * (6.0 * level) ** (1.0 / 3.0)
    found = []
    for points in scrambled(2, N, repeats, seed):
        shock, other = generator.random((2, N))
        shared = np.where(generator.random(N) < 0.5, shock, other)  # half of the shocks are those of A
        sides = points.sum(axis=0) + shock, 4.0 / 3.0 * (points.sum(axis=0) + shared)
        found.append(holds(quantile_shift(*map(sorted_side, sides), "paired", [level])[0], truth))
    return np.array(found)


def share_of_a_quantile(repeats: int, seed: int) -> Flags:
    """Sobol inputs and random shocks: what one of two causes adds to the gap of a 95% quantile (Shapley)."""
    generator, level = np.random.default_rng(seed), 0.95
    quantile = 3.0 - (6.0 * (1.0 - level)) ** (1.0 / 3.0)  # of u1 + u2 + shock
    truth = (
        0.5 * ((1.2 - 1.0) + (1.2 - 1.0) * 1.5) * quantile
    )  # the cause multiplies by 1.2, the other by 1.5
    found = []
    for points in scrambled(2, N, repeats, seed):
        outcome = points.sum(axis=0) + generator.random(N)
        none, one, other, both = (
            sorted_side(factor * outcome).quantile_columns([level])[0] for factor in (1.0, 1.2, 1.5, 1.8)
        )
        found.append(holds(measured_of(0.5 * ((one - none) + (both - other)), N), truth))
    return np.array(found)


def quantile_of_a_sweep(repeats: int, seed: int) -> Flags:
    """Plain sampling, 1,024 trajectories: a point of a sweep, the 95% quantile of an exponential."""
    generator, n = np.random.default_rng(seed), 1024
    found = []
    for _ in range(repeats):
        columns = sort_groups(generator.exponential(size=n), SCRAMBLE[:n]).quantile_columns([0.95])[0]
        found.append(holds(measured_of(columns, n), log(20.0)))
    return np.array(found)


def quantile_of_differences_by_sobol(repeats: int, seed: int) -> Flags:
    """Sobol inputs and random shocks: the 25% quantile of B - A, trajectory by trajectory."""
    generator, level = np.random.default_rng(seed), 0.25
    grid = np.linspace(1.0, 2.0, 20_001)  # the middle part of the sum of three uniforms
    truth = float(np.interp(level, (-2.0 * grid**3 + 9.0 * grid**2 - 9.0 * grid + 3.0) / 6.0, grid))
    found = []
    for points in scrambled(2, N, repeats, seed):
        gaps = points.sum(axis=0) + generator.random(N)
        found.append(holds(measure_quantiles(gaps, [level], SCRAMBLE, is_replicated=True)[0], truth))
    return np.array(found)


def dates(
    times: Iterator[Floats], level: float, truth: float, years: Floats, *, is_replicated: bool
) -> Flags:
    """Which intervals of the date by which a part has seen an event hold the true date.

    Parameters
    ----------
    times : iterator of ndarray of float64, shape (n,)
        When each trajectory sees the event.
    years : ndarray of float64
        Of the records.
    """
    meta: Any = SimpleNamespace(is_replicated=is_replicated)
    found = []
    for each in times:
        parts = groups_of(np.searchsorted(years, each))
        first = np.array([np.bincount(part, minlength=years.size + 1)[:-1] for part in parts])
        count = np.full((N_GROUP, 1), parts.shape[1])
        estimate = first_year(np.cumsum(first, axis=-1), count, level, years, meta)
        found.append(estimate.low <= truth <= estimate.high)
    return np.array(found)


def date_of_an_event(repeats: int, seed: int) -> Flags:
    """Plain sampling, records so often that they do not matter: when 5% have seen an event."""
    generator = np.random.default_rng(seed)
    times = (generator.exponential(size=N) for _ in range(repeats))
    truth = log(20.0 / 19.0)
    return dates(times, 0.05, truth, truth + DENSE, is_replicated=False)


def date_of_an_event_by_sobol(repeats: int, seed: int) -> Flags:
    """Sobol inputs and random shocks, records so often that they do not matter: when half have seen it."""
    generator = np.random.default_rng(seed)
    times = (points.sum(axis=0) + generator.random(N) for points in scrambled(2, N, repeats, seed))
    return dates(times, 0.5, 1.5, 1.5 + DENSE, is_replicated=True)


def date_of_an_event_by_yearly_records(repeats: int, seed: int) -> Flags:
    """Plain sampling, yearly records, as a run has them: when half have seen an event."""
    generator = np.random.default_rng(seed)
    times = (generator.exponential(4.0, size=N) for _ in range(repeats))
    return dates(times, 0.5, 4.0 * log(2.0), np.arange(11.0), is_replicated=False)


def mean_by_hypercube(repeats: int, seed: int) -> Flags:
    """Sixteen Latin hypercubes, skewed: ``exp(u1 + u2 + u3)``."""
    samples = scrambled(3, 512, repeats, seed, "latin-hypercube")
    values = np.array([np.exp(points.sum(axis=0)) for points in samples])
    return mean_holds(values, (exp(1.0) - 1.0) ** 3, is_replicated=True)


def probability_by_hypercube(repeats: int, seed: int) -> Flags:
    """Sixteen Latin hypercubes, a corner of probability 1/6: ``u1 + u2 + u3 < 1``."""
    samples = scrambled(3, 1024, repeats, seed, "latin-hypercube")
    return probability_holds(
        np.array([points.sum(axis=0) < 1.0 for points in samples]), 1 / 6, is_replicated=True
    )


def quantile_by_hypercube(repeats: int, seed: int) -> Flags:
    """Sixteen Latin hypercubes, nothing random: the 5% quantile of ``u1 + u2 + u3`` from a histogram."""
    samples = (points.sum(axis=0) for points in scrambled(3, N, repeats, seed, "latin-hypercube"))
    return quantile_holds(samples, 0.05, 0.3 ** (1 / 3), (-0.5, 3.5), is_replicated=True)


CASES: tuple[Callable[[int, int], Flags], ...] = (
    shift_of_paired_quantiles,
    shift_of_unpaired_quantiles,
    shift_of_quantiles_by_sobol,
    share_of_a_quantile,
    quantile_of_a_sweep,
    quantile_of_differences_by_sobol,
    date_of_an_event,
    date_of_an_event_by_sobol,
    mean_by_hypercube,
    probability_by_hypercube,
    quantile_by_hypercube,
)
