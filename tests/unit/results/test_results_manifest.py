"""The manifest says what is on the disk; what a crash or an accident does to it is noticed."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.checksum import checksum_bytes, crc32c, is_intact
from sandwich_sim.results.files import MANIFEST, append_line, is_safe_name
from sandwich_sim.results.manifest import (
    FileRecord,
    Manifest,
    PartRecord,
    differences,
    part_line,
    read_manifest,
    rest_line,
    write_manifest,
)

PART = PartRecord(0, 0, 64, {"margin/c/0/0/0": FileRecord(2308, 0xDEADBEEF)}, FileRecord(99, 7))
REST = {"zarr.json": FileRecord(10, 1), "hop/c/0": FileRecord(20, 2)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_manifest(tmp_path, Manifest({"name": "toy"}, {"versions": {}}, 'name = "ü"\n', {"size": 64}))
    return tmp_path


def test_a_manifest_comes_back_as_it_was_written(folder: Path) -> None:
    append_line(folder / MANIFEST, part_line(PART))
    later = PartRecord(1, 64, 36, {"margin/c/0/0/1": FileRecord(5, 6)})
    append_line(folder / MANIFEST, part_line(later))
    append_line(folder / MANIFEST, rest_line(REST))
    found = read_manifest(folder)
    expected = Manifest(
        {"name": "toy"}, {"versions": {}}, 'name = "ü"\n', {"size": 64}, {0: PART, 1: later}, REST
    )
    assert found == expected
    assert found.files() == {**PART.files, **later.files, **REST}
    before = (folder / MANIFEST).read_bytes()
    write_manifest(folder, found)
    assert (folder / MANIFEST).read_bytes() == before


def test_a_line_that_was_cut_short_is_left_out(folder: Path) -> None:
    whole = part_line(PART)
    for n in range(1, len(whole)):
        write_manifest(folder, read_manifest(folder))
        append_line(folder / MANIFEST, whole[:n])
        found = read_manifest(folder)
        assert (found.parts, found.problems) == ({}, ["line 2"])
        found.problems.clear()
        write_manifest(folder, found)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_any_flipped_bit_is_noticed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("flip")
    write_manifest(folder, Manifest({"name": "toy"}, {}, "x", {}, {0: PART}, REST))
    path = folder / MANIFEST
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    assert read_manifest(folder).problems


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "part", "part": 1, "first": 0, "n": 64, "files": {"../../etc/passwd": [1, "0"]}},
        {"kind": "part", "part": 1, "first": 0, "n": 64, "files": {"/etc/passwd": [1, "0"]}},
        {"kind": "part", "part": -1, "first": 0, "n": 64, "files": {}},
        {"kind": "part", "part": True, "first": 0, "n": 64, "files": {}},
        {"kind": "part", "part": 1, "first": 0, "n": 64, "files": {"a/c/0": [-1, "0"]}},
        {"kind": "part", "part": 1, "first": 0, "n": 64, "files": {"a/c/0": [1, "zz"]}},
        {"kind": "part", "part": 1, "first": 0, "n": 64, "files": {"a/c/0": [1]}},
        {"kind": "part", "part": 1, "first": 0, "n": 64, "files": []},
        {"kind": "part", "part": 0, "first": 0, "n": 64, "files": {}},
        {"kind": "run", "format": 1, "run": {}, "provenance": {}, "scenario": "", "grid": {}},
        {"kind": "note", "text": "none of ours"},
        {},
    ],
    ids=str,
)
def test_lines_of_strange_content_are_not_believed(folder: Path, record: dict[str, object]) -> None:
    append_line(folder / MANIFEST, part_line(PART))
    text = json.dumps(record, separators=(",", ":")).encode()
    append_line(folder / MANIFEST, b'{"crc32c":"%08x","record":%s}\n' % (crc32c(text), text))
    found = read_manifest(folder)
    assert found.problems == ["line 3"]
    assert found.parts == {0: PART}


@pytest.mark.parametrize("content", [b"", b"\n", b"[" * 100_000 + b"\n", b"\xff\xfe\n", b"9" * 5000 + b"\n"])
def test_a_manifest_without_its_first_line_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)
    assert "no first line" in read_manifest(tmp_path).problems


def test_no_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"has no manifest\.jsonl"):
        read_manifest(tmp_path)
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(IntegrityError, match="unreadable"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("name", ["a", "margin/c/0/0/1", "margin.chips/zarr.json", "parts/17", "_COMPLETE"])
def test_names_of_a_run_are_safe(name: str) -> None:
    assert is_safe_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../a", "a/../b", "/a", "a//b", "a/", ".lock", "a/.b", "a\\b", "a\0", "a\n", "ü"),
        *("C:/a", "~/a", "a b", "x" * 2000, "con/..", "a/\u202e"),
    ],
)
def test_names_that_lead_elsewhere_are_not(name: str) -> None:
    assert not is_safe_name(name)


def test_a_file_is_compared_with_its_record() -> None:
    body = bytes(range(64))
    data = body + checksum_bytes(crc32c(body))
    record = FileRecord(len(data), crc32c(body))
    assert differences(data, record, has_checksum=True) == ""
    assert differences(None, record, has_checksum=True) == "missing"
    assert differences(data[:-1], record, has_checksum=True) == "67 bytes instead of 68"
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 16
        assert differences(bytes(flipped), record, has_checksum=True) == "damaged"
        assert not is_intact(flipped)
    other = bytes(64)
    moved = other + checksum_bytes(crc32c(other))
    assert differences(moved, record, has_checksum=True) == "is not the chunk that was written there"
    assert differences(b"text", FileRecord(4, crc32c(b"text")), has_checksum=False) == ""
    assert differences(b"tExt", FileRecord(4, crc32c(b"text")), has_checksum=False) == "damaged"


def test_the_checksum_is_the_one_that_zarr_knows() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C
    assert crc32c(b"56789", crc32c(b"1234")) == 0xE3069283
    assert crc32c(memoryview(bytearray(b"123456789"))[2:4]) == crc32c(b"34")
    assert crc32c(b"") == 0
