"""One outcome on two sides: the difference, how sure it is, and how the distributions differ.

Everything here works on values that lie in memory; `studies.compare` gets them from scenarios or
run folders.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.compare_groups import SortedGroups, sort_groups
from sandwich_sim.analysis.compare_shape import Shape, measure_shape
from sandwich_sim.analysis.difference import (
    Measured,
    measure_mean,
    measure_probability,
    measure_quantiles,
    paired_difference,
    paired_probability_difference,
    student_factor,
    unpaired_difference,
)
from sandwich_sim.analysis.dominance import Relation
from sandwich_sim.analysis.metrics import Metric

Floats = NDArray[np.float64]
Groups = NDArray[np.uint8]

SPREAD_LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)
FEWEST_BEHIND = 100
"""A mean that rests on fewer trajectories than this is not judged by its standard error."""
_POWER = 1.2815515655446004
"""Standard normal quantile of 0.9."""


@dataclass(frozen=True)
class Sample:
    """One outcome on one side.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        NaN where undefined.
    scramble : ndarray of uint8, shape (n,)
    is_replicated : bool
        Whether errors must be taken across groups.
    """

    values: Floats
    scramble: Groups
    is_replicated: bool


@dataclass(frozen=True)
class Undefined:
    """Trajectories without a value, which every statistic leaves out.

    Attributes
    ----------
    a, b : int
        On each side.
    either : int
        Pairs that lack a value on either side; the sum of both where unpaired.
    """

    a: int
    b: int
    either: int


@dataclass(frozen=True)
class Gap:
    """B - A, trajectory by trajectory where paired.

    Attributes
    ----------
    mean : Measured
        Mean of B less that of A (of events: the probabilities).
    above, below : Measured
        Probability that B is above A, and below: in one and the same trajectory where paired,
        otherwise of two trajectories drawn apart. What is missing to 1 is equal.
    spread : tuple of Measured
        Quantiles (`SPREAD_LEVELS`) of B - A over the trajectories; empty unless paired.
    n : int
        Trajectories (pairs) with a value; of the smaller side where unpaired.
    n_changed : int
        Pairs that differ at all; -1 unless paired.
    n_behind : float
        Effective number of trajectories that the error of the mean rests on.
    gain : float
        How many times more trajectories the same error would take unpaired; NaN unless paired.
    """

    mean: Measured
    above: Measured
    below: Measured
    spread: tuple[Measured, ...]
    n: int
    n_changed: int
    n_behind: float
    gain: float


@dataclass(frozen=True)
class MetricComparison:
    """One outcome compared between A and B.

    Attributes
    ----------
    metric : Metric
        As side A reads it.
    mean_a, mean_b : Measured
        Means, or probabilities of an event.
    gap : Gap
    shape : Shape, optional
        How the distributions differ; None for events.
    undefined : Undefined
    """

    metric: Metric
    mean_a: Measured
    mean_b: Measured
    gap: Gap
    shape: Shape | None
    undefined: Undefined

    @property
    def rests_on_few(self) -> bool:
        """Whether so few trajectories make the mean that its error says nothing (`FEWEST_BEHIND`)."""
        return not self.metric.is_flag and self.gap.n_behind < min(FEWEST_BEHIND, self.gap.n / 8)


def compare_metric(metric: Metric, a: Sample, b: Sample, relation: Relation) -> MetricComparison:
    """Compare one outcome between two sides.

    Parameters
    ----------
    metric : Metric
    a, b : Sample
        For paired sides, the same trajectories in the same order.
    relation : {"paired", "independent", "unknown"}
    """
    missing_a, missing_b = np.isnan(a.values), np.isnan(b.values)
    counts = int(missing_a.sum()), int(missing_b.sum())
    either = sum(counts)
    if relation == "paired" and either:
        hidden = missing_a | missing_b
        either = int(hidden.sum())
        a, b = (
            Sample(np.where(hidden, nan, side.values), side.scramble, side.is_replicated) for side in (a, b)
        )
    measure = measure_probability if metric.is_flag else measure_mean
    mean_a, mean_b = (
        measure(side.values, side.scramble, is_replicated=side.is_replicated) for side in (a, b)
    )
    undefined = Undefined(*counts, either)
    if relation == "paired" and metric.is_flag:
        return MetricComparison(
            metric, mean_a, mean_b, _paired_gap(metric, a, b, (mean_a, mean_b)), None, undefined
        )
    sorted_a, sorted_b = (sort_groups(side.values, side.scramble) for side in (a, b))
    if relation == "paired":
        gap = _paired_gap(metric, a, b, (mean_a, mean_b))
    else:
        mean = unpaired_difference(mean_a, mean_b, is_independent=relation == "independent")
        gap = _unpaired_gap(a, b, sorted_a, sorted_b, mean, relation)
    is_shapeless = metric.is_flag or min(sorted_a.smallest, sorted_b.smallest) == 0
    shape = None if is_shapeless else measure_shape(sorted_a, sorted_b, relation)
    return MetricComparison(metric, mean_a, mean_b, gap, shape, undefined)


def _paired_gap(metric: Metric, a: Sample, b: Sample, means: tuple[Measured, Measured]) -> Gap:
    is_replicated = a.is_replicated or b.is_replicated
    subtract = paired_probability_difference if metric.is_flag else paired_difference
    mean = subtract(a.values, b.values, a.scramble, is_replicated=is_replicated)
    gaps = b.values - a.values
    is_known = ~np.isnan(gaps)
    above, below = (
        measure_probability(np.where(is_known, sign, nan), a.scramble, is_replicated=is_replicated)
        for sign in (gaps > 0.0, gaps < 0.0)
    )
    apart = means[0].standard_error ** 2 + means[1].standard_error ** 2
    error = mean.standard_error
    return Gap(
        mean=mean,
        above=above,
        below=below,
        spread=()
        if metric.is_flag
        else measure_quantiles(gaps, SPREAD_LEVELS, a.scramble, is_replicated=is_replicated),
        n=int(is_known.sum()),
        n_changed=int(np.count_nonzero(gaps[is_known])),
        n_behind=effective_number(gaps[is_known]),
        gain=apart / error**2 if error > 0.0 else (nan if not isfinite(error) else inf),
    )


def _unpaired_gap(
    a: Sample, b: Sample, sorted_a: SortedGroups, sorted_b: SortedGroups, mean: Measured, relation: Relation
) -> Gap:
    """The chances are those of all pairs, errors by each value's place on the other side (DeLong 1988)."""
    behind = min(effective_number(side.pooled) for side in (sorted_a, sorted_b))
    n = min(sorted_a.n, sorted_b.n)
    above = _chance(a, b, sorted_a.pooled, sorted_b.pooled, relation)
    below = _chance(b, a, sorted_b.pooled, sorted_a.pooled, relation)
    return Gap(mean, above, below, (), n, -1, behind, nan)


