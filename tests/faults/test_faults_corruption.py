"""Damage of any kind to any file is found and named, and repaired to the same bits."""

import os
import random
import shutil

import pytest

from forked_runs import small_spec, use_small_units
from part_runs import run_files
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.results.dataset import open_run, read_accumulators, stored_arrays
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.files import folder_state
from sandwich_sim.results.verify import verify_run
from sandwich_sim.simulation import run
from sandwich_sim.studies.repair import repair
from sandwich_sim.studies.resume import resume

N = {"outcomes": 2300, "summary": 2300, "paths": 1100}
KINDS = ("flip", "truncate", "delete", "swap", "empty", "other chunk", "grow")


@pytest.fixture(scope="module")
def sound(memory):
    """A run of three parts for each keep, with its digest and its files."""
    with pytest.MonkeyPatch.context() as patch:
        use_small_units(patch.setattr)
        found = {}
        for keep, n in N.items():
            folder = memory / keep
            run(small_spec(), output=folder, keep=keep, trajectories=n)
            found[keep] = folder, content_digest(folder), run_files(folder)
        yield found


def damage(folder, files, chance):
    """Damage a run in one of many ways; returns what was done and the files that are not as they were."""
    chunks = [name for name in files if "/c/" in name]
    names = chunks if chance.random() < 0.8 else [name for name in files if name not in chunks]
    name = chance.choice(names)
    kind = chance.choice(KINDS if name in chunks else ("flip", "truncate", "delete", "empty", "grow"))
    data = bytearray(files[name])
    if kind == "flip":
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == "truncate":
        del data[chance.randrange(len(data)) :]
    elif kind == "empty":
        data.clear()
    elif kind == "grow":
        data += chance.randbytes(chance.randint(1, 9))
    elif kind in ("swap", "other chunk"):
        alike = [n for n in chunks if n != name and files[n] != files[name]]
        other = chance.choice([n for n in alike if len(files[n]) == len(files[name])] or alike)
        data = bytearray(files[other])
        if kind == "swap":
            put(folder / other, files[name])
            put(folder / name, data)
            return kind, {name, other}
    put(folder / name, None if kind == "delete" else data)
    return kind, {name}


def put(path, data):
    """Write a file anew: the old content may be that of other copies of the run, too."""
    path.unlink()
    if data is not None:
        path.write_bytes(data)


def check_one(sound, folder, chance):
    """Damage a run, see that it is found, repair it."""
    keep = chance.choice(sorted(sound))
    source, digest, files = sound[keep]
    shutil.copytree(source, folder, copy_function=os.link)
    kind, names = damage(folder, files, chance)
    what = f"{keep}: {kind} of {sorted(names)}"
    if "_COMPLETE" in names and folder_state(folder) == "incomplete":
        assert verify_run(folder).state == "incomplete", what  # as if the run had been stopped
        resume(folder) if chance.random() < 0.5 else repair(folder)
    else:
        try:
            found = set(verify_run(folder).problems)
        except IntegrityError as error:
            assert "manifest" in str(error), what
            found = {"manifest.jsonl", "_COMPLETE"}
        if names == {"manifest.jsonl"}:
            names = {"manifest.jsonl", "_COMPLETE"}
            assert found & names, what
        else:
            assert found == names, what
        assert_not_read(folder, names, what)
        mended = set(repair(folder).files)
        if names == {"manifest.jsonl", "_COMPLETE"}:  # one tells that the other is wrong, not which of them
            assert mended & names, what
        else:
            assert mended >= found - {"manifest.jsonl"}, what
    assert verify_run(folder).problems == {}, what
    assert content_digest(folder) == digest, what
    again = run_files(folder)
    assert set(again) == set(files), what
    assert {n for n in files if files[n] != again[n]} <= {"manifest.jsonl", "_COMPLETE"}, what
    shutil.rmtree(folder)
    return kind


def assert_not_read(folder, names, what):
    """Whoever reads what was damaged through our reader gets an error, never numbers."""
    chunks = {name for name in names if "/c/" in name}
    if chunks:
        with pytest.raises(IntegrityError):
            content_digest(folder)
    if {name.partition("/")[0] for name in chunks} & {"accumulators"}:
        sums = {name for name in chunks if stored_arrays(folder)[name.partition("/c/")[0]].dtype != "string"}
        if sums:  # the names of rows lie there, too, but nobody reads them
            with pytest.raises(IntegrityError):
                read_accumulators(folder)
    elif chunks or names & {"zarr.json", "provenance.json", "manifest.jsonl", "_COMPLETE"}:
        with pytest.raises(IntegrityError):
            dataset = open_run(folder)
            for name in chunks:
                dataset[name.partition("/")[0]].load()


