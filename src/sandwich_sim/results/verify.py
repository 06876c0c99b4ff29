"""Whether a run folder is what was written: a quick look at every opening, every byte on demand."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sandwich_sim.errors import IntegrityError, SandwichSimError
from sandwich_sim.results.agreement import check_agreement, contradictions, stored_arrays
from sandwich_sim.results.arrays import ArrayLayout, Layout
from sandwich_sim.results.files import MANIFEST, MARKER, FolderState, read_document, read_whole
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.manifest import FileRecord, Manifest, manifest_digest, read_manifest
from sandwich_sim.results.parts import PartGrid
from sandwich_sim.results.recovery import damage, damages, is_expected
from sandwich_sim.results.schema_files import PROVENANCE, ROOT, marker_bytes, schema_documents
from sandwich_sim.results.status import existing_run, manifest_meta, stored_grid
from sandwich_sim.results.zarr_format import chunk_name, read_metadata

_MOST_NAMED = 1000
"""Missing parts that are named; a forged manifest may speak of billions."""


@dataclass(frozen=True)
class Verification:
    """What `verify_run` found.

    Attributes
    ----------
    folder : Path
    state : {"incomplete", "complete"}
    n_files, n_bytes : int
        What was read [1, B].
    n_parts, parts : int
        Parts of the run, and those that the manifest names.
    problems : dict of str to str
        What is wrong with each damaged file, by its name below the folder.
    """

    folder: Path
    state: FolderState
    n_files: int
    n_bytes: int
    n_parts: int
    parts: int
    problems: dict[str, str]


def check_complete(folder: Path, arrays: Mapping[str, ArrayLayout]) -> Manifest:
    """Check all of a run but the content of its chunks, which is checked where it is read.

    Raises
    ------
    IntegrityError
        If the run is not complete, or the manifest, the marker or a text file is damaged, or a
        chunk is missing, short or somewhere else.
    """
    if not (folder / MARKER).is_file():
        raise IntegrityError(
            f"{folder}: the run is not complete (it was stopped, or is still being written). "
            f"Go on with `sandwich-sim resume {folder}`, or open what is there in Python: "
            "open_run(..., allow_partial=True)."
        )
    manifest = read_manifest(folder)
    root = read_metadata(folder)["attributes"]
    if _marker_problem(folder, root.get("digest"), root.get("failures")):
        raise damaged(folder, MARKER, "does not agree with the manifest")
    files = manifest.files()
    for name in (ROOT, PROVENANCE):  # whoever reads the scenario compares its digest
        problem = damage(folder, name, files[name]) if name in files else "not in the manifest"
        if problem:
            raise damaged(folder, name, problem)
    check_agreement(folder, manifest, arrays)
    _check_parts(folder, manifest)
    home = os.path.realpath(folder)
    for array in arrays.values():
        for index in range(array.n_chunks):
            name = chunk_name(array, index)
            problem = _look(folder, name, files.get(name), array)
            if not index and not problem and not os.path.realpath(folder / name).startswith(home + os.sep):
                problem = "lies outside of the folder"
            if problem:
                raise damaged(folder, name, problem)
    return manifest


def _check_parts(folder: Path, manifest: Manifest) -> None:
    """Refuse a run that lacks parts."""
    grid = stored_grid(folder, manifest, manifest_meta(folder, manifest))
    if len(manifest.parts) != grid.n_parts:
        raise damaged(folder, MANIFEST, f"names {len(manifest.parts):,} of {grid.n_parts:,} parts")


def _look(folder: Path, name: str, record: FileRecord | None, array: ArrayLayout) -> str:
    if record is None or (array.file_bytes and record.size != array.file_bytes):
        return "not in the manifest"
    try:
        status = (folder / name).lstat()
    except OSError:
        return "missing"
    if not stat.S_ISREG(status.st_mode):
        return "not a plain file"
    return "" if status.st_size == record.size else f"{status.st_size} bytes instead of {record.size}"


def damaged(folder: Path, name: str, problem: str) -> IntegrityError:
    """Return the error that says which file of a run is damaged, and what to do."""
    return IntegrityError(
        f"{folder / name}: {problem}; the run is damaged. `sandwich-sim repair {folder}` makes it good again."
    )


def verify_run(folder: Path, on_progress: Callable[[int, int], None] | None = None) -> Verification:
    """Read every file of a run and compare it with the manifest.

    Parameters
    ----------
    on_progress : callable, optional
        Called with the bytes read and those to read.

    Raises
    ------
    UsageError
        If there is no run.
    IntegrityError
        If the manifest does not even say what the folder is for.
    """
    state = existing_run(folder)
    manifest = read_manifest(folder)
    layout = layout_of(manifest_meta(folder, manifest))
    grid = stored_grid(folder, manifest, layout.meta)
    files = manifest.files()
    total, done = sum(file.size for file in files.values()), 0

    def read(size: int) -> None:
        nonlocal done
        done += size
        if on_progress is not None:
            on_progress(done, total)

    problems = unrecorded(manifest, layout, grid, state)
    problems |= damages(folder, files.items(), read)
    if state == "complete":
        with contextlib.suppress(SandwichSimError):  # what cannot be read is told already
            problems = contradictions(folder, manifest, layout.meta, stored_arrays(folder)) | problems
        problem = _marker_problem(folder, layout.meta.scenario_digest, _stored_failures(folder))
        problems |= {MARKER: problem} if problem else {}
    return Verification(
        folder=folder,
        state=state,
        n_files=len(files),
        n_bytes=total,
        n_parts=grid.n_parts,
        parts=len(manifest.parts),
        problems=dict(sorted(problems.items())),
    )


def unrecorded(manifest: Manifest, layout: Layout, grid: PartGrid, state: FolderState) -> dict[str, str]:
    """Say what a manifest should name and does not, and which of its lines are damaged."""
    wrong = [
        f"part {record.part}" for record in manifest.parts.values() if not is_expected(record, layout, grid)
    ]
    problems = list(manifest.problems)
    if state == "incomplete" and problems == [f"line {len(manifest.parts) + 2}"]:
        problems = []  # the line that was being written when the run was stopped
    if state == "complete":
        missing = (f"part {part}" for part in range(grid.n_parts) if part not in manifest.parts)
        wrong += islice(missing, _MOST_NAMED)
        if set(manifest.rest or {}) != set(rest_names(layout)):
            wrong.append("the list of other files")
    found = [f"damaged: {', '.join(problems)}"] if problems else []
    found += [f"missing or wrong: {', '.join(wrong)}"] if wrong else []
    return {MANIFEST: "; ".join(found)} if found else {}


def rest_names(layout: Layout) -> Iterable[str]:
    """Return the names of all files of a complete run that belong to no part."""
    whole = layout.coordinates + layout.summary + layout.accumulators
    return [*schema_documents(layout, {}, ""), ROOT, *(chunk_name(array, 0) for array in whole)]


def _stored_failures(folder: Path) -> Any:
    """The failures that the root's metadata tell, or the marker itself where those are damaged."""
    with contextlib.suppress(SandwichSimError):
        return read_metadata(folder)["attributes"].get("failures")
    with contextlib.suppress(SandwichSimError):
        return read_document(folder / MARKER).get("failures")
    return None


def _marker_problem(folder: Path, digest: Any, failures: Any) -> str:
    try:
        data = read_whole(folder / MARKER, 1 << 16)
    except OSError as error:
        return f"unreadable ({error.strerror})"
    expected = marker_bytes(digest, failures, manifest_digest(folder))
    return "" if data == expected else "does not agree with the manifest"
