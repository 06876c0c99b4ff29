"""Reductions of a record: sums per scramble, histograms, what is kept of each trajectory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import compiled, rowwise
from sandwich_sim.kernels.bits import select
from sandwich_sim.kernels.plan import (
    FAN_BUCKETS,
    FINE_BUCKETS,
    N_SCRAMBLE,
    Accumulators,
    Outcomes,
    RecordPlan,
)
from sandwich_sim.kernels.vmath import log

_UNROLLED = 3 * N_SCRAMBLE
_FAR, _LEAST = 1e30, 1e-300
N_TOGETHER = 4
"""Histograms that are counted side by side."""


@rowwise
def add_full_rows(
    record: NDArray[np.float64], n_full: int, total: NDArray[np.float64], square: NDArray[np.float64]
) -> None:
    """Add the first ``n_full`` (a multiple of 48) of each row to its sums and sums of squares.

    Notes
    -----
    The lanes of the vector are the scrambles, so nothing is reordered: the sums do not depend
    on the width of a block. Three times sixteen at a time keep the sums in registers.
    """
    n_lane = total.shape[1]  # not the constant 16, which would be unrolled into gathers
    for s in range(record.shape[0]):
        x, a, q = record[s], total[s], square[s]
        for start in range(0, n_full, _UNROLLED):
            part = x[start : start + _UNROLLED]
            for r in range(n_lane):
                x0, x1, x2 = part[r], part[r + 16], part[r + 32]
                a[r] = ((a[r] + x0) + x1) + x2
                q[r] = ((q[r] + x0 * x0) + x1 * x1) + x2 * x2


@compiled
def add_rest(
    record: NDArray[np.float64],
    n_full: int,
    n_valid: int,
    total: NDArray[np.float64],
    square: NDArray[np.float64],
) -> None:
    """Add what is left of each row, one trajectory at a time in the same order."""
    for s in range(record.shape[0]):
        for j in range(n_full, n_valid):
            r = j % N_SCRAMBLE
            total[s, r] += record[s, j]
            square[s, r] += record[s, j] * record[s, j]


@compiled
def add_sums(
    plan: RecordPlan,
    record: NDArray[np.float64],
    n_valid: int,
    total: NDArray[np.float64],
    square: NDArray[np.float64],
    undefined: NDArray[np.int64],
    defined: NDArray[np.float64],
) -> None:
    """Add a record to the sums of its step; undefined values count as such, not as numbers.

    Parameters
    ----------
    defined : ndarray of float64, shape (n_hop, width)
        Scratch.
    """
    first, last = plan.undefined_first, plan.undefined_last
    n_full = n_valid - n_valid % _UNROLLED
    add_full_rows(record[:first], n_full, total[:first], square[:first])
    add_full_rows(record[last:], n_full, total[last:], square[last:])
    if n_full < n_valid:
        add_rest(record[:first], n_full, n_valid, total[:first], square[:first])
        add_rest(record[last:], n_full, n_valid, total[last:], square[last:])
    count_undefined(record[first], n_valid, undefined)
    keep_defined(record[first:last], defined)
    add_full_rows(defined, n_full, total[first:last], square[first:last])
    if n_full < n_valid:
        add_rest(defined, n_full, n_valid, total[first:last], square[first:last])


@rowwise
def keep_defined(record: NDArray[np.float64], defined: NDArray[np.float64]) -> None:
    """Copy rows with 0 for every undefined value."""
    for s in range(record.shape[0]):
        x, kept = record[s], defined[s]
        for j in range(x.size):
            kept[j] = select(x[j] == x[j], x[j], 0.0)


@compiled
def count_undefined(x: NDArray[np.float64], n_valid: int, undefined: NDArray[np.int64]) -> None:
    """Count the undefined values of a row, per scramble."""
    for j in range(n_valid):
        if x[j] != x[j]:
            undefined[j % N_SCRAMBLE] += 1


@rowwise
def find_buckets(
    x: NDArray[np.float64], axis: NDArray[np.float64], n_bucket: int, buckets: NDArray[np.uint16]
) -> None:
    """Write each value's bucket: 0 below the range, 1..n inside, n + 1 above, n + 2 undefined.

    In float32, which halves the time: what lies within 1e-4 of a bucket's width from its end may
    be counted on the other side.
    """
    low, per_unit, scale = np.float32(axis[0]), np.float32(axis[1]), np.float32(axis[2])
    most, one, zero = np.float32(n_bucket + 1), np.float32(1.0), np.float32(0.0)
    if scale == zero:
        for j in range(x.size):
            value = np.float32(x[j])
            position = min(max((value - low) * per_unit + one, zero), most)
            buckets[j] = np.uint16(select(value == value, position, most + one))
    elif scale < zero:
        for j in range(x.size):
            value = np.float32(log(max(x[j], _LEAST)))
            position = min(max((value - low) * per_unit + one, zero), most)
            buckets[j] = np.uint16(select(x[j] == x[j], position, most + one))
    else:
        for j in range(x.size):
            value = np.float32(min(max(x[j], -_FAR), _FAR))  # infinity over infinity would be no bucket
            position = min(max((value / (scale + abs(value)) - low) * per_unit + one, zero), most)
            buckets[j] = np.uint16(select(value == value, position, most + one))


@compiled
def count_fans(
    plan: RecordPlan,
    record: NDArray[np.float64],
    n_valid: int,
    buckets: NDArray[np.uint16],
    fan: NDArray[np.uint16],
) -> None:
    """Count the fan series of a record."""
    n_fan = plan.fan_rows.size
    for first in range(0, n_fan, N_TOGETHER):
        n_now = min(N_TOGETHER, n_fan - first)
        for i in range(n_now):
            f = first + i
            find_buckets(record[plan.fan_rows[f]], plan.fan_axis[f], FAN_BUCKETS, buckets[i])
        if n_now == N_TOGETHER:
            count_four(n_valid, buckets, fan[first], fan[first + 1], fan[first + 2], fan[first + 3])
        else:
            for i in range(n_now):
                counts = fan[first + i]
                for j in range(n_valid):
                    counts[buckets[i, j]] += np.uint16(1)


@compiled
def count_four(
    n_valid: int,
    buckets: NDArray[np.uint16],
    a: NDArray[np.uint16],
    b: NDArray[np.uint16],
    c: NDArray[np.uint16],
    d: NDArray[np.uint16],
) -> None:
    """Count four histograms side by side: one alone waits for its own last count.

    Buckets are unsigned, since a signed index is checked for being negative.
    """
    for j in range(n_valid):
        a[buckets[0, j]] += np.uint16(1)
        b[buckets[1, j]] += np.uint16(1)
        c[buckets[2, j]] += np.uint16(1)
        d[buckets[3, j]] += np.uint16(1)


@compiled
def count_fine(
    plan: RecordPlan,
    which: int,
    record: NDArray[np.float64],
    n_valid: int,
    buckets: NDArray[np.uint16],
    fine: NDArray[np.uint32],
) -> None:
    """Count the table's series finely, per scramble; ``which`` is 0 at the start, 1 at the end."""
    for f in range(plan.fine_rows.size):
        find_buckets(record[plan.fine_rows[f]], plan.fine_axis[f], FINE_BUCKETS, buckets[0])
        for j in range(n_valid):
            fine[j % N_SCRAMBLE, f, which, buckets[0, j]] += np.uint32(1)


