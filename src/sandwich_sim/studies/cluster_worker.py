"""What a worker of a cluster does: say what it is, and compute parts of a run.

A task is a dictionary of plain values: the run folder, the stage in it, the number of a part. What
to compute the worker reads from the stage. What it returns is as small.
"""

from __future__ import annotations

import contextlib
import os
import platform
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandwich_sim._version import __version__
from sandwich_sim.engine import StoppedError
from sandwich_sim.errors import SandwichSimError, UsageError
from sandwich_sim.execution import run_parts
from sandwich_sim.kernels.plan import Outcomes
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.model import Model
from sandwich_sim.prepare import Prepared
from sandwich_sim.results.arrays import Layout
from sandwich_sim.results.files import explained_errors
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.manifest import read_manifest
from sandwich_sim.results.parts import PartGrid, part_grid
from sandwich_sim.results.provenance import fingerprint
from sandwich_sim.results.reduce import outcome_arrays
from sandwich_sim.results.staging import PartStage
from sandwich_sim.studies.resume import prepared_again

_LOOK_EVERY = 1.0
"""How often a worker looks whether its work is still wanted [s]."""
_RUNS_KEPT = 2


def describe_worker(folder: str = "", stage: str = "", dask_worker: Any = None) -> dict[str, Any]:
    """Say what decides on this process's bits, whether it sees a run folder, and where it listens.

    Dask gives `dask_worker`, by that name.
    """
    return {
        "fingerprint": fingerprint(),
        "stream_version": STREAM_VERSION,
        "version": __version__,
        "host": platform.node(),
        "sees_folder": not folder or _sees(Path(folder, stage)),
        "listens_on": [str(one.listen_address) for one in getattr(dask_worker, "listeners", ())],
    }


def _sees(place: Path) -> bool:
    """Whether a folder that was just made is there; a network's file system may take a moment."""
    for pause in (0.0, 0.5, 2.0):
        time.sleep(pause)
        if place.is_dir():
            return True
    return False


@dataclass(frozen=True)
class _Work:
    """A run as a worker knows it."""

    prepared: Prepared
    model: Model
    layout: Layout
    grid: PartGrid


_known: dict[tuple[str, str], _Work] = {}
_mutex = threading.Lock()


def _work_of(folder: str, stage: str) -> _Work:
    """Read what a stage is for, once in a process; a stage is for one run for ever.

    Raises
    ------
    UsageError
        If the run's bits cannot be had here.
    """
    with _mutex:
        key = (folder, stage)
        if key not in _known:
            manifest = read_manifest(Path(folder, stage))
            prepared = prepared_again(Path(folder), manifest, threads=1)
            grid = part_grid(prepared.meta)
            if grid.to_document() != manifest.grid:
                raise UsageError(f"{folder}: was cut into parts by another version.")
            while len(_known) >= _RUNS_KEPT:
                del _known[next(iter(_known))]
            _known[key] = _Work(prepared, prepared.model(), layout_of(prepared.meta), grid)
        return _known[key]


def compute_part(task: Mapping[str, Any]) -> dict[str, Any]:
    """Compute a part of a run on one thread and put its files into the stage.

    Parameters
    ----------
    task : mapping
        ``folder``, ``stage`` and ``part``.

    Returns
    -------
    dict
        What `staging.StagedPart.to_document` returns, ``fingerprint``, ``stream_version`` and
        ``host``; or ``refused``: why this worker must not compute it.

    Raises
    ------
    ResourceError
        If the disk is full.
    """
    folder, stage, part = str(task["folder"]), str(task["stage"]), int(task["part"])
    said = {"part": part, "host": platform.node()}
    try:
        work = _work_of(folder, stage)
    except SandwichSimError as error:
        # Of another platform or version, or without sight of the folder. Others may do better.
        return said | {"refused": str(error)}
    staged = _stage_part(work, Path(folder), stage, part)
    return said | staged | {"fingerprint": fingerprint(), "stream_version": STREAM_VERSION}


def _stage_part(work: _Work, folder: Path, stage: str, part: int) -> dict[str, Any]:
    looked = time.monotonic()
    with explained_errors(folder, begun=True), contextlib.ExitStack() as on_failure:
        place = PartStage(folder, stage, work.layout, work.grid, part)
        on_failure.callback(place.discard)

        def write(first: int, n: int, outcomes: Outcomes) -> None:
            place.write_unit(first, outcome_arrays(outcomes, first, n))

        def look(_: int) -> None:
            nonlocal looked
            if time.monotonic() - looked > _LOOK_EVERY:
                looked = time.monotonic()
                if not place.is_wanted:
                    raise StoppedError(f"{os.fspath(folder)}: part {part} is not wanted any more")

        on_piece = None if work.prepared.meta.keep == "summary" else write
        parts = run_parts(work.prepared, work.model, [part], on_piece=on_piece, on_progress=look)
        with contextlib.closing(parts):
            _, sums = next(parts)
        done = place.finish(sums)
        on_failure.pop_all()
    return done.to_document()
