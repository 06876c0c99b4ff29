"""Sandwich-sim: who keeps the AI dollar.

>>> import sandwich_sim
>>> spec = sandwich_sim.load_scenario("base")
>>> dataset = sandwich_sim.simulate(spec, trajectories=4096)

The names below are loaded when they are first used, so that importing the package costs
nothing. The module behind `simulate` is ``simulation.py``: a newcomer to the code starts there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sandwich_sim._version import __version__

if TYPE_CHECKING:
    from sandwich_sim.errors import (
        BusyError,
        IntegrityError,
        ResourceError,
        SandwichSimError,
        ScenarioError,
        UsageError,
    )
    from sandwich_sim.facts import load_facts
    from sandwich_sim.results.dataset import open_run
    from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
    from sandwich_sim.simulation import run, simulate
    from sandwich_sim.studies.recompute import recompute

__all__ = [
    "BusyError",
    "IntegrityError",
    "ResourceError",
    "SandwichSimError",
    "ScenarioError",
    "UsageError",
    "__version__",
    "load_facts",
    "load_scenario",
    "open_run",
    "recompute",
    "run",
    "shipped_scenarios",
    "simulate",
]

_HOME = {
    "BusyError": "errors",
    "IntegrityError": "errors",
    "ResourceError": "errors",
    "SandwichSimError": "errors",
    "ScenarioError": "errors",
    "UsageError": "errors",
    "load_facts": "facts",
    "load_scenario": "scenario.load",
    "open_run": "results.dataset",
    "recompute": "studies.recompute",
    "run": "simulation",
    "shipped_scenarios": "scenario.load",
    "simulate": "simulation",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
