"""Sensitivity of a run: from what it stored, and from trajectories computed again where it did not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from sandwich_sim.analysis.metrics import Metric, parse_metrics
from sandwich_sim.analysis.sensitivity import (
    Sensitivity,
    analyze_sensitivity,
    default_metrics,
    grid_metrics,
)
from sandwich_sim.analysis.sensitivity_sample import (
    Sample,
    SampleMaker,
    Values,
    correlated_rows,
    is_stored,
    read_sample,
    whole_groups,
)
from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.dataset import check_run, read_meta, stored_scenario
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.sampling import draw
from sandwich_sim.scenario.outcome_names import CENTS
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.paired import paired_outcomes

MOST_RECOMPUTED = 65_536
"""Trajectories that are computed again for what is not stored."""


def measure_sensitivity(
    folder: Path | str,
    metrics: Sequence[str] = (),
    *,
    series: str = CENTS,
    ranks: bool = False,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Sensitivity:
    """Say which inputs of a run matter, for what, and how sure that is.

    Parameters
    ----------
    folder : path
        A complete run of any ``keep``.
    metrics : sequence of str
        Outcomes to look at in detail; the cents that labs keep and the first event if none.
    series : str
        By hop and over time.
    ranks : bool
        Replace outcomes by their ranks.
    threads : int, optional
        For what is computed again; all processors if not given.
    progress : callable, optional
        Told of what is computed again.

    Raises
    ------
    UsageError
        If an outcome does not exist, or there are too few trajectories.
    IntegrityError
        If an outcome is not finite in some trajectory, or the run is damaged.
    """
    folder = Path(folder)
    arrays = check_run(folder)
    meta = read_meta(folder)
    spec = stored_scenario(folder, meta)
    lab = next(hop.name for hop in spec.hops if hop.role == "lab")
    chosen = parse_metrics(metrics or default_metrics(meta, lab), meta)
    grid = grid_metrics(series, meta)
    wanted = (*grid, *chosen)
    if all(is_stored(metric, arrays, meta) for metric in wanted):
        sample = read_sample(folder, meta, wanted, correlation=spec.correlation)
    else:
        sample = recompute_sample(spec, meta, wanted, threads=threads, progress=progress)
    return analyze_sensitivity(sample, series, len(grid), ranks=ranks, seed=meta.seed & 0xFFFFFFFF)


def recompute_sample(
    spec: ScenarioSpec,
    meta: RunMeta,
    metrics: Sequence[Metric],
    *,
    most: int = MOST_RECOMPUTED,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Sample:
    """Compute inputs and outcomes of the first trajectories of a run again.

    Notes
    -----
    With a Latin hypercube, fewer trajectories are another design of the same scenario; otherwise
    they are the run's own first ones.

    Raises
    ------
    IntegrityError
        If a trajectory holds a non-finite value or breaks an identity.
    """
    inputs, values = recompute_cases(spec, meta, metrics, most=most, threads=threads, progress=progress)
    maker = SampleMaker(spec.drawn, values.shape[1], len(metrics), meta.seed)
    maker.add_inputs(0, inputs)
    maker.values[:] = values
    return maker.finish(metrics, correlated_rows(spec.drawn, spec.correlation), "recomputed")


def recompute_cases(
    spec: ScenarioSpec,
    meta: RunMeta,
    metrics: Sequence[Metric],
    *,
    most: int = MOST_RECOMPUTED,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Values, Values]:
    """Compute inputs, shape (n_input, n), and outcomes, shape (n_metric, n), of a run again."""
    n = max(whole_groups(min(meta.n_trajectories, most)), 16)
    found = paired_outcomes(
        [spec],
        [list(metrics)],
        trajectories=n,
        seed=meta.seed,
        sampler=meta.sampler,
        slots=meta.sobol_slots,
        shocks=meta.shocks,
        threads=threads,
        progress=progress,
    )
    if found.failures[0]:
        said = ", ".join(f"{count} a {name}" for name, count in found.failures[0].items())
        raise IntegrityError(f"of {n:,} trajectories that were computed again, {said}.")
    inputs = draw(
        spec,
        spec.drawn,
        np.arange(n),
        seed=meta.seed,
        sampler=meta.sampler,
        trajectories=n,
        slots=meta.sobol_slots,
    )
    return inputs.astype(np.float32), found.values[0].astype(np.float32)
