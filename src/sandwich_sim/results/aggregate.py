"""From sums and counts of a run to the summary arrays of its dataset; NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.estimate import estimate_mean, estimate_probability, spread_is_zero
from sandwich_sim.results.histogram import estimate_quantiles, quantile
from sandwich_sim.results.layout import fine_series, histogram_axes
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.variables import PER_HOP, PER_STEP, VARIABLES

Floats = NDArray[np.float64]
Accumulators = Mapping[str, NDArray[Any]]
"""Sums and counts by name (``total``, ``fan``, ``event_count``, ...) as `reduce` leaves them."""


def defined_count(accumulators: Accumulators, meta: RunMeta) -> NDArray[np.int64]:
    """Return how many trajectories have a value, shape (n_scramble, n_record, n_series)."""
    total = accumulators["total"]
    n = np.broadcast_to(accumulators["count"][:, None, None], total.shape).copy()
    can_be_undefined = [VARIABLES[name.partition(".")[0]].can_be_undefined for name in meta.series]
    n[..., can_be_undefined] -= accumulators["undefined"][..., None]
    return n


def dataset_summary(accumulators: Accumulators, meta: RunMeta) -> dict[str, Floats]:
    """Return the summary arrays that `layout.layout_of` declares, by name.

    Means and their standard errors of every variable, quantiles of the fans, and the
    probabilities of the events.
    """
    found = _means(accumulators, meta)
    found |= _fan_quantiles(accumulators, meta)
    if meta.events:
        found |= _event_probabilities(accumulators, meta)
    return found


def _means(accumulators: Accumulators, meta: RunMeta) -> dict[str, Floats]:
    mean, error = estimate_mean(
        accumulators["total"],
        accumulators["square"],
        defined_count(accumulators, meta),
        is_replicated=meta.is_replicated,
    )
    place = {name: index for index, name in enumerate(meta.series)}
    found: dict[str, Floats] = {}
    for variable in PER_HOP + PER_STEP:
        name = variable.name
        rows = [place[f"{name}.{hop}"] for hop in meta.hops] if variable.per_hop else place[name]
        found[f"{name}_mean"] = mean.T[rows]
        found[f"{name}_standard_error"] = error.T[rows]
    return found


def axes_of(accumulators: Accumulators, meta: RunMeta, kind: str) -> NDArray[np.float64]:
    """Return where the buckets of the ``fan`` or ``fine`` histograms lie, shape (n, 3).

    As stored with the run; sums that were never stored have the present ranges.
    """
    stored = accumulators.get(f"{kind}_axis")
    if stored is not None:
        return stored
    return histogram_axes(meta.fans if kind == "fan" else fine_series(meta.hops))


def _fan_quantiles(accumulators: Accumulators, meta: RunMeta) -> dict[str, Floats]:
    """Quantiles at every record and their errors; NaN for hops without a fan and out of range.

    Fans are not counted by scramble: their errors are those of independent trajectories.
    """
    if not meta.fans:
        return {}
    low, high, scale = axes_of(accumulators, meta, "fan").T[:, :, None]
    counts = accumulators["fan"]
    value, _ = quantile(counts, low, high, scale, meta.quantiles)
    error = estimate_quantiles(
        counts[None], low, high, scale, meta.quantiles, is_replicated=False
    ).standard_error
    value, error = _constants(accumulators, meta, value, error)
    found: dict[str, Floats] = {}
    for row, name in enumerate(meta.fans):
        base, _, hop = name.partition(".")
        for key, values in ((f"{base}_quantile", value), (f"{base}_quantile_standard_error", error)):
            if not hop:
                found[key] = values[:, row]
                continue
            empty = (len(meta.quantiles), len(meta.hops), meta.n_record)
            whole = found.setdefault(key, np.full(empty, np.nan))
            whole[:, meta.hops.index(hop)] = values[:, row]
    return found


def _constants(
    accumulators: Accumulators, meta: RunMeta, value: Floats, error: Floats
) -> tuple[Floats, Floats]:
    """Put the value itself where all trajectories have the same, as many series do at the start."""
    rows = [meta.series.index(name) for name in meta.fans]
    total, square = accumulators["total"][..., rows], accumulators["square"][..., rows]
    count = defined_count(accumulators, meta)[..., rows]
    mean, _ = estimate_mean(total, square, count, is_replicated=False)
    is_constant = spread_is_zero(total, square, count).T
    return np.where(is_constant, mean.T, value), np.where(is_constant, 0.0, error)


def _event_probabilities(accumulators: Accumulators, meta: RunMeta) -> dict[str, Floats]:
    first = accumulators["event_count"]
    n = accumulators["count"]
    counted = {
        "event_probability": (np.cumsum(first, axis=-1), n[:, None, None]),
        "event_first_probability": (first, n[:, None, None]),
        "event_total_probability": (accumulators["event_total"], n[:, None]),
    }
    found: dict[str, Floats] = {}
    for name, (hits, count) in counted.items():
        found[name], found[f"{name}_standard_error"] = estimate_probability(
            hits, count, is_replicated=meta.is_replicated
        )
    return found
