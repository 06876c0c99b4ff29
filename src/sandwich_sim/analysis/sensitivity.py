"""Which inputs matter, from the trajectories of a run: by hop, over time, and in detail.

Everything here is valid for correlated inputs: an input's first-order index is what knowing it
tells, whatever else it comes with. docs/sensitivity.md explains each number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric, parse_metric
from sandwich_sim.analysis.sensitivity_first import BinSums, Indices, first_order, sum_by_bin
from sandwich_sim.analysis.sensitivity_moment import MomentIndices, moment_independent
from sandwich_sim.analysis.sensitivity_sample import (
    Sample,
    check_finite,
    ranked,
    telling_trajectories,
)
from sandwich_sim.analysis.sensitivity_total import TotalBounder, TotalBounds
from sandwich_sim.errors import UsageError
from sandwich_sim.results.coordinates import record_days
from sandwich_sim.results.meta import N_SCRAMBLE, RunMeta
from sandwich_sim.scenario.outcome_names import CENTS
from sandwich_sim.variables import VARIABLES

Floats = NDArray[np.float64]

FEWEST = 1024
"""Trajectories below which nothing is estimated: four bins of four trajectories in each group."""
STUDENT = 2.131
"""Of a 95% interval with 15 degrees of freedom."""
IDENTIFIED = 0.05
"""A total index is identified where its bounds lie no further apart."""
_FIFTH = 0.2


@dataclass(frozen=True)
class Grid:
    """First-order indices of one series, by hop and over time.

    Attributes
    ----------
    series : str
    hops : tuple of str
        One empty name for a series of the whole chain.
    dates : tuple of date
    value, standard_error : ndarray of float64, shape (n_input, n_hop, n_date)
    floor : float
        The largest index among the inputs that do nothing, over all hops and dates.
    """

    series: str
    hops: tuple[str, ...]
    dates: tuple[date, ...]
    value: Floats
    standard_error: Floats
    floor: float


@dataclass(frozen=True)
class Detail:
    """Every measure of every input on one outcome.

    Attributes
    ----------
    metric : Metric
    mean, mean_error, deviation : float
        Of the outcome, in its unit; the second is the standard error of the first.
    first : Indices
        First-order, shape (n_input,).
    total : TotalBounds
        Total-order, bounds.
    moment : MomentIndices
        Delta and PAWN.
    low, high, low_error, high_error : ndarray of float64, shape (n_input,)
        Mean of the outcome where the input lies in its lowest and its highest fifth.
    floor : dict of str to float
        The largest value of ``first``, ``delta`` and ``pawn`` among the inputs that do nothing; ``fifth``:
        how far their lowest or highest fifth lies from the mean, at most.
    order : tuple of int
        Inputs, those with the largest first-order index first.
    """

    metric: Metric
    mean: float
    mean_error: float
    deviation: float
    first: Indices
    total: TotalBounds
    moment: MomentIndices
    low: Floats
    high: Floats
    low_error: Floats
    high_error: Floats
    floor: dict[str, float]
    order: tuple[int, ...]


@dataclass(frozen=True)
class Sensitivity:
    """What inputs do to outcomes.

    Attributes
    ----------
    names : tuple of str
    correlated : tuple of tuple of str
        Inputs that are drawn together.
    n : int
        Trajectories.
    source : str
        "stored" or "recomputed".
    grid : Grid
    details : tuple of Detail
    telling : dict of str to float
        Outcomes of which one trajectory carries more than a hundredth of the variance, and how much.
    is_ranked : bool
        Whether outcomes were replaced by their ranks.
    """

    names: tuple[str, ...]
    correlated: tuple[tuple[str, ...], ...]
    n: int
    source: str
    grid: Grid
    details: tuple[Detail, ...]
    telling: dict[str, float]
    is_ranked: bool = False


def grid_metrics(series: str, meta: RunMeta) -> tuple[Metric, ...]:
    """Return a series of every hop at every anniversary of the start, hop by hop.

    Raises
    ------
    UsageError
        If there is no such series.
    """
    variable = VARIABLES.get("dollar_profit" if series == CENTS else series)
    if variable is None:
        known = ", ".join([CENTS, *VARIABLES])
        raise UsageError(f'there is no series "{series}". Known: {known}.')
    names = [f"{series}.{hop}" for hop in meta.hops] if variable.per_hop else [series]
    days = record_days(meta.start, meta.years, meta.steps_per_year)
    found = []
    for name in names:
        last = parse_metric(f"{name} @ horizon", meta)
        for year in range(1, meta.years + 1):
            record = year * meta.steps_per_year
            day = meta.start + timedelta(days=float(days[record]))
            found.append(
                replace(
                    last,
                    name=f"{name} @ {day}",
                    label=f"{last.label.rpartition(', ')[0]}, {day}",
                    record=record,
                    elapsed=float(year),
                    date=day,
                )
            )
    return tuple(found)


def default_metrics(meta: RunMeta, lab: str) -> tuple[str, ...]:
    """Return what is looked at in detail where nothing is asked for."""
    return (f"{CENTS}.{lab} @ horizon", *meta.events[:1])


def analyze_sensitivity(
    sample: Sample, series: str, n_grid: int, *, ranks: bool = False, seed: int = 0
) -> Sensitivity:
    """Measure what every input does.

    Parameters
    ----------
    sample : Sample
        Its first ``n_grid`` outcomes are those of `grid_metrics`, the others are looked at in detail.
    series : str
        Of the grid.
    ranks : bool
        Replace outcomes by their ranks, for those with far tails.
    seed : int
        Of the resampling.

    Raises
    ------
    IntegrityError
        If an outcome is not finite in some trajectory.
    UsageError
        If there are too few trajectories, or no input is drawn.
    """
    if sample.n < FEWEST:
        raise UsageError(
            f"{sample.n} trajectories are too few to tell inputs apart. Run it with {FEWEST} or more; "
            "65536 are good."
        )
    if not sample.names:
        raise UsageError(
            "no input of the scenario is drawn, so none can be blamed. Give some a distribution."
        )
    check_finite(sample)
    telling = {} if ranks else telling_trajectories(sample)
    if ranks:
        sample = replace(sample, values=ranked(sample.values))
    bounder = TotalBounder(sample.draws[: len(sample.names)], sample.groups, seed=seed)
    sums = sum_by_bin(sample.binned, sample.values)
    indices = first_order(sums, seed=seed)
    return Sensitivity(
        sample.names,
        tuple(tuple(sample.names[row] for row in rows) for rows in sample.groups),
        sample.n,
        sample.source,
        _grid(sample, series, indices, n_grid),
        tuple(
            _detail(sample, row, sums, indices, bounder, seed) for row in range(n_grid, len(sample.metrics))
        ),
        telling,
        ranks,
    )


def _grid(sample: Sample, series: str, indices: Indices, n_grid: int) -> Grid:
    metrics = sample.metrics[:n_grid]
    hops = tuple(dict.fromkeys(metric.hop for metric in metrics))
    dates = tuple(dict.fromkeys(metric.date for metric in metrics if metric.date))
    n_input = len(sample.names)
    shape = (n_input, len(hops), len(dates))
    floor = indices.value[n_input:, :n_grid]
    return Grid(
        series,
        hops,
        dates,
        indices.value[:n_input, :n_grid].reshape(shape),
        indices.standard_error[:n_input, :n_grid].reshape(shape),
        float(floor.max()) if floor.size else 0.0,
    )


def _detail(
    sample: Sample, row: int, sums: BinSums, indices: Indices, bounder: TotalBounder, seed: int
) -> Detail:
    n_input = len(sample.names)
    values = sample.values[row]
    first = Indices(indices.value[:n_input, row], indices.standard_error[:n_input, row])
    m = sample.draws.shape[1]
    moment = moment_independent(sample.binned, values, seed=seed)
    own = MomentIndices(*(getattr(moment, name)[:n_input] for name in MomentIndices.__dataclass_fields__))
    count, total = sums.count, sums.total[..., row]
    center = float(sums.center[row])
    low, low_error = _mean_within(count, total, _lowest_fifth(count))
    high, high_error = _mean_within(count, total, _lowest_fifth(count[..., ::-1])[:, ::-1])
    mean, mean_error = _mean_within(count[:, :1], total[:, :1], np.ones((1, sums.count.shape[2])))
    idle = np.concatenate([low[n_input:], high[n_input:]])
    floor = {
        "first": float(indices.value[n_input:, row].max()),
        "delta": float(moment.delta[n_input:].max()),
        "pawn": float(moment.pawn[n_input:].max()),
        "fifth": float(np.abs(idle - mean[0]).max()),
    }
    return Detail(
        metric=sample.metrics[row],
        mean=center + float(mean[0]),
        mean_error=float(mean_error[0]),
        deviation=float(values.std(dtype=np.float64)),
        first=first,
        total=bounder.bounds(values[:m]),
        moment=own,
        low=center + low[:n_input],
        high=center + high[:n_input],
        low_error=low_error[:n_input],
        high_error=high_error[:n_input],
        floor=floor,
        order=tuple(int(place) for place in np.argsort(-first.value, kind="stable")),
    )


def _lowest_fifth(count: Floats) -> Floats:
    """How much of each bin lies in the lowest fifth of an input, shape (n_input, n_bin).

    Of the bin that the end of the fifth falls into a part is taken, as if all of it had one mean: bins
    hold a 64th of the trajectories (a 16th of the smallest runs).
    """
    share = count.sum(axis=0) / count[:, 0].sum()
    before = share.cumsum(axis=1) - share
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(share > 0.0, (_FIFTH - before) / share, 0.0)
    return np.asarray(np.clip(part, 0.0, 1.0))


def _mean_within(count: Floats, total: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Mean outcome in weighted bins of each input, and its standard error; each of shape (n_input,).

    Parameters
    ----------
    count, total : ndarray, shape (16, n_input, n_bin)
        By group of trajectories.
    weight : ndarray, shape (n_input, n_bin)
    """
    counted, summed = (count * weight).sum(axis=2), (total * weight).sum(axis=2)
    mean = summed.sum(axis=0) / counted.sum(axis=0)
    # The ratio's linear part: counts differ from group to group.
    part = (summed - mean * counted) / counted.mean(axis=0)
    return mean, part.std(axis=0, ddof=1) / np.sqrt(N_SCRAMBLE)


def shown_inputs(found: Sensitivity, n: int) -> list[int]:
    """Return the inputs that matter most anywhere in the grid, the strongest first."""
    strength = found.grid.value.max(axis=(1, 2)) if found.grid.value.size else np.zeros(len(found.names))
    return [int(row) for row in np.argsort(-strength, kind="stable")[:n]]
