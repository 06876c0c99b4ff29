"""Adding an input to a scenario leaves every other draw and shock as it was."""

import numpy as np
import pytest

from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies.recompute import trace

SAMPLERS = ("random", "latin-hypercube", "sobol")
N = 48

NEW_HOP = """
extends = "base"
title = "With a maker of lithography machines"
summary = "One more hop at the far end of the chain."
[hop.tools]
title = "Lithography"
after = "foundry"
normal_return = 0.08
premium_cap = { dist = "lognormal", p5 = 0.5, p95 = 1.5 }
scarcity = 0.8
monopoly = 0.9
pricing_power = 0.7
reversion = 0.2
volatility = 0.1
fixed_cost = 0.1
[edge.foundry-tools]
share = { dist = "triangular", low = 0.05, mode = 0.1, high = 0.15 }
"""
DISTRIBUTION = 'open_source.gap_vol={dist="uniform", low=0.5, high=2.5}'
CONSTANT = "open_source.gap=4.0"


@pytest.fixture(scope="module", params=SAMPLERS)
def sampler(request):
    return request.param


@pytest.fixture(scope="module")
def before(sampler):
    return follow(load_scenario("base"), sampler)


def follow(spec, sampler):
    return trace(spec, trajectories=N, seed=77, sampler=sampler)


def assert_untouched(after, before, changed=()):
    """Everything that both runs draw has the same bits, but for the inputs that were changed."""
    names = (set(before.parameters) & set(after.parameters)) - set(changed)
    assert len(names) >= len(before.parameters) - len(changed)
    for name in names:
        assert after.parameters[name].tobytes() == before.parameters[name].tobytes(), name
    assert set(before.shocks) <= set(after.shocks)
    for name, values in before.shocks.items():
        assert after.shocks[name].tobytes() == values.tobytes(), name


def test_a_distribution_in_place_of_a_constant(sampler, before):
    after = follow(load_scenario("base", (DISTRIBUTION,)), sampler)
    assert_untouched(after, before, changed=["open_source.gap_vol"])
    assert np.unique(after.parameters["open_source.gap_vol"]).size == N
    assert np.all(after.series["gap"][0] == before.series["gap"][0])
    assert not np.any(after.series["gap"][1] == before.series["gap"][1])


def test_a_constant_in_place_of_a_distribution(sampler, before):
    after = follow(load_scenario("base", (CONSTANT,)), sampler)
    assert_untouched(after, before, changed=["open_source.gap"])
    assert np.all(after.parameters["open_source.gap"] == 4.0)


def test_a_correlated_input_that_turns_constant(sampler, before):
    # The last of its group by name: those before it never had a part of it.
    after = follow(load_scenario("base", ("token_price.pass_through=2.0",)), sampler)
    assert_untouched(after, before, changed=["token_price.pass_through"])


def test_a_new_hop(sampler, before, tmp_path):
    path = tmp_path / "tools.toml"
    path.write_text(NEW_HOP)
    after = follow(load_scenario(path), sampler)
    assert_untouched(after, before)
    assert {f"shock.hop.tools.{factor}" for factor in ("scarcity", "monopoly", "pricing_power")} <= set(
        after.shocks
    )
    assert after.series["revenue"].shape[1] == before.series["revenue"].shape[1] + 1
    # Its money comes out of what the foundry spent outside the chain: hops before it sell as before.
    np.testing.assert_array_equal(after.series["revenue"][0, :2], before.series["revenue"][0, :2])


def test_a_step_twice_as_fine_keeps_the_inputs_of_each_trajectory(sampler, before):
    after = follow(load_scenario("base", ("time.steps_per_year=8",)), sampler)
    for name, values in before.parameters.items():
        assert after.parameters[name].tobytes() == values.tobytes(), name


def test_more_years_keep_the_shocks_of_the_first_ones(sampler, before):
    after = follow(load_scenario("base", ("time.years=12",)), sampler)
    for name, values in before.shocks.items():
        assert after.shocks[name][: len(values)].tobytes() == values.tobytes(), name
    np.testing.assert_array_equal(
        after.series["revenue"][: len(before.series["revenue"])], before.series["revenue"]
    )
