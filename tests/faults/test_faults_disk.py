"""Every operation on the disk goes wrong once; the run ends in words, and goes on to the same bits."""

from contextlib import suppress

import pytest

from io_faults import ERRORS, KINDS, FaultyDisk, SimulatedCrash
from part_runs import small_layout, small_meta, use_small_parts, write_parts
from sandwich_sim.errors import ResourceError, UsageError
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.files import folder_state


@pytest.fixture(autouse=True)
def small_units(monkeypatch):
    use_small_parts(monkeypatch)
    # These runs have fewer arrays than their description asks for.
    monkeypatch.setattr("sandwich_sim.results.agreement.layout_of", small_layout)


@pytest.fixture
def sound(tmp_path):
    """Operations and digest of a run in which nothing goes wrong."""

    def make(**options):
        disk = FaultyDisk(tmp_path / "sound")
        with disk():
            write_parts(tmp_path / "sound", small_meta(**options))
        return disk.operations, content_digest(tmp_path / "sound")

    return make


def try_once(folder, meta, fail_at, kind):
    """Write a run on a disk that fails once, then finish it on a good one; returns what was hit."""
    disk = FaultyDisk(folder, fail_at, kind)
    with disk():
        if kind in ERRORS:
            # Whatever the disk says becomes one of two errors with an exit code and advice.
            with suppress(ResourceError, UsageError):
                write_parts(folder, meta)
        else:
            with suppress(SimulatedCrash):
                write_parts(folder, meta)
    assert disk.hit
    operation = disk.hit.split()[0]
    state = folder_state(folder)
    if state == "complete":
        # Only what tidies up comes after the marker, and the flush of the marker's name.
        assert kind in (*ERRORS, "short write") or operation in ("unlink", "rmdir", "fsync"), disk.hit
        return 3
    assert state in ("absent", "empty", "incomplete"), disk.hit
    stored = write_parts(folder, meta)
    assert not (folder / "parts").exists()
    return stored


def nightly(*values):
    return pytest.param(*values, marks=pytest.mark.nightly)


# An error is an error, and a power cut takes more than a crash: the rest is for the night.
@pytest.mark.parametrize(
    ("keep", "kind"),
    [
        ("outcomes", "EIO"),
        ("outcomes", "power cut"),
        ("outcomes", "short write"),
        ("summary", "crash"),
        *(nightly("outcomes", kind) for kind in ("ENOSPC", "EDQUOT", "EROFS", "crash")),
        *(nightly("summary", kind) for kind in KINDS if kind != "crash"),
    ],
)
def test_any_operation_may_fail_once(tmp_path, sound, keep, kind):
    operations, digest = sound(keep=keep)
    assert {"open", "write", "fsync", "rename", "mkdir", "unlink", "rmdir"} == set(operations)
    meta = small_meta(keep=keep)
    found_parts = set()
    for fail_at, name in enumerate(operations):
        if kind == "short write" and name != "write":
            continue
        folder = tmp_path / str(fail_at)
        found_parts.add(try_once(folder, meta, fail_at, kind))
        assert content_digest(folder) == digest, f"{name} number {fail_at}"
        assert not list(folder.rglob("*.partial"))
    if kind != "short write":
        assert {0, 3} < found_parts  # no part was there yet, some were, all were


def test_a_short_write_is_gone_on_with(tmp_path, sound):
    operations, _ = sound()
    disk = FaultyDisk(tmp_path / "run", operations.index("write"), "short write")
    with disk():
        assert write_parts(tmp_path / "run", small_meta()) == 0
    assert folder_state(tmp_path / "run") == "complete"
