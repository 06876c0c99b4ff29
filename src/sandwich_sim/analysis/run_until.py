"""When a run that doubles its trajectories may stop: ``se(P(thesis_falsified)) < 0.002``, ``P(x) > 0.5``.

Whoever looks again and again, and stops where the numbers please, has narrower intervals than he
thinks. So the intervals here share their error rate over all looks that may be taken
(Bonferroni): whatever the rule to stop, they miss with at most that rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.checks import verdict_of
from sandwich_sim.analysis.metrics import Metric, Statistic, statistic_of
from sandwich_sim.analysis.statistic import error_of, interval_of, measure_statistic
from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.findings import printable
from sandwich_sim.scenario.outcome_names import StatementError, frame_of
from sandwich_sim.scenario.statements import Statement, parse_statement

Floats = NDArray[np.float64]

ALPHA = 0.05
"""P(an interval of one condition misses at some look)."""
_HOW = 'Write such as "se(P(thesis_falsified)) < 0.002", or "P(thesis_falsified) > 0.5".'


@dataclass(frozen=True)
class Condition:
    """What must be settled before a run stops.

    Attributes
    ----------
    statement : Statement
    statistic : Statistic
        Whose value the run is about: of ``se(x) < 0.1`` it is x.
    limit : float
        That its standard error must be below; NaN where the statement itself is to be decided.
    """

    statement: Statement
    statistic: Statistic
    limit: float

    @property
    def metric(self) -> Metric:
        """The outcome that it is about."""
        assert self.statistic.metric is not None, "statements have no further words"
        return self.statistic.metric


@dataclass(frozen=True)
class Found:
    """What one look shows of one condition.

    Attributes
    ----------
    condition : str
    state : {"met", "holds", "fails", "open"}
        ``met``: the standard error is small enough; ``holds`` and ``fails``: the statement is
        decided; ``open``: more trajectories are needed.
    value, standard_error : float
        Of the statistic.
    low, high : float
        Its interval, which misses with 5% at most over all looks together.
    reason : str
        Why there is no standard error.
    """

    condition: str
    state: Literal["met", "holds", "fails", "open"]
    value: float
    standard_error: float
    low: float
    high: float
    reason: str = ""

    def to_document(self) -> dict[str, Any]:
        """Return plain values; what is not estimable is null."""
        numbers = (self.value, self.standard_error, self.low, self.high)
        value, error, low, high = (number if isfinite(number) else None for number in numbers)
        return {
            "condition": self.condition,
            "state": self.state,
            "value": value,
            "standard_error": error,
            "interval": [low, high],
            "reason": self.reason,
        }


def read_condition(text: str, source: Any) -> Condition:
    """Read when to stop.

    Parameters
    ----------
    text : str
        ``se(STATISTIC) < NUMBER``, or a statement on a statistic that is to be decided.
    source : ScenarioSpec, RunMeta or Frame

    Raises
    ------
    UsageError
    """
    frame = frame_of(source)
    try:
        statement = parse_statement(text, frame)
        statistic = statistic_of(statement.term, frame)
    except StatementError as error:
        raise UsageError(f'--until "{printable(text)}": {error} {_HOW}') from None
    if statistic.kind != "error" or statistic.inner is None:
        return Condition(statement, statistic, float("nan"))
    if isfinite(statement.low) or not statement.high > 0.0:
        raise UsageError(f'--until "{printable(text)}": a standard error can only fall below a limit. {_HOW}')
    return Condition(statement, statistic.inner, statement.high)


def look_sizes(first: int, most: int, sampler: str) -> tuple[int, ...]:
    """Return at how many trajectories the data may be looked at: first, and doubled up to ``most``.

    Raises
    ------
    UsageError
        If trajectories cannot be added to the first ones, or the sizes do not fit.
    """
    if sampler == "latin-hypercube":
        raise UsageError(
            "--until doubles the trajectories, and a Latin hypercube cannot be extended. Use --sampler sobol."
        )
    if first % 16 or first > most:
        raise UsageError(f"--until starts at {first} trajectories: use a multiple of 16, at most {most}.")
    sizes = [first]
    while 2 * sizes[-1] <= most:
        sizes.append(2 * sizes[-1])
    return tuple(sizes)


def judge_conditions(
    conditions: Sequence[Condition],
    metrics: Sequence[Metric],
    values: Floats,
    scramble: NDArray[np.uint8],
    *,
    is_replicated: bool,
    n_looks: int,
) -> tuple[Found, ...]:
    """Say of each condition whether it is settled.

    Parameters
    ----------
    metrics : sequence of Metric
        Rows of ``values``.
    values : ndarray of float64, shape (n_metric, n)
    scramble : ndarray of uint8, shape (n,)
    is_replicated : bool
        Whether errors must be taken across scrambles (sobol).
    n_looks : int
        How many looks may be taken in all.
    """
    rows = {metric.name: row for row, metric in enumerate(metrics)}
    found = []
    for condition in conditions:
        own = values[rows[condition.metric.name]]
        measured = measure_statistic(condition.statistic, own, scramble, is_replicated=is_replicated)
        low, high = interval_of(
            condition.statistic, own, scramble, is_replicated=is_replicated, alpha=ALPHA / n_looks
        )
        error, reason = error_of(condition.statistic, own, scramble, is_replicated=is_replicated)
        state, text = _state(condition, error, low, high), condition.statement.text
        found.append(Found(text, state, measured.value, error, low, high, reason))
    return tuple(found)


def _state(
    condition: Condition, error: float, low: float, high: float
) -> Literal["met", "holds", "fails", "open"]:
    if isfinite(condition.limit):
        return "met" if error < condition.limit else "open"
    verdict = verdict_of(condition.statement, low, high)
    return "open" if verdict == "undecided" else verdict
