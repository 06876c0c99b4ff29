"""How the model would have done: forecasts from earlier days, scored against what came true.

Nothing that was public on or after an origin reaches its forecast: a scenario's numbers stand in its
file, and baselines see `observations.known_before` alone. Observations are read after the runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.hindcast_baselines import BASELINES, baseline, in_unit
from sandwich_sim.analysis.hindcast_operators import (
    horizon_of,
    is_scored,
    observed_values,
    on_scale,
    operator_of,
    scale_of,
)
from sandwich_sim.analysis.hindcast_result import LEVELS, Band, Forecast, Hindcast
from sandwich_sim.analysis.scores import (
    crps_of_normal,
    crps_of_sample,
    interval_score,
    probability_transform,
)
from sandwich_sim.errors import UsageError
from sandwich_sim.observations import (
    LAST_DAY,
    KnownValue,
    Observation,
    known_before,
    load_known_values,
    load_observations,
)
from sandwich_sim.results.coordinates import record_days
from sandwich_sim.results.meta import N_SCRAMBLE
from sandwich_sim.scenario.load import load_scenario, shipped_hindcasts
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.paired import paired_outcomes

Floats = NDArray[np.float64]

TRAJECTORIES = 16_384


@dataclass(frozen=True)
class Ensemble:
    """Series of one scenario from its origin on.

    Attributes
    ----------
    spec : ScenarioSpec
    days : ndarray of float64, shape (n_record,)
        Dates of the records, since the origin [d].
    series : dict of str to ndarray of float64, shape (n_record, n)
    scramble : ndarray of uint8, shape (n,)
    failures : int
    """

    spec: ScenarioSpec
    days: Floats
    series: dict[str, Floats]
    scramble: NDArray[np.uint8]
    failures: int

    @property
    def origin(self) -> date:
        return self.spec.start

    @property
    def last(self) -> date:
        """Date of the last record."""
        return self.origin + timedelta(days=float(self.days[-1]))


def run_hindcast(
    sources: Sequence[str | Path] = (),
    *,
    overrides: Sequence[str] = (),
    trajectories: int = TRAJECTORIES,
    seed: int | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Hindcast:
    """Run scenarios that begin in the past and score them against what came true.

    Parameters
    ----------
    sources : sequence of str or Path
        Scenario files or names; the shipped hindcasts if none.
    overrides : sequence of str
        Changes on top of every scenario, as on the command line.
    trajectories : int
        Of each scenario.
    seed : int, optional
        Of all scenarios; each its own if not given.
    threads : int, optional
        All processors if not given; results do not depend on it.
    progress : callable, optional
        Called about ten times a second.

    Returns
    -------
    Hindcast

    Raises
    ------
    UsageError
        If a scenario begins too late for any outcome to be known, or two have one name.
    ScenarioError
        If a scenario file is wrong.
    """
    specs = [load_scenario(source, overrides) for source in (sources or shipped_hindcasts())]
    names = [spec.name for spec in specs]
    if len(set(names)) < len(names):
        raise UsageError(f"two scenarios are called {max(names, key=names.count)}. Give each its own name.")
    observations, known = load_observations(), load_known_values()
    for spec in specs:
        _check_scored(spec, observations)
    ensembles = [
        forecast_ensemble(spec, trajectories=trajectories, seed=seed, threads=threads, progress=progress)
        for spec in specs
    ]
    forecasts = [item for ensemble in ensembles for item in score_ensemble(ensemble, observations, known)]
    return Hindcast(
        forecasts=tuple(forecasts),
        bands=tuple(band for ensemble in ensembles for band in _bands(ensemble, observations)),
        digests={spec.name: spec.digest for spec in specs},
        known_digests={spec.name: known_digest(spec.start, known) for spec in specs},
        trajectories=trajectories,
        failures=sum(ensemble.failures for ensemble in ensembles),
    )


def _last_record(spec: ScenarioSpec) -> date:
    days = record_days(spec.start, spec.years, spec.steps_per_year)
    return spec.start + timedelta(days=float(days[-1]))


def _check_scored(spec: ScenarioSpec, observations: Sequence[Observation]) -> None:
    if not any(is_scored(item, spec.start, _last_record(spec)) for item in observations):
        raise UsageError(
            f"{spec.name}: begins on {spec.start}, and no outcome is known of a time within it "
            f"(the last known day is {LAST_DAY}). Name a scenario that begins earlier."
        )


def forecast_ensemble(
    spec: ScenarioSpec,
    *,
    trajectories: int = TRAJECTORIES,
    seed: int | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Ensemble:
    """Run one scenario up to the last known day and keep every series that is ever observed."""
    days = record_days(spec.start, spec.years, spec.steps_per_year)
    n_record = int(np.searchsorted(days, (LAST_DAY - spec.start).days)) + 1
    days = days[:n_record]
    wanted = [name for item in load_observations() for name in operator_of(item.name).series]
    names = tuple(dict.fromkeys(wanted))
    dates = [spec.start + timedelta(days=float(day)) for day in days]
    metrics = [f"{name} @ {day.isoformat()}" for name in names for day in dates]
    found = paired_outcomes(
        [spec],
        metrics,
        trajectories=trajectories,
        seed=spec.run.seed if seed is None else seed,
        sampler=spec.run.sampler,
        threads=threads,
        dtype=np.float64,
        progress=progress,
    )
    values = found.values[0].reshape(len(names), len(dates), -1)
    return Ensemble(
        spec=spec,
        days=days,
        series=dict(zip(names, values, strict=True)),
        scramble=found.scramble,
        failures=sum(found.failures[0].values()),
    )


def score_ensemble(
    ensemble: Ensemble, observations: Sequence[Observation], known: Sequence[KnownValue]
) -> tuple[Forecast, ...]:
    """Score one forecast against every outcome that it says something of."""
    return tuple(
        _forecast(ensemble, item, known)
        for item in observations
        if is_scored(item, ensemble.origin, ensemble.last)
    )


def _forecast(ensemble: Ensemble, seen: Observation, known: Sequence[KnownValue]) -> Forecast:
    origin, scale = ensemble.origin, scale_of(seen.unit)
    values = observed_values(seen, ensemble.series, ensemble.days, origin)
    sample = on_scale(values, scale)
    outcome = float(on_scale(np.array(seen.value), scale))
    low, high = np.quantile(sample, [LEVELS[0], LEVELS[-1]])
    bases = {kind: baseline(kind, seen, origin, known, _start(ensemble, seen)) for kind in BASELINES}
    parts = [sample[ensemble.scramble == number] for number in range(N_SCRAMBLE)]
    return Forecast(
        observation=seen,
        scenario=ensemble.spec.name,
        origin=origin,
        horizon=horizon_of(origin, seen.window),
        quantiles=tuple(float(value) for value in np.quantile(values, LEVELS)),
        transform=probability_transform(sample, outcome),
        transform_error=_error([probability_transform(part, outcome) for part in parts]),
        scale=scale,
        crps=crps_of_sample(sample, outcome),
        crps_error=_error([crps_of_sample(part, outcome) for part in parts]),
        interval=interval_score(float(low), float(high), outcome),
        baseline_crps={
            kind: crps_of_normal(found.mean, found.deviation, outcome) for kind, found in bases.items()
        },
        baseline_interval={kind: interval_score(*found.interval(), outcome) for kind, found in bases.items()},
        baseline_median={kind: in_unit(found.mean, seen.unit) for kind, found in bases.items()},
        is_known=bases["persistence"].known,
    )


def _start(ensemble: Ensemble, seen: Observation) -> float:
    """Median of a series at the origin, for a baseline that knows nothing else."""
    operator = operator_of(seen.name)
    first = [ensemble.series[name][0] for name in operator.series]
    return float(np.median(first[0] / first[1] if operator.kind == "quotient" else first[0]))


def _error(parts: Sequence[float]) -> float:
    """Monte Carlo standard error, across the 16 independent groups."""
    return float(np.std(parts, ddof=1) / np.sqrt(len(parts)))


def _bands(ensemble: Ensemble, observations: Sequence[Observation]) -> tuple[Band, ...]:
    """Quantiles along the forecast of every series that is observed as it is recorded."""
    units = {item.name: item.unit for item in observations if operator_of(item.name).kind == "value"}
    return tuple(
        Band(
            name,
            unit,
            ensemble.spec.name,
            ensemble.origin,
            ensemble.days,
            np.quantile(ensemble.series[operator_of(name).series[0]], LEVELS, axis=1),
        )
        for name, unit in units.items()
    )


def known_digest(origin: date, known: Sequence[KnownValue]) -> str:
    """Return the SHA-256 of all that baselines may see at an origin."""
    text = "\n".join(repr(value) for value in known_before(origin, known))
    return hashlib.sha256(text.encode()).hexdigest()
