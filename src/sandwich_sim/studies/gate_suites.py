"""A gate's report as cases that every CI format is written from."""

from __future__ import annotations

from collections.abc import Iterator

from sandwich_sim.analysis.checks import CheckResult
from sandwich_sim.analysis.gate_rule import Judged
from sandwich_sim.formats.cases import Case, Outcome, Suite
from sandwich_sim.studies.gate_report import GateReport, ScenarioVerdict

_OUTCOMES: dict[str, Outcome] = {
    "IDENTICAL": "passed",
    "EQUIVALENT": "passed",
    "CHANGED": "failed",
    "INCONCLUSIVE": "undecided",
    "BROKEN": "error",
    "holds": "passed",
    "fails": "failed",
    "undecided": "undecided",
}


def gate_suites(report: GateReport) -> list[Suite]:
    """Return one suite a scenario: its verdict, its statistics, its own checks."""
    suites = [
        Suite(scenario.name, tuple(_cases(scenario)), dict(scenario.digests or {}))
        for scenario in report.scenarios
    ]
    if report.refused:
        cases = tuple(Case(f"commit {i + 1}", "failed", text) for i, text in enumerate(report.refused))
        suites.append(Suite("what may change together", cases))
    return suites


def _cases(scenario: ScenarioVerdict) -> Iterator[Case]:
    yield Case(
        "verdict",
        _OUTCOMES[scenario.verdict],
        f"{scenario.verdict}: {scenario.reason}",
        {"stage": scenario.stage, "trajectories": str(scenario.n)},
    )
    for guard in scenario.broken:
        yield Case("guard", "error", guard)
    yield from map(_judged, scenario.judged)
    if scenario.stage == "E":
        yield from (_judged(item, "drift: ") for item in scenario.drift)
    yield from map(check_case, scenario.checks)


def _judged(item: Judged, prefix: str = "") -> Case:
    statistic, (low, high) = item.statistic, item.deciding
    return Case(
        prefix + statistic.name,
        _OUTCOMES[item.verdict],
        f"moved by {item.difference:+.3g}, between {low:+.3g} and {high:+.3g}; margin {statistic.margin:g}",
        {
            "baseline": f"{item.old:.6g}",
            "now": f"{item.new:.6g}",
            "change": f"{item.difference:+.3g}",
            "standard error": f"{item.standard_error:.2g}",
            "margin": f"{statistic.margin:g}",
        },
    )


def check_case(check: CheckResult) -> Case:
    """Return a check of a scenario as a case."""
    found = f"{check.value:.6g}, between {check.low:.6g} and {check.high:.6g}"
    values = {name: f"{getattr(check, name):.6g}" for name in ("value", "low", "high")}
    return Case(f"check {check.name}: {check.statement}", _OUTCOMES[check.verdict], found, values)
