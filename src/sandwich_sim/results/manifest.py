"""The manifest of a run folder: what it is for, and what of it is on the disk.

``manifest.jsonl`` is the first file of a run. Its first line describes the run and repeats
``scenario.toml`` and ``provenance.json``, so that any one damaged file can be made again. Each
part of the run adds a line once all its files are on the disk, and the last line names all other
files. Every line carries its own checksum: one that a crash cut short is known as such.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.checksum import CHECKSUM_BYTES, crc32c
from sandwich_sim.results.files import (
    LARGEST_DOCUMENT,
    MANIFEST,
    is_safe_name,
    parse_json,
    read_lines,
    read_whole,
    write_file,
)

FORMAT = 1
_MOST_PROBLEMS = 1000
"""Damaged lines after which nothing is expected of the rest."""
PARTS = "parts"
"""Folder of the sums of parts; it is there until they are added up at a run's end."""


@dataclass(frozen=True)
class FileRecord:
    """Size and checksum of a file.

    Attributes
    ----------
    size : int
        With the stored checksum, where the file ends in one [B].
    crc : int
        CRC-32C; of a chunk file without the checksum at its end.
    """

    size: int
    crc: int


@dataclass(frozen=True)
class PartRecord:
    """One part that is on the disk.

    Attributes
    ----------
    part, first, n : int
        Its number, its first trajectory and how many it has.
    files : mapping of str to FileRecord
        Chunk files by name below the folder.
    sums : FileRecord or None
        Its sums (`parts.PartSums`); None where they were never needed.
    """

    part: int
    first: int
    n: int
    files: Mapping[str, FileRecord]
    sums: FileRecord | None = None


@dataclass
class Manifest:
    """What a manifest says.

    Attributes
    ----------
    run : dict
        The run's description (`RunMeta.to_document`); empty if its line is damaged.
    provenance : dict
    scenario : str
        Content of ``provenance.json`` and ``scenario.toml``.
    grid : dict of str to int
        How the run is cut into parts: the numbers of a `parts.PartGrid` but for the trajectories.
    parts : dict of int to PartRecord
    rest : dict of str to FileRecord, or None
        All other files; None before the run's end.
    problems : list of str
        Lines that are damaged, said twice or not what a manifest holds.
    """

    run: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    scenario: str = ""
    grid: dict[str, int] = field(default_factory=dict)
    parts: dict[int, PartRecord] = field(default_factory=dict)
    rest: dict[str, FileRecord] | None = None
    problems: list[str] = field(default_factory=list)

    def files(self) -> dict[str, FileRecord]:
        """Return the record of every file of the run, by name."""
        found = {name: record for part in self.parts.values() for name, record in part.files.items()}
        return found | (self.rest or {})

    def lines(self) -> Iterator[bytes]:
        """Return the lines that say this."""
        yield header_line(self)
        yield from (part_line(self.parts[part]) for part in sorted(self.parts))
        if self.rest is not None:
            yield rest_line(self.rest)


def sums_name(part: int) -> str:
    """Name of the file with the sums of a part, below the run folder."""
    return f"{PARTS}/{part}"


def header_line(manifest: Manifest) -> bytes:
    """Return the first line of a manifest."""
    said = {name: getattr(manifest, name) for name in ("grid", "run", "provenance", "scenario")}
    return _line({"kind": "run", "format": FORMAT} | said)


def part_line(part: PartRecord) -> bytes:
    """Return the line of a part."""
    record = {"kind": "part", "part": part.part, "first": part.first, "n": part.n}
    sums = {"sums": _pair(part.sums)} if part.sums else {}
    return _line(record | sums | {"files": {name: _pair(file) for name, file in part.files.items()}})


def rest_line(files: Mapping[str, FileRecord]) -> bytes:
    """Return the line of all files that belong to no part."""
    return _line({"kind": "rest", "files": {name: _pair(file) for name, file in files.items()}})


def _pair(file: FileRecord) -> list[Any]:
    return [file.size, f"{file.crc:08x}"]


def _line(record: Mapping[str, Any]) -> bytes:
    text = _canonical(record)
    return b'{"crc32c":"%08x","record":%s}\n' % (crc32c(text), text)


