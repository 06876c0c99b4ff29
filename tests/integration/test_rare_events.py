"""Inputs that are handed over, and rare events of the real model against plain trajectories."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.special import ndtri

import sandwich_sim
from sandwich_sim.analysis.metrics import parse_metrics
from sandwich_sim.cli.main import cli
from sandwich_sim.errors import UsageError
from sandwich_sim.sampling import draw_plan, draw_rows
from sandwich_sim.scenario.uncertain import Uniform
from sandwich_sim.studies.given_inputs import GivenInputs
from sandwich_sim.studies.paired import paired_outcomes
from sandwich_sim.studies.rare import rare_probability

BASE = sandwich_sim.load_scenario("base")
METRICS = parse_metrics(
    ["cents_kept.lab @ horizon", "thesis_falsified", "event_time.umbrella_closed", "margin.chips @ 2030"],
    BASE,
)
N = 400


@pytest.fixture(scope="module")
def given():
    return GivenInputs(BASE, METRICS, seed=5)


@pytest.fixture(scope="module")
def normals():
    """What stands behind the inputs of plain random trajectories."""
    uniforms = [Uniform(low=0.0, high=1.0)] * len(BASE.drawn)
    parameters = dict(zip(BASE.drawn, uniforms, strict=True))
    plain = replace(BASE, parameters=parameters, correlation=())
    plan = draw_plan(plain, seed=5, sampler="random", trajectories=N)
    return ndtri(draw_rows(plan, range(len(BASE.drawn)), np.arange(N)))


def test_normals_mean_the_values_that_the_kernels_draw(given, normals):
    plan = draw_plan(BASE, seed=5, sampler="random", trajectories=N)
    drawn = draw_rows(plan, range(given.n_input), np.arange(N))
    np.testing.assert_allclose(given.values_of(normals), drawn, rtol=1e-11)


def test_given_inputs_lead_to_the_outcomes_of_a_plain_run(given, normals):
    plain = paired_outcomes([BASE], [METRICS], trajectories=N, seed=5, sampler="random").values[0]
    np.testing.assert_allclose(given.run(normals, np.arange(N)), plain, rtol=1e-5)


def test_several_may_take_the_same_shocks(given, normals):
    numbers = np.array([7, 3, 7, 7, 3, 11])
    together = given.run(normals[:, :6], numbers)
    alone = [given.run(normals[:, k : k + 1], numbers[k : k + 1])[:, 0] for k in range(6)]
    np.testing.assert_array_equal(together, np.array(alone).T)


def test_a_probability_agrees_with_plain_trajectories():
    result = rare_probability(
        BASE, "cents_kept.lab @ horizon > 8", seed=3, level_size=128, final_size=512, repeats=8, check=16_384
    )
    found, check = result.estimate.by_importance, result.check
    plain_error = np.sqrt(check.probability * (1.0 - check.probability) / check.n)
    # Passed once in 15,000 times.
    assert abs(found.value - check.probability) <= 4.0 * np.hypot(found.standard_error, plain_error)
    assert found.standard_error < 0.25 * check.probability


def test_an_event_of_flags_is_climbed_by_how_near_its_clauses_are():
    """Seven in a thousand see it, none before 2030: how soon it came could not lead there."""
    result = rare_probability(
        BASE, "lab_profit_center @ 2031", seed=3, level_size=128, final_size=512, repeats=8, check=16_384
    )
    found, check = result.estimate.by_importance, result.check
    plain_error = np.sqrt(check.probability * (1.0 - check.probability) / check.n)
    # Passed once in 15,000 times.
    assert abs(found.value - check.probability) <= 4.0 * np.hypot(found.standard_error, plain_error)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "statement",
    [
        "cents_kept.lab @ horizon > 12",
        "profit_share.lab @ horizon > 0.35",
        "umbrella_closed @ 2026-10",
        "lab_profit_center @ 2031",
        "thesis_falsified @ horizon",
    ],
)
def test_rare_probabilities_agree_with_a_million_plain_trajectories(statement):
    result = rare_probability(BASE, statement, seed=3, check=1_000_000)
    plain = result.check.probability
    error = np.hypot(result.estimate.standard_error, np.sqrt(plain / result.check.n))
    print(statement, result.estimate.probability, result.estimate.standard_error, plain)
    assert abs(result.estimate.probability - plain) <= 6.5 * error


def test_the_command_prints_one_document():
    words = ["rare", "base", "cents_kept.lab @ horizon > 5", "--level-size", "64", "--final-size", "64"]
    done = CliRunner().invoke(cli, [*words, "--repeats", "4", "--json"])
    document = json.loads(done.stdout)
    assert document["statement"] == "P(cents_kept.lab @ horizon > 5)"
    assert document["exit_code"] == done.exit_code
    low, high = document["interval"]
    assert 0.0 <= low <= document["probability"] <= high


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("margn.chips @ 2030 < 0.1", "Did you mean"),
        ("mean(gap @ start)", "there is no event"),
        ("thesis_falsified @ 2027", "asks for 4 years of records"),
        ("cents_kept.lab @ horizon > 1e6", "out of reach"),
    ],
)
def test_what_is_no_event_is_refused(statement, message):
    with pytest.raises(UsageError, match=message):
        rare_probability(BASE, statement, level_size=64, final_size=64, repeats=4)
