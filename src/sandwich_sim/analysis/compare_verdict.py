"""The verdict on a compared outcome: one sentence that claims what the sample shows and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10
from typing import Literal

from sandwich_sim.analysis.compare import MetricComparison, Undefined, needed_trajectories
from sandwich_sim.analysis.compare_shape import describe_place
from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.metrics import Metric

State = Literal["different", "suggestive", "indistinct", "same", "sparse", "unknown"]

FEWEST_CHANGED = 100
"""Where fewer pairs differ than this, and fewer than a tenth, their number is told, not an interval."""
_MANY_UNDEFINED = 0.01  # of those with a value: as many without one belong into the sentence
_MOST = 1e10
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Rates:
    """How often intervals and verdicts are wrong.

    Attributes
    ----------
    alpha : float
        An interval misses this often; so does any verdict of the whole comparison that B differs.
    n_compared : int
        Outcomes that are judged together: B counts as different where chance alone would lead as
        far in ``alpha / n_compared`` of the cases (Bonferroni).
    n_look : int
        Looks that the comparison may take at the data; each has its share of ``alpha``.
    """

    alpha: float = 0.05
    n_compared: int = 1
    n_look: int = 1

    @property
    def interval(self) -> float:
        """What an interval is computed at: its share of ``alpha``."""
        return self.alpha / self.n_look

    @property
    def verdict(self) -> float:
        """What a verdict is computed at."""
        return self.interval / self.n_compared


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
    alpha : float
        What the interval in the sentence was computed at.
    """

    state: State
    sentence: str
    direction: int
    needed: float
    statistic: Literal["mean", "median"]
    alpha: float


def judged_statistic(found: MetricComparison) -> tuple[Literal["mean", "median"], Measured]:
    """Return the difference that is judged: of the means, or of the medians where a mean rests on few."""
    if found.rests_on_few and found.shape is not None:
        return "median", found.shape.median
    return "mean", found.gap.mean


def judge(found: MetricComparison, names: tuple[str, str], rates: Rates) -> Verdict:
    """Judge one compared outcome.

    Parameters
    ----------
    found : MetricComparison
    names : tuple of str
        Of A and B.
    rates : Rates
    """
    statistic, measured = judged_statistic(found)
    subject = describe_outcome(found.metric, names[1])
    n, n_changed = found.gap.n, found.gap.n_changed
    where = _where(found)

    def say(state: State, text: str, direction: int = 0, needed: float = inf) -> Verdict:
        return Verdict(state, f"{subject} {text}.", direction, needed, statistic, rates.interval)

    if n_changed == 0 and n:
        every = f"on every one of the {n:,} trajectories{where}"
        return say("same", f"{_is(found.metric)} as in {names[0]} {every}", 0, 0.0)
    if 0 < n_changed < min(FEWEST_CHANGED, n / 10):
        return say("sparse", f"differs on only {n_changed} of the {n:,} trajectories{where}")
    if not measured.is_known:
        return say("unknown", "cannot be judged: too few trajectories")
    chance = measured.p_value()
    size = describe_size(found.metric, measured, rates, statistic)
    if chance < rates.verdict:
        place = describe_place(found.shape.parts, rates.interval) if found.shape else ""
        tail = f", {place}" if place and statistic == "mean" else ""
        return say("different", f"{size}{tail}{where}", 1 if measured.value > 0 else -1, 0.0)
    all_of_them = n + (found.undefined.either if found.gap.n_changed >= 0 else 0)
    needed = needed_trajectories(measured, all_of_them, rates.verdict)
    if chance < rates.interval:
        chances = f"within chance among {rates.n_compared} comparisons"
        return say("suggestive", f"{size}{where}, {chances}; {describe_needed(needed)}", 0, needed)
    text = f"is not distinguishable at this n: it {size}{where}; {describe_needed(needed)}"
    if is_cents(found.metric):
        start = f"In {names[1]}, "
        subject = f"{start}what {subject.removeprefix(start)} keeps"
    return say("indistinct", text, 0, needed)


def _where(found: MetricComparison) -> str:
    """Say of which trajectories a verdict is, where that is not all of them."""
    n, left_out = found.gap.n, found.undefined.either
    if found.metric.kind == "event_time" and left_out:
        seen = "where both see it" if found.gap.n_changed >= 0 else "among those that see it"
        return f", {seen} (in {n:,} trajectories)"
    return f", where it has a value (in {n:,} trajectories)" if left_out > _MANY_UNDEFINED * n else ""


