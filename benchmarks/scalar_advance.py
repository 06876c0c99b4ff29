"""Section 9 of docs/model.md for one trajectory in scalar numba; see `scalar_prange.py`."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from scalar_model import OPTIONS, SMALLEST, World, clip, cost_decline


@njit(**OPTIONS)
def noise(shocks: bool, dt: float) -> float:
    # The legacy generator: numba has no other whose state belongs to a thread.
    return math.sqrt(dt) * np.random.standard_normal() if shocks else 0.0  # noqa: NPY002


@njit(**OPTIONS)
def jumps(shocks: bool, rate: float) -> float:
    return float(np.random.poisson(rate)) if shocks else 0.0  # noqa: NPY002


@njit(**OPTIONS)
def advance(w: World, step: int, shocks: bool) -> None:
    advance_tokens(w, shocks)
    advance_costs(w, shocks)
    advance_demand(w, shocks)
    for hop in range(w.chain.n_hop):
        for edge in range(w.chain.edge_start[hop], w.chain.edge_start[hop + 1]):
            if w.chain.is_capital[edge]:
                e = w.e[edge]
                e.stock += w.chain.dt * (e.investment - e.stock / w.edge[edge].life)
                e.book += w.chain.dt * (e.purchase - e.depreciation)
        if hop >= w.chain.compute:
            advance_supply(w, hop, step)
        advance_factors(w, hop, shocks)


@njit(**OPTIONS)
def advance_tokens(w: World, shocks: bool) -> None:
    p, s, dt = w.p, w.s, w.chain.dt
    lab = w.h[w.chain.lab]
    frontier = max(s.training / s.plan, 1e-6) ** p.open_source_frontier_elasticity
    caught = (max(s.gap, 1e-9) / p.open_source_gap) ** p.open_source_catch_up_curvature
    moved = s.gap + 12.0 * dt * (frontier - p.open_source_catch_up_speed * caught)
    moved += p.open_source_gap_vol * noise(shocks, dt)
    moved += p.open_source_leap_size * jumps(shocks, p.open_source_leap_rate * dt)
    releases = jumps(shocks, p.open_source_release_rate * dt)
    slack = s.ln_line - math.log(s.floor)
    shield = math.exp(-s.gap / p.token_price_pass_through_gap)
    fall = p.token_price_deflation_long + (p.token_price_deflation - p.token_price_deflation_long) * s.fade
    s.ln_line += min(1.0, p.token_price_exit_rate * dt) * max(0.0, -slack) - fall * dt
    s.ln_line -= min(1.0, p.token_price_pass_through * dt * shield) * max(0.0, slack)
    s.ln_line += p.token_price_volatility * noise(shocks, dt)
    pull = p.lab_cost_edge_reversion * dt * (math.log(p.lab_cost_edge_long) - s.ln_edge)
    s.ln_edge += pull + p.lab_cost_edge_vol * noise(shocks, dt)
    speed = p.open_source_switch_speed * (1.0 - lab.monopoly)
    s.share += (lab.scarcity**p.open_source_share_curvature - s.share) * min(1.0, speed * dt)
    s.gap = max(0.0, moved * (1.0 - p.open_source_release_size) ** releases)


@njit(**OPTIONS)
def advance_costs(w: World, shocks: bool) -> None:
    p, s, dt = w.p, w.s, w.chain.dt
    extra = p.compute_cost_hardware_decline - p.compute_cost_hardware_decline_long
    s.hardware += (p.compute_cost_hardware_decline_long + extra * s.fade) * dt
    s.hardware += p.compute_cost_hardware_vol * noise(shocks, dt)
    extra = p.compute_cost_software_decline - p.compute_cost_software_decline_long
    s.software += (p.compute_cost_software_decline_long + extra * s.fade) * dt
    s.software += p.compute_cost_software_vol * noise(shocks, dt)
    s.energy += p.compute_cost_energy_drift * dt + p.compute_cost_energy_vol * noise(shocks, dt)
    extra = p.lab_training_growth - p.lab_training_growth_long
    s.ln_plan += (p.lab_training_growth_long + extra * s.fade) * dt


@njit(**OPTIONS)
def advance_demand(w: World, shocks: bool) -> None:
    p, s, dt = w.p, w.s, w.chain.dt
    for k in range(w.chain.demand_hop.size):
        long_run = w.demand[k].growth_long
        w.d[k].growth_sum += (long_run + (w.d[k].growth - long_run) * s.room) * dt
    s.demand += (s.surprise * s.room if s.surprise > 0.0 else s.surprise) * dt
    s.demand += p.demand_shock_volatility * noise(shocks, dt)
    s.surprise -= min(1.0, p.demand_shock_surprise_reversion * dt) * s.surprise
    s.surprise += p.demand_shock_surprise_vol * noise(shocks, dt)


@njit(**OPTIONS)
def advance_supply(w: World, hop: int, step: int) -> None:
    p, h, q, dt = w.p, w.h[hop], w.hop[hop], w.chain.dt
    lowest, highest = p.compute_cost_trend_min, p.compute_cost_trend_max
    ln_sales = math.log(max(h.revenue, SMALLEST)) - h.ln_index
    if step == 0:
        h.trend = clip(w.s.growth_start + cost_decline(w, hop), lowest, highest)
        h.capacity = ln_sales - h.tightness
    else:
        growth = (ln_sales - h.ln_sales) / dt
        h.trend = clip(h.trend + (growth - h.trend) * min(1.0, dt / q.expansion_lag), lowest, highest)
    h.ln_sales = ln_sales
    raw = ln_sales - h.capacity
    h.tightness += (raw - h.tightness) * min(1.0, dt / q.price_lag)
    h.capacity += dt * clip(h.trend + raw / q.expansion_lag, -0.10, q.expansion_limit)


@njit(**OPTIONS)
def advance_factors(w: World, hop: int, shocks: bool) -> None:
    h, q, dt = w.h[hop], w.hop[hop], w.chain.dt
    if hop != w.chain.lab:
        h.z_scarcity += q.reversion * dt * (h.scarcity_long - h.z_scarcity)
        h.z_scarcity += q.volatility * noise(shocks, dt)
    h.z_monopoly += q.reversion * dt * (h.monopoly_long - h.z_monopoly)
    h.z_monopoly += q.volatility * noise(shocks, dt)
    h.z_pricing_power += q.reversion * dt * (h.pricing_power_long - h.z_pricing_power)
    h.z_pricing_power += q.volatility * noise(shocks, dt)
