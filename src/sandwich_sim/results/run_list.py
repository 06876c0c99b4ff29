"""The runs below a folder, damaged ones included."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sandwich_sim.errors import SandwichSimError
from sandwich_sim.results.dataset import check_run, read_meta, read_provenance
from sandwich_sim.results.files import MARKER
from sandwich_sim.results.zarr_format import read_metadata


@dataclass(frozen=True)
class RunInfo:
    """One run folder at a glance.

    Attributes
    ----------
    folder : Path
    name, title, keep, sampler : str
        Empty where they cannot be read.
    digest : str
        Of the scenario's numbers.
    run_digest : str
        Of the scenario and all options; the default folder carries its first eight digits.
    n_trajectories, seed : int
    complete : bool
    failed : bool
        Whether trajectories failed a check of the engine.
    size_bytes : int
        Of all files [B].
    created : str
        When the run started, ISO 8601 in UTC.
    problem : str
        Why it cannot be opened; empty if it can.
    """

    folder: Path
    name: str = ""
    title: str = ""
    digest: str = ""
    run_digest: str = ""
    keep: str = ""
    sampler: str = ""
    n_trajectories: int = 0
    seed: int = 0
    complete: bool = False
    failed: bool = False
    size_bytes: int = 0
    created: str = ""
    problem: str = ""


def list_runs(root: Path | str) -> list[RunInfo]:
    """List the run folders in ``root`` and in its subfolders (batches), the newest first."""
    found = [_inspect(folder) for folder in _run_folders(Path(root), depth=2)]
    return sorted(found, key=lambda info: (info.created, info.folder), reverse=True)


def _run_folders(root: Path, depth: int) -> list[Path]:
    if (root / "provenance.json").is_file() or (root / "zarr.json").is_file():
        return [root]
    if depth == 0:
        return []
    try:
        below = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []
    return [folder for path in below for folder in _run_folders(path, depth - 1)]


def _inspect(folder: Path) -> RunInfo:
    size = _size_of(folder)
    complete = (folder / MARKER).is_file()
    try:
        meta = read_meta(folder)
        created = str(read_provenance(folder).get("started", ""))
        failures = read_metadata(folder)["attributes"].get("failures") or []
    except SandwichSimError as error:
        return RunInfo(folder, folder.name, complete=complete, size_bytes=size, problem=str(error))
    problem = ""
    try:
        check_run(folder)
    except SandwichSimError as error:
        problem = str(error)
    return RunInfo(
        folder=folder,
        name=meta.name,
        title=meta.title,
        digest=meta.scenario_digest,
        run_digest=meta.run_digest,
        keep=meta.keep,
        sampler=meta.sampler,
        n_trajectories=meta.n_trajectories,
        seed=meta.seed,
        complete=complete,
        failed=any(failures),
        size_bytes=size,
        created=created,
        problem=problem,
    )


def _size_of(folder: Path) -> int:
    total, pending = 0, [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total
