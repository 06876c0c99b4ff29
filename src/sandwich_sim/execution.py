"""Carrying a run out: the units that it lacks on our own threads, joined to parts, added up in order."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.engine import StoppedError, UnitResult, Worker
from sandwich_sim.kernels.plan import Outcomes, RecordPlan
from sandwich_sim.model import BLOCK, Model
from sandwich_sim.prepare import Prepared
from sandwich_sim.results.fold import Fold, Gather
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.parts import PartSums, part_grid, unit_sums
from sandwich_sim.results.reduce import alternations, record_plan
from sandwich_sim.results.tails import Tails, find_tails, merge_tails

SWING_SAMPLE = 2048
"""Trajectories in which swings from step to step are counted."""
SWING_LIMIT = 0.04
"""Most consecutive moves that may alternate by more than 10% each way."""


def execute(
    prepared: Prepared,
    model: Model,
    *,
    on_piece: Callable[[int, int, Outcomes], None] | None = None,
    on_part: Callable[[int, PartSums], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
    stored: frozenset[int] = frozenset(),
    load: Callable[[int], PartSums] | None = None,
    dtype: type[Any] = np.float32,
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Run all units but those of stored parts and fold them.

    Parameters
    ----------
    on_piece : callable, optional
        Called in a worker's thread with the first trajectory, the count and the outcomes of each
        chunk; it must not keep them.
    on_part : callable, optional
        Called with each part that is through, and its sums.
    on_progress : callable, optional
        Called about ten times a second with the trajectories done.
    stored : frozenset of int
        Parts that need not be run, because ``load`` returns their sums.

    Returns
    -------
    accumulators : dict of str to ndarray
    warnings : tuple of str
        About swings.
    """
    meta = prepared.meta
    grid = part_grid(meta)
    fold = Fold(grid, load, stored)
    before = sum(grid.count(part) for part in stored)

    def report(done: int) -> None:
        if on_progress is not None:
            on_progress(before + done)

    report(0)
    swings = count_swings(prepared, model, dtype)
    parts = run_parts(
        prepared,
        model,
        (part for part in range(grid.n_parts) if part not in stored),
        on_piece=on_piece,
        on_progress=report,
        dtype=dtype,
    )
    # Closed on the way out, by Ctrl-C too: no thread may go on writing into a folder that is cleared.
    with contextlib.closing(parts):
        for part, sums in parts:
            if on_part is not None:
                on_part(part, sums)
            fold.add(part, sums)
    accumulators = fold.result(meta, swings)
    return accumulators, swing_warnings(accumulators, meta)


