"""Where drawn inputs and shocks lie in their own distributions, correlations counted."""

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.distributions.of_scenario import law_of
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.support import support
from sandwich_sim.studies.unusual import (
    given_partners,
    joint_quantile,
    lucks,
    rarest_first,
    unusual_inputs,
)

LEVELS = (1e-9, 0.003, 0.3, 0.5, 0.9, 1.0 - 1e-7)


@pytest.fixture(scope="module")
def base():
    return load_scenario("base")


def at_levels(spec, level):
    """Every input at one quantile of its distribution."""
    lower, upper = np.array([level]), np.array([1.0 - level])
    return np.array([float(law_of(spec.parameters[name]).quantile(lower, upper)[0]) for name in spec.drawn])


@pytest.mark.parametrize("level", LEVELS)
def test_an_input_at_a_quantile_is_said_to_be_there(base, level):
    for found in unusual_inputs(base, at_levels(base, level)):
        assert found.quantile == pytest.approx(level, rel=1e-5, abs=1e-12), found.name
        assert found.score == pytest.approx(stats.norm.ppf(level), abs=1e-4), found.name
        assert found.rarity == pytest.approx(min(1.0, 2.0 * min(level, 1.0 - level)), rel=1e-4), found.name


def test_the_median_is_the_value_at_half(base):
    for found, value in zip(unusual_inputs(base, at_levels(base, 0.5)), at_levels(base, 0.5), strict=True):
        assert found.median == value


def test_a_likely_value_of_a_few_is_not_unusual_however_it_lies():
    text = '{ dist = "discrete", values = [1.0, 2.0, 9.0], probabilities = [0.02, 0.9, 0.08] }'
    spec = load_scenario("base", [f"open_source.gap={text}"])
    row = spec.drawn.index("open_source.gap")
    told = {}
    for value in (1.0, 2.0, 9.0):
        values = at_levels(spec, 0.5)
        values[row] = value
        told[value] = unusual_inputs(spec, values)[row]
    assert [told[value].rarity for value in (1.0, 2.0, 9.0)] == pytest.approx([0.04, 1.0, 0.16])
    assert [told[value].quantile for value in (1.0, 2.0, 9.0)] == pytest.approx([0.01, 0.47, 0.96])
    assert (told[2.0].below, told[2.0].above) == pytest.approx((0.02, 0.08))


@pytest.mark.parametrize("end", [0, 1])
def test_a_value_at_the_very_edge_is_rare_and_not_impossible(base, end):
    values = at_levels(base, 0.5)
    edges = np.array([support(base.parameters[name])[end] for name in base.drawn])
    is_edge = np.isfinite(edges)
    found = unusual_inputs(base, np.where(is_edge, edges, values))
    assert np.count_nonzero(is_edge) > 20
    for each in np.array(found, dtype=object)[is_edge]:
        assert 0.0 < each.rarity < 1e-12
        assert np.isfinite(each.score)


def test_an_input_beside_one_partner_is_judged_given_it(base):
    spec = base
    names = ("open_source.catch_up_speed", "token_price.pass_through")  # correlated by 0.4, with no other
    rows = [spec.drawn.index(name) for name in names]
    scores = np.zeros(len(spec.drawn))
    scores[rows] = 1.5, -1.2
    given = given_partners(spec, scores)
    root = np.sqrt(1.0 - 0.4**2)
    assert given[rows] == pytest.approx([(1.5 + 0.4 * 1.2) / root, (-1.2 - 0.4 * 1.5) / root])
    others = np.delete(np.arange(len(spec.drawn)), rows)
    assert (given[others] == 0.0).all()


def test_a_chain_of_partners_is_judged_by_the_regression_on_all_of_them(base):
    generator = np.random.default_rng(3)
    scores = generator.normal(size=len(base.drawn))
    given = given_partners(base, scores)
    names = sorted({name for pair in base.correlation for name in pair[:2]})
    matrix = np.eye(len(names))
    for first, second, value in base.correlation:
        i, k = names.index(first), names.index(second)
        matrix[i, k] = matrix[k, i] = value
    z = scores[[base.drawn.index(name) for name in names]]
    for i, name in enumerate(names):
        rest = np.delete(np.arange(len(names)), i)
        slope = np.linalg.solve(matrix[np.ix_(rest, rest)], matrix[rest, i])
        expected = (z[i] - slope @ z[rest]) / np.sqrt(1.0 - slope @ matrix[rest, i])
        assert given[base.drawn.index(name)] == pytest.approx(expected)


