"""What knowing an input would be worth: a narrower outcome, and a better choice of a book.

The expected value of partial perfect information (EVPPI): with an input known, one would choose
for each of its values what is then best; on average over its values that is worth more than what
is best on average. docs/sensitivity.md explains each number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric
from sandwich_sim.analysis.sensitivity_first import (
    BinSums,
    bootstrap_error,
    first_order,
    resampling_weights,
    sum_by_bin,
)
from sandwich_sim.analysis.sensitivity_sample import Sample, check_finite
from sandwich_sim.analysis.worth_choices import Basis, Choice
from sandwich_sim.results.meta import N_SCRAMBLE
from sandwich_sim.scenario.spec import Position

Floats = NDArray[np.float64]

STUDENT_CHOICE = 2.365
"""Of a 95% interval with 7 degrees of freedom: each half of the groups has eight."""
RESAMPLES = 64
_HALF = N_SCRAMBLE // 2
_ROUNDING = 1e-9
"""Of a payoff: where one choice is best whatever the input, sums differ by their rounding alone."""


@dataclass(frozen=True)
class Narrowing:
    """What knowing each input does to the spread of one outcome.

    Attributes
    ----------
    metric : Metric
    mean, deviation : float
        Of the outcome, in its unit.
    part, part_error : ndarray of float64, shape (n_input,)
        Part of the variance that goes, on average (first-order index) [1].
    """

    metric: Metric
    mean: float
    deviation: float
    part: Floats
    part_error: Floats

    @property
    def left(self) -> Floats:
        """Standard deviation that is left once an input is known, in the outcome's unit."""
        return np.asarray(self.deviation * np.sqrt(np.clip(1.0 - self.part, 0.0, 1.0)))


@dataclass(frozen=True)
class ChoiceWorth:
    """What knowing each input is worth to a choice, for each dollar invested.

    Attributes
    ----------
    choices : tuple of Choice
    mean, mean_error : ndarray of float64, shape (n_choice,)
        What a dollar in each earns, on average [USD].
    best : int
        The choice with the largest mean.
    loss, loss_error : float
        What the best choice earns less, on average, than the one that turns out best: what knowing
        everything, shocks too, would be worth [USD].
    worth, worth_error : ndarray of float64, shape (n_input,)
        What knowing an input alone would be worth [USD]; rather too low.
    upper : ndarray of float64, shape (n_input,)
        The same estimated from trajectories that also made the choice; rather too high.
    coarse : ndarray of float64, shape (n_input,)
        ``worth`` with bins twice as wide: what ``worth`` still gains with narrower ones is about
        a third of the difference.
    when_low, when_high : tuple of int
        The choice that is best where an input lies in its lowest and its highest fifth.
    """

    choices: tuple[Choice, ...]
    mean: Floats
    mean_error: Floats
    best: int
    loss: float
    loss_error: float
    worth: Floats
    worth_error: Floats
    upper: Floats
    coarse: Floats
    when_low: tuple[int, ...]
    when_high: tuple[int, ...]


@dataclass(frozen=True)
class Worth:
    """What knowing inputs would be worth.

    Attributes
    ----------
    names : tuple of str
    n : int
        Trajectories.
    source : str
        "stored" or "recomputed".
    narrowings : tuple of Narrowing
    choice : ChoiceWorth or None
        None where the scenario has no portfolio of two positions or more.
    noise : float
        The largest worth among inputs that do nothing [USD].
    basis : {"price", "fair", "revenue"}
        What a dollar buys.
    """

    names: tuple[str, ...]
    n: int
    source: str
    narrowings: tuple[Narrowing, ...]
    choice: ChoiceWorth | None
    noise: float
    basis: Basis = "fair"


def value_of_knowing(
    sample: Sample, returns: Floats | None, positions: Sequence[Position], choices: Sequence[Choice]
) -> Worth:
    """Say what knowing each input would be worth.

    Parameters
    ----------
    sample : Sample
        Its outcomes are those to be narrowed.
    returns : ndarray of float64, shape (n_position, n), or None
        What a dollar in each position earns.
    positions : sequence of Position
    choices : sequence of Choice
        Two or more, where there are returns.

    Raises
    ------
    IntegrityError
        If an outcome is not finite in some trajectory.
    """
    check_finite(sample)
    n_input, n_metric = len(sample.names), len(sample.metrics)
    payoffs = np.empty((0, sample.n))
    if returns is not None:
        shares = np.array(
            [[choice.weights.get(position.name, 0.0) for position in positions] for choice in choices]
        )
        payoffs = shares @ returns
    sums = sum_by_bin(sample.binned, np.concatenate([sample.values.astype(np.float64), payoffs]))
    indices = first_order(_columns(sums, slice(0, n_metric)))
    narrowings = tuple(
        Narrowing(
            metric,
            float(values.mean(dtype=np.float64)),
            float(values.std(dtype=np.float64)),
            indices.value[:n_input, row],
            indices.standard_error[:n_input, row],
        )
        for row, (metric, values) in enumerate(zip(sample.metrics, sample.values, strict=True))
    )
    if returns is None:
        return Worth(sample.names, sample.n, sample.source, narrowings, None, 0.0)
    found = worth_of_choice(_columns(sums, slice(n_metric, None)), payoffs, choices, n_input)
    noise, choice = found
    return Worth(sample.names, sample.n, sample.source, narrowings, choice, noise)


