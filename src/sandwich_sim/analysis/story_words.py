"""Numbers and sentences of a story, for tables, figures and readers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import floor, isfinite, isnan, log10

from sandwich_sim.analysis.story import (
    UNUSUAL,
    EventTold,
    Luck,
    SeriesTold,
    SharedInput,
    Standing,
    Story,
    UnusualInput,
)
from sandwich_sim.variables import VARIABLES

MINUS = "\N{MINUS SIGN}"
_CENTS = ("dollar_profit", "dollar_other", "profit_capture")
_MOST_NAMED = 3
_CLEAR = 1.0
"""A score that shows what a tail has in common: beyond 84% of the distribution."""


def plain(value: float, digits: int = 3) -> str:
    """Write a number with about three digits."""
    if not isfinite(value):
        return "not defined" if isnan(value) else ("∞" if value > 0 else f"{MINUS}∞")
    if value == 0.0 or abs(value) >= 1e12 or abs(value) < 1e-4:
        text = f"{value:.{digits}g}"
    else:
        text = f"{value:,.{max(0, digits - 1 - floor(log10(abs(value))))}f}"
    return text.replace("-", MINUS)


def cell(name: str, value: float) -> str:
    """Write a value of a series without its unit: percent and cents to a tenth."""
    variable = VARIABLES[name.partition(".")[0]]
    if not isfinite(value):
        return plain(value)
    if variable.name in _CENTS or (variable.unit == "1" and not variable.name.endswith("ratio")):
        text = f"{100.0 * value:,.1f}" if abs(value) < 10.0 else f"{100.0 * value:,.0f}"
        return ("0.0" if text == "-0.0" else text).replace("-", MINUS)
    return plain(value)


def unit_of(name: str) -> str:
    """Return the unit that `cell` writes in."""
    variable = VARIABLES[name.partition(".")[0]]
    if variable.name in _CENTS:
        return "¢"
    if variable.name.endswith("ratio"):
        return ""
    return "%" if variable.unit == "1" else "" if variable.unit == "index" else variable.unit


def amount(name: str, value: float) -> str:
    """Write a value of a series with its unit."""
    unit = unit_of(name)
    return f"{cell(name, value)}{unit if unit in ('%', '¢', '') else f' {unit}'}"


def month(day: date) -> str:
    """Write a date as ``2031-04``."""
    return f"{day:%Y-%m}"


def percent(part: float) -> str:
    """Write a part of all; never 0% or 100% of what is neither."""
    shown = 100.0 * part
    if isnan(part):
        return "–"
    if 0.0 < part < 0.0005:
        return "<0.1%"
    if 0.9995 < part < 1.0:
        return ">99.9%"
    if part in (0.0, 1.0) or 9.95 <= shown <= 90.05:
        return f"{shown:.0f}%"
    return f"{shown:.1f}%"


def side(quantile: float) -> str:
    """Say on which side of how much a quantile lies: ``above 97.3%``, ``below 80%``."""
    word, part = ("above", quantile) if quantile >= 0.5 else ("below", 1.0 - quantile)
    return f"{word} {percent(part).removeprefix('>')}"


def odds(rarity: float) -> str:
    """Write how rare something is: ``1 in 37``."""
    if rarity >= 0.5:
        return "usual"
    n = 1.0 / max(rarity, 1e-16)
    return f"1 in {n:,.0f}" if n < 1e6 else f"1 in {n:.0e}".replace("e+0", "e").replace("e+", "e")


def ordinal(n: int) -> str:
    """Write ``1st``, ``2nd``, ``11th``."""
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"


def place(standing: Standing, most: int = 1000) -> str:
    """Say where a sum lies: ``the 3rd lowest of 65,536``, ``more than in 97% of them``."""
    lower, n = standing.lower, standing.n
    if lower is None:
        return f"neither among the 32 lowest nor the 32 highest of {n:,}"
    if lower < min(most, n // 20 + 1):
        return f"the {ordinal(lower + 1) + ' ' if lower else ''}lowest of {n:,}"
    if n - lower <= min(most, n // 20 + 1):
        higher = n - lower
        return f"the {ordinal(higher) + ' ' if higher > 1 else ''}highest of {n:,}"
    return f"{side(standing.rank)} of {n:,}"


def money_words(standing: Standing) -> str:
    """Say what a hop earned or sold over the run, and where that lies."""
    what = "Revenue" if "revenue" in standing.name else "Profit"
    discounted = ", discounted" if standing.name.startswith("discounted") else ""
    return (
        f"{what} of {standing.title} over the run{discounted}: {plain(standing.value)} bn USD, "
        f"{place(standing)} trajectories."
    )


def input_words(found: UnusualInput) -> str:
    """Say where an input lies."""
    unit = "" if found.unit == "1" else f" {found.unit}"
    return f"{found.title} is {plain(found.value)}{unit}, {side(found.quantile)} of its distribution"


def inputs_words(inputs: Sequence[UnusualInput], n_unusual: int, joint: float) -> str:
    """Say how unusual all inputs are."""
    if not inputs:
        return "No input is drawn."
    named = [each for each in inputs if each.rarity < UNUSUAL][:_MOST_NAMED]
    most = f" Most of all: {'; '.join(map(input_words, named))}." if named else ""
    return (
        f"{n_unusual} of {len(inputs)} drawn inputs are farther out than 95% of their distribution "
        f"({plain(UNUSUAL * len(inputs), 2)} would be by chance); together they are farther out than in "
        f"{percent(joint)} of all draws.{most}"
    )


def luck_words(found: Sequence[Luck]) -> str:
    """Say how many leaps and releases came, and which states were pushed far."""
    parts = [
        f"{each.total:.0f} {each.title[0].lower()}{each.title[1:]} ({plain(each.expected, 2)} expected)"
        for each in found
        if each.is_count
    ]
    pushed = [each for each in found if not each.is_count and each.rarity < UNUSUAL][:_MOST_NAMED]
    if pushed:
        words = "; ".join(
            f"{each.title} {'up' if each.total > 0.0 else 'down'} ({odds(each.rarity)})" for each in pushed
        )
        parts.append(f"chance pushed most on: {words}")
    return f"On the way: {', '.join(parts)}." if parts else ""


def events_words(events: Sequence[EventTold]) -> str:
    """Say which events happened."""
    if not events:
        return ""
    dated = sorted((each.when, each.name) for each in events if each.when)
    met = [f"{name} in {month(when)}" for when, name in dated]
    missed = [
        f"{each.name} ({percent(each.probability)} of trajectories meet it)"
        for each in events
        if not each.when
    ]
    said = [f"Events met: {', '.join(met)}." if met else "It meets no event."]
    surprising = [
        text
        for text, each in zip(missed, (e for e in events if not e.when), strict=True)
        if each.probability > 0.5
    ]
    if surprising:
        said.append(f"It misses {', '.join(surprising)}.")
    return " ".join(said)


def outstanding(series: Sequence[SeriesTold]) -> str:
    """Say which series ends farthest from the middle of the run; empty where none is told."""
    ranked = [each for each in series if isfinite(each.rank[-1])]
    if not ranked:
        return ""
    found = max(ranked, key=lambda each: abs(each.rank[-1] - 0.5))
    rank = float(found.rank[-1])
    return (
        f"{found.title} ends at {amount(found.name, float(found.values[-1]))}, {side(rank)} of all "
        "trajectories."
    )


def shared_words(story: Story, shared: Sequence[SharedInput]) -> str:
    """Say which of what a tail has in common one of its trajectories shows clearly; empty if none."""
    scores = {each.name: each.score for each in story.inputs} | {each.name: each.score for each in story.luck}
    quantiles = {each.name: each.quantile for each in story.inputs}
    shown = []
    for each in shared:
        score = scores.get(each.name, 0.0)
        if score * each.mean_score > 0.0 and abs(score) >= _CLEAR:
            part = quantiles.get(each.name)
            where = side(part) if part is not None else ("up" if score > 0.0 else "down")
            shown.append(f"{each.name} {where}")
    return f"Of what the tail has in common: {', '.join(shown)}." if shown else ""
