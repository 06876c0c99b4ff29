"""The whole story: a scenario becomes draws, trajectories, sums and a run folder.

`run` writes a run folder, `simulate` returns a dataset in memory; both are `execute` with
another place for what is kept of each trajectory.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.engine import Worker, run_units
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.kernels.plan import Outcomes, RecordPlan
from sandwich_sim.model import Model
from sandwich_sim.prepare import Prepared, plan, prepare
from sandwich_sim.results.aggregate import dataset_summary
from sandwich_sim.results.files import folder_state
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.meta import Keep, RunMeta
from sandwich_sim.results.plan import check_plan
from sandwich_sim.results.provenance import fingerprint, provenance_record
from sandwich_sim.results.reduce import Fold, alternations, new_outcomes, outcome_arrays, record_plan
from sandwich_sim.results.store import RunWriter
from sandwich_sim.results.summarize import summarize
from sandwich_sim.results.summary import Summary
from sandwich_sim.sampling import check_drawn_shares
from sandwich_sim.scenario.dump import dump_scenario
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
    run_digest : str
        Of the scenario and all options (SHA-256): one digest, one result. The default folder
        carries its first eight digits.
    summary : Summary
    seconds : float
    warnings : tuple of str
    failed : bool
        Whether some trajectory broke an identity or held a non-finite value.
    """

    folder: Path
    reused: bool
    run_digest: str
    summary: Summary = field(repr=False)
    seconds: float
    warnings: tuple[str, ...]
    failed: bool


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
    IntegrityError
        If the run that lies there is damaged, or its scenario.toml was changed since.
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
    folder = output if output is not None else root / prepared.meta.folder_name
    if not force and (reused := _reuse(folder, prepared, began, is_named=output is not None)):
        return reused
    check_plan(plan(prepared), folder)

    def report(done: int, stage: str = "simulate") -> None:
        if progress is not None:
            progress(Progress(done, prepared.meta.n_trajectories, time.perf_counter() - began, stage))

    report(0, "compile")  # the model needs the first kernels, those that draw
    model = prepared.model()
    check_drawn_shares(spec, model.draws, prepared.meta.n_trajectories)
    # A run that `_reuse` refused for its platform may be replaced where we chose the folder.
    replace = force or output is None
    with RunWriter(folder, layout, dump_scenario(spec), provenance, overwrite=replace) as writer:
        writer.prepare()  # now: a folder in use is told before the work, not after it

        def write(first: int, n: int, outcomes: Outcomes) -> None:
            writer.write_unit(first, outcome_arrays(outcomes, first, n))

        accumulators, swings = execute(
            prepared, model, on_piece=None if keep == "summary" else write, on_progress=report
        )
        report(prepared.meta.n_trajectories, "write")
        writer.finish(accumulators, dataset_summary(accumulators, prepared.meta))
    return RunResult(
        folder=folder,
        reused=False,
        run_digest=prepared.meta.run_digest,
        summary=summarize(accumulators, prepared.meta),
        seconds=time.perf_counter() - began,
        warnings=(*prepared.warnings, *swings),
        failed=bool(accumulators["failures"].any()),
    )


def _reuse(folder: Path, prepared: Prepared, began: float, *, is_named: bool) -> RunResult | None:
    """Return the run that lies in the folder already if it is this very one."""
    if folder_state(folder) != "complete":
        return None
    from sandwich_sim.results.dataset import (
        check_run,
        read_accumulators,
        read_fingerprint,
        read_meta,
        stored_scenario,
    )

    stored = read_meta(folder)
    if stored.run_digest != prepared.meta.run_digest:
        raise UsageError(f"{folder}: holds another run. Choose another --output, or replace it with --force.")
    if read_fingerprint(folder) != fingerprint():
        if not is_named:
            return None  # to be made again
        raise UsageError(
            f"{folder}: holds a complete run that was made by another version or on another machine. "
            "Choose another --output, or replace it with --force."
        )
    check_run(folder)
    words: tuple[str, ...] = ()
    if dump_scenario(stored_scenario(folder, stored)) != dump_scenario(prepared.spec):
        text = f"{folder}: has the same numbers, but other titles, sources or notes than you gave"
        words = (f"{text}. Replace it with --force.",)
    accumulators = read_accumulators(folder)
    return RunResult(
        folder=folder,
        reused=True,
        run_digest=stored.run_digest,
        summary=summarize(accumulators, stored),
        seconds=time.perf_counter() - began,
        warnings=(*prepared.warnings, *words, *_swing_warnings(accumulators, stored)),
        failed=bool(np.any(accumulators["failures"])),
    )


def execute(
    prepared: Prepared,
    model: Model,
    *,
    on_piece: Callable[[int, int, Outcomes], None] | None = None,
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
    units = run_units(
        model,
        meta,
        recorded,
        threads=prepared.threads,
        on_piece=on_piece,
        on_progress=on_progress,
        dtype=dtype,
    )
    # Closed on the way out, by Ctrl-C too: no thread may go on writing into a folder that is cleared.
    with contextlib.closing(units):
        for result in units:
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
        paths.append(worker.run(part, keep="paths").series[:n_hop].copy())
    return np.concatenate(paths, axis=-1)


def _swing_warnings(accumulators: dict[str, NDArray[Any]], meta: RunMeta) -> tuple[str, ...]:
    pairs = np.maximum(accumulators["alternation_pairs"], 1)
    shares = accumulators["alternation"] / pairs
    doubts = 2.0 * np.sqrt(shares * (1.0 - shares) / pairs)  # a few trajectories swing by chance
    return tuple(
        f"revenue of {hop} swings by more than 10% each way in {share:.0%} of consecutive steps: "
        f"the step is too long for this scenario. Raise steps_per_year."
        for hop, share, doubt in zip(meta.hops, shares, doubts, strict=True)
        if share - doubt > SWING_LIMIT
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

    def place(first: int, n: int, outcomes: Outcomes) -> None:
        for name, part in outcome_arrays(outcomes, first, n).items():
            whole[name][..., first : first + n] = part

    accumulators, swings = execute(
        prepared, model, on_piece=None if keep == "summary" else place, dtype=np.float64
    )
    _raise_failures(accumulators)
    for text in (*prepared.warnings, *swings):
        warnings.warn(text, stacklevel=2)
    return to_dataset(layout_of(meta), whole, accumulators, provenance_record(meta))


def _raise_failures(accumulators: dict[str, NDArray[Any]]) -> None:
    names = ("a non-finite value", "a broken identity (i)", "a broken identity (ii)")
    for name, count, first in zip(
        names, accumulators["failures"], accumulators["first_failure"], strict=False
    ):
        if count:
            raise IntegrityError(f"{count} trajectories hold {name}; the first is {first}.")
