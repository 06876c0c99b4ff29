"""The statistical stages of a gate: paired, unpaired, and the drift since the last release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.gate_drift import judge_drift
from sandwich_sim.analysis.gate_rule import (
    Judged,
    Levels,
    judge_apart,
    judge_distribution,
    judge_paired,
    overall,
)
from sandwich_sim.analysis.gate_statistics import GateStatistic, bounded_values, rounded, sums_of
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.studies.gate_baseline import Baseline
from sandwich_sim.studies.gate_file import GateFile
from sandwich_sim.studies.gate_metrics import GateMetrics
from sandwich_sim.studies.gate_observe import observe_values
from sandwich_sim.studies.gate_old_side import OtherPython
from sandwich_sim.studies.gate_report import Moved, ScenarioVerdict

Floats = NDArray[np.float64]

LEAST_CORRELATION = 0.3
"""Of old and new over trajectories: below it, the two sides did not meet the same random numbers."""


@dataclass(frozen=True)
class Case:
    """One scenario before the gate.

    Attributes
    ----------
    gate : GateFile
    spec : ScenarioSpec
    wanted : GateMetrics
    levels : Levels
    """

    gate: GateFile
    spec: ScenarioSpec
    wanted: GateMetrics
    levels: Levels

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outcomes."""
        return tuple(metric.name for metric in self.wanted.metrics)

    def values(self, side: str, first: int, stop: int) -> Floats:
        """Run trajectories of a side; rounded as a baseline keeps them."""
        seed = self.gate.seed(self.spec.name, side)
        return np.asarray(
            rounded(observe_values(self.spec, self.wanted.metrics, first=first, stop=stop, seed=seed)),
            dtype=np.float64,
        )

    def looks(self, max_looks: int) -> tuple[int, ...]:
        """Return the looks that may be taken."""
        return self.gate.looks[: max_looks or len(self.gate.looks)]


def compare_paired(
    case: Case,
    baseline: Baseline,
    max_looks: int,
    old_python: OtherPython | None,
    first_look: OtherPython | None,
) -> ScenarioVerdict:
    """Stages B and E: the same trajectories of both sides, look after look.

    Parameters
    ----------
    old_python : OtherPython, optional
        Computes the old side of later looks; without it there is only the first.
    first_look : OtherPython, optional
        Computes the old side of the first look too, so that a platform is not blamed on a change.
    """
    rows = [list(baseline.metrics).index(name) for name in case.names]
    statistics = [s for s in case.wanted.statistics if s.kind != "distribution"]
    seed = case.gate.seed(case.spec.name, "paired")
    old = np.asarray(baseline.values[rows], dtype=np.float64)
    if first_look is not None:
        old = first_look.values(baseline, case.names, 0, case.gate.looks[0], seed)
    new = np.empty((len(rows), 0))
    found: ScenarioVerdict | None = None
    for n in case.looks(max_looks):
        if n > old.shape[1]:
            if old_python is None:
                break
            more = old_python.values(baseline, case.names, old.shape[1], n, seed)
            old = np.concatenate([old, more], axis=-1)
        new = np.concatenate([new, case.values("paired", new.shape[1], n)], axis=-1)
        judged = [_judge(case, baseline, statistic, old, new) for statistic in statistics]
        drift = [judge_drift(item, baseline.drift_of(item.statistic.name), case.levels) for item in judged]
        found = _paired_verdict(case, judged, drift, old, new)
        if found.verdict != "INCONCLUSIVE":
            return found
    assert found is not None, "there is a first look"
    if old_python is None and case.gate.looks[-1] > old.shape[1] and not max_looks:
        hint = "later looks need the old side: name a Python that has it with --baseline-python"
        found = replace(found, notes=(*found.notes, hint))
    return found


def _judge(case: Case, baseline: Baseline, statistic: GateStatistic, old: Floats, new: Floats) -> Judged:
    row = case.names.index(statistic.outcome)
    threshold = baseline.thresholds.get(statistic.name, 0.0)
    before, now = (bounded_values(statistic, side[row], threshold) for side in (old, new))
    return judge_paired(statistic, before, now, case.levels)


