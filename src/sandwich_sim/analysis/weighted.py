"""Means, probabilities and quantiles of weighted trajectories, each with its standard error.

Weights sum to one by division, so every mean is a ratio and its error that of a ratio: by the
delta method over trajectories, or across the 16 scrambles where the sampler asks for it. A
quantile's error is that of the probability to lie below it, read back off the ordered values
(Woodruff 1952). Where that error is small (Sobol points, an outcome of one input), the steps of the
weighted values themselves limit what can be told: it is never less than their rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.weights import Weights
from sandwich_sim.results.estimate import interval_factor
from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEWEST_BEYOND = 50.0
"""Effective trajectories that must lie on either side of a quantile."""
TOO_FEW = "too few trajectories"
_N_BUCKET = 1024
_STEPS = 8.0
"""Weighted values that the slope of a distribution is read over, at least, to either side."""
_PIECE = 32_768
_SAMPLE = 4096


@dataclass(frozen=True)
class Spread:
    """A distribution in a few numbers.

    Attributes
    ----------
    mean : Measured
    deviation : float
        Standard deviation.
    quantiles : dict of float to Measured
    undefined : float
        Weight of the trajectories without a value; all numbers are of the others.
    """

    mean: Measured
    deviation: float
    quantiles: dict[float, Measured]
    undefined: float = 0.0


def weighted_mean(values: Floats, weights: Weights) -> Measured:
    """Estimate a mean over the trajectories that have a value.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        NaN where undefined.
    """
    return _moments(values, weights)[0]


def _total_and_mean(values: Floats, weights: Weights) -> tuple[float, float]:
    """Return the weight of the trajectories that have a value, and their mean."""
    total = summed = 0.0
    with np.errstate(invalid="ignore"):
        for span in _spans(values.size):
            part, piece = _defined(values[span], weights.values[span])
            total += float(part.sum())
            summed += float((part * piece).sum())
    return total, summed / total if total > 0.0 else nan


def _moments(values: Floats, weights: Weights) -> tuple[Measured, float]:
    """Return the mean and the standard deviation, in two passes over pieces that stay in the cache."""
    total, mean = _total_and_mean(values, weights)
    if not np.isfinite(mean):
        return Measured(mean, nan, n=weights.n, reason=TOO_FEW if mean != mean else "infinite values"), nan
    spread, error = 0.0, _ErrorSum(weights)
    for span in _spans(values.size):
        part, piece = _defined(values[span], weights.values[span])
        distance = piece - mean
        influence = part * distance
        spread += float((influence * distance).sum())
        error.add(influence, span)
    found = Measured(mean, error.value() / total, weights.degrees_of_freedom, weights.n)
    return found, sqrt(spread / total)


class _ErrorSum:
    """The standard error of a sum, from what each trajectory adds to it, piece by piece."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._groups, self._squares = np.zeros(N_SCRAMBLE), 0.0

    def add(self, influence: Floats, span: slice) -> None:
        """Take a piece in."""
        if self._weights.is_replicated:
            self._groups += np.bincount(self._weights.scramble[span], influence, N_SCRAMBLE)
        else:
            self._squares += float((influence * influence).sum())

    def value(self) -> float:
        """Return the standard error of the sum of all pieces."""
        if self._weights.is_replicated:
            return self._weights.error_of_groups(self._groups)
        return sqrt(self._squares * self._weights.n / max(self._weights.n - 1, 1))


def weighted_probability(flags: Flags | Floats, weights: Weights) -> Measured:
    """Estimate a probability; where none or all hit, the error is that of two more each way."""
    found = weighted_mean(np.asarray(flags, dtype=np.float64), weights)
    hits = np.asarray(flags, dtype=np.float64) > 0.5
    if not np.isfinite(found.value) or (hits[weights.values > 0.0].any() and found.value < 1.0 - 1e-12):
        return found
    effective = weights.diagnosis.effective
    value = 0.0 if found.value < 0.5 else 1.0
    shy = (value * effective + 2.0) / (effective + 4.0)
    error = sqrt(shy * (1.0 - shy) / (effective + 4.0))
    return Measured(value, error, weights.degrees_of_freedom, weights.n)


