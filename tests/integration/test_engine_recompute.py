"""Trajectories of a stored run come back from seed and index, bit for bit, or not at all."""

import json

import numpy as np
import pytest

from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.results.dataset import open_run, series_of
from sandwich_sim.results.meta import meta_from_document
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run
from sandwich_sim.studies.recompute import recompute
from sandwich_sim.variables import PER_STEP

N = 272 + 5
INDICES = (270, 3, 3, 276, 0, 255, 256, 17)
"""In any order, twice the same, from full and from short blocks."""
KEEPS = ("summary", "outcomes", "paths")
OVERLAY = """extends = "base"
title = "Replayed"
summary = "Drawn from a column, without correlations of its own."
[open_source]
gap = { dist = "empirical", file = "gaps.csv", column = "months", source = "assumption: measured" }
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Make one run of each keep with some options; called once for each set of options."""
    made = {}

    def make(**options):
        key = json.dumps(options)
        if key not in made:
            root = tmp_path_factory.mktemp("recompute")
            made[key] = {
                keep: run(
                    load_scenario("base"), output=root / keep, trajectories=N, seed=9, keep=keep, **options
                ).folder
                for keep in KEEPS
            }
        return made[key]

    return make


@pytest.fixture
def copy(stored):
    """Change one file of a run and put it back."""
    changed = []

    def change(name, edit):
        path = stored(sampler="sobol")["outcomes"] / name
        changed.append((path, path.read_bytes()))
        path.write_text(edit(path.read_text()))
        return path.parent

    yield change
    for path, data in changed:
        path.write_bytes(data)


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize(
    "options",
    [
        {"sampler": "random"},
        {"sampler": "latin-hypercube"},
        {"sampler": "sobol"},
        {"sampler": "sobol", "shocks": False},
    ],
    ids=["random", "latin-hypercube", "sobol", "without shocks"],
)
def test_recomputed_series_are_the_stored_ones_bit_for_bit(stored, options, keep):
    folders = stored(**options)
    names = ("margin", "revenue.chips", "profit_share", *(variable.name for variable in PER_STEP))
    found = recompute(folders[keep], INDICES, names)
    assert len(found) == 8 + 1 + 8 + len(PER_STEP)
    with open_run(folders["paths"]) as paths:
        for name, values in found.items():
            assert values.dtype == np.float64
            expected = series_of(paths, name).values[:, list(INDICES)]
            assert values.astype(np.float32).tobytes() == expected.tobytes(), name


def test_recomputed_series_are_the_yearly_ones_of_outcomes(stored):
    folder = stored(sampler="sobol")["outcomes"]
    spec = load_scenario("base")
    found = recompute(folder, INDICES, spec.run.keep_series)
    with open_run(folder) as outcomes:
        for name, values in found.items():
            expected = series_of(outcomes, name).values[:, list(INDICES)]
            assert values[:: spec.steps_per_year].astype(np.float32).tobytes() == expected.tobytes(), name


def test_a_scenario_that_reads_a_file_is_recomputed_without_it(tmp_path):
    (tmp_path / "gaps.csv").write_text("months\n2.0\n3.5\n4.0\n7.0\n")
    (tmp_path / "replayed.toml").write_text(OVERLAY)
    spec = load_scenario(tmp_path / "replayed.toml")
    folder = run(spec, output=tmp_path / "run", trajectories=32, keep="paths").folder
    for name in ("gaps.csv", "replayed.toml"):
        (tmp_path / name).unlink()
    found = recompute(folder.rename(tmp_path / "moved"), [31, 5], ["gap"])["gap"]
    with open_run(tmp_path / "moved") as paths:
        assert found.astype(np.float32).tobytes() == paths["gap"].values[:, [31, 5]].tobytes()


@pytest.mark.parametrize(
    ("indices", "series", "what"),
    [([], "gap", "trajectories"), ([1], [], "series"), ([], [], "trajectories")],
)
def test_asking_for_nothing_is_refused(stored, indices, series, what):
    folder = stored(sampler="sobol")["summary"]
    with pytest.raises(UsageError, match=f"no {what} are named. Write such as recompute"):
        recompute(folder, indices, series)


def test_a_run_of_another_platform_is_refused(copy):
    def edit(text):
        document = json.loads(text)
        document["fingerprint"]["digest"] = "0123456789abcdef"
        return json.dumps(document)

    folder = copy("provenance.json", edit)
    with pytest.raises(IntegrityError, match=r"by another version \(fingerprint 01234567"):
        recompute(folder, [0], ["gap"])


def test_a_run_of_another_stream_version_is_refused(copy):
    def edit(text):
        document = json.loads(text)
        document["run"]["stream_version"] += 1
        document["run_digest"] = meta_from_document(document["run"]).run_digest
        return json.dumps(document)

    with pytest.raises(IntegrityError, match="Run it again here"):
        recompute(copy("provenance.json", edit), [0], ["gap"])


def test_a_run_whose_scenario_was_changed_is_refused(copy):
    folder = copy(
        "scenario.toml", lambda text: text.replace("gap_vol = { value = 1.5", "gap_vol = { value = 1.6")
    )
    with pytest.raises(IntegrityError, match=r"scenario\.toml: was changed after the run"):
        recompute(folder, [0], ["gap"])


@pytest.mark.parametrize(
    ("indices", "series", "message"),
    [
        ([0, N], ["gap"], f"trajectories are 0 to {N - 1}"),
        ([-1], ["gap"], f"trajectories are 0 to {N - 1}"),
        ([0.5], ["gap"], "whole numbers"),
        ([0], ["margin.bakery"], "margin.bakery: is not the name of a series"),
        ([0], "margin.labb", r"Did you mean margin\.lab\?"),
    ],
)
def test_what_does_not_exist_is_refused(stored, indices, series, message):
    with pytest.raises(UsageError, match=message):
        recompute(stored(sampler="sobol")["summary"], indices, series)


def test_one_trajectory_and_one_series_need_no_lists(stored):
    folder = stored(sampler="sobol")["summary"]
    alone, listed = recompute(folder, 3, "gap"), recompute(folder, [3], ["gap"])
    assert list(alone) == ["gap"]
    np.testing.assert_array_equal(alone["gap"], listed["gap"])


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        recompute(tmp_path / "nowhere", [0], ["gap"])