def describe_outcome(metric: Metric, name: str) -> str:
    """Name an outcome of a scenario in a sentence: ``B's lab profit share``, ``B's chips margin on ...``."""
    is_elsewhere = metric.date is not None and not metric.name.endswith("@ horizon")
    when = f"{' by' if metric.kind == 'flag' else ' on'} {metric.date}" if is_elsewhere else ""
    if metric.kind in ("flag", "event_time"):
        return f"In {name}, event {metric.variable}{when}"
    if is_cents(metric):
        return f"In {name}, {metric.hop}{when}"
    words = f"{metric.hop} {metric.variable}".strip().replace("_", " ").replace("all in ", "all-in ")
    return f"{possessive(name)} {words}{when}"


def is_cents(metric: Metric) -> bool:
    """Whether an outcome is cents kept of the walked dollar."""
    return metric.variable == "dollar_profit" and metric.scale != 1.0


def _is(metric: Metric) -> str:
    if metric.kind == "flag":
        return "happens"
    return "keeps the same cents" if is_cents(metric) else "is the same"


def describe_size(metric: Metric, measured: Measured, rates: Rates, statistic: str = "mean") -> str:
    """Say a difference with its interval: ``is 3.1 points higher (95% CI 2.9 to 3.3)``."""
    factor, unit = shown_unit(metric)
    sign = 1.0 if measured.value >= 0 else -1.0
    low, high = sorted(end * factor * sign for end in measured.interval(rates.interval))
    digits = _digits_of(low, high)
    if round(measured.value * factor, digits) == 0.0 and measured.value:
        digits += 1
    size, low_text, high_text = (
        format_number(value, digits) for value in (abs(measured.value) * factor, low, high)
    )
    amount = f"{size} {unit}".strip()
    words = {"flag": ("happens", "more often", "less often"), "event_time": ("comes", "later", "earlier")}
    verb, more, less = words.get(metric.kind, ("is", "higher", "lower"))
    if is_cents(metric):
        verb, more, less = "keeps", "more", "less"
    where = " at the median" if statistic == "median" else ""
    level = f"{100.0 * (1.0 - rates.alpha):.4g}%"
    return f"{verb} {amount} {more if sign > 0 else less}{where} ({level} CI {low_text} to {high_text})"


def shown_unit(metric: Metric) -> tuple[float, str]:
    """Return the factor and the unit in which a difference is shown; fractions in points (hundredths)."""
    if metric.unit == "1":
        is_log = metric.variable == "tightness" or metric.variable.startswith("margin_")
        return (1.0, "") if is_log or metric.variable == "list_price_ratio" else (100.0, "points")
    if metric.unit == "cent":
        return 1.0, "cents"
    return 1.0, {"index": "", "yr": "years"}.get(metric.unit, metric.unit)


def _digits_of(low: float, high: float) -> int:
    """Return the decimals of an interval; more where an end that is not zero would be shown as zero."""
    digits = digits_for((high - low) / 2.0)
    smallest = min((abs(end) for end in (low, high) if end), default=1.0)
    return digits if smallest >= 0.5 * 10.0**-digits else min(digits + 2, digits_for(smallest))


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
    groups: dict[Undefined, list[str]] = {}
    for found in founds:
        if found.undefined.either:
            groups.setdefault(found.undefined, []).append(found.metric.name)
    parts = [
        f"{_listed(members)} {count.either:,} ({count.a:,} in {names[0]}, {count.b:,} in {names[1]})"
        for count, members in groups.items()
    ]
    return f"Trajectories left out, where there is no value: {'; '.join(parts)}." if parts else ""


def censored_note(founds: Sequence[MetricComparison]) -> str:
    """Say what means of event times leave out; empty if nothing."""
    timed = [found.metric.name for found in founds if found.metric.kind == "event_time"]
    if not any(found.undefined.either for found in founds if found.metric.name in timed):
        return ""
    return (
        f"Rows and verdicts of {', '.join(timed)} are of trajectories that see the event (paired: on both "
        "sides), and say nothing of how many do; the dates by which parts of all trajectories see it count "
        "the others as never."
    )


def few_note(founds: Sequence[MetricComparison]) -> str:
    """Say which outcomes are judged by their medians; empty if none is."""
    few = [found.metric.name for found in founds if found.rests_on_few]
    if not few:
        return ""
    return f"Judged and shown by medians, since a few far trajectories make the means: {_listed(few)}."


def _listed(names: Sequence[str]) -> str:
    """List outcomes, those of one variable and date in one: ``margin.lab, .cloud @ horizon``."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name in names:
        series, _, when = name.partition(" @ ")
        variable, _, hop = series.partition(".")
        groups.setdefault((variable, when), []).append(hop)
    return ", ".join(
        f"{variable}{', '.join(f'.{hop}' for hop in hops if hop)}{f' @ {when}' if when else ''}"
        for (variable, when), hops in groups.items()
    )