def test_opposite_values_of_inputs_that_go_together_are_rare_although_neither_is(base):
    values = at_levels(base, 0.5)
    for name, level in (("token_price.deflation", 0.9), ("compute_cost.software_decline", 0.1)):
        values[base.drawn.index(name)] = at_levels(base, level)[base.drawn.index(name)]
    found = {each.name: each for each in unusual_inputs(base, values)}
    told = found["token_price.deflation"]
    assert told.partners == ("compute_cost.software_decline",)
    assert told.rarity == pytest.approx(0.2)
    assert told.given_rarity == pytest.approx(2.0 * stats.norm.sf(1.2815516 * 1.6 / 0.8), rel=1e-5)
    assert {each.name for each in rarest_first(list(found.values()))[:2]} == {
        "token_price.deflation",
        "compute_cost.software_decline",
    }


def test_how_far_out_all_are_together_is_chi_square_with_correlations(base):
    generator = np.random.default_rng(4)
    scores = generator.normal(size=len(base.drawn))
    matrix = np.eye(scores.size)
    for first, second, value in base.correlation:
        i, k = base.drawn.index(first), base.drawn.index(second)
        matrix[i, k] = matrix[k, i] = value
    expected = stats.chi2.cdf(scores @ np.linalg.solve(matrix, scores), scores.size)
    assert joint_quantile(base, scores) == pytest.approx(expected)


def shocks_of(spec, **changed):
    """Shocks of one trajectory: none, but what is given."""
    hops = [
        f"hop.{hop.name}.{factor}"
        for hop in spec.hops
        for factor in ("scarcity", "monopoly", "pricing_power")
    ]
    states = ("gap", "line", "edge", "hardware", "software", "energy", "demand", "surprise")
    n = spec.years * spec.steps_per_year
    names = [*states, *(name for name in hops if name != "hop.lab.scarcity"), "leap", "release"]
    return {f"shock.{name}": np.full(n, changed.get(name, 0.0)) for name in names}


def parameters_of(spec, **changed):
    known = dict.fromkeys(spec.parameters, 1.0)
    return known | {name.replace("__", "."): value for name, value in changed.items()}


def test_shocks_are_added_up_over_the_root_of_their_number(base):
    found = {each.name: each for each in lucks(base, parameters_of(base), shocks_of(base, gap=0.25))}
    assert found["shock.gap"].score == pytest.approx(0.25 * np.sqrt(40))
    assert found["shock.gap"].rarity == pytest.approx(2.0 * stats.norm.sf(0.25 * np.sqrt(40)))
    assert found["shock.line"].rarity == 1.0
    assert len(found) == 8 + 3 * len(base.hops) - 1 + 2


def test_shocks_that_move_nothing_are_not_told(base):
    quiet = parameters_of(
        base, token_price__volatility=0.0, hop__chips__volatility=0.0, open_source__leap_rate=0.0
    )
    names = {each.name for each in lucks(base, quiet, shocks_of(base))}
    assert not names & {"shock.line", "shock.hop.chips.scarcity", "shock.hop.chips.monopoly", "shock.leap"}
    assert "shock.gap" in names


@pytest.mark.parametrize("total", [0, 4, 8, 20])
def test_jumps_are_judged_by_their_rate(base, total):
    shocks = shocks_of(base)
    shocks["shock.leap"][:total] = 1.0
    parameters = parameters_of(base, open_source__leap_rate=0.8)
    found = next(each for each in lucks(base, parameters, shocks) if each.name == "shock.leap")
    poisson = stats.poisson(8.0)
    assert (found.total, found.expected, found.is_count) == (total, 8.0, True)
    assert found.rarity == pytest.approx(min(1.0, 2.0 * min(poisson.cdf(total), poisson.sf(total - 1))))
    middle = 0.5 * (poisson.cdf(total) + poisson.cdf(total - 1))
    assert found.score == pytest.approx(stats.norm.ppf(middle))
