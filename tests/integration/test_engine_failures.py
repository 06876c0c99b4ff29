"""The identities hold on what ships; where numbers break, every failure is counted and told."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from engine_runs import START, run_everything, run_python
from sandwich_sim.cli.main import cli
from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.dataset import open_run, read_accumulators
from sandwich_sim.results.reduce import LARGEST
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.simulation import run, simulate
from sandwich_sim.studies.recompute import trace

HEAD = 'extends = "base"\ntitle = "Broken"\nsummary = "Numbers that no computer can hold."\n'

# Tokens get cheaper by e^15 a year and more, until their number cannot be squared.
TOO_CHEAP = """
[time]
years = 17
[token_price]
deflation = { dist = "uniform", low = 15.0, high = 18.42 }
deflation_long = { same_as = "token_price.deflation" }
[compute_cost]
software_decline = { same_as = "token_price.deflation" }
software_decline_long = { same_as = "token_price.deflation" }
"""

# Demand vanishes faster than plant wears out: depreciation dwarfs the flow it is measured by.
COLLAPSE = """
[compute_cost]
maintenance = 0.0
[demand.app]
growth = { dist = "discrete", values = [-3.0, 0.4], probabilities = [0.04, 0.96] }
growth_long = { same_as = "demand.app.growth" }
[demand.cloud]
growth = { same_as = "demand.app.growth" }
"""

# Spend beyond the largest float: infinities and NaN in nearly every series.
BLAST = """
[time]
years = 100
[demand_shock]
surprise_vol = 20.0
volatility = 20.0
ceiling = 1e12
ceiling_growth = 19.0
"""

NON_FINITE, DOLLARS, WALK = range(3)
N = 320


@pytest.fixture
def broken(tmp_path):
    def load(text):
        path = tmp_path / "broken.toml"
        path.write_text(HEAD + text)
        return load_scenario(path)

    return load


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, [str(argument) for argument in arguments])


def identities(series):
    """Residual of both identities by trajectory and record, over what each is measured by."""
    gross = profit = other = walked = 0.0
    for hop in range(series["revenue"].shape[1]):
        gross = gross + series["revenue"][:, hop]
        profit = profit + series["profit"][:, hop]
        other = other + series["other"][:, hop]
        walked = walked + (series["dollar_profit"][:, hop] + series["dollar_other"][:, hop])
    residual = np.abs(series["spend"] + series["financing"] - (profit + other))
    return residual / gross, np.abs(walked - 1.0)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_identities_hold_on_every_shipped_scenario(name):
    spec = load_scenario(name)
    sums, _ = run_everything(spec, trajectories=4096, seed=21, keep="summary", threads=2)
    np.testing.assert_array_equal(sums["failures"], 0)
    np.testing.assert_array_equal(sums["first_failure"], -1)
    assert np.isfinite(sums["total"]).all()
    dollars, walk = identities(trace(spec, trajectories=256, seed=22).series)
    assert dollars.max() < 1e-12
    assert walk.max() < 1e-12


def test_values_too_large_to_sum_are_counted_one_by_one(monkeypatch, broken):
    monkeypatch.setattr("sandwich_sim.engine.UNIT", 16)
    spec = broken(TOO_CHEAP)
    tokens = trace(spec, trajectories=N, seed=6, sampler="sobol").series["tokens"]
    failed = np.flatnonzero((tokens > LARGEST).any(axis=0))
    assert 16 < failed[0] < N  # beyond the first unit
    assert failed.size > 1
    for threads in (1, 3):
        sums, _ = run_everything(spec, trajectories=N, seed=6, threads=threads)
        np.testing.assert_array_equal(sums["failures"], [failed.size, 0, 0, 0])
        np.testing.assert_array_equal(sums["first_failure"], [failed[0], -1, -1, -1])


def test_broken_identities_are_counted_one_by_one(monkeypatch, broken):
    monkeypatch.setattr("sandwich_sim.engine.UNIT", 16)
    spec = broken(COLLAPSE)
    residuals = [
        residual.max(axis=0)
        for residual in identities(trace(spec, trajectories=N, seed=5, sampler="sobol").series)
    ]
    sums, _ = run_everything(spec, trajectories=N, seed=5, threads=2)
    assert sums["failures"][NON_FINITE] == 0
    for check, residual in zip((DOLLARS, WALK), residuals, strict=True):
        failed = np.flatnonzero(residual > 1e-9)
        assert not np.any((residual > 1e-13) & (residual < 1e-9))  # none that rounding decides
        assert 16 < failed[0] < N
        assert sums["failures"][check] == failed.size
        assert sums["first_failure"][check] == failed[0]


@pytest.mark.parametrize("keep", ["summary", "outcomes", "paths"])
def test_a_failed_run_exits_with_6_and_is_kept_and_marked(tmp_path, call, broken, keep):
    broken(TOO_CHEAP)
    expected = run_everything(load_scenario(tmp_path / "broken.toml"), trajectories=N, seed=6)[0]["failures"]
    command = ("run", "broken.toml", "-n", N, "--seed", 6, "--keep", keep, "-o", "out")
    done = call(*command)
    assert done.exit_code == 6
    assert "Traceback" not in done.output
    assert "Warning" not in done.stderr
    assert f"FAILED: non-finite value in {expected[0]} trajectories" in done.stdout
    assert "error: out: " in done.stderr
    assert open_run(tmp_path / "out").attrs["failures"] == expected.tolist()
    assert json.loads((tmp_path / "out" / "_COMPLETE").read_text())["failures"] == expected.tolist()
    np.testing.assert_array_equal(read_accumulators(tmp_path / "out")["failures"], expected)
    again = call(*command, "--json")
    assert again.exit_code == 6
    (document,) = json.loads(again.stdout)["runs"]
    assert document["reused"]
    assert document["failed"]
    assert document["summary"]["failures"] == {"non-finite value": expected[0]}
    assert "failed" in call("runs", ".").output


def test_a_broken_identity_exits_with_6_too(tmp_path, call, broken):
    broken(COLLAPSE)
    done = call("run", "broken.toml", "-n", N, "--seed", 5, "--quiet", "-o", "out")
    assert done.exit_code == 6
    assert "error: out: " in done.stderr
    failures = open_run(tmp_path / "out").attrs["failures"]
    assert failures[NON_FINITE] == 0
    assert failures[DOLLARS] > 0
    assert failures[WALK] > 0


def test_in_memory_a_failure_is_an_error_that_names_the_first_trajectory(broken):
    with pytest.raises(
        IntegrityError, match=r"^\d+ trajectories hold a non-finite value; the first is \d+\."
    ):
        simulate(broken(TOO_CHEAP), trajectories=N, seed=6)
    with pytest.raises(IntegrityError, match=r"a broken identity \(i\); the first is"):
        simulate(broken(COLLAPSE), trajectories=N, seed=5)


def test_a_failed_scenario_does_not_stop_a_batch(call, broken):
    broken(TOO_CHEAP)
    done = call("run", "broken.toml", "base", "-n", N, "--seed", 6, "--quiet", "-o", "out")
    assert done.exit_code == 6
    assert len(done.stdout.splitlines()) == 2


def test_infinities_and_nan_are_counted_and_their_means_are_not_estimated(tmp_path, broken):
    # In a process of its own: a kernel that writes where infinity points to would take pytest along.
    broken(BLAST)
    code, stdout, stderr = run_python(
        tmp_path, START, "run", "broken.toml", "-n", 32, "--json", "-o", "out", "--keep", "paths"
    )
    assert code == 6, stderr
    assert "Warning" not in stderr
    assert "Traceback" not in stderr
    summary = json.loads(stdout)["runs"][0]["summary"]
    paths = open_run(tmp_path / "out")["spend"].values
    n_failed = summary["failures"]["non-finite value"]
    assert n_failed >= np.sum(np.isnan(paths).any(axis=0)) > 0
    for hop in summary["hops"]:
        mean = hop["margin"]["horizon"]["mean"]
        assert mean["value"] is None
        assert mean["reason"] == "not estimable: a trajectory holds a non-finite value"


def test_a_run_without_failures_says_nothing_of_them(tmp_path, call):
    result = run(load_scenario("base"), output=tmp_path / "out", trajectories=64)
    assert not result.failed
    assert result.summary.failures == {}
    assert open_run(tmp_path / "out").attrs["failures"] == [0, 0, 0, 0]
    assert "FAILED" not in call("run", "base", "-n", 64, "-o", "out").output
