"""Units of trajectories through the kernel on our own threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels.block import run_blocks
from sandwich_sim.kernels.plan import Accumulators, Outcomes, RecordPlan
from sandwich_sim.model import BLOCK, Model, allocate_work
from sandwich_sim.results.meta import Keep, RunMeta
from sandwich_sim.results.reduce import new_accumulators, new_outcomes, new_scratch, non_finite_in

SLICE = 4096
"""Trajectories of one kernel call: about 20 ms, so that Ctrl-C and progress get through."""


class StoppedError(Exception):
    """Raised in a worker that was told to stop."""


@dataclass
class UnitResult:
    """One finished unit.

    Attributes
    ----------
    unit, first, n : int
        Number, first trajectory and count of trajectories.
    accumulators : Accumulators
    non_finite : ndarray of int64
        Trajectories in which some value is not finite.
    """

    unit: int
    first: int
    n: int
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
        counting: bool = True,
        after_slice: Callable[[int], None] | None = None,
    ) -> tuple[Accumulators, Outcomes]:
        """Run the given trajectories; the outcomes are overwritten by the next call."""
        n = trajectories.size
        accumulators = new_accumulators(self._meta, self._plan, counting=counting)
        outcomes = self._reuse(n, keep)
        for first in range(0, n, SLICE):
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
        return accumulators, outcomes

    def _reuse(self, n: int, keep: Keep) -> Outcomes:
        """Fresh pages cost as much as writing them, so the arrays of the last unit serve again."""
        if self._outcomes is None or self._outcomes.parameters.shape[-1] != (n if keep != "summary" else 0):
            self._outcomes = new_outcomes(self._meta, self._plan, n, keep, self._dtype)
        return self._outcomes

    def find_non_finite(self, first: int, n: int) -> NDArray[np.int64]:
        """Return the trajectories of a unit that hold a non-finite value (slow; rarely needed)."""
        found = [np.empty(0, dtype=np.int64)]
        worker = Worker(self._model, self._meta, self._plan, dtype=self._dtype)
        undefined = slice(self._plan.undefined_first, self._plan.undefined_last)
        for start in range(first, first + n, 512):
            part = np.arange(start, min(start + 512, first + n))
            series = worker.run(part, keep="paths", counting=False)[1].series
            series[undefined] = np.nan_to_num(series[undefined], nan=0.0)
            found.append(part[~np.isfinite(series).all(axis=(0, 1))])
        return np.concatenate(found)


def run_units(
    model: Model,
    meta: RunMeta,
    plan: RecordPlan,
    *,
    threads: int,
    on_unit: Callable[[UnitResult, Outcomes], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
    width: int = BLOCK,
    dtype: type[Any] = np.float32,
) -> Iterator[UnitResult]:
    """Run every unit and yield each when it is done, in any order.

    Parameters
    ----------
    on_unit : callable, optional
        Called in the worker's thread with the unit's outcomes, which it must not keep.
    on_progress : callable, optional
        Called in the caller's thread, about ten times a second, with the trajectories done.

    Notes
    -----
    Threads take units from a queue: static halves lose on a busy machine. A result depends on
    nothing but the unit's number.
    """
    local, stop, done, lock = threading.local(), threading.Event(), [0], threading.Lock()
    n_unit = -(-meta.n_trajectories // meta.unit)

    def after_slice(n: int) -> None:
        if stop.is_set():
            raise StoppedError
        with lock:
            done[0] += n

    def run_unit(unit: int) -> UnitResult:
        if not hasattr(local, "worker"):
            local.worker = Worker(model, meta, plan, width, dtype)
        first = unit * meta.unit
        n = min(meta.unit, meta.n_trajectories - first)
        worker: Worker = local.worker
        accumulators, outcomes = worker.run(
            np.arange(first, first + n), keep=meta.keep, after_slice=after_slice
        )
        is_bad = non_finite_in(accumulators)
        non_finite = worker.find_non_finite(first, n) if is_bad else np.empty(0, dtype=np.int64)
        result = UnitResult(unit, first, n, accumulators, non_finite)
        if on_unit is not None:
            on_unit(result, outcomes)
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
