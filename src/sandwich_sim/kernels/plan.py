"""What the kernels are asked to record, as plain arrays; ``results/reduce.py`` makes it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

N_SCRAMBLE = 16
"""Trajectory i belongs to scramble (or Latin hypercube design) i % 16."""
FAN_BUCKETS = 256
FINE_BUCKETS = 1024
EXTRA_BUCKETS = 3
"""Below the range (index 0), then the buckets, then above the range, then undefined."""


class RecordPlan(NamedTuple):
    """Rows of ``record`` to count, keep and test.

    Attributes
    ----------
    fan_rows, fine_rows : ndarray of int64
        Series counted in histograms at every record; at the first and last record.
    fan_axis, fine_axis : ndarray of float64, shape (n, 3)
        Low end, buckets per unit, and scale (0: linear, below 0: logarithmic) of each histogram's axis.
    keep_rows : ndarray of int64
        Series kept for each trajectory at each year's record.
    undefined_first, undefined_last : int
        Rows ``[first, last)`` that can be undefined (profit shares).
    event_rows : ndarray of int64
        Series that event clauses look at.
    event_start : ndarray of int64, shape (n_event + 1,)
        Clauses of event v are ``event_start[v]:event_start[v + 1]``.
    event_window : ndarray of int64, shape (n_event,)
        Records for which ``below`` and ``above`` must hold.
    clause_series : ndarray of int64, shape (n_clause,)
        Index into ``event_rows``.
    clause_years : ndarray of int64, shape (n_clause, 2)
        Years of ``rises`` and ``falls``; 0 where absent.
    clause_levels : ndarray of float64, shape (n_clause, 8)
        below, above, rises.by, rises.by_ratio, falls.by, falls.by_ratio, ends_above (NaN where
        absent), ends_above_start (1 or 0).
    """

    fan_rows: NDArray[np.int64]
    fan_axis: NDArray[np.float64]
    fine_rows: NDArray[np.int64]
    fine_axis: NDArray[np.float64]
    keep_rows: NDArray[np.int64]
    undefined_first: int
    undefined_last: int
    event_rows: NDArray[np.int64]
    event_start: NDArray[np.int64]
    event_window: NDArray[np.int64]
    clause_series: NDArray[np.int64]
    clause_years: NDArray[np.int64]
    clause_levels: NDArray[np.float64]


class Accumulators(NamedTuple):
    """Sums and counts of a unit; the scramble is the last axis of the sums, contiguous.

    Shapes: total, square ``(n_record, n_series, 16)``; undefined ``(n_record, 16)``; fan
    ``(n_record, n_fan, 259)``; fine ``(16, n_fine, 2, 1027)``; event_count
    ``(16, n_event, years + 1)``; failures, first_failure ``(2,)``: identities (i) and (ii).

    Fan counts have 16 bits, since every block passes all of them through the cache: a unit must
    have fewer than 65,536 trajectories.
    """

    total: NDArray[np.float64]
    square: NDArray[np.float64]
    undefined: NDArray[np.int64]
    fan: NDArray[np.uint16]
    fine: NDArray[np.uint32]
    event_count: NDArray[np.int64]
    failures: NDArray[np.int64]
    first_failure: NDArray[np.int64]


class Outcomes(NamedTuple):
    """Numbers of each trajectory of a unit, trajectory last; arrays of size 0 are not wanted.

    Shapes: parameters ``(n_drawn, n)``, cumulative ``(4, n_hop, n)``, yearly
    ``(n_keep, years + 1, n)``, series ``(n_series, n_record, n)``, event_time ``(n_event, n)``
    (NaN if never). All of one float type.
    """

    parameters: NDArray[Any]
    cumulative: NDArray[Any]
    yearly: NDArray[Any]
    series: NDArray[Any]
    event_time: NDArray[Any]


class Scratch(NamedTuple):
    """Working arrays of the reductions, for one thread.

    Shapes: history, means ``(n_event_series, n_record, width)``; run ``(n_clause, width)``;
    holds ``(width,)``; time ``(n_event, width)``; buckets ``(4, width)``; total ``(6, width)``;
    defined ``(n_hop, width)``.
    """

    history: NDArray[np.float64]
    means: NDArray[np.float64]
    run: NDArray[np.float64]
    holds: NDArray[np.float64]
    time: NDArray[np.float64]
    buckets: NDArray[np.uint16]
    total: NDArray[np.float64]
    defined: NDArray[np.float64]
