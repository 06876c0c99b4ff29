"""Money flows, downstream to upstream (docs/model.md, sections 6 and 8).

One pass over the hops: a hop's revenue is complete when its turn comes, since all its buyers
are listed before it. The dollar walk goes along: ``hop[DOLLAR]`` is the part of the walked
dollar that arrives at a hop.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import rowwise
from sandwich_sim.kernels.bits import select
from sandwich_sim.kernels.capital import capital_edge
from sandwich_sim.kernels.inputs import ModelInputs
from sandwich_sim.kernels.rows import (
    ALL_IN_MARGIN,
    AMORTISED,
    BLEND,
    CAPEX,
    COST_NOW,
    D_SPEND,
    DEPRECIATION,
    DOLLAR,
    DOLLAR_OTHER,
    DOLLAR_PROFIT,
    E_DEPRECIATION,
    E_PURCHASE,
    E_WEIGHT,
    FIXED,
    FIXED_RATE,
    FUNDING,
    FUNDING_FADE,
    GROSS_MARGIN,
    GROWTH_START,
    HOST_MARGIN,
    INFERENCE,
    INVERSE_GAP_START,
    INVERSE_MARKUP,
    LN_PLAN,
    LOG_GAP_RATIO,
    MARGIN,
    N_PER_HOP,
    OPEN_COST,
    OTHER,
    OWN_SHARE,
    OWN_WEIGHT,
    PAYMENTS,
    PLAN,
    PRICE_NOW,
    PROFIT,
    REINVESTMENT,
    REVENUE,
    SCRATCH,
    SHELF_CURVATURE,
    SHELF_LIFE,
    SHELF_MAX,
    SHELF_MIN,
    SPEND_SUM,
    TOKENS,
    TRAIN,
    TRAINING,
    TRAINING_AMORTISED,
    TRAINING_PLAN,
    TRAINING_TO_CLOUD,
    G,
    X,
)
from sandwich_sim.kernels.vectors import fill
from sandwich_sim.kernels.vmath import exp, log

LEAST = 1e-12
"""Revenues are taken as at least this in logarithms and ratios [bn USD/yr]."""


@rowwise
def flow_step(
    inputs: ModelInputs,
    n: int,
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    demand: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Send final spend up the chain: revenues, payments, profits and the dollar walk of step n."""
    n_hop = inputs.n_hop
    first = N_PER_HOP * n_hop
    for h in range(n_hop):
        fill(record[REVENUE * n_hop + h], 0.0)
        fill(hop[DOLLAR, h], 0.0)
    fill(record[first + CAPEX], 0.0)
    fill(record[first + DEPRECIATION], 0.0)
    total = chain[SPEND_SUM]
    width = total.size
    for k in range(inputs.demand_hop.size):
        h = inputs.demand_hop[k]
        spend, revenue, dollar = demand[D_SPEND, k], record[REVENUE * n_hop + h], hop[DOLLAR, h]
        for j in range(width):
            revenue[j] += spend[j]
            dollar[j] += spend[j] / total[j]
    for h in range(n_hop):
        if h == inputs.lab:
            lab_flows(inputs, n, hop, chain, record)
        else:
            hop_flows(inputs, n, h, hop, edge, chain, record)


@rowwise
def fixed_cost_step(
    n: int,
    dt: float,
    rate: NDArray[np.float64],
    revenue: NDArray[np.float64],
    growth: NDArray[np.float64],
    fixed: NDArray[np.float64],
) -> None:
    """Fixed cost follows revenue with a lag of a year; at the start it lags steady growth."""
    width = fixed.size
    if n == 0:
        for j in range(width):
            fixed[j] = rate[j] * revenue[j] / (1.0 + max(growth[j], 0.0))
    else:
        speed = min(1.0, dt)
        for j in range(width):
            fixed[j] += (rate[j] * revenue[j] - fixed[j]) * speed


