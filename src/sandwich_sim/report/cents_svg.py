"""How many cents each hop keeps, for the page: one drawing a year, which follows the year selector."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandwich_sim.analysis.dollar_flows import DollarFlows
from sandwich_sim.plots.panel import nice_ticks, tick_texts
from sandwich_sim.plots.quantities import interval, number, shorten
from sandwich_sim.plots.style import LIGHT, hop_colors
from sandwich_sim.report.html import Html, join, text
from sandwich_sim.report.svg import variable

_WIDTH, _ROW, _TOP, _EDGE = 340.0, 44.0, 52.0, 8.0
_LETTERS = 24


def cents_drawing(
    flows: DollarFlows, titles: Mapping[str, str], year: int, limits: tuple[float, float]
) -> Html | None:
    """Draw the median cents that each hop keeps in a year, and 5 to 95% of the trajectories.

    Parameters
    ----------
    flows : DollarFlows
    titles : mapping of str to str
        Of the hops.
    year : int
        Index of the yearly record.
    limits : tuple of float
        Range that all drawings of a page share [cent].

    Returns
    -------
    Html or None
        None where the run kept no quantiles.
    """
    if flows.profit_interval is None:
        return None
    low, high = limits
    step = (_WIDTH - 2 * _EDGE) / (high - low)

    def across(cents: float) -> float:
        return _EDGE + (cents - low) * step

    bottom = _TOP + len(flows.hops) * _ROW
    when, first = flows.labels[year], flows.labels[0]
    marked = f"; \N{WHITE DIAMOND} {first}" if year else ""
    colors = hop_colors(flows.hops, LIGHT)
    # One piece of the line at zero for each bar: in one piece it would cross the names between them.
    tops = (_TOP + row * _ROW for row in range(len(flows.hops)))
    zero = "".join(f"M{across(0.0):.1f} {top + 20:.0f}V{top + 40:.0f}" for top in tops)
    parts = [
        Html(f'<text x="0" y="14" class="name">Kept as profit, {text(when)}</text>'),
        Html(f'<text x="0" y="32" class="what">Cents of $1: median, 5 to 95%{text(marked)}</text>'),
        Html(f'<path d="{zero}" stroke="{variable(LIGHT.muted)}" class="axis"/>'),
    ]
    told = []
    for row, hop in enumerate(flows.hops):
        levels = tuple(float(cents) for cents in flows.profit_interval[:, year, row])
        start = float(flows.profit_interval[1, 0, row]) if year else float("nan")
        parts.append(_hop(titles[hop], levels, start, _TOP + row * _ROW, variable(colors[hop]), across))
        told.append(f"{titles[hop]} {_words(levels)[0]} ({_words(levels)[1]})")
    ticks = nice_ticks(low, high, 4)
    for tick, words in zip(ticks, tick_texts(ticks, "¢"), strict=True):
        place = f'x="{across(tick):.1f}" y="{bottom + 16:.0f}"'
        parts.append(Html(f'<text {place} text-anchor="middle" class="what">{text(words)}</text>'))
    label = f"Cents of one dollar kept as profit, {when}, median (5 to 95%): {', '.join(told)}."
    return Html(
        f'<svg class="figure flow cents" viewBox="0 0 {_WIDTH:g} {bottom + 22:.0f}" role="img" '
        f'aria-label="{text(label)}">{join(parts)}</svg>'
    )


def _words(levels: tuple[float, ...]) -> tuple[str, str]:
    low, median, high = levels
    return (number(median, "¢"), interval(low, high, "¢")) if median == median else ("not kept", "")


def _hop(
    title: str,
    levels: tuple[float, ...],
    start: float,
    top: float,
    color: str,
    across: Callable[[float], float],
) -> Html:
    low, median, high = levels
    middle, spread = _words(levels)
    base = top + 15.0
    parts = [
        f'<text x="0" y="{base:.0f}">{text(shorten(title, _LETTERS))}</text>',
        f'<text x="232" y="{base:.0f}" text-anchor="end" class="name">{text(middle)}</text>',
        f'<text x="340" y="{base:.0f}" text-anchor="end" class="what">{text(spread)}</text>',
    ]
    if median == median:
        left, right = sorted((across(0.0), across(median)))
        line = top + 28.0
        reach = f"M{across(low):.1f} {line:.0f}H{across(high):.1f}"
        parts += [
            f'<rect x="{left:.1f}" y="{line - 6:.0f}" width="{right - left:.1f}" height="12" '
            f'fill="{color}"/>',
            f'<path d="{reach}" stroke="{variable(LIGHT.background)}" class="halo"/>',
            f'<path d="{reach}" stroke="{variable(LIGHT.text)}" class="spread"/>',
        ]
        if start == start:
            parts.append(
                f'<path d="M{across(start):.1f} {line - 5:.0f}l5 5-5 5-5-5z" '
                f'fill="{variable(LIGHT.background)}" stroke="{variable(LIGHT.text)}" class="axis"/>'
            )
    return Html("".join(parts))
