"""Statistics of many scenarios along the same random numbers; no trajectory is kept for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.by_group import group_statistics, needed_metrics
from sandwich_sim.analysis.metrics import Statistic
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.paired import paired_outcomes
from sandwich_sim.studies.shortened import shortened

Floats = NDArray[np.float64]

_BATCH_BYTES = 256_000_000
"""Outcomes held at a time; then their statistics are taken."""
_MOST_AT_ONCE = 64


def paired_statistics(
    specs: Iterable[ScenarioSpec],
    n_spec: int,
    statistics: Sequence[Statistic],
    *,
    trajectories: int,
    seed: int,
    sampler: str,
    slots: tuple[str, ...],
    shocks: bool,
    threads: int,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Floats, int]:
    """Run scenarios along the same random numbers, a batch of them at a time.

    Parameters
    ----------
    specs : iterable of ScenarioSpec
        Taken one by one, so that they need not all exist at once.
    n_spec : int
        How many there are, for the progress.
    statistics : sequence of Statistic
        Each scenario reads their outcomes by its own dates.
    slots : tuple of str
        Sobol dimensions of all of them.

    Returns
    -------
    columns : ndarray of float64, shape (n_spec, n_statistic, 17)
        Of all trajectories and of each of the sixteen groups (`analysis.by_group`).
    failed : int
        Trajectories that hold a non-finite value or break an identity, all scenarios together.
    """
    begun = time.perf_counter()
    metrics = needed_metrics(statistics)
    names = [metric.name for metric in metrics]
    most = max(1, min(_MOST_AT_ONCE, _BATCH_BYTES // (8 * len(names) * trajectories)))
    columns: list[Floats] = []
    failed = 0
    remaining = iter(specs)

    def tell(state: Progress) -> None:
        if progress is not None:
            done = len(columns) * trajectories + state.done
            progress(Progress(done, n_spec * trajectories, time.perf_counter() - begun, state.stage))

    with ThreadPoolExecutor(threads, thread_name_prefix="sandwich-sim") as pool:
        while batch := list(islice(remaining, most)):
            outcomes = paired_outcomes(
                [shortened(spec, names) for spec in batch],
                names,
                trajectories=trajectories,
                seed=seed,
                sampler=sampler,
                slots=slots,
                shocks=shocks,
                threads=threads,
                dtype=np.float64,
                progress=tell,
            )
            failed += sum(sum(counts.values()) for counts in outcomes.failures)
            scrambles = [outcomes.scramble] * len(batch)
            columns.extend(
                pool.map(
                    lambda values, scramble: group_statistics(statistics, metrics, values, scramble),
                    outcomes.values,
                    scrambles,
                )
            )
    return np.array(columns), failed