@rowwise
def hop_flows(
    inputs: ModelInputs,
    n: int,
    h: int,
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Split one hop's revenue into payments, own cost, fixed cost and profit; pass the dollar on.

    The compute hop's margin on hosting open weights comes on top of its markup.
    """
    n_hop = inputs.n_hop
    revenue, inverse_markup = record[REVENUE * n_hop + h], hop[INVERSE_MARKUP, h]
    base, payments, dollar = chain[SCRATCH], hop[PAYMENTS, h], hop[DOLLAR, h]
    width = base.size
    for j in range(width):
        base[j] = revenue[j] * inverse_markup[j]
        payments[j] = 0.0
    if h == inputs.compute:
        host_margin = chain[HOST_MARGIN]
        for j in range(width):
            base[j] -= host_margin[j] * inverse_markup[j]
    for e in range(inputs.edge_start[h], inputs.edge_start[h + 1]):
        supplier = inputs.edge_supplier[e]
        supplier_revenue, supplier_dollar = record[REVENUE * n_hop + supplier], hop[DOLLAR, supplier]
        if inputs.edge_is_capital[e] == 1:
            capital_edge(inputs, n, e, h, base, hop, edge, chain, record)
        else:
            weight, purchase, accrued = edge[E_WEIGHT, e], edge[E_PURCHASE, e], edge[E_DEPRECIATION, e]
            for j in range(width):
                purchase[j] = weight[j] * base[j]
                accrued[j] = purchase[j]
        purchase, accrued = edge[E_PURCHASE, e], edge[E_DEPRECIATION, e]
        for j in range(width):
            supplier_revenue[j] += purchase[j]
            payments[j] += accrued[j]
            supplier_dollar[j] += dollar[j] * accrued[j] / max(revenue[j], LEAST)
    fixed = hop[FIXED, h]
    fixed_cost_step(n, inputs.dt, hop[FIXED_RATE, h], revenue, chain[GROWTH_START], fixed)
    own = hop[OWN_WEIGHT, h] if inputs.cobb_douglas[h] == 0 else hop[OWN_SHARE, h]
    other = record[OTHER * n_hop + h]
    for j in range(width):
        other[j] = own[j] * base[j] + fixed[j]
    close_books(n_hop, h, payments, fixed, hop[DOLLAR, h], record)


@rowwise
def close_books(
    n_hop: int,
    h: int,
    payments: NDArray[np.float64],
    fixed: NDArray[np.float64],
    dollar: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Profit is what is left; margins and what stays of the walked dollar follow."""
    revenue, other, profit = (
        record[REVENUE * n_hop + h],
        record[OTHER * n_hop + h],
        record[PROFIT * n_hop + h],
    )
    margin, gross_margin = record[MARGIN * n_hop + h], record[GROSS_MARGIN * n_hop + h]
    kept, outside = record[DOLLAR_PROFIT * n_hop + h], record[DOLLAR_OTHER * n_hop + h]
    for j in range(revenue.size):
        left = revenue[j] - (payments[j] + other[j])
        inverse = 1.0 / max(revenue[j], LEAST)
        profit[j] = left
        margin[j] = left * inverse
        gross_margin[j] = (left + fixed[j]) * inverse
        kept[j] = dollar[j] * left * inverse
        outside[j] = dollar[j] * other[j] * inverse


@rowwise
def lab_flows(
    inputs: ModelInputs,
    n: int,
    hop: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Split token spend between closed labs and open hosts; the labs serve and train."""
    n_hop, lab, compute = inputs.n_hop, inputs.lab, inputs.compute
    first = N_PER_HOP * n_hop
    revenue, compute_revenue = record[REVENUE * n_hop + lab], record[REVENUE * n_hop + compute]
    dollar, compute_dollar = hop[DOLLAR, lab], hop[DOLLAR, compute]
    blend, share, price, cost = chain[BLEND], chain[X], chain[PRICE_NOW], chain[COST_NOW]
    tokens, inference, host_margin = record[first + TOKENS], chain[INFERENCE], chain[HOST_MARGIN]
    open_cost = chain[OPEN_COST]
    width = blend.size
    for j in range(width):
        token_spend = revenue[j]
        inverse = 1.0 / blend[j]
        count = token_spend * inverse
        closed = share[j] * price[j] * inverse
        lab_revenue = token_spend * closed
        open_revenue = token_spend - lab_revenue
        arriving = dollar[j]
        tokens[j] = count
        revenue[j] = lab_revenue
        inference[j] = cost[j] * share[j] * count
        host_margin[j] = open_revenue - open_cost[j] * (1.0 - share[j]) * count
        compute_revenue[j] += open_revenue
        dollar[j] = arriving * closed
        compute_dollar[j] += arriving * (1.0 - closed)
    fixed = hop[FIXED, lab]
    fixed_cost_step(n, inputs.dt, hop[FIXED_RATE, lab], revenue, chain[GROWTH_START], fixed)
    training_step(n, inputs.dt, revenue, inference, fixed, chain)
    to_cloud, train, payments = chain[TRAINING_TO_CLOUD], chain[TRAIN], hop[PAYMENTS, lab]
    other, amortised = record[OTHER * n_hop + lab], chain[AMORTISED]
    all_in, trained, shown = (
        record[first + ALL_IN_MARGIN],
        record[first + TRAINING],
        record[first + TRAINING_AMORTISED],
    )
    for j in range(width):
        payments[j] = inference[j] + to_cloud[j] * train[j]
        compute_revenue[j] += payments[j]
        compute_dollar[j] += dollar[j] * payments[j] / max(revenue[j], LEAST)
        other[j] = fixed[j] + (1.0 - to_cloud[j]) * train[j]
        all_in[j] = (revenue[j] - inference[j] - amortised[j]) / max(revenue[j], LEAST)
        trained[j] = train[j]
        shown[j] = amortised[j]
    close_books(n_hop, lab, payments, fixed, hop[DOLLAR, lab], record)


@rowwise
def training_step(
    n: int,
    dt: float,
    revenue: NDArray[np.float64],
    inference: NDArray[np.float64],
    fixed: NDArray[np.float64],
    chain: NDArray[np.float64],
) -> None:
    """Training is the plan or what money allows; it is amortized over a model's shelf life."""
    gap, inverse_start, log_ratio = chain[G], chain[INVERSE_GAP_START], chain[LOG_GAP_RATIO]
    curvature, life, shortest, longest = (
        chain[SHELF_CURVATURE],
        chain[SHELF_LIFE],
        chain[SHELF_MIN],
        chain[SHELF_MAX],
    )
    log_plan, plan_start, plan = chain[LN_PLAN], chain[TRAINING_PLAN], chain[PLAN]
    reinvestment, funding, fade = chain[REINVESTMENT], chain[FUNDING], chain[FUNDING_FADE]
    train, amortised = chain[TRAIN], chain[AMORTISED]
    speed = 1.0 if n == 0 else dt
    for j in range(gap.size):
        log_ratio[j] = log(max(gap[j], 1e-9) * inverse_start[j])
        shelf = min(max(life[j] * exp(curvature[j] * log_ratio[j]), shortest[j]), longest[j])
        plan[j] = plan_start[j] * exp(log_plan[j]) * life[j] / shelf
        limit = (
            reinvestment[j] * max(revenue[j] - inference[j] - fixed[j], 0.0)
            + funding[j] * fade[j] * revenue[j]
        )
        train[j] = min(plan[j], limit)
        part = select(n == 0, 1.0, min(1.0, speed / shelf))
        amortised[j] += (train[j] - amortised[j]) * part
