"""The model in plain NumPy, written to be read beside docs/model.md: the twin of the kernels.

Section numbers are those of that page. One call follows ``n`` trajectories at once; every
value of a hop, an edge or the whole chain is an array of shape ``(n,)``. Drawn parameters and
shocks come in as arrays, so the twin holds no randomness. It shares no code with the kernels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Edge = tuple[str, str, str]
"""(buyer, supplier, "current" or "capital")"""

FACTORS = ("scarcity", "monopoly", "pricing_power")
PER_HOP = (
    "revenue",
    "profit",
    "other",
    "margin",
    "gross_margin",
    "premium",
    "scarcity",
    "monopoly",
    "pricing_power",
    "tightness",
    "revenue_share",
    "profit_share",
    "profit_capture",
    "dollar_profit",
    "dollar_other",
)
PER_STEP = (
    "gap",
    "price",
    "line",
    "cost",
    "margin_engineering",
    "margin_return",
    "margin_slack",
    "margin_umbrella",
    "inference_margin",
    "all_in_margin",
    "share",
    "tokens",
    "list_price_ratio",
    "open_share_listed",
    "spend",
    "capex",
    "depreciation",
    "financing",
    "training",
    "training_amortised",
    "compute_price",
    "identity_dollars",
    "identity_walk",
)
SMALLEST = 1e-12
"""Logarithms and ratios of revenue and of K* take at least this much [bn USD/yr]."""


# --- 1. The chain ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Chain:
    """Who buys from whom; hops are listed downstream to upstream.

    ``hardware`` and ``energy`` name the hops that follow that cost driver (usually one or none).
    """

    hops: tuple[str, ...]
    lab: str
    compute: str
    hardware: tuple[str, ...]
    energy: tuple[str, ...]
    edges: tuple[Edge, ...]
    demand: tuple[str, ...]
    years: int
    steps_per_year: int

    @classmethod
    def from_spec(cls, spec: Any) -> Chain:
        """Read the chain of a ``ScenarioSpec``."""
        return cls(
            hops=tuple(hop.name for hop in spec.hops),
            lab=next(hop.name for hop in spec.hops if hop.role == "lab"),
            compute=next(hop.name for hop in spec.hops if hop.role == "compute"),
            hardware=tuple(hop.name for hop in spec.hops if hop.cost_driver == "hardware"),
            energy=tuple(hop.name for hop in spec.hops if hop.cost_driver == "energy"),
            edges=tuple((edge.buyer, edge.supplier, edge.kind) for edge in spec.edges),
            demand=tuple(spec.demand),
            years=spec.years,
            steps_per_year=spec.steps_per_year,
        )

    @property
    def dt(self) -> float:
        return 1.0 / self.steps_per_year

    @property
    def n_step(self) -> int:
        return self.years * self.steps_per_year

    @property
    def supply(self) -> tuple[str, ...]:
        """Compute and every hop listed after it: those whose capacity is followed."""
        return self.hops[self.hops.index(self.compute) :]

    def purchases_of(self, buyer: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge[0] == buyer)

    @property
    def capital_edges(self) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge[2] == "capital")


# --- 2. Parameters and shocks ---------------------------------------------------------------


def shock_names(chain: Chain) -> tuple[str, ...]:
    """Name every shock of a chain, as the random streams are named."""
    states = ("gap", "leap", "release", "line", "edge")
    states += ("hardware", "software", "energy", "demand", "surprise")
    factors = [
        f"shock.hop.{hop}.{factor}"
        for hop in chain.hops
        for factor in FACTORS
        if not (hop == chain.lab and factor == "scarcity")
    ]
    return (*(f"shock.{state}" for state in states), *factors)


def no_shocks(chain: Chain, n: int) -> dict[str, Array]:
    """Return shocks that are zero at every step, each of shape ``(n_step, n)``."""
    return {name: np.zeros((chain.n_step, n)) for name in shock_names(chain)}


def arrays_of(parameters: Mapping[str, Any], n: int) -> dict[str, Array]:
    """Give every parameter shape ``(n,)`` and keep the levels within [1e-6, 1 - 1e-6]."""
    levels = {*FACTORS, *(f"{factor}_long" for factor in FACTORS), "closed_share"}
    arrays = {}
    for name, value in parameters.items():
        array = np.broadcast_to(np.asarray(value, dtype=np.float64), (n,))
        is_level = name.rsplit(".", 1)[-1] in levels
        arrays[name] = np.clip(array, 1e-6, 1.0 - 1e-6) if is_level else array
    return arrays


def expit(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def logit(level: Array) -> Array:
    return np.log(level / (1.0 - level))


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

    # --- 9. Advance --------------------------------------------------------------------------

    def advance(self, shocks: Mapping[str, Array]) -> None:
        """Move every state by one step; right-hand sides use the values of this step."""
        root = np.sqrt(self.chain.dt)

        def noise(state: str) -> Array:
            return root * shocks[f"shock.{state}"][self.step]

        moved_share = self.next_share()
        moved_line = self.next_line() + self.p["token_price.volatility"] * noise("line")
        moved_gap = self.next_gap(noise("gap"), shocks["shock.leap"], shocks["shock.release"])
        self.s.gap, self.s.ln_line, self.s.share = moved_gap, moved_line, moved_share
        self.advance_costs(noise)
        self.advance_demand(noise)
        self.advance_capital()
        for hop in self.chain.supply:
            self.advance_supply(hop)
        for factor, hop in self.s.z:
            self.advance_factor(factor, hop, noise)
        self.step += 1

    def next_gap(self, noise: Array, leaps: Array, releases: Array) -> Array:
        p, s, now, dt = self.p, self.s, self.now, self.chain.dt
        frontier = np.maximum(now.training / now.plan, 1e-6) ** p["open_source.frontier_elasticity"]
        relative_gap = np.maximum(s.gap, 1e-9) / p["open_source.gap"]
        catch_up = p["open_source.catch_up_speed"] * relative_gap ** p["open_source.catch_up_curvature"]
        drifted = s.gap + 12.0 * dt * (frontier - catch_up) + p["open_source.gap_vol"] * noise
        leapt = drifted + p["open_source.leap_size"] * leaps[self.step]
        return np.maximum(0.0, leapt * (1.0 - p["open_source.release_size"]) ** releases[self.step])

    def next_line(self) -> Array:
        p, s, dt = self.p, self.s, self.chain.dt
        slack = s.ln_line - np.log(self.now.floor)
        shield = np.exp(-s.gap / p["token_price.pass_through_gap"])
        competed = np.minimum(1.0, p["token_price.pass_through"] * dt * shield) * np.maximum(0.0, slack)
        recovered = np.minimum(1.0, p["token_price.exit_rate"] * dt) * np.maximum(0.0, -slack)
        deflation = self.fading("token_price.deflation", "token_price.deflation_long")
        return s.ln_line - deflation * dt - competed + recovered

    def next_share(self) -> Array:
        p, s, now, lab = self.p, self.s, self.now, self.chain.lab
        drawn_to = now.scarcity[lab] ** p["open_source.share_curvature"]
        speed = p["open_source.switch_speed"] * (1.0 - now.monopoly[lab])
        return s.share + (drawn_to - s.share) * np.minimum(1.0, speed * self.chain.dt)

    def advance_costs(self, noise: Any) -> None:
        p, s, dt = self.p, self.s, self.chain.dt
        hardware = self.fading("compute_cost.hardware_decline", "compute_cost.hardware_decline_long")
        software = self.fading("compute_cost.software_decline", "compute_cost.software_decline_long")
        training = self.fading("lab.training_growth", "lab.training_growth_long")
        s.hardware = s.hardware + hardware * dt + p["compute_cost.hardware_vol"] * noise("hardware")
        s.software = s.software + software * dt + p["compute_cost.software_vol"] * noise("software")
        s.energy = s.energy + p["compute_cost.energy_drift"] * dt
        s.energy = s.energy + p["compute_cost.energy_vol"] * noise("energy")
        s.ln_plan = s.ln_plan + training * dt
        pull = p["lab.cost_edge_reversion"] * dt * (np.log(p["lab.cost_edge_long"]) - s.ln_edge)
        s.ln_edge = s.ln_edge + pull + p["lab.cost_edge_vol"] * noise("edge")

    def advance_demand(self, noise: Any) -> None:
        p, s, now, dt = self.p, self.s, self.now, self.chain.dt
        for hop in self.chain.demand:
            long_run = p[f"demand.{hop}.growth_long"]
            above = now.declared_growth[hop] - long_run
            s.growth[hop] = s.growth[hop] + (long_run + above * now.room) * dt
        surprise = np.where(s.surprise > 0.0, s.surprise * now.room, s.surprise)
        s.demand = s.demand + surprise * dt + p["demand_shock.volatility"] * noise("demand")
        fade = np.minimum(1.0, p["demand_shock.surprise_reversion"] * dt)
        s.surprise = s.surprise * (1.0 - fade) + p["demand_shock.surprise_vol"] * noise("surprise")

    def advance_capital(self) -> None:
        p, s, now, dt = self.p, self.s, self.now, self.chain.dt
        for edge in self.chain.capital_edges:
            life = p[f"edge.{edge[0]}-{edge[1]}.life"]
            s.stock[edge] = s.stock[edge] + dt * (now.investment[edge] - s.stock[edge] / life)
            s.book[edge] = s.book[edge] + dt * (now.purchase[edge] - now.depreciation[edge])

    def advance_supply(self, hop: str) -> None:
        p, s, now, dt = self.p, self.s, self.now, self.chain.dt
        lag = p[f"hop.{hop}.expansion_lag"]
        lowest, highest = p["compute_cost.trend_min"], p["compute_cost.trend_max"]
        ln_sales = np.log(np.maximum(now.revenue[hop], SMALLEST)) - np.log(now.index[hop])
        if self.step == 0:
            s.trend[hop] = np.clip(self.growth0 + self.cost_decline(hop), lowest, highest)
            s.capacity[hop] = ln_sales - s.tightness[hop]
        else:
            growth = (ln_sales - s.sales_before[hop]) / dt
            moved = s.trend[hop] + (growth - s.trend[hop]) * np.minimum(1.0, dt / lag)
            s.trend[hop] = np.clip(moved, lowest, highest)
        s.sales_before[hop] = ln_sales
        raw = ln_sales - s.capacity[hop]
        contracts = np.minimum(1.0, dt / p[f"hop.{hop}.price_lag"])
        s.tightness[hop] = s.tightness[hop] + (raw - s.tightness[hop]) * contracts
        expansion = np.clip(s.trend[hop] + raw / lag, -0.10, p[f"hop.{hop}.expansion_limit"])
        s.capacity[hop] = s.capacity[hop] + dt * expansion

    def advance_factor(self, factor: str, hop: str, noise: Any) -> None:
        p, s = self.p, self.s
        z = s.z[factor, hop]
        pull = p[f"hop.{hop}.reversion"] * self.chain.dt * (logit(p[f"hop.{hop}.{factor}_long"]) - z)
        s.z[factor, hop] = z + pull + p[f"hop.{hop}.volatility"] * noise(f"hop.{hop}.{factor}")

    # --- 10. What is recorded ----------------------------------------------------------------

    def record(self, series: dict[str, Array]) -> None:
        s, now, step, hops = self.s, self.now, self.step, self.chain.hops
        total_profit = sum(now.profit.values())
        shared = np.where(total_profit > 0.0, total_profit, np.nan)
        for place, hop in enumerate(hops):
            revenue = np.maximum(now.revenue[hop], SMALLEST)
            row = {
                "revenue": now.revenue[hop],
                "profit": now.profit[hop],
                "other": now.other[hop],
                "margin": now.profit[hop] / revenue,
                "gross_margin": (now.profit[hop] + s.fixed[hop]) / revenue,
                "premium": now.premium[hop],
                "scarcity": now.scarcity[hop],
                "monopoly": now.monopoly[hop],
                "pricing_power": now.pricing_power[hop],
                "tightness": s.tightness[hop],
                "revenue_share": now.revenue[hop] / now.gross_flow,
                "profit_share": now.profit[hop] / shared,
                "profit_capture": now.profit[hop] / now.total_spend,
                "dollar_profit": now.dollar_profit[hop],
                "dollar_other": now.dollar_other[hop],
            }
            for name, values in row.items():
                series[name][step, place] = values
        for name, values in self.chain_values().items():
            series[name][step] = values

    def chain_values(self) -> dict[str, Array]:
        p, s, now, lab = self.p, self.s, self.now, self.chain.lab
        size = p["open_source.closed_size"]
        revenue = np.maximum(now.revenue[lab], SMALLEST)
        return {
            "gap": s.gap,
            "price": now.price,
            "line": now.line,
            "cost": now.cost,
            "margin_engineering": -s.ln_edge,
            "margin_return": np.log1p(p["token_price.open_return"]),
            "margin_slack": s.ln_line - np.log(now.floor),
            "margin_umbrella": np.log1p(now.premium[lab]),
            "inference_margin": 1.0 - now.cost / now.price,
            "all_in_margin": (now.revenue[lab] - now.inference - s.amortised) / revenue,
            "share": now.share,
            "tokens": now.tokens,
            "list_price_ratio": size * now.price / now.line,
            "open_share_listed": (1.0 - now.share) / (1.0 - now.share + now.share / size),
            "spend": now.total_spend,
            "capex": now.capex,
            "depreciation": now.total_depreciation,
            "financing": now.financing,
            "training": now.training,
            "training_amortised": s.amortised,
            "compute_price": now.index[self.chain.compute],
            "identity_dollars": now.identity_dollars,
            "identity_walk": now.identity_walk,
        }


def simulate(chain: Chain, parameters: Mapping[str, Any], shocks: Mapping[str, Array]) -> dict[str, Array]:
    """Follow every trajectory through all steps.

    Parameters
    ----------
    chain : Chain
    parameters : mapping of str to float or ndarray of float64, shape (n,)
        Every number of the model by dotted name, optional ones filled in (except
        ``edge.*.expected_growth``, whose absence has a meaning); levels as drawn.
    shocks : mapping of str to ndarray, shape (n_step, n)
        Standard normals, and Poisson counts for ``shock.leap`` and ``shock.release``.

    Returns
    -------
    dict of str to ndarray of float64
        Series of a hop, shape (n_record, n_hop, n); of the chain, (n_record, n), among them
        the residuals of both identities over the gross flow; and cumulative and discounted
        profit and revenue, (n_hop, n) [bn USD].
    """
    n = np.shape(shocks["shock.gap"])[1]
    n_record, n_hop = chain.n_step + 1, len(chain.hops)
    series = {name: np.empty((n_record, n_hop, n)) for name in PER_HOP}
    series |= {name: np.empty((n_record, n)) for name in PER_STEP}
    twin = Twin(chain, parameters, n)
    for step in range(n_record):
        twin.ruler()
        twin.prices()
        twin.final_demand()
        twin.flows()
        twin.profits()
        twin.dollar_walk()
        twin.record(series)
        if step < chain.n_step:
            twin.advance(shocks)
    return series | cumulated(chain, series, twin.p["compute_cost.capital_cost"])


def cumulated(chain: Chain, series: Mapping[str, Array], capital_cost: Array) -> dict[str, Array]:
    """Sum profit and revenue over the records 0 ... N - 1, plain and discounted, (n_hop, n)."""
    times = np.arange(chain.n_step) * chain.dt
    discount = np.exp(-capital_cost * times[:, np.newaxis])[:, np.newaxis, :]
    sums = {}
    for name in ("profit", "revenue"):
        values = series[name][: chain.n_step] * chain.dt
        sums[f"cumulative_{name}"] = values.sum(axis=0)
        sums[f"discounted_{name}"] = (values * discount).sum(axis=0)
    return sums
