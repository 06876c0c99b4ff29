"""What is told of one trajectory: plain data, made by `studies.replay`, shown by tables and figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Kind = Literal["leap", "release", "bust", "turn", "event"]
UNUSUAL = 0.05
"""A value is called unusual if one at least as far out, on either side, has less than this probability."""


@dataclass(frozen=True)
class UnusualInput:
    """One drawn input of a trajectory, and where it lies in its own distribution.

    Attributes
    ----------
    name, title, unit : str
    value, median : float
        Drawn, and of the distribution [``unit``].
    below, above : float
        Probability of a lower and of a higher value [1].
    score : float
        The standard normal with the same quantile: 0 at the median, 1.96 at 97.5% [1].
    rarity : float
        Probability of a value at least as far out, on either side [1].
    partners : tuple of str
        Inputs that it is correlated with.
    given_score, given_rarity : float
        The same, given what those were drawn to; equal to ``score`` and ``rarity`` without any.
    """

    name: str
    title: str
    unit: str
    value: float
    median: float
    below: float
    above: float
    score: float
    rarity: float
    partners: tuple[str, ...] = ()
    given_score: float = 0.0
    given_rarity: float = 1.0

    @property
    def quantile(self) -> float:
        """Probability of a lower value; half of what lies at the value itself counts as lower."""
        return 0.5 * (self.below + (1.0 - self.above))

    @property
    def least_rarity(self) -> float:
        """The smaller of both: unusual by itself, or beside what it is correlated with."""
        return min(self.rarity, self.given_rarity)


@dataclass(frozen=True)
class Luck:
    """The shocks of one state added up over a run, or the number of its jumps.

    Attributes
    ----------
    name, title : str
    total : float
        Sum of the standard normals over the root of their number; jumps: how many [1].
    expected : float
        0; jumps: rate times years [1].
    score, rarity : float
        As of an input.
    """

    name: str
    title: str
    total: float
    expected: float
    score: float
    rarity: float

    @property
    def is_count(self) -> bool:
        """Whether jumps were counted."""
        return self.name in ("shock.leap", "shock.release")


@dataclass(frozen=True)
class Happening:
    """Something that happened on the way.

    Attributes
    ----------
    when : date
        Of the record at which it shows; of a bust, the peak before it.
    until : date
        Of the bust's trough; otherwise ``when``.
    record : int
        Number of the record of ``when``.
    kind : {"leap", "release", "bust", "turn", "event"}
    series : str
        What it happened to: ``gap``, ``capex``, ``profit.lab``; an event's name.
    before, after : float
        Values of the series around it; of an event, NaN.
    text : str
        In words, with its numbers.
    """

    when: date
    until: date
    record: int
    kind: Kind
    series: str
    before: float
    after: float
    text: str


@dataclass(frozen=True)
class EventTold:
    """An event, and whether it happened.

    Attributes
    ----------
    name, title : str
    when : date or None
        First time; None if it never happened.
    record : int
        Number of that record; -1 if never.
    probability : float
        Of happening at all in the run [1].
    by_then : float
        Probability that it has happened by the yearly record at or after ``when`` [1]; NaN if never.
    """

    name: str
    title: str
    when: date | None
    record: int
    probability: float
    by_then: float


@dataclass(frozen=True)
class SeriesTold:
    """A series of the trajectory, beside all others of the run.

    Attributes
    ----------
    name, title, unit : str
    values : ndarray of float64, shape (n_record,)
        [``unit``]
    rank : ndarray of float64, shape (n_record,)
        Part of the run's trajectories with a lower value [1]; NaN where the run does not tell it
        or all have the same.
    """

    name: str
    title: str
    unit: str
    values: Floats
    rank: Floats


@dataclass(frozen=True)
class Standing:
    """A sum over the whole run, and its place among the trajectories.

    Attributes
    ----------
    name, title : str
        ``cumulative_profit.lab``; the hop's title.
    value : float
        [bn USD]
    lower : int or None
        How many of ``n`` trajectories have a lower one; None where the run does not tell.
    n : int
        Trajectories that it was compared with.
    """

    name: str
    title: str
    value: float
    lower: int | None
    n: int

    @property
    def rank(self) -> float:
        """Part of the trajectories with a lower value [1]; NaN where the run does not tell."""
        return float("nan") if self.lower is None else self.lower / max(self.n - 1, 1)


@dataclass(frozen=True)
class Story:
    """One trajectory of a run.

    Attributes
    ----------
    folder, name, title : str
    trajectory, n_trajectories : int
    sampler, keep : str
    seed : int
    run_digest : str
    dates : tuple of date
        Of the records.
    steps_per_year : int
    headline : tuple of str
        A few sentences, the most important first.
    compared : int
        Numbers that the run stores of this trajectory, each found equal bit for bit.
    inputs : tuple of UnusualInput
        Every drawn one, the most unusual first.
    n_unusual : int
        How many are unusual by themselves (`UNUSUAL`).
    joint : float
        Quantile of how far out all inputs are together, correlations counted [1].
    luck : tuple of Luck
        The most unusual first.
    happenings : tuple of Happening
        In the order of time.
    events : tuple of EventTold
    series : dict of str to SeriesTold
    hops : dict of str to str
        Name and title of the hops whose series are told.
    standings : tuple of Standing
    problems : tuple of str
        Non-finite values and broken identities.
    """

    folder: str
    name: str
    title: str
    trajectory: int
    n_trajectories: int
    sampler: str
    keep: str
    seed: int
    run_digest: str
    dates: tuple[date, ...]
    steps_per_year: int
    headline: tuple[str, ...]
    compared: int
    inputs: tuple[UnusualInput, ...]
    n_unusual: int
    joint: float
    luck: tuple[Luck, ...]
    happenings: tuple[Happening, ...]
    events: tuple[EventTold, ...]
    series: dict[str, SeriesTold]
    hops: dict[str, str]
    standings: tuple[Standing, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class SharedInput:
    """An input, or luck, that the trajectories of a tail have in common.

    Attributes
    ----------
    name, title : str
    mean_score : float
        Mean of their scores [1].
    significance : float
        That over its standard error where the input does not matter [1].
    quantile : float
        Quantile of the mean score in the input's own distribution [1].
    """

    name: str
    title: str
    mean_score: float
    significance: float
    quantile: float


@dataclass(frozen=True)
class TailStory:
    """The trajectories at one end of an outcome, and what they have in common.

    Attributes
    ----------
    folder, title : str
        Of the run.
    outcome, label, unit : str
    end : {"lowest", "highest"}
    n : int
        Trajectories that have a value.
    trajectories : tuple of int
    values : tuple of float
        [``unit``]
    stories : tuple of Story
    n_shared : int
        How many of the outermost trajectories ``shared`` was looked for in.
    alarm : float
        How often a tail that nothing caused would show something shared [1].
    shared : tuple of SharedInput
        The surest first.
    n_looked : int
        Inputs and lucks that were looked at.
    """

    folder: str
    title: str
    outcome: str
    label: str
    unit: str
    end: Literal["lowest", "highest"]
    n: int
    trajectories: tuple[int, ...]
    values: tuple[float, ...]
    stories: tuple[Story, ...]
    n_shared: int
    alarm: float
    shared: tuple[SharedInput, ...]
    n_looked: int
