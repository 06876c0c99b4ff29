"""`sandwich-sim gate`: have the outcomes of scenarios changed since they were accepted?

Stages: A compares bits, B the same trajectories of both sides, C independent trajectories where
random streams have moved, D confirms with fresh seeds, E adds up the drift since the last release.
Seeds follow from the gate's version and the scenario, so that a verdict is the same every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandwich_sim._version import __version__
from sandwich_sim.errors import UsageError
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.results.provenance import fingerprint_parts
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.studies.check_run import checks_by_looks
from sandwich_sim.studies.gate_baseline import Baseline, baseline_digest, load_baseline
from sandwich_sim.studies.gate_file import GateFile
from sandwich_sim.studies.gate_guards import (
    check_draws,
    check_precision,
    check_shocks,
    check_units,
    unchanged_inputs,
)
from sandwich_sim.studies.gate_metrics import (
    GateMetrics,
    check_distribution_margins,
    gate_levels,
    gate_metrics,
)
from sandwich_sim.studies.gate_observe import (
    SAMPLER,
    Bits,
    observe_bits,
    observe_draws,
    observe_probe,
    platform,
)
from sandwich_sim.studies.gate_old_side import OtherPython
from sandwich_sim.studies.gate_report import GateReport, ScenarioVerdict
from sandwich_sim.studies.gate_stages import Case, compare_apart, compare_paired


@dataclass(frozen=True)
class GateOptions:
    """How a gate is run.

    Attributes
    ----------
    max_looks : int
        Looks to take at most; 0 for all.
    old_python : OtherPython, optional
        Computes the old side of later looks.
    confirm : bool
        Stage D: compare independent trajectories of a fresh seed, whatever the bits.
    threads : int, optional
    """

    max_looks: int = 0
    old_python: OtherPython | None = None
    confirm: bool = False
    threads: int | None = None


def load_gated(gate: GateFile, names: tuple[str, ...] = ()) -> dict[str, ScenarioSpec]:
    """Load the scenarios of a gate, all or some, by name.

    Raises
    ------
    UsageError
        If two have one name, which would share a baseline, or one asked for is not gated.
    ScenarioError
    """
    found: dict[str, ScenarioSpec] = {}
    for source in gate.scenarios:
        spec = load_scenario(source)
        if spec.name in found:
            raise UsageError(f'{gate.label}: two scenarios are called "{spec.name}". Give one another name.')
        found[spec.name] = spec
    unknown = [name for name in names if name not in found]
    if unknown:
        listed = ", ".join(found)
        raise UsageError(f"{gate.label} gates no scenario {unknown[0]!r}. It gates: {listed}.")
    return {name: found[name] for name in names} if names else found


def run_gate(
    gate: GateFile,
    specs: Mapping[str, ScenarioSpec],
    options: GateOptions | None = None,
    progress: Callable[[str], None] | None = None,
) -> GateReport:
    """Compare scenarios with their baselines.

    Parameters
    ----------
    specs : mapping of str to ScenarioSpec
        By name, from `load_gated`.
    progress : callable, optional
        Called with the name of each scenario when its turn comes.

    Raises
    ------
    UsageError
        If a baseline is missing, or was made by other rules than those of the gate file.
    """
    options = options or GateOptions()
    cases = {name: prepare_case(gate, spec) for name, spec in specs.items()}
    baselines = {name: baseline_for(case) for name, case in cases.items()}
    found = []
    for name, case in cases.items():
        if progress is not None:
            progress(name)
        found.append(_with_checks(gate_scenario(case, baselines[name], options), case, options))
    return GateReport(tuple(found), describe_gate(gate), platform())


def describe_gate(gate: GateFile) -> dict[str, Any]:
    """Return what a report says of the gate file."""
    return {
        "file": gate.label,
        "digest": gate.digest,
        "version": gate.version,
        "alpha_fail": gate.alpha_fail,
        "beta_pass": gate.beta_pass,
        "looks": gate.looks,
        "product": __version__,
        "stream_version": STREAM_VERSION,
        "kernels": fingerprint_parts()["kernels"],
    }


def prepare_case(gate: GateFile, spec: ScenarioSpec) -> Case:
    """Spell out what is judged of a scenario, and at which error rates."""
    wanted = gate_metrics(gate, spec)
    levels = gate_levels(gate, len(wanted.statistics), len(gate.scenarios))
    check_distribution_margins(gate, levels)
    return Case(gate, spec, wanted, levels)


def baseline_for(case: Case) -> Baseline:
    """Load the baseline of a scenario and check that it was made by these rules.

    Raises
    ------
    UsageError
    """
    gate, name = case.gate, case.spec.name
    baseline = load_baseline(name, gate.baselines)
    accept = f'sandwich-sim gate accept {name} --reason "..."'
    if baseline is None:
        raise UsageError(f"{name}: has no baseline in {gate.baselines}. Make one: {accept}")
    if baseline.gate_version != gate.version or baseline.looks != gate.looks:
        raise UsageError(
            f"{name}: its baseline was made with other looks or another version than {gate.label} has. "
            f"Accept it anew: {accept}"
        )
    missing = [s.name for s in _as_before(case, baseline).statistics if s.name not in baseline.sums]
    if missing:
        raise UsageError(
            f"{name}: {gate.label} judges {missing[0]}, which its baseline lacks. Accept it anew: {accept}"
        )
    return baseline


def _as_before(case: Case, baseline: Baseline) -> GateMetrics:
    """Return what the gate file judges of the scenario as it was accepted."""
    old = _old_spec(case, baseline)
    return case.wanted if old is None else gate_metrics(case.gate, old)


def gate_scenario(case: Case, baseline: Baseline, options: GateOptions) -> ScenarioVerdict:
    """Take one scenario through the stages."""
    gate, spec = case.gate, case.spec
    before = _as_before(case, baseline)
    now = {metric.name for metric in case.wanted.metrics}
    lost = [metric.name for metric in before.metrics if metric.name not in now]
    added = [name for name in now if name not in baseline.metrics]
    case = replace(case, wanted=_with_atoms(_kept(case.wanted, baseline), baseline))
    bits = observe_bits(
        spec, trajectories=gate.looks[0], seed=gate.seed(spec.name, "paired"), threads=options.threads
    )
    digests = {
        "scenario": spec.digest,
        "baseline": baseline_digest(spec.name, gate.baselines),
        "bits": bits.digest,
    }
    found = _stages(case, baseline, bits, options)
    if lost:
        reason = f"{lost[0]} is gone from the scenario, and was judged before"
        found = replace(
            found, verdict="BROKEN", stage="guards", reason=reason, broken=(reason, *found.broken)
        )
    notes = [f"{name} is new, and not judged before it is accepted" for name in sorted(added)]
    return replace(found, digests=digests, notes=(*found.notes, *notes, *spec.notes))


def _kept(wanted: GateMetrics, baseline: Baseline) -> GateMetrics:
    """Leave out outcomes that only the scenario as it is now has."""
    metrics = tuple(metric for metric in wanted.metrics if metric.name in baseline.metrics)
    statistics = tuple(s for s in wanted.statistics if s.outcome in baseline.metrics)
    return replace(wanted, metrics=metrics, statistics=statistics)


def _stages(case: Case, baseline: Baseline, bits: Bits, options: GateOptions) -> ScenarioVerdict:
    name = case.spec.name
    is_same_stream = baseline.stream_version == STREAM_VERSION
    is_same_platform = baseline.platform == platform()
    broken = [*bits.broken, *check_units(baseline, case.wanted.metrics)]
    if is_same_stream:
        broken += _check_streams(case, baseline)
    if broken:
        return ScenarioVerdict(name, "BROKEN", "guards", broken[0], broken=tuple(broken))
    if options.confirm:
        return compare_apart(case, baseline, options.max_looks, side="confirm", stage="D")
    if is_same_stream and is_same_platform and bits.digest == baseline.bits:
        return ScenarioVerdict(name, "IDENTICAL", "A", "every bit is the same", case.gate.looks[0])
    notes = []
    if not is_same_platform:
        notes.append("another platform than the baseline's: bits are not compared")
    if baseline.scenario_digest != case.spec.digest:
        notes.append("the scenario itself has changed")
    if not is_same_stream:
        notes.append(f"stream_version went from {baseline.stream_version} to {STREAM_VERSION}: nothing pairs")
        found = compare_apart(case, baseline, options.max_looks, side="apart", stage="C")
    else:
        precision = _check_digits(case, baseline)
        if precision:
            return ScenarioVerdict(
                name, "BROKEN", "guards", precision[0], broken=tuple(precision), notes=tuple(notes)
            )
        recompute = options.old_python if not is_same_platform else None
        found = compare_paired(case, baseline, options.max_looks, options.old_python, recompute)
    return replace(found, notes=(*notes, *found.notes))


def _check_streams(case: Case, baseline: Baseline) -> list[str]:
    """Compare the draws of every sampler, for inputs that the scenario defines as before."""
    spec, gate = case.spec, case.gate
    slots = tuple(dict.fromkeys((*baseline.slots, *spec.sobol_slots, *spec.drawn)))
    draws = observe_draws(spec, seed=gate.seed(spec.name, "paired"), trajectories=gate.looks[0], slots=slots)
    return check_draws(baseline, spec, draws, unchanged_inputs(_old_spec(case, baseline), spec))


def _old_spec(case: Case, baseline: Baseline) -> ScenarioSpec | None:
    if baseline.scenario_digest == case.spec.digest:
        return None
    return load_scenario(case.gate.baselines / f"{baseline.name}.toml")


def _check_digits(case: Case, baseline: Baseline) -> list[str]:
    """Compare shocks and, where the scenario is the same, the last digits of a few trajectories."""
    spec, gate = case.spec, case.gate
    probe = observe_probe(
        spec, seed=gate.seed(spec.name, "paired"), trajectories=gate.looks[0], slots=baseline.slots
    )
    found = check_shocks(baseline, probe)
    if baseline.scenario_digest == spec.digest:
        found += check_precision(baseline, probe, gate.precision)
    return found


def _with_atoms(wanted: GateMetrics, baseline: Baseline) -> GateMetrics:
    """Add the statistics that the baseline's atoms asked for."""
    known = {statistic.name: statistic for statistic in wanted.statistics}
    added = [
        replace(known[upper], name=name)
        for name in baseline.thresholds
        if " < p" in name and (upper := name.replace(" < p", " <= p")) in known
    ]
    return replace(wanted, statistics=(*wanted.statistics, *added))


def _with_checks(found: ScenarioVerdict, case: Case, options: GateOptions) -> ScenarioVerdict:
    gate, spec = case.gate, case.spec
    looks = gate.looks[: options.max_looks or len(gate.looks)]
    seed = gate.seed(spec.name, "paired")
    checks = checks_by_looks(spec, looks, seed=seed, sampler=SAMPLER, threads=options.threads)
    return replace(found, checks=checks)
