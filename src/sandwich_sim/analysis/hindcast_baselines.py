"""What anyone could have said without a model: the last known value stays, or its trend goes on.

Both are random walks, the second with a drift. They know what was public before the origin and
nothing else; where nothing was, they take the scenario's own start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import exp, log, sqrt
from typing import Literal

from sandwich_sim.analysis.hindcast_operators import (
    DAYS_A_YEAR,
    FRACTION,
    MONTHS,
    operator_of,
    scale_of,
    years_of,
)
from sandwich_sim.observations import KnownValue, Observation, known_before

Kind = Literal["persistence", "drift"]
BASELINES: tuple[Kind, ...] = ("persistence", "drift")

SPREAD = {FRACTION: 0.10, MONTHS: 4.0}
SPREAD_OF_LOGARITHM = 0.50
"""Standard deviation of a change over a year. Set before the first scoring and not touched since:
a margin moves by ten points, the gap by four months, money and factors by half."""

_NEAREST, _FARTHEST = 0.15, 1.6
"""How far before the last value the one must lie that a drift is taken from [yr]."""


@dataclass(frozen=True)
class BaselineForecast:
    """A normal distribution on the scale that an observation is scored on.

    Attributes
    ----------
    mean, deviation : float
    known : bool
        Whether it rests on a value that was public, or on the start of the scenario.
    """

    mean: float
    deviation: float
    known: bool

    def interval(self, level: float = 0.90) -> tuple[float, float]:
        """Return its central interval."""
        from scipy.special import ndtri

        half = float(ndtri(0.5 + 0.5 * level)) * self.deviation
        return self.mean - half, self.mean + half


def baseline(
    kind: Kind, observation: Observation, origin: date, values: Sequence[KnownValue], start: float
) -> BaselineForecast:
    """Return a baseline's forecast of an observation.

    Parameters
    ----------
    kind : {"persistence", "drift"}
    observation : Observation
        Only its series, its unit and its window are looked at.
    origin : date
    values : sequence of KnownValue
        Any; those published on or after the origin are left out.
    start : float
        The scenario's own median at the origin, where nothing was known
        [in the observation's unit].
    """
    scale, operator = scale_of(observation.unit), operator_of(observation.name)
    name = operator.series[0] if operator.kind in ("ratio", "decline") else observation.name
    known = [value for value in known_before(origin, values) if value.name == name]
    latest = max(known, key=lambda value: (value.window.middle, value.published), default=None)
    is_log = scale == "logarithm"
    drift = _drift(latest, known, is_log=is_log) if kind == "drift" and latest else 0.0
    spread = SPREAD.get(observation.unit, SPREAD_OF_LOGARITHM)
    if operator.kind in ("ratio", "decline"):
        years = years_of(observation.window)
        # A ratio is the move over the window; a decline is that move turned round, a year.
        factor, power = (years, 0.5) if operator.kind == "ratio" else (-1.0, -0.5)
        return BaselineForecast(factor * drift, spread * years**power, bool(known))
    base = latest.value if latest else start
    since = latest.window.middle if latest else origin
    years = max((observation.window.middle - since).days / DAYS_A_YEAR, 0.0)
    level = log(max(base, 1e-12)) if is_log else base
    return BaselineForecast(level + drift * years, spread * sqrt(years), latest is not None)


def _drift(latest: KnownValue, known: Sequence[KnownValue], *, is_log: bool) -> float:
    """Change a year up to the last known value, from the one that lies nearest to a year before it."""

    def years_before(value: KnownValue) -> float:
        return (latest.window.middle - value.window.middle).days / DAYS_A_YEAR

    earlier = [value for value in known if _NEAREST <= years_before(value) <= _FARTHEST]
    if not earlier:
        return 0.0
    first = min(earlier, key=lambda value: abs(years_before(value) - 1.0))
    change = log(latest.value / first.value) if is_log else latest.value - first.value
    return change / years_before(first)


def in_unit(value: float, unit: str) -> float:
    """Return a value on the scale of scoring in the unit of the observation."""
    return exp(value) if scale_of(unit) == "logarithm" else value
