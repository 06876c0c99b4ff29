"""Making a damaged run good again: what follows from its description, and what must be computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import IntegrityError, ResourceError, SandwichSimError, UsageError
from sandwich_sim.execution import execute, run_chosen_units
from sandwich_sim.kernels.plan import Outcomes
from sandwich_sim.prepare import Prepared
from sandwich_sim.results.aggregate import dataset_summary
from sandwich_sim.results.agreement import check_agreement, stored_arrays
from sandwich_sim.results.arrays import ArrayLayout, Layout, split_unit
from sandwich_sim.results.commit import commit_unit
from sandwich_sim.results.dataset import read_provenance
from sandwich_sim.results.files import MANIFEST, MARKER, explained_errors, read_whole, sync_files, write_file
from sandwich_sim.results.folder_content import check_places, make_way, remove_orphans
from sandwich_sim.results.folder_lock import FolderLock
from sandwich_sim.results.layout import FAN_COLUMNS, layout_of
from sandwich_sim.results.manifest import (
    FileRecord,
    Manifest,
    PartRecord,
    file_record,
    manifest_digest,
    read_manifest,
    write_manifest,
)
from sandwich_sim.results.parts import part_grid
from sandwich_sim.results.plan import check_plan, plan_run
from sandwich_sim.results.recovery import damages, is_expected, part_files
from sandwich_sim.results.reduce import outcome_arrays, record_plan
from sandwich_sim.results.schema_files import (
    ACCUMULATORS,
    PROVENANCE,
    ROOT,
    SCENARIO,
    coordinate_chunks,
    marker_bytes,
    root_document,
    schema_documents,
)
from sandwich_sim.results.status import check_records, existing_run, manifest_meta, stored_grid
from sandwich_sim.results.zarr_format import chunk_name, encode_chunk, read_chunk
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.resume import prepared_again

_MANY_PARTS = 10_000
"""Lost parts above which room is asked for as if the run were made anew."""


@dataclass(frozen=True)
class Repair:
    """What `repair` did.

    Attributes
    ----------
    folder : Path
    files : tuple of str
        Names of the files that were made again.
    trajectories : int
        How many were computed for it.
    seconds : float
    """

    folder: Path
    files: tuple[str, ...]
    trajectories: int
    seconds: float


def repair(
    folder: Path | str,
    *,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Repair:
    """Make every damaged file of a run again; afterwards it has the content that it had.

    Chunks are computed from seed and index, sums and histograms from all trajectories, all else
    follows from the run's description, which the manifest repeats. What is made again must have
    the checksum that was recorded.

    Raises
    ------
    UsageError
        If there is no run, it was stopped before its end, or trajectories must be computed that
        this platform or version computes otherwise.
    IntegrityError
        If the damage is such that the description is lost, or a file comes out otherwise than
        recorded.
    BusyError, ResourceError
    """
    folder = Path(folder)
    existing_run(folder)
    with explained_errors(folder, advice="Free some space."):
        lock = FolderLock(folder)
        try:
            return _Repairer(folder, threads, progress).run()
        finally:
            lock.release()


class _Repairer:
    """One repair: what is damaged, what was made again."""

    def __init__(
        self, folder: Path, threads: int | None, progress: Callable[[Progress], None] | None
    ) -> None:
        self._folder, self._threads, self._progress = folder, threads, progress
        self._began = time.perf_counter()
        self._manifest = _description(folder)
        self._layout: Layout = layout_of(manifest_meta(folder, self._manifest))
        self._grid = stored_grid(folder, self._manifest, self._layout.meta)
        self._made: dict[str, FileRecord] = {}
        self._recorded: dict[str, FileRecord] = {}
        self._n_computed = 0
        if not (folder / MARKER).exists() and self._manifest.rest is None:
            raise UsageError(
                f"{folder}: was stopped before its end. `sandwich-sim resume {folder}` goes on with it, "
                "and makes damaged parts again."
            )

    def run(self) -> Repair:
        manifest, layout = self._manifest, self._layout
        check_places(self._folder, layout)
        check_records(self._folder, manifest, self._grid)
        known = {k: part for k, part in manifest.parts.items() if is_expected(part, layout, self._grid)}
        rest = manifest.rest or {}
        self._check_room(known)
        lost = [part for part in range(self._grid.n_parts) if part not in known]
        self._recorded = Manifest(parts=known, rest=rest).files()
        broken = set(damages(self._folder, self._recorded.items()))
        if not broken & {ROOT, PROVENANCE} and not manifest.problems and {ROOT, PROVENANCE} <= set(rest):
            check_agreement(self._folder, manifest, stored_arrays(self._folder))
        broken |= {name for part in lost for name in part_files(layout, self._grid, part)}
        chunks = {array.name: chunk_name(array, 0) for array in layout.accumulators + layout.summary}
        broken |= {name for name in chunks.values() if name not in rest}
        self._write_documents(broken, rest)
        self._write_chunks(broken, {chunks[array.name] for array in layout.accumulators})
        self._write_summary(broken)
        failures = [int(n) for n in self._accumulator("failures")]
        self._write_root(failures, broken, rest)
        self._finish(known, lost, rest, failures)
        return Repair(
            self._folder, tuple(sorted(self._made)), self._n_computed, time.perf_counter() - self._began
        )

    def _check_room(self, known: dict[int, PartRecord]) -> None:
        """Refuse to make parts that the manifest lacks where they do not fit, before any is looked at."""
        n_lost = self._grid.n_parts - len(known)
        if not n_lost:
            return
        plan = plan_run(self._layout, threads=self._threads or 1)
        if n_lost <= _MANY_PARTS:
            plan = replace(plan, passing_disk_bytes=0)  # those who repair leave no sums of parts
        present = sum(path.lstat().st_size for path in self._folder.rglob("*"))
        try:
            check_plan(plan, self._folder, present=present)
        except ResourceError as error:
            raise ResourceError(
                f"{self._folder}: lacks {n_lost:,} of {self._grid.n_parts:,} parts, more than can be made "
                "again here. Free memory or disk, or run its scenario again with --force."
            ) from error

    def _write_documents(self, broken: set[str], rest: dict[str, FileRecord]) -> None:
        manifest = self._manifest
        documents = schema_documents(self._layout, manifest.provenance, manifest.scenario)
        for name, data in documents.items():
            if name in broken or name not in rest:
                self._write_document(name, data)
        for name, chunk in coordinate_chunks(self._layout).items():
            if name in broken or name not in rest:
                self._write([(name, chunk)])

    def _write_document(self, name: str, data: bytes) -> None:
        make_way(self._folder, name)
        write_file(self._folder / name, data)
        self._note(name, file_record(data))

    def _write(self, chunks: Iterable[tuple[str, bytes | memoryview]]) -> None:
        for name, data in chunks:
            make_way(self._folder, name)
            self._note(name, commit_unit(self._folder, [(name, data)])[name])

    def _note(self, name: str, record: FileRecord) -> None:
        if self._recorded.get(name, record) != record:
            raise IntegrityError(
                f"{self._folder / name}: was made again, but not as it was recorded. "
                "Run the scenario again with --force."
            )
        self._made[name] = record

    def _write_chunks(self, broken: set[str], accumulators: set[str]) -> None:
        """Compute trajectories again: all if sums were lost, otherwise the damaged units."""
        wanted: dict[int, list[ArrayLayout]] = {}
        for array in self._layout.trajectories:
            for index in range(array.n_chunks):
                if chunk_name(array, index) in broken:
                    wanted.setdefault(index, []).append(array)
        if not wanted and not accumulators & broken:
            return
        prepared = prepared_again(self._folder, self._manifest, self._threads)
        unit = prepared.meta.unit

        def place(first: int, n: int, outcomes: Outcomes) -> None:
            arrays = wanted.get(first // unit)
            if arrays:
                pieces = split_unit(arrays, outcome_arrays(outcomes, first, n))
                index = first // unit
                self._write((chunk_name(a, index), encode_chunk(a, pieces[a.name])) for a in arrays)

        if accumulators & broken:
            self._compute_all(prepared, place, broken)
        else:
            self._compute_some(prepared, place, wanted)

    def _compute_all(
        self, prepared: Prepared, place: Callable[[int, int, Outcomes], None], broken: set[str]
    ) -> None:
        on_piece = place if self._layout.trajectories else None
        found, _ = execute(prepared, prepared.model(), on_piece=on_piece, on_progress=self._report)
        self._n_computed = prepared.meta.n_trajectories
        for array in self._layout.accumulators:
            name = chunk_name(array, 0)
            if name in broken:
                values = np.broadcast_to(found[array.name.rpartition("/")[2]], array.shape)
                self._write([(name, encode_chunk(array, values))])

    def _compute_some(
        self,
        prepared: Prepared,
        place: Callable[[int, int, Outcomes], None],
        wanted: dict[int, list[ArrayLayout]],
    ) -> None:
        meta, size = prepared.meta, part_grid(prepared.meta).unit
        units = sorted({index * meta.unit // size for index in wanted})
        self._n_computed = sum(min(size, meta.n_trajectories - unit * size) for unit in units)
        plan = record_plan(prepared.spec, meta)
        for _ in run_chosen_units(
            prepared.model(),
            meta,
            plan,
            units,
            threads=prepared.threads,
            on_piece=place,
            on_progress=self._report,
        ):
            pass

    def _report(self, done: int) -> None:
        if self._progress is not None:
            total = self._n_computed or self._layout.meta.n_trajectories
            self._progress(Progress(done, total, time.perf_counter() - self._began, "simulate"))

    def _accumulator(self, name: str) -> NDArray[Any]:
        return next(
            read_chunk(self._folder, array)
            for array in self._layout.accumulators
            if array.name.endswith(f"/{name}")
        )

    def _write_summary(self, broken: set[str]) -> None:
        wanted = [array for array in self._layout.summary if chunk_name(array, 0) in broken]
        if not wanted:
            return
        layout = self._layout
        numbers = [a for a in layout.coordinates + layout.accumulators if a.name.startswith(ACCUMULATORS)]
        stored = {
            array.name.rpartition("/")[2]: read_chunk(self._folder, array)
            for array in numbers
            if array.dtype != "string"
        }
        stored.setdefault("fan", np.zeros((0, layout.meta.n_record, FAN_COLUMNS), dtype=np.int64))
        found = dataset_summary(stored, layout.meta)
        self._write((chunk_name(a, 0), encode_chunk(a, np.asarray(found[a.name]))) for a in wanted)

    def _write_root(self, failures: list[int], broken: set[str], rest: dict[str, FileRecord]) -> None:
        if ROOT in broken or ROOT not in rest:
            state = {"complete": True, "failures": failures}
            self._write_document(ROOT, root_document(self._layout, self._manifest.provenance, state))

    def _finish(
        self,
        known: dict[int, PartRecord],
        lost: list[int],
        rest: dict[str, FileRecord],
        failures: list[int],
    ) -> None:
        """Flush what was made, and write manifest and marker anew where they say something else."""
        sync_files(self._folder, self._made)
        for part in lost:
            names = part_files(self._layout, self._grid, part)
            files = {name: self._made[name] for name in names}
            known[part] = PartRecord(part, self._grid.first(part), self._grid.count(part), files)
        in_parts = {name for part in known.values() for name in part.files}
        self._manifest.rest = rest | {n: r for n, r in self._made.items() if n not in in_parts}
        self._manifest.parts = known
        if self._manifest.problems or lost or not rest:
            write_manifest(self._folder, self._manifest)
            self._made[MANIFEST] = FileRecord(0, 0)
        digest = self._layout.meta.scenario_digest
        marker = marker_bytes(digest, failures, manifest_digest(self._folder))
        if not _has(self._folder / MARKER, marker):
            write_file(self._folder / MARKER, marker, durable=True)
            self._made[MARKER] = FileRecord(0, 0)
        remove_orphans(self._folder, self._layout)


def _has(path: Path, data: bytes) -> bool:
    try:
        return read_whole(path, len(data)) == data
    except OSError:
        return False


def _description(folder: Path) -> Manifest:
    """Read the manifest; what is lost of its first line comes from the files that it repeats.

    Raises
    ------
    IntegrityError
        If both are lost.
    """
    try:
        manifest = read_manifest(folder)
    except IntegrityError:
        manifest = Manifest(problems=["missing"])
    if manifest.run:
        return manifest
    try:
        manifest.provenance = read_provenance(folder)
        manifest.run = manifest.provenance["run"]
        manifest.scenario = read_whole(folder / SCENARIO, 1 << 20).decode()
    except (SandwichSimError, OSError, KeyError, UnicodeDecodeError) as error:
        raise IntegrityError(
            f"{folder}: neither {MANIFEST} nor {PROVENANCE} and {SCENARIO} say what it is; "
            "it cannot be repaired. Run its scenario again with --force."
        ) from error
    return manifest
