"""A stand-in for `sandwich_sim.simulation`: the command line without a kernel."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from sandwich_sim.results.summary import ENDS, Distribution, Estimate, EventSummary, HopSummary, Summary

HOPS = {
    "app": "Apps and agents",
    "lab": "Model labs",
    "cloud": "Clouds",
    "chips": "Chip designers",
    "datacenter": "Data centers",
    "foundry": "Foundry and packaging",
    "memory": "HBM memory",
    "power": "Electricity",
}
EVENTS = {
    "thesis_falsified": "All-in margin (training amortized) expands three years running, by a point a year",
    "lab_profit_center": "All-in and inference margin expand three years running, to above zero",
}


@dataclass(frozen=True)
class Progress:
    done: int
    total: int
    seconds: float
    stage: str


@dataclass(frozen=True)
class RunResult:
    folder: Path
    reused: bool
    run_digest: str
    summary: Summary
    seconds: float
    warnings: tuple[str, ...] = ()
    failed: bool = False
    resumed: int = 0


def make_summary(hops: dict[str, str] = HOPS, error: float = 0.0002, **changes: Any) -> Summary:
    """A summary of plausible size, with negative margins and years like those of a run."""
    numbers = random.Random(1)

    def distributions(factor: float = 1.0) -> dict[str, Distribution]:
        found = {}
        for end in ENDS:
            middle, spread = numbers.uniform(-0.3, 0.6), numbers.uniform(0.01, 0.3)
            quantiles = {0.05: middle - spread, 0.5: middle, 0.95: middle + spread}
            found[end] = Distribution(
                Estimate(middle * factor, error * factor),
                {level: Estimate(value * factor, error * factor) for level, value in quantiles.items()},
            )
        return found

    def event(name: str, title: str) -> EventSummary:
        by_year = {2026 + i: Estimate(min(1.0, 0.1 * i), error) for i in range(11)}
        return EventSummary(name, title, by_year[2036], by_year, by_year)

    values: dict[str, Any] = {
        "name": "base",
        "title": "Follow one dollar, mid-2026",
        "sampler": "sobol",
        "keep": "outcomes",
        "n_trajectories": 262144,
        "seed": 20260701,
        "start": "2026-07-01",
        "horizon": "2036-07-01",
        "hops": tuple(
            HopSummary(name, title, distributions(), distributions(), distributions(100.0), distributions())
            for name, title in hops.items()
        ),
        "events": tuple(event(name, title) for name, title in EVENTS.items()),
        "interval_factor": 2.13,
        "failures": {},
        "first_failure": {},
        "undefined_share": {"start": 0.0, "horizon": 0.0},
        "alternation": dict.fromkeys(hops, 0.0),
    }
    return Summary(**values | changes)


@dataclass
class FakeEngine:
    """What `run` was asked, and what it does instead of simulating.

    Attributes
    ----------
    calls : list of dict
        The keyword arguments of each call, with the scenario's name as ``name``.
    behavior : callable, optional
        Called with each of them; it may raise, or return changes to the result.
    """

    behavior: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda call: None
    calls: list[dict[str, Any]] = field(default_factory=list)

    def run(self, spec: Any, **options: Any) -> RunResult:
        call = {"name": spec.name, **options}
        self.calls.append(call)
        total = options["trajectories"] or spec.run.trajectories
        options["progress"](Progress(0, total, 0.0, "simulate"))
        changes = self.behavior(call) or {}
        options["progress"](Progress(total, total, 0.1, "write"))
        folder = options["output"] or options["root"] / f"{spec.name}-{spec.digest[:8]}"
        return RunResult(
            **{
                "folder": folder,
                "reused": False,
                "run_digest": "1a2b3c4d" * 8,
                "summary": make_summary(),
                "seconds": 0.1,
            }
            | changes
        )

    def install(self) -> None:
        """Take the place of the real module in this process."""
        module = ModuleType("sandwich_sim.simulation")
        module.run = self.run  # type: ignore[attr-defined]
        sys.modules["sandwich_sim.simulation"] = module
