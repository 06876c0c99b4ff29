"""Forecasts beside what came true, and what they add up to by series, horizon and origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from math import nan

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.hindcast_baselines import BASELINES
from sandwich_sim.analysis.scores import (
    Coverage,
    calibration_words,
    cluster_interval,
    coverage_of,
    skill_interval,
)
from sandwich_sim.observations import Observation

Floats = NDArray[np.float64]

LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)
BAND, HALF = 0.90, 0.50
"""Parts that the outer and the inner band should hold."""
HORIZONS = ((0.0, 1.0), (1.0, 2.0), (2.0, 10.0))
"""Classes of the time from the origin to the middle of a window [yr]."""
TOO_FEW, UNCLEAR = "too few to tell", "no clear difference"


@dataclass(frozen=True)
class Forecast:
    """One outcome, and what was said of it from one origin.

    Attributes
    ----------
    observation : Observation
    scenario : str
    origin : date
    horizon : float
        From the origin to the middle of the window [yr].
    quantiles : tuple of float
        At `LEVELS` [in the observation's unit].
    transform, transform_error : float
        Part of the trajectories below the outcome, and its Monte Carlo standard error.
    scale : {"logarithm", "plain"}
        What the scores are measured on.
    crps, crps_error : float
        The latter is its Monte Carlo standard error.
    interval : float
        Interval score of the 5-95% band.
    baseline_crps, baseline_interval : dict of str to float
        The same of each of `BASELINES`.
    baseline_median : dict of str to float
        [in the observation's unit].
    is_known : bool
        Whether the baselines rest on a value that was public at the origin.
    """

    observation: Observation
    scenario: str
    origin: date
    horizon: float
    quantiles: tuple[float, ...]
    transform: float
    transform_error: float
    scale: str
    crps: float
    crps_error: float
    interval: float
    baseline_crps: dict[str, float]
    baseline_interval: dict[str, float]
    baseline_median: dict[str, float]
    is_known: bool

    @property
    def is_inside(self) -> bool:
        """Whether the outcome lies within the 5-95% band."""
        return self.quantiles[0] <= self.observation.value <= self.quantiles[-1]

    @property
    def is_in_half(self) -> bool:
        """Whether the outcome lies within the 25-75% band."""
        return self.quantiles[1] <= self.observation.value <= self.quantiles[-2]

    @property
    def touches(self) -> bool:
        """Whether the band meets the outcome's own range."""
        seen = self.observation
        return self.quantiles[0] <= seen.high and seen.low <= self.quantiles[-1]


@dataclass(frozen=True)
class Skill:
    """By how much smaller a mean score is than a baseline's: 1 is perfect, 0 no better, below 0 worse.

    Attributes
    ----------
    value : float
    low, high : float
        95% interval; NaN where there are too few forecasts or outcomes.
    """

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """What the interval lets be said."""
        if not self.low <= self.high:
            return TOO_FEW
        return "better" if self.low > 0.0 else "worse" if self.high < 0.0 else UNCLEAR


@dataclass(frozen=True)
class Group:
    """Scores of some forecasts together.

    Attributes
    ----------
    name : str
    forecasts : tuple of Forecast
    crps, interval : float
        Means [on the scale of scoring].
    skill, interval_skill : dict of str to Skill
        Against each baseline.
    """

    name: str
    forecasts: tuple[Forecast, ...]
    crps: float
    interval: float
    skill: dict[str, Skill]
    interval_skill: dict[str, Skill]

    @property
    def n(self) -> int:
        return len(self.forecasts)

    @property
    def n_inside(self) -> int:
        return sum(forecast.is_inside for forecast in self.forecasts)

    @property
    def n_above(self) -> int:
        """How many outcomes lie above the median forecast."""
        return sum(forecast.transform > 0.5 for forecast in self.forecasts)

    @property
    def mean_transform(self) -> float:
        """Mean place of the outcomes in their forecasts; 0.5 of a calibrated one."""
        return float(np.mean([forecast.transform for forecast in self.forecasts]))

    @property
    def clustered_coverage(self) -> tuple[float, float]:
        """95% interval of the part inside the 5-95% band when series are drawn anew, not outcomes."""
        inside = np.array([[float(item.is_inside) for item in self.forecasts]])
        clusters = _numbers([item.observation.name for item in self.forecasts])
        return cluster_interval(inside, clusters, lambda means: means[0])

    @property
    def n_outcome(self) -> int:
        """How many outcomes the forecasts share."""
        return len({item.observation for item in self.forecasts})

    @property
    def verdict(self) -> str:
        """Whether skill by CRPS is above or below 0 against the baselines, as far as intervals tell."""
        said = {kind: skill.verdict for kind, skill in self.skill.items()}
        if len(set(said.values())) == 1:
            return next(iter(said.values()))
        joined = {"better": "better than", "worse": "worse than", UNCLEAR: "not clearly other than"}
        return ", ".join(f"{joined.get(word, word)} {kind}" for kind, word in said.items())

    def coverage(self, level: float = BAND) -> Coverage:
        """Return how many outcomes the band of a level held."""
        inside = [item.is_inside if level == BAND else item.is_in_half for item in self.forecasts]
        return coverage_of(sum(inside), self.n, level)


@dataclass(frozen=True)
class Band:
    """Quantiles of one series along a forecast, for figures.

    Attributes
    ----------
    series, unit : str
        As an observation names it.
    scenario : str
    origin : date
    days : ndarray of float64, shape (n_record,)
        Since the origin [d].
    quantiles : ndarray of float64, shape (5, n_record)
        At `LEVELS`.
    """

    series: str
    unit: str
    scenario: str
    origin: date
    days: Floats
    quantiles: Floats


@dataclass(frozen=True)
class Hindcast:
    """Everything that was scored.

    Attributes
    ----------
    forecasts : tuple of Forecast
        By origin, then in the order of the observations.
    bands : tuple of Band
    digests : dict of str to str
        Scenario name to the digest of everything that its forecast depends on.
    known_digests : dict of str to str
        Scenario name to the digest of the values that its baselines may see.
    trajectories : int
    failures : int
        Trajectories that hold a non-finite value or break an identity.
    """

    forecasts: tuple[Forecast, ...]
    bands: tuple[Band, ...]
    digests: dict[str, str]
    known_digests: dict[str, str]
    trajectories: int
    failures: int

    @property
    def origins(self) -> tuple[Group, ...]:
        """Scores by origin."""
        return _groups(self.forecasts, lambda item: item.scenario)

    @property
    def series(self) -> tuple[Group, ...]:
        """Scores by series, over all origins."""
        return _groups(self.forecasts, lambda item: item.observation.name)

    @property
    def horizons(self) -> tuple[Group, ...]:
        """Scores by time ahead, each series counting the same."""
        found = []
        for low, high in HORIZONS:
            part = [item for item in self.forecasts if low <= item.horizon < high]
            if part:
                found.append(group_of(f"{_ahead(low, high)}ears", part))
        return tuple(found)

    @property
    def cells(self) -> tuple[Group, ...]:
        """Scores of each series by time ahead, over all origins."""
        found = []
        for name, (low, high) in product([group.name for group in self.series], HORIZONS):
            part = [
                item
                for item in self.forecasts
                if item.observation.name == name and low <= item.horizon < high
            ]
            if part:
                found.append(group_of(f"{name}, {_ahead(low, high)}", part))
        return tuple(found)

    @property
    def total(self) -> Group:
        """All forecasts, each series counting the same."""
        return group_of("all series", self.forecasts)

    @property
    def outcomes(self) -> tuple[Observation, ...]:
        """What was scored, each once however many origins looked at it."""
        return tuple(dict.fromkeys(item.observation for item in self.forecasts))

    @property
    def words(self) -> tuple[str, ...]:
        """What the coverage of each origin shows, in words."""
        return tuple(
            f"{group.name}: {calibration_words(group.coverage(), group.n_above)}" for group in self.origins
        )


def _ahead(low: float, high: float) -> str:
    return f"{low:g}-{high:g} y" if high < HORIZONS[-1][1] else f"{low:g}+ y"


def _groups(forecasts: Iterable[Forecast], key: Callable[[Forecast], str]) -> tuple[Group, ...]:
    found: dict[str, list[Forecast]] = {}
    for item in forecasts:
        found.setdefault(key(item), []).append(item)
    return tuple(group_of(name, part) for name, part in found.items())


def group_of(name: str, forecasts: Sequence[Forecast]) -> Group:
    """Put forecasts together.

    Skill is one minus a ratio of mean scores. Where there are several series, their units differ:
    then it is one minus the geometric mean of their ratios, and its interval draws series anew.
    """
    crps = [item.crps for item in forecasts]
    interval = [item.interval for item in forecasts]
    return Group(
        name=name,
        forecasts=tuple(forecasts),
        crps=float(np.mean(crps)),
        interval=float(np.mean(interval)),
        skill={
            kind: _skill(forecasts, crps, [item.baseline_crps[kind] for item in forecasts])
            for kind in BASELINES
        },
        interval_skill={
            kind: _skill(forecasts, interval, [item.baseline_interval[kind] for item in forecasts])
            for kind in BASELINES
        },
    )


def _skill(forecasts: Sequence[Forecast], own: Sequence[float], other: Sequence[float]) -> Skill:
    scores = np.array([own, other])
    names = [item.observation.name for item in forecasts]
    if len(set(names)) == 1:
        clusters = _numbers([item.observation for item in forecasts])
        low, high = skill_interval(scores[0], scores[1], clusters)
        return Skill(_ratio_skill(scores), low, high)
    series = _numbers(names)
    logs = np.array(
        [
            np.log(scores[0, series == k].mean() / scores[1, series == k].mean())
            for k in range(max(series) + 1)
        ]
    )
    low, high = cluster_interval(logs[np.newaxis], np.arange(logs.size), lambda means: 1.0 - np.exp(means[0]))
    return Skill(float(1.0 - np.exp(logs.mean())), low, high)


def _ratio_skill(scores: Floats) -> float:
    own, other = scores.mean(axis=1)
    return float(1.0 - own / other) if other > 0.0 else nan


def _numbers(items: Sequence[object]) -> NDArray[np.int64]:
    """Number things in the order in which they first appear."""
    known = {item: number for number, item in enumerate(dict.fromkeys(items))}
    return np.array([known[item] for item in items], dtype=np.int64)
