"""Several scenarios along the same random numbers: chosen outcomes of each trajectory, nothing else kept.

All sides run with one seed, one number of trajectories, one sampler and one merged map of Sobol
dimensions, so that trajectory i of one side meets the same draws and shocks as trajectory i of
another. Whatever compares runs (compare, explain, sweep, gate) starts here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event, Lock, local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric, needs_paths, parse_metrics, take_values, wanted_series
from sandwich_sim.engine import StoppedError, Worker, default_threads
from sandwich_sim.errors import ResourceError, UsageError
from sandwich_sim.model import Model
from sandwich_sim.prepare import prepare
from sandwich_sim.results.machine import available_memory
from sandwich_sim.results.meta import N_SCRAMBLE, Keep, RunMeta
from sandwich_sim.results.reduce import LARGEST, new_accumulators, outcome_arrays, record_plan
from sandwich_sim.sampling import check_drawn_shares, slot_map
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Progress

Floats = NDArray[np.float64]

CHUNK = 8192
"""Trajectories of one task."""
PATHS_CHUNK = 1024
"""The same where every record is kept for a moment: about 25 MB for the default chain."""


@dataclass(frozen=True)
class PairedOutcomes:
    """Outcomes of the same trajectories in several scenarios.

    Attributes
    ----------
    metas : tuple of RunMeta
        What was run, one a side; seed, sampler and Sobol slots are the same.
    metrics : tuple of tuple of Metric
        One tuple a side, in the same order.
    values : tuple of ndarray of float64, shape (n_metric, n)
        One array a side, the trajectory last; NaN where a value is undefined.
    scramble : ndarray of uint8, shape (n,)
        Scramble (or Latin hypercube design) of each trajectory.
    first : int
        Number of the first trajectory.
    failures : tuple of dict of str to int
        By side: trajectories that hold a non-finite value or break an identity, by check; only
        those above 0.
    """

    metas: tuple[RunMeta, ...]
    metrics: tuple[tuple[Metric, ...], ...]
    values: tuple[Floats, ...]
    scramble: NDArray[np.uint8]
    first: int
    failures: tuple[dict[str, int], ...]

    @property
    def n(self) -> int:
        """Number of trajectories."""
        return int(self.scramble.size)

    @property
    def is_replicated(self) -> bool:
        """Whether standard errors must be taken across scrambles (or designs)."""
        return self.metas[0].is_replicated

    def joined(self, later: PairedOutcomes) -> PairedOutcomes:
        """Return these trajectories and those that follow them."""
        if later.first != self.first + self.n:
            raise ValueError(f"trajectory {self.first + self.n} comes next, not {later.first}")
        counts = [
            {name: mine.get(name, 0) + its.get(name, 0) for name in {**mine, **its}}
            for mine, its in zip(self.failures, later.failures, strict=True)
        ]
        values = zip(self.values, later.values, strict=True)
        return replace(
            self,
            metas=later.metas,
            values=tuple(np.concatenate(pair, axis=-1) for pair in values),
            scramble=np.concatenate([self.scramble, later.scramble]),
            failures=tuple(counts),
        )


def merged_slots(specs: Sequence[ScenarioSpec]) -> tuple[str, ...]:
    """Return one map of Sobol dimensions that holds every drawn input of every scenario.

    The first scenario keeps its own places; names that only later ones have are appended.
    """
    return tuple(dict.fromkeys(name for spec in specs for name in slot_map(spec)))


def paired_outcomes(
    specs: Sequence[ScenarioSpec],
    metrics: Sequence[Metric | str] | Sequence[Sequence[Metric | str]],
    *,
    trajectories: int,
    seed: int,
    sampler: str,
    first: int = 0,
    slots: tuple[str, ...] | None = None,
    shocks: bool = True,
    threads: int | None = None,
    dtype: type[Any] = np.float32,
    progress: Callable[[Progress], None] | None = None,
) -> PairedOutcomes:
    """Run scenarios along the same random numbers and return chosen outcomes of each trajectory.

    Parameters
    ----------
    specs : sequence of ScenarioSpec
        One or more.
    metrics : sequence of Metric or str, or one such sequence a side
        Outcomes by name (`analysis.metrics`). Given once, each side reads them by its own dates.
    trajectories : int
        How many to run.
    seed : int
    sampler : {"random", "latin-hypercube", "sobol"}
    first : int
        Number of the first trajectory, a multiple of 16; 0 for latin-hypercube.
    slots : tuple of str, optional
        Sobol dimensions; `merged_slots` of the scenarios if not given.
    shocks : bool
        False holds every shock at zero.
    threads : int, optional
        All processors if not given; results do not depend on it.
    dtype : {float32, float64}
        What values are rounded to before they are kept: as a run folder has them, or in full.
    progress : callable, optional
        Called about ten times a second.

    Returns
    -------
    PairedOutcomes

    Raises
    ------
    UsageError
        If a size, a metric or drawn cost shares are impossible.
    ResourceError
        If the outcomes do not fit into memory.
    """
    if not specs:
        raise UsageError("no scenario to run. Name one.")
    if first % N_SCRAMBLE or first < 0 or (first and sampler == "latin-hypercube"):
        raise UsageError(
            f"trajectories from {first} on cannot be run alone. Start at 0, or a multiple of 16."
        )
    slots = merged_slots(specs) if slots is None else slots
    sides = [
        _Side(spec, wanted, first + trajectories, seed, sampler, slots, shocks)
        for spec, wanted in zip(specs, _by_side(specs, metrics), strict=True)
    ]
    _check_memory(sides, trajectories)
    values = tuple(np.empty((len(side.metrics), trajectories)) for side in sides)
    _run_sides(sides, values, first, threads or default_threads(), dtype, progress)
    return PairedOutcomes(
        metas=tuple(side.meta for side in sides),
        metrics=tuple(side.metrics for side in sides),
        values=values,
        scramble=((first + np.arange(trajectories)) % N_SCRAMBLE).astype(np.uint8),
        first=first,
        failures=tuple(side.counted_failures() for side in sides),
    )


def growing_outcomes(
    spec: ScenarioSpec, metrics: Sequence[Metric], sizes: Sequence[int], **options: Any
) -> Iterator[PairedOutcomes]:
    """Yield the outcomes of one scenario's first trajectories, more at each look; none is run twice.

    Parameters
    ----------
    sizes : sequence of int
        Trajectories at each look, rising.
    options
        As in `paired_outcomes`.
    """
    whole: PairedOutcomes | None = None
    for size in sizes:
        first = 0 if whole is None else whole.n
        more = paired_outcomes([spec], [metrics], trajectories=size - first, first=first, **options)
        whole = more if whole is None else whole.joined(more)
        yield whole


def _by_side(specs: Sequence[ScenarioSpec], metrics: Sequence[Any]) -> list[tuple[Metric, ...]]:
    """Read the metrics for each side; the same records mean other days where runs begin apart."""
    each = bool(metrics) and not isinstance(metrics[0], Metric | str)
    wanted = [list(side) for side in metrics] if each else [list(metrics)] * len(specs)
    return [
        tuple(item if each and isinstance(item, Metric) else _named(item, spec) for item in side)
        for spec, side in zip(specs, wanted, strict=True)
    ]


def _named(metric: Metric | str, spec: ScenarioSpec) -> Metric:
    return parse_metrics([metric if isinstance(metric, str) else metric.name], spec)[0]


class _Side:
    """One scenario of a paired run: what its tasks share."""

    def __init__(
        self,
        spec: ScenarioSpec,
        metrics: tuple[Metric, ...],
        trajectories: int,
        seed: int,
        sampler: str,
        slots: tuple[str, ...],
        shocks: bool,
    ) -> None:
        prepared = prepare(spec, trajectories=trajectories, seed=seed, sampler=sampler, shocks=shocks)
        keep: Keep = "paths" if needs_paths(metrics, spec.steps_per_year) else "outcomes"
        meta = replace(
            prepared.meta, keep=keep, sobol_slots=slots, fans=(), keep_series=wanted_series(metrics)
        )
        self.metrics = metrics
        self.meta = meta
        self.prepared = replace(prepared, meta=meta)
        self.plan = record_plan(spec, meta)
        self.chunk = PATHS_CHUNK if keep == "paths" else CHUNK
        self._can_be_undefined = np.array([metric.can_be_undefined for metric in metrics], dtype=bool)
        self._lock = Lock()
        self._failures = np.zeros(3, dtype=np.int64)

    def model(self) -> Model:
        """Build the kernels' inputs; refuses cost shares that sum above 1."""
        model = self.prepared.model()
        check_drawn_shares(self.prepared.spec, model.draws, self.meta.n_trajectories)
        return model

    def take(self, worker: Worker, part: NDArray[np.int64], after_slice: Callable[[int], None]) -> Floats:
        """Run some trajectories and return their metrics, shape (n_metric, n)."""
        checks = new_accumulators(self.meta, self.plan, counting=False)
        outcomes = worker.run(part, keep=self.meta.keep, accumulators=checks, after_slice=after_slice)
        values = take_values(self.metrics, self.meta, outcome_arrays(outcomes, int(part[0]), part.size))
        bad = ~(np.abs(values) <= LARGEST)
        bad[self._can_be_undefined] &= ~np.isnan(values[self._can_be_undefined])
        with self._lock:
            self._failures += [bad.any(axis=0).sum(), *checks.failures]
        return values

    def counted_failures(self) -> dict[str, int]:
        names = ("non-finite value", "identity (i)", "identity (ii)")
        return {name: int(n) for name, n in zip(names, self._failures, strict=True) if n}


