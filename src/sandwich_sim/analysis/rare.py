"""Probabilities of rare events: subset simulation finds where they lie, importance sampling counts them.

A trajectory is a vector of independent standard normals (its inputs) and a number (its shocks,
which are drawn by that number and cannot be moved). Subset simulation (Au and Beck 2001) raises
the bar level by level: of those above it some are copied and moved about by a Markov chain that
keeps the law of the normals (Neal 1998), with the same shocks or new ones. Where the last level
lies tells how to draw: normals about the centers of what was found, mixed with a tenth drawn as
the scenario says, so that no weight is above ten (Hesterberg 1995). Fresh trajectories drawn so
are independent and their weighted mean has no bias, whatever was found. All of it is repeated
with independent numbers, and the repeats tell the error.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf, log, nan, sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.difference import Measured

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
DEFENSIVE = 0.1
"""Part of the final trajectories that are drawn as the scenario says."""
LARGEST_ERROR = 0.3
"""Relative standard error above which an estimate is not to be relied on."""
LARGEST_DISAGREEMENT = 5.0
_MOST_LEVELS = 20
_MOVES = 4
_CENTERS = 3
_CLEAR = 3.0


class NotReachedError(Exception):
    """The event's edge was not reached."""


@dataclass(frozen=True)
class Repeat:
    """What one repeat found.

    Attributes
    ----------
    probability : float
        By importance sampling.
    by_subsets : float
        By subset simulation alone; the levels share trajectories, and so it has a small bias.
    n : int
        Trajectories run.
    n_level : int
    hits : int
        Of the final trajectories, those in the event.
    fresh_accepted : float
        Part of the moves to new shocks that stayed above the bar: near 0 shocks make the event.
    """

    probability: float
    by_subsets: float
    n: int
    n_level: int
    hits: int
    fresh_accepted: float


