"""Bayes factors: which of two scenarios foretold the evidence better, and how sure that is."""

from __future__ import annotations

from math import hypot, isfinite, log, nan

from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.dominance import Relation
from sandwich_sim.analysis.update_result import BayesFactor
from sandwich_sim.analysis.weights import Weights

LARGEST_ERROR = 0.3
"""Standard error of the natural logarithm above which there is no verdict."""
DECISIVE, STRONG, SUBSTANTIAL = 2.0, 1.0, 0.5
"""Base-ten logarithms; the words are Jeffreys'."""
_TEN = log(10.0)


def bayes_factor(
    names: tuple[str, str],
    a: Weights,
    b: Weights,
    *,
    relation: Relation,
) -> BayesFactor:
    """Compare how well two scenarios foretold the evidence.

    Parameters
    ----------
    names : tuple of str
    a, b : Weights
        Under the same evidence.
    relation : {"paired", "independent", "unknown"}
        Whether trajectory i of both met the same luck, other luck, or nobody knows.
    """
    refused = [name for name, each in zip(names, (a, b), strict=True) if not each.diagnosis.is_reliable]
    if refused:
        unknown = Measured(nan, nan, n=a.n, reason=f"the weights of {' and '.join(refused)} are not reliable")
        return BayesFactor(*names, unknown, f"no verdict: {unknown.reason}")
    value = b.log_evidence.value - a.log_evidence.value
    errors = (a.log_evidence.standard_error, b.log_evidence.standard_error)
    if relation == "paired" and a.n == b.n:
        error = b.error_of(b.values - a.values)
    else:
        error = hypot(*errors) if relation == "independent" else sum(errors)
    freedom = min(a.degrees_of_freedom, b.degrees_of_freedom)
    found = Measured(value / _TEN, error / _TEN, freedom, min(a.n, b.n))
    return BayesFactor(*names, found, _verdict(names, found, error))


def _verdict(names: tuple[str, str], found: Measured, error: float) -> str:
    if not isfinite(error) or error > LARGEST_ERROR:
        return f"no verdict: the standard error of ln BF is {error:.2f}, above {LARGEST_ERROR:g}"
    # Two errors toward zero: a word must survive the noise of the trajectories.
    sure = abs(found.value) - 2.0 * found.standard_error
    better = names[found.value > 0.0]
    for level, word in ((DECISIVE, "decisive"), (STRONG, "strong"), (SUBSTANTIAL, "substantial")):
        if sure > level:
            return f"{word} evidence for {better}"
    return "hardly tells the two apart"
