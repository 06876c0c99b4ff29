"""Sections 3 to 8 of docs/model.md for one trajectory in scalar numba; see `scalar_prange.py`."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from numba import njit

from scalar_inputs import Chain, record_type

# The default checks every division. Contraction to fused multiply-adds is safe; all of fastmath
# gains 3% and breaks the marks of undefined values. Calls that pass all records cost a quarter
# of the time unless they are inlined.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "forceinline": True}

SMALLEST = 1e-12

ECONOMY = record_type(
    *("gap", "ln_line", "ln_edge", "share", "hardware", "software", "energy", "demand", "surprise"),
    *("ln_plan", "amortised", "blend_start", "spend_start", "growth_start", "fade", "floor", "open_cost"),
    *("line", "price", "cost", "blend", "spend", "room", "tokens", "closed_part", "open_revenue"),
    *("inference", "host_margin", "plan", "training", "to_compute", "capex", "depreciation", "declared"),
)
HOP_STATE = record_type(
    *("z_scarcity", "z_monopoly", "z_pricing_power", "tightness", "capacity", "trend", "ln_sales", "fixed"),
    *("scarcity_long", "monopoly_long", "pricing_power_long"),  # log odds
    *("scarcity", "monopoly", "pricing_power", "premium", "markup", "markup_start", "index", "ln_index"),
    *("own_share", "revenue", "own", "paid", "profit", "other", "arrives", "dollar_profit", "dollar_other"),
)
EDGE_STATE = record_type(
    *("cost_share", "paid", "purchase", "depreciation", "investment", "stock", "book", "learned", "ln_needed")
)
DEMAND_STATE = record_type("spend", "growth_sum", "growth")


class World(NamedTuple):
    """One trajectory: numbers ``p``, ``hop``, ``edge``, ``demand``; states ``s``, ``h``, ``e``, ``d``."""

    chain: Chain
    p: Any
    hop: Any
    edge: Any
    demand: Any
    s: Any
    h: Any
    e: Any
    d: Any


@njit(**OPTIONS)
def expit(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


@njit(**OPTIONS)
def logit(level: float) -> float:
    return math.log(level / (1.0 - level))


@njit(**OPTIONS)
def clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@njit(**OPTIONS)
def cost_decline(w: World, hop: int) -> float:
    """Known fall of a hop's cost, psi."""
    if not w.chain.is_hardware[hop]:
        return 0.0
    p = w.p
    extra = p.compute_cost_hardware_decline - p.compute_cost_hardware_decline_long
    return p.compute_cost_hardware_decline_long + extra * w.s.fade


# --- Start ----------------------------------------------------------------------------------


@njit(**OPTIONS)
def start(w: World) -> None:
    p, s = w.p, w.s
    s.gap, s.share = p.open_source_gap, p.open_source_closed_share
    s.ln_line, s.ln_edge = math.log(p.token_price_open_markup), math.log(p.lab_cost_edge)
    s.hardware = s.software = s.energy = s.demand = s.surprise = s.ln_plan = 0.0
    for k in range(w.chain.demand_hop.size):
        w.d[k].growth_sum = 0.0
    for hop in range(w.chain.n_hop):
        h, q = w.h[hop], w.hop[hop]
        h.z_monopoly, h.monopoly_long = logit(q.monopoly), logit(q.monopoly_long)
        h.z_pricing_power, h.pricing_power_long = logit(q.pricing_power), logit(q.pricing_power_long)
        h.tightness = 0.0
        if hop != w.chain.lab:
            h.z_scarcity, h.scarcity_long = logit(q.scarcity), logit(q.scarcity_long)
            h.tightness = q.tightness


# --- 3. The ruler ---------------------------------------------------------------------------


@njit(**OPTIONS)
def ruler(w: World, step: int) -> None:
    for hop in range(w.chain.n_hop):
        h, q = w.h[hop], w.hop[hop]
        h.monopoly, h.pricing_power = expit(h.z_monopoly), expit(h.z_pricing_power)
        glut = 0.0
        if hop == w.chain.lab:
            h.scarcity = -math.expm1(-w.s.gap / w.p.open_source_scarcity_gap)
        else:
            h.scarcity = expit(h.z_scarcity + q.tightness_beta * clip(h.tightness, -2.0, 2.0))
            glut = q.glut_discount * max(0.0, -h.tightness)
        h.premium = max(q.premium_cap * h.scarcity * h.monopoly * h.pricing_power - glut, -0.9)
        if hop != w.chain.lab:
            h.markup = (1.0 + q.normal_return) * (1.0 + h.premium)
            if step == 0:
                h.markup_start = h.markup


# --- 4. Prices, upstream to downstream ------------------------------------------------------


