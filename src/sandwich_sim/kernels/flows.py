"""Money flows, downstream to upstream (docs/model.md, sections 6 and 8).

One pass over the hops: a hop's revenue is complete when its turn comes, since all its buyers
are listed before it. The dollar walk goes along: ``hop[DOLLAR]`` is the part of the walked
dollar that arrives at a hop.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import rowwise
from sandwich_sim.kernels.capital import capital_edge
from sandwich_sim.kernels.inputs import ModelInputs
from sandwich_sim.kernels.rows import (
    ALL_IN_MARGIN,
    AMORTISED,
    BASE,
    BLEND,
    CAPEX,
    COST,
    D_SPEND,
    DEPRECIATION,
    DOLLAR,
    DOLLAR_OTHER,
    DOLLAR_PROFIT,
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
    INVERSE_REVENUE,
    INVERSE_SPEND,
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
    PRICE,
    PROFIT,
    REINVESTMENT,
    REVENUE,
    SCRATCH,
    SHELF_CURVATURE,
    SHELF_LIFE,
    SHELF_MAX,
    SHELF_MIN,
    TOKENS,
    TRAIN,
    TRAINING,
    TRAINING_AMORTISED,
    TRAINING_PLAN,
    TRAINING_TO_CLOUD,
    G,
    X,
)
from sandwich_sim.kernels.vectors import copy, fill
from sandwich_sim.kernels.vmath import exp, log

LEAST = 1e-12
"""Revenues are taken as at least this in logarithms and ratios [bn USD/yr]."""
REVENUE_SUM, PROFIT_SUM, OTHER_SUM, WALKED, ARRIVED = range(5)
"""Sums over hops: revenue, profit, other, the dollar that stays and the one that arrives."""
N_SUMS = 5


@rowwise
def flow_step(
    inputs: ModelInputs,
    n: int,
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    demand: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Send final spend up the chain: revenues, payments, profits and the dollar walk of step n.

    ``sums`` is scratch, shape (5, width): the sums over hops that shares and identities need.
    """
    for row in range(N_SUMS):
        fill(sums[row], 0.0)
    n_hop = inputs.n_hop
    first = N_PER_HOP * n_hop
    for h in range(n_hop):
        fill(record[REVENUE * n_hop + h], 0.0)
        fill(hop[DOLLAR, h], 0.0)
    fill(record[first + CAPEX], 0.0)
    fill(record[first + DEPRECIATION], 0.0)
    inverse_spend = chain[INVERSE_SPEND]
    width = inverse_spend.size
    for k in range(inputs.demand_hop.size):
        h = inputs.demand_hop[k]
        spend, revenue, dollar = demand[D_SPEND, k], record[REVENUE * n_hop + h], hop[DOLLAR, h]
        for j in range(width):
            revenue[j] += spend[j]
            dollar[j] += spend[j] * inverse_spend[j]
    for h in range(n_hop):
        if h == inputs.lab:
            lab_flows(inputs, n, hop, chain, record, sums)
        else:
            hop_flows(inputs, n, h, hop, edge, chain, record, sums)


@rowwise
def start_fixed_cost(
    rate: NDArray[np.float64],
    revenue: NDArray[np.float64],
    growth: NDArray[np.float64],
    fixed: NDArray[np.float64],
) -> None:
    """At the start, fixed cost lags steady growth by a year."""
    for j in range(fixed.size):
        fixed[j] = rate[j] * revenue[j] / (1.0 + max(growth[j], 0.0))


