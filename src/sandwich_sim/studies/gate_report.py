"""What a gate found, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sandwich_sim.analysis.checks import CheckResult
from sandwich_sim.analysis.gate_rule import Judged
from sandwich_sim.errors import IntegrityError

Verdict = Literal["IDENTICAL", "EQUIVALENT", "CHANGED", "INCONCLUSIVE", "BROKEN"]

EXIT_CODES: dict[str, int] = {
    "IDENTICAL": 0,
    "EQUIVALENT": 0,
    "CHANGED": 3,
    "INCONCLUSIVE": 4,
    "BROKEN": IntegrityError.exit_code,
}
_SEVERITY = (0, 4, 3, 6)


@dataclass(frozen=True)
class Moved:
    """How trajectories moved between the two sides of a paired comparison.

    Attributes
    ----------
    changed, material : float
        Part of the trajectories of which some outcome is not the same to 16 bits; of which some
        moved by more than a hundredth of its margin.
    largest : float
        The largest change, in the unit of ``outcome``, relative to what matters there.
    outcome : str
    trajectories : tuple of int
        The first five that moved.
    seed : int
        Of these trajectories, with the sampler "random".
    """

    changed: float
    material: float
    largest: float
    outcome: str
    trajectories: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class ScenarioVerdict:
    """What the gate found of one scenario.

    Attributes
    ----------
    name : str
    verdict : {"IDENTICAL", "EQUIVALENT", "CHANGED", "INCONCLUSIVE", "BROKEN"}
    stage : str
        ``A`` bits, ``B`` paired, ``C`` unpaired, ``D`` confirmation, ``E`` drift, ``guards``.
    reason : str
        One sentence for people.
    n : int
        Trajectories of the last look.
    judged, drift : tuple of Judged
        Each statistic, against the baseline and (at twice the margin) since the last release.
    broken : tuple of str
        Guards that failed.
    notes : tuple of str
    checks : tuple of CheckResult
        The scenario's own ``[checks]``.
    moved : Moved, optional
    digests : dict of str to str
        Of the scenario, the baseline and the bits.
    """

    name: str
    verdict: Verdict
    stage: str
    reason: str
    n: int = 0
    judged: tuple[Judged, ...] = ()
    drift: tuple[Judged, ...] = ()
    broken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    moved: Moved | None = None
    digests: dict[str, str] | None = None

    @property
    def exit_code(self) -> int:
        """0, 3, 4 or 6; the worse of the verdict and of the scenario's own checks."""
        return _worst([EXIT_CODES[self.verdict], *(check.exit_code for check in self.checks)])


@dataclass(frozen=True)
class GateReport:
    """What a run of the gate found.

    Attributes
    ----------
    scenarios : tuple of ScenarioVerdict
    gate : dict
        Of the gate file: digest, version, error rates, looks.
    platform : str
    refused : tuple of str
        Commits that change baselines or margins together with something else.
    """

    scenarios: tuple[ScenarioVerdict, ...]
    gate: dict[str, Any]
    platform: str
    refused: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        refused = [EXIT_CODES["CHANGED"]] if self.refused else []
        return _worst([*refused, *(scenario.exit_code for scenario in self.scenarios)])


def _worst(codes: list[int]) -> int:
    return max(codes, key=_SEVERITY.index, default=0)


def judged_document(judged: Judged) -> dict[str, Any]:
    """Return one judged statistic as plain values."""
    statistic = judged.statistic
    return {
        "name": statistic.name,
        "kind": statistic.kind,
        "unit": statistic.unit,
        "verdict": judged.verdict,
        "old": judged.old,
        "new": judged.new,
        "difference": judged.difference,
        "standard_error": judged.standard_error,
        "interval_fail": judged.fail,
        "interval_pass": judged.accept,
        "margin": statistic.margin,
        "smallest_detectable_change": statistic.margin + max(0.5 * (judged.fail[1] - judged.fail[0]), 0.0),
        "correlation": judged.correlation,
        "n": judged.n,
        "n_up": judged.n_up,
        "n_down": judged.n_down,
        "skewness": judged.skewness,
        "method": judged.method,
        "detectable": judged.is_detectable,
    }


def report_document(report: GateReport) -> dict[str, Any]:
    """Return a report as plain values, for JSON and for other formats."""
    return {
        "gate": report.gate,
        "platform": report.platform,
        "refused": report.refused,
        "exit_code": report.exit_code,
        "scenarios": [
            {
                "name": scenario.name,
                "verdict": scenario.verdict,
                "stage": scenario.stage,
                "reason": scenario.reason,
                "exit_code": scenario.exit_code,
                "n": scenario.n,
                "statistics": [judged_document(judged) for judged in scenario.judged],
                "drift": [judged_document(judged) for judged in scenario.drift],
                "broken": scenario.broken,
                "notes": scenario.notes,
                "checks": [check.to_document() for check in scenario.checks],
                "moved": scenario.moved,
                "digests": scenario.digests,
            }
            for scenario in report.scenarios
        ],
    }