def weighted_change(values: Floats, before: Weights, after: Weights) -> Measured:
    """Estimate by how much a mean differs under two sets of weights of the same trajectories.

    The two share their luck, so the error of the difference is not that of two samples.
    """
    (total, mean), (old_total, old_mean) = (_total_and_mean(values, each) for each in (after, before))
    if not (np.isfinite(mean) and np.isfinite(old_mean)):
        return Measured(nan, nan, n=after.n, reason=TOO_FEW)
    summed = _ErrorSum(after)
    for span in _spans(values.size):
        part, piece = _defined(values[span], after.values[span])
        old, _ = _defined(values[span], before.values[span])
        summed.add(part * (piece - mean) / total - old * (piece - old_mean) / old_total, span)
    error = summed.value()
    if error == 0.0 and not after.is_equal:
        error = 1.0 / after.diagnosis.effective  # no sample shows that a flag never differs
    return Measured(mean - old_mean, error, after.degrees_of_freedom, after.n)


def weighted_spread(values: Floats | Ordered, weights: Weights, levels: Sequence[float]) -> Spread:
    """Estimate mean, standard deviation and quantiles.

    Parameters
    ----------
    values : ndarray of float64, shape (n,), or Ordered
        NaN where undefined, infinite where something never comes.
    levels : sequence of float
    """
    ordered = values if isinstance(values, Ordered) else Ordered(values)
    values = ordered.values
    undefined = 0.0 if ordered.is_complete else float(weights.values[np.isnan(values)].sum())
    mean, deviation = _moments(values, weights)
    found = weighted_quantiles(ordered, weights, levels)
    return Spread(mean, deviation, dict(zip(levels, found, strict=True)), undefined)


