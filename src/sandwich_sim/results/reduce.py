"""What is kept of a run: which rows are counted and kept, and how units fold into one."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels.memory import MemoryPool
from sandwich_sim.kernels.plan import (
    EXTRA_BUCKETS,
    FAN_BUCKETS,
    FINE_BUCKETS,
    N_SCRAMBLE,
    Accumulators,
    Outcomes,
    RecordPlan,
    Scratch,
)
from sandwich_sim.kernels.rows import N_CUMULATIVE
from sandwich_sim.results.layout import fine_series
from sandwich_sim.results.meta import Keep, RunMeta
from sandwich_sim.scenario.spec import Clause, ScenarioSpec
from sandwich_sim.variables import VARIABLES

LARGEST = 1e140
"""A value beyond this counts as not finite: its square, summed over any run, would not be."""
UNITS_PER_GROUP = 8
"""Units are summed in groups (2^18 trajectories), and the groups in turn: one order of additions
for any number of threads, and a group is what a resumable run commits at once."""


def record_plan(spec: ScenarioSpec, meta: RunMeta) -> RecordPlan:
    """Turn the names of series, fans and clauses into rows of the kernel's record."""
    row = {name: index for index, name in enumerate(meta.series)}
    fine = fine_series(meta.hops)
    undefined = [row[f"profit_share.{hop}"] for hop in meta.hops]
    clauses = [clause for event in spec.events for clause in event.clauses]
    looked_at = tuple(dict.fromkeys(clause.series for clause in clauses))
    lengths = [len(event.clauses) for event in spec.events]
    windows = [max(1, event.window_years * spec.steps_per_year) for event in spec.events]
    return RecordPlan(
        fan_rows=_integers([row[name] for name in meta.fans]),
        fan_axis=_axes(meta.fans, FAN_BUCKETS),
        fine_rows=_integers([row[name] for name in fine]),
        fine_axis=_axes(fine, FINE_BUCKETS),
        keep_rows=_integers([row[name] for name in meta.keep_series]),
        undefined_first=undefined[0],
        undefined_last=undefined[-1] + 1,
        event_rows=_integers([row[name] for name in looked_at]),
        event_start=_integers([0, *np.cumsum(lengths)]),
        event_window=_integers(windows),
        clause_series=_integers([looked_at.index(clause.series) for clause in clauses]),
        clause_years=np.array(
            [
                [clause.rises.years if clause.rises else 0, clause.falls.years if clause.falls else 0]
                for clause in clauses
            ],
            dtype=np.int64,
        ).reshape(-1, 2),
        clause_levels=np.array([_levels(clause) for clause in clauses]).reshape(-1, 8),
    )


def _integers(values: Any) -> NDArray[np.int64]:
    return np.asarray(values, dtype=np.int64)


def _axes(names: tuple[str, ...], n_bucket: int) -> NDArray[np.float64]:
    """Low end, buckets per unit and scale of each histogram's axis."""
    variables = [VARIABLES[name.partition(".")[0]] for name in names]
    return np.array([[v.low, n_bucket / (v.high - v.low), v.scale] for v in variables]).reshape(-1, 3)


def _levels(clause: Clause) -> list[float]:
    rises, falls = clause.rises, clause.falls
    return [
        nan if clause.below is None else clause.below,
        nan if clause.above is None else clause.above,
        rises.by if rises else 0.0,
        rises.by_ratio if rises else 0.0,
        falls.by if falls else 0.0,
        falls.by_ratio if falls else 0.0,
        nan if clause.ends_above is None else clause.ends_above,
        float(clause.ends_above_start),
    ]


