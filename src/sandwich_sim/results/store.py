"""The only writer of run folders.

A run folder is a Zarr v3 store with some files beside it. It is written so that it can be
stopped at any moment and go on later:

1. ``manifest.jsonl`` says what the folder is for; then the schema is written.
2. Each unit of work is exactly one chunk along the trajectory axis, a file of its own. When all
   units of a part (`parts`) are written, their files and the part's sums are flushed to the
   disk, and only then does the manifest get the part's line.
3. Sums and summary come at the end, then the manifest's last line, then the marker ``_COMPLETE``:
   a folder without it is refused by every reader of ours.

Whoever goes on trusts the parts that the manifest names and whose files have the recorded
checksums, and nothing else.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import SandwichSimError, UsageError
from sandwich_sim.results.arrays import Layout, check_arrays
from sandwich_sim.results.commit import commit_part, commit_unit, unit_chunks
from sandwich_sim.results.files import (
    MANIFEST,
    MARKER,
    FolderState,
    append_line,
    explained_errors,
    folder_state,
    make_folder,
    sync_files,
    write_file,
)
from sandwich_sim.results.folder_content import check_places, clear_folder, make_way, remove_orphans
from sandwich_sim.results.folder_lock import FolderLock
from sandwich_sim.results.manifest import (
    FileRecord,
    Manifest,
    PartRecord,
    file_record,
    manifest_digest,
    read_manifest,
    rest_line,
    sums_name,
    write_manifest,
)
from sandwich_sim.results.parts import PartSums, part_grid
from sandwich_sim.results.recovery import part_files, sound_parts, stored_sums
from sandwich_sim.results.schema_files import (
    ROOT,
    coordinate_chunks,
    marker_bytes,
    root_document,
    schema_documents,
)
from sandwich_sim.results.staging import StagedPart, publish
from sandwich_sim.results.status import fingerprint_of, manifest_meta
from sandwich_sim.results.zarr_format import chunk_name, encode_chunk


class FinishedError(UsageError):
    """The folder holds this very run, complete: somebody else was quicker."""


class RunWriter:
    """Writes one run folder, or goes on with one.

    `write_unit` may be called by several threads for different units. Either `finish` or
    `abandon` ends it; used as a context manager, it is abandoned unless it was finished.

    Parameters
    ----------
    folder : Path
    layout : Layout
    scenario_toml : str
        The resolved scenario.
    provenance : mapping
        What `provenance.provenance_record` returns.
    overwrite, anew : bool
        Whether another run that lies there may be replaced, a complete one too; and whether a
        stopped one of the same description is, rather than gone on with.
    """

    def __init__(
        self,
        folder: Path,
        layout: Layout,
        scenario_toml: str,
        provenance: Mapping[str, Any],
        *,
        overwrite: bool = False,
        anew: bool = False,
    ) -> None:
        self.folder = folder
        self.layout = layout
        self._grid = part_grid(layout.meta)
        self._manifest = Manifest(
            run=layout.meta.to_document(),
            provenance=dict(provenance) | {"run": layout.meta.to_document()},
            scenario=scenario_toml,
            grid=self._grid.to_document(),
        )
        self._overwrite, self._anew = overwrite, anew
        self._mutex = Lock()
        self._lock: FolderLock | None = None
        self._is_ended = False
        self._begun: set[int] = set()
        self._written: dict[str, FileRecord] = {}
        self._schema: dict[str, FileRecord] = {}
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._commits: list[Future[PartRecord]] = []

    @property
    def stored(self) -> frozenset[int]:
        """The parts that are on the disk."""
        return frozenset(self._manifest.parts)

    @property
    def manifest(self) -> Manifest:
        """What the manifest says."""
        return self._manifest

    def prepare(self) -> None:
        """Take the folder and write the schema; does nothing the second time.

        A stopped run of the same description and platform is gone on with; ``stored`` has its parts.

        Raises
        ------
        BusyError
            If another process is writing there.
        UsageError
            If the path cannot be used, or holds something that must not be replaced.
        FinishedError
            If it holds this very run, complete, and not ``anew``.
        ResourceError
            If the disk is full.
        """
        with self._mutex:
            if self._lock is not None or self._is_ended:
                return
            with explained_errors(self.folder):
                self._check_state()
                make_folder(self.folder)
                self._lock = FolderLock(self.folder)
                is_ours = False
                try:
                    check_places(self.folder, self.layout)
                    stored = self._continued(self._check_state())  # again, now that it is ours alone
                    is_ours = True
                    self._begin(stored)
                except BaseException:
                    self._give_up(keep=not is_ours or bool(self._manifest.parts))
                    raise

    def load_sums(self, part: int) -> PartSums:
        """Return the sums of a stored part."""
        return stored_sums(self.folder, self.layout, part)

    def write_unit(self, first_trajectory: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the per-trajectory arrays of one unit.

        Parameters
        ----------
        first_trajectory, arrays
            As in `commit.unit_chunks`; rounded to the stored type here.

        Raises
        ------
        ValueError
            If the unit is misaligned, of the wrong size, or was written before.
        ResourceError
            If the disk is full.
        """
        self.prepare()
        chunks = unit_chunks(self.layout, first_trajectory, arrays)
        unit = self.layout.unit_at(first_trajectory)
        with self._mutex:
            if unit in self._begun or first_trajectory // self._grid.size in self._manifest.parts:
                raise ValueError(f"unit {unit} was written before")
            self._begun.add(unit)
        with explained_errors(self.folder, begun=True):
            records = commit_unit(self.folder, chunks)
        with self._mutex:
            self._written |= records

    def commit(self, part: int, sums: PartSums | None) -> None:
        """Make a part, all of whose units were written, part of the run; returns before it is.

        Parameters
        ----------
        sums : PartSums or None
            For whoever goes on with the run; None where nobody can, because it ends now.

        Raises
        ------
        ValueError
            If a unit of it is missing.
        ResourceError
            If this, or one before it, could not be written.
        """
        self.prepare()
        self._wait(only_done=True)
        names = part_files(self.layout, self._grid, part)
        with self._mutex:
            if any(name not in self._written for name in names):
                n_done = len(self._begun) if self.layout.trajectories else 0
                raise ValueError(f"{n_done} of {self.layout.n_units} units were written")
            files = {name: self._written.pop(name) for name in names}
        record = PartRecord(part, self._grid.first(part), self._grid.count(part), files)
        data = sums.to_bytes() if sums else None
        self._commits.append(self._committer.submit(commit_part, self.folder, record, data))

    def adopt(self, staged: Sequence[StagedPart]) -> None:
        """Make parts that others staged part of the run; they are on the disk when this returns.

        A part that is there already is dropped. Raises `ResourceError` if they cannot be moved.
        """
        self.prepare()
        with explained_errors(self.folder, begun=True):
            published = publish(self.folder, staged, self.stored)
        self._manifest.parts |= {record.part: record for record in published}

    def finish(
        self, accumulators: Mapping[str, NDArray[Any]], summary: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """Write sums, counts and summary, then mark the run as complete.

        Parameters
        ----------
        accumulators : mapping of str to ndarray
            As `fold.Fold` leaves them, by their names in the contract of that module.
        summary : mapping of str to ndarray
            What `aggregate.dataset_summary` returns.

        Raises
        ------
        ValueError
            If a unit or an array is missing.
        ResourceError
            If the disk is full.
        """
        self.prepare()
        layout = self.layout
        # One count of pairs may serve all hops.
        pairs = np.broadcast_to(accumulators["alternation_pairs"], (len(layout.meta.hops),))
        accumulators = dict(accumulators) | {"alternation_pairs": pairs}
        check_arrays(layout.summary, summary)
        check_arrays(layout.accumulators, accumulators)
        self._wait()
        for part in range(self._grid.n_parts):
            if part not in self._manifest.parts:
                self.commit(part, None)
        self._wait()
        failures = [int(count) for count in accumulators["failures"]]
        root = root_document(layout, self._manifest.provenance, {"complete": True, "failures": failures})
        with explained_errors(self.folder, begun=True):
            rest = dict(self._schema)
            for array in layout.summary + layout.accumulators:
                values = summary if array in layout.summary else accumulators
                data = encode_chunk(array, np.asarray(values[array.name.rpartition("/")[2]]))
                rest |= commit_unit(self.folder, [(chunk_name(array, 0), data)])
            write_file(self.folder / ROOT, root)
            rest[ROOT] = file_record(root)
            sync_files(self.folder, rest)
            append_line(self.folder / MANIFEST, rest_line(rest))
            digest = manifest_digest(self.folder)
            marker = marker_bytes(layout.meta.scenario_digest, failures, digest)
            write_file(self.folder / MARKER, marker, durable=True)
        remove_orphans(self.folder, layout)
        self._end()

    def abandon(self, *, keep: bool | None = None) -> None:
        """Give up: keep the parts that are on the disk, or remove what was written. Never raises.

        Parameters
        ----------
        keep : bool, optional
            Whether to leave the stopped run there; if not given, where it has parts.
        """
        self._committer.shutdown(wait=True)
        with contextlib.suppress(SandwichSimError):
            self._wait()
        self._give_up(keep=bool(self._manifest.parts) if keep is None else keep)
        self._end()

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_ended:
            return
        self.abandon()
        if isinstance(error, Exception) and self.stored:
            error.add_note(
                f"{len(self.stored)} of {self._grid.n_parts} parts are kept. "
                f"Go on with: sandwich-sim resume {shlex.quote(str(self.folder))}"
            )

    def _wait(self, *, only_done: bool = False) -> None:
        """Take note of the parts that were committed; raises what one of them met."""
        waiting, self._commits = self._commits, []
        for position, commit in enumerate(waiting):
            if only_done and not commit.done():
                self._commits = waiting[position:]
                return
            with explained_errors(self.folder, begun=True):
                record = commit.result()
            self._manifest.parts[record.part] = record

    def _end(self) -> None:
        self._is_ended = True
        self._committer.shutdown(wait=True)
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _give_up(self, *, keep: bool) -> None:
        """Let go of the folder, and of what was written into it unless it is to be kept."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        with contextlib.suppress(OSError):
            if not keep:
                clear_folder(self.folder, self.layout)
        lock.release()
        with contextlib.suppress(OSError):
            if not keep:
                self.folder.rmdir()

    def _check_state(self) -> FolderState:
        """Refuse a folder that must not be replaced, whoever writes there."""
        state = folder_state(self.folder)
        if state == "foreign":
            raise UsageError(
                f"{self.folder}: is not a run folder, and is not overwritten. Choose another --output."
            )
        if state == "complete" and not self._anew and self._is_this_run():
            raise FinishedError(f"{self.folder}: holds this run already, complete.")
        if state == "complete" and not self._overwrite:
            raise UsageError(
                f"{self.folder}: holds a complete run. Choose another --output, or replace it with --force."
            )
        return state

    def _continued(self, state: FolderState) -> Manifest | None:
        """Return the manifest of a stopped run to go on with, if there is one."""
        if state != "incomplete" or self._anew:
            return None
        if self._is_this_run():
            return read_manifest(self.folder)
        if not self._overwrite:
            raise UsageError(
                f"{self.folder}: holds a stopped run of other options, or of another platform or version. "
                "Choose another --output, or replace it with --force."
            )
        return None

    def _is_this_run(self) -> bool:
        with contextlib.suppress(SandwichSimError):
            stored = read_manifest(self.folder)
            known = stored.grid, manifest_meta(self.folder, stored), fingerprint_of(stored)
            return known == (self._manifest.grid, self.layout.meta, fingerprint_of(self._manifest))
        return False

    def _begin(self, stored: Manifest | None) -> None:
        if stored is None:
            clear_folder(self.folder, self.layout)
        else:
            # Evidence and version of the first start stay; the numbers are the same.
            self._manifest = stored
            stored.parts = sound_parts(self.folder, stored, self.layout)
            stored.rest = None
            remove_orphans(self.folder, self.layout, keep=[sums_name(part) for part in stored.parts])
        write_manifest(self.folder, self._manifest)
        self._write_schema()

    def _write_schema(self) -> None:
        manifest = self._manifest
        for array in self.layout.arrays:
            make_way(self.folder, chunk_name(array, 0))
        documents = schema_documents(self.layout, manifest.provenance, manifest.scenario)
        for name, data in documents.items():
            write_file(self.folder / name, data)
            self._schema[name] = file_record(data)
        self._schema |= commit_unit(self.folder, coordinate_chunks(self.layout).items())
        write_file(self.folder / ROOT, root_document(self.layout, manifest.provenance, {"complete": False}))
