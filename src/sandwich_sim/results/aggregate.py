"""From sums and counts of a run to the summary arrays of its dataset; NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.estimate import estimate_mean, estimate_probability
from sandwich_sim.results.histogram import quantile
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


def _fan_quantiles(accumulators: Accumulators, meta: RunMeta) -> dict[str, Floats]:
    """Quantiles at every record; NaN for hops without a fan and outside the histogram's range."""
    found: dict[str, Floats] = {}
    for row, name in enumerate(meta.fans):
        base, _, hop = name.partition(".")
        variable = VARIABLES[base]
        counts = accumulators["fan"][row]
        value, _ = quantile(counts, variable.low, variable.high, variable.scale, meta.quantiles)
        if not variable.per_hop:
            found[f"{base}_quantile"] = value
            continue
        empty = (len(meta.quantiles), len(meta.hops), meta.n_record)
        whole = found.setdefault(f"{base}_quantile", np.full(empty, np.nan))
        whole[:, meta.hops.index(hop)] = value
    return found


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
