"""Damage is found, where it lies, by whoever reads: at opening, at reading, or by looking at it all."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.results.dataset import open_run, read_accumulators
from sandwich_sim.results.status import run_status
from sandwich_sim.results.verify import verify_run
from synthetic_run import make_meta, write_run


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "run"
    write_run(folder, make_meta())
    return folder


@pytest.fixture
def run(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "run"))


def flip(path: Path, place: int = 9) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_a_sound_run_has_no_problems(run: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = verify_run(run, lambda done, total: seen.append((done, total)))
    assert found.problems == {}
    assert (found.state, found.parts, found.n_parts) == ("complete", 1, 1)
    own = [path for path in run.rglob("*") if path.is_file()]
    assert found.n_files == len(own) - 2  # but for manifest and marker, which are looked at as well
    assert seen[-1] == (found.n_bytes, found.n_bytes)


@pytest.mark.parametrize(
    "name",
    [
        *("margin/c/0/0/2", "hop/c/0", "scramble/c/0", "accumulators/fan/c/0/0/0", "gap_mean/c/0"),
        *("zarr.json", "margin/zarr.json", "accumulators/zarr.json", "scenario.toml", "provenance.json"),
    ],
)
@pytest.mark.parametrize("how", ["flipped", "last bit", "cut", "empty", "deleted", "longer"])
def test_each_kind_of_damage_is_found_in_each_kind_of_file(run: Path, name: str, how: str) -> None:
    path = run / name
    data = path.read_bytes()
    if how == "flipped":
        flip(path)
    elif how == "last bit":
        flip(path, len(data) - 1)
    elif how == "deleted":
        path.unlink()
    else:
        path.write_bytes({"cut": data[:-1], "empty": b"", "longer": data + b"\0"}[how])
    assert list(verify_run(run).problems) == [name]


def test_swapped_chunks_are_both_found(run: Path) -> None:
    one, other = run / "margin/c/0/0/0", run / "margin/c/0/0/1"
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)
    found = verify_run(run).problems
    assert found == dict.fromkeys(
        ("margin/c/0/0/0", "margin/c/0/0/1"), "is not the chunk that was written there"
    )


@pytest.mark.parametrize("name", ["manifest.jsonl", "_COMPLETE"])
def test_damage_of_manifest_and_marker_is_found(run: Path, name: str) -> None:
    for place in range(0, len((run / name).read_bytes()), 997 if name == "manifest.jsonl" else 9):
        flip(run / name, place)
        try:
            assert verify_run(run).problems
        except IntegrityError as error:
            assert name == "manifest.jsonl", error  # not even the first line can be read
        with pytest.raises(IntegrityError):
            open_run(run)
        flip(run / name, place)
    assert verify_run(run).problems == {}


def test_a_manifest_of_another_run_is_found(run: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "other", make_meta(seed=1))
    shutil.copy(tmp_path / "other" / "manifest.jsonl", run)
    assert "_COMPLETE" in verify_run(run).problems
    with pytest.raises(IntegrityError, match="_COMPLETE: does not agree with the manifest"):
        open_run(run)


def test_our_reader_refuses_a_flipped_bit_where_it_reads_it(run: Path) -> None:
    flip(run / "margin/c/0/0/2", 100)
    dataset = open_run(run)
    np.testing.assert_array_equal(dataset["margin"][..., :64].shape, (3, 3, 64))
    dataset["margin"][..., :64].load()
    with pytest.raises(IntegrityError, match=r"margin/c/0/0/2: damaged; .*sandwich-sim repair"):
        dataset["margin"].load()


def test_our_reader_refuses_a_chunk_that_is_lost_or_moved_after_opening(run: Path) -> None:
    dataset = open_run(run)
    (run / "gap/c/0/1").unlink()
    with pytest.raises(IntegrityError, match="gap/c/0/1: missing"):
        dataset["gap"].load()
    shutil.copy(run / "margin/c/0/0/0", run / "margin/c/0/0/1")
    with pytest.raises(IntegrityError, match="margin/c/0/0/1: is not the chunk that was written there"):
        dataset["margin"].load()


def test_accumulators_are_checked_where_they_are_read(run: Path) -> None:
    flip(run / "accumulators/fan/c/0/0/0", 10_000)
    with pytest.raises(IntegrityError, match="accumulators/fan/c/0/0/0: damaged"):
        read_accumulators(run)


def test_other_readers_see_a_flipped_bit_but_not_a_lost_chunk(run: Path) -> None:
    flip(run / "margin/c/0/0/2", 100)
    (run / "gap/c/0/1").unlink()
    dataset = xr.open_zarr(run)
    with pytest.raises(ValueError, match="checksum"):
        dataset["margin"].load()
    assert np.isnan(dataset["gap"][:, 64:128]).all()  # as the docs say: open_run refuses


def test_links_are_not_followed(run: Path, tmp_path: Path) -> None:
    shutil.copy(run / "gap/c/0/1", tmp_path / "elsewhere")
    (run / "gap/c/0/1").unlink()
    (run / "gap/c/0/1").symlink_to(tmp_path / "elsewhere")
    assert list(verify_run(run).problems) == ["gap/c/0/1"]
    with pytest.raises(IntegrityError, match="not a plain file"):
        open_run(run)


def test_folders_that_lead_elsewhere_are_not_followed(run: Path, tmp_path: Path) -> None:
    (run / "gap").rename(tmp_path / "gap")
    (run / "gap").symlink_to(tmp_path / "gap")
    with pytest.raises(IntegrityError, match="gap/c/0/0: lies outside of the folder"):
        open_run(run)


def test_a_device_in_place_of_a_file_is_not_read(run: Path) -> None:
    (run / "zarr.json").unlink()
    (run / "zarr.json").symlink_to("/dev/zero")
    assert list(verify_run(run).problems)[-1] == "zarr.json"
    with pytest.raises(IntegrityError):
        open_run(run)


def test_a_folder_without_a_run_is_a_usage_error(tmp_path: Path) -> None:
    for folder in (tmp_path / "absent", tmp_path):
        for look in (verify_run, run_status):
            with pytest.raises(UsageError, match="`sandwich-sim runs` lists th"):
                look(folder)


def test_the_status_of_a_run_is_that_of_its_manifest(run: Path) -> None:
    found = run_status(run)
    assert (found.state, found.holder, found.parts, found.n_parts) == ("complete", "", 1, 1)
    assert (found.trajectories, found.fingerprint, found.problems) == (200, "f" * 16, ())
    assert found.meta == make_meta()
    (run / "_COMPLETE").unlink()
    assert run_status(run).state == "incomplete"
    with (run / "manifest.jsonl").open("a") as file:
        file.write(json.dumps({"torn": True}))
    assert run_status(run).problems == ("line 4",)
