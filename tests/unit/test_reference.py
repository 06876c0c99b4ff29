"""The plain twin against the published cases, its own identities and cases checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from documents import chain_from_document, model_cases, parameters_from_document
from plain_draws import plain_parameters, plain_shocks
from reference import PER_HOP, PER_STEP, simulate
from reference_chain import Chain, no_shocks
from sandwich_sim import variables
from still_chain import still_document
from strategies import scenarios

CASES = tuple(model_cases())
SHARES = ("revenue_share", "profit_share", "margin", "dollar_profit", "dollar_other", "premium")


def run(document, n=1):
    chain = chain_from_document(document)
    return simulate(chain, parameters_from_document(document), no_shocks(chain, n))


def test_twin_records_every_variable_of_the_table():
    assert tuple(variable.name for variable in variables.PER_HOP) == PER_HOP
    recorded = tuple(name for name in PER_STEP if not name.startswith("identity"))
    assert tuple(variable.name for variable in variables.PER_STEP) == recorded


@pytest.mark.parametrize("case", CASES)
def test_twin_reproduces_every_series_of_a_published_case(case):
    published = model_cases()[case]
    series = run(published["scenario"])
    for name, values in (published["per_hop"] | published["per_step"]).items():
        tolerance = {"rtol": 0.0, "atol": 1e-6} if name == "tightness" else {"rtol": 1e-8, "atol": 0.0}
        np.testing.assert_allclose(series[name][..., 0], values, err_msg=name, **tolerance)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(spec=scenarios())
def test_identities_and_margin_split_hold_on_random_chains_with_shocks(spec):
    chain = Chain.from_spec(spec)
    parameters = plain_parameters(spec, 16, seed=1)
    series = simulate(chain, parameters, plain_shocks(chain, parameters, 16, seed=2))
    assert np.abs(series["identity_dollars"]).max() < 1e-12
    assert np.abs(series["identity_walk"]).max() < 1e-12
    terms = sum(series[f"margin_{term}"] for term in ("engineering", "return", "slack", "umbrella"))
    np.testing.assert_allclose(terms, np.log(series["price"] / series["cost"]), atol=1e-12, rtol=0.0)
    assert all(np.isfinite(series[name]).all() for name in series if name != "profit_share")


def test_chain_without_growth_and_shocks_stands_still():
    series = run(still_document())
    for name in PER_HOP + PER_STEP:
        path = series[name]
        np.testing.assert_allclose(path - path[:1], 0.0, atol=1e-12, err_msg=name)


def test_first_record_of_a_small_chain_agrees_with_arithmetic_by_hand():
    # Labs sell 100 at the open price 1, half of it on open weights; compute earns 25% over cost.
    series = {name: values[0, ..., 0] for name, values in run(still_document()).items()}
    lab, cloud, chips = 0, 1, 2
    assert series["revenue"][lab] == pytest.approx(50.0)
    assert series["training"] == pytest.approx(10.0)
    # inference 0.8 x 50, half of training, and the 50 that open tokens cost
    assert series["revenue"][cloud] == pytest.approx(40.0 + 5.0 + 50.0)
    assert series["profit"][lab] == pytest.approx(50.0 - 40.0 - 10.0)
    assert series["inference_margin"] == pytest.approx(0.2)
    base = 95.0 / 1.25
    assert series["other"][cloud] == pytest.approx(0.5 * base)
    # The stock that serves half of cost at user cost 1/4 + 0.05, replaced over four years
    assert series["revenue"][chips] == pytest.approx(0.5 * base / 0.3 / 4.0)
    assert series["depreciation"] == pytest.approx(series["capex"])
    assert series["dollar_profit"][lab] == pytest.approx(0.0)


def test_sums_over_time_of_a_still_chain_are_multiples_of_a_year():
    document = still_document()
    series = run(document)
    np.testing.assert_allclose(series["cumulative_revenue"], 3.0 * series["revenue"][0])
    discount = np.exp(-0.05 * np.arange(12) / 4.0).sum() / 4.0
    np.testing.assert_allclose(series["discounted_profit"], discount * series["profit"][0], atol=1e-12)


@pytest.mark.parametrize("near", [1.0 - 1e-6, 1.0 + 1e-6])
def test_substitution_of_one_is_the_limit(near):
    document = model_cases()["fast_catch_up"]["scenario"]
    substitution = ("hop.cloud.substitution", "hop.chips.substitution")
    chain = chain_from_document(document)
    parameters = parameters_from_document(document)
    exact, close = (
        simulate(chain, parameters | dict.fromkeys(substitution, value), no_shocks(chain, 1))
        for value in (1.0, near)
    )
    np.testing.assert_allclose(close["revenue"], exact["revenue"], rtol=1e-4)
    np.testing.assert_allclose(close["compute_price"], exact["compute_price"], rtol=1e-4)


@pytest.mark.parametrize("currency", [2.0**-8, 2.0**20])
def test_shares_do_not_depend_on_the_currency(currency):
    document = model_cases()["base"]["scenario"]
    chain = chain_from_document(document)
    parameters = parameters_from_document(document)
    money = [f"demand.{hop}.spend" for hop in chain.demand] + ["lab.training", "demand_shock.ceiling"]
    plain = simulate(chain, parameters, no_shocks(chain, 1))
    scaled_parameters = parameters | {name: parameters[name] * currency for name in money}
    scaled = simulate(chain, scaled_parameters, no_shocks(chain, 1))
    np.testing.assert_allclose(scaled["revenue"], plain["revenue"] * currency, rtol=1e-10)
    for name in SHARES:
        np.testing.assert_allclose(scaled[name], plain[name], atol=1e-10, err_msg=name)


def test_lab_without_a_lead_sells_at_the_open_price():
    document = model_cases()["base"]["scenario"]
    chain = chain_from_document(document)
    parameters = parameters_from_document(document) | {"open_source.release_size": 1.0}
    shocks = no_shocks(chain, 1)
    shocks["shock.release"][0] = 1.0
    series = simulate(chain, parameters, shocks)
    series = {name: series[name][1, ..., 0] for name in PER_HOP + PER_STEP}
    lab = chain.hops.index(chain.lab)
    assert series["gap"] == 0.0
    assert series["scarcity"][lab] == series["premium"][lab] == series["margin_umbrella"] == 0.0
    assert series["price"] == series["line"]
    assert series["list_price_ratio"] == pytest.approx(parameters["open_source.closed_size"])


def test_halving_the_step_halves_the_error_of_a_noise_free_path():
    document = model_cases()["fast_catch_up"]["scenario"]
    ends = []
    for steps_per_year in (16, 32, 64):
        finer = document | {"time": document["time"] | {"steps_per_year": steps_per_year}}
        ends.append(run(finer)["revenue"][-1])
    first, second = np.abs(ends[1] - ends[0]).sum(), np.abs(ends[2] - ends[1]).sum()
    assert 1.5 < first / second < 3.0
