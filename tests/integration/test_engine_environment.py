"""What surrounds a run (threads, folders, hash seeds, time zones, no compiler) does not show in it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from engine_runs import run_everything, run_python
from sandwich_sim.results.digest import content_digest
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run

SCENARIO = """extends = "base"
title = "Elsewhere"
summary = "The same wherever it runs."
[open_source]
gap = { dist = "empirical", file = "gaps.csv", column = "months", source = "assumption: measured" }
"""
GAPS = "months\n2.0\n3.5\n4.0\n7.0\n"

RUN = """
import sys
from pathlib import Path
from sandwich_sim.results.digest import content_digest
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run
result = run(load_scenario(sys.argv[1]), output=Path(sys.argv[2]), trajectories=48, seed=5)
print(content_digest(result.folder))
"""

PLAIN = """
import sys
from dataclasses import replace
import numpy as np
from engine_runs import run_everything
from sandwich_sim.kernels._jit import COMPILED
from sandwich_sim.scenario.load import load_scenario
assert not COMPILED
spec = replace(load_scenario("base"), years=1)
for shocks in (True, False):
    sums, kept = run_everything(
        spec, width=16, dtype=np.float64, trajectories=16, seed=5, keep="paths", shocks=shocks
    )
    np.savez(f"plain-{shocks}.npz", **sums, **kept)
"""


@pytest.fixture
def scenario(tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "gaps.csv").write_text(GAPS)
    path = folder / "elsewhere.toml"
    path.write_text(SCENARIO)
    return path


@pytest.mark.parametrize("keep", ["summary", "outcomes", "paths"])
def test_two_runs_of_one_seed_have_one_content_digest(tmp_path, keep):
    spec = load_scenario("base", ("time.years=4",))
    options = {"trajectories": 4096 + 50, "seed": 8, "keep": keep}
    first = run(spec, output=tmp_path / "first", threads=1, **options)
    second = run(spec, output=tmp_path / "second", threads=3, **options)
    other = run(spec, output=tmp_path / "other", **(options | {"seed": 9}))
    digests = [content_digest(result.folder) for result in (first, second, other)]
    assert digests[0] == digests[1] != digests[2]
    for result in (first, second, other):
        shutil.rmtree(result.folder)  # 40 MB each with paths


def test_hash_seed_working_folder_time_zone_and_line_ends_do_not_matter(tmp_path, scenario):
    expected = content_digest(
        run(load_scenario(scenario), output=tmp_path / "here", trajectories=48, seed=5).folder
    )
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    shutil.copy(scenario.parent / "gaps.csv", elsewhere)
    (elsewhere / "elsewhere.toml").write_bytes(SCENARIO.replace("\n", "\r\n").encode())
    starts = [
        (tmp_path, "scenarios/elsewhere.toml", {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}),
        (elsewhere, "elsewhere.toml", {"PYTHONHASHSEED": "77", "LC_ALL": "C", "TZ": "America/Caracas"}),
    ]
    for folder, path, environment in starts:
        code, stdout, stderr = run_python(folder, RUN, path, "there", **environment)
        assert (code, stderr) == (0, "")
        assert stdout.strip() == expected


def test_a_folder_can_be_moved_and_names_no_place(tmp_path, scenario):
    result = run(load_scenario(scenario), output=tmp_path / "before", trajectories=16, seed=5)
    digest = content_digest(result.folder)
    moved = result.folder.rename(tmp_path / "after")
    assert content_digest(moved) == digest
    texts = [(moved / name).read_text() for name in ("scenario.toml", "provenance.json", "zarr.json")]
    assert not any(str(tmp_path) in text for text in texts)
    assert json.loads(texts[1])["seed"] == 5


def test_plain_python_makes_what_the_compiled_kernels_make(tmp_path):
    code, _, stderr = run_python(tmp_path, PLAIN, NUMBA_DISABLE_JIT="1")
    assert code == 0, stderr
    spec = replace(load_scenario("base"), years=1)
    options = {"width": 16, "dtype": np.float64, "trajectories": 16, "seed": 5, "keep": "paths"}
    for shocks in (True, False):
        # Shocks are float32, whose last bit depends on fused multiply-adds: 3e-7 of a normal.
        tolerance = 3e-5 if shocks else 1e-11
        plain = np.load(tmp_path / f"plain-{shocks}.npz")
        sums, kept = run_everything(spec, shocks=shocks, **options)
        for name, values in (sums | kept).items():
            found = plain[name]
            if values.dtype.kind == "f":
                np.testing.assert_array_equal(np.isnan(found), np.isnan(values), err_msg=name)
                far = np.abs(found - values) > tolerance * (1.0 + np.abs(values))
                assert not far.any(), f"{name}: {np.nanmax(np.abs(found - values))}"
            elif not shocks:
                np.testing.assert_array_equal(found, values, err_msg=name)


@pytest.mark.nightly
def test_no_index_is_out_of_bounds(tmp_path, scenario):
    # Compiled anew with checks: compiled code does not notice a wrong index otherwise.
    code, stdout, stderr = run_python(
        tmp_path, RUN, scenario, "there", NUMBA_BOUNDSCHECK="1", SANDWICH_SIM_CACHE=str(tmp_path / "cache")
    )
    assert code == 0, stderr
    assert len(stdout.strip()) == 64
