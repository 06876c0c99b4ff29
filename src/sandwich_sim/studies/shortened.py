"""Scenarios cut off at the last date that is asked for: what comes later changes nothing before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sandwich_sim.analysis.metrics import parse_metrics
from sandwich_sim.scenario.spec import ScenarioSpec


def shortened(spec: ScenarioSpec, metrics: Sequence[str]) -> ScenarioSpec:
    """Return a scenario that ends with the year of the last record that is looked at.

    Parameters
    ----------
    spec : ScenarioSpec
    metrics : sequence of str
        Outcomes by name.

    Returns
    -------
    ScenarioSpec
        The same one if an outcome concerns the whole run. Otherwise it differs in ``years`` alone
        (and has lost its digest): every record up to its end has the same bits, because draws and
        shocks are addressed by trajectory and step.
    """
    records = [metric.record if metric.kind == "series" else -1 for metric in parse_metrics(metrics, spec)]
    if min(records, default=-1) < 0:
        return spec
    years = max(1, -(-max(records) // spec.steps_per_year))
    return replace(spec, years=years, digest="") if years < spec.years else spec
