"""The verdict on a compared outcome: one sentence that claims what the sample shows and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10
from typing import Literal

from sandwich_sim.analysis.compare import MetricComparison, needed_trajectories
from sandwich_sim.analysis.compare_shape import describe_place
from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.metrics import Metric

State = Literal["different", "suggestive", "indistinct", "same", "sparse", "unknown"]

FEWEST_CHANGED = 100
"""Where fewer pairs differ than this, their number is told instead of an interval."""
_MOST = 1e10
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Verdict:
    """What a comparison of one outcome shows.

    Attributes
    ----------
    state : str
        ``different``: beyond chance among all that is compared; ``suggestive``: beyond chance if it
        were the only one; ``indistinct``; ``same``: on every trajectory; ``sparse``: on all but a
        few; ``unknown``: too few trajectories.
    sentence : str
    direction : int
        1 or -1 where B is higher or lower and ``state`` is ``different``, otherwise 0.
    needed : float
        Trajectories that would settle it, if the difference is what was measured; 0 where it is
        settled, infinite where none would.
    statistic : {"mean", "median"}
        What was judged: the median where the mean rests on few trajectories.
    """

    state: State
    sentence: str
    direction: int
    needed: float
    statistic: Literal["mean", "median"]


def judge(found: MetricComparison, names: tuple[str, str], alpha: float, n_compared: int) -> Verdict:
    """Judge one compared outcome.

    Parameters
    ----------
    found : MetricComparison
    names : tuple of str
        Of A and B.
    alpha : float
        Most often that an interval misses.
    n_compared : int
        How many outcomes are judged together: B counts as different where chance alone would
        lead as far in ``alpha / n_compared`` of the cases (Bonferroni).
    """
    subject = f"{possessive(names[1])} {describe_outcome(found.metric)}"
    is_median = found.rests_on_few and found.shape is not None
    statistic: Literal["mean", "median"] = "median" if is_median else "mean"
    measured = found.shape.median if is_median and found.shape else found.gap.mean
    if found.gap.n_changed == 0:
        text = f"{subject} is that of {names[0]} on every one of the {found.gap.n:,} trajectories."
        return Verdict("same", text, 0, 0.0, statistic)
    if 0 < found.gap.n_changed < FEWEST_CHANGED:
        text = f"{subject} differs on only {found.gap.n_changed} of the {found.gap.n:,} trajectories."
        return Verdict("sparse", text, 0, inf, statistic)
    if not measured.is_known:
        return Verdict("unknown", f"{subject}: too few trajectories to tell.", 0, inf, statistic)
    return _judge_size(found, subject, measured, statistic, alpha, n_compared)


def _judge_size(
    found: MetricComparison,
    subject: str,
    measured: Measured,
    statistic: Literal["mean", "median"],
    alpha: float,
    n_compared: int,
) -> Verdict:
    chance = measured.p_value()
    size = describe_size(found.metric, measured, alpha)
    middle = "has its median " if statistic == "median" else _verb(found.metric)
    if chance < alpha / n_compared:
        place = describe_place(found.shape.parts, alpha) if found.shape and statistic == "mean" else ""
        text = f"{subject} {middle}{size}{f', {place}' if place else ''}."
        return Verdict("different", text, 1 if measured.value > 0 else -1, 0.0, statistic)
    needed = needed_trajectories(measured, found.gap.n, alpha / n_compared)
    settle = describe_needed(needed)
    if chance < alpha:
        text = f"{subject} {middle}{size}, which is within chance among {n_compared} comparisons; {settle}."
        return Verdict("suggestive", text, 0, needed, statistic)
    text = f"{subject} is not distinguishable at this n: {size}; {settle}."
    return Verdict("indistinct", text, 0, needed, statistic)


def describe_outcome(metric: Metric) -> str:
    """Name an outcome in a sentence: ``lab profit share``, ``chips margin on 2030-01-01``."""
    if metric.kind == "flag":
        words = f"event {metric.variable}"
    elif metric.kind == "event_time":
        words = f"time to {metric.variable}"
    elif metric.variable == "dollar_profit" and metric.scale != 1.0:
        words = f"cents kept by {metric.hop}"
    else:
        words = f"{metric.hop} {metric.variable}".strip().replace("_", " ")
    is_elsewhere = metric.date is not None and not metric.name.endswith("@ horizon")
    return f"{words} on {metric.date}" if is_elsewhere else words


def _verb(metric: Metric) -> str:
    return "happens " if metric.kind == "flag" else "is "


def describe_size(metric: Metric, measured: Measured, alpha: float) -> str:
    """Say a difference with its interval: ``3.1 points higher (95% CI 2.9 to 3.3)``."""
    factor, unit = shown_unit(metric)
    sign = 1.0 if measured.value >= 0 else -1.0
    half = measured.half_width(alpha) * factor
    low, high = (end * factor * sign for end in sorted(measured.interval(alpha), key=lambda x: x * sign))
    digits = digits_for(half)
    more = ("more often", "less often") if metric.kind == "flag" else ("higher", "lower")
    if metric.kind == "event_time":
        more = "later", "earlier"
    size = format_number(abs(measured.value) * factor, digits)
    low_text, high_text = format_number(low, digits), format_number(high, digits)
    level = f"{100.0 * (1.0 - alpha):.4g}"
    return f"{size}{f' {unit}' if unit else ''} {more[sign < 0]} ({level}% CI {low_text} to {high_text})"


def shown_unit(metric: Metric) -> tuple[float, str]:
    """Return the factor and the unit in which a difference is shown; fractions in points (hundredths)."""
    if metric.unit == "1":
        is_log = metric.variable == "tightness" or metric.variable.startswith("margin_")
        return (1.0, "") if is_log or metric.variable == "list_price_ratio" else (100.0, "points")
    if metric.unit == "cent":
        return 1.0, "cents"
    return 1.0, {"index": "", "yr": "years"}.get(metric.unit, metric.unit)


def digits_for(half_width: float) -> int:
    """Return the decimals that show half an interval to one significant digit."""
    if not isfinite(half_width) or half_width <= 0.0:
        return 3
    return min(8, max(0, -floor(log10(half_width))))


def format_number(value: float, digits: int) -> str:
    """Write a number with a true minus sign, thousands apart, and no negative zero."""
    text = f"{value:,.{digits}f}"
    return text.replace("-", _MINUS) if any(figure in "123456789" for figure in text) else text.lstrip("-")


def describe_needed(needed: float) -> str:
    """Say how many trajectories would settle a difference."""
    if needed > _MOST:
        return "no number of trajectories in reach would settle it"
    return f"about {round_up(needed):,} trajectories would settle it"


def round_up(number: float) -> int:
    """Round up to one leading digit, or to two where it begins with a 1."""
    number = max(1.0, number)
    step = 10.0 ** floor(log10(number))
    step = step / 10.0 if number < 2.0 * step and step > 1.0 else step
    return int(ceil(round(number / step, 9)) * step)


def possessive(name: str) -> str:
    """Return the possessive form of a name."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def undefined_note(founds: Sequence[MetricComparison], names: tuple[str, str]) -> str:
    """Say which outcomes leave trajectories out because they have no value there; empty if none does."""
    parts = [
        f"{found.metric.name} {found.undefined.either:,} ({found.undefined.a:,} in {names[0]}, "
        f"{found.undefined.b:,} in {names[1]})"
        for found in founds
        if found.undefined.either
    ]
    return f"Left out for want of a value: {'; '.join(parts)}." if parts else ""
