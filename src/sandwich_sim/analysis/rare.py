"""Probabilities of rare events: subset simulation finds where they lie, importance sampling counts them.

A trajectory is a vector of independent standard normals (its inputs) and a number (its shocks,
which are drawn by that number and cannot be moved). Subset simulation (Au and Beck 2001) raises
the bar level by level: of those above it some are copied and moved about by a Markov chain that
keeps the law of the normals (Neal 1998), with the same shocks or new ones; it is repeated with
independent numbers. Where all repeats end tells how to draw (`rare_proposal`); a few rounds of
fresh trajectories make that better (cross-entropy, every hit so far weighed by all rounds
together: Cornuet et al. 2012). Then fresh ones are drawn so and counted. They are independent of
each other, and the estimate has no bias, whatever was found.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf, log, nan, sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.rare_proposal import (
    DEFENSIVE,
    Proposal,
    effective_size,
    fit_proposal,
    join_proposals,
)

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Distance = Callable[[Floats, Numbers], Floats]
"""From normals (n_input, n) and numbers (n,) to how far each is beyond the event's edge; >= 0 is in it."""

Result = TypeVar("Result")
Steps = Generator[tuple[Floats, Numbers], Floats, Result]
"""What asks for trajectories, is sent how far they are, and returns a result in the end."""

FIRST_NUMBER = 1 << 44
"""Shocks of a rare event are those of trajectories that no run uses."""
_NUMBERS_APART = 1 << 36
KEPT = 0.1
"""Part of a level's trajectories that lie above the next one."""
LARGEST_ERROR = 0.3
"""Relative standard error above which an estimate is not to be relied on."""
LARGEST_DISAGREEMENT = 5.0
FEWEST_EFFECTIVE = 25.0
"""Effective hits below which the error itself is too uncertain."""
MOST_LEVELS = 16
"""Levels after which an event counts as out of reach: each is ten times as rare as the one before."""
_MOVES = 4
_ROUNDS = 3
_ADAPTING = 0.5
"""Trajectories that improve the proposal, over those that are counted."""
_FEWEST_EFFECTIVE = 20.0
"""Effective hits from which on a round changes the proposal."""
_PIECE = 16_384


class NotReachedError(Exception):
    """The event's edge was not reached."""


@dataclass(frozen=True)
class Climb:
    """What one repeat of subset simulation found.

    Attributes
    ----------
    probability : float
        By subset simulation alone.
    n : int
        Trajectories run.
    n_level : int
    fresh_accepted : float
        Part of the moves to new shocks that stayed above the bar: near 0 shocks make the event.
    """

    probability: float
    n: int
    n_level: int
    fresh_accepted: float


@dataclass(frozen=True)
class RareEstimate:
    """A probability.

    Attributes
    ----------
    by_importance : Measured
        By importance sampling, from independent trajectories: the estimate.
    by_subsets : Measured
        By subset simulation alone, as a check; Student's t across the repeats.
    hits : int
        Trajectories of the importance sample in the event.
    effective_hits : float
        How many of equal weight would be as uncertain.
    largest_weight : float
        What the heaviest of them alone adds to the estimate.
    n : int
        Trajectories in all.
    climbs : tuple of Climb
    """

    by_importance: Measured
    by_subsets: Measured
    hits: int
    effective_hits: float
    largest_weight: float
    n: int
    climbs: tuple[Climb, ...]

    @property
    def probability(self) -> float:
        """The estimate."""
        return self.by_importance.value

    @property
    def standard_error(self) -> float:
        """Its standard error."""
        return self.by_importance.standard_error

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval."""
        error = self.standard_error if self.hits else 0.0
        return weighted_interval(self.probability, error, self.largest_weight)

    @property
    def fresh_accepted(self) -> float:
        """Part of the moves to new shocks that stayed above the bar."""
        return float(np.mean([item.fresh_accepted for item in self.climbs]))

    @property
    def doubt(self) -> str:
        """Why the estimate is not to be relied on; empty where it is."""
        if not self.standard_error <= LARGEST_ERROR * self.probability:
            return (
                f"its error is above {LARGEST_ERROR:.0%} of it: shocks, which cannot be moved, make this "
                f"event ({self.fresh_accepted:.1%} of new shocks keep a trajectory in its level)"
            )
        if self.effective_hits < FEWEST_EFFECTIVE:
            return (
                f"it rests on {self.effective_hits:.0f} effective hits, fewer than {FEWEST_EFFECTIVE:g}, "
                "so that its error is uncertain, too: raise --final-size"
            )
        if self.disagreement > LARGEST_DISAGREEMENT:
            return (
                "importance sampling and subset simulation differ by "
                f"{self.disagreement:.1f} standard errors: one of them has missed a part of it"
            )
        return ""

    @property
    def plain_trajectories(self) -> float:
        """Plain trajectories whose 95% interval would be as narrow, were they to give this value."""
        from scipy.optimize import brentq

        p, (low, high) = self.probability, self.interval
        if not (self.hits and 0.0 < p < 1.0 and high > low):
            return nan

        def wider(log_n: float) -> float:
            n = float(np.exp(log_n))
            ends = weighted_interval(p, sqrt(p * (1.0 - p) / n), 1.0 / n)
            return log((ends[1] - ends[0]) / (high - low))

        ends = log(1e-2 / p), log(1e12 / p)
        return float(np.exp(brentq(wider, *ends))) if wider(ends[0]) > 0.0 > wider(ends[1]) else nan

    @property
    def disagreement(self) -> float:
        """Distance of the two estimates in their standard errors together."""
        one, other = self.by_importance, self.by_subsets
        spread = sqrt(one.standard_error**2 + other.standard_error**2)
        return abs(one.value - other.value) / spread if spread > 0.0 else nan


def weighted_interval(value: float, error: float, largest: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the interval of a sum of weighted hits that misses with probability ``alpha``.

    Parameters
    ----------
    value, error : float
        The sum, and its standard error.
    largest : float
        The largest weight.

    Notes
    -----
    Hits of a rare event are Poisson counts, and so the sum is gamma distributed about as widely
    (Fay and Feuer 1997): the upper end allows for one more hit of the largest weight. Unlike value
    +- 1.96 errors it is right for few hits, and for uneven weights, whose sum is skewed.
    """
    from scipy.special import gammaincinv

    variance = error**2
    low = 0.0
    if value > 0.0 and variance > 0.0:
        low = float(gammaincinv(value**2 / variance, alpha / 2.0)) * variance / value
    above, spread = value + largest, variance + largest**2
    high = float(gammaincinv(above**2 / spread, 1.0 - alpha / 2.0)) * spread / above
    return low, min(high, 1.0)