def _paired_verdict(
    case: Case, judged: list[Judged], drift: list[Judged], old: Floats, new: Floats
) -> ScenarioVerdict:
    name, n = case.spec.name, new.shape[1]
    base = ScenarioVerdict(
        name, "CHANGED", "B", "", n, tuple(judged), tuple(drift), moved=_moved(case, old, new)
    )
    correlation = _pairing(judged)
    if correlation < LEAST_CORRELATION:
        reason = (
            f"the two sides hardly hang together (correlation {correlation:.2f}): the random streams moved, "
            "though stream_version does not say so, or it is another scenario"
        )
        return replace(base, reason=reason)
    verdict, stage = overall(item.verdict for item in judged), "B"
    if verdict != "CHANGED":
        drifted = overall(item.verdict for item in drift)
        if drifted != "EQUIVALENT":
            verdict, stage, judged = drifted, "E", drift
    return replace(base, verdict=verdict, stage=stage, reason=describe(judged, verdict, stage))


def _pairing(judged: Sequence[Judged]) -> float:
    """Median correlation of the two sides; 1 where nothing varies."""
    known = [item.correlation for item in judged if not isnan(item.correlation)]
    return float(np.median(known)) if known else 1.0


def _moved(case: Case, old: Floats, new: Floats) -> Moved:
    scales = np.full(len(case.names), np.inf)
    for statistic in case.wanted.statistics:
        if statistic.kind == "mean":
            row = case.names.index(statistic.outcome)
            scales[row] = min(scales[row], statistic.margin)
    differs = ~((old == new) | (np.isnan(old) & np.isnan(new)))
    with np.errstate(invalid="ignore"):
        change = np.nan_to_num(np.abs(new - old)) / scales[:, None]
    row = int(np.argmax(change)) // change.shape[1]
    touched = differs.any(axis=0)
    largest = float(change.max())
    return Moved(
        changed=float(touched.mean()),
        material=float((change > 0.01).any(axis=0).mean()),
        largest=largest,
        outcome=case.names[row] if largest > 0.0 else "",
        trajectories=tuple(int(i) for i in np.flatnonzero(touched)[:5]),
        seed=case.gate.seed(case.spec.name, "paired"),
    )


def compare_apart(
    case: Case, baseline: Baseline, max_looks: int, *, side: str, stage: str
) -> ScenarioVerdict:
    """Stages C and D: independent trajectories, against the sums that the baseline keeps."""
    new = np.empty((len(case.names), 0))
    found: ScenarioVerdict | None = None
    for n in case.looks(max_looks):
        new = np.concatenate([new, case.values(side, new.shape[1], n)], axis=-1)
        judged = tuple(
            judge_side(baseline, s, new[case.names.index(s.outcome)], case.levels)
            for s in case.wanted.statistics
        )
        verdict = overall(item.verdict for item in judged)
        reason = describe(judged, verdict, stage)
        found = ScenarioVerdict(case.spec.name, verdict, stage, reason, n, judged)
        if verdict != "INCONCLUSIVE":
            break
    assert found is not None, "there is a first look"
    return found


def judge_side(baseline: Baseline, statistic: GateStatistic, values: Floats, levels: Levels) -> Judged:
    """Judge independent trajectories against a baseline's sums."""
    if statistic.kind == "distribution":
        grid = np.asarray(baseline.grids[statistic.name], dtype=np.float64)
        return judge_distribution(statistic, grid, baseline.looks[-1], values, levels)
    own = bounded_values(statistic, values, baseline.thresholds.get(statistic.name, 0.0))
    return judge_apart(statistic, baseline.sums[statistic.name], sums_of(statistic, own), levels)


def describe(judged: Sequence[Judged], verdict: str, stage: str) -> str:
    """Say in one sentence why a verdict is what it is."""
    since = " since the last release" if stage == "E" else ""
    guilty = [item for item in judged if item.verdict == verdict]
    if verdict == "EQUIVALENT":
        seen = sum(item.is_detectable for item in judged)
        what = f"; {seen} of {len(judged)} detectable, all within their margins" if seen else ""
        return f"no statistic moved by its margin{what}"
    worst = max(guilty, key=lambda item: abs(item.difference) / item.statistic.margin)
    moved = f"{worst.statistic.name} moved by {worst.difference:+.3g}{since}"
    if verdict == "CHANGED":
        more = f", and {len(guilty) - 1} more" if len(guilty) > 1 else ""
        return f"{moved} (margin {worst.statistic.margin:g}){more}"
    return (
        f"{worst.n} trajectories cannot tell for {len(guilty)} of {len(judged)} statistics, such as "
        f"{worst.statistic.name} (between {worst.deciding[0]:+.3g} and {worst.deciding[1]:+.3g}{since}, "
        f"margin {worst.statistic.margin:g})"
    )