@dataclass(frozen=True)
class RareEstimate:
    """A probability from independent repeats.

    Attributes
    ----------
    by_importance, by_subsets : Measured
        By importance sampling, and by subset simulation alone; Student's t across the repeats.
    n : int
        Trajectories in all.
    repeats : tuple of Repeat
    """

    by_importance: Measured
    by_subsets: Measured
    n: int
    repeats: tuple[Repeat, ...]

    @property
    def method(self) -> str:
        """Which of the two is surer of itself: where shocks make an event, it is subset simulation."""
        both = (self.by_importance, self.by_subsets)
        errors = [item.standard_error / item.value if item.value > 0.0 else inf for item in both]
        return "importance sampling" if errors[0] <= errors[1] else "subset simulation"

    @property
    def best(self) -> Measured:
        """The surer estimate."""
        return self.by_importance if self.method == "importance sampling" else self.by_subsets

    @property
    def probability(self) -> float:
        """The surer estimate of the probability."""
        return self.best.value

    @property
    def standard_error(self) -> float:
        """Its standard error."""
        return self.best.standard_error

    @property
    def interval(self) -> tuple[float, float]:
        """Interval that holds both methods' 95% intervals: where shocks matter, each alone is too narrow."""
        ends = [self.by_importance.interval(), self.by_subsets.interval()]
        return max(min(low for low, _ in ends), 0.0), min(max(high for _, high in ends), 1.0)

    @property
    def fresh_accepted(self) -> float:
        """Part of the moves to new shocks that stayed above the bar."""
        return float(np.mean([item.fresh_accepted for item in self.repeats]))

    @property
    def doubt(self) -> str:
        """Why the estimate is not to be relied on; empty where it is."""
        if not self.standard_error <= LARGEST_ERROR * self.probability:
            return (
                f"its error is above {LARGEST_ERROR:.0%} of it: shocks, which cannot be moved, make this "
                f"event ({self.fresh_accepted:.1%} of new shocks keep a trajectory in its level)"
            )
        if self.disagreement > LARGEST_DISAGREEMENT:
            return (
                "importance sampling and subset simulation differ by "
                f"{self.disagreement:.1f} standard errors: one of them has missed a part of it"
            )
        return ""

    @property
    def plain_trajectories(self) -> float:
        """Plain trajectories that would give the same standard error."""
        p = self.probability
        return p * (1.0 - p) / self.standard_error**2 if self.standard_error > 0.0 else nan

    @property
    def disagreement(self) -> float:
        """Distance of the two estimates in their standard errors together."""
        one, other = self.by_importance, self.by_subsets
        spread = sqrt(one.standard_error**2 + other.standard_error**2)
        return abs(one.value - other.value) / spread if spread > 0.0 else nan


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
    level_size, final_size : int
        Trajectories of a level, and of the importance sample of each repeat.
    repeats : int
    after : callable, optional
        Called now and then with the number of repeats done.

    Raises
    ------
    NotReachedError
        If no repeat, or only some, come to the event.
    """
    walks = [_Walk(n_input, seed, number).run(level_size, final_size) for number in range(repeats)]
    found = _in_step(walks, distance, after)
    return RareEstimate(
        _across([item.probability for item in found]),
        _across([item.by_subsets for item in found]),
        sum(item.n for item in found),
        tuple(found),
    )


def _in_step(
    walks: list[Steps[Repeat]], distance: Distance, after: Callable[[int], None] | None
) -> list[Repeat]:
    """Let walks go on side by side, so that what they ask for is run in large pieces."""
    asked = {number: next(walk) for number, walk in enumerate(walks)}
    found: dict[int, Repeat] = {}
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

    def run(self, level_size: int, final_size: int) -> Steps[Repeat]:
        """Walk to the event, then count it."""
        normals, log_p, n_level = yield from self._climb(level_size)
        centers, shares = _centers(normals)
        probability, hits = yield from self._count(centers, shares, final_size)
        tried = max(self._fresh[1], 1.0)
        return Repeat(probability, float(np.exp(log_p)), self._n, n_level, hits, self._fresh[0] / tried)

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
        for level in range(1, _MOST_LEVELS + 1):
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

    def _count(self, centers: Floats, shares: Floats, n: int) -> Steps[tuple[float, int]]:
        """Return the probability by importance sampling about the centers, and the hits."""
        own = round(DEFENSIVE * n)
        component = self._random.choice(shares.size, n - own, p=shares)
        normals = self._random.standard_normal((self._n_input, n))
        normals[:, own:] += centers[:, component]
        far = yield from self._measure(normals, self._new(n))
        hit = far >= 0.0
        # log of the density of each component over that of the scenario
        ratio = centers.T @ normals - 0.5 * (centers**2).sum(axis=0)[:, None]
        # Stratified: exactly a tenth are the scenario's own, which the mixture's density allows for.
        mixed = np.logaddexp.reduce(ratio + np.log((1.0 - own / n) * shares)[:, None], axis=0)
        weights = np.exp(-np.logaddexp(mixed, log(own / n)))
        return float((weights * hit).mean()), int(hit.sum())


def _centers(normals: Floats) -> tuple[Floats, Floats]:
    """Centers of what was found, shape (n_input, n_center), and their shares.

    Of each center only the inputs that clearly differ from 0 are kept: the others would make
    weights uneven and bring nothing.
    """
    label = _clusters(normals)
    centers, shares = [], []
    for which in np.unique(label):
        part = normals[:, label == which]
        if part.shape[1] < 8:
            continue
        mean = part.mean(axis=1)
        centers.append(np.where(np.abs(mean) > _CLEAR / sqrt(part.shape[1]), mean, 0.0))
        shares.append(part.shape[1])
    if not centers:
        centers, shares = [normals.mean(axis=1)], [1]
    share = np.array(shares, dtype=np.float64)
    return np.array(centers).T, share / share.sum()


def _clusters(normals: Floats) -> Numbers:
    """Split points into up to three groups (k-means on the inputs that vary or lie far out)."""
    n = normals.shape[1]
    label = np.zeros(n, dtype=np.int64)
    if n < 32:
        return label
    # Principal directions of the second moment: where points lie far from 0, to one side or both.
    values, vectors = np.linalg.eigh(normals @ normals.T / n)
    places = vectors[:, np.argsort(values)[-2:]].T @ normals
    order = np.argsort(places[-1])
    middles = places[:, order[np.linspace(0, n - 1, 2 * _CENTERS + 1).astype(int)[1::2]]]
    for _ in range(20):
        label = ((places[:, :, None] - middles[:, None, :]) ** 2).sum(axis=0).argmin(axis=1)
        for which in range(_CENTERS):
            if (label == which).any():
                middles[:, which] = places[:, label == which].mean(axis=1)
    return label.astype(np.int64)
