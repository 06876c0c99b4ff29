"""Why two scenarios differ: the gap of a statistic, shared out among groups of changed keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, hypot, inf, isfinite, log10
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.by_group import measured_of
from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.shapley import Parts

Floats = NDArray[np.float64]


class Described(NamedTuple):
    """A statistic for people.

    Attributes
    ----------
    name, label : str
        ``p50(margin.chips @ 2030)``, and in words.
    unit : str
        Of its values.
    factor : float
        By which values are multiplied to show them: 100 for fractions.
    shown_unit : str
        Their unit then: "%", "cents", or none.
    """

    name: str
    label: str
    unit: str
    factor: float
    shown_unit: str


@dataclass(frozen=True)
class Part:
    """What one group of changed keys adds to a gap.

    Attributes
    ----------
    group : str
    share : Measured
        In the unit of the statistic; the shares of all groups add up to the gap.
    alone : float
        What the group changes if it alone is swapped into the first scenario.
    last : float
        What it changes if all others were swapped in before; NaN (as ``alone``) where not computed.
        Far from ``alone``, it works together with other groups.
    """

    group: str
    share: Measured
    alone: float
    last: float


@dataclass(frozen=True)
class Attribution:
    """One statistic on both sides, and what makes the difference.

    Attributes
    ----------
    name, label, unit, factor, shown_unit
        As `Described`.
    first, second : float
        On either side.
    gap : Measured
        The second less the first, along the same random numbers.
    parts : tuple of Part
        In the order of the groups.
    """

    name: str
    label: str
    unit: str
    factor: float
    shown_unit: str
    first: float
    second: float
    gap: Measured
    parts: tuple[Part, ...]

    @property
    def digits(self) -> int:
        """Decimals, in the shown unit, that leave the larger of gap and steps three digits or so."""
        steps = [abs(part.share.value) for part in self.parts]
        largest = self.factor * max([abs(self.gap.value), *steps])
        return min(9, max(0, 2 - floor(log10(largest)))) if 0.0 < largest < inf else 2

    @property
    def gap_unit(self) -> str:
        """Unit of the gap and the shares as shown: differences of percentages are points."""
        return "points" if self.shown_unit == "%" else self.shown_unit

    def ranked(self) -> tuple[Part, ...]:
        """Return the parts, the largest first."""
        return tuple(sorted(self.parts, key=lambda part: -abs(part.share.value)))


@dataclass(frozen=True)
class Explanation:
    """Why two scenarios differ.

    Attributes
    ----------
    first, second : str
        Names of the scenarios.
    groups : mapping of str to tuple of str
        Of each group, the keys that it changes, in words.
    attributions : tuple of Attribution
        One a statistic.
    trajectories, seed : int
    sampler : str
    n_simulation : int
        Scenarios that were run.
    n_permutation : int
        Orders of the groups that were looked at; 0 where all were.
    remarks : tuple of str
    """

    first: str
    second: str
    groups: Mapping[str, tuple[str, ...]]
    attributions: tuple[Attribution, ...]
    trajectories: int
    seed: int
    sampler: str
    n_simulation: int
    n_permutation: int
    remarks: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        """Whether every order of the groups was looked at."""
        return self.n_permutation == 0

    def to_document(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "first": self.first,
            "second": self.second,
            "trajectories": self.trajectories,
            "seed": self.seed,
            "sampler": self.sampler,
            "simulations": self.n_simulation,
            "permutations": self.n_permutation or None,
            "remarks": list(self.remarks),
            "groups": {name: list(keys) for name, keys in self.groups.items()},
            "statistics": [_document(attribution) for attribution in self.attributions],
        }


def _document(attribution: Attribution) -> dict[str, Any]:
    return {
        "name": attribution.name,
        "label": attribution.label,
        "unit": attribution.unit,
        "first": attribution.first,
        "second": attribution.second,
        "gap": _numbers(attribution.gap),
        "parts": [
            {"group": part.group, **_numbers(part.share), "alone": part.alone, "last": part.last}
            for part in attribution.parts
        ],
    }


def _numbers(measured: Measured) -> dict[str, float]:
    low, high = measured.interval()
    return {"value": measured.value, "standard_error": measured.standard_error, "low": low, "high": high}


def shorten_middle(name: str, most: int) -> str:
    """Return a name of at most ``most`` letters; what is too long loses its middle, where names are alike."""
    if len(name) <= most:
        return name
    kept = max(1, most - 1)
    tail = kept // 2
    return f"{name[: kept - tail]}…{name[len(name) - tail :]}"


def share_of(columns: Floats, sampling_error: float, degrees_of_freedom: float, n: int) -> Measured:
    """Return a group's share with both of its errors: few trajectories, and few orders.

    Parameters
    ----------
    columns : ndarray of float64, shape (17,)
        The share in all trajectories and in each group of them.
    sampling_error : float
        From having looked at some orders only.
    degrees_of_freedom : float
        Of the sampling error.
    """
    found = measured_of(columns, n)
    if sampling_error == 0.0 or not isfinite(found.standard_error):
        return found
    error = hypot(found.standard_error, sampling_error)
    # Welch and Satterthwaite: as sure as the two errors together.
    unsure = found.standard_error**4 / found.degrees_of_freedom
    unsure += sampling_error**4 / degrees_of_freedom if isfinite(degrees_of_freedom) else 0.0
    freedom = error**4 / unsure if unsure > 0.0 else inf
    return Measured(found.value, error, freedom, n)


def attribute(
    statistics: Sequence[Described],
    groups: Sequence[str],
    worth: Mapping[int, Floats],
    parts: Parts,
    n: int,
) -> tuple[Attribution, ...]:
    """Put together what each group adds to each statistic.

    Parameters
    ----------
    statistics : sequence of Described
    groups : sequence of str
    worth : mapping of int to ndarray of float64, shape (n_statistic, 17)
        By coalition: pooled, then by group of trajectories.
    parts : Parts
        Of arrays of that shape.
    n : int
        Trajectories.
    """
    whole = (1 << len(groups)) - 1
    found = []
    for row, described in enumerate(statistics):
        first, second = worth[0][row], worth[whole][row]
        found.append(
            Attribution(
                *described,
                float(first[0]),
                float(second[0]),
                measured_of(second - first, n),
                tuple(
                    Part(
                        group,
                        share_of(
                            parts.values[place, row],
                            float(parts.sampling_errors[place, row, 0]),
                            parts.degrees_of_freedom,
                            n,
                        ),
                        _step(worth, row, 0, 1 << place),
                        _step(worth, row, whole & ~(1 << place), whole),
                    )
                    for place, group in enumerate(groups)
                ),
            )
        )
    return tuple(found)


def _step(worth: Mapping[int, Floats], row: int, before: int, after: int) -> float:
    if before not in worth or after not in worth:
        return float("nan")
    return float(worth[after][row, 0] - worth[before][row, 0])
