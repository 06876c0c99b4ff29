"""What must never differ while code says that its random streams and the scenario are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric
from sandwich_sim.scenario.digest import raw_number
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.studies.gate_baseline import Baseline
from sandwich_sim.studies.gate_observe import PROBE_SAMPLERS, Probe

Floats = NDArray[np.float64]

SAME_DRAW = 1e-9
"""Relative: draws are the same on every platform but for rounding in quantile functions."""
_SINGLE_PRECISION = 3e-6
"""Median relative change above which something else than a loss of digits is going on."""


def check_units(baseline: Baseline, metrics: Sequence[Metric]) -> list[str]:
    """Compare the units of outcomes."""
    return [
        f"{metric.name} is now in {metric.unit}, and was in {baseline.metrics[metric.name]}"
        for metric in metrics
        if baseline.metrics.get(metric.name, metric.unit) != metric.unit
    ]


def unchanged_inputs(old: ScenarioSpec | None, new: ScenarioSpec) -> set[str]:
    """Return the drawn inputs that both scenarios define alike, and so must draw alike.

    Parameters
    ----------
    old : ScenarioSpec or None
        None where the scenarios are the same.
    """
    if old is None:
        return set(new.drawn)
    same = {
        name
        for name in set(old.drawn) & set(new.drawn)
        if _plain(raw_number(old.document, name)) == _plain(raw_number(new.document, name))
    }
    if old.correlation != new.correlation:
        same -= {name for spec in (old, new) for a, b, _ in spec.correlation for name in (a, b)}
    return same


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key not in ("source", "note")}
    return value


def check_draws(baseline: Baseline, new: ScenarioSpec, draws: Floats, same: set[str]) -> list[str]:
    """Compare the first draws of each sampler, input by input."""
    old = baseline.probe
    names = [name for name in old.drawn if name in same]
    before = [old.drawn.index(name) for name in names]
    now = [new.drawn.index(name) for name in names]
    found = []
    for number, sampler in enumerate(PROBE_SAMPLERS):
        wrong = _names_of_moved(names, old.draws[number][before], draws[number][now])
        if wrong:
            found.append(
                f"sampler {sampler}: {len(wrong)} of {len(names)} inputs draw other numbers than before "
                f"({_some(wrong)}), though neither the scenario nor stream_version says so"
            )
    return found


def check_shocks(baseline: Baseline, probe: Probe) -> list[str]:
    """Compare the random shocks of a few trajectories."""
    old = baseline.probe
    names = [name for name in old.shocks if name in probe.shocks]
    n_step = min(old.normals.shape[1], probe.normals.shape[1])
    before = old.normals[[old.shocks.index(name) for name in names], :n_step]
    now = probe.normals[[probe.shocks.index(name) for name in names], :n_step]
    wrong = _names_of_moved(names, before, now)
    if not wrong:
        return []
    return [
        f"{len(wrong)} of {len(names)} shocks are other numbers than before ({_some(wrong)}), "
        "though stream_version does not say so"
    ]


def check_precision(baseline: Baseline, probe: Probe, limit: float) -> list[str]:
    """Notice that digits were lost: every value moved, by more than rounding and less than matters."""
    old, new = baseline.probe.yearly, probe.yearly
    if old.shape != new.shape or baseline.probe.series != probe.series:
        return []
    scale = np.maximum(np.abs(old), np.abs(new))
    is_known = np.isfinite(scale) & (scale > 1e-9)
    change = float(np.median(np.abs(new - old)[is_known] / scale[is_known])) if is_known.any() else 0.0
    if not limit < change < _SINGLE_PRECISION:
        return []
    return [
        f"values moved by {change:.1g} of themselves, the median one: more than double precision explains, "
        "and as much as where something is computed in 32 bits"
    ]


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _names_of_moved(names: list[str], old: Floats, new: Floats) -> list[str]:
    """Return the names of the rows that differ."""
    scale = np.maximum(np.maximum(np.abs(old), np.abs(new)), 1e-6)
    moved = np.abs(new - old) > SAME_DRAW * scale
    return [name for name, row in zip(names, moved, strict=True) if row.any()]