def _chance(low: Sample, high: Sample, lows: Floats, highs: Floats, relation: Relation) -> Measured:
    """Probability that a value of one side is above one of the other, drawn apart."""
    if not lows.size or not highs.size:
        return Measured(nan, nan, reason="too few trajectories")
    part_below = np.searchsorted(lows, high.values, "left") / lows.size
    part_above = 1.0 - np.searchsorted(highs, low.values, "right") / highs.size
    sides = [
        _place_error(np.where(np.isnan(side.values), nan, places), side)
        for side, places in ((low, part_above), (high, part_below))
    ]
    error = unpaired_difference(*sides, is_independent=relation == "independent")
    return Measured(sides[1].value, error.standard_error, error.degrees_of_freedom, error.n, error.reason)


def _place_error(places: Floats, side: Sample) -> Measured:
    return measure_mean(places, side.scramble, is_replicated=side.is_replicated)


def effective_number(values: Floats) -> float:
    """Return how many trajectories a variance rests on: n over the kurtosis; n where nothing varies.

    One far value among many that are alike gives 1, a normal sample a third of its size.
    """
    if values.size == 0:
        return 0.0
    centered = values - values.mean()
    largest = float(np.abs(centered).max())
    if largest == 0.0 or not isfinite(largest):
        return float(values.size)
    squares = (centered / largest) ** 2
    return float(squares.sum() ** 2 / np.square(squares).sum())  # not by BLAS, whose threads spin


def needed_trajectories(measured: Measured, n: int, alpha: float) -> float:
    """Return how many trajectories show a difference, if it is what was measured on ``n``.

    With that many, it is beyond chance at ``alpha`` nine times in ten. Errors are taken to fall
    with the square root of the number, also for sobol: shocks are pseudo-random.
    """
    if not measured.is_known or measured.value == 0.0:
        return inf
    if measured.standard_error == 0.0:
        return float(n)
    factor = student_factor(alpha, measured.degrees_of_freedom) + _POWER
    return n * (factor * measured.standard_error / measured.value) ** 2
