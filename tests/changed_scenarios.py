"""Scenarios that lie over `base`, written for one test."""

from pathlib import Path

from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.spec import ScenarioSpec

COOLING = """
[hop.cooling]
title = "Cooling"
after = "datacenter"
normal_return = 0.05
premium_cap = 0.5
scarcity = 0.5
monopoly = 0.5
pricing_power = 0.5
scarcity_long = 0.5
monopoly_long = 0.5
pricing_power_long = 0.5
reversion = 0.3
volatility = 0.1
tightness = 0.1
tightness_beta = 0.5
expansion_lag = 1.0
expansion_limit = 0.5
price_lag = 1.0
fixed_cost = 0.05
[edge.datacenter-cooling]
share = 0.05
"""


def overlay(folder: Path, text: str, name: str = "changed") -> ScenarioSpec:
    """Write a file that extends `base` and load it."""
    path = folder / f"{name}.toml"
    path.write_text(f'extends = "base"\n{text}', encoding="utf-8")
    return load_scenario(path)
