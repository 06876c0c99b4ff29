"""From the sums and counts of a run to the table at its end; NumPy alone, so that a run ends at once."""

from __future__ import annotations

from math import isfinite, isnan, nan
from typing import Any

import numpy as np

from sandwich_sim.results.aggregate import Accumulators, Floats, axes_of, defined_count
from sandwich_sim.results.coordinates import decimal_year, record_date
from sandwich_sim.results.estimate import (
    estimate_mean,
    estimate_probability,
    interval_factor,
    probability_interval,
    spread_is_zero,
)
from sandwich_sim.results.histogram import (
    FEWEST_BEYOND,
    REASONS,
    THIN_TAIL,
    QuantileEstimate,
    estimate_quantiles,
)
from sandwich_sim.results.layout import CHECKS
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.summary import ENDS, Distribution, Estimate, EventSummary, HopSummary, Summary
from sandwich_sim.variables import QUANTILES, TABLE_SERIES, VARIABLES

_TOO_FEW = "not estimable: too few trajectories (16 are needed, of random ones 2)"
_NOT_FINITE = "not estimable: a trajectory holds a non-finite value"


def summarize(accumulators: Accumulators, meta: RunMeta) -> Summary:
    """Summarize a run from its sums and counts (see `reduce` for their names and shapes)."""
    tables = {name: _distributions(accumulators, meta, row) for row, name in enumerate(TABLE_SERIES)}
    checks = [int(n) for n in accumulators["failures"]]
    first = [int(n) for n in accumulators["first_failure"]]
    undefined = accumulators["undefined"].sum(axis=0) / accumulators["count"].sum()
    n_hop = len(meta.hops)
    with np.errstate(divide="ignore", invalid="ignore"):
        swings = np.broadcast_to(accumulators["alternation"] / accumulators["alternation_pairs"], n_hop)
    return Summary(
        name=meta.name,
        title=meta.title,
        sampler=meta.sampler,
        keep=meta.keep,
        n_trajectories=meta.n_trajectories,
        seed=meta.seed,
        start=meta.start.isoformat(),
        horizon=record_date(meta, -1).isoformat(),
        hops=tuple(
            HopSummary(
                hop=hop,
                title=title,
                revenue_share=tables["revenue_share"][row],
                profit_share=tables["profit_share"][row],
                cents_kept=tables["dollar_profit"][row],
                margin=tables["margin"][row],
            )
            for row, (hop, title) in enumerate(zip(meta.hops, meta.hop_titles, strict=True))
        ),
        events=_events(accumulators, meta),
        interval_factor=interval_factor(is_replicated=meta.is_replicated),
        failures={name: n for name, n in zip(CHECKS, checks, strict=True) if n},
        first_failure={name: i for name, i, n in zip(CHECKS, first, checks, strict=True) if n},
        undefined_share={"start": float(undefined[0]), "horizon": float(undefined[-1])},
        alternation={hop: float(share) for hop, share in zip(meta.hops, swings, strict=True)},
    )


def _distributions(accumulators: Accumulators, meta: RunMeta, row: int) -> list[dict[str, Distribution]]:
    """Return one variable of the table: by hop, at both ends; cents instead of dollars."""
    variable = VARIABLES[TABLE_SERIES[row]]
    factor = 100.0 if variable.name == "dollar_profit" else 1.0
    columns = [meta.series.index(f"{variable.name}.{hop}") for hop in meta.hops]
    sums = [
        accumulators["total"][:, [0, -1]][..., columns],
        accumulators["square"][:, [0, -1]][..., columns],
        defined_count(accumulators, meta)[:, [0, -1]][..., columns],
    ]
    mean, error = estimate_mean(*sums, is_replicated=meta.is_replicated)
    is_constant = spread_is_zero(*sums)
    n_hop = len(meta.hops)
    fine = accumulators["fine"][:, row * n_hop : (row + 1) * n_hop]
    low, high, scale = axes_of(accumulators, meta, "fine")[row * n_hop : (row + 1) * n_hop].T[:, :, None]
    estimate = estimate_quantiles(fine, low, high, scale, QUANTILES, is_replicated=meta.is_replicated)
    return [
        {
            end: _distribution(
                float(mean[place, hop]) * factor,
                float(error[place, hop]) * factor,
                _quantiles(estimate, hop, place, factor),
                half_width=interval_factor(is_replicated=meta.is_replicated),
                is_constant=bool(is_constant[place, hop]),
                has_failed=bool(accumulators["failures"][0]),
            )
            for place, end in enumerate(ENDS)
        }
        for hop in range(n_hop)
    ]


