"""Making chunk files part of a run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sandwich_sim.results.files import MANIFEST, append_line, sync_files, write_checked
from sandwich_sim.results.manifest import PARTS, FileRecord, PartRecord, chunk_record, part_line, sums_name


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
