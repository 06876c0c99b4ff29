"""How far a run folder is, from its manifest alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.results.files import FolderState, folder_state, no_run_message
from sandwich_sim.results.folder_lock import holder_of
from sandwich_sim.results.manifest import Manifest, read_manifest
from sandwich_sim.results.meta import RunMeta, meta_from_document
from sandwich_sim.results.parts import PartGrid, part_grid


@dataclass(frozen=True)
class RunStatus:
    """How far a run is.

    Attributes
    ----------
    folder : Path
    state : {"incomplete", "complete"}
    holder : str
        Who is writing there; "" if nobody is.
    meta : RunMeta
    n_parts, parts : int
        Parts of the run, and those on the disk.
    trajectories : int
        Trajectories of the latter.
    size_bytes : int
        Size of their files [B].
    started : str
        ISO 8601 in UTC.
    fingerprint : str
        Of the platform that makes it.
    problems : tuple of str
        Lines of the manifest that cannot be read.
    """

    folder: Path
    state: FolderState
    holder: str
    meta: RunMeta
    n_parts: int
    parts: int
    trajectories: int
    size_bytes: int
    started: str
    fingerprint: str
    problems: tuple[str, ...]


def run_status(folder: Path) -> RunStatus:
    """Say how far a run is; nothing but its manifest is read.

    Raises
    ------
    UsageError
        If there is no run.
    IntegrityError
        If the manifest does not say what the folder is for.
    """
    state = existing_run(folder)
    manifest = read_manifest(folder)
    meta = manifest_meta(folder, manifest)
    provenance = manifest.provenance
    problems = manifest.problems
    if state == "incomplete" and problems == [f"line {len(manifest.parts) + 2}"]:
        problems = []  # the line that was being written when the run was stopped
    return RunStatus(
        folder=folder,
        state=state,
        holder=holder_of(folder),
        meta=meta,
        n_parts=stored_grid(folder, manifest, meta).n_parts,
        parts=len(manifest.parts),
        trajectories=sum(part.n for part in manifest.parts.values()),
        size_bytes=sum(file.size for file in manifest.files().values()),
        started=str(provenance.get("started", "")),
        fingerprint=fingerprint_of(manifest),
        problems=tuple(problems),
    )


def existing_run(folder: Path) -> FolderState:
    """Return the state of a folder that holds a run.

    Raises
    ------
    UsageError
        If it does not.
    """
    state = folder_state(folder)
    if state == "absent":
        raise UsageError(f"{folder}: no such folder. `sandwich-sim runs` lists the runs there are.")
    if state in ("empty", "foreign"):
        raise UsageError(no_run_message(folder))
    return state


def manifest_meta(folder: Path, manifest: Manifest) -> RunMeta:
    """Return the description of the run that a manifest is of.

    Raises
    ------
    IntegrityError
        If it holds none.
    """
    try:
        return meta_from_document(manifest.run, manifest.provenance.get("run_digest"))
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"{folder}: its manifest does not describe a run") from error


def stored_grid(folder: Path, manifest: Manifest, meta: RunMeta) -> PartGrid:
    """Return how a run was cut into parts; as this version does it where that is lost.

    Raises
    ------
    IntegrityError
        If the manifest says something impossible.
    """
    said = manifest.grid
    names = ("size", "unit", "group")
    if said and not all(type(said.get(name)) is int and said[name] > 0 for name in names):
        raise IntegrityError(f"{folder}: its manifest does not say how the run is cut into parts")
    return part_grid(meta, said)


def check_records(folder: Path, manifest: Manifest, grid: PartGrid) -> None:
    """Refuse a description that the records of its parts contradict, before anything is made of its size.

    Accidents do not do that: each line of a manifest has its checksum.

    Raises
    ------
    IntegrityError
    """
    for record in manifest.parts.values():
        is_there = record.part < grid.n_parts
        if not is_there or (record.first, record.n) != (grid.first(record.part), grid.count(record.part)):
            raise IntegrityError(
                f"{folder}: its manifest describes {grid.n_trajectories:,} trajectories, but its part "
                f"{record.part} is of a run of another size. Run its scenario again with --force."
            )


def fingerprint_of(manifest: Manifest) -> str:
    """Return the fingerprint of the platform that makes a run; "" where it is not said."""
    found = manifest.provenance.get("fingerprint")
    return str(found.get("digest", "")) if isinstance(found, dict) else ""
