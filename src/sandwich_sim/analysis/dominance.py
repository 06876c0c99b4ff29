"""Stochastic dominance: whether one side is larger everywhere, or for everyone who shuns risk.

B is larger than A at first order if every threshold is passed by B at least as often as by A; at
second order if B falls short of every threshold by less on average, which is to say that everyone
who prefers more and dislikes risk prefers B.

Both are differences of means at thresholds, so that pairing and scrambles count as they do for
any mean. Three kinds of statement can be made, each wrong with probability at most ``alpha``:

- *B is larger*: at every one of 91 thresholds the difference is positive beyond chance. Each is
  tested at ``alpha``; all must pass, so no correction is due (intersection-union test).
- *B is not larger*: at one of about 20 thresholds it is negative beyond chance, tested at
  ``alpha`` over their number (Bonferroni).
- *neither is larger*: the curves cross; both of the second kind.

Thresholds are the 5% to 95% points of both sides together. Beyond them nothing is claimed: in the
tails two distribution functions meet, so that no finite sample can order them there. Since what
lies above the range still counts for the mean, B is not called larger at second order where its
mean is lower beyond chance.

Notes
-----
Kaur, Prakasa Rao and Singh (1994); Davidson and Duclos (2013) on why the range must be restricted.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.compare_groups import SortedGroups, sorted_quantiles

Floats = NDArray[np.float64]
Relation = Literal["paired", "independent", "unknown"]
"""How the trajectories of two sides hang together: the same draws; not at all; in an unknown way."""
Order = Literal["larger", "smaller", "neither", "not larger", "not smaller", "undecided"]

ALPHA = 0.01
"""Most often that each statement is wrong."""
LEVELS = np.arange(5, 96) / 100.0
_CROSSINGS_EVERY = 5
_FEWEST_BELOW = 12
"""Values of a group below the lowest threshold: fewer make no normal mean."""


@dataclass(frozen=True)
class Dominance:
    """What can be said about the order of two distributions.

    Attributes
    ----------
    degree : int
        1 or 2.
    verdict : {"larger", "smaller", "neither", "not larger", "not smaller", "undecided"}
        What B is against A.
    low, high : float
        Range of the thresholds.
    n_threshold : int
    alpha : float
        Most often that the statement is wrong.
    reason : str
        Why nothing can be said at all.
    """

    degree: int
    verdict: Order
    low: float
    high: float
    n_threshold: int
    alpha: float = ALPHA
    reason: str = ""


def compare_orders(
    a: SortedGroups, b: SortedGroups, relation: Relation, alpha: float = ALPHA
) -> tuple[Dominance, Dominance]:
    """Test for stochastic dominance of first and of second order between two sides.

    Parameters
    ----------
    a, b : SortedGroups
        For paired sides, the same trajectories on both.
    relation : {"paired", "independent", "unknown"}
    alpha : float
    """
    if min(a.smallest, b.smallest) * LEVELS[0] < _FEWEST_BELOW:
        unknown = nan, nan, 0, alpha, "too few trajectories"
        return Dominance(1, "undecided", *unknown), Dominance(2, "undecided", *unknown)
    everything = np.sort(np.concatenate([a.pooled, b.pooled]), kind="stable")  # merges sorted runs
    thresholds = np.unique(sorted_quantiles(everything, LEVELS.tolist()))
    place = float(thresholds[0]), float(thresholds[-1]), thresholds.size, alpha
    first = group_t(-a.shares_below(thresholds), -b.shares_below(thresholds), relation)
    # The mean, as the limit of high thresholds, may be equal but not beyond chance on the other side.
    of_a = np.column_stack([-a.shortfalls(thresholds), a.group_means()])
    of_b = np.column_stack([-b.shortfalls(thresholds), b.group_means()])
    second = group_t(of_a, of_b, relation)
    n = thresholds.size
    return (
        Dominance(1, _judge(*first, n, alpha), *place),
        Dominance(2, _judge(*second, n, alpha), *place),
    )


def _judge(t: Floats, freedom: Floats, n_strict: int, alpha: float) -> Order:
    """Judge by how many standard errors B is better at each threshold.

    Beyond the first ``n_strict`` it need not be better, only not worse beyond chance.
    """
    each = _limits(freedom, alpha)
    strict = np.arange(t.size) < n_strict
    if (t > np.where(strict, each, -each)).all():
        return "larger"
    if (t < np.where(strict, -each, each)).all():
        return "smaller"
    chosen = np.unique([*range(0, t.size, _CROSSINGS_EVERY), t.size - 1])
    any_one = _limits(freedom[chosen], alpha / chosen.size)
    falls, rises = bool((t[chosen] < -any_one).any()), bool((t[chosen] > any_one).any())
    if falls and rises:
        return "neither"
    if falls:
        return "not larger"
    return "not smaller" if rises else "undecided"


def group_t(of_a: Floats, of_b: Floats, relation: Relation) -> tuple[Floats, Floats]:
    """Return the difference b - a of group estimates in standard errors, and its degrees of freedom.

    Parameters
    ----------
    of_a, of_b : ndarray of float64, shape (n_group, n)
    """
    n_group = of_a.shape[0]
    difference = of_b.mean(axis=0) - of_a.mean(axis=0)
    freedom = np.full(difference.size, n_group - 1.0)
    if relation == "paired":
        variance = (of_b - of_a).var(axis=0, ddof=1) / n_group
    else:
        parts = np.array([of_a.var(axis=0, ddof=1), of_b.var(axis=0, ddof=1)]) / n_group
        if relation == "unknown":
            variance = np.sqrt(parts).sum(axis=0) ** 2
        else:
            variance = parts.sum(axis=0)
            squares = np.maximum((parts**2).sum(axis=0), np.finfo(float).tiny)
            freedom = np.where(variance > 0.0, freedom * variance**2 / squares, freedom)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(difference == 0.0, 0.0, difference / np.sqrt(variance))
    return t, freedom


def _limits(freedom: Floats, alpha: float) -> Floats:
    from scipy.special import stdtrit

    return np.asarray(-stdtrit(freedom, alpha))
