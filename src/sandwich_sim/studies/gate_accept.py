"""`sandwich-sim gate accept`: make the outcomes of the code as it is the new baseline, with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path

import numpy as np

from sandwich_sim._version import __version__
from sandwich_sim.analysis.gate_rule import Judged
from sandwich_sim.analysis.gate_statistics import (
    GRID,
    GateStatistic,
    Sums,
    bounded_values,
    freeze_thresholds,
    rounded,
    sums_of,
)
from sandwich_sim.errors import GateError, IntegrityError, ScenarioError, UsageError
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.sampling import slot_map
from sandwich_sim.scenario.dump import dump_scenario
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.studies.gate import GateOptions, baseline_for, gate_scenario, prepare_case
from sandwich_sim.studies.gate_baseline import Baseline, Step, load_baseline, save_baseline
from sandwich_sim.studies.gate_file import GateFile
from sandwich_sim.studies.gate_observe import observe_bits, observe_probe, platform
from sandwich_sim.studies.gate_report import ScenarioVerdict
from sandwich_sim.studies.gate_stages import Case, compare_apart

MARGIN_OVER_ERROR = 5.0
"""A margin is at least so many standard errors of the baseline at the last look."""
LONGEST_REASON = 500


@dataclass(frozen=True)
class Accepted:
    """What became of one scenario.

    Attributes
    ----------
    name : str
    before : ScenarioVerdict or None
        Against the old baseline; None where there was none that could be compared.
    is_new : bool
        Whether a new baseline was written; False where every bit is the same.
    declared : tuple of str
        Statistics that CHANGED, and whose change counts as meant.
    files : tuple of Path
    """

    name: str
    before: ScenarioVerdict | None
    is_new: bool
    declared: tuple[str, ...]
    files: tuple[Path, ...]


def accept(
    gate: GateFile,
    specs: Mapping[str, ScenarioSpec],
    *,
    reason: str,
    is_release: bool = False,
    options: GateOptions | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Accepted, ...]:
    """Make new baselines; all are computed and confirmed before the first is written.

    Parameters
    ----------
    reason : str
        Why the outcomes are right as they are now; kept with the baseline.
    is_release : bool
        Also begin the ledger of drift anew.

    Raises
    ------
    UsageError
        If there is no reason.
    ScenarioError
        If a margin is finer than the baseline can carry.
    IntegrityError
        If a trajectory is broken, or a baseline would be too large.
    GateError
        If changes within their margins add up to drift, or the baseline is not confirmed by
        a fresh seed.
    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= LONGEST_REASON:
        raise UsageError(f"--reason has {len(reason)} characters. Say why in 1 to {LONGEST_REASON}.")
    options = options or GateOptions()
    cases = [prepare_case(gate, spec) for spec in specs.values()]
    planned: list[tuple[Accepted, Baseline | None]] = []
    for case in cases:
        if progress is not None:
            progress(case.spec.name)
        planned.append(_plan(case, reason, is_release, options))
    done = []
    for accepted, baseline in planned:
        files = save_baseline(baseline, gate.baselines) if baseline is not None else ()
        done.append(replace(accepted, files=files))
    return tuple(done)


def _plan(
    case: Case, reason: str, is_release: bool, options: GateOptions
) -> tuple[Accepted, Baseline | None]:
    name = case.spec.name
    old = _comparable(case)
    before = gate_scenario(case, old, options) if old is not None else None
    if old is not None and before is not None and before.verdict == "IDENTICAL" and not is_release:
        is_same = old.scenario_digest == case.spec.digest and _judges_same(case, old)
        if is_same:
            return Accepted(name, before, False, (), ()), None
    declared = _declared(before)
    if not is_release:
        _refuse_drift(name, before, declared)
    ledger: tuple[Step, ...] = ()
    if old is not None and before is not None and not is_release:
        ledger = (*old.ledger, _step(before, reason, declared))
    new = make_baseline(case, reason, ledger, options)
    _confirm(case, new)
    return Accepted(name, before, True, declared, ()), new


def _comparable(case: Case) -> Baseline | None:
    """Return the old baseline; None where there is none, or other rules made it."""
    if load_baseline(case.spec.name, case.gate.baselines) is None:
        return None
    try:
        return baseline_for(case)
    except UsageError:
        return None


def _judges_same(case: Case, old: Baseline) -> bool:
    """Whether the gate file names the very outcomes that the baseline keeps."""
    names = {statistic.name for statistic in case.wanted.statistics}
    kept = {name for name in old.sums if " < p" not in name}
    return names == kept and list(case.names) == list(old.metrics)


def _declared(before: ScenarioVerdict | None) -> tuple[str, ...]:
    if before is None:
        return ()
    return tuple(item.statistic.name for item in before.judged if item.verdict == "CHANGED")


