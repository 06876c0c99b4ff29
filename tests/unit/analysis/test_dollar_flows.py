"""The dollar's way from hop to hop balances, and is the one that the plain twin walks."""

import warnings

import numpy as np
import pytest

import sandwich_sim
from reference import advance
from reference_chain import Chain, no_shocks
from reference_step import Twin
from sandwich_sim.analysis.dollar_flows import USERS, dollar_flows
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.uncertain import Constant, SameAs
from small_runs import FOURTEEN_HOPS, small_view

CHAINS = pytest.mark.parametrize(
    "scenario", ["base", "capex_bust", FOURTEEN_HOPS], ids=["base", "bust", "14"]
)


class PayingTwin(Twin):
    """The twin, writing down who pays whom in the walk."""

    def dollar_walk(self):
        now, chain = self.now, self.chain
        arrives = {hop: np.zeros(self.n) for hop in chain.hops}
        self.paid = {}
        for hop in chain.demand:
            self.pay(arrives, USERS, hop, now.spend[hop] / now.total_spend)
        for hop in chain.hops:
            part = arrives[hop] / now.revenue[hop]
            if hop == chain.lab:
                self.pay(arrives, hop, chain.compute, part * now.lab_to_compute)
            for edge in chain.purchases_of(hop):
                self.pay(arrives, hop, edge[1], part * now.paid[edge])

    def pay(self, arrives, buyer, hop, dollars):
        before = {name: values.copy() for name, values in arrives.items()}
        self.hand_over(arrives, hop, dollars)
        for name, values in arrives.items():
            if (values != before[name]).any():
                self.paid[buyer, name] = self.paid.get((buyer, name), 0.0) + values - before[name]


def walked(spec, dataset):
    """Mean payments of the twin at the yearly records, in cents."""
    chain, n = Chain.from_spec(spec), dataset.sizes["trajectory"]
    numbers = {}
    for name, number in spec.parameters.items():
        own = number.name if isinstance(number, SameAs) else name
        number = spec.parameters[own]
        drawn = isinstance(number, Constant)
        numbers[name] = number.value if drawn else dataset["parameters"].sel(parameter=own).values
    twin, shocks, found = PayingTwin(chain, numbers, n), no_shocks(chain, n), []
    for step in range(chain.n_step + 1):
        for evaluate in ("ruler", "prices", "final_demand", "flows", "profits", "dollar_walk"):
            getattr(twin, evaluate)()
        if step % spec.steps_per_year == 0:
            found.append({arc: 100.0 * float(np.mean(paid)) for arc, paid in twin.paid.items()})
        if step < chain.n_step:
            advance(twin, shocks)
    return found


@CHAINS
def test_payments_are_those_of_the_twin(scenario):
    """Exactly where only one buyer can have paid; else within a third of a cent of a dollar."""
    spec = load_scenario(scenario)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = sandwich_sim.simulate(spec, trajectories=256, shocks=False)
    flows = dollar_flows(dataset, spec)
    expected = walked(spec, dataset)
    assert set(expected[-1]) == set(flows.arcs)
    assert sum(flows.is_exact) >= 3
    for year in range(spec.years + 1):
        for arc, paid, is_exact in zip(flows.arcs, flows.paid[year], flows.is_exact, strict=True):
            assert paid == pytest.approx(expected[year][arc], abs=1e-6 if is_exact else 0.3), (year, arc)


@CHAINS
def test_every_cent_that_arrives_is_paid_on_kept_or_spent_outside(scenario):
    view = small_view(scenario)
    flows = dollar_flows(view.dataset, view.spec)
    for year in range(view.spec.years + 1):
        paid_on = np.zeros(len(flows.hops))
        for (buyer, _), paid in zip(flows.arcs, flows.paid[year], strict=True):
            if buyer != USERS:
                paid_on[flows.hops.index(buyer)] += paid
        left = flows.arriving(year) - paid_on - flows.profit[year] - flows.outside[year]
        assert np.abs(left).max() < 1e-6
        assert (flows.profit + flows.outside)[year].sum() == pytest.approx(100.0)
        assert (flows.paid[year] >= 0.0).all()


def test_financing_is_what_is_built_less_what_is_written_off_for_each_dollar_of_users():
    view = small_view()
    flows = dollar_flows(view.dataset, view.spec)
    means = {name: view.dataset[f"{name}_mean"].values[::4] for name in ("capex", "depreciation", "spend")}
    expected = 100.0 * (means["capex"] - means["depreciation"]) / means["spend"]
    assert flows.financing == pytest.approx(expected)


def test_labels_are_dates_and_intervals_hold_the_median():
    view = small_view()
    flows = dollar_flows(view.dataset, view.spec)
    assert (flows.labels[0], flows.labels[-1], len(flows.labels)) == ("Jul 2026", "Jul 2036", 11)
    low, median, high = flows.profit_interval
    assert (low <= median).all() and (median <= high).all()
