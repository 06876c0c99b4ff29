"""When a comparison that doubles its trajectories may stop: ``se(diff) < 0.001``, ``sign(diff)``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import inf, isfinite, nan

from sandwich_sim.analysis.compare import MetricComparison
from sandwich_sim.analysis.compare_verdict import Verdict, judged_statistic
from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.findings import printable
from sandwich_sim.scenario.outcome_names import Frame, StatementError
from sandwich_sim.scenario.statements import parse_statement

_HOW = 'Write such as "se(diff) < 0.001", or "sign(diff)".'
_NOTHING = Frame((), (), (), (), date(2026, 1, 1), 1, 1)


@dataclass(frozen=True)
class Until:
    """What must hold of every outcome compared.

    Attributes
    ----------
    text : str
        In its normal spelling.
    limit : float
        That the standard error of each difference must be below, in the outcome's unit; NaN
        where the signs of the differences are asked for.
    """

    text: str
    limit: float = nan

    def progress(self, found: MetricComparison, verdict: Verdict) -> float:
        """Return the standard error of the difference over its limit; NaN without a limit."""
        if not isfinite(self.limit):
            return nan
        error = judged_statistic(found)[1].standard_error
        return error / self.limit if isfinite(error) else inf

    def is_settled(self, found: MetricComparison, verdict: Verdict) -> bool:
        """Whether it holds of one outcome."""
        if isfinite(self.limit):
            return self.progress(found, verdict) < 1.0
        return verdict.state in ("different", "same")


def parse_until(text: str) -> Until:
    """Read when to stop.

    Raises
    ------
    UsageError
    """
    if "".join(text.split()) == "sign(diff)":
        return Until("sign(diff)")
    try:
        statement = parse_statement(text, _NOTHING, words=("diff",))
    except StatementError as error:
        raise UsageError(f'--until "{printable(text)}": {error} {_HOW}') from None
    term = statement.term
    is_error = term.kind == "error" and term.inner is not None and term.inner.kind == "word"
    if not is_error or isfinite(statement.low) or not statement.high > 0.0:
        raise UsageError(f'--until "{printable(text)}" says nothing about se(diff). {_HOW}')
    return Until(statement.text, statement.high)
