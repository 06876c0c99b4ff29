"""The only writer of run folders.

A run folder is a Zarr v3 store with two files beside it: ``scenario.toml`` (resolved, with
evidence) and ``provenance.json``. Its schema is written before the first chunk, each unit of
work is exactly one chunk along the trajectory axis, and the marker ``_COMPLETE`` comes last:
a folder without it is refused by every reader of ours.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError
from sandwich_sim.results.arrays import Layout, check_arrays, split_unit
from sandwich_sim.results.coordinates import coordinate_values
from sandwich_sim.results.files import MARKER, FolderState, explained_errors, folder_state, write_file
from sandwich_sim.results.folder_lock import FolderLock
from sandwich_sim.results.zarr_format import (
    array_metadata,
    chunk_name,
    encode_chunk,
    group_metadata,
    members_below,
)

ACCUMULATORS = "accumulators"


def commit_unit(folder: Path, chunks: Iterable[tuple[str, bytes | memoryview]]) -> None:
    """Write the chunk files of one unit; afterwards the unit counts as done.

    The one place where a unit becomes part of a run, and where a manifest record (with
    digests, after syncing the files) belongs once runs can be resumed.
    """
    for name, data in chunks:
        write_file(folder / name, data)


class RunWriter:
    """Writes one run folder.

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
    overwrite : bool
        Whether a complete run that lies there may be replaced; an incomplete one always is.
    """

    def __init__(
        self,
        folder: Path,
        layout: Layout,
        scenario_toml: str,
        provenance: Mapping[str, Any],
        *,
        overwrite: bool = False,
    ) -> None:
        self.folder = folder
        self.layout = layout
        self._scenario_toml = scenario_toml
        self._provenance = dict(provenance) | {"run": layout.meta.to_document()}
        self._overwrite = overwrite
        self._mutex = Lock()
        self._lock: FolderLock | None = None
        self._is_ended = False
        self._begun: set[int] = set()
        self._n_done = 0

    def prepare(self) -> None:
        """Take the folder and write the schema; does nothing the second time.

        Raises
        ------
        BusyError
            If another process is writing there.
        UsageError
            If the path cannot be used, or holds something that must not be replaced.
        ResourceError
            If the disk is full.
        """
        with self._mutex:
            if self._lock is not None or self._is_ended:
                return
            with explained_errors(self.folder):
                self._check_state()
                self.folder.mkdir(parents=True, exist_ok=True)
                self._lock = FolderLock(self.folder)
                try:
                    # Again, now that nobody else can finish a run there.
                    self._check_state()
                    self._clear()
                    self._write_schema()
                except BaseException:
                    self._lock.release()
                    self._lock = None
                    raise

    def write_unit(self, first_trajectory: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the per-trajectory arrays of one unit.

        Parameters
        ----------
        first_trajectory : int
            A multiple of the unit.
        arrays : mapping of str to ndarray
            In the kernel's order, trajectory axis last (see `arrays.split_unit`); rounded to
            the stored type here.

        Raises
        ------
        ValueError
            If the unit is misaligned, of the wrong size, or was written before.
        ResourceError
            If the disk is full.
        """
        self.prepare()
        unit = self._unit_at(first_trajectory)
        pieces = split_unit(self.layout.trajectories, arrays)
        n = min(self.layout.meta.unit, self.layout.meta.n_trajectories - first_trajectory)
        for name, piece in pieces.items():
            if piece.shape[-1] != n:
                raise ValueError(f"unit {unit}: {name!r} has {piece.shape[-1]} trajectories, expected {n}")
        with self._mutex:
            if unit in self._begun:
                raise ValueError(f"unit {unit} was written before")
            self._begun.add(unit)
        with explained_errors(self.folder):
            commit_unit(
                self.folder,
                (
                    (chunk_name(array, unit), encode_chunk(array, pieces[array.name]))
                    for array in self.layout.trajectories
                ),
            )
        with self._mutex:
            self._n_done += 1

    def finish(
        self, accumulators: Mapping[str, NDArray[Any]], summary: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """Write sums, counts and summary, then mark the run as complete.

        Parameters
        ----------
        accumulators : mapping of str to ndarray
            As `reduce` leaves them, by their names in the contract of that module.
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
        if layout.trajectories and self._n_done != layout.n_units:
            raise ValueError(f"{self._n_done} of {layout.n_units} units were written")
        # One count of pairs may serve all hops.
        pairs = np.broadcast_to(accumulators["alternation_pairs"], (len(layout.meta.hops),))
        accumulators = dict(accumulators) | {"alternation_pairs": pairs}
        check_arrays(layout.summary, summary)
        check_arrays(layout.accumulators, accumulators)
        failures = [int(count) for count in accumulators["failures"]]
        attributes = {"complete": True, "failures": failures}
        with explained_errors(self.folder):
            for array in layout.summary + layout.accumulators:
                values = summary if array in layout.summary else accumulators
                data = encode_chunk(array, np.asarray(values[array.name.rpartition("/")[2]]))
                write_file(self.folder / chunk_name(array, 0), data)
            self._write_root(attributes, durable=True)
            marker = {"digest": layout.meta.scenario_digest, "failures": failures}
            write_file(self.folder / MARKER, _json(marker), durable=True)
        self._end()

    def abandon(self, *, keep: bool = False) -> None:
        """Give up: remove what was written, or ``keep`` it as an incomplete run. Never raises."""
        if self._lock is not None and not keep:
            with contextlib.suppress(OSError):
                self._clear()
                self._end()
                self.folder.rmdir()
        self._end()

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_ended:
            self.abandon()

    def _end(self) -> None:
        self._is_ended = True
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _check_state(self) -> None:
        state = folder_state(self.folder)
        if state == "foreign" or (state == "complete" and not self._overwrite):
            raise UsageError(_refusal(self.folder, state))

    def _unit_at(self, first_trajectory: int) -> int:
        meta = self.layout.meta
        unit, offset = divmod(first_trajectory, meta.unit)
        if not self.layout.trajectories:
            raise ValueError("a run that keeps only the summary has no units to write")
        if offset or not 0 <= first_trajectory < meta.n_trajectories:
            raise ValueError(
                f"trajectory {first_trajectory} does not start a unit of {meta.unit} of {meta.n_trajectories}"
            )
        return unit

    def _clear(self) -> None:
        # The marker goes first: a half-removed run must not look complete.
        (self.folder / MARKER).unlink(missing_ok=True)
        for path in self.folder.iterdir():
            if path.name == FolderLock.NAME:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _write_schema(self) -> None:
        for array in self.layout.arrays:
            (self.folder / chunk_name(array, 0)).parent.mkdir(parents=True, exist_ok=True)
            write_file(self.folder / array.name / "zarr.json", _metadata(array_metadata(array)))
        values = coordinate_values(self.layout)
        for array in self.layout.coordinates:
            write_file(self.folder / chunk_name(array, 0), encode_chunk(array, values[array.name]))
        group = group_metadata({}, members_below(self.layout.arrays, ACCUMULATORS))
        write_file(self.folder / ACCUMULATORS / "zarr.json", _metadata(group))
        write_file(self.folder / "scenario.toml", self._scenario_toml.encode())
        write_file(self.folder / "provenance.json", _json(self._provenance))
        self._write_root({"complete": False}, durable=False)

    def _write_root(self, attributes: Mapping[str, Any], *, durable: bool) -> None:
        root = root_attributes(self.layout, self._provenance) | dict(attributes)
        members = members_below(self.layout.arrays)
        members[ACCUMULATORS] = group_metadata({}, {})
        write_file(self.folder / "zarr.json", _metadata(group_metadata(root, members)), durable=durable)


def root_attributes(layout: Layout, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of the root group."""
    auxiliary = [array.name for array in layout.coordinates if array.name not in array.dims]
    return {
        **layout.attributes,
        "fingerprint": provenance.get("fingerprint", {}).get("digest", ""),
        "version": provenance.get("versions", {}).get("sandwich-sim", ""),
        # CF: readers make these coordinates rather than data variables.
        "coordinates": " ".join(name for name in auxiliary if "/" not in name),
    }


def _metadata(document: Mapping[str, Any]) -> bytes:
    """Return JSON for programs; indenting it takes Python's slow encoder, 30 ms at both ends of a run."""
    return json.dumps(document, allow_nan=False, ensure_ascii=False).encode() + b"\n"


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False).encode() + b"\n"


def _refusal(folder: Path, state: FolderState) -> str:
    if state == "complete":
        return f"{folder}: holds a complete run. Choose another --output, or replace it with --force."
    return f"{folder}: is not a run folder, and is not overwritten. Choose another --output."
