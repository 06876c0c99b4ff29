"""How likely a rare event of a scenario is, down to one in a million and below."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.event_distance import event_distance
from sandwich_sim.analysis.evidence import record_of
from sandwich_sim.analysis.metrics import Metric, Statistic, parse_statistic
from sandwich_sim.analysis.rare import MOST_LEVELS, Distance, NotReachedError, RareEstimate, estimate_rare
from sandwich_sim.analysis.statistic import flags_of
from sandwich_sim.analysis.watch_windows import first_window
from sandwich_sim.errors import UsageError
from sandwich_sim.results.estimate import probability_interval
from sandwich_sim.scenario.outcome_names import frame_of
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.given_inputs import GivenInputs
from sandwich_sim.studies.paired import paired_outcomes

Floats = NDArray[np.float64]

LEVEL_SIZE = 1024
FINAL_SIZE = 4096
REPEATS = 16
_PILOT = 256
"""Trajectories that tell how far apart the paths of each series lie."""


@dataclass(frozen=True)
class PlainCheck:
    """The same probability by plain random trajectories.

    Attributes
    ----------
    n, hits : int
    low, high : float
        95% interval (Wilson).
    """

    n: int
    hits: int
    low: float
    high: float

    @property
    def probability(self) -> float:
        """Hits over trajectories."""
        return self.hits / self.n


@dataclass(frozen=True)
class RareResult:
    """What `rare_probability` found.

    Attributes
    ----------
    scenario, statement : str
    estimate : RareEstimate
    check : PlainCheck, optional
    notes : tuple of str
        What the scenario says of itself.
    """

    scenario: str
    statement: str
    estimate: RareEstimate
    check: PlainCheck | None
    notes: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        """Return plain values."""
        found = self.estimate
        plain = found.plain_trajectories
        return {
            "scenario": self.scenario,
            "statement": self.statement,
            "probability": found.probability,
            "standard_error": found.standard_error,
            "interval": list(found.interval),
            "method": "importance sampling",
            "doubt": found.doubt,
            "trajectories": found.n,
            "plain_trajectories": plain if isfinite(plain) else None,
            "fresh_shocks_accepted": found.fresh_accepted,
            "by_importance": [found.by_importance.value, found.by_importance.standard_error],
            "by_subsets": [found.by_subsets.value, found.by_subsets.standard_error],
            "levels": [item.n_level for item in found.climbs],
            "hits": found.hits,
            "effective_hits": found.effective_hits,
            "check": None
            if self.check is None
            else {
                "trajectories": self.check.n,
                "hits": self.check.hits,
                "probability": self.check.probability,
                "interval": [self.check.low, self.check.high],
            },
            "warnings": list(self.notes),
        }


def rare_probability(
    spec: ScenarioSpec,
    statement: str,
    *,
    seed: int | None = None,
    level_size: int = LEVEL_SIZE,
    final_size: int = FINAL_SIZE,
    repeats: int = REPEATS,
    check: int = 0,
    shocks: bool = True,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RareResult:
    """Estimate the probability of a rare event.

    Parameters
    ----------
    statement : str
        ``margin.chips @ 2030 < 0.3``, or an event by a date, ``umbrella_closed @ 2027``.
    level_size, final_size, repeats : int
        As in `analysis.rare.estimate_rare`.
    check : int
        Plain random trajectories that check it; 0 for none.
    shocks : bool
        False holds every shock at zero.

    Returns
    -------
    RareResult

    Raises
    ------
    UsageError
        If the statement cannot be read, or nothing comes near the event.
    """
    began = time.perf_counter()
    seed = spec.run.seed if seed is None else seed
    statistic = read_rare(statement, spec)
    assert statistic.metric is not None, "checked by `read_rare`"
    if statistic.metric.kind == "flag":
        far, n_input = _event_distance(spec, statistic.metric, seed, shocks, threads)
    else:
        given = GivenInputs(spec, [statistic.metric], seed=seed, shocks=shocks, threads=threads)
        distance, n_input = _distance_of(statistic), given.n_input

        def far(normals: Floats, numbers: NDArray[np.int64]) -> Floats:
            return distance(given.run(normals, numbers)[0])

    def after(done: int) -> None:
        if progress is not None:
            progress(Progress(done, repeats, time.perf_counter() - began, "simulate"))

    after(0)
    try:
        estimate = estimate_rare(
            far,
            n_input,
            seed=seed,
            level_size=level_size,
            final_size=final_size,
            repeats=repeats,
            after=after,
        )
    except NotReachedError:
        raise UsageError(
            f"{statistic.name}: out of reach. No trajectory comes nearer than another, or {MOST_LEVELS} "
            "levels, each ten times as rare as the one before, do not lead there. Ask for something nearer."
        ) from None
    plain = _check(spec, statistic, check, seed, shocks, threads) if check else None
    return RareResult(spec.name, statistic.name, estimate, plain, spec.notes)


def read_rare(text: str, spec: ScenarioSpec) -> Statistic:
    """Read the event of which the probability is asked.

    Raises
    ------
    UsageError
    """
    stripped = text.strip()
    statistic = parse_statistic(stripped if stripped.startswith("P(") else f"P({stripped})", spec)
    if statistic.kind != "probability" or statistic.metric is None:
        raise UsageError(f"{text!r} is no event. Write an event, or such as 'margin.chips @ 2030 < 0.3'.")
    return statistic


def _event_distance(
    spec: ScenarioSpec, metric: Metric, seed: int, shocks: bool, threads: int | None
) -> tuple[Distance, int]:
    """Return how near trajectories come to an event of the scenario, by its clauses, and the inputs."""
    event = next(item for item in spec.events if item.name == metric.variable)
    q, frame = spec.steps_per_year, frame_of(spec)
    last = metric.record if metric.record >= 0 else spec.years * q
    if first_window(event, q) > last:
        raise UsageError(
            f"{metric.name}: asks for {event.window_years + 1} years of records, which are not over by then. "
            "Its probability is 0."
        )
    timed = replace(metric, kind="event_time", name=f"event_time.{event.name}", unit="yr")
    names = list(dict.fromkeys(clause.series for clause in event.clauses))
    records = [record_of(name, record, frame) for name in names for record in range(last + 1)]
    given = GivenInputs(spec, [timed, *records], seed=seed, shocks=shocks, threads=threads)
    # Half a step, since times are multiples of a step.
    limit = (last + 0.5) / q

    def paths_of(values: Floats) -> dict[str, Floats]:
        return dict(zip(names, values[1:].reshape(len(names), last + 1, -1), strict=True))

    random = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, _PILOT])))
    pilot = given.run(random.standard_normal((given.n_input, _PILOT)), np.arange(_PILOT))
    scales = {name: float(np.nanstd(path)) or 1.0 for name, path in paths_of(pilot).items()}

    def distance(normals: Floats, numbers: NDArray[np.int64]) -> Floats:
        values = given.run(normals, numbers)
        near = event_distance(event, paths_of(values), scales, last, q)
        with np.errstate(invalid="ignore"):
            happened = values[0] <= limit
        # The run itself says whether it happened: values are rounded, and some clauses hold strictly.
        return np.where(happened, np.maximum(near, 0.0), np.minimum(near, -np.finfo(np.float64).tiny))

    return distance, given.n_input


def _distance_of(statistic: Statistic) -> Callable[[Floats], Floats]:
    """Return how far beyond the edge of a condition values are."""
    sign = 1.0 if statistic.compare.startswith(">") else -1.0
    is_open = len(statistic.compare) == 1

    def distance(values: Floats) -> Floats:
        beyond = sign * (values - statistic.threshold)
        # "> c" does not hold at c itself.
        return np.where(is_open & (beyond == 0.0), -np.finfo(np.float64).tiny, beyond)

    return distance


def _check(
    spec: ScenarioSpec, statistic: Statistic, n: int, seed: int, shocks: bool, threads: int | None
) -> PlainCheck:
    assert statistic.metric is not None, "checked by `read_rare`"
    hits = 0
    piece = 262_144
    for first in range(0, n, piece):
        found = paired_outcomes(
            [spec],
            [[statistic.metric]],
            trajectories=min(piece, n - first),
            first=first,
            seed=seed,
            sampler="random",
            shocks=shocks,
            threads=threads,
        )
        hits += int(np.count_nonzero(flags_of(statistic, found.values[0][0])))
    low, high = probability_interval(np.array([[hits]]), np.array([[n]]), is_replicated=False)
    return PlainCheck(n, hits, float(low[0]), float(high[0]))
