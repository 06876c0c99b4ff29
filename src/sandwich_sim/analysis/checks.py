"""``[checks]``: statements on outcomes that must hold, judged with their Monte Carlo error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric, Statistic, statistic_of
from sandwich_sim.analysis.statistic import interval_of, measure_statistic
from sandwich_sim.scenario.outcome_names import frame_of
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.statements import Statement, parse_statement

Floats = NDArray[np.float64]

ALPHA = 1e-3
"""P(some check of a scenario comes out wrong, "holds" or "fails", where the opposite is true)."""
_EXIT_CODES = {"holds": 0, "fails": 3, "undecided": 4}


@dataclass(frozen=True)
class Check:
    """One statement of a scenario, read.

    Attributes
    ----------
    name : str
        Its key in ``[checks]``.
    statement : Statement
    statistic : Statistic
    """

    name: str
    statement: Statement
    statistic: Statistic

    @property
    def metric(self) -> Metric:
        """The outcome that it is about."""
        inner = self.statistic.inner or self.statistic
        assert inner.metric is not None, "statements have no further words"
        return inner.metric


@dataclass(frozen=True)
class CheckResult:
    """What came of a check.

    Attributes
    ----------
    name, statement : str
    verdict : {"holds", "fails", "undecided"}
    value, standard_error : float
        Of the statistic.
    low, high : float
        Its interval, at the error rate that all checks of the scenario share.
    n : int
        Trajectories.
    """

    name: str
    statement: str
    verdict: Literal["holds", "fails", "undecided"]
    value: float
    standard_error: float
    low: float
    high: float
    n: int

    @property
    def exit_code(self) -> int:
        """0 holds, 3 fails, 4 undecided."""
        return _EXIT_CODES[self.verdict]

    def to_document(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name,
            "statement": self.statement,
            "verdict": self.verdict,
            "value": self.value,
            "standard_error": self.standard_error,
            "interval": [self.low, self.high],
            "n": self.n,
        }


def checks_of(spec: ScenarioSpec) -> tuple[Check, ...]:
    """Read the checks of a scenario, which has been loaded and so holds no wrong one."""
    frame = frame_of(spec)
    found = []
    for name, text in spec.checks:
        statement = parse_statement(text, frame)
        found.append(Check(name, statement, statistic_of(statement.term, frame)))
    return tuple(found)


def metrics_of(checks: Sequence[Check]) -> tuple[Metric, ...]:
    """Return the outcomes that checks are about, each once."""
    return tuple({check.metric.name: check.metric for check in checks}.values())


def judge_checks(
    checks: Sequence[Check],
    metrics: Sequence[Metric],
    values: Floats,
    scramble: NDArray[np.uint8],
    *,
    is_replicated: bool,
    n_looks: int = 1,
) -> tuple[CheckResult, ...]:
    """Judge checks.

    Parameters
    ----------
    metrics : sequence of Metric
        Rows of ``values``.
    values : ndarray of float64, shape (n_metric, n)
    scramble : ndarray of uint8, shape (n,)
    is_replicated : bool
        Whether errors must be taken across scrambles (sobol, latin-hypercube).
    n_looks : int
        How often they may be judged before they are decided.
    """
    rows = {metric.name: row for row, metric in enumerate(metrics)}
    alpha = ALPHA / max(len(checks) * n_looks, 1)
    results = []
    for check in checks:
        own = values[rows[check.metric.name]]
        options = {"is_replicated": is_replicated}
        found = measure_statistic(check.statistic, own, scramble, **options)
        low, high = interval_of(check.statistic, own, scramble, alpha=alpha, **options)
        results.append(
            CheckResult(
                check.name,
                check.statement.text,
                verdict_of(check.statement, low, high),
                found.value,
                found.standard_error,
                low,
                high,
                own.size,
            )
        )
    return tuple(results)


def verdict_of(statement: Statement, low: float, high: float) -> Literal["holds", "fails", "undecided"]:
    """Say whether an interval lies within the range of a statement, beyond it, or across its end."""
    if isnan(low) or isnan(high):
        return "undecided"
    above = low > statement.low or (low == statement.low and not statement.low_open)
    below = high < statement.high or (high == statement.high and not statement.high_open)
    if above and below:
        return "holds"
    too_low = high < statement.low or (high == statement.low and statement.low_open)
    too_high = low > statement.high or (low == statement.high and statement.high_open)
    return "fails" if too_low or too_high else "undecided"
