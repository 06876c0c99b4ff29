"""The smallest scenarios that have something to draw."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sandwich_sim.scenario.spec import Edge, RunOptions, ScenarioSpec
from sandwich_sim.scenario.uncertain import Uncertain, Uniform


def spec_of(
    parameters: Mapping[str, Uncertain],
    correlation: tuple[tuple[str, str, float], ...] = (),
    slots: tuple[str, ...] = (),
    edges: tuple[Edge, ...] = (),
) -> ScenarioSpec:
    """Make a scenario of these parameters and nothing else; it can be drawn from, not run."""
    return ScenarioSpec(
        name="small",
        title="",
        summary="",
        start=date(2026, 7, 1),
        years=1,
        steps_per_year=4,
        run=RunOptions(trajectories=16, seed=1, sampler="random", fans=(), keep_series=()),
        hops=(),
        edges=edges,
        demand=(),
        parameters=dict(parameters),
        evidence={},
        correlation=correlation,
        events=(),
        portfolio=(),
        sobol_slots=slots,
        document={},
        digest="",
    )


def uniforms(*names: str, slots: tuple[str, ...] = ()) -> ScenarioSpec:
    """Make a scenario whose inputs show the uniforms behind all draws."""
    return spec_of({name: Uniform(low=0.0, high=1.0) for name in names}, slots=slots)
