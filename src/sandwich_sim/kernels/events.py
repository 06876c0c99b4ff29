"""Events: lists of clauses that hold at the same record (docs/model.md, section 10)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import compiled, rowwise
from sandwich_sim.kernels.bits import select
from sandwich_sim.kernels.plan import RecordPlan, Scratch
from sandwich_sim.kernels.vectors import copy, fill

BELOW, ABOVE, RISE_BY, RISE_RATIO, FALL_BY, FALL_RATIO, ENDS_ABOVE, ENDS_ABOVE_START = range(8)


@rowwise
def annual_means(history: NDArray[np.float64], steps_per_year: int, means: NDArray[np.float64]) -> None:
    """Write the mean of the year of records that ends at each record (NaN before there is one).

    Parameters
    ----------
    history, means : ndarray of float64, shape (n_record, width)

    Notes
    -----
    The records are added afresh in time order: a running sum would let a flat series rise by
    rounding. Three and then two at a time, since a pass costs more than an addition.
    """
    for n in range(history.shape[0]):
        row = means[n]
        if n < steps_per_year - 1:
            fill(row, np.nan)
            continue
        first = n - steps_per_year + 1
        if steps_per_year < 3:
            copy(history[first], row)
            first += 1
        else:
            x, y, z = history[first], history[first + 1], history[first + 2]
            for j in range(row.size):
                row[j] = (x[j] + y[j]) + z[j]
            first += 3
        while first < n:
            x, y = history[first], history[first + 1]
            for j in range(row.size):
                row[j] = (row[j] + x[j]) + y[j]
            first += 2
        if first == n:
            x = history[n]
            for j in range(row.size):
                row[j] = (row[j] + x[j]) / steps_per_year
        else:
            for j in range(row.size):
                row[j] /= steps_per_year


@compiled
def needs_means(plan: RecordPlan, s: int) -> bool:
    """Whether a clause asks for annual means of series s."""
    for c in range(plan.clause_series.size):
        levels = plan.clause_levels[c]
        is_asked = plan.clause_years[c, 0] + plan.clause_years[c, 1] > 0
        is_asked |= (levels[ENDS_ABOVE] == levels[ENDS_ABOVE]) | (levels[ENDS_ABOVE_START] == 1.0)
        if plan.clause_series[c] == s and is_asked:
            return True
    return False


@compiled
def first_record(plan: RecordPlan, v: int, steps_per_year: int) -> int:
    """Return the first record at which event v can happen: moves of k years need k + 1 annual means."""
    years = 0
    for c in range(plan.event_start[v], plan.event_start[v + 1]):
        years = max(years, plan.clause_years[c, 0], plan.clause_years[c, 1])
    return 0 if years == 0 else (years + 1) * steps_per_year - 1


@rowwise
def count_stay(x: NDArray[np.float64], below: float, above: float, run: NDArray[np.float64]) -> None:
    """Count for how many records in a row the value has stayed below/above."""
    for j in range(x.size):
        inside = select(x[j] < below, 1.0, 0.0) if below == below else 1.0
        inside *= select(x[j] > above, 1.0, 0.0) if above == above else 1.0
        run[j] = (run[j] + 1.0) * inside


@rowwise
def moves(
    means: NDArray[np.float64],
    n: int,
    steps_per_year: int,
    years: int,
    sign: float,
    by: float,
    by_ratio: float,
    holds: NDArray[np.float64],
) -> None:
    """Clear ``holds`` unless the annual mean moved (sign +1: rose) in each of the last years."""
    for i in range(years):
        now, before = means[n - i * steps_per_year], means[n - (i + 1) * steps_per_year]
        for j in range(holds.size):
            change = sign * (now[j] - before[j])
            enough = (change > 0.0) & (change >= by) & (change >= by_ratio * abs(before[j]))
            holds[j] *= select(enough, 1.0, 0.0)


@rowwise
def evaluate_events(plan: RecordPlan, dt: float, steps_per_year: int, scratch: Scratch) -> None:
    """Write the first time of each event into ``scratch.time`` [yr after the start], NaN if never."""
    history, means, holds, run = scratch.history, scratch.means, scratch.holds, scratch.run
    for s in range(history.shape[0]):
        if needs_means(plan, s):
            annual_means(history[s], steps_per_year, means[s])
    for c in range(run.shape[0]):
        fill(run[c], 0.0)
    for v in range(plan.event_start.size - 1):
        time = scratch.time[v]
        fill(time, np.nan)
        first_possible = first_record(plan, v, steps_per_year)
        for n in range(history.shape[1]):
            fill(holds, 1.0)
            for c in range(plan.event_start[v], plan.event_start[v + 1]):
                levels, x = plan.clause_levels[c], history[plan.clause_series[c], n]
                if levels[BELOW] == levels[BELOW] or levels[ABOVE] == levels[ABOVE]:
                    count_stay(x, levels[BELOW], levels[ABOVE], run[c])
                if n >= first_possible:
                    clause_holds(
                        plan, c, n, plan.event_window[v], steps_per_year, history, means, run[c], holds
                    )
            if n < first_possible:
                continue
            for j in range(holds.size):
                first = (holds[j] == 1.0) & (time[j] != time[j])
                time[j] = select(first, n * dt, time[j])


@rowwise
def clause_holds(
    plan: RecordPlan,
    c: int,
    n: int,
    window: int,
    steps_per_year: int,
    history: NDArray[np.float64],
    means: NDArray[np.float64],
    run: NDArray[np.float64],
    holds: NDArray[np.float64],
) -> None:
    """Clear ``holds`` where clause c does not hold at record n."""
    levels, s = plan.clause_levels[c], plan.clause_series[c]
    if levels[BELOW] == levels[BELOW] or levels[ABOVE] == levels[ABOVE]:
        for j in range(holds.size):
            holds[j] *= select(run[j] >= window, 1.0, 0.0)
    if plan.clause_years[c, 0] > 0:
        moves(
            means[s],
            n,
            steps_per_year,
            plan.clause_years[c, 0],
            1.0,
            levels[RISE_BY],
            levels[RISE_RATIO],
            holds,
        )
    if plan.clause_years[c, 1] > 0:
        moves(
            means[s],
            n,
            steps_per_year,
            plan.clause_years[c, 1],
            -1.0,
            levels[FALL_BY],
            levels[FALL_RATIO],
            holds,
        )
    mean, start = means[s, n], history[s, 0]
    if levels[ENDS_ABOVE] == levels[ENDS_ABOVE]:
        for j in range(holds.size):
            holds[j] *= select(mean[j] > levels[ENDS_ABOVE], 1.0, 0.0)
    if levels[ENDS_ABOVE_START] == 1.0:
        for j in range(holds.size):
            holds[j] *= select(mean[j] > start[j], 1.0, 0.0)
