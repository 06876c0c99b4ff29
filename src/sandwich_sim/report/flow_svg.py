"""The dollar's flow for the page: one drawing a year and width, each bar telling its numbers."""

from __future__ import annotations

from collections.abc import Mapping

from sandwich_sim.analysis.dollar_flows import USERS, DollarFlows
from sandwich_sim.plots.flow import THICKNESS, bar_words
from sandwich_sim.plots.flow_layout import Band, Bar, Segment, lay_out
from sandwich_sim.plots.quantities import interval, number, shorten
from sandwich_sim.plots.style import LIGHT, hop_colors, ink
from sandwich_sim.report.html import Html, element, join, text
from sandwich_sim.report.svg import variable

WIDE, NARROW = 680.0, 340.0
"""Widths of the two drawings: names beside the bars, or above them [px]."""
_LETTERS = 44
"""What fits in a line of the narrow drawing."""
_ROW = {WIDE: 46.0, NARROW: 52.0}
_CENTS = {WIDE: 380.0, NARROW: 318.0}
_TOP = {WIDE: 18.0, NARROW: 26.0}


def flow_drawings(flows: DollarFlows, titles: Mapping[str, str], run: int) -> Html:
    """Draw every year, wide and narrow; the page shows one of them.

    Parameters
    ----------
    flows : DollarFlows
    titles : mapping of str to str
        Of the hops.
    run : int
        Number of the run on the page, for identifiers.
    """
    last = len(flows.labels) - 1
    return join(
        element(
            "div",
            [_drawing(flows, titles, year, width, run) for width in (WIDE, NARROW)],
            class_="flow-year",
            data_year=year,
            hidden=year != last,
        )
        for year in range(last + 1)
    )


def _drawing(flows: DollarFlows, titles: Mapping[str, str], year: int, width: float, run: int) -> Html:
    bars, bands = lay_out(flows, year)
    colors = {hop: variable(color) for hop, color in hop_colors(flows.hops, LIGHT).items()}
    colors[USERS] = variable(ink(LIGHT, 1))
    reach = max(100.0, max(bar.right for bar in bars))
    scale = _CENTS[width] / reach
    height = _TOP[width] + (len(flows.hops) + 0.6) * _ROW[width]
    size = "wide" if width == WIDE else "narrow"
    hatch = f"hatch-{run}-{year}-{size}"
    body = [
        _hatch(hatch),
        *(
            _band(band, colors[band.supplier], scale, width)
            for band in sorted(bands, key=lambda b: -b.amount)
        ),
        *(_bar(bar, flows, titles, year, colors[bar.hop], scale, width, hatch) for bar in bars),
    ]
    label = f"One dollar, {flows.labels[year]}: each bar is a hop; the table below holds the numbers."
    return Html(
        f'<svg class="figure flow {size}" viewBox="0 0 {width:g} {height:.0f}" role="group" '
        f'aria-label="{text(label)}">{join(body)}</svg>'
    )


def _hatch(name: str) -> Html:
    return Html(
        f'<defs><pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="2" height="6" fill="currentColor"/></pattern></defs>'
    )


def _row(row: float, width: float) -> float:
    return _TOP[width] + row * _ROW[width]


def _band(band: Band, color: str, scale: float, width: float) -> Html:
    half = THICKNESS / 2 * _ROW[width]
    top, bottom = _row(band.top, width) + half, _row(band.bottom, width) - half
    middle = (top + bottom) / 2
    (a, b), (c, d) = ((x * scale for x in ends) for ends in (band.start, band.end))
    path = (
        f"M{a:.1f} {top:.1f}C{a:.1f} {middle:.1f} {c:.1f} {middle:.1f} {c:.1f} {bottom:.1f}"
        f"H{d:.1f}C{d:.1f} {middle:.1f} {b:.1f} {middle:.1f} {b:.1f} {top:.1f}Z"
    )
    dashes = "" if band.is_exact else ' class="inferred"'
    return Html(f'<path d="{path}" fill="{color}" fill-opacity="0.22" stroke="{color}"{dashes}/>')