def test_damage_is_found_and_repaired(sound, memory):
    chance = random.Random(1)
    kinds = [check_one(sound, memory / str(i), chance) for i in range(60)]
    assert set(kinds) == set(KINDS)


@pytest.mark.nightly
def test_a_thousand_damages_are_found_and_repaired(sound, memory):
    chance = random.Random(2)
    for i in range(1000):
        check_one(sound, memory / str(i), chance)


def test_several_damages_at_once_are_repaired(sound, tmp_path):
    source, digest, files = sound["outcomes"]
    folder = tmp_path / "run"
    shutil.copytree(source, folder)
    shutil.rmtree(folder / "margin")
    shutil.rmtree(folder / "accumulators" / "fine")
    for name in ("zarr.json", "scenario.toml", "provenance.json", "gap_mean/c/0", "parameters/c/0/3"):
        (folder / name).unlink()
    text = (folder / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "manifest.jsonl").write_bytes(b"".join(text[:2] + text[3:]))  # a part is not named any more
    done = repair(folder)
    assert done.trajectories == N["outcomes"]
    assert verify_run(folder).problems == {}
    assert content_digest(folder) == digest
    assert {n for n in files if files[n] != run_files(folder)[n]} <= {"manifest.jsonl", "_COMPLETE"}


def test_a_sound_run_is_left_as_it_is(sound):
    folder = sound["outcomes"][0]
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    done = repair(folder)
    assert (done.files, done.trajectories) == ((), 0)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path != folder} == {
        path: time for path, time in before.items() if path != folder
    }


def test_only_the_damaged_units_are_computed_again(sound, tmp_path):
    source, digest, _ = sound["outcomes"]
    folder = tmp_path / "run"
    shutil.copytree(source, folder)
    (folder / "margin" / "c" / "0" / "0" / "1").unlink()
    (folder / "gap" / "c" / "0" / "1").write_bytes(b"")
    done = repair(folder)
    assert done.files == ("gap/c/0/1", "margin/c/0/0/1")
    assert done.trajectories == 512
    assert content_digest(folder) == digest


def test_what_follows_from_the_sums_needs_no_trajectory_and_no_platform(sound, tmp_path, monkeypatch):
    source, digest, _ = sound["summary"]
    folder = tmp_path / "run"
    shutil.copytree(source, folder)
    for name in ("margin_mean/c/0/0", "hop/c/0", "zarr.json", "time/zarr.json"):
        (folder / name).unlink()
    monkeypatch.setattr("sandwich_sim.studies.resume.fingerprint", lambda: "another")
    assert repair(folder).trajectories == 0
    assert content_digest(folder) == digest


def test_trajectories_of_another_platform_are_not_made_up(sound, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    shutil.copytree(sound["outcomes"][0], folder)
    (folder / "gap" / "c" / "0" / "1").unlink()
    monkeypatch.setattr("sandwich_sim.studies.resume.fingerprint", lambda: "another")
    with pytest.raises(UsageError, match="on another platform or by another version"):
        repair(folder)


def test_a_run_that_is_lost_is_said_to_be(sound, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(sound["outcomes"][0], folder)
    (folder / "manifest.jsonl").write_bytes(b"")
    (folder / "provenance.json").write_bytes(b"")
    with pytest.raises(IntegrityError, match="it cannot be repaired"):
        repair(folder)


def test_a_stopped_run_is_not_repaired_but_gone_on_with(sound, tmp_path):
    source, digest, _ = sound["outcomes"]
    folder = tmp_path / "run"
    shutil.copytree(source, folder)
    (folder / "_COMPLETE").unlink()
    text = (folder / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "manifest.jsonl").write_bytes(b"".join(text[:-1]))
    with pytest.raises(UsageError, match="was stopped before its end"):
        repair(folder)
    assert resume(folder).resumed == 0  # its sums are gone, so its parts are made again
    assert content_digest(folder) == digest
