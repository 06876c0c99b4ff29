"""The step is short enough for every shipped scenario, and a run says where it is not.

Every series is held to 5% when the step is halved, on the scale of `SCALES`, except for those of
`EXCEPTIONS`. What cannot pass through zero is measured by itself. Profits, financing, margins and
shares are differences of large flows, so that a ratio of two of them near zero says nothing: money
is measured by the flow that it is part of, a fraction or a logarithm in points.
"""

from functools import cache

import numpy as np
import pytest
from click.testing import CliRunner

from engine_runs import at_medians, run_everything
from sandwich_sim.cli.main import cli
from sandwich_sim.execution import SWING_LIMIT
from sandwich_sim.results.reduce import alternations
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.simulation import run, simulate
from sandwich_sim.studies.recompute import trace
from sandwich_sim.variables import VARIABLES, series_names

ITSELF = ("revenue", "spend", "capex", "depreciation", "price", "line", "cost", "compute_price", "gap")
ITSELF += ("list_price_ratio", "tokens", "other", "training", "training_amortised")
POINTS = ("margin", "gross_margin", "inference_margin", "all_in_margin", "revenue_share", "profit_share")
POINTS += ("profit_capture", "dollar_profit", "dollar_other", "share", "open_share_listed")
POINTS += ("scarcity", "monopoly", "pricing_power")
LOGARITHMS = ("tightness", "margin_engineering", "margin_return", "margin_slack", "margin_umbrella")
SCALES = {
    **{name: lambda found, name=name: found[name] for name in ITSELF},
    **dict.fromkeys((*POINTS, *LOGARITHMS), lambda found: 1.0),
    "profit": lambda found: found["revenue"],
    "financing": lambda found: found["capex"],
    "premium": lambda found: 1.0 + found["premium"],  # the markup that it makes
}
# What moves by more than 5%: by how much at most, and why. All of it halves with the step.
EXCEPTIONS = {
    # Rates that fade are taken at the start of each step: spend comes out high and price low.
    "tokens": 0.085,
    # Revenue's 4.4%, and fixed cost that follows it with a lag of a year in steps of a quarter.
    "other": 0.065,
    # What is left of revenue after inference and fixed cost, where it is little (capex_bust, year 10).
    "training": 0.075,
    # The same, amortized over a shelf life of about 0.3 years: little more than one step.
    "training_amortised": 0.095,
}
SWINGING = ("hop.memory.price_lag=0.35", "hop.memory.glut_discount=5.0")
N = 2048


