"""Statistics of an outcome from its values, each with its standard error or its interval."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import inf, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.compare_groups import is_estimable
from sandwich_sim.analysis.difference import (
    Groups,
    Measured,
    measure_mean,
    measure_probability,
    measure_quantiles,
    student_factor,
)
from sandwich_sim.analysis.gate_bounds import FEWEST_CHANGED, fraction_lower, fraction_upper
from sandwich_sim.analysis.metrics import Statistic
from sandwich_sim.errors import UsageError
from sandwich_sim.results.histogram import FEWEST_BEYOND

Floats = NDArray[np.float64]
Interval = tuple[float, float]

ALPHA = 0.05
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def flags_of(statistic: Statistic, values: Floats) -> NDArray[np.bool_]:
    """Return in which trajectories the event of a probability holds.

    An undefined value satisfies no comparison: an event that never came did not come before 5.
    """
    if not statistic.compare:
        return values > 0.5
    with np.errstate(invalid="ignore"):
        return np.asarray(_COMPARE[statistic.compare](values, statistic.threshold), dtype=bool)


def sample_of(statistic: Statistic, values: Floats) -> Floats:
    """Return the values that a mean or quantile is of: an event that never came is later than any."""
    if statistic.metric is not None and statistic.metric.kind == "event_time":
        return np.where(np.isnan(values), inf, values)
    return values


def measure_statistic(
    statistic: Statistic, values: Floats, scramble: Groups, *, is_replicated: bool
) -> Measured:
    """Estimate a statistic and its standard error.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Of the statistic's metric (of its inner one, for a standard error).
    scramble : ndarray of uint8, shape (n,)
    is_replicated : bool
        Whether errors must be taken across scrambles (sobol, latin-hypercube).
    """
    if statistic.kind == "error" and statistic.inner is not None:
        inner = measure_statistic(statistic.inner, values, scramble, is_replicated=is_replicated)
        return Measured(inner.standard_error, nan, n=inner.n, reason=inner.reason)
    if statistic.kind == "probability":
        return measure_probability(flags_of(statistic, values), scramble, is_replicated=is_replicated)
    if statistic.kind == "mean":
        return measure_mean(values, scramble, is_replicated=is_replicated)
    if statistic.kind == "quantile":
        with np.errstate(invalid="ignore"):  # an infinite time less another one
            sample = sample_of(statistic, values)
            return measure_quantiles(sample, [statistic.level], scramble, is_replicated=is_replicated)[0]
    raise UsageError(f"{statistic.name} cannot be estimated from the outcomes of one run.")


def interval_of(
    statistic: Statistic, values: Floats, scramble: Groups, *, is_replicated: bool, alpha: float
) -> Interval:
    """Return the interval of a statistic that misses with probability ``alpha``.

    Notes
    -----
    Probabilities of few hits, or few misses, have exact bounds. A quantile's interval is that of
    the probability to lie below it, read off the ordered values (Woodruff 1952): it needs no
    density and is right for any distribution. NaN where there are too few trajectories.
    """
    if statistic.kind == "error":
        value = measure_statistic(statistic, values, scramble, is_replicated=is_replicated).value
        return value, value
    if statistic.kind == "probability":
        return _probability_interval(flags_of(statistic, values), scramble, is_replicated, alpha)
    if statistic.kind == "quantile":
        sample = sample_of(statistic, values)
        return _quantile_interval(sample, statistic.level, scramble, is_replicated, alpha)
    return measure_statistic(statistic, values, scramble, is_replicated=is_replicated).interval(alpha)


def error_of(
    statistic: Statistic, values: Floats, scramble: Groups, *, is_replicated: bool
) -> tuple[float, str]:
    """Return a standard error, or why there is none; of quantiles it comes from the order of the values."""
    if statistic.kind != "quantile":
        found = measure_statistic(statistic, values, scramble, is_replicated=is_replicated)
        return found.standard_error, found.reason
    low, high = interval_of(statistic, values, scramble, is_replicated=is_replicated, alpha=ALPHA)
    if not high - low < inf:
        return nan, f"fewer than {FEWEST_BEYOND} trajectories lie beyond it, or events that never came do"
    return (high - low) / (2.0 * student_factor(ALPHA, 15.0 if is_replicated else inf)), ""


def _probability_interval(
    flags: NDArray[np.bool_], scramble: Groups, is_replicated: bool, alpha: float
) -> Interval:
    n, hits = flags.size, int(np.count_nonzero(flags))
    low, high = measure_probability(flags, scramble, is_replicated=is_replicated).interval(alpha)
    found = max(low, 0.0), min(high, 1.0)
    if min(hits, n - hits) >= FEWEST_CHANGED or not n:
        return found
    exact = fraction_lower(hits, n, alpha / 2.0), fraction_upper(hits, n, alpha / 2.0)
    if not is_replicated:
        return exact
    # Exact for independent trajectories; scrambled ones scatter less, but nothing says by how much.
    return min(exact[0], found[0]), max(exact[1], found[1])


def _quantile_interval(
    values: Floats, level: float, scramble: Groups, is_replicated: bool, alpha: float
) -> Interval:
    is_defined = ~np.isnan(values)
    values, scramble = values[is_defined], scramble[is_defined]
    n = values.size
    if not is_estimable(n, level):
        return nan, nan
    ordered = np.sort(values)
    at = ordered[min(int(level * n), n - 1)]
    if is_replicated:
        below = measure_probability(values <= at, scramble, is_replicated=True)
        half = below.half_width(alpha)
    else:
        half = student_factor(alpha) * sqrt(level * (1.0 - level) / n)
    # As many values below the quantile as the interval of their number allows, and no more.
    low, high = int(np.ceil((level - half) * n)) - 1, int(np.floor((level + half) * n))
    return (
        float(ordered[low]) if low >= 0 else -inf,
        float(ordered[high]) if high < n else inf,
    )