@njit(**OPTIONS)
def prices(w: World, step: int) -> None:
    for hop in range(w.chain.n_hop - 1, -1, -1):
        h = w.h[hop]
        if hop == w.chain.lab:
            token_prices(w, step)
            continue
        driver = 0.0
        if w.chain.is_hardware[hop]:
            driver = w.s.hardware
        elif w.chain.is_energy[hop]:
            driver = -w.s.energy
        h.ln_index = math.log(h.markup / h.markup_start) + ln_unit_cost(w, hop) - driver
        h.index = math.exp(h.ln_index)


@njit(**OPTIONS)
def ln_unit_cost(w: World, hop: int) -> float:
    """Log of a hop's unit cost index; leaves the cost shares of its inputs and of its own work."""
    exponent = 1.0 - w.hop[hop].substitution
    first, last = w.chain.edge_start[hop], w.chain.edge_start[hop + 1]
    own = 1.0
    for edge in range(first, last):
        own -= w.edge[edge].share
    if abs(exponent) < 1e-9:
        ln_cost = 0.0
        for edge in range(first, last):
            ln_cost += w.edge[edge].share * w.h[w.chain.supplier[edge]].ln_index
            w.e[edge].cost_share = w.edge[edge].share
        w.h[hop].own_share = own
        return ln_cost
    total = own
    for edge in range(first, last):
        term = w.edge[edge].share * math.exp(exponent * w.h[w.chain.supplier[edge]].ln_index)
        w.e[edge].cost_share = term
        total += term
    for edge in range(first, last):
        w.e[edge].cost_share /= total
    w.h[hop].own_share = own / total
    return math.log(total) / exponent


@njit(**OPTIONS)
def token_prices(w: World, step: int) -> None:
    p, s, lab = w.p, w.s, w.h[w.chain.lab]
    s.floor = w.h[w.chain.compute].index * math.exp(-s.software)
    s.open_cost = s.floor / (1.0 + p.token_price_open_return)
    s.line = math.exp(s.ln_line)
    s.price = s.line * (1.0 + lab.premium)
    s.cost = math.exp(s.ln_edge) * s.open_cost
    s.blend = s.share * s.price + (1.0 - s.share) * s.line
    if step == 0:
        s.blend_start = s.blend
    lab.index = s.blend / s.blend_start
    lab.ln_index = math.log(lab.index)


# --- 5. Final demand ------------------------------------------------------------------------


@njit(**OPTIONS)
def final_demand(w: World, step: int) -> None:
    p, s, t = w.p, w.s, step * w.chain.dt
    s.spend, growth = 0.0, 0.0
    for k in range(w.chain.demand_hop.size):
        d, q = w.d[k], w.demand[k]
        price_effect = (1.0 - q.elasticity) * w.h[w.chain.demand_hop[k]].ln_index
        d.spend = q.spend * math.exp(d.growth_sum + s.demand + price_effect)
        d.growth = q.growth_long + (q.growth - q.growth_long) * math.exp(-t / q.growth_decay)
        s.spend += d.spend
        growth += d.spend * d.growth
    s.declared = growth / s.spend
    if step == 0:
        s.spend_start, s.growth_start = s.spend, s.declared
    ceiling = p.demand_shock_ceiling
    left = 1.0 - s.spend / (ceiling * math.exp(p.demand_shock_ceiling_growth * t))
    s.room = clip(left / max(1.0 - s.spend_start / ceiling, 1e-3), 0.0, 1.0)


# --- 6. Money flows, downstream to upstream; the dollar walks along ---------------------------


@njit(**OPTIONS)
def flows(w: World, step: int) -> None:
    s = w.s
    for hop in range(w.chain.n_hop):
        w.h[hop].revenue = w.h[hop].arrives = 0.0
    for k in range(w.chain.demand_hop.size):
        h = w.h[w.chain.demand_hop[k]]
        h.revenue += w.d[k].spend
        h.arrives += w.d[k].spend / s.spend
    s.capex = s.depreciation = 0.0
    for hop in range(w.chain.n_hop):
        h = w.h[hop]
        if hop == w.chain.lab:
            lab_flows(w, step)
            continue
        follow_fixed_cost(w, hop, step)
        hosting = s.host_margin if hop == w.chain.compute else 0.0
        base = (h.revenue - hosting) / h.markup
        h.own = h.own_share * base
        h.paid = 0.0
        per_revenue = h.arrives / max(h.revenue, SMALLEST)
        for edge in range(w.chain.edge_start[hop], w.chain.edge_start[hop + 1]):
            e, supplier = w.e[edge], w.h[w.chain.supplier[edge]]
            if w.chain.is_capital[edge]:
                buy_capital(w, edge, e.cost_share * base, step)
                supplier.revenue += e.purchase
            else:
                e.paid = e.cost_share * base
                supplier.revenue += e.paid
            h.paid += e.paid
            supplier.arrives += per_revenue * e.paid
        h.other = h.own + h.fixed
        h.profit = h.revenue - (h.paid + h.other)
        h.dollar_profit, h.dollar_other = per_revenue * h.profit, per_revenue * h.other


