"""The whole story: a scenario becomes draws, trajectories, sums and a run folder.

`simulate` returns a dataset in memory, `run` writes a run folder, `recompute` gives any series
of any trajectory of a run again, `trace` all that the model used and made (for tests).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.engine import UnitResult, Worker, default_threads, run_units
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.kernels.plan import Outcomes, RecordPlan
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.model import Model, build_model
from sandwich_sim.results.aggregate import dataset_summary
from sandwich_sim.results.files import folder_state
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.meta import Keep, RunMeta, meta_of
from sandwich_sim.results.plan import Plan, check_plan, check_sizes, plan_run
from sandwich_sim.results.provenance import fingerprint, provenance_record
from sandwich_sim.results.reduce import Fold, alternations, new_outcomes, outcome_arrays, record_plan
from sandwich_sim.results.store import RunWriter
from sandwich_sim.results.summarize import summarize
from sandwich_sim.results.summary import Summary
from sandwich_sim.sampling import check_drawn_shares, good_sizes
from sandwich_sim.scenario.spec import ScenarioSpec

if TYPE_CHECKING:
    import xarray as xr

SWING_SAMPLE = 2048
"""Trajectories in which swings from step to step are counted."""
SWING_LIMIT = 0.04
"""Most consecutive moves that may alternate by more than 10% each way."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: ``stage`` is "compile", "simulate" or "write"; ``seconds`` since it began."""

    done: int
    total: int
    seconds: float
    stage: str


@dataclass(frozen=True)
class RunResult:
    """What `run` did.

    Attributes
    ----------
    folder : Path
    reused : bool
        Whether a complete run with the same digest lay there already.
    summary : Summary
    seconds : float
    warnings : tuple of str
    failed : bool
        Whether some trajectory broke an identity or held a non-finite value.
    """

    folder: Path
    reused: bool
    summary: Summary
    seconds: float
    warnings: tuple[str, ...]
    failed: bool


@dataclass(frozen=True)
class Prepared:
    """A scenario and its options, checked; nothing is computed or written yet."""

    spec: ScenarioSpec
    meta: RunMeta
    threads: int
    warnings: tuple[str, ...]

    def model(self) -> Model:
        meta = self.meta
        return build_model(
            self.spec,
            seed=meta.seed,
            sampler=meta.sampler,
            trajectories=meta.n_trajectories,
            shocks=meta.shocks,
            slots=meta.sobol_slots,
        )


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
    if threads is not None and not 1 <= threads <= 1024:
        raise UsageError(f"threads = {threads}: use 1 to 1024.")
    n = spec.run.trajectories if trajectories is None else trajectories
    seed = spec.run.seed if seed is None else seed
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
    warnings: list[str] = []
    if meta.sampler == "sobol" and good_sizes(n)[0] != n:
        below, above = good_sizes(n)
        warnings.append(f"sobol is best with 16 x 2^m trajectories: {below} or {above} rather than {n}.")
    return Prepared(spec, meta, threads or default_threads(), tuple(warnings))


def plan(prepared: Prepared, *, in_memory: bool = False) -> Plan:
    """Say what a run will take, from sizes alone."""
    return plan_run(layout_of(prepared.meta), threads=prepared.threads, in_memory=in_memory)