def _refuse_drift(name: str, before: ScenarioVerdict | None, declared: tuple[str, ...]) -> None:
    drifted = [
        item
        for item in (before.drift if before is not None else ())
        if item.verdict == "CHANGED" and item.statistic.name not in declared
    ]
    if drifted:
        worst = max(drifted, key=lambda item: abs(item.difference) / item.statistic.margin)
        raise GateError(
            f"{name}: {worst.statistic.name} moved by {worst.difference:+.3g} since the last release, in "
            f"steps that were each within the margin; {worst.statistic.margin:g} is allowed in all. If that "
            "is meant, begin anew with --release, in a commit of its own."
        )


def _step(before: ScenarioVerdict, reason: str, declared: tuple[str, ...]) -> Step:
    shifts = {item.statistic.name: _shift(item, before.stage) for item in before.judged}
    shifts = {name: shift for name, shift in shifts.items() if any(shift)}
    return Step(reason, before.verdict, declared, shifts)


def _shift(judged: Judged, stage: str) -> list[float]:
    # Unpaired, all trajectories are other ones: no bound that counts those that changed.
    up, down = (judged.n_up, judged.n_down) if stage in ("B", "E") else (judged.n, 0)
    return [float(f"{judged.difference:.6g}"), float(f"{judged.standard_error:.6g}"), up, down]


def make_baseline(
    case: Case, reason: str, ledger: tuple[Step, ...] = (), options: GateOptions | None = None
) -> Baseline:
    """Run everything that a baseline keeps.

    Raises
    ------
    IntegrityError
        If a trajectory is broken.
    ScenarioError
        If a margin is finer than the baseline can carry.
    """
    gate, spec = case.gate, case.spec
    seed = gate.seed(spec.name, "paired")
    threads = options.threads if options is not None else None
    bits = observe_bits(spec, trajectories=gate.looks[0], seed=seed, threads=threads)
    if bits.broken:
        raise IntegrityError(f"{spec.name}: {bits.broken[0]}. Such outcomes cannot be accepted.")
    values = case.values("paired", 0, gate.looks[0])
    by_name = dict(zip(case.names, values, strict=True))
    statistics, thresholds = freeze_thresholds(case.wanted.statistics, by_name)
    apart = dict(zip(case.names, case.values("apart-old", 0, gate.looks[-1]), strict=True))
    sums = {
        statistic.name: sums_of(
            statistic,
            bounded_values(statistic, apart[statistic.outcome], thresholds.get(statistic.name, 0.0)),
        )
        for statistic in statistics
    }
    _check_margins(case, statistics, sums)
    slots = slot_map(spec)
    return Baseline(
        name=spec.name,
        reason=reason,
        version=__version__,
        gate_version=gate.version,
        scenario_digest=spec.digest,
        stream_version=STREAM_VERSION,
        platform=platform(),
        bits=bits.digest,
        looks=gate.looks,
        metrics={metric.name: metric.unit for metric in case.wanted.metrics},
        thresholds=thresholds,
        sums=sums,
        slots=slots,
        ledger=ledger,
        scenario=dump_scenario(spec),
        values=rounded(values),
        grids={s.name: _grid(apart[s.outcome]) for s in statistics if s.kind == "distribution"},
        probe=observe_probe(spec, seed=seed, trajectories=gate.looks[0], slots=slots),
    )


def _grid(values: np.ndarray) -> np.ndarray:
    filled = np.where(np.isnan(values), -np.inf, values)
    return np.quantile(filled, np.linspace(0.0, 1.0, GRID), method="inverted_cdf").astype(np.float32)


def _check_margins(case: Case, statistics: tuple[GateStatistic, ...], sums: dict[str, Sums]) -> None:
    """Refuse margins below five standard errors of the baseline itself."""
    problems = []
    for statistic in statistics:
        if statistic.kind == "distribution" or statistic.name not in case.wanted.places:
            continue
        own = sums[statistic.name]
        least = MARGIN_OVER_ERROR * own.spread / sqrt(own.n)
        if statistic.margin < least:
            problems.append(
                case.gate.problem(
                    case.wanted.places[statistic.name],
                    f"is {statistic.margin:g}, but {statistic.name} of {case.spec.name} is known to "
                    f"{least / MARGIN_OVER_ERROR:.2g} from {own.n} trajectories. Use {least:.2g} or more, "
                    "or a longer last look.",
                )
            )
    if problems:
        raise ScenarioError(problems)


def _confirm(case: Case, new: Baseline) -> None:
    """Stage D: the code, with a fresh seed, must be equivalent to the baseline it has just made."""
    found = compare_apart(case, new, 0, side="confirm", stage="D")
    if found.verdict != "EQUIVALENT":
        raise GateError(
            f"{case.spec.name}: a fresh seed does not confirm the new baseline ({found.reason}). "
            "Widen that margin, or lengthen the last look.",
            is_open=found.verdict == "INCONCLUSIVE",
        )