@njit(**OPTIONS)
def follow_fixed_cost(w: World, hop: int, step: int) -> None:
    h = w.h[hop]
    at_rest = w.hop[hop].fixed_cost * h.revenue
    if step == 0:
        h.fixed = at_rest / (1.0 + max(w.s.growth_start, 0.0))
    else:
        h.fixed += (at_rest - h.fixed) * min(1.0, w.chain.dt)


@njit(**OPTIONS)
def lab_flows(w: World, step: int) -> None:
    p, s, lab, compute = w.p, w.s, w.h[w.chain.lab], w.h[w.chain.compute]
    token_spend = lab.revenue
    s.tokens = token_spend / s.blend
    s.closed_part = s.share * s.price / s.blend
    lab.revenue = token_spend * s.closed_part
    s.open_revenue = token_spend - lab.revenue
    s.inference = s.cost * s.share * s.tokens
    s.host_margin = s.open_revenue - s.open_cost * (1.0 - s.share) * s.tokens
    follow_fixed_cost(w, w.chain.lab, step)
    train(w, lab.revenue - s.inference - lab.fixed, step)
    s.to_compute = s.inference + p.lab_training_to_cloud * s.training
    compute.revenue += s.to_compute + s.open_revenue
    compute.arrives += lab.arrives * (1.0 - s.closed_part)
    lab.arrives *= s.closed_part
    per_revenue = lab.arrives / max(lab.revenue, SMALLEST)
    compute.arrives += per_revenue * s.to_compute
    lab.other = lab.fixed + (1.0 - p.lab_training_to_cloud) * s.training
    lab.profit = lab.revenue - s.inference - s.training - lab.fixed
    lab.dollar_profit, lab.dollar_other = per_revenue * lab.profit, per_revenue * lab.other


@njit(**OPTIONS)
def train(w: World, left_over: float, step: int) -> None:
    p, s = w.p, w.s
    stretched = (max(s.gap, 1e-9) / p.open_source_gap) ** p.lab_shelf_curvature
    shelf = clip(p.lab_shelf_life * stretched, p.lab_shelf_min, p.lab_shelf_max)
    s.plan = p.lab_training * math.exp(s.ln_plan) * p.lab_shelf_life / shelf
    funding = p.lab_funding * math.exp(-step * w.chain.dt / p.lab_funding_decay)
    limit = p.lab_reinvestment * max(left_over, 0.0) + funding * w.h[w.chain.lab].revenue
    s.training = min(s.plan, limit)
    if step == 0:
        s.amortised = s.training
    else:
        s.amortised += (s.training - s.amortised) * min(1.0, w.chain.dt / shelf)


# --- 7. Capital account ---------------------------------------------------------------------


@njit(**OPTIONS)
def buy_capital(w: World, edge: int, value: float, step: int) -> None:
    p, s, e, q, dt = w.p, w.s, w.e[edge], w.edge[edge], w.chain.dt
    index = w.h[w.chain.supplier[edge]].index
    decline = cost_decline(w, w.chain.supplier[edge])
    needed = value / ((1.0 / q.life + p.compute_cost_capital_cost + decline) * index)
    declared = p.compute_cost_foresight * (s.declared + decline)
    ln_needed = math.log(max(needed, SMALLEST))
    if step == 0:
        expected = q.expected_growth if q.expected_growth == q.expected_growth else s.growth_start + decline
        e.learned = expected - declared
        e.stock = q.stock_ratio * needed
    else:
        surprise = (ln_needed - e.ln_needed) / dt - declared
        e.learned += (surprise - e.learned) * min(1.0, dt / (2.0 * q.lag))
    e.ln_needed = ln_needed
    growth = clip(declared + e.learned, p.compute_cost_trend_min, p.compute_cost_trend_max)
    wanted = (1.0 / q.life + growth) * e.stock + (needed - e.stock) / (2.0 * q.lag)
    e.investment = max(p.compute_cost_maintenance * e.stock / q.life, wanted)
    e.purchase = e.investment * index
    if step == 0:
        e.book = e.purchase / (1.0 / q.life + s.growth_start)
    e.depreciation = e.paid = e.book / q.life
    s.capex += e.purchase
    s.depreciation += e.depreciation