def run_parts(
    prepared: Prepared,
    model: Model,
    parts: Iterable[int],
    *,
    on_piece: Callable[[int, int, Outcomes], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
    dtype: type[Any] = np.float32,
) -> Generator[tuple[int, PartSums], None, None]:
    """Run parts and yield the number and sums of each when it is done, in any order.

    Parameters
    ----------
    parts : iterable of int
        Their numbers, in the order in which to begin them.
    on_piece, on_progress : callable, optional
        As in `run_chosen_units`.
    """
    kept, recorded = _recorded(prepared)
    grid = part_grid(prepared.meta)
    gather, tails = Gather(grid), _TailFinder(grid.unit, on_piece)
    units = run_chosen_units(
        model,
        kept,
        recorded,
        (unit for part in parts for unit in grid.units(part)),
        threads=prepared.threads,
        on_piece=tails.take,
        on_progress=on_progress,
        dtype=dtype,
    )
    with contextlib.closing(units):
        for result in units:
            sums = unit_sums(result.accumulators, result.non_finite, tails.of_unit(result.unit))
            part_sums = gather.add(result.unit, sums)
            if part_sums is not None:
                yield grid.part_of(result.unit), part_sums


def count_swings(
    prepared: Prepared, model: Model, dtype: type[Any] = np.float32
) -> dict[str, NDArray[np.int64]]:
    """Count the swings of revenue from step to step in the first trajectories."""
    return alternations(_sample_revenue(model, prepared.meta, _recorded(prepared)[1], dtype))


def _recorded(prepared: Prepared) -> tuple[RunMeta, RecordPlan]:
    """What is recorded of each trajectory while it is run.

    The tails need every trajectory's sums over time, also where nothing of it is stored.
    """
    meta = prepared.meta
    kept = replace(meta, keep="outcomes", keep_series=()) if meta.keep == "summary" else meta
    return kept, record_plan(prepared.spec, kept)


class _TailFinder:
    """Finds the tails of each unit from its pieces, in the threads that make them."""

    def __init__(self, unit: int, on_piece: Callable[[int, int, Outcomes], None] | None) -> None:
        self._unit, self._on_piece = unit, on_piece
        self._found: dict[int, Tails] = {}

    def take(self, first: int, n: int, outcomes: Outcomes) -> None:
        if self._on_piece is not None:
            self._on_piece(first, n, outcomes)
        unit, found = first // self._unit, find_tails(outcomes.cumulative[:, :, :n], first)
        if unit in self._found:  # by this very thread: a unit's pieces are one thread's
            found = merge_tails(self._found[unit], found)
        self._found[unit] = found

    def of_unit(self, unit: int) -> Tails:
        return self._found.pop(unit)


def _sample_revenue(model: Model, meta: RunMeta, recorded: RecordPlan, dtype: type[Any]) -> NDArray[Any]:
    """Revenue paths of the first trajectories, shape (n_hop, n_record, n)."""
    n_hop = len(meta.hops)
    paths = []
    worker = Worker(model, meta, recorded, dtype=dtype)
    for first in range(0, min(SWING_SAMPLE, meta.n_trajectories), 256):
        part = np.arange(first, min(first + 256, meta.n_trajectories))
        paths.append(worker.run(part, keep="paths").series[:n_hop].copy())
    return np.concatenate(paths, axis=-1)


def swing_warnings(accumulators: dict[str, NDArray[Any]], meta: RunMeta) -> tuple[str, ...]:
    """Say which hops' revenue swings from step to step."""
    pairs = np.maximum(accumulators["alternation_pairs"], 1)
    shares = accumulators["alternation"] / pairs
    doubts = 2.0 * np.sqrt(shares * (1.0 - shares) / pairs)  # a few trajectories swing by chance
    return tuple(
        f"revenue of {hop} swings by more than 10% each way in {share:.0%} of consecutive steps: "
        f"the step is too long for this scenario. Raise steps_per_year."
        for hop, share, doubt in zip(meta.hops, shares, doubts, strict=True)
        if share - doubt > SWING_LIMIT
    )


def run_chosen_units(
    model: Model,
    meta: RunMeta,
    plan: RecordPlan,
    units: Iterable[int],
    *,
    threads: int,
    on_piece: Callable[[int, int, Outcomes], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
    width: int = BLOCK,
    dtype: type[Any] = np.float32,
) -> Generator[UnitResult, None, None]:
    """Run units and yield each when it is done.

    Parameters
    ----------
    units : iterable of int
        Their numbers, in the order in which to begin them.
    on_piece : callable, optional
        Called in the worker's thread with the first trajectory, the count and the outcomes of
        each chunk of the store; it must not keep them.
    on_progress : callable, optional
        Called in the caller's thread, about ten times a second, with the trajectories done.

    Notes
    -----
    As `engine.run_units`, which runs all of them.
    """
    local, stop, done, lock = threading.local(), threading.Event(), [0], threading.Lock()

    def after_slice(n: int) -> None:
        if stop.is_set():
            raise StoppedError
        with lock:
            done[0] += n

    def run_unit(unit: int) -> UnitResult:
        if not hasattr(local, "worker"):
            local.worker = Worker(model, meta, plan, width, dtype)
        result: UnitResult = local.worker.run_unit(unit, on_piece, after_slice)
        return result

    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="sandwich-sim")
    waiting: set[Future[UnitResult]] = set()
    following = iter(units)
    try:
        while True:
            for unit in following:
                waiting.add(pool.submit(run_unit, unit))
                if len(waiting) > threads:  # one in reserve bounds the memory
                    break
            if not waiting:
                break
            finished, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
            if on_progress is not None:
                on_progress(done[0])
            for future in finished:
                yield future.result()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
