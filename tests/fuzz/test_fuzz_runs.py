"""Forged and damaged run folders: every reader reads or refuses in words, in little memory."""

from __future__ import annotations

import json
import random

import pytest
from malformed_runs import READERS, SLOW_READERS, Forge, read

from forked_runs import small_spec
from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.checksum import crc32c
from sandwich_sim.results.dataset import open_run, read_accumulators, read_fingerprint
from sandwich_sim.results.files import MANIFEST
from sandwich_sim.results.manifest import read_manifest
from sandwich_sim.results.schema_files import PROVENANCE, ROOT
from sandwich_sim.simulation import run


@pytest.fixture(scope="module")
def forge(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forged") / "run"
    run(small_spec(), output=folder, trajectories=64, threads=1)
    return Forge(folder)


def try_folders(forge, room, numbers, n_reader):
    """Returns how many folders at least one reader refused."""
    refused = 0
    for number in numbers:
        chance = random.Random(number)
        done = forge.forge(chance)
        try:
            refused += bool(read(forge.folder, room, chance, n_reader))
        except Exception as error:
            raise AssertionError(f"folder {number}: {done!r}") from error
        finally:
            forge.restore()
    return refused


@pytest.mark.filterwarnings("ignore")  # 64 trajectories have no quantiles to draw
def test_the_sound_folder_is_read_by_all(forge, tmp_path):
    forge.seal()  # as the forger does: it is sound, or the others test nothing
    assert read(forge.folder, tmp_path, random.Random(1), len(READERS)) == 0
    for reader in SLOW_READERS:
        reader(forge.folder, tmp_path)
    assert open_run(forge.folder).sizes["trajectory"] == 64
    forge.restore()


def test_a_fingerprint_that_is_none_is_not_known(forge):
    path = forge.folder / PROVENANCE
    for value in (0.5, None, [], "x"):
        path.write_text(json.dumps(json.loads(forge.sound[path]) | {"fingerprint": value}))
        forge.seal()
        assert read_fingerprint(forge.folder) == ""
    forge.restore()


@pytest.mark.parametrize("name", ["tail_value", "failures", "total"])
def test_a_folder_without_some_of_its_sums_is_refused(forge, name):
    path = forge.folder / ROOT
    document = json.loads(forge.sound[path])
    del document["consolidated_metadata"]["metadata"][f"accumulators/{name}"]
    path.write_text(json.dumps(document))
    forge.seal()
    with pytest.raises(IntegrityError, match=f"accumulators/{name}"):
        read_accumulators(forge.folder)
    forge.restore()


@pytest.mark.parametrize("crc", ["a" * 5000, "1" + 8 * "0", "-1"])
def test_a_checksum_of_too_many_bits_is_no_line_of_a_manifest(forge, crc):
    path = forge.folder / MANIFEST
    *lines, last = path.read_bytes().splitlines()
    record = json.loads(last)["record"]
    record["files"] = {name: [size, crc] for name, (size, _) in record["files"].items()}
    text = json.dumps(record, separators=(",", ":")).encode()
    path.write_bytes(b"\n".join([*lines, b'{"crc32c":"%08x","record":%s}' % (crc32c(text), text)]) + b"\n")
    with pytest.raises(IntegrityError):
        open_run(forge.folder).load()
    assert read_manifest(forge.folder).problems == [f"line {len(lines) + 1}"]
    forge.restore()


@pytest.mark.parametrize("value", ["/dev/zero", 8, [1], None])
def test_attributes_that_are_none_are_refused(forge, value):
    path = forge.folder / ROOT
    path.write_text(json.dumps(json.loads(forge.sound[path]) | {"attributes": value}))
    forge.seal()
    with pytest.raises(IntegrityError):
        open_run(forge.folder)
    forge.restore()


def test_arrays_of_different_lengths_are_refused_in_a_partial_run_too(forge):
    path = forge.folder / ROOT
    document = json.loads(forge.sound[path])
    array = document["consolidated_metadata"]["metadata"]["premium_mean"]
    array["shape"][1] = array["chunk_grid"]["configuration"]["chunk_shape"][1] = 10
    path.write_text(json.dumps(document))
    forge.seal()
    with pytest.raises(IntegrityError, match=r"cannot be opened .*premium_mean"):
        open_run(forge.folder, allow_partial=True)
    forge.restore()


@pytest.mark.filterwarnings("ignore")  # of xarray, about attributes that say nothing
def test_sixty_forged_folders_are_read_or_refused(forge, tmp_path):
    assert try_folders(forge, tmp_path, range(60), 2) > 25


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("chunk", range(10))
def test_ten_thousand_forged_folders_are_read_or_refused(forge, tmp_path, chunk):
    first = 1000 * (chunk + 1)
    print(f"{try_folders(forge, tmp_path, range(first, first + 1000), 4)} of 1000 refused")
