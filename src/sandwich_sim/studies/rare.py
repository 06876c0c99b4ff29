"""How likely a rare event of a scenario is, down to one in a million and below."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric, Statistic, parse_statistic
from sandwich_sim.analysis.rare import NotReachedError, RareEstimate, estimate_rare
from sandwich_sim.analysis.statistic import flags_of
from sandwich_sim.errors import UsageError
from sandwich_sim.results.estimate import probability_interval
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.given_inputs import GivenInputs
from sandwich_sim.studies.paired import paired_outcomes

Floats = NDArray[np.float64]

LEVEL_SIZE = 1024
FINAL_SIZE = 4096
REPEATS = 16


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
        ``margin.chips @ 2030 < 0.1``, or an event by a date, ``umbrella_closed @ 2027``.
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
    near, distance = _distance_of(statistic)
    given = GivenInputs(spec, [near], seed=seed, shocks=shocks, threads=threads)

    def after(done: int) -> None:
        if progress is not None:
            progress(Progress(done, repeats, time.perf_counter() - began, "simulate"))

    after(0)
    try:
        estimate = estimate_rare(
            lambda normals, numbers: distance(given.run(normals, numbers)[0]),
            given.n_input,
            seed=seed,
            level_size=level_size,
            final_size=final_size,
            repeats=repeats,
            after=after,
        )
    except NotReachedError:
        raise UsageError(
            f"{statistic.name}: no trajectory comes nearer to it than another, or it is out of reach. "
            "An event tells nothing of how near it was before it comes: at least one trajectory in a hundred "
            "must see it at some date. Otherwise state it by a number, such as "
            '"margin.chips @ 2030 < 0.1".'
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
        raise UsageError(f"{text!r} is no event. Write an event, or such as 'margin.chips @ 2030 < 0.1'.")
    return statistic


def _distance_of(statistic: Statistic) -> tuple[Metric, Callable[[Floats], Floats]]:
    """Return an outcome, and how far beyond the event's edge its values are."""
    metric = statistic.metric
    assert metric is not None, "checked by `read_rare`"
    if metric.kind == "flag":
        # The sooner it comes the nearer it is; half a step, since times are multiples of a step.
        timed = replace(metric, kind="event_time", name=f"event_time.{metric.variable}", unit="yr")
        if metric.record < 0:
            return timed, lambda values: np.where(np.isnan(values), -1.0, 1.0)
        limit = metric.elapsed + (0.5 * metric.elapsed / metric.record if metric.record else 1e-3)
        return timed, lambda values: limit - values
    sign = 1.0 if statistic.compare.startswith(">") else -1.0
    is_open = len(statistic.compare) == 1

    def distance(values: Floats) -> Floats:
        beyond = sign * (values - statistic.threshold)
        # "> c" does not hold at c itself.
        return np.where(is_open & (beyond == 0.0), -np.finfo(np.float64).tiny, beyond)

    return metric, distance


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