def new_accumulators(meta: RunMeta, plan: RecordPlan, *, counting: bool = True) -> Accumulators:
    """Allocate a unit's sums and counts; with ``counting`` False only failures are counted."""
    n_record, n_series, n_event = meta.n_record, len(meta.series), len(meta.events)
    if not counting:
        n_record = n_series = 0
    pool = MemoryPool()
    columns = FAN_BUCKETS + EXTRA_BUCKETS, FINE_BUCKETS + EXTRA_BUCKETS
    return Accumulators(
        total=pool.zeros((n_record, n_series, N_SCRAMBLE), np.float64),
        square=pool.zeros((n_record, n_series, N_SCRAMBLE), np.float64),
        undefined=np.zeros((n_record, N_SCRAMBLE), dtype=np.int64),
        fan=pool.zeros((n_record, plan.fan_rows.size, columns[0]), np.uint16),
        fine=pool.zeros((N_SCRAMBLE, plan.fine_rows.size, 2, columns[1]), np.uint32),
        event_count=np.zeros((N_SCRAMBLE, n_event, meta.years + 1), dtype=np.int64),
        failures=np.zeros(2, dtype=np.int64),
        first_failure=np.full(2, -1, dtype=np.int64),
    )


def new_outcomes(
    meta: RunMeta, plan: RecordPlan, n: int, keep: Keep, dtype: type[np.floating[Any]] = np.float32
) -> Outcomes:
    """Allocate what is kept of ``n`` trajectories; arrays that are not kept have size 0."""
    n_hop = len(meta.hops)
    each = n if keep != "summary" else 0
    yearly = (plan.keep_rows.size, meta.years + 1, n if keep == "outcomes" else 0)
    series = (len(meta.series), meta.n_record, n if keep == "paths" else 0)
    return Outcomes(
        parameters=np.empty((len(meta.parameters), each), dtype=dtype),
        cumulative=np.empty((N_CUMULATIVE, n_hop, each), dtype=dtype),
        yearly=np.empty(yearly, dtype=dtype),
        series=np.empty(series, dtype=dtype),
        event_time=np.empty((len(meta.events), each), dtype=dtype),
    )


def new_scratch(meta: RunMeta, plan: RecordPlan, width: int) -> Scratch:
    """Allocate one thread's working arrays of the reductions."""
    history = (plan.event_rows.size, meta.n_record, width)
    return Scratch(
        history=np.zeros(history),
        means=np.zeros(history),
        run=np.zeros((plan.clause_series.size, width)),
        holds=np.zeros(width),
        time=np.zeros((len(meta.events), width)),
        buckets=np.zeros((4, width), dtype=np.uint16),
        total=np.zeros((6, width)),
        defined=np.zeros((len(meta.hops), width)),
    )


def outcome_arrays(outcomes: Outcomes, first: int, n: int) -> dict[str, NDArray[Any]]:
    """Name the first ``n`` trajectories of a unit's outcomes for the store."""
    event_time = outcomes.event_time[:, :n]
    arrays: dict[str, NDArray[Any]] = {
        "parameters": outcomes.parameters[:, :n],
        "cumulative": outcomes.cumulative[:, :, :n],
        "event_time": event_time,
        "event_flag": ~np.isnan(event_time),
        "scramble": ((first + np.arange(n)) % N_SCRAMBLE).astype(np.uint8),
        "log_weight": np.zeros(n, dtype=np.float32),
    }
    if outcomes.yearly.size:
        arrays["yearly"] = outcomes.yearly[:, :, :n]
    if outcomes.series.size:
        arrays["series"] = outcomes.series[:, :, :n]
    return arrays


