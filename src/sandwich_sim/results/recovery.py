"""What of a stopped run can be trusted."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.arrays import Layout
from sandwich_sim.results.checksum import CHECKSUM_BYTES
from sandwich_sim.results.files import read_whole
from sandwich_sim.results.manifest import FileRecord, Manifest, PartRecord, differences, sums_name
from sandwich_sim.results.parts import PartGrid, PartSums, part_grid, sums_bytes, sums_from_bytes
from sandwich_sim.results.schema_files import is_document
from sandwich_sim.results.zarr_format import chunk_name

READ_THREADS = 4
"""Threads that read and check files; reading lets the others run."""


def part_files(layout: Layout, grid: PartGrid, part: int) -> dict[str, int]:
    """Return the chunk files of a part, by name, with their sizes [B]."""
    first, unit = grid.first(part), layout.meta.unit
    indices = range(first // unit, -(-(first + grid.count(part)) // unit))
    return {chunk_name(array, index): array.file_bytes for index in indices for array in layout.trajectories}


def is_expected(record: PartRecord, layout: Layout, grid: PartGrid) -> bool:
    """Whether a manifest's record is one that a run of this layout writes."""
    if not 0 <= record.part < grid.n_parts:
        return False
    numbers = (record.first, record.n) == (grid.first(record.part), grid.count(record.part))
    sizes = {name: file.size for name, file in record.files.items()}
    return numbers and sizes == part_files(layout, grid, record.part)


def sound_parts(folder: Path, manifest: Manifest, layout: Layout) -> dict[int, PartRecord]:
    """Return the parts of a stopped run whose files, sums among them, are as they were written."""
    grid = part_grid(layout.meta)
    expected_sums = sums_bytes(layout.meta) + CHECKSUM_BYTES
    candidates = [
        record
        for record in manifest.parts.values()
        if is_expected(record, layout, grid) and record.sums and record.sums.size == expected_sums
    ]
    with ThreadPoolExecutor(READ_THREADS) as pool:
        sound = list(pool.map(partial(_is_sound, folder), candidates))
    return {record.part: record for record, is_sound in zip(candidates, sound, strict=True) if is_sound}


def _is_sound(folder: Path, record: PartRecord) -> bool:
    files = dict(record.files)
    if record.sums is not None:
        files[sums_name(record.part)] = record.sums
    return not any(damage(folder, name, file) for name, file in files.items())


def damage(folder: Path, name: str, record: FileRecord) -> str:
    """Read a file and say what is wrong with it; "" if nothing is."""
    try:
        data = read_whole(folder / name, record.size)
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        if error.errno == errno.EFBIG:
            return f"more than its {record.size} bytes"
        return f"unreadable ({error.strerror})"
    return differences(data, record, has_checksum=not is_document(name))


def damages(
    folder: Path, files: Iterable[tuple[str, FileRecord]], on_file: Callable[[int], None] | None = None
) -> dict[str, str]:
    """Read files and say what is wrong with those that are damaged, by name.

    Parameters
    ----------
    on_file : callable, optional
        Called with the size of each file that was read.
    """
    found: dict[str, str] = {}
    files = list(files)
    with ThreadPoolExecutor(READ_THREADS) as pool:
        problems = pool.map(lambda item: damage(folder, *item), files)
        for (name, record), problem in zip(files, problems, strict=True):
            if problem:
                found[name] = problem
            if on_file is not None:
                on_file(record.size)
    return found


def stored_sums(folder: Path, layout: Layout, part: int) -> PartSums:
    """Read the sums of a part of a stopped run.

    Raises
    ------
    IntegrityError
        If they changed since they were checked.
    """
    path = folder / sums_name(part)
    try:
        return sums_from_bytes(layout.meta, memoryview(read_whole(path))[:-CHECKSUM_BYTES])
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{path}: was changed while the run went on ({error})") from error
