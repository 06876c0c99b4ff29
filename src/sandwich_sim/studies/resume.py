"""Runs that were stopped: what they need to go on, and going on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandwich_sim.engine import default_threads
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.prepare import Prepared, check_described
from sandwich_sim.results.manifest import Manifest, read_manifest
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.provenance import fingerprint
from sandwich_sim.results.status import (
    check_records,
    existing_run,
    fingerprint_of,
    manifest_meta,
    stored_grid,
)
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Executor, Progress, RunResult, make_run, reuse


def resume(
    folder: Path | str,
    *,
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RunResult:
    """Go on with a stopped run; the result has the same bits as if it had not been stopped.

    Parameters
    ----------
    folder : path
        Its folder; nothing else is needed.
    threads : int, optional
        All processors if not given.
    executor : Executor, optional
        As in `simulation.run`.
    progress : callable, optional
        Called about ten times a second.

    Returns
    -------
    RunResult
        ``reused`` where the run was complete already.

    Raises
    ------
    UsageError
        If there is no run, or it was begun on another platform or by another version.
    IntegrityError
        If it does not say what it is.
    BusyError, ResourceError
        As `simulation.run`.
    """
    began = time.perf_counter()
    folder = Path(folder)
    existing_run(folder)
    manifest = read_manifest(folder)
    prepared = prepared_again(folder, manifest, threads)
    done = reuse(folder, prepared, began)
    return done or make_run(folder, prepared, began, executor=executor, progress=progress)


def prepared_again(folder: Path, manifest: Manifest, threads: int | None = None) -> Prepared:
    """Return scenario and options of a run as they were when it began.

    Raises
    ------
    UsageError
        If its bits cannot be had here.
    IntegrityError
        If the scenario in its manifest is not the one that was run, or its parts are of another size.
    """
    meta = manifest_meta(folder, manifest)
    check_records(folder, manifest, stored_grid(folder, manifest, meta))
    check_platform(folder, meta, fingerprint_of(manifest))
    if threads is not None and not 1 <= threads <= 1024:
        raise UsageError(f"threads = {threads}: use 1 to 1024.")
    spec = manifest_scenario(folder, manifest, meta)
    check_described(folder, spec, meta)
    return Prepared(spec, meta, threads or default_threads(), ())


def check_platform(folder: Path, meta: RunMeta, stored: str) -> None:
    """Refuse a run whose bits this machine and version do not give.

    Raises
    ------
    UsageError
    """
    if stored == fingerprint() and meta.stream_version == STREAM_VERSION:
        return
    raise UsageError(
        f"{folder}: was made on another platform or by another version (fingerprint {stored[:8]}, here "
        f"{fingerprint()[:8]}), so its bits cannot be had here. Go on where it was begun, or run its "
        f"scenario again: sandwich-sim run {folder / 'scenario.toml'}"
    )


def manifest_scenario(folder: Path, manifest: Manifest, meta: RunMeta) -> ScenarioSpec:
    """Read the scenario that a manifest repeats.

    Raises
    ------
    IntegrityError
        If it is not the one that was run.
    """
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "scenario.toml"
        path.write_text(manifest.scenario, encoding="utf-8")
        spec = load_scenario(path)
    if spec.digest != meta.scenario_digest:
        raise IntegrityError(f"{folder}: the scenario in its manifest is not the one that was run")
    return spec