@cache
def central_path(scenario):
    """The noise-free central path of a scenario at 4, 8 and 16 steps a year, at the same dates."""
    spec = load_scenario(scenario)
    found = {}
    for q in (4, 8, 16):
        series = trace(at_medians(spec, q), trajectories=1, seed=1, shocks=False).series
        found[q] = {name: values[:: q // 4, ..., 0] for name, values in series.items()}
    return found


@pytest.fixture(params=shipped_scenarios())
def central(request):
    return central_path(request.param)


def move(found, name, q):
    """Largest move of a series between q and 2q steps a year, on its scale."""
    return np.nanmax(np.abs(found[q][name] - found[2 * q][name]) / SCALES[name](found[2 * q]))


def test_every_series_has_a_scale():
    assert set(SCALES) == set(VARIABLES)
    assert set(EXCEPTIONS) <= set(SCALES)


@pytest.mark.parametrize("name", VARIABLES)
def test_halving_the_step_moves_the_central_path_by_less_than_five_percent(central, name):
    assert move(central, name, 4) < EXCEPTIONS.get(name, 0.05)


def test_halving_the_step_again_moves_the_path_half_as_far(central):
    # A scheme of first order; a step too long would swing instead of settling.
    for name in ("revenue", "spend", "capex", "price", "profit", *EXCEPTIONS):
        assert 0.35 < move(central, name, 8) / move(central, name, 4) < 0.65, name


def test_no_exception_is_made_without_need():
    for name in EXCEPTIONS:
        assert max(move(central_path(scenario), name, 4) for scenario in shipped_scenarios()) > 0.05, name


@pytest.mark.parametrize("name", shipped_scenarios())
def test_fewer_than_one_pair_of_quarters_in_25_swings_both_ways(name, recwarn):
    spec = load_scenario(name)
    series = trace(spec, trajectories=N, seed=17, sampler="sobol").series["revenue"]
    swings = alternations(np.moveaxis(series, 1, 0))
    shares = dict(zip(spec.hop_names, swings["alternation"] / swings["alternation_pairs"], strict=True))
    assert shares["chips"] < 0.04
    assert shares["memory"] < 0.04
    assert max(shares.values()) < SWING_LIMIT  # so that no shipped scenario warns of any hop
    simulate(spec, trajectories=N, seed=17, keep="summary")
    assert recwarn.list == []


def test_swings_are_moves_of_more_than_a_tenth_each_way():
    revenue = np.array([[1.0, 1.2, 1.0, 1.2, 1.2, 1.0, 1.05, 0.9, 0.9]])
    found = alternations(revenue[:, :, np.newaxis])
    np.testing.assert_array_equal(found["alternation"], [2])
    np.testing.assert_array_equal(found["alternation_pairs"], [7])
    assert alternations(np.ones((3, 2, 5)))["alternation_pairs"].tolist() == [0, 0, 0]


def test_a_run_warns_of_a_scenario_that_swings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = [part for text in SWINGING for part in ("--set", text)]
    command = ["run", "base", "-n", "64", *options, "-o", "out"]
    for _ in ("made", "reused"):
        done = CliRunner().invoke(cli, command)
        assert done.exit_code == 0
        assert "warning: revenue of memory swings by more than 10% each way in" in done.stderr
        assert "Raise steps_per_year." in done.stderr
        assert "revenue of app " not in done.stderr
    with pytest.warns() as caught:
        simulate(load_scenario("base", SWINGING), trajectories=64)
    assert {str(warning.message).split()[2] for warning in caught} >= {"chips", "memory"}


def test_more_steps_a_year_heal_a_scenario_that_swings(tmp_path):
    spec = load_scenario("base", (*SWINGING, "time.steps_per_year=16"))
    assert run(spec, output=tmp_path / "fine", trajectories=64).warnings == ()


def test_a_few_trajectories_that_swing_by_chance_are_no_reason_to_warn(tmp_path):
    for n in (1, 16):
        for name in ("base", "deflation_sandwich"):
            result = run(
                load_scenario(name), output=tmp_path / f"{name}{n}", trajectories=n, sampler="random"
            )
            assert result.warnings == ()


def test_steps_of_another_length_spread_as_widely():
    # Shocks scale with the step. Means and standard deviations of the gap, an edge and a factor at
    # the horizon by their errors across 16 scrambles (t, 15 degrees of freedom): 10 standard errors
    # give a false alarm in 3e-7 of all seeds for six checks; 3% of bias are allowed for the step.
    names = series_names(load_scenario("base").hop_names)
    rows = [names.index(name) for name in ("gap", "margin_engineering", "monopoly.lab")]
    moments, errors = {}, {}
    for q in (4, 8):
        spec = load_scenario("base", (f"time.steps_per_year={q}",))
        sums, _ = run_everything(spec, trajectories=16384, seed=q, keep="summary", threads=2)
        n = sums["count"][:, np.newaxis]
        mean, square = sums["total"][:, -1, rows] / n, sums["square"][:, -1, rows] / n
        each = np.concatenate([mean, np.sqrt(square - mean**2)], axis=1)
        moments[q], errors[q] = each.mean(axis=0), each.std(axis=0, ddof=1) / 4.0
    allowed = 10.0 * np.hypot(errors[4], errors[8]) + 0.03 * moments[8]
    assert (np.abs(moments[4] - moments[8]) <= allowed).all()
    assert (allowed < 0.25 * moments[8]).all()  # else nothing would be noticed
