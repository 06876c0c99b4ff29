"""A chain of three hops in which nothing grows, fades or fluctuates; its numbers are round."""

from __future__ import annotations

from typing import Any

LEVELS = ("scarcity", "monopoly", "pricing_power")


def still_document() -> dict[str, Any]:
    """Return the scenario document; a call makes a fresh one."""
    still_hop = {"normal_return": 0.25, "premium_cap": 0.0, "reversion": 0.3, "volatility": 0.0}
    still_hop |= dict.fromkeys(LEVELS, 0.5) | {"fixed_cost": 0.0}
    lab = {"role": "lab", "premium_cap": 0.0, "monopoly": 0.5, "pricing_power": 0.5}
    lab |= {"reversion": 0.3, "volatility": 0.0, "fixed_cost": 0.0}
    return {
        "time": {"start": "2026-07-01", "years": 3, "steps_per_year": 4},
        "token_price": {
            "deflation": 0.0, "volatility": 0.0, "open_markup": 1.0, "pass_through": 2.0,
            "pass_through_gap": 6.0, "exit_rate": 4.0, "open_return": 0.0,
        },
        "open_source": {
            "gap": 4.0, "catch_up_speed": 1.0, "catch_up_curvature": 0.15, "gap_vol": 0.0,
            "release_rate": 0.0, "release_size": 0.5, "leap_rate": 0.0, "leap_size": 3.0,
            "frontier_elasticity": 0.05, "scarcity_gap": 3.0, "switch_speed": 0.0,
            "closed_share": 0.5, "share_curvature": 0.25, "closed_size": 3.5,
        },
        "compute_cost": {
            "hardware_decline": 0.0, "hardware_vol": 0.0, "software_decline": 0.0, "trend_decay": 6.0,
            "software_vol": 0.0, "energy_drift": 0.0, "energy_vol": 0.0, "capital_cost": 0.05,
            "foresight": 0.6, "maintenance": 0.3, "trend_min": -0.25, "trend_max": 1.5,
        },
        "lab": {
            "training": 10.0, "training_growth": 0.0, "training_to_cloud": 0.5, "shelf_life": 0.5,
            "shelf_min": 0.2, "shelf_max": 1.5, "shelf_curvature": 0.5, "reinvestment": 1.0,
            "funding": 0.5, "funding_decay": 1000.0, "cost_edge": 0.8, "cost_edge_reversion": 0.5,
            "cost_edge_vol": 0.0,
        },
        "demand_shock": {
            "volatility": 0.0, "surprise_vol": 0.0, "surprise_reversion": 0.7, "ceiling": 6000.0,
            "ceiling_growth": 0.0,
        },
        "hop": {
            "lab": lab,
            "cloud": dict(still_hop, role="compute"),
            "chips": dict(still_hop, cost_driver="hardware"),
        },
        "edge": {"cloud-chips": {"kind": "capital", "share": 0.5, "life": 4.0, "lag": 1.0}},
        "demand": {"lab": {"spend": 100.0, "growth": 0.0, "growth_decay": 2.0, "elasticity": 1.0}},
    }  # fmt: skip
