"""The base scenario judged against its targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import simulate
from sandwich_sim.studies.calibration_flows import Floats, Paths
from sandwich_sim.studies.calibration_measures import Target, Wanted, Watched

SCENARIO = "base"
TRAJECTORIES = 4096
"""16 scrambles of 256 Sobol points: medians to about a tenth of what would change a verdict."""
BAND = (0.05, 0.50, 0.95)
ERRORS = 2.0
"""A band that reaches into the wanted range by fewer standard errors than this does not touch it."""
THIN = 0.10
"""An ok median this near an edge, as a part of the range, is thin."""

Verdict = Literal["ok", "near", "MISS"]


@dataclass(frozen=True)
class Estimate:
    """The 5%, 50% and 95% quantile of a number over all trajectories, with their standard errors."""

    low: float
    median: float
    high: float
    low_error: float
    median_error: float
    high_error: float


@dataclass(frozen=True)
class Score:
    """A target and what the model makes of it.

    Attributes
    ----------
    is_thin : bool
        Whether the median is in the wanted range, but near its edge.
    """

    target: Target
    estimate: Estimate
    verdict: Verdict
    is_thin: bool


@dataclass(frozen=True)
class EventScore:
    """Probability of an event within the horizon."""

    name: str
    title: str
    probability: float
    standard_error: float


@dataclass(frozen=True)
class Calibration:
    """All targets judged on one run.

    Attributes
    ----------
    groups : dict of str to tuple of Score
    watched : tuple of (Watched, Estimate)
    events : tuple of EventScore
    n_trajectories, seed : int
    sampler : str
    """

    groups: dict[str, tuple[Score, ...]]
    watched: tuple[tuple[Watched, Estimate], ...]
    events: tuple[EventScore, ...]
    n_trajectories: int
    seed: int
    sampler: str

    @property
    def scores(self) -> tuple[Score, ...]:
        """All scores, in the order of the page."""
        return tuple(score for group in self.groups.values() for score in group)


def calibrate(
    targets: dict[str, tuple[Target, ...]],
    watched: tuple[Watched, ...] = (),
    *,
    trajectories: int = TRAJECTORIES,
    seed: int | None = None,
) -> Calibration:
    """Run the base scenario and judge every target.

    Parameters
    ----------
    targets : dict of str to tuple of Target
        By group.
    watched : tuple of Watched
        Estimated, not judged.
    seed : int, optional
        The scenario's own if not given.
    """
    spec = load_scenario(SCENARIO)
    dataset = simulate(spec, trajectories=trajectories, seed=seed, keep="paths")
    paths = Paths(dataset, spec)
    scramble = dataset["scramble"].values
    events = zip(
        dataset["event"].values,
        dataset["event_title"].values,
        dataset["event_total_probability"].values,
        dataset["event_total_probability_standard_error"].values,
        strict=True,
    )
    return Calibration(
        groups={
            group: tuple(
                judge(target, estimate(target.measure.compute(paths), scramble)) for target in members
            )
            for group, members in targets.items()
        },
        watched=tuple((item, estimate(item.measure.compute(paths), scramble)) for item in watched),
        events=tuple(EventScore(str(name), str(title), float(p), float(se)) for name, title, p, se in events),
        n_trajectories=trajectories,
        seed=spec.run.seed if seed is None else seed,
        sampler=spec.run.sampler,
    )


def estimate(values: Floats, scramble: NDArray[np.uint8]) -> Estimate:
    """Return quantiles over all trajectories; their errors are those of 16 groups.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    scramble : ndarray of uint8, shape (n,)
        The scramble of each trajectory. Scrambles are independent, points within one are not.
    """
    parts = [np.quantile(values[scramble == r], BAND) for r in np.unique(scramble)]
    errors = np.std(parts, axis=0, ddof=1) / np.sqrt(len(parts))
    low, median, high = np.quantile(values, BAND)
    return Estimate(float(low), float(median), float(high), *(float(error) for error in errors))


def judge(target: Target, found: Estimate) -> Score:
    """Compare an estimate with the wanted range; what is in doubt counts as the worse verdict."""
    wanted = target.wanted
    inside = min(found.median - wanted.low, wanted.high - found.median)
    if inside >= 0.0:
        return Score(target, found, "ok", inside < THIN * (wanted.high - wanted.low))
    return Score(target, found, "near" if _band_touches(wanted, found) else "MISS", is_thin=False)


def _band_touches(wanted: Wanted, found: Estimate) -> bool:
    if found.median < wanted.low:
        return found.high - ERRORS * found.high_error > wanted.low
    return found.low + ERRORS * found.low_error < wanted.high
