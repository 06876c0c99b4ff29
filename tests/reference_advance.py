"""The plain twin, section 9 of docs/model.md: every state moves by one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reference_chain import Array, logit
from reference_step import SMALLEST, Twin


def advance(twin: Twin, shocks: Mapping[str, Array]) -> None:
    """Move every state by one step; right-hand sides use the values of this step."""
    root = np.sqrt(twin.chain.dt)

    def noise(state: str) -> Array:
        return root * shocks[f"shock.{state}"][twin.step]

    moved_share = next_share(twin)
    moved_line = next_line(twin) + twin.p["token_price.volatility"] * noise("line")
    moved_gap = next_gap(twin, noise("gap"), shocks["shock.leap"], shocks["shock.release"])
    twin.s.gap, twin.s.ln_line, twin.s.share = moved_gap, moved_line, moved_share
    advance_costs(twin, noise)
    advance_demand(twin, noise)
    advance_capital(twin)
    for hop in twin.chain.supply:
        advance_supply(twin, hop)
    for factor, hop in twin.s.z:
        advance_factor(twin, factor, hop, noise)
    twin.step += 1


def next_gap(twin: Twin, noise: Array, leaps: Array, releases: Array) -> Array:
    p, s, now, dt = twin.p, twin.s, twin.now, twin.chain.dt
    frontier = np.maximum(now.training / now.plan, 1e-6) ** p["open_source.frontier_elasticity"]
    relative_gap = np.maximum(s.gap, 1e-9) / p["open_source.gap"]
    catch_up = p["open_source.catch_up_speed"] * relative_gap ** p["open_source.catch_up_curvature"]
    drifted = s.gap + 12.0 * dt * (frontier - catch_up) + p["open_source.gap_vol"] * noise
    leapt = drifted + p["open_source.leap_size"] * leaps[twin.step]
    return np.maximum(0.0, leapt * (1.0 - p["open_source.release_size"]) ** releases[twin.step])


def next_line(twin: Twin) -> Array:
    p, s, dt = twin.p, twin.s, twin.chain.dt
    slack = s.ln_line - np.log(twin.now.floor)
    shield = np.exp(-s.gap / p["token_price.pass_through_gap"])
    competed = np.minimum(1.0, p["token_price.pass_through"] * dt * shield) * np.maximum(0.0, slack)
    recovered = np.minimum(1.0, p["token_price.exit_rate"] * dt) * np.maximum(0.0, -slack)
    deflation = twin.fading("token_price.deflation", "token_price.deflation_long")
    return s.ln_line - deflation * dt - competed + recovered


def next_share(twin: Twin) -> Array:
    p, s, now, lab = twin.p, twin.s, twin.now, twin.chain.lab
    drawn_to = now.scarcity[lab] ** p["open_source.share_curvature"]
    speed = p["open_source.switch_speed"] * (1.0 - now.monopoly[lab])
    return s.share + (drawn_to - s.share) * np.minimum(1.0, speed * twin.chain.dt)


def advance_costs(twin: Twin, noise: Any) -> None:
    p, s, dt = twin.p, twin.s, twin.chain.dt
    hardware = twin.fading("compute_cost.hardware_decline", "compute_cost.hardware_decline_long")
    software = twin.fading("compute_cost.software_decline", "compute_cost.software_decline_long")
    training = twin.fading("lab.training_growth", "lab.training_growth_long")
    s.hardware = s.hardware + hardware * dt + p["compute_cost.hardware_vol"] * noise("hardware")
    s.software = s.software + software * dt + p["compute_cost.software_vol"] * noise("software")
    s.energy = s.energy + p["compute_cost.energy_drift"] * dt
    s.energy = s.energy + p["compute_cost.energy_vol"] * noise("energy")
    s.ln_plan = s.ln_plan + training * dt
    pull = p["lab.cost_edge_reversion"] * dt * (np.log(p["lab.cost_edge_long"]) - s.ln_edge)
    s.ln_edge = s.ln_edge + pull + p["lab.cost_edge_vol"] * noise("edge")


def advance_demand(twin: Twin, noise: Any) -> None:
    p, s, now, dt = twin.p, twin.s, twin.now, twin.chain.dt
    for hop in twin.chain.demand:
        long_run = p[f"demand.{hop}.growth_long"]
        above = now.declared_growth[hop] - long_run
        s.growth[hop] = s.growth[hop] + (long_run + above * now.room) * dt
    surprise = np.where(s.surprise > 0.0, s.surprise * now.room, s.surprise)
    s.demand = s.demand + surprise * dt + p["demand_shock.volatility"] * noise("demand")
    fade = np.minimum(1.0, p["demand_shock.surprise_reversion"] * dt)
    s.surprise = s.surprise * (1.0 - fade) + p["demand_shock.surprise_vol"] * noise("surprise")


def advance_capital(twin: Twin) -> None:
    p, s, now, dt = twin.p, twin.s, twin.now, twin.chain.dt
    for edge in twin.chain.capital_edges:
        life = p[f"edge.{edge[0]}-{edge[1]}.life"]
        s.stock[edge] = s.stock[edge] + dt * (now.investment[edge] - s.stock[edge] / life)
        s.book[edge] = s.book[edge] + dt * (now.purchase[edge] - now.depreciation[edge])


def advance_supply(twin: Twin, hop: str) -> None:
    p, s, now, dt = twin.p, twin.s, twin.now, twin.chain.dt
    lag = p[f"hop.{hop}.expansion_lag"]
    lowest, highest = p["compute_cost.trend_min"], p["compute_cost.trend_max"]
    ln_sales = np.log(np.maximum(now.revenue[hop], SMALLEST)) - np.log(now.index[hop])
    if twin.step == 0:
        s.trend[hop] = np.clip(twin.growth0 + twin.cost_decline(hop), lowest, highest)
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


def advance_factor(twin: Twin, factor: str, hop: str, noise: Any) -> None:
    p, s = twin.p, twin.s
    z = s.z[factor, hop]
    pull = p[f"hop.{hop}.reversion"] * twin.chain.dt * (logit(p[f"hop.{hop}.{factor}_long"]) - z)
    s.z[factor, hop] = z + pull + p[f"hop.{hop}.volatility"] * noise(f"hop.{hop}.{factor}")
