"""Changes of a scenario whose effect is known beforehand: names, order, currency, twins, go-betweens."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from documents import model_cases, spec_from_document
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies.recompute import trace
from sandwich_sim.variables import PER_HOP, PER_STEP

RATIOS = ("revenue_share", "profit_share", "margin", "dollar_profit", "dollar_other", "premium", "gap")
FLOWS = ("revenue", "profit", "other", "dollar_profit", "dollar_other")
"""Of two hops, those of both together are the sum."""
PRICES = ("margin", "premium", "tightness")


def case():
    return deepcopy(model_cases()["base"]["scenario"])


def follow(document):
    """Series of each hop by its name, and of the whole chain by theirs, without shocks."""
    run = trace(spec_from_document(document), trajectories=1, seed=1, shocks=False)
    hops = list(document["hop"])
    per_hop = {v.name: {h: run.series[v.name][:, i, 0] for i, h in enumerate(hops)} for v in PER_HOP}
    return per_hop | {variable.name: {"": run.series[variable.name][:, 0]} for variable in PER_STEP}


@pytest.fixture(scope="module")
def before():
    return follow(case())


def assert_same(after, before, *, but=None, tolerance=1e-12):
    for name, by_hop in before.items():
        for hop, values in by_hop.items():
            if hop != but:
                scale = max(np.abs(values).max(), 1e-3)
                gap = np.nanmax(np.abs(after[name][hop] - values)) / scale
                assert gap <= tolerance, (name, hop, gap)


def test_names_of_hops_are_only_names(before):
    document = case()
    new = {hop: f"hop_{number}" for number, hop in enumerate(reversed(document["hop"]))}
    document["hop"] = {new[hop]: table for hop, table in document["hop"].items()}
    document["demand"] = {new[hop]: table for hop, table in document["demand"].items()}
    document["edge"] = {
        "-".join(new[hop] for hop in edge.split("-")): table for edge, table in document["edge"].items()
    }
    after = follow(document)
    for name, by_hop in before.items():
        for hop, values in by_hop.items():
            np.testing.assert_array_equal(after[name][new.get(hop, hop)], values, err_msg=f"{name} {hop}")


def test_edges_and_demand_stand_in_any_order(before):
    document = case()
    for table in ("edge", "demand"):
        document[table] = dict(reversed(document[table].items()))
    assert_same(follow(document), before)


@pytest.mark.parametrize("currency", [2.0**10, 0.9])
def test_another_currency_changes_only_what_is_in_money(currency, before):
    # Not bit by bit even for a power of two: the model takes logarithms of money.
    document = case()
    document["lab"]["training"] *= currency
    document["demand_shock"]["ceiling"] *= currency
    for table in document["demand"].values():
        table["spend"] *= currency
    money = {
        name: {hop: values * currency for hop, values in before[name].items()}
        for name in ("revenue", "profit")
    }
    assert_same(follow(document), {name: before[name] for name in RATIOS} | money)


def test_two_makers_alike_that_share_the_orders_are_one(before):
    document = case()
    document["hop"]["memory_too"] = document["hop"]["memory"]
    document["edge"]["chips-memory"]["share"] /= 2.0
    document["edge"]["chips-memory_too"] = document["edge"]["chips-memory"]
    after = follow(document)
    assert_same(after, before, but="memory")
    for name in FLOWS:
        both = after[name]["memory"] + after[name]["memory_too"]
        np.testing.assert_allclose(both, before[name]["memory"], rtol=1e-12, atol=1e-14, err_msg=name)
    for name in PRICES:
        for hop in ("memory", "memory_too"):
            np.testing.assert_allclose(after[name][hop], before[name]["memory"], rtol=1e-12, atol=1e-14)


GO_BETWEEN = {
    "normal_return": 0.0,
    "premium_cap": 1e-15,
    "scarcity": 0.5,
    "monopoly": 0.5,
    "pricing_power": 0.5,
    "reversion": 0.3,
    "volatility": 0.1,
    "fixed_cost": 0.0,
}


def test_a_go_between_who_earns_nothing_changes_nothing(before):
    document = case()
    hops = list(document["hop"].items())
    place = [name for name, _ in hops].index("foundry")
    document["hop"] = dict([*hops[:place], ("broker", GO_BETWEEN), *hops[place:]])
    share = document["edge"].pop("chips-foundry")["share"]
    document["edge"] |= {"chips-broker": {"share": share}, "broker-foundry": {"share": 1.0}}
    after = follow(document)
    # A share of revenue has one more revenue below it; what is kept has not.
    sound = {name: by_hop for name, by_hop in before.items() if name != "revenue_share"}
    assert_same(after, sound, tolerance=1e-11)
    assert np.abs(after["profit"]["broker"] / after["revenue"]["broker"]).max() < 1e-12
    np.testing.assert_allclose(after["revenue"]["broker"], after["revenue"]["foundry"], rtol=1e-12)


def test_a_supplier_that_is_paid_next_to_nothing_changes_next_to_nothing(before):
    document = case()
    document["hop"]["clerk"] = GO_BETWEEN
    document["edge"]["cloud-clerk"] = {"share": 1e-14}
    assert_same(follow(document), before, tolerance=1e-11)


N_PATH = 2048


@pytest.fixture(scope="module")
def plain():
    return trace(load_scenario("base"), trajectories=N_PATH, seed=11)


@pytest.mark.parametrize("factor", ["monopoly", "pricing_power", "premium_cap"])
@pytest.mark.parametrize("hop", ["app", "lab", "cloud", "chips", "memory", "power"])
def test_more_power_never_lowers_the_own_premium(hop, factor, plain):
    """On every path, draws and shocks unchanged: at the start, and for good where nothing acts back.

    Later on a hop that charges more may sell less, and its capacity or its lead suffer from that.
    """
    name = f"hop.{hop}.{factor}"
    highest = float(np.max(plain.parameters[name])) * 1.0001
    spec = load_scenario("base", (f"{name}={highest!r}",))
    strong = trace(spec, trajectories=N_PATH, seed=11)
    place = spec.hop_names.index(hop)
    weak, strong = (run.series["premium"][:, place] for run in (plain, strong))
    assert (strong[0] > weak[0]).all()
    if hop == "app":
        assert (strong >= weak).all()
