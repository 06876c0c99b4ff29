"""Making chunk files part of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sandwich_sim.results.arrays import Layout, split_unit
from sandwich_sim.results.files import MANIFEST, append_line, sync_files, write_checked
from sandwich_sim.results.manifest import PARTS, FileRecord, PartRecord, chunk_record, part_line, sums_name
from sandwich_sim.results.zarr_format import chunk_name, encode_chunk


def unit_chunks(
    layout: Layout, first_trajectory: int, arrays: Mapping[str, NDArray[Any]]
) -> Iterator[tuple[str, bytes | memoryview]]:
    """Return name and data of each chunk file of a unit.

    Parameters
    ----------
    first_trajectory : int
        A multiple of the unit.
    arrays : mapping of str to ndarray
        In the kernel's order, trajectory axis last (see `arrays.split_unit`).

    Raises
    ------
    ValueError
        If the unit is misaligned or of the wrong size.
    """
    unit = layout.unit_at(first_trajectory)
    pieces = split_unit(layout.trajectories, arrays)
    n = min(layout.meta.unit, layout.meta.n_trajectories - first_trajectory)
    for name, piece in pieces.items():
        if piece.shape[-1] != n:
            raise ValueError(f"unit {unit}: {name!r} has {piece.shape[-1]} trajectories, expected {n}")
    return (
        (chunk_name(array, unit), encode_chunk(array, pieces[array.name])) for array in layout.trajectories
    )


def commit_unit(folder: Path, chunks: Iterable[tuple[str, bytes | memoryview]]) -> dict[str, FileRecord]:
    """Write the chunk files of one unit; they count once their part does."""
    return {name: chunk_record(write_checked(folder / name, data), len(data)) for name, data in chunks}


def commit_part(folder: Path, part: PartRecord, sums: bytes | None = None) -> PartRecord:
    """Wait until the files of a part and its sums are on the disk, then say so in the manifest.

    The one place where a part becomes part of a run. Doing it again does no harm.
    """
    names = list(part.files)
    if sums is not None:
        name = sums_name(part.part)
        (folder / PARTS).mkdir(exist_ok=True)
        record = chunk_record(write_checked(folder / name, sums), len(sums))
        part = PartRecord(part.part, part.first, part.n, part.files, record)
        names.append(name)
    sync_files(folder, names)
    append_line(folder / MANIFEST, part_line(part))
    return part
