"""Parts that other processes, on other machines perhaps, compute for the one that holds a run folder.

Whoever holds the folder opens a stage in it, a folder of a random name. Others write the files of a
part into a place of their own below it, flush them, and say what is there. Only the holder moves
them to their names in the run and writes the manifest. So it does no harm that a part is computed
twice, or by one who was long given up: he finds his stage gone.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.arrays import Layout
from sandwich_sim.results.checksum import CHECKSUM_BYTES
from sandwich_sim.results.commit import unit_chunks
from sandwich_sim.results.files import (
    MANIFEST,
    append_line,
    is_safe_name,
    make_folder,
    sync_files,
    sync_names,
    write_checked,
    write_file,
)
from sandwich_sim.results.folder_content import remove_tree
from sandwich_sim.results.manifest import (
    PARTS,
    FileRecord,
    Manifest,
    PartRecord,
    chunk_record,
    header_line,
    part_line,
    sums_name,
)
from sandwich_sim.results.parts import PartGrid, PartSums, sums_bytes
from sandwich_sim.results.recovery import damage, is_expected

_SUMS = "sums"


@dataclass(frozen=True)
class StagedPart:
    """A part whose files are on the disk but not yet at their names in the run.

    Attributes
    ----------
    place : str
        The folder that holds them, below the run folder.
    record : PartRecord
    """

    place: str
    record: PartRecord

    def to_document(self) -> dict[str, Any]:
        """Return plain values, to be sent."""
        record = self.record
        files = {name: [file.size, file.crc] for name, file in record.files.items()}
        sums = [record.sums.size, record.sums.crc] if record.sums else []
        numbers = {"part": record.part, "first": record.first, "n": record.n}
        return {"place": self.place, **numbers, "files": files, "sums": sums}


def staged_part(document: Mapping[str, Any], stage: str, layout: Layout, grid: PartGrid) -> StagedPart:
    """Read what `StagedPart.to_document` returned; only what such a run writes is accepted.

    Raises
    ------
    IntegrityError
        If it is anything else.
    """
    try:
        place = str(document["place"])
        files = {str(name): FileRecord(*map(int, pair)) for name, pair in document["files"].items()}
        part, first, n = (int(document[name]) for name in ("part", "first", "n"))
        record = PartRecord(part, first, n, files, FileRecord(*map(int, document["sums"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(f"a worker returned what is no part of a run ({error!r})") from error
    is_below = is_safe_name(place) and ".." not in place and place.startswith(f"{stage}/")
    expected_sums = sums_bytes(layout.meta) + CHECKSUM_BYTES
    is_whole = record.sums is not None and record.sums.size == expected_sums
    if not (is_below and is_whole and is_expected(record, layout, grid)):
        raise IntegrityError(f"a worker returned what is not part {record.part} of this run")
    return StagedPart(place, record)


def open_stage(folder: Path, manifest: Manifest) -> str:
    """Make a stage in a run folder that we hold; returns its name below the folder.

    It repeats the manifest's first line, from which others learn what to compute.
    """
    name = f"{PARTS}/stage-{secrets.token_hex(8)}"
    make_folder(folder / name)
    write_file(folder / name / MANIFEST, header_line(manifest), durable=True)
    return name


def close_stage(folder: Path, name: str) -> None:
    """Remove a stage; who still writes there fails."""
    with contextlib.suppress(OSError):  # it does no harm
        remove_tree(folder / name)


class PartStage:
    """Where one who does not hold the folder writes a part.

    Parameters
    ----------
    folder : Path
        The run folder.
    stage : str
        What `open_stage` returned.
    layout : Layout
    grid : PartGrid
    part : int

    Raises
    ------
    FileNotFoundError
        If the stage is gone.
    """

    def __init__(self, folder: Path, stage: str, layout: Layout, grid: PartGrid, part: int) -> None:
        self._folder, self._layout, self._grid, self._part = folder, layout, grid, part
        self._place = f"{stage}/{part}-{secrets.token_hex(8)}"
        self._stage = folder / stage
        self._files: dict[str, FileRecord] = {}
        (folder / self._place).mkdir()

    @property
    def is_wanted(self) -> bool:
        """Whether the stage is still there."""
        return self._stage.is_dir()

    def write_unit(self, first_trajectory: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the chunk files of one unit; the arguments are those of `RunWriter.write_unit`."""
        for name, data in unit_chunks(self._layout, first_trajectory, arrays):
            crc = write_checked(self._folder / self._place / _flat(name), data)
            self._files[name] = chunk_record(crc, len(data))

    def finish(self, sums: PartSums) -> StagedPart:
        """Write the part's sums and wait until all its files are on the disk."""
        place, part = self._folder / self._place, self._part
        data = sums.to_bytes()
        record = chunk_record(write_checked(place / _SUMS, data), len(data))
        sync_files(place, [*map(_flat, self._files), _SUMS])
        first, n = self._grid.first(part), self._grid.count(part)
        return StagedPart(self._place, PartRecord(part, first, n, self._files, record))

    def discard(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self._folder / self._place, ignore_errors=True)


def _flat(name: str) -> str:
    return name.replace("/", "+")


def stage_damage(folder: Path, staged: StagedPart) -> str:
    """Say what is wrong with staged files as we see them; "" if nothing is.

    Those that are to be kept are only looked at, the sums are read.
    """
    place, record = folder / staged.place, staged.record
    for name, file in record.files.items():
        try:
            size = (place / _flat(name)).lstat().st_size
        except OSError as error:
            return f"{name}: {error.strerror}"
        if size != file.size:
            return f"{name}: {size} bytes instead of {file.size}"
    problem = damage(place, _SUMS, record.sums) if record.sums else "none"
    return f"sums: {problem}" if problem else ""


def publish(folder: Path, staged: Sequence[StagedPart], there: Collection[int]) -> list[PartRecord]:
    """Move staged parts to their names and say so in the manifest, all at once.

    Only for who holds the folder. Parts that are ``there`` already, or staged twice, are removed.
    """
    fresh: dict[int, StagedPart] = {}
    for one in staged:
        if one.record.part in there or one.record.part in fresh:
            shutil.rmtree(folder / one.place, ignore_errors=True)
        else:
            fresh[one.record.part] = one
    names: list[str] = []
    for part, one in fresh.items():
        place = folder / one.place
        moved = {_flat(name): name for name in one.record.files} | {_SUMS: sums_name(part)}
        for source, name in moved.items():
            (place / source).replace(folder / name)
        names += moved.values()
        with contextlib.suppress(OSError):
            place.rmdir()
    if fresh:
        sync_names(folder, names)
        append_line(folder / MANIFEST, b"".join(part_line(one.record) for one in fresh.values()))
    return [one.record for one in fresh.values()]
