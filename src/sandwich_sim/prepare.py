"""The options of a run, settled and checked before anything is computed or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sandwich_sim.engine import default_threads
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.kernel_cache import mend_cache
from sandwich_sim.kernels._start import load_compiler
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.model import Model, build_model
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.meta import Keep, RunMeta, meta_of
from sandwich_sim.results.plan import Plan, check_sizes, plan_run
from sandwich_sim.sampling import check_request, good_sizes
from sandwich_sim.scenario.spec import ScenarioSpec


@dataclass(frozen=True)
class Prepared:
    """A scenario and its options, checked; nothing is computed or written yet.

    ``processes`` are those on this machine that compute it.
    """

    spec: ScenarioSpec
    meta: RunMeta
    threads: int
    warnings: tuple[str, ...]
    processes: int = 1

    def model(self) -> Model:
        """Build the kernels' inputs."""
        load_compiler()
        mend_cache()
        meta = self.meta
        return build_model(
            self.spec,
            seed=meta.seed,
            sampler=meta.sampler,
            trajectories=meta.n_trajectories,
            shocks=meta.shocks,
            slots=meta.sobol_slots,
        )


def check_described(folder: Path, spec: ScenarioSpec, meta: RunMeta) -> None:
    """Refuse a stored description that is not one of the scenario stored with it.

    The kernels write as many numbers as the scenario makes into arrays as large as the description
    says, so that one that was tampered with must not reach them.

    Raises
    ------
    IntegrityError
        If they do not belong together.
    """
    own = meta_of(
        spec,
        n_trajectories=meta.n_trajectories,
        seed=meta.seed,
        keep=meta.keep,
        stream_version=meta.stream_version,
        sampler=meta.sampler,
        shocks=meta.shocks,
        unit=meta.unit,
    )
    if own != meta:
        raise IntegrityError(f"{folder}: its description does not belong to its scenario.")


def prepare(
    spec: ScenarioSpec,
    *,
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    keep: Keep = "outcomes",
    threads: int | None = None,
    shocks: bool = True,
) -> Prepared:
    """Settle the options of a run (the scenario's own where not given) and check them.

    Raises
    ------
    UsageError
        If a size is above its hard cap or an option has no such value.
    """
    if keep not in ("summary", "outcomes", "paths"):
        raise UsageError(f"keep = {keep!r} is unknown. Use summary, outcomes or paths.")
    if sampler not in (None, "random", "latin-hypercube", "sobol"):
        raise UsageError(f"sampler = {sampler!r} is unknown. Use random, latin-hypercube or sobol.")
    if not isinstance(spec, ScenarioSpec):
        raise UsageError(f"{spec!r} is not a scenario. Load it first: load_scenario({spec!r}).")
    for name, value in (("trajectories", trajectories), ("seed", seed), ("threads", threads)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | np.integer)):
            raise UsageError(f"{name} = {value!r}: use a whole number.")
    if threads is not None and not 1 <= threads <= 1024:
        raise UsageError(f"threads = {threads}: use 1 to 1024.")
    n = spec.run.trajectories if trajectories is None else int(trajectories)
    seed = spec.run.seed if seed is None else int(seed)
    check_sizes(n, spec.n_record - 1, seed)
    meta = meta_of(
        spec,
        n_trajectories=n,
        seed=seed,
        keep=keep,
        stream_version=STREAM_VERSION,
        sampler=sampler,  # type: ignore[arg-type]
        shocks=shocks,
    )
    check_request(seed, meta.sampler, n)
    warnings = list(spec.notes)
    if meta.sampler == "sobol" and good_sizes(n)[0] != n:
        good = " or ".join(str(size) for size in dict.fromkeys(good_sizes(n)))
        warnings.append(f"sobol is best with 16 x 2^m trajectories: {good} rather than {n}.")
    return Prepared(spec, meta, threads or default_threads(), tuple(warnings))


def plan(prepared: Prepared, *, in_memory: bool = False) -> Plan:
    """Say what a run will take, from sizes alone."""
    return plan_run(
        layout_of(prepared.meta), threads=prepared.threads, processes=prepared.processes, in_memory=in_memory
    )
