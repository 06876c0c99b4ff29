"""Units of trajectories through the kernel on our own threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels.block import run_blocks
from sandwich_sim.kernels.plan import Accumulators, Outcomes, RecordPlan
from sandwich_sim.model import BLOCK, Model, allocate_work
from sandwich_sim.results.meta import UNIT, Keep, RunMeta
from sandwich_sim.results.reduce import (
    is_finite,
    may_hold_non_finite,
    new_accumulators,
    new_outcomes,
    new_scratch,
)

SLICE = 32 * BLOCK
"""Trajectories of one kernel call: about 30 ms, so that Ctrl-C and progress get through."""


class StoppedError(Exception):
    """Raised in a worker that was told to stop."""


@dataclass
class UnitResult:
    """One finished unit.

    Attributes
    ----------
    unit : int
        Its number.
    accumulators : Accumulators
    non_finite : ndarray of int64
        Trajectories in which some value is not finite (or beyond `reduce.LARGEST`).
    """

    unit: int
    accumulators: Accumulators
    non_finite: NDArray[np.int64]


def default_threads() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


class Worker:
    """One thread's working arrays, and the kernel calls that use them."""

    def __init__(
        self, model: Model, meta: RunMeta, plan: RecordPlan, width: int = BLOCK, dtype: type[Any] = np.float32
    ) -> None:
        self._model, self._meta, self._plan, self._dtype = model, meta, plan, dtype
        self._work, self._draw_work = allocate_work(model, width)
        self._scratch = new_scratch(meta, plan, width)
        self._outcomes: Outcomes | None = None

    def run(
        self,
        trajectories: NDArray[np.int64],
        *,
        keep: Keep,
        accumulators: Accumulators | None = None,
        after_slice: Callable[[int], None] | None = None,
    ) -> Outcomes:
        """Run the given trajectories; the outcomes are overwritten by the next call.

        Parameters
        ----------
        accumulators : Accumulators, optional
            Where sums and counts are added; not counted if not given.
        after_slice : callable, optional
            Called with the number of trajectories of each kernel call.
        """
        if accumulators is None:
            accumulators = new_accumulators(self._meta, self._plan, counting=False)
        outcomes = self._reuse(trajectories.size, keep)
        for first in range(0, trajectories.size, SLICE):
            part = trajectories[first : first + SLICE]
            run_blocks(
                self._model.inputs,
                self._model.draws,
                self._plan,
                part,
                first,
                self._work,
                self._draw_work,
                self._scratch,
                accumulators,
                outcomes,
            )
            if after_slice is not None:
                after_slice(part.size)
        return outcomes

    def run_unit(
        self,
        unit: int,
        on_piece: Callable[[int, int, Outcomes], None] | None = None,
        after_slice: Callable[[int], None] | None = None,
    ) -> UnitResult:
        """Run one unit, a chunk of the store at a time, into one set of sums."""
        meta = self._meta
        first, last = unit * UNIT, min((unit + 1) * UNIT, meta.n_trajectories)
        accumulators = new_accumulators(meta, self._plan)
        for start in range(first, last, meta.unit):
            stop = min(start + meta.unit, last)
            outcomes = self.run(
                np.arange(start, stop), keep=meta.keep, accumulators=accumulators, after_slice=after_slice
            )
            if on_piece is not None:
                on_piece(start, stop - start, outcomes)
        non_finite = np.empty(0, dtype=np.int64)
        if may_hold_non_finite(accumulators):
            non_finite = self.find_non_finite(first, last - first, after_slice)
        return UnitResult(unit, accumulators, non_finite)

    def _reuse(self, n: int, keep: Keep) -> Outcomes:
        """Fresh pages cost as much as writing them, so the arrays of the last piece serve again."""
        if self._outcomes is None or self._outcomes.parameters.shape[-1] != (n if keep != "summary" else 0):
            self._outcomes = new_outcomes(self._meta, self._plan, n, keep, self._dtype)
        return self._outcomes

    def find_non_finite(
        self, first: int, n: int, after_slice: Callable[[int], None] | None = None
    ) -> NDArray[np.int64]:
        """Return the trajectories of a unit that hold a non-finite value (slow; rarely needed)."""
        found = [np.empty(0, dtype=np.int64)]
        width = BLOCK // 2  # a century of paths in float64 is a third of a megabyte a trajectory
        worker = Worker(self._model, self._meta, self._plan, width, dtype=np.float64)
        undefined = slice(self._plan.undefined_first, self._plan.undefined_last)
        for start in range(first, first + n, width):
            part = np.arange(start, min(start + width, first + n))
            series = worker.run(part, keep="paths").series
            is_fine = is_finite(series)
            is_fine[undefined] |= np.isnan(series[undefined])
            found.append(part[~is_fine.all(axis=(0, 1))])
            if after_slice is not None:
                after_slice(0)
        return np.concatenate(found)


def run_units(
    model: Model,
    meta: RunMeta,
    plan: RecordPlan,
    *,
    threads: int,
    on_piece: Callable[[int, int, Outcomes], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
    width: int = BLOCK,
    dtype: type[Any] = np.float32,
) -> Generator[UnitResult, None, None]:
    """Run every unit and yield each when it is done, in any order.

    Parameters
    ----------
    on_piece : callable, optional
        Called in the worker's thread with the first trajectory, the count and the outcomes of
        each chunk of the store; it must not keep them.
    on_progress : callable, optional
        Called in the caller's thread, about ten times a second, with the trajectories done.

    Notes
    -----
    Threads take units from a queue: static halves lose on a busy machine. A result depends on
    nothing but the unit's number.
    """
    local, stop, done, lock = threading.local(), threading.Event(), [0], threading.Lock()
    n_unit = -(-meta.n_trajectories // UNIT)

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
    units = iter(range(n_unit))
    try:
        while True:
            for unit in units:
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
