"""The plain twin, sections 3 to 8 of docs/model.md: what one step evaluates.

Every value of a hop, an edge or the whole chain is an array of shape ``(n,)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from reference_chain import FACTORS, Array, Chain, Edge, arrays_of, expit, logit

SMALLEST = 1e-12
"""Logarithms and ratios of revenue and of K* take at least this much [bn USD/yr]."""


class Twin:
    """One run: the parameters ``p``, the states ``s`` and this step's values ``now``."""

    def __init__(self, chain: Chain, parameters: Mapping[str, Any], n: int) -> None:
        self.chain = chain
        self.n = n
        self.p = arrays_of(parameters, n)
        self.step = 0
        self.s = SimpleNamespace()
        self.now = SimpleNamespace()
        self.start()

    @property
    def t(self) -> float:
        return self.step * self.chain.dt

    def fading(self, today: str, long_run: str) -> Array:
        """Rate that fades from today's value to its long-run one."""
        p = self.p
        fade = np.exp(-self.t / p["compute_cost.trend_decay"])
        return p[long_run] + (p[today] - p[long_run]) * fade

    def start(self) -> None:
        """Set the states at t = 0; those that need revenues are set where they are first used."""
        p, s, chain = self.p, self.s, self.chain
        zero = np.zeros(self.n)
        s.gap = p["open_source.gap"]
        s.ln_line = np.log(p["token_price.open_markup"])
        s.ln_edge = np.log(p["lab.cost_edge"])
        s.share = p["open_source.closed_share"]
        s.hardware = s.software = s.energy = s.demand = s.surprise = s.ln_plan = zero
        s.growth = dict.fromkeys(chain.demand, zero)
        s.z = {
            (factor, hop): logit(p[f"hop.{hop}.{factor}"])
            for hop in chain.hops
            for factor in FACTORS
            if not (hop == chain.lab and factor == "scarcity")
        }
        s.tightness = {hop: zero if hop == chain.lab else p[f"hop.{hop}.tightness"] for hop in chain.hops}
        s.fixed, s.amortised = {}, zero
        s.stock, s.book, s.learned = {}, {}, {}
        s.capacity, s.trend = {}, {}
        s.needed_before, s.sales_before = {}, {}

    # --- 3. The ruler -----------------------------------------------------------------------

    def ruler(self) -> None:
        p, s, now, lab = self.p, self.s, self.now, self.chain.lab
        now.scarcity, now.monopoly, now.pricing_power, now.premium, now.markup = {}, {}, {}, {}, {}
        for hop in self.chain.hops:
            now.monopoly[hop] = expit(s.z["monopoly", hop])
            now.pricing_power[hop] = expit(s.z["pricing_power", hop])
            cap = p[f"hop.{hop}.premium_cap"]
            if hop == lab:
                now.scarcity[hop] = -np.expm1(-s.gap / p["open_source.scarcity_gap"])
                glut = 0.0
            else:
                pressure = p[f"hop.{hop}.tightness_beta"] * np.clip(s.tightness[hop], -2.0, 2.0)
                now.scarcity[hop] = expit(s.z["scarcity", hop] + pressure)
                glut = p[f"hop.{hop}.glut_discount"] * np.maximum(0.0, -s.tightness[hop])
            premium = cap * now.scarcity[hop] * now.monopoly[hop] * now.pricing_power[hop]
            now.premium[hop] = np.maximum(premium - glut, -0.9)
            if hop != lab:
                now.markup[hop] = (1.0 + p[f"hop.{hop}.normal_return"]) * (1.0 + now.premium[hop])
        if self.step == 0:
            self.markup0 = dict(now.markup)

    # --- 4. Prices, upstream to downstream ---------------------------------------------------

    def prices(self) -> None:
        s, now, chain = self.s, self.now, self.chain
        now.index, now.cost_share, now.own_share = {}, {}, {}
        for hop in reversed(chain.hops):
            if hop == chain.lab:
                self.token_prices()
                continue
            unit_cost = self.unit_cost(hop)
            driver = 0.0
            if hop in chain.hardware:
                driver = s.hardware
            elif hop in chain.energy:
                driver = -s.energy
            now.index[hop] = now.markup[hop] / self.markup0[hop] * unit_cost * np.exp(-driver)

    def unit_cost(self, hop: str) -> Array:
        """Unit cost index of a hop; leaves the cost shares of its inputs and of its own work."""
        p, now = self.p, self.now
        exponent = 1.0 - p[f"hop.{hop}.substitution"]
        cobb_douglas = np.abs(exponent) < 1e-9
        shares = {edge: p[f"edge.{edge[0]}-{edge[1]}.share"] for edge in self.chain.purchases_of(hop)}
        own = 1.0 - sum(shares.values(), np.zeros(self.n))
        terms = {edge: share * now.index[edge[1]] ** exponent for edge, share in shares.items()}
        total = own + sum(terms.values(), np.zeros(self.n))
        geometric = np.ones(self.n)
        for edge, share in shares.items():
            geometric = geometric * now.index[edge[1]] ** share
            now.cost_share[edge] = terms[edge] / total
        now.own_share[hop] = own / total
        return np.where(cobb_douglas, geometric, total ** (1.0 / np.where(cobb_douglas, 1.0, exponent)))

    def token_prices(self) -> None:
        p, s, now, chain = self.p, self.s, self.now, self.chain
        now.floor = now.index[chain.compute] * np.exp(-s.software)
        now.open_cost = now.floor / (1.0 + p["token_price.open_return"])
        now.line = np.exp(s.ln_line)
        now.price = now.line * (1.0 + now.premium[chain.lab])
        now.cost = np.exp(s.ln_edge) * now.open_cost
        now.share = s.share
        now.blend = now.share * now.price + (1.0 - now.share) * now.line
        if self.step == 0:
            self.blend0 = now.blend
        now.index[chain.lab] = now.blend / self.blend0

    # --- 5. Final demand ---------------------------------------------------------------------

    def final_demand(self) -> None:
        p, s, now = self.p, self.s, self.now
        now.spend, now.declared_growth = {}, {}
        for hop in self.chain.demand:
            price_effect = now.index[hop] ** (1.0 - p[f"demand.{hop}.elasticity"])
            now.spend[hop] = p[f"demand.{hop}.spend"] * np.exp(s.growth[hop] + s.demand) * price_effect
            now.declared_growth[hop] = p[f"demand.{hop}.growth_long"] + (
                p[f"demand.{hop}.growth"] - p[f"demand.{hop}.growth_long"]
            ) * np.exp(-self.t / p[f"demand.{hop}.growth_decay"])
        now.total_spend = sum(now.spend.values())
        if self.step == 0:
            self.total_spend0 = now.total_spend
            # g0, the growth that everyone expects today
            self.growth0 = (
                sum(now.spend[hop] * p[f"demand.{hop}.growth"] for hop in self.chain.demand) / now.total_spend
            )
        ceiling = p["demand_shock.ceiling"]
        ceiling_now = ceiling * np.exp(p["demand_shock.ceiling_growth"] * self.t)
        open_at_start = np.maximum(1.0 - self.total_spend0 / ceiling, 1e-3)
        now.room = np.clip((1.0 - now.total_spend / ceiling_now) / open_at_start, 0.0, 1.0)

    # --- 6. Money flows, downstream to upstream ----------------------------------------------

    def flows(self) -> None:
        now, chain = self.now, self.chain
        zero = np.zeros(self.n)
        now.revenue = {hop: now.spend.get(hop, zero) for hop in chain.hops}
        now.own, now.paid = {}, {}  # paid: what each edge moves this year, on accrual
        now.investment, now.purchase, now.depreciation = {}, {}, {}
        for hop in chain.hops:
            if hop == chain.lab:
                self.lab_flows()
                continue
            self.follow_fixed_cost(hop)
            hosting = now.host_margin if hop == chain.compute else 0.0
            base = (now.revenue[hop] - hosting) / now.markup[hop]
            now.own[hop] = now.own_share[hop] * base
            for edge in chain.purchases_of(hop):
                value = now.cost_share[edge] * base
                if edge[2] == "capital":
                    self.buy_capital(edge, value)
                else:
                    now.paid[edge] = value
                    now.revenue[edge[1]] = now.revenue[edge[1]] + value

    def follow_fixed_cost(self, hop: str) -> None:
        s, dt = self.s, self.chain.dt
        at_rest = self.p[f"hop.{hop}.fixed_cost"] * self.now.revenue[hop]
        if self.step == 0:
            s.fixed[hop] = at_rest / (1.0 + np.maximum(self.growth0, 0.0))
        else:
            s.fixed[hop] = s.fixed[hop] + (at_rest - s.fixed[hop]) * min(1.0, dt)

    def lab_flows(self) -> None:
        """Split what buys tokens between lab and open hosts, then let the lab spend its part."""
        p, s, now, lab, compute = self.p, self.s, self.now, self.chain.lab, self.chain.compute
        token_spend = now.revenue[lab]  # final demand and the edges into the lab
        now.tokens = token_spend / now.blend
        now.closed_part = now.share * now.price / now.blend
        now.revenue[lab] = token_spend * now.closed_part
        now.open_revenue = token_spend - now.revenue[lab]
        now.inference = now.cost * now.share * now.tokens
        now.host_margin = now.open_revenue - now.open_cost * (1.0 - now.share) * now.tokens
        self.follow_fixed_cost(lab)
        self.train(now.revenue[lab] - now.inference - s.fixed[lab])
        now.lab_to_compute = now.inference + p["lab.training_to_cloud"] * now.training
        now.revenue[compute] = now.revenue[compute] + now.lab_to_compute + now.open_revenue

    def train(self, left_over: Array) -> None:
        p, s, now = self.p, self.s, self.now
        relative_gap = np.maximum(s.gap, 1e-9) / p["open_source.gap"]
        shelf = p["lab.shelf_life"] * relative_gap ** p["lab.shelf_curvature"]
        shelf = np.clip(shelf, p["lab.shelf_min"], p["lab.shelf_max"])
        now.plan = p["lab.training"] * np.exp(s.ln_plan) * p["lab.shelf_life"] / shelf
        funding = p["lab.funding"] * np.exp(-self.t / p["lab.funding_decay"])
        limit = p["lab.reinvestment"] * np.maximum(left_over, 0.0) + funding * now.revenue[self.chain.lab]
        now.training = np.minimum(now.plan, limit)
        if self.step == 0:
            s.amortised = now.training
        else:
            pace = np.minimum(1.0, self.chain.dt / shelf)
            s.amortised = s.amortised + (now.training - s.amortised) * pace

    # --- 7. Capital account ------------------------------------------------------------------

    def buy_capital(self, edge: Edge, value: Array) -> None:
        """Buy what keeps the stock of one capital edge in step with the service it must give."""
        p, s, now, chain = self.p, self.s, self.now, self.chain
        name, index = f"edge.{edge[0]}-{edge[1]}", now.index[edge[1]]
        life, lag, foresight = p[f"{name}.life"], p[f"{name}.lag"], p["compute_cost.foresight"]
        decline = self.cost_decline(edge[1])
        user_cost = 1.0 / life + p["compute_cost.capital_cost"] + decline
        needed = value / (user_cost * index)
        declared = (
            sum(now.spend[hop] * now.declared_growth[hop] for hop in chain.demand) / now.total_spend + decline
        )
        ln_needed = np.log(np.maximum(needed, SMALLEST))
        if self.step == 0:
            expected = p.get(f"{name}.expected_growth", self.growth0 + decline)
            s.learned[edge] = expected - foresight * declared
            s.stock[edge] = p[f"{name}.stock_ratio"] * needed
        else:
            surprise = (ln_needed - s.needed_before[edge]) / chain.dt - foresight * declared
            pace = np.minimum(1.0, chain.dt / (2.0 * lag))
            s.learned[edge] = s.learned[edge] + (surprise - s.learned[edge]) * pace
        s.needed_before[edge] = ln_needed
        growth = foresight * declared + s.learned[edge]
        growth = np.clip(growth, p["compute_cost.trend_min"], p["compute_cost.trend_max"])
        stock = s.stock[edge]
        investment = np.maximum(
            p["compute_cost.maintenance"] * stock / life,
            (1.0 / life + growth) * stock + (needed - stock) / (2.0 * lag),
        )
        now.investment[edge] = investment
        now.purchase[edge] = investment * index
        if self.step == 0:
            s.book[edge] = now.purchase[edge] / (1.0 / life + self.growth0)
        now.depreciation[edge] = now.paid[edge] = s.book[edge] / life
        now.revenue[edge[1]] = now.revenue[edge[1]] + now.purchase[edge]

    def cost_decline(self, hop: str) -> Array | float:
        """Known fall of a hop's cost, psi: that of hardware, else none."""
        if hop not in self.chain.hardware:
            return 0.0
        return self.fading("compute_cost.hardware_decline", "compute_cost.hardware_decline_long")

    # --- 8. Profit and identities ------------------------------------------------------------

    def profits(self) -> None:
        p, s, now, chain = self.p, self.s, self.now, self.chain
        zero = np.zeros(self.n)
        now.profit, now.other = {}, {}
        for hop in chain.hops:
            if hop == chain.lab:
                now.profit[hop] = now.revenue[hop] - now.inference - now.training - s.fixed[hop]
                outside = (1.0 - p["lab.training_to_cloud"]) * now.training
                now.other[hop] = s.fixed[hop] + outside
                continue
            paid = sum((now.paid[edge] for edge in chain.purchases_of(hop)), zero)
            now.other[hop] = now.own[hop] + s.fixed[hop]
            now.profit[hop] = now.revenue[hop] - (paid + now.other[hop])
        now.capex = sum(now.purchase.values(), zero)
        now.total_depreciation = sum(now.depreciation.values(), zero)
        now.financing = now.capex - now.total_depreciation
        now.gross_flow = sum(now.revenue.values())
        kept = sum(now.profit.values()) + sum(now.other.values())
        now.identity_dollars = (now.total_spend + now.financing - kept) / now.gross_flow

    def dollar_walk(self) -> None:
        """Follow $1 of final spend to where it is kept as profit or leaves the chain."""
        now, chain = self.now, self.chain
        arrives = {hop: np.zeros(self.n) for hop in chain.hops}
        for hop in chain.demand:
            self.hand_over(arrives, hop, now.spend[hop] / now.total_spend)
        now.dollar_profit, now.dollar_other = {}, {}
        for hop in chain.hops:
            per_revenue = arrives[hop] / np.maximum(now.revenue[hop], SMALLEST)
            now.dollar_profit[hop] = per_revenue * now.profit[hop]
            now.dollar_other[hop] = per_revenue * now.other[hop]
            if hop == chain.lab:
                self.hand_over(arrives, chain.compute, per_revenue * now.lab_to_compute)
            for edge in chain.purchases_of(hop):
                self.hand_over(arrives, edge[1], per_revenue * now.paid[edge])
        ends = sum(now.dollar_profit.values()) + sum(now.dollar_other.values())
        # The dollar's own gross flow: what arrives at all hops together, at least 1.
        now.identity_walk = (ends - 1.0) / np.maximum(sum(arrives.values()), 1.0)

    def hand_over(self, arrives: dict[str, Array], hop: str, dollars: Array) -> None:
        """Let dollars arrive at a hop; whatever buys tokens is split between lab and compute."""
        chain = self.chain
        if hop == chain.lab:
            closed = self.now.closed_part
            arrives[chain.lab] = arrives[chain.lab] + dollars * closed
            arrives[chain.compute] = arrives[chain.compute] + dollars * (1.0 - closed)
        else:
            arrives[hop] = arrives[hop] + dollars
