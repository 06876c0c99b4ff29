"""The capital account of one edge: goods bought ahead at user cost (docs/model.md, section 7)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import rowwise
from sandwich_sim.kernels.inputs import ModelInputs
from sandwich_sim.kernels.rows import (
    BASE,
    CAPEX,
    DECLARED,
    DEPRECIATION,
    DOLLAR,
    E_BOOK,
    E_GAP_RATE,
    E_LEARNING,
    E_LIFE_RATE,
    E_LOG_TARGET,
    E_ORDER,
    E_PURCHASE,
    E_STOCK,
    E_SURPRISE,
    E_USER_COST,
    E_WEIGHT,
    FORESIGHT,
    GROWTH_START,
    INVERSE_REVENUE,
    LOG_PRICE,
    MAINTENANCE,
    N_PER_HOP,
    PAYMENTS,
    PSI,
    REVENUE,
    SCRATCH,
    SCRATCH_2,
    TREND_MAX,
    TREND_MIN,
)
from sandwich_sim.kernels.vmath import exp, log

LEAST = 1e-12
"""Targets are taken as at least this in logarithms."""


@rowwise
def capital_edge(
    inputs: ModelInputs,
    n: int,
    e: int,
    h: int,
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Buy on capital edge ``e`` of buyer ``h`` at step n, and send the dollar along.

    On the first step ``edge[E_STOCK]`` holds the stock ratio and ``edge[E_SURPRISE]`` the
    expected growth; both become states here, where K* and the declared growth are known.
    """
    n_hop, inverse_dt = inputs.n_hop, 1.0 / inputs.dt
    supplier = inputs.edge_supplier[e]
    has_psi = float(inputs.is_hardware[supplier])
    psi, declared, foresight, base = chain[PSI], chain[DECLARED], chain[FORESIGHT], chain[BASE]
    life_rate, user_cost, gap_rate = edge[E_LIFE_RATE, e], edge[E_USER_COST, e], edge[E_GAP_RATE, e]
    weight, price, learning = edge[E_WEIGHT, e], hop[LOG_PRICE, supplier], edge[E_LEARNING, e]
    stock, surprise, log_target = edge[E_STOCK, e], edge[E_SURPRISE, e], edge[E_LOG_TARGET, e]
    lowest, highest, maintenance = chain[TREND_MIN], chain[TREND_MAX], chain[MAINTENANCE]
    orders, purchase = edge[E_ORDER, e], edge[E_PURCHASE, e]
    target, rise, unit_price = chain[SCRATCH], chain[SCRATCH_2], orders
    for j in range(base.size):
        unit_price[j] = exp(price[j])
    for j in range(base.size):
        target[j] = weight[j] * base[j] / ((user_cost[j] + has_psi * psi[j]) * unit_price[j])
    for j in range(base.size):
        log_now = log(max(target[j], LEAST))
        rise[j] = log_now - log_target[j]
        log_target[j] = log_now
    for j in range(base.size):
        known = foresight[j] * (declared[j] + has_psi * psi[j])
        if n == 0:
            stock[j] *= target[j]
            surprise[j] -= known
        else:
            surprise[j] += (rise[j] * inverse_dt - known - surprise[j]) * learning[j]
        growth = min(max(known + surprise[j], lowest[j]), highest[j])
        order = (life_rate[j] + growth) * stock[j] + (target[j] - stock[j]) * gap_rate[j]
        order = max(maintenance[j] * stock[j] * life_rate[j], order)
        purchase[j] = order * unit_price[j]
        orders[j] = order
    if n == 0:
        book, growth_start = edge[E_BOOK, e], chain[GROWTH_START]
        for j in range(book.size):
            book[j] = purchase[j] / (life_rate[j] + growth_start[j])
    capital_payments(n_hop, e, supplier, h, hop, edge, chain, record)


@rowwise
def capital_payments(
    n_hop: int,
    e: int,
    supplier: int,
    h: int,
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """The supplier gets the purchase; the buyer's cost and the dollar follow depreciation."""
    capex, total_depreciation = record[N_PER_HOP * n_hop + CAPEX], record[N_PER_HOP * n_hop + DEPRECIATION]
    book, life_rate, purchase = edge[E_BOOK, e], edge[E_LIFE_RATE, e], edge[E_PURCHASE, e]
    inverse, payments, dollar = chain[INVERSE_REVENUE], hop[PAYMENTS, h], hop[DOLLAR, h]
    supplier_revenue, supplier_dollar = record[REVENUE * n_hop + supplier], hop[DOLLAR, supplier]
    for j in range(book.size):
        depreciation = book[j] * life_rate[j]
        capex[j] += purchase[j]
        total_depreciation[j] += depreciation
        supplier_revenue[j] += purchase[j]
        payments[j] += depreciation
        supplier_dollar[j] += dollar[j] * inverse[j] * depreciation


@rowwise
def capital_advance(inputs: ModelInputs, edge: NDArray[np.float64]) -> None:
    """Add what was bought to stock and book, less what wears out, after recording."""
    dt = inputs.dt
    for e in range(inputs.edge_supplier.size):
        if inputs.edge_is_capital[e] == 0:
            continue
        life_rate, stock, book = edge[E_LIFE_RATE, e], edge[E_STOCK, e], edge[E_BOOK, e]
        order, purchase = edge[E_ORDER, e], edge[E_PURCHASE, e]
        for j in range(stock.size):
            stock[j] += dt * (order[j] - stock[j] * life_rate[j])
            book[j] += dt * (purchase[j] - book[j] * life_rate[j])
