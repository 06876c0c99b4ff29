"""Drift since the last release: many changes, each within its margin, must not add up unseen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sandwich_sim.analysis.gate_bounds import FEWEST_CHANGED, normal_factor, sparse_interval
from sandwich_sim.analysis.gate_rule import Judged, Levels

DRIFT_MARGIN = 2.0
"""Times the margin of one change."""


@dataclass(frozen=True)
class Drift:
    """What accepted changes of one statistic add up to.

    Attributes
    ----------
    shift : float
        Sum of the changes.
    standard_error : float
        Sum of their standard errors: how they hang together is not known, so that they may add up.
    n_up, n_down : int
        Trajectories that changed, each way.
    n_steps : int
        How many changes there were.
    """

    shift: float = 0.0
    standard_error: float = 0.0
    n_up: int = 0
    n_down: int = 0
    n_steps: int = 0

    def plus(self, shift: float, standard_error: float, n_up: int, n_down: int) -> Drift:
        """Add a change; one of nothing at all is none."""
        if not shift and not standard_error:
            return self
        return Drift(
            self.shift + shift,
            self.standard_error + standard_error,
            self.n_up + n_up,
            self.n_down + n_down,
            self.n_steps + 1,
        )


def judge_drift(judged: Judged, before: Drift, levels: Levels) -> Judged:
    """Judge a change together with those accepted before it, at twice the margin."""
    statistic = replace(judged.statistic, margin=DRIFT_MARGIN * judged.statistic.margin)
    if not before.n_steps:
        return replace(judged, statistic=statistic)
    whole = before.plus(judged.difference, judged.standard_error, judged.n_up, judged.n_down)
    fail, accept = (
        _interval(judged, before, whole, own, tail)
        for own, tail in ((judged.fail, levels.fail), (judged.accept, levels.accept))
    )
    return replace(
        judged,
        statistic=statistic,
        old=judged.new - whole.shift,
        difference=whole.shift,
        standard_error=whole.standard_error,
        n_up=whole.n_up,
        n_down=whole.n_down,
        fail=fail,
        accept=accept,
    )


def _interval(
    judged: Judged, before: Drift, whole: Drift, own: tuple[float, float], tail: float
) -> tuple[float, float]:
    """Interval of the sum of all changes, wide enough however they hang together."""
    n, statistic = judged.n, judged.statistic
    if whole.n_up + whole.n_down < FEWEST_CHANGED:
        # Whoever changed at all, changed in one of the steps: one exact bound covers their sum.
        hidden = statistic.negligible * max(whole.n_steps, 1)
        return sparse_interval(whole.n_up, whole.n_down, n, statistic.largest, hidden, tail)
    half = normal_factor(tail) * before.standard_error
    return own[0] + before.shift - half, own[1] + before.shift + half