def _canonical(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, allow_nan=False, ensure_ascii=True, separators=(",", ":")).encode()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a manifest as a whole; it is on the disk when this returns."""
    write_file(folder / MANIFEST, b"".join(manifest.lines()), durable=True)


def read_manifest(folder: Path) -> Manifest:
    """Read a manifest; what is damaged is left out and told in ``problems``.

    Raises
    ------
    IntegrityError
        If there is none, or nothing of it can be read.
    """
    path = folder / MANIFEST
    manifest = Manifest()
    try:
        for number, line in enumerate(read_lines(path, LARGEST_DOCUMENT + 1), 1):
            record = _record_of(line)
            if record is None or not _take(manifest, record, number):
                manifest.problems.append(f"line {number}")
                if len(line) > LARGEST_DOCUMENT or len(manifest.problems) > _MOST_PROBLEMS:
                    break
    except FileNotFoundError as error:
        raise IntegrityError(
            f"{folder}: has no {MANIFEST}; it is damaged (`sandwich-sim repair {folder}` mends that), "
            "or was made by an earlier version"
        ) from error
    except OSError as error:
        raise IntegrityError(f"{path}: unreadable ({error.strerror})") from error
    if not manifest.run:
        manifest.problems.insert(0, "no first line")
    return manifest


def manifest_digest(folder: Path) -> str:
    """Return the SHA-256 of the manifest as it lies there; "" if it cannot be read."""
    try:
        return hashlib.sha256(read_whole(folder / MANIFEST)).hexdigest()
    except OSError:
        return ""


def _record_of(line: bytes) -> dict[str, Any] | None:
    """Return what a line says if it is whole and undamaged."""
    if len(line) > LARGEST_DOCUMENT or not line.endswith(b"\n"):
        return None
    try:
        document = parse_json(line)
        record = document["record"]
        is_whole = isinstance(record, dict) and _line(record) == line  # its checksum with it
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return record if is_whole else None


def _take(manifest: Manifest, record: Mapping[str, Any], number: int) -> bool:
    """Add a line's record; False if it does not belong there."""
    kind = record.get("kind")
    try:
        if kind == "run" and number == 1 and record["format"] == FORMAT:
            tables = [record[name] for name in ("run", "provenance", "grid")]
            if all(isinstance(table, dict) for table in tables) and isinstance(record["scenario"], str):
                manifest.run, manifest.provenance, manifest.grid = tables
                manifest.scenario = record["scenario"]
                return True
        if kind == "part" and record["part"] not in manifest.parts:
            part = _part_of(record)
            manifest.parts[part.part] = part
            return True
        if kind == "rest" and manifest.rest is None:
            manifest.rest = _files_of(record["files"])
            return True
    except (KeyError, TypeError, ValueError):
        return False
    return False


def _part_of(record: Mapping[str, Any]) -> PartRecord:
    numbers = [record[name] for name in ("part", "first", "n")]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError("not the numbers of a part")
    sums = _file_of(record["sums"]) if "sums" in record else None
    part, first, n = numbers
    return PartRecord(part, first, n, _files_of(record["files"]), sums)


def _files_of(record: Mapping[str, Any]) -> dict[str, FileRecord]:
    if not isinstance(record, dict) or not all(is_safe_name(name) for name in record):
        raise ValueError("not names of files below the folder")
    return {name: _file_of(pair) for name, pair in record.items()}


def _file_of(pair: Any) -> FileRecord:
    size, crc = pair
    if type(size) is not int or size < 0:
        raise ValueError("not a size")
    if not 0 <= (checksum := int(crc, 16)) < 1 << 32:
        raise ValueError("not a checksum")
    return FileRecord(size, checksum)


def file_record(data: bytes) -> FileRecord:
    """Return the record of a plain file (scenario, provenance, metadata)."""
    return FileRecord(len(data), crc32c(data))


def chunk_record(crc: int, n_data: int) -> FileRecord:
    """Return the record of a file that ends in its checksum."""
    return FileRecord(n_data + CHECKSUM_BYTES, crc)


def differences(data: bytes | None, record: FileRecord, *, has_checksum: bool) -> str:
    """Say what is wrong with a file's content; "" if nothing is.

    Parameters
    ----------
    data : bytes or None
        What was read; None if it is missing.
    has_checksum : bool
        Whether the file ends in its checksum, which must then be the recorded one too.
    """
    if data is None:
        return "missing"
    if len(data) != record.size:
        return f"{len(data)} bytes instead of {record.size}"
    if not has_checksum:
        return "" if crc32c(data) == record.crc else "damaged"
    body = memoryview(data)[:-CHECKSUM_BYTES]
    stored = int.from_bytes(data[-CHECKSUM_BYTES:], "little")
    actual = crc32c(body)
    if actual == record.crc == stored:
        return ""
    if actual == stored:
        return "is not the chunk that was written there"
    return "damaged"