def estimate_rare(
    distance: Distance,
    n_input: int,
    *,
    seed: int,
    level_size: int = 1024,
    final_size: int = 4096,
    repeats: int = 16,
    after: Callable[[int], None] | None = None,
) -> RareEstimate:
    """Estimate the probability that ``distance`` is at least 0.

    Parameters
    ----------
    distance : callable
    n_input : int
    seed : int
    level_size : int
        Trajectories of a level of each repeat.
    final_size : int
        Trajectories that count the event, for each repeat; half as many improve how they are drawn.
    repeats : int
        Of subset simulation.
    after : callable, optional
        Called now and then with the number of repeats done.

    Raises
    ------
    NotReachedError
        If no repeat, or only some, come to the event.
    """
    walks = [_Walk(n_input, seed, number).run(level_size) for number in range(repeats)]
    # The first one alone: what is out of reach is found out at a fraction of the cost.
    found = _in_step(walks[:1], distance, after)
    found += _in_step(walks[1:], distance, None if after is None else lambda done: after(done + 1))
    normals = np.concatenate([ends for _, ends in found], axis=1)
    climbs = tuple(climb for climb, _ in found)
    count = _Count(distance, seed, repeats)
    proposal = count.improve(fit_proposal(normals, np.ones(normals.shape[1])), repeats * final_size)
    weights, is_own = count.hits(proposal, repeats * final_size)
    n = weights.size
    # Stratified: exactly a tenth are the scenario's own, which the mixture's density allows for.
    parts = [weights[is_own], weights[~is_own]]
    variance = sum(part.size * float(part.var()) for part in parts if part.size) / n**2
    heaviest = float(weights.max()) or 1.0 / DEFENSIVE
    return RareEstimate(
        Measured(float(weights.mean()), sqrt(variance) if weights.any() else nan, inf, n),
        _across([climb.probability for climb in climbs]),
        int(np.count_nonzero(weights)),
        effective_size(weights),
        heaviest / n,
        sum(climb.n for climb in climbs) + count.n,
        climbs,
    )


def _in_step(
    walks: list[Steps[Result]], distance: Distance, after: Callable[[int], None] | None
) -> list[Result]:
    """Let walks go on side by side, so that what they ask for is run in large pieces."""
    asked = {number: next(walk) for number, walk in enumerate(walks)}
    found: dict[int, Result] = {}
    while asked:
        far = distance(
            np.concatenate([normals for normals, _ in asked.values()], axis=1),
            np.concatenate([numbers for _, numbers in asked.values()]),
        )
        following = {}
        for number, (_, numbers) in asked.items():
            own, far = far[: numbers.size], far[numbers.size :]
            try:
                following[number] = walks[number].send(own)
            except StopIteration as done:
                found[number] = done.value
        asked = following
        if after is not None:
            after(len(found))
    return [found[number] for number in range(len(walks))]


