"""Statistics of all trajectories and of each of the sixteen groups, side by side in one array.

Whatever is computed of such arrays element by element (a difference, a share of a gap, where a
curve crosses a level) comes out for the whole and for each group, and the spread of the groups is
its standard error, with the same random numbers on all sides accounted for.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.compare_groups import SortedGroups, sort_groups
from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.metrics import Metric, Statistic
from sandwich_sim.analysis.statistic import sample_of
from sandwich_sim.errors import UsageError
from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]

N_COLUMN = 1 + N_SCRAMBLE
"""The whole, then each group."""


def needed_metrics(statistics: Sequence[Statistic]) -> tuple[Metric, ...]:
    """Return the outcomes that statistics are taken of, each once.

    Raises
    ------
    UsageError
        If a statistic is a standard error: it has none itself.
    """
    found: dict[str, Metric] = {}
    for statistic in statistics:
        if statistic.metric is None:
            raise UsageError(f"{statistic.name} is no mean, quantile or probability. Name one of these.")
        found[statistic.metric.name] = statistic.metric
    return tuple(found.values())


def group_statistics(
    statistics: Sequence[Statistic],
    metrics: Sequence[Metric],
    values: Floats,
    scramble: NDArray[np.uint8],
) -> Floats:
    """Return statistics of all trajectories and of each group.

    Parameters
    ----------
    statistics : sequence of Statistic
        Means, quantiles and probabilities.
    metrics : sequence of Metric
        The rows of ``values``.
    values : ndarray of float64, shape (n_metric, n)
        NaN where undefined: left out, but for the time of an event that never comes, which is later
        than any.
    scramble : ndarray of uint8, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n_statistic, 17)
        NaN where nothing is defined, and for the groups where too few trajectories lie beyond a
        quantile. What a group says of a quantile: `SortedGroups.quantile_columns`.
    """
    rows = {metric.name: row for metric, row in zip(metrics, values, strict=True)}
    sorted_rows: dict[str, SortedGroups] = {}
    found = np.empty((len(statistics), N_COLUMN))
    for out, statistic in zip(found, statistics, strict=True):
        assert statistic.metric is not None  # `needed_metrics` has seen to it
        name = statistic.metric.name
        if statistic.kind == "quantile":
            if name not in sorted_rows:
                sorted_rows[name] = sort_groups(sample_of(statistic, rows[name]), scramble)
            out[:] = _quantiles(sorted_rows[name], statistic.level)
        elif statistic.kind == "probability":
            out[:] = _means(_hits(statistic, rows[name]), scramble)
        else:
            out[:] = _means(rows[name], scramble)
    return found


def measured_of(columns: Floats, n: int) -> Measured:
    """Return the estimate that a whole and its groups make, with its standard error.

    Parameters
    ----------
    columns : ndarray of float64, shape (17,)
    n : int
        Trajectories behind it.
    """
    value, groups = float(columns[0]), columns[1:]
    if not np.isfinite(groups).all():
        return Measured(value, np.nan, n=n, reason="too few trajectories")
    spread = float(((groups - groups.mean()) ** 2).sum() / (N_SCRAMBLE - 1.0))
    return Measured(value, sqrt(spread / N_SCRAMBLE), N_SCRAMBLE - 1.0, n)


def _hits(statistic: Statistic, row: Floats) -> Floats:
    """Return 1 where the event of a probability holds, 0 where not, NaN where that is undefined."""
    if not statistic.compare:
        return row
    tests = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
    is_time = statistic.metric is not None and statistic.metric.kind == "event_time"
    known = np.where(np.isnan(row), np.inf, row) if is_time else row
    hits: Floats = tests[statistic.compare](known, statistic.threshold).astype(np.float64)
    return hits if is_time else np.where(np.isnan(row), np.nan, hits)


def _means(row: Floats, scramble: NDArray[np.uint8]) -> Floats:
    is_defined = ~np.isnan(row)
    if not is_defined.all():
        row, scramble = row[is_defined], scramble[is_defined]
    counts = np.bincount(scramble, minlength=N_SCRAMBLE)
    sums = np.bincount(scramble, weights=row, minlength=N_SCRAMBLE)
    with np.errstate(invalid="ignore"):
        return np.concatenate([[sums.sum() / counts.sum()], sums / counts])


def _quantiles(groups: SortedGroups, level: float) -> Floats:
    with np.errstate(invalid="ignore"):  # between two infinite times
        found = groups.quantile_columns([level])[0]
    return found if np.isfinite(found[0]) else np.full(N_COLUMN, np.nan)
