"""The whole story: a scenario becomes draws, trajectories, sums and a run folder.

`run` writes a run folder, `simulate` returns a dataset in memory; both are `execute` with
another place for what is kept of each trajectory.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import IntegrityError, SandwichSimError, UsageError
from sandwich_sim.execution import execute as execute  # told to others under this name, too
from sandwich_sim.execution import swing_warnings
from sandwich_sim.kernels.plan import Outcomes
from sandwich_sim.model import Model
from sandwich_sim.prepare import Prepared, plan, prepare
from sandwich_sim.results.aggregate import dataset_summary
from sandwich_sim.results.files import folder_state
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.meta import Keep
from sandwich_sim.results.parts import part_grid
from sandwich_sim.results.plan import check_plan
from sandwich_sim.results.provenance import fingerprint, provenance_record
from sandwich_sim.results.reduce import new_outcomes, outcome_arrays, record_plan
from sandwich_sim.results.status import run_status
from sandwich_sim.results.store import FinishedError, RunWriter
from sandwich_sim.results.summarize import summarize
from sandwich_sim.results.summary import Summary
from sandwich_sim.sampling import check_drawn_shares
from sandwich_sim.scenario.dump import dump_scenario
from sandwich_sim.scenario.spec import ScenarioSpec

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Progress:
    """How far a run is: ``stage`` is "compile", "simulate" or "write"; ``seconds`` since it began."""

    done: int
    total: int
    seconds: float
    stage: str


class Executor(Protocol):
    """Carries out what a run folder lacks, elsewhere than on our own threads.

    Attributes
    ----------
    threads, processes : int
        Those of this machine that it keeps busy.
    """

    threads: int
    processes: int

    def __call__(
        self, prepared: Prepared, model: Model, writer: RunWriter, on_progress: Callable[[int], None]
    ) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
        """Make every part of the run that ``writer`` lacks; returns what `execution.execute` does."""
        ...


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
    resumed : int
        Trajectories of a stopped run that were there already.
    """

    folder: Path
    reused: bool
    run_digest: str
    summary: Summary = field(repr=False)
    seconds: float
    warnings: tuple[str, ...]
    failed: bool
    resumed: int = 0


def run(
    spec: ScenarioSpec,
    *,
    output: Path | str | None = None,
    root: Path | str = "results",
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    keep: Keep = "outcomes",
    threads: int | None = None,
    shocks: bool = True,
    force: bool = False,
    executor: Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RunResult:
    """Simulate a scenario into a run folder, or go on where the same run was stopped.

    Parameters
    ----------
    output : Path or str, optional
        The folder; ``root/<name>-<digest8>`` if not given.
    force : bool
        Replace a run that lies there.
    executor : Executor, optional
        Computes it elsewhere (`studies.cluster.Cluster`); our own threads if not given.
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
    is_named = output is not None
    folder = Path(root, prepared.meta.folder_name) if output is None else Path(output)
    if not force and (reused := reuse(folder, prepared, began, is_named=is_named)):
        return reused
    # A run that `reuse` refused for its platform may be replaced where we chose the folder.
    return make_run(
        folder,
        prepared,
        began,
        overwrite=force or not is_named,
        anew=force,
        executor=executor,
        progress=progress,
    )


def make_run(
    folder: Path,
    prepared: Prepared,
    began: float,
    *,
    overwrite: bool = False,
    anew: bool = False,
    executor: Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RunResult:
    """Compute what a folder lacks of a run and write it there.

    Parameters
    ----------
    began : float
        When the work began, by `time.perf_counter` [s].
    overwrite, anew : bool
        As in `RunWriter`.
    executor : Executor, optional
        As in `run`.
    """
    if executor is not None:
        prepared = replace(prepared, threads=executor.threads, processes=executor.processes)
    _check_room(prepared, folder, anew=anew)
    execute_run = executor or _on_own_threads
    try:
        return _make_run(
            folder, prepared, began, execute_run, overwrite=overwrite, anew=anew, progress=progress
        )
    except FinishedError:  # another process was quicker
        done = reuse(folder, prepared, began)
        if done is None:
            raise
        return done


def _make_run(
    folder: Path,
    prepared: Prepared,
    began: float,
    execute_run: Callable[..., tuple[dict[str, NDArray[Any]], tuple[str, ...]]],
    *,
    overwrite: bool,
    anew: bool,
    progress: Callable[[Progress], None] | None,
) -> RunResult:
    meta = prepared.meta

    def report(done: int, stage: str = "simulate") -> None:
        if progress is not None:
            progress(Progress(done, meta.n_trajectories, time.perf_counter() - began, stage))

    report(0, "compile")  # the model needs the first kernels, those that draw
    model = prepared.model()
    check_drawn_shares(prepared.spec, model.draws, meta.n_trajectories)
    layout, scenario, provenance = layout_of(meta), dump_scenario(prepared.spec), provenance_record(meta)
    with RunWriter(folder, layout, scenario, provenance, overwrite=overwrite, anew=anew) as writer:
        writer.prepare()  # now: a folder in use is told before the work, not after it
        stored = writer.stored
        accumulators, swings = execute_run(prepared, model, writer, report)
        report(meta.n_trajectories, "write")
        writer.finish(accumulators, dataset_summary(accumulators, meta))
    grid = part_grid(meta)
    return RunResult(
        folder=folder,
        reused=False,
        run_digest=meta.run_digest,
        summary=summarize(accumulators, meta),
        seconds=time.perf_counter() - began,
        warnings=(*prepared.warnings, *swings),
        failed=bool(accumulators["failures"].any()),
        resumed=sum(grid.count(part) for part in stored),
    )


def _on_own_threads(
    prepared: Prepared, model: Model, writer: RunWriter, on_progress: Callable[[int], None]
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """As an `Executor`, here."""

    def write(first: int, n: int, outcomes: Outcomes) -> None:
        writer.write_unit(first, outcome_arrays(outcomes, first, n))

    return execute(
        prepared,
        model,
        on_piece=None if prepared.meta.keep == "summary" else write,
        on_part=writer.commit,
        on_progress=on_progress,
        stored=writer.stored,
        load=writer.load_sums,
    )


def _check_room(prepared: Prepared, folder: Path, *, anew: bool) -> None:
    """Refuse a run that does not fit; what a stopped one left there needs no more room."""
    present = 0
    if not anew and folder_state(folder) == "incomplete":
        with contextlib.suppress(SandwichSimError):
            present = run_status(folder).size_bytes
    check_plan(plan(prepared), folder, present=present)


def reuse(folder: Path, prepared: Prepared, began: float, *, is_named: bool = True) -> RunResult | None:
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
    scenario = stored_scenario(folder, stored)
    check_run(folder)
    words: tuple[str, ...] = ()
    if dump_scenario(scenario) != dump_scenario(prepared.spec):
        text = f"{folder}: has the same numbers, but other sources or notes than you gave"
        words = (f"{text}. Replace it with --force.",)
    accumulators = read_accumulators(folder)
    return RunResult(
        folder=folder,
        reused=True,
        run_digest=stored.run_digest,
        summary=summarize(accumulators, stored),
        seconds=time.perf_counter() - began,
        warnings=(*prepared.warnings, *words, *swing_warnings(accumulators, stored)),
        failed=bool(np.any(accumulators["failures"])),
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
