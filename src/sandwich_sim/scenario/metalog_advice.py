"""What to say of quantiles through which no metalog runs, and what would help, tried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isinf

from sandwich_sim.scenario import metalog
from sandwich_sim.scenario.uncertain import Metalog


def metalog_problem(distribution: Metalog, names: Mapping[float, str]) -> str | None:
    """Return what is wrong if the quantile function falls somewhere, None if it rises.

    Parameters
    ----------
    distribution : Metalog
    names : mapping of float to str
        Keys of its probabilities in the file, such as ``p5``.
    """
    falls = _falls(distribution)
    if falls == []:
        return None
    if falls is None:
        where = "its terms do not follow from them"
    else:
        places = [_where(fall, distribution, names) for fall in falls]
        where = f"its quantile function would fall {' and '.join(places[:3])}"
    return f"no metalog runs through these quantiles: {where}. {_advice(distribution, names)}"


def _falls(distribution: Metalog) -> list[metalog.Fall] | None:
    """Return where it falls; None if it has no coefficients."""
    try:
        return metalog.falls(metalog.coefficients(distribution))
    except (ZeroDivisionError, OverflowError):
        return None


def _where(fall: metalog.Fall, distribution: Metalog, names: Mapping[float, str]) -> str:
    start, end = metalog.probability(fall.start), metalog.probability(fall.end)
    below = [p for p in distribution.probabilities if p <= start]
    above = [p for p in distribution.probabilities if p >= end]
    if below and above:
        place = f"between {names[below[-1]]} and {names[above[0]]}"
    else:
        place = (
            f"above {names[below[-1]]}" if below else f"below {names[above[0]]}" if above else "everywhere"
        )
    if fall.start <= -metalog.CHECKED_LOGIT:
        return f"up to p = {end:.3g} ({place})"
    if fall.end >= metalog.CHECKED_LOGIT:
        return f"from p = {start:.3g} on ({place})"
    return f"from p = {start:.3g} to {end:.3g} ({place})"


def _advice(distribution: Metalog, names: Mapping[float, str]) -> str:
    """Say which small changes help; each was tried."""
    inner = range(1, len(distribution.probabilities) - 1)
    ways = [
        f"without {names[distribution.probabilities[i]]}"
        for i in inner
        if not _falls(_without(distribution, i))
    ]
    if (
        isinf(distribution.low)
        and distribution.values[0] > 0.0
        and not _falls(replace(distribution, low=0.0))
    ):
        ways.append("with low = 0")
    if not ways:
        return "Use fewer quantiles, space their values more evenly, or use a mixture."
    return f"It works {', or '.join(ways[:3])}."


def _without(distribution: Metalog, index: int) -> Metalog:
    def rest(numbers: tuple[float, ...]) -> tuple[float, ...]:
        return numbers[:index] + numbers[index + 1 :]

    return replace(
        distribution, probabilities=rest(distribution.probabilities), values=rest(distribution.values)
    )
