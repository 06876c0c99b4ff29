"""The drawn inputs of a scenario: density, source, grade and age of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import exp, isfinite, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.facts import load_facts
from sandwich_sim.results.coordinates import shift_months
from sandwich_sim.scenario.parameters import parameter_of
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.support import cdf, kept, reach
from sandwich_sim.scenario.uncertain import Constant, Distribution, SameAs

Floats = NDArray[np.float64]

N_POINT = 49
STALE_MONTHS = 12
"""A source published that long before the scenario's start, or longer, is flagged."""
_ASSUMPTION = "assumption:"
_TAIL = 0.002


@dataclass(frozen=True)
class Assumption:
    """One drawn input.

    Attributes
    ----------
    name, title, unit : str
    quantiles : tuple of float
        5, 50 and 95% [``unit``].
    values, density : ndarray of float64, shape (n,)
        Where the density is drawn, and its height; the highest is 1.
    source : str
        Fact id, or the assumption in words.
    is_assumption : bool
    grade, published, publisher, url : str
        Of the fact; empty for an assumption.
    note : str
    is_stale : bool
        Published more than a year before the scenario starts.
    """

    name: str
    title: str
    unit: str
    quantiles: tuple[float, float, float]
    values: Floats
    density: Floats
    source: str
    is_assumption: bool
    grade: str
    published: str
    publisher: str
    url: str
    note: str
    is_stale: bool


def assumptions(spec: ScenarioSpec) -> list[Assumption]:
    """Describe every drawn input of a scenario, in the order of the file."""
    return [_assumption(spec, name) for name in spec.drawn]


def _assumption(spec: ScenarioSpec, name: str) -> Assumption:
    number = spec.parameters[name]
    assert not isinstance(number, Constant | SameAs)
    declared = parameter_of(name)
    evidence = spec.evidence.get(name)
    source = (evidence.source or "") if evidence else ""
    is_assumption = source.startswith(_ASSUMPTION)
    fact = {} if is_assumption or not source else fact_of(spec, source)
    values, density = density_of(number)
    published = str(fact.get("published", ""))
    return Assumption(
        name=name,
        title=declared.long_name,
        unit=declared.unit,
        quantiles=(quantile_of(number, 0.05), quantile_of(number, 0.5), quantile_of(number, 0.95)),
        values=values,
        density=density,
        source=source.removeprefix(_ASSUMPTION).strip(),
        is_assumption=is_assumption,
        grade=str(fact.get("grade", "")),
        published=published,
        publisher=str(fact.get("source", "")),
        url=str(fact.get("url", "")),
        note=(evidence.note or "") if evidence else "",
        is_stale=is_stale(published, spec.start),
    )


def fact_of(spec: ScenarioSpec, fact_id: str) -> Mapping[str, Any]:
    """Return a fact that a scenario points to: its own, or one that ships with the product."""
    own = spec.document.get("fact", {}).get(fact_id)
    if own:
        return dict(own)
    known = load_facts().get(fact_id)
    return vars(known) if known else {}


def is_stale(published: str, start: date) -> bool:
    """Whether a source was more than a year old when the scenario starts.

    A date that names only a month or a year counts as its last day.
    """
    day = _last_day(published)
    return day is not None and day < shift_months(start, -STALE_MONTHS)


def _last_day(text: str) -> date | None:
    parts = text.split("-")
    try:
        numbers = [int(part) for part in parts[:3]]
        if len(numbers) == 1:
            return date(numbers[0], 12, 31)
        if len(numbers) == 2:
            year, month = numbers
            return date(year + month // 12, month % 12 + 1, 1)
        return date(*numbers)
    except (ValueError, TypeError):
        return None


def quantile_of(number: Distribution, level: float) -> float:
    """Return a quantile of a distribution, truncation counted."""
    low, high = reach(number)
    below = cdf(number, number.minimum) if isfinite(number.minimum) else 0.0
    target = below + level * kept(number)
    # Ranges span many orders of magnitude where the tail is long: halve the logarithm there.
    in_logs = low > 0.0 and high > 1e3 * low
    a, b = (log(low), log(high)) if in_logs else (low, high)
    for _ in range(60):
        middle = 0.5 * (a + b)
        a, b = (middle, b) if cdf(number, exp(middle) if in_logs else middle) < target else (a, middle)
    return exp(0.5 * (a + b)) if in_logs else 0.5 * (a + b)


def density_of(number: Distribution) -> tuple[Floats, Floats]:
    """Return places and relative heights of a density between its outermost 0.2%.

    Notes
    -----
    Differences of the distribution function: right for every kind, and single values (of a
    discrete distribution) show as spikes as wide as a step.
    """
    low, high = quantile_of(number, _TAIL), quantile_of(number, 1.0 - _TAIL)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, N_POINT + 1)
    edges[0] -= 1e-9 * (high - low)  # a single value at the lowest edge belongs inside
    heights = np.diff([cdf(number, float(edge)) for edge in edges])
    top = heights.max()
    return 0.5 * (edges[1:] + edges[:-1]), heights / top if top > 0.0 else heights
