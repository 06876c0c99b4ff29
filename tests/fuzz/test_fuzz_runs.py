"""Forged and damaged run folders: every reader reads or refuses in words, in little memory."""

from __future__ import annotations

import random

import pytest
from malformed_runs import READERS, Forge, read

from forked_runs import small_spec
from sandwich_sim.results.dataset import open_run
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


def test_the_sound_folder_is_read_by_all(forge, tmp_path):
    forge.seal()  # as the forger does: it is sound, or the others test nothing
    assert read(forge.folder, tmp_path, random.Random(1), len(READERS)) == 0
    assert open_run(forge.folder).sizes["trajectory"] == 64
    forge.restore()


@pytest.mark.filterwarnings("ignore")  # of xarray, about attributes that say nothing
def test_a_hundred_forged_folders_are_read_or_refused(forge, tmp_path):
    assert try_folders(forge, tmp_path, range(100), 3) > 50


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("chunk", range(10))
def test_ten_thousand_forged_folders_are_read_or_refused(forge, tmp_path, chunk):
    first = 1000 * (chunk + 1)
    print(f"{try_folders(forge, tmp_path, range(first, first + 1000), 4)} of 1000 refused")