@rowwise
def hop_flows(
    inputs: ModelInputs,
    n: int,
    h: int,
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Split one hop's revenue into payments, own cost, fixed cost and profit; pass the dollar on.

    The compute hop's margin on hosting open weights comes on top of its markup.
    """
    n_hop = inputs.n_hop
    revenue, inverse_markup = record[REVENUE * n_hop + h], hop[INVERSE_MARKUP, h]
    base, payments, inverse = chain[BASE], hop[PAYMENTS, h], chain[INVERSE_REVENUE]
    for j in range(base.size):
        base[j] = revenue[j] * inverse_markup[j]
        inverse[j] = 1.0 / max(revenue[j], LEAST)
        payments[j] = 0.0
    if h == inputs.compute:
        host_margin = chain[HOST_MARGIN]
        for j in range(base.size):
            base[j] -= host_margin[j] * inverse_markup[j]
    for e in range(inputs.edge_start[h], inputs.edge_start[h + 1]):
        if inputs.edge_is_capital[e] == 1:
            capital_edge(inputs, n, e, h, hop, edge, chain, record)
        else:
            current_edge(n_hop, e, inputs.edge_supplier[e], h, hop, edge, chain, record)
    fixed, rate = hop[FIXED, h], hop[FIXED_RATE, h]
    if n == 0:
        start_fixed_cost(rate, revenue, chain[GROWTH_START], fixed)
    own = hop[OWN_WEIGHT, h] if inputs.cobb_douglas[h] == 0 else hop[OWN_SHARE, h]
    speed = 0.0 if n == 0 else min(1.0, inputs.dt)
    other = record[OTHER * n_hop + h]
    for j in range(base.size):
        cost = fixed[j] + (rate[j] * revenue[j] - fixed[j]) * speed
        fixed[j] = cost
        other[j] = own[j] * base[j] + cost
    close_books(n_hop, h, hop, inverse, record, sums)


@rowwise
def current_edge(
    n_hop: int,
    e: int,
    supplier: int,
    h: int,
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Buy what edge ``e`` of buyer ``h`` uses up, and send the dollar along."""
    base, inverse, weight = chain[BASE], chain[INVERSE_REVENUE], edge[E_WEIGHT, e]
    payments, dollar = hop[PAYMENTS, h], hop[DOLLAR, h]
    supplier_revenue, supplier_dollar = record[REVENUE * n_hop + supplier], hop[DOLLAR, supplier]
    for j in range(base.size):
        purchase = weight[j] * base[j]
        supplier_revenue[j] += purchase
        payments[j] += purchase
        supplier_dollar[j] += dollar[j] * inverse[j] * purchase


@rowwise
def close_books(
    n_hop: int,
    h: int,
    hop: NDArray[np.float64],
    inverse: NDArray[np.float64],
    record: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Profit is what is left; margins and what stays of the walked dollar follow.

    ``inverse`` is 1 / revenue. The sums that the identities need are added up along the way.
    """
    revenue, other, profit = (
        record[REVENUE * n_hop + h],
        record[OTHER * n_hop + h],
        record[PROFIT * n_hop + h],
    )
    margin, gross_margin = record[MARGIN * n_hop + h], record[GROSS_MARGIN * n_hop + h]
    kept, outside = record[DOLLAR_PROFIT * n_hop + h], record[DOLLAR_OTHER * n_hop + h]
    payments, fixed, dollar = hop[PAYMENTS, h], hop[FIXED, h], hop[DOLLAR, h]
    revenue_sum, profit_sum, other_sum = sums[REVENUE_SUM], sums[PROFIT_SUM], sums[OTHER_SUM]
    walked, arrived = sums[WALKED], sums[ARRIVED]
    for j in range(revenue.size):
        left = revenue[j] - (payments[j] + other[j])
        walk = dollar[j] * inverse[j]
        profit[j] = left
        margin[j] = left * inverse[j]
        gross_margin[j] = (left + fixed[j]) * inverse[j]
        kept[j] = walk * left
        outside[j] = walk * other[j]
        revenue_sum[j] += revenue[j]
        profit_sum[j] += left
        other_sum[j] += other[j]
        walked[j] += kept[j] + outside[j]
        arrived[j] += dollar[j]


@rowwise
def lab_flows(
    inputs: ModelInputs,
    n: int,
    hop: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Split token spend between closed labs and open hosts; the labs serve and train."""
    n_hop, lab, compute = inputs.n_hop, inputs.lab, inputs.compute
    first = N_PER_HOP * n_hop
    revenue, compute_revenue = record[REVENUE * n_hop + lab], record[REVENUE * n_hop + compute]
    dollar, compute_dollar = hop[DOLLAR, lab], hop[DOLLAR, compute]
    blend, share, price, cost = chain[BLEND], chain[X], record[first + PRICE], record[first + COST]
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
    training_step(inputs, n, hop[FIXED_RATE, lab], revenue, hop[FIXED, lab], chain)
    lab_books(n_hop, lab, compute, hop, chain, record)
    close_books(n_hop, lab, hop, chain[INVERSE_REVENUE], record, sums)


@rowwise
def lab_books(
    n_hop: int,
    lab: int,
    compute: int,
    hop: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Send the lab's payments to compute, and write its all-in margin."""
    first = N_PER_HOP * n_hop
    revenue, compute_revenue = record[REVENUE * n_hop + lab], record[REVENUE * n_hop + compute]
    dollar, compute_dollar = hop[DOLLAR, lab], hop[DOLLAR, compute]
    payments, fixed, other = hop[PAYMENTS, lab], hop[FIXED, lab], record[OTHER * n_hop + lab]
    to_cloud, train, inference = chain[TRAINING_TO_CLOUD], chain[TRAIN], chain[INFERENCE]
    amortised, inverse, all_in = chain[AMORTISED], chain[INVERSE_REVENUE], record[first + ALL_IN_MARGIN]
    for j in range(train.size):
        scale = 1.0 / max(revenue[j], LEAST)
        paid = inference[j] + to_cloud[j] * train[j]
        inverse[j] = scale
        payments[j] = paid
        compute_revenue[j] += paid
        compute_dollar[j] += dollar[j] * scale * paid
        other[j] = fixed[j] + (1.0 - to_cloud[j]) * train[j]
        all_in[j] = (revenue[j] - inference[j] - amortised[j]) * scale
    copy(train, record[first + TRAINING])
    copy(amortised, record[first + TRAINING_AMORTISED])


@rowwise
def training_step(
    inputs: ModelInputs,
    n: int,
    rate: NDArray[np.float64],
    revenue: NDArray[np.float64],
    fixed: NDArray[np.float64],
    chain: NDArray[np.float64],
) -> None:
    """Training is the plan or what money allows; it is amortized over a model's shelf life.

    The lab's fixed cost moves along.
    """
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
    inference, shelf = chain[INFERENCE], chain[SCRATCH]
    if n == 0:
        start_fixed_cost(rate, revenue, chain[GROWTH_START], fixed)
    fixed_speed = 0.0 if n == 0 else min(1.0, inputs.dt)
    speed = 1e300 if n == 0 else inputs.dt  # at the start all of it
    for j in range(gap.size):
        log_ratio[j] = log(max(gap[j], 1e-9) * inverse_start[j])
    for j in range(gap.size):
        shelf[j] = life[j] * exp(curvature[j] * log_ratio[j])
    for j in range(gap.size):
        plan[j] = plan_start[j] * life[j] * exp(log_plan[j])
    for j in range(gap.size):
        per_shelf = 1.0 / min(max(shelf[j], shortest[j]), longest[j])
        plan[j] *= per_shelf
        fixed[j] += (rate[j] * revenue[j] - fixed[j]) * fixed_speed
        limit = (
            reinvestment[j] * max(revenue[j] - inference[j] - fixed[j], 0.0)
            + funding[j] * fade[j] * revenue[j]
        )
        train[j] = min(plan[j], limit)
        amortised[j] += (train[j] - amortised[j]) * min(1.0, speed * per_shelf)