def _quantiles(estimate: QuantileEstimate, hop: int, place: int, factor: float) -> dict[float, Estimate]:
    return {
        level: Estimate(
            float(estimate.value[row, hop, place]) * factor,
            float(estimate.standard_error[row, hop, place]) * factor,
            REASONS[int(estimate.code[row, hop, place])],
            float(estimate.low[row, hop, place]) * factor,
            float(estimate.high[row, hop, place]) * factor,
        )
        for row, level in enumerate(QUANTILES)
    }


def _distribution(
    mean: float,
    error: float,
    quantiles: dict[float, Estimate],
    *,
    half_width: float,
    is_constant: bool,
    has_failed: bool,
) -> Distribution:
    """Join them; a value that is the same everywhere needs no histogram for its quantiles."""
    if is_constant:
        quantiles = {level: Estimate(mean, 0.0, low=mean, high=mean) for level in quantiles}
    reason = "" if isfinite(mean) and isfinite(error) else (_NOT_FINITE if has_failed else _TOO_FEW)
    interval = mean - half_width * error, mean + half_width * error
    return Distribution(Estimate(mean, error, reason, *interval), quantiles)


def _events(accumulators: Accumulators, meta: RunMeta) -> tuple[EventSummary, ...]:
    if not meta.events:
        return ()
    first, n = accumulators["event_count"], accumulators["count"][:, None, None]
    by = np.cumsum(first, -1)
    once, by_year, in_year = (
        _probabilities(hits, count, meta)
        for hits, count in ((accumulators["event_total"], n[..., 0]), (by, n), (first, n))
    )
    years = [meta.start.year + year for year in range(meta.years + 1)]

    def each(found: Floats, row: int) -> dict[int, Estimate]:
        return {year: _probability(found[:, row, i]) for i, year in enumerate(years)}

    starts = decimal_year(meta.start) + np.arange(meta.years + 1.0)
    return tuple(
        EventSummary(
            event=event,
            title=title,
            probability=_probability(once[:, row]),
            by_year=each(by_year, row),
            first_in_year=each(in_year, row),
            rule=meta.event_rules[row] if meta.event_rules else "",
            first_year={level: first_year(by[:, row], n[:, 0], level, starts, meta) for level in QUANTILES},
        )
        for row, (event, title) in enumerate(zip(meta.events, meta.event_titles, strict=True))
    )


def _probabilities(hits: Any, count: Any, meta: RunMeta) -> Floats:
    """Value, standard error, and both ends of the interval, shape (4, ...)."""
    estimate = estimate_probability(hits, count, is_replicated=meta.is_replicated)
    return np.array([*estimate, *probability_interval(hits, count, is_replicated=meta.is_replicated)])


def _probability(found: Floats) -> Estimate:
    value, error, low, high = map(float, found)
    return Estimate(value, error, _TOO_FEW if isnan(error) else "", low, high)


def first_year(hits: Any, count: Any, level: float, years: Floats, meta: RunMeta) -> Estimate:
    """Return when a part ``level`` of all trajectories has seen an event.

    Parameters
    ----------
    hits : ndarray of int64, shape (n_scramble, n_year)
        Trajectories that have seen it by each record.
    count : ndarray of int64, shape (n_scramble, 1)
    level : float
    years : ndarray of float64, shape (n_year,)
        Of the records [calendar year].

    Notes
    -----
    The interval is that of the probability at the level, carried over to time (Woodruff 1952), and
    taken on to the records around it, since nothing between two records is counted.
    """
    value, _, low, high = _probabilities(hits, count, meta)
    if not min(level, 1.0 - level) * count.sum() >= FEWEST_BEYOND or not np.isfinite(low).all():
        return Estimate(nan, nan, REASONS[THIN_TAIL])
    if value[-1] < level:
        return Estimate(nan, nan, f"fewer than {100 * level:g}% of the trajectories see it")
    at = int(np.argmax(value >= level))
    before = value[at - 1] if at else level
    step = (level - before) / (value[at] - before) if at and value[at] > before else 1.0
    # Before the first record that may lie above the level, and after the first that surely does.
    early = int(np.argmax(high >= level))
    late = int(np.argmax(low >= level)) if (low >= level).any() else -1
    return Estimate(
        float(years[at] - (1.0 - step)),
        nan,
        "" if late >= 0 else "the interval has no end within the run",
        float(years[max(early - 1, 0)]),
        float(years[late]) if late >= 0 else nan,
    )