def _across(values: list[float]) -> Measured:
    spread = float(np.std(values, ddof=1)) / sqrt(len(values))
    return Measured(float(np.mean(values)), spread, len(values) - 1.0, len(values))


class _Walk:
    """One repeat: its random numbers, and what it has run; it yields what it wants to be run."""

    def __init__(self, n_input: int, seed: int, number: int) -> None:
        self._n_input = n_input
        self._random = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, number])))
        self._next = FIRST_NUMBER + number * _NUMBERS_APART
        self._n = 0
        self._fresh = np.zeros(2)

    def run(self, level_size: int) -> Steps[tuple[Climb, Floats]]:
        """Walk to the event; return also the normals of trajectories in it."""
        normals, log_p, n_level = yield from self._climb(level_size)
        accepted = self._fresh[0] / max(self._fresh[1], 1.0)
        return Climb(float(np.exp(log_p)), self._n, n_level, float(accepted)), normals

    def _new(self, n: int) -> Numbers:
        first = self._next
        self._next += n
        return np.arange(first, first + n, dtype=np.int64)

    def _measure(self, normals: Floats, numbers: Numbers) -> Steps[Floats]:
        self._n += numbers.size
        found = yield normals, numbers
        return np.where(np.isnan(found), -inf, found)

    def _climb(self, n: int) -> Steps[tuple[Floats, float, int]]:
        """Return normals of trajectories in the event, the log of its probability, and the levels."""
        normals, numbers = self._random.standard_normal((self._n_input, n)), self._new(n)
        far = yield from self._measure(normals, numbers)
        log_p, spread = 0.0, 0.8
        for level in range(1, MOST_LEVELS + 1):
            # The best of those that fall: what lies strictly above it is an unbiased choice.
            bar = float(np.sort(far)[-round(KEPT * n) - 1])
            above = far >= 0.0 if bar >= 0.0 else far > bar
            if not above.any():
                raise NotReachedError
            log_p += log(float(above.mean()))
            if bar >= 0.0:
                return normals[:, above], log_p, level
            chosen = np.resize(self._random.permutation(np.flatnonzero(above)), n)
            normals, numbers, far = normals[:, chosen], numbers[chosen], far[chosen]
            for _ in range(_MOVES):
                spread = yield from self._move(normals, numbers, far, bar, spread)
        raise NotReachedError

    def _move(
        self, normals: Floats, numbers: Numbers, far: Floats, bar: float, spread: float
    ) -> Steps[float]:
        """Move every trajectory, in place; return how far to move the next time."""
        n = numbers.size
        step = self._random.standard_normal(normals.shape)
        tried = sqrt(1.0 - spread**2) * normals + spread * step
        is_fresh = self._random.random(n) < 0.5
        tried_numbers = np.where(is_fresh, self._new(n), numbers)
        found = yield from self._measure(tried, tried_numbers)
        stays = found > bar
        normals[:, stays], numbers[stays], far[stays] = tried[:, stays], tried_numbers[stays], found[stays]
        self._fresh += [float(stays[is_fresh].sum()), float(is_fresh.sum())]
        return float(np.clip(spread * np.exp(stays.mean() - 0.35), 0.05, 1.0))


class _Count:
    """Fresh trajectories, drawn by proposals and weighed."""

    def __init__(self, distance: Distance, seed: int, number: int) -> None:
        self._distance = distance
        self._random = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, number])))
        self._next = FIRST_NUMBER + number * _NUMBERS_APART
        self.n = 0

    def improve(self, proposal: Proposal, n: int) -> Proposal:
        """Return a proposal that suits the hits of a few rounds."""
        tried, found = [proposal], np.empty((proposal.directions.shape[1], 0))
        for _ in range(_ROUNDS):
            normals, _, is_hit = self._draw(proposal, max(round(_ADAPTING * n / _ROUNDS), 1))
            found = np.concatenate([found, normals[:, is_hit]], axis=1)
            weights = join_proposals(tried).weights(found)
            if effective_size(weights) >= _FEWEST_EFFECTIVE:
                proposal = fit_proposal(found, weights)
            tried.append(proposal)
        return proposal

    def hits(self, proposal: Proposal, n: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the weights of trajectories, 0 outside the event, and which are the scenario's own draws."""
        normals, is_own, is_hit = self._draw(proposal, n)
        return proposal.weights(normals) * is_hit, is_own

    def _draw(self, proposal: Proposal, n: int) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
        normals, is_own = proposal.draw(n, self._random)
        numbers = np.arange(self._next, self._next + n, dtype=np.int64)
        self._next += n
        self.n += n
        far = [
            self._distance(normals[:, start : start + _PIECE], numbers[start : start + _PIECE])
            for start in range(0, n, _PIECE)
        ]
        return normals, is_own, np.concatenate(far) >= 0.0