def run(
    spec: ScenarioSpec,
    *,
    output: Path | None = None,
    root: Path = Path("results"),
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    keep: Keep = "outcomes",
    threads: int | None = None,
    shocks: bool = True,
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> RunResult:
    """Simulate a scenario into a run folder.

    Parameters
    ----------
    output : Path, optional
        The folder; ``root/<name>-<digest8>`` if not given.
    force : bool
        Replace a complete run that lies there.
    progress : callable, optional
        Called about ten times a second.

    Returns
    -------
    RunResult
        ``reused`` where the folder held this very run already.

    Raises
    ------
    UsageError, ScenarioError
        If options or drawn cost shares are impossible, or the folder holds another run.
    ResourceError
        If the run does not fit memory or disk.
    BusyError
        If another process writes there.
    """
    began = time.perf_counter()
    prepared = prepare(
        spec,
        trajectories=trajectories,
        seed=seed,
        sampler=sampler,
        keep=keep,
        threads=threads,
        shocks=shocks,
    )
    layout = layout_of(prepared.meta)
    provenance = provenance_record(prepared.meta)
    folder = output if output is not None else root / default_name(prepared.meta)
    if not force and (reused := _reuse(folder, prepared, began)):
        return reused
    check_plan(plan(prepared), folder)
    model = prepared.model()
    check_drawn_shares(spec, model.draws, prepared.meta.n_trajectories)
    from sandwich_sim.scenario.dump import dump_scenario

    with RunWriter(folder, layout, dump_scenario(spec), provenance, overwrite=force) as writer:

        def write(result: UnitResult, outcomes: Outcomes) -> None:
            writer.write_unit(result.first, outcome_arrays(outcomes, result.first, result.n))

        def report(done: int, stage: str = "simulate") -> None:
            if progress is not None:
                elapsed = time.perf_counter() - began
                progress(Progress(done, prepared.meta.n_trajectories, elapsed, stage))

        accumulators, swings = execute(
            prepared, model, on_unit=None if keep == "summary" else write, on_progress=report
        )
        report(prepared.meta.n_trajectories, "write")
        writer.finish(accumulators, dataset_summary(accumulators, prepared.meta))
    return RunResult(
        folder=folder,
        reused=False,
        summary=summarize(accumulators, prepared.meta),
        seconds=time.perf_counter() - began,
        warnings=(*prepared.warnings, *swings),
        failed=bool(accumulators["failures"].any()),
    )


def default_name(meta: RunMeta) -> str:
    """Return ``<name>-<digest8>`` of a run: the digest covers the scenario and all options."""
    return f"{meta.name}-{meta.run_digest[:8]}"


def _reuse(folder: Path, prepared: Prepared, began: float) -> RunResult | None:
    """Return the run that lies in the folder already if it is this very one."""
    if folder_state(folder) != "complete":
        return None
    from sandwich_sim.results.dataset import check_run, read_accumulators, read_meta, read_provenance

    stored = read_meta(folder)
    same_machine = read_provenance(folder).get("fingerprint", {}).get("digest") == fingerprint()
    if stored.run_digest != prepared.meta.run_digest or not same_machine:
        raise UsageError(f"{folder}: holds another run. Choose another --output, or replace it with --force.")
    check_run(folder)
    accumulators = read_accumulators(folder)
    return RunResult(
        folder=folder,
        reused=True,
        summary=summarize(accumulators, stored),
        seconds=time.perf_counter() - began,
        warnings=(*prepared.warnings, *_swing_warnings(accumulators, stored)),
        failed=bool(np.any(accumulators["failures"])),
    )


def execute(
    prepared: Prepared,
    model: Model,
    *,
    on_unit: Callable[[UnitResult, Outcomes], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
    dtype: type[Any] = np.float32,
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Run all units and fold them; returns the accumulators and warnings about swings."""
    meta = prepared.meta
    recorded = record_plan(prepared.spec, meta)
    fold = Fold(meta, recorded)
    if on_progress is not None:
        on_progress(0)
    swings = alternations(_sample_revenue(model, meta, recorded, dtype))
    for result in run_units(
        model,
        meta,
        recorded,
        threads=prepared.threads,
        on_unit=on_unit,
        on_progress=on_progress,
        dtype=dtype,
    ):
        fold.add(result.unit, result.accumulators, result.non_finite)
    accumulators = fold.result(swings)
    return accumulators, _swing_warnings(accumulators, meta)


def _sample_revenue(model: Model, meta: RunMeta, recorded: RecordPlan, dtype: type[Any]) -> NDArray[Any]:
    """Revenue paths of the first trajectories, shape (n_hop, n_record, n)."""
    n_hop = len(meta.hops)
    paths = []
    worker = Worker(model, meta, recorded, dtype=dtype)
    for first in range(0, min(SWING_SAMPLE, meta.n_trajectories), 256):
        part = np.arange(first, min(first + 256, meta.n_trajectories))
        paths.append(worker.run(part, keep="paths", counting=False)[1].series[:n_hop].copy())
    return np.concatenate(paths, axis=-1)


def _swing_warnings(accumulators: dict[str, NDArray[Any]], meta: RunMeta) -> tuple[str, ...]:
    shares = accumulators["alternation"] / np.maximum(accumulators["alternation_pairs"], 1)
    return tuple(
        f"revenue of {hop} swings by more than 10% each way in {share:.0%} of consecutive steps: "
        f"the step is too long for this scenario. Raise steps_per_year."
        for hop, share in zip(meta.hops, shares, strict=True)
        if share > SWING_LIMIT
    )


def simulate(
    spec: ScenarioSpec,
    *,
    seed: int | None = None,
    trajectories: int | None = None,
    sampler: str | None = None,
    shocks: bool = True,
    keep: Keep = "outcomes",
    threads: int | None = None,
) -> xr.Dataset:
    """Simulate a scenario in memory.

    Parameters
    ----------
    shocks : bool
        False holds every shock and jump at zero; parameters are still drawn.

    Returns
    -------
    xarray.Dataset
        In float64, otherwise as `open_run` gives it.

    Raises
    ------
    UsageError, ScenarioError, ResourceError
        As `run`.
    IntegrityError
        If a trajectory breaks an identity or holds a non-finite value.
    """
    from sandwich_sim.results.dataset import to_dataset

    prepared = prepare(
        spec,
        trajectories=trajectories,
        seed=seed,
        sampler=sampler,
        keep=keep,
        threads=threads,
        shocks=shocks,
    )
    check_plan(plan(prepared, in_memory=True), None)
    model = prepared.model()
    meta = prepared.meta
    check_drawn_shares(spec, model.draws, meta.n_trajectories)
    whole = outcome_arrays(
        new_outcomes(meta, record_plan(spec, meta), meta.n_trajectories, keep, np.float64),
        0,
        meta.n_trajectories,
    )

    def place(result: UnitResult, outcomes: Outcomes) -> None:
        for name, part in outcome_arrays(outcomes, result.first, result.n).items():
            whole[name][..., result.first : result.first + result.n] = part

    accumulators, _ = execute(
        prepared, model, on_unit=None if keep == "summary" else place, dtype=np.float64
    )
    _raise_failures(accumulators)
    return to_dataset(layout_of(meta), whole, accumulators, provenance_record(meta))


def _raise_failures(accumulators: dict[str, NDArray[Any]]) -> None:
    names = ("a non-finite value", "a broken identity (i)", "a broken identity (ii)")
    for name, count, first in zip(
        names, accumulators["failures"], accumulators["first_failure"], strict=False
    ):
        if count:
            raise IntegrityError(f"{count} trajectories hold {name}; the first is {first}.")


def recompute(folder: Path | str, indices: Sequence[int], series: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Compute series of chosen trajectories of a stored run again, from seed and index.

    Parameters
    ----------
    folder : path
        A run folder, of any ``keep``.
    indices : sequence of int
    series : sequence of str
        ``margin.lab``, ``gap``, or ``margin`` for every hop.

    Returns
    -------
    dict of str to ndarray of float64, shape (n_record, n)
        Equal, after rounding to float32, to what the run stored.

    Raises
    ------
    IntegrityError
        If the run comes from another platform fingerprint or stream version.
    UsageError
        If an index or a series does not exist.
    """
    from sandwich_sim.results.dataset import read_meta, read_provenance
    from sandwich_sim.scenario.load import load_scenario
    from sandwich_sim.variables import expand_series

    folder = Path(folder)
    meta = read_meta(folder)
    stored = read_provenance(folder).get("fingerprint", {}).get("digest", "")
    if stored != fingerprint() or meta.stream_version != STREAM_VERSION:
        raise IntegrityError(
            f"{folder}: was made on another platform or by another version (fingerprint {stored[:8]}, here "
            f"{fingerprint()[:8]}), so its trajectories cannot be computed again bit by bit. Run it again here."
        )
    try:
        names = expand_series(tuple(series), meta.hops)
    except KeyError as error:
        raise UsageError(f"series {error.args[0]!r} does not exist.") from error
    wanted = np.asarray(indices, dtype=np.int64)
    if wanted.size and not (0 <= wanted.min() and wanted.max() < meta.n_trajectories):
        raise UsageError(f"trajectories are 0 to {meta.n_trajectories - 1}.")
    spec = load_scenario(folder / "scenario.toml")
    prepared = Prepared(spec, meta, 1, ())
    paths = _paths(prepared, wanted)
    rows = [meta.series.index(name) for name in names]
    return {name: paths[row] for name, row in zip(names, rows, strict=True)}


def _paths(prepared: Prepared, trajectories: NDArray[np.int64]) -> NDArray[np.float64]:
    """All series of the given trajectories, shape (n_series, n_record, n), in one thread."""
    meta = prepared.meta
    recorded = record_plan(prepared.spec, meta)
    worker = Worker(prepared.model(), meta, recorded, dtype=np.float64)
    series = np.empty((len(meta.series), meta.n_record, trajectories.size))
    for first in range(0, trajectories.size, 256):
        part = trajectories[first : first + 256]
        series[:, :, first : first + part.size] = worker.run(part, keep="paths", counting=False)[1].series
    return series


def with_seed(prepared: Prepared, seed: int) -> Prepared:
    """Return the same run with another seed."""
    return replace(prepared, meta=replace(prepared.meta, seed=seed))