def _check_memory(sides: Sequence[_Side], trajectories: int) -> None:
    needed = sum(8 * len(side.metrics) * trajectories for side in sides)
    available = available_memory()
    if available is not None and 2 * needed > available:  # statistics sort copies of them
        raise ResourceError(
            f"outcomes of {trajectories} trajectories need about {2 * needed / 1e9:.1f} GB of memory, "
            f"{available / 1e9:.1f} GB are available. Use fewer trajectories (-n) or outcomes (--metric)."
        )


def _run_sides(
    sides: Sequence[_Side],
    values: Sequence[Floats],
    first: int,
    threads: int,
    dtype: type[Any],
    progress: Callable[[Progress], None] | None,
) -> None:
    """Run every chunk of every side on our own threads; a result depends on its number alone."""
    begun, mine, stop, lock, done = time.perf_counter(), local(), Event(), Lock(), [0]
    total = sum(value.shape[1] for value in values)

    def after_slice(n: int) -> None:
        if stop.is_set():
            raise StoppedError
        with lock:
            done[0] += n

    def run_chunk(number: int, model: Model, start: int, end: int) -> None:
        # One worker a thread, of the side at hand: a sweep has more sides than memory for workers.
        if getattr(mine, "number", None) != number:
            mine.number = number
            mine.worker = Worker(model, sides[number].meta, sides[number].plan, dtype=dtype)
        part = np.arange(first + start, first + end)
        values[number][:, start:end] = sides[number].take(mine.worker, part, after_slice)

    def tell(stage: str) -> None:
        if progress is not None:
            progress(Progress(done[0], total, time.perf_counter() - begun, stage))

    def tasks() -> Iterator[tuple[int, Model, int, int]]:
        for number, side in enumerate(sides):
            n = values[number].shape[1]
            model = side.model()
            for start in range(0, n, side.chunk):
                yield number, model, start, min(start + side.chunk, n)

    tell("compile")
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="sandwich-sim")
    waiting: set[Future[None]] = set()
    try:
        for task in tasks():
            waiting.add(pool.submit(run_chunk, *task))
            while len(waiting) > 2 * threads:
                waiting = _collect(waiting)
                tell("simulate")
        while waiting:
            waiting = _collect(waiting)
            tell("simulate")
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _collect(waiting: set[Future[None]]) -> set[Future[None]]:
    finished, rest = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
    for future in finished:
        future.result()
    return rest
