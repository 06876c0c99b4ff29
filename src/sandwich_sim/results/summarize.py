"""From the sums and counts of a run to the table at its end; NumPy alone, so that a run ends at once."""

from __future__ import annotations

from math import isfinite, isnan
from typing import Any

import numpy as np

from sandwich_sim.results.aggregate import Accumulators, Floats, axes_of, defined_count
from sandwich_sim.results.coordinates import record_date
from sandwich_sim.results.estimate import (
    estimate_mean,
    estimate_probability,
    interval_factor,
    spread_is_zero,
)
from sandwich_sim.results.histogram import REASONS, QuantileEstimate, estimate_quantiles
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
        )
        for row, level in enumerate(QUANTILES)
    }


def _distribution(
    mean: float, error: float, quantiles: dict[float, Estimate], *, is_constant: bool, has_failed: bool
) -> Distribution:
    """Join them; a value that is the same everywhere needs no histogram for its quantiles."""
    if is_constant:
        quantiles = {level: Estimate(mean, 0.0) for level in quantiles}
    reason = "" if isfinite(mean) and isfinite(error) else (_NOT_FINITE if has_failed else _TOO_FEW)
    return Distribution(Estimate(mean, error, reason), quantiles)


def _events(accumulators: Accumulators, meta: RunMeta) -> tuple[EventSummary, ...]:
    if not meta.events:
        return ()
    first, n = accumulators["event_count"], accumulators["count"][:, None, None]
    once = estimate_probability(accumulators["event_total"], n[..., 0], is_replicated=meta.is_replicated)
    by_year = estimate_probability(np.cumsum(first, -1), n, is_replicated=meta.is_replicated)
    in_year = estimate_probability(first, n, is_replicated=meta.is_replicated)
    years = [meta.start.year + year for year in range(meta.years + 1)]

    def each(pair: tuple[Floats, Floats], row: int) -> dict[int, Estimate]:
        values, errors = pair
        return {year: _probability(values[row, i], errors[row, i]) for i, year in enumerate(years)}

    return tuple(
        EventSummary(
            event=event,
            title=title,
            probability=_probability(once[0][row], once[1][row]),
            by_year=each(by_year, row),
            first_in_year=each(in_year, row),
            rule=meta.event_rules[row] if meta.event_rules else "",
        )
        for row, (event, title) in enumerate(zip(meta.events, meta.event_titles, strict=True))
    )


def _probability(value: Any, error: Any) -> Estimate:
    return Estimate(float(value), float(error), _TOO_FEW if isnan(error) else "")
