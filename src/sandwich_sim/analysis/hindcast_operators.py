"""From records of a run to the number that an observation measured: windows, dates, ratios, declines.

Between two records a series is taken as linear. A window is the mean of that line; a single day is
its value there. Definitions: docs/model.md, section 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.observations import Observation, Window
from sandwich_sim.variables import VARIABLES

Floats = NDArray[np.float64]
Kind = Literal["value", "quotient", "ratio", "decline"]
Scale = Literal["logarithm", "plain"]

DAYS_A_YEAR = 365.25
FRACTION, MONTHS = "fraction", "months"


@dataclass(frozen=True)
class Operator:
    """How an observation is had from series.

    Attributes
    ----------
    kind : {"value", "quotient", "ratio", "decline"}
        ``value``: of one series; ``quotient``: mean of the first over mean of the second;
        ``ratio``: end over begin; ``decline``: factor a year by which it falls.
    series : tuple of str
        Recorded series, by name.
    """

    kind: Kind
    series: tuple[str, ...]


def operator_of(name: str) -> Operator:
    """Return how the series of an observation is computed from recorded ones."""
    if name == "capex_over_depreciation":
        return Operator("quotient", ("capex", "depreciation"))
    base, _, rest = name.partition(".")
    if base == "ratio":
        return Operator("ratio", (rest,))
    if base == "decline":
        return Operator("decline", (rest,))
    # An observation names the hop that it was made at, also where the model has one series for all.
    return Operator("value", (name if VARIABLES[base].per_hop else base,))


def scale_of(unit: str) -> Scale:
    """Return how errors in a unit are measured: money and factors by their logarithm, the rest plainly."""
    return "plain" if unit in (FRACTION, MONTHS) else "logarithm"


def on_scale(values: Floats, scale: Scale) -> Floats:
    """Return values on the scale that they are scored on; what is not above 0 counts as 1e-12 of one."""
    return np.log(np.maximum(values, 1e-12)) if scale == "logarithm" else values


def years_of(window: Window) -> float:
    """Length of a window [yr]."""
    return (window.end - window.begin).days / DAYS_A_YEAR


def horizon_of(origin: date, window: Window) -> float:
    """Time from an origin to the middle of a window [yr]."""
    return (window.middle - origin).days / DAYS_A_YEAR


def is_scored(observation: Observation, origin: date, last: date) -> bool:
    """Whether a forecast from ``origin`` to ``last`` says something of an outcome.

    Its window must lie within the forecast, and must have passed.
    """
    window = observation.window
    return observation.is_outcome and origin <= window.begin and window.end <= last


def observed_values(
    observation: Observation, series: Mapping[str, Floats], days: Floats, origin: date
) -> Floats:
    """Return what each trajectory says of an observation.

    Parameters
    ----------
    observation : Observation
    series : mapping of str to ndarray of float64, shape (n_record, n)
        Recorded series.
    days : ndarray of float64, shape (n_record,)
        Dates of the records, since the origin [d].
    origin : date

    Returns
    -------
    ndarray of float64, shape (n,)
        In the unit of the observation.
    """
    operator, window = operator_of(observation.name), observation.window
    begin, end = float((window.begin - origin).days), float((window.end - origin).days)
    of = [series[name] for name in operator.series]
    if operator.kind in ("ratio", "decline"):
        first, last = window_weights(days, begin, begin) @ of[0], window_weights(days, end, end) @ of[0]
        return last / first if operator.kind == "ratio" else (first / last) ** (1.0 / years_of(window))
    weights = window_weights(days, begin, end)
    values = weights @ of[0]
    return values / (weights @ of[1]) if operator.kind == "quotient" else values


def window_weights(days: Floats, begin: float, end: float) -> Floats:
    """Return the weight of each record in the mean of the line through them over a window.

    Parameters
    ----------
    days : ndarray of float64, shape (n_record,)
        Dates of the records, rising [d].
    begin, end : float
        Within the records; equal for the value at one date [d].

    Returns
    -------
    ndarray of float64, shape (n_record,)
        They sum to 1.
    """
    inside = days[(days > begin) & (days < end)]
    nodes = np.concatenate([[begin], inside, [end]])
    each = np.stack([np.interp(nodes, days, unit) for unit in np.eye(days.size)])  # exact: hats are linear
    if end <= begin:
        return np.asarray(each[:, 0])
    return np.asarray(np.trapezoid(each, nodes, axis=1) / (end - begin))