@rowwise
def copy_row(source: NDArray[np.float64], n_valid: int, target: NDArray[Any]) -> None:
    """Copy the valid part of a row, rounding to the target's type."""
    for j in range(n_valid):
        target[j] = source[j]


@compiled
def keep_record(
    plan: RecordPlan,
    n: int,
    steps_per_year: int,
    record: NDArray[np.float64],
    offset: int,
    n_valid: int,
    outcomes: Outcomes,
) -> None:
    """Keep record n of each trajectory: the yearly series, and every series if asked for."""
    if outcomes.yearly.size > 0 and n % steps_per_year == 0:
        for k in range(plan.keep_rows.size):
            copy_row(
                record[plan.keep_rows[k]],
                n_valid,
                outcomes.yearly[k, n // steps_per_year, offset : offset + n_valid],
            )
    if outcomes.series.size > 0:
        for s in range(record.shape[0]):
            copy_row(record[s], n_valid, outcomes.series[s, n, offset : offset + n_valid])


@compiled
def keep_block(
    drawn: NDArray[np.float64],
    cumulative: NDArray[np.float64],
    time: NDArray[np.float64],
    offset: int,
    n_valid: int,
    outcomes: Outcomes,
) -> None:
    """Keep what is one number a trajectory: parameters, cumulative sums, event times."""
    if outcomes.cumulative.size > 0:
        for i in range(drawn.shape[0]):
            copy_row(drawn[i], n_valid, outcomes.parameters[i, offset : offset + n_valid])
        for c in range(cumulative.shape[0]):
            for h in range(cumulative.shape[1]):
                copy_row(cumulative[c, h], n_valid, outcomes.cumulative[c, h, offset : offset + n_valid])
        for v in range(time.shape[0]):
            copy_row(time[v], n_valid, outcomes.event_time[v, offset : offset + n_valid])


@compiled
def count_block(
    bad_dollars: NDArray[np.float64],
    bad_walk: NDArray[np.float64],
    time: NDArray[np.float64],
    indices: NDArray[np.int64],
    n_valid: int,
    accumulators: Accumulators,
) -> None:
    """Count broken identities and the years in which events first happen."""
    for j in range(n_valid):
        for i, bad in ((0, bad_dollars[j]), (1, bad_walk[j])):
            if bad != 0.0:
                if accumulators.failures[i] == 0:
                    accumulators.first_failure[i] = indices[j]
                accumulators.failures[i] += 1
    for v in range(time.shape[0]):
        for j in range(n_valid):
            if time[v, j] == time[v, j]:
                year = int(np.ceil(time[v, j] - 1e-9))
                accumulators.event_count[j % N_SCRAMBLE, v, year] += 1
