"""The checks of a scenario, judged by a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sandwich_sim.analysis.checks import CheckResult, checks_of, judge_checks, metrics_of
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.studies.paired import growing_outcomes


def run_checks(
    spec: ScenarioSpec,
    *,
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    shocks: bool = True,
    threads: int | None = None,
) -> tuple[CheckResult, ...]:
    """Judge the checks of a scenario by a run of their outcomes alone; the scenario's own options.

    Returns
    -------
    tuple of CheckResult
        Empty where the scenario has no checks.
    """
    return checks_by_looks(
        spec,
        [spec.run.trajectories if trajectories is None else trajectories],
        seed=spec.run.seed if seed is None else seed,
        sampler=sampler or spec.run.sampler,
        shocks=shocks,
        threads=threads,
    )


def checks_by_looks(
    spec: ScenarioSpec,
    looks: Sequence[int],
    *,
    seed: int,
    sampler: str,
    shocks: bool = True,
    threads: int | None = None,
) -> tuple[CheckResult, ...]:
    """Judge checks with more and more trajectories, until all are decided.

    Parameters
    ----------
    looks : sequence of int
        Cumulative trajectories. Several looks share the error rate.
    """
    checks = checks_of(spec)
    if not checks:
        return ()
    metrics = metrics_of(checks)
    results: tuple[CheckResult, ...] = ()
    for whole in growing_outcomes(
        spec, metrics, looks, seed=seed, sampler=sampler, shocks=shocks, threads=threads
    ):
        results = judge_checks(
            checks,
            metrics,
            np.asarray(whole.values[0]),
            whole.scramble,
            is_replicated=whole.is_replicated,
            n_looks=len(looks),
        )
        if all(result.verdict != "undecided" for result in results):
            break
    return results
