"""The capital account of one edge: goods bought ahead at user cost (docs/model.md, section 7)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import rowwise
from sandwich_sim.kernels.inputs import ModelInputs
from sandwich_sim.kernels.rows import (
    CAPEX,
    DECLARED,
    DEPRECIATION,
    E_BOOK,
    E_DEPRECIATION,
    E_GAP_RATE,
    E_LEARNING,
    E_LIFE_RATE,
    E_LOG_TARGET,
    E_PURCHASE,
    E_STOCK,
    E_SURPRISE,
    E_USER_COST,
    E_WEIGHT,
    FORESIGHT,
    GROWTH_START,
    LOG_PRICE,
    MAINTENANCE,
    N_PER_HOP,
    PSI,
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
    base: NDArray[np.float64],
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Set purchase and depreciation of capital edge ``e`` of buyer ``h`` at step n.

    On the first step ``edge[E_STOCK]`` holds the stock ratio and ``edge[E_SURPRISE]`` the
    expected growth; both become states here, where K* and the declared growth are known.
    """
    supplier = inputs.edge_supplier[e]
    has_psi = float(inputs.is_hardware[supplier])
    psi, declared, foresight = chain[PSI], chain[DECLARED], chain[FORESIGHT]
    life_rate, user_cost, gap_rate = edge[E_LIFE_RATE, e], edge[E_USER_COST, e], edge[E_GAP_RATE, e]
    weight, price = edge[E_WEIGHT, e], hop[LOG_PRICE, supplier]
    stock, surprise, log_target = edge[E_STOCK, e], edge[E_SURPRISE, e], edge[E_LOG_TARGET, e]
    learning, purchase = edge[E_LEARNING, e], edge[E_PURCHASE, e]
    lowest, highest, maintenance = chain[TREND_MIN], chain[TREND_MAX], chain[MAINTENANCE]
    inverse_dt = 1.0 / inputs.dt
    for j in range(base.size):
        known = foresight[j] * (declared[j] + has_psi * psi[j])
        unit_price = exp(price[j])
        target = weight[j] * base[j] / ((user_cost[j] + has_psi * psi[j]) * unit_price)
        log_now = log(max(target, LEAST))
        if n == 0:
            stock[j] *= target
            surprise[j] -= known
        else:
            surprise[j] += ((log_now - log_target[j]) * inverse_dt - known - surprise[j]) * learning[j]
        log_target[j] = log_now
        growth = min(max(known + surprise[j], lowest[j]), highest[j])
        order = (life_rate[j] + growth) * stock[j] + (target - stock[j]) * gap_rate[j]
        purchase[j] = max(maintenance[j] * stock[j] * life_rate[j], order) * unit_price
    book, depreciation, growth_start = edge[E_BOOK, e], edge[E_DEPRECIATION, e], chain[GROWTH_START]
    first = N_PER_HOP * inputs.n_hop
    capex, total_depreciation = record[first + CAPEX], record[first + DEPRECIATION]
    for j in range(base.size):
        if n == 0:
            book[j] = purchase[j] / (life_rate[j] + growth_start[j])
        depreciation[j] = book[j] * life_rate[j]
        capex[j] += purchase[j]
        total_depreciation[j] += depreciation[j]


@rowwise
def capital_advance(inputs: ModelInputs, hop: NDArray[np.float64], edge: NDArray[np.float64]) -> None:
    """Add what was bought to stock and book, less what wears out, after recording."""
    for e in range(inputs.edge_supplier.size):
        if inputs.edge_is_capital[e] == 0:
            continue
        price, life_rate = hop[LOG_PRICE, inputs.edge_supplier[e]], edge[E_LIFE_RATE, e]
        stock, book = edge[E_STOCK, e], edge[E_BOOK, e]
        purchase, depreciation = edge[E_PURCHASE, e], edge[E_DEPRECIATION, e]
        dt = inputs.dt
        for j in range(stock.size):
            stock[j] += dt * (purchase[j] * exp(-price[j]) - stock[j] * life_rate[j])
            book[j] += dt * (purchase[j] - depreciation[j])