def _columns(sums: BinSums, part: slice) -> BinSums:
    return BinSums(
        sums.count, sums.total[..., part], sums.square[:, part], sums.center[part], sums.is_even, sums.n
    )


def worth_of_choice(
    sums: BinSums, payoffs: Floats, choices: Sequence[Choice], n_input: int
) -> tuple[float, ChoiceWorth]:
    """Return the largest worth among inputs that do nothing, and what the others are worth.

    Parameters
    ----------
    sums : BinSums
        Of the payoffs; the inputs from ``n_input`` on do nothing.
    payoffs : ndarray of float64, shape (n_choice, n)

    Notes
    -----
    Who chooses by the best mean of a bin and takes that mean for what it earns is too proud by what
    chance added to it. So half of the groups choose for each bin, and the other half says what the
    choice earns; both ways round, averaged, less what the best choice for all bins earns. A choice
    made by noise is worse than the best one, so this is too low on average, and the plain estimate
    (``upper``) too high.
    """
    weights = np.vstack([np.ones(N_SCRAMBLE), _half_weights()])
    center = sums.center
    rows = []
    for row in range(sums.total.shape[1]):
        count, total = sums.count[:, row], sums.total[:, row] + center * sums.count[:, row, :, None]
        fine = _split_worth(count, total, weights)
        wide_count = count[:, 0::2] + count[:, 1::2]
        wide = _split_worth(wide_count, total[:, 0::2] + total[:, 1::2], weights[:1])
        rows.append((fine[0], float(bootstrap_error(fine[1:], _HALF)), _proud(count, total), wide[0]))
    found = np.array(rows)
    found[np.abs(found) < _ROUNDING * max(float(np.abs(payoffs).mean()), 1e-300)] = 0.0
    groups = payoffs.reshape(len(payoffs), -1, N_SCRAMBLE).mean(axis=1)
    mean = groups.mean(axis=1)
    best = int(mean.argmax())
    regret = (payoffs.max(axis=0) - payoffs[best]).reshape(-1, N_SCRAMBLE).mean(axis=0)
    root = np.sqrt(N_SCRAMBLE)
    low, high = _ends(sums, n_input)
    own = found[:n_input]
    return float(found[n_input:, 0].max(initial=0.0)), ChoiceWorth(
        choices=tuple(choices),
        mean=mean,
        mean_error=groups.std(axis=1, ddof=1) / root,
        best=best,
        loss=float(regret.mean()),
        loss_error=float(regret.std(ddof=1) / root),
        worth=own[:, 0],
        worth_error=own[:, 1],
        upper=own[:, 2],
        coarse=own[:, 3],
        when_low=low,
        when_high=high,
    )


def _half_weights() -> Floats:
    found = np.empty((RESAMPLES, N_SCRAMBLE))
    for half in (0, 1):
        found[:, half::2] = resampling_weights(RESAMPLES, half, _HALF)
    return found


def _split_worth(count: Floats, total: Floats, weights: Floats) -> Floats:
    """Worth of knowing the bin, for each weighting of the groups, chosen and judged by two halves.

    Parameters
    ----------
    count : ndarray, shape (16, n_bin)
    total : ndarray, shape (16, n_bin, n_choice)
    """
    _, n_bin, n_choice = total.shape
    halves = []
    for half in (0, 1):
        own = weights[:, half::2]
        n = own @ count[half::2]
        sums = (own @ total[half::2].reshape(_HALF, -1)).reshape(-1, n_bin, n_choice)
        halves.append((n, sums))
    blind = (halves[0][1] + halves[1][1]).sum(axis=1).argmax(axis=1)[:, None]
    worth = np.zeros(len(weights))
    for (n, sums), (its_n, its_sums) in (halves, halves[::-1]):
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(n[:, :, None] > 0.0, sums / n[:, :, None], 0.0)
        chosen = means.argmax(axis=2)[:, :, None]
        total_n = its_n.sum(axis=1)
        seen = np.take_along_axis(its_sums, chosen, axis=2).sum(axis=(1, 2)) / total_n
        unseen = np.take_along_axis(its_sums.sum(axis=1), blind, axis=1)[:, 0] / total_n
        worth += 0.5 * (seen - unseen)
    return worth


def _proud(count: Floats, total: Floats) -> float:
    """The plain estimate: the best mean of each bin, taken at its word."""
    sums = total.sum(axis=0)
    n = float(count.sum())
    return float(sums.max(axis=1).sum() / n - sums.sum(axis=0).max() / n)


def _ends(sums: BinSums, n_input: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The best choice in the lowest and the highest fifth of each input."""
    found: list[list[int]] = [[], []]
    for row in range(n_input):
        count = sums.count[:, row].sum(axis=0)
        total = sums.total[:, row].sum(axis=0) + sums.center * count[:, None]
        below = np.cumsum(count) / count.sum()
        is_low = below <= max(0.2, float(below[0]))
        is_high = 1.0 - below + count / count.sum() <= max(0.2, float(count[count > 0.0][-1] / count.sum()))
        for end, chosen in enumerate((is_low, is_high)):
            found[end].append(int(total[chosen].sum(axis=0).argmax()))
    return tuple(found[0]), tuple(found[1])