def _bar(
    bar: Bar,
    flows: DollarFlows,
    titles: Mapping[str, str],
    year: int,
    color: str,
    scale: float,
    width: float,
    hatch: str,
) -> Html:
    words = bar_sentence(flows, bar.hop, titles, year)
    pieces = [_piece(segment, bar, color, scale, width, hatch) for segment in bar.segments]
    narrow = width == NARROW
    title, what = bar_words(flows, bar.hop, titles, year, brief=narrow)
    names = _names_above(bar, title, what, width) if narrow else _names_beside(bar, title, what, scale, width)
    return Html(
        f'<g class="bar" tabindex="0" role="img" aria-label="{text(words)}">{join(pieces)}{names}</g>'
    )


def _piece(segment: Segment, bar: Bar, color: str, scale: float, width: float, hatch: str) -> Html:
    thick = THICKNESS * _ROW[width]
    box = (
        f'x="{segment.left * scale:.1f}" y="{_row(bar.row, width) - thick / 2:.1f}" '
        f'width="{max(segment.width * scale, 0.6):.1f}" height="{thick:.1f}"'
    )
    if segment.kind == "investors":
        ground = variable(LIGHT.background)
        return Html(
            f'<rect {box} fill="{ground}"/><rect {box} color="{color}" fill="url(#{hatch})" '
            f'stroke="{color}" stroke-width="1"/>'
        )
    look = {
        "paid": f'fill="{color}" fill-opacity="0.45"',
        "profit": f'fill="{color}"',
        "outside": f'fill="{variable(ink(LIGHT, 3))}"',
    }[segment.kind]
    return Html(f"<rect {box} {look}/>")


def _names_beside(bar: Bar, title: str, what: str, scale: float, width: float) -> Html:
    x, y = _CENTS[width] + 18.0, _row(bar.row, width)
    return Html(
        f'<text x="{x:.0f}" y="{y - 2:.1f}" class="name">{text(shorten(title, 36))}</text>'
        f'<text x="{x:.0f}" y="{y + 13:.1f}" class="what">{text(what)}</text>'
    )


def _names_above(bar: Bar, title: str, what: str, width: float) -> Html:
    y = _row(bar.row, width) - THICKNESS / 2 * _ROW[width] - 4.0
    title = shorten(title, max(12, _LETTERS - len(what)))
    return Html(
        f'<text x="0" y="{y:.1f}"><tspan class="name">{text(title)}</tspan> '
        f'<tspan class="what">{text(what)}</tspan></text>'
    )


def bar_sentence(flows: DollarFlows, hop: str, titles: Mapping[str, str], year: int) -> str:
    """Say everything about a bar: what arrives, what stays and how sure that is."""
    when = flows.labels[year]
    if hop == USERS:
        added = number(flows.financing[year], "¢")
        return f"{when}: end users pay one dollar. Investors add {added} for equipment."
    place = flows.hops.index(hop)
    profit, outside = flows.profit[year, place], flows.outside[year, place]
    arrives = flows.arriving(year)[place]
    amount = number(abs(profit), "¢")
    kept = f"{amount} is profit" if profit >= 0.0 else f"investors pay in {amount}"
    sure = ""
    if flows.profit_interval is not None:
        low, median, high = flows.profit_interval[:, year, place]
        if low == low and high == high:  # a hop may have no fan of its own
            sure = f" (median {number(median, '¢')}, 5 to 95%: {interval(low, high, '¢')})"
    passed = arrives - profit - outside
    return (
        f"{titles[hop]}, {when}: {number(arrives, '¢')} arrive; {kept}{sure}; "
        f"{number(outside, '¢')} is spent outside the chain; {number(passed, '¢')} is paid on."
    )