class Ordered:
    """Values put into buckets that rise, so that quantiles under any weights need no sort of them all.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        NaN where undefined.
    """

    def __init__(self, values: Floats) -> None:
        self.values = values
        self.is_complete = not bool(np.isnan(values).any())

    @cached_property
    def buckets(self) -> NDArray[np.int16]:
        """The bucket of each value, shape (n,); -1 where it is undefined."""
        values = self.values
        sample = values[:: max(1, values.size // _SAMPLE)]
        sample = np.sort(sample[np.isfinite(sample)])
        ends = sample[[sample.size // 500, -1 - sample.size // 500]] if sample.size else np.zeros(2)
        width = float(ends[1] - ends[0])
        if not (np.isfinite(width) and width > 0.0):
            ends, width = np.array([ends[0], ends[0]]), 1.0
        found = np.empty(values.size, dtype=np.int16)
        for span in _spans(values.size):
            with np.errstate(invalid="ignore", over="ignore"):
                place = (values[span] - ends[0]) * ((_N_BUCKET - 2) / width)
                np.clip(place, -1.0, _N_BUCKET - 2.0, out=place)
                place += 1.0
            if not self.is_complete:
                place[np.isnan(values[span])] = -1.0
            found[span] = place
        return found

    def among(self, places: NDArray[np.int64]) -> Ordered:
        """Return some of the values."""
        return Ordered(self.values[places])


def weighted_quantiles(
    values: Floats | Ordered, weights: Weights, levels: Sequence[float]
) -> tuple[Measured, ...]:
    """Estimate quantiles over the trajectories that have a value.

    A quantile with fewer than 50 effective trajectories on one of its sides is not estimated.
    """
    ordered = values if isinstance(values, Ordered) else Ordered(values)
    places = weights.few
    if places is not None:
        ordered = ordered.among(places)
    cumulated = _Cumulated(ordered, weights)
    return tuple(_quantile(cumulated, level) for level in levels)


class _Cumulated:
    """Weights added up over the values in rising order: passes over all of them are made once."""

    def __init__(self, ordered: Ordered, weights: Weights) -> None:
        self.weights, self._values = weights, ordered.values
        places = weights.few
        part = weights.values if places is None else weights.values[places]
        scramble = weights.scramble if places is None else weights.scramble[places]
        if not ordered.is_complete:
            part = np.where(np.isnan(ordered.values), 0.0, part)
        if places is not None or not ordered.is_complete:
            total = float(part.sum())
            part = part / total if total > 0.0 else part
        self.part, self.scramble, self._buckets = part, scramble, ordered.buckets
        groups = np.zeros((_N_BUCKET + 1) * N_SCRAMBLE)
        squares = np.zeros(_N_BUCKET + 1)
        for span in _spans(part.size):
            code = self._buckets[span].astype(np.int64)
            code += 1
            squares += np.bincount(code, part[span] * part[span], _N_BUCKET + 1)
            code *= N_SCRAMBLE
            code += scramble[span]
            groups += np.bincount(code, part[span], groups.size)
        self.groups: Floats = np.cumsum(groups.reshape(-1, N_SCRAMBLE), axis=0, dtype=np.float64)
        self.squares: Floats = np.cumsum(squares, dtype=np.float64)
        self.mass = self.groups.sum(axis=1)
        self._sorted: dict[int, NDArray[np.int64]] = {}

    @property
    def has_values(self) -> bool:
        """Whether anything weighs."""
        return bool(self.mass[-1] > 0.0)

    def at(self, level: float) -> float:
        """Return the smallest value that has at least a level of the weight at or below it."""
        wanted = level * float(self.mass[-1])
        bucket = int(np.searchsorted(self.mass, wanted))
        places = self._bucket(bucket)
        reached = self._before(self.mass, bucket) + np.cumsum(self.part[places])
        return float(self._values[places[min(int(np.searchsorted(reached, wanted)), places.size - 1)]])

    def step(self, level: float) -> float:
        """Return how much weighs a trajectory about a level, as the others do: a root mean square."""
        wanted = level * float(self.mass[-1])
        part = self.part[self._bucket(int(np.searchsorted(self.mass, wanted)))]
        return sqrt(float((part * part).sum()) / max(int(np.count_nonzero(part)), 1))

    def below(self, value: float, level: float) -> tuple[Floats, float]:
        """Return the weight at or below a value by scramble, shape (16,), and the sum of its squares."""
        bucket = int(np.searchsorted(self.mass, level * float(self.mass[-1])))
        places = self._bucket(bucket)
        places = places[self._values[places] <= value]
        part = self.part[places]
        groups = np.bincount(self.scramble[places], part, N_SCRAMBLE)
        return (
            self._before(self.groups, bucket) + groups,
            float(self._before(self.squares, bucket)) + float((part * part).sum()),
        )

    @staticmethod
    def _before(cumulative: Floats, bucket: int) -> Floats:
        return np.asarray(cumulative[bucket - 1] if bucket else np.zeros_like(cumulative[0]))

    def _bucket(self, bucket: int) -> NDArray[np.int64]:
        """Return the places of the values in a bucket, in rising order of the values."""
        if bucket not in self._sorted:
            places = np.flatnonzero(self._buckets == bucket - 1)
            self._sorted[bucket] = places[np.argsort(self._values[places])]
        return self._sorted[bucket]


def _quantile(found: _Cumulated, level: float) -> Measured:
    weights = found.weights
    if not found.has_values:
        return Measured(nan, nan, n=weights.n, reason=TOO_FEW)
    value = found.at(level)
    groups, square = found.below(value, level)
    below, squares = float(groups.sum()), float(found.squares[-1])
    # Effective trajectories on either side, of the level as of the value: values may be shared.
    sides = ((below, square), (1.0 - below, squares - square))
    effective = [mass * mass / each for mass, each in sides if mass > 1e-9 and each > 0.0]
    if min(min(level, 1.0 - level) / squares, *effective) < FEWEST_BEYOND:
        return Measured(value, nan, n=weights.n, reason=TOO_FEW)
    if weights.is_replicated:
        error = weights.error_of_groups(groups - below * found.groups[-1])
    else:
        error = sqrt(max(square * (1.0 - 2.0 * below) + below * below * squares, 0.0))
    step = found.step(level)
    error = max(error, step / sqrt(12.0))
    # Across a step or two the values' distance is luck: what is read over more of them is scaled down.
    # Else over the 95% interval: over less of them the slope errs more than the interval can bear.
    reach = max(interval_factor(is_replicated=weights.is_replicated) * error, _STEPS * step)
    ends = [found.at(min(max(level + side * reach, 0.0), 1.0)) for side in (-1.0, 1.0)]
    with np.errstate(invalid="ignore"):
        half = 0.5 * (ends[1] - ends[0]) * (error / reach)
    return Measured(value, float(half), weights.degrees_of_freedom, weights.n)


def _defined(values: Floats, part: Floats) -> tuple[Floats, Floats]:
    """Return weights and values with those taken out that have none."""
    is_undefined = np.isnan(values)
    if not is_undefined.any():
        return part, values
    return np.where(is_undefined, 0.0, part), np.where(is_undefined, 0.0, values)


def _spans(n: int) -> Iterator[slice]:
    """Yield pieces of an array that stay in the cache from one operation to the next."""
    for first in range(0, n, _PIECE):
        yield slice(first, first + _PIECE)