class Fold:
    """Adds up units in the order of their numbers, whatever order they arrive in."""

    def __init__(self, meta: RunMeta, plan: RecordPlan) -> None:
        self._meta = meta
        self._sums = new_accumulators(meta, plan)
        self._group = new_accumulators(meta, plan)
        self._fan = self._sums.fan.astype(np.int64)
        self._fine = self._sums.fine.astype(np.int64)
        self._failures = np.zeros(4, dtype=np.int64)
        self._first_failure = np.full(4, -1, dtype=np.int64)
        self._waiting: dict[int, tuple[Accumulators, NDArray[np.int64]]] = {}
        self._next = 0

    def add(self, unit: int, accumulators: Accumulators, non_finite: NDArray[np.int64]) -> None:
        """Take a unit; it is added as soon as all before it are.

        Parameters
        ----------
        non_finite : ndarray of int64
            Indices of trajectories with a non-finite value.
        """
        self._waiting[unit] = (accumulators, non_finite)
        while self._next in self._waiting:
            self._add_now(*self._waiting.pop(self._next))
            self._next += 1
            if self._next % UNITS_PER_GROUP == 0:
                self._close_group()

    def _add_now(self, unit: Accumulators, non_finite: NDArray[np.int64]) -> None:
        for name in ("total", "square", "undefined", "event_count"):
            group = getattr(self._group, name)
            np.add(group, getattr(unit, name), out=group)
        np.add(self._fan, unit.fan, out=self._fan)
        np.add(self._fine, unit.fine, out=self._fine)
        counts = np.array([non_finite.size, *unit.failures, 0], dtype=np.int64)
        firsts = np.array([non_finite.min(initial=2**62), *unit.first_failure, -1], dtype=np.int64)
        fresh = (self._failures == 0) & (counts > 0)
        self._first_failure[fresh] = firsts[fresh]
        self._failures += counts

    def _close_group(self) -> None:
        for name in ("total", "square", "undefined", "event_count"):
            whole, group = getattr(self._sums, name), getattr(self._group, name)
            np.add(whole, group, out=whole)
            group[...] = 0

    def result(self, alternation: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[Any]]:
        """Close the last group and return the accumulators as the store names and turns them.

        Raises
        ------
        ValueError
            If a unit before the last one is missing.
        """
        if self._waiting:
            raise ValueError(f"unit {self._next} is missing")
        self._close_group()
        n = self._meta.n_trajectories
        scrambles = np.arange(N_SCRAMBLE)
        return {
            "total": np.ascontiguousarray(np.moveaxis(self._sums.total, -1, 0)),
            "square": np.ascontiguousarray(np.moveaxis(self._sums.square, -1, 0)),
            "undefined": np.ascontiguousarray(self._sums.undefined.T),
            "count": (n - scrambles + N_SCRAMBLE - 1) // N_SCRAMBLE,
            "fan": _extras_last(np.moveaxis(self._fan, 0, 1)),
            "fine": _extras_last(self._fine),
            "event_count": self._sums.event_count,
            "event_total": self._sums.event_count.sum(axis=-1),
            "failures": self._failures,
            "first_failure": self._first_failure,
            **alternation,
        }


def _extras_last(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move the count below the range from the front to behind the buckets."""
    return np.concatenate([counts[..., 1:-2], counts[..., :1], counts[..., -2:]], axis=-1)


def alternations(revenue: NDArray[np.floating[Any]]) -> dict[str, NDArray[np.int64]]:
    """Count consecutive moves of more than 10% each way, a sign of too long a step.

    Parameters
    ----------
    revenue : ndarray, shape (n_hop, n_record, n)
    """
    before, after = revenue[:, :-1], revenue[:, 1:]
    with np.errstate(over="ignore", invalid="ignore"):  # failed trajectories are counted elsewhere
        up, down = after > 1.1 * before, after < 0.9 * before
    swings = (up[:, :-1] & down[:, 1:]) | (down[:, :-1] & up[:, 1:])
    pairs = max(0, revenue.shape[1] - 2) * revenue.shape[2]
    return {
        "alternation": swings.sum(axis=(1, 2)).astype(np.int64),
        "alternation_pairs": np.full(revenue.shape[0], pairs, dtype=np.int64),
    }


def may_hold_non_finite(accumulators: Accumulators) -> bool:
    """Whether a unit's sums of squares show that some value may not be finite (see `is_finite`)."""
    return not bool((accumulators.square < LARGEST**2).all())


def is_finite(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether values count as finite: neither NaN nor beyond `LARGEST`."""
    return np.asarray(np.abs(values) <= LARGEST)


__all__ = [
    "Fold",
    "alternations",
    "is_finite",
    "may_hold_non_finite",
    "new_accumulators",
    "new_outcomes",
    "new_scratch",
    "outcome_arrays",
    "record_plan",
]
