"""The dollar's flow for the page: one drawing a year and width, each bar telling its numbers."""

from __future__ import annotations

from collections.abc import Mapping

from sandwich_sim.analysis.dollar_flows import USERS, DollarFlows
from sandwich_sim.plots.flow import THICKNESS, investors_words
from sandwich_sim.plots.flow_layout import Band, Bar, Segment, lay_out
from sandwich_sim.plots.quantities import interval, number, shorten
from sandwich_sim.plots.style import LIGHT, hop_colors, ink
from sandwich_sim.report.cents_svg import cents_drawing
from sandwich_sim.report.html import Html, element, join, text
from sandwich_sim.report.scales import Scales
from sandwich_sim.report.svg import variable

WIDE, NARROW = 680.0, 340.0
"""Widths of the two drawings: names beside the bars, or above them [px]."""
_LETTERS = 44
"""What fits in a line of the narrow drawing."""
_ROW = {WIDE: 46.0, NARROW: 66.0}
_CENTS = {WIDE: 380.0, NARROW: 318.0}
_TOP = {WIDE: 18.0, NARROW: 42.0}


def flow_drawings(flows: DollarFlows, titles: Mapping[str, str], run: int, scales: Scales) -> Html:
    """Draw every year, wide and narrow; the page shows one of them.

    Parameters
    ----------
    flows : DollarFlows
    titles : mapping of str to str
        Of the hops.
    run : int
        Number of the run on the page, for identifiers.
    scales : Scales
        Of all runs of the page.
    """
    last = len(flows.labels) - 1
    return join(
        element(
            "div",
            element(
                "div",
                element(
                    "div",
                    [_drawing(flows, titles, year, width, run, scales.reach) for width in (WIDE, NARROW)],
                ),
                cents_drawing(flows, titles, year, scales.cents),
                class_="flow-and-bars",
            ),
            element("p", _capital_words(flows, year), class_="note"),
            class_="flow-year",
            data_year=year,
            hidden=year != last,
        )
        for year in range(last + 1)
    )


def _drawing(
    flows: DollarFlows, titles: Mapping[str, str], year: int, width: float, run: int, reach: float
) -> Html:
    bars, bands = lay_out(flows, year)
    colors = {hop: variable(color) for hop, color in hop_colors(flows.hops, LIGHT).items()}
    colors[USERS] = variable(ink(LIGHT, 1))
    scale = _CENTS[width] / reach
    height = _TOP[width] + (len(flows.hops) + 1.6) * _ROW[width]
    size = "wide" if width == WIDE else "narrow"
    hatch = f"hatch-{run}-{year}-{size}"
    body = [
        _hatch(hatch),
        *(
            _band(band, colors[band.supplier], scale, width)
            for band in sorted(bands, key=lambda b: -b.amount)
        ),
        *(_bar(bar, flows, titles, year, colors[bar.hop], scale, width, hatch) for bar in bars),
        _investors(flows, year, scale, width, hatch),
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
    title, what = _bar_words(flows, bar.hop, titles, year)
    names = (_names_above if narrow else _names_beside)(bar.row, title, what, width)
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
        "withdrawn": f'fill="none" stroke="{color}" stroke-width="1"',
        "paid": f'fill="{color}" fill-opacity="0.45"',
        "profit": f'fill="{color}"',
        "outside": f'fill="{variable(ink(LIGHT, 3))}"',
    }[segment.kind]
    return Html(f"<rect {box} {look}/>")


def _names_beside(row: int, title: str, what: str, width: float) -> Html:
    x, y = _CENTS[width] + 18.0, _row(row, width)
    return Html(
        f'<text x="{x:.0f}" y="{y - 2:.1f}" class="name">{text(shorten(title, 36))}</text>'
        f'<text x="{x:.0f}" y="{y + 13:.1f}" class="what">{text(what)}</text>'
    )


def _names_above(row: int, title: str, what: str, width: float) -> Html:
    y = _row(row, width) - THICKNESS / 2 * _ROW[width] - 5.0
    return Html(
        f'<text x="0" y="{y - 15:.1f}" class="name">{text(shorten(title, _LETTERS))}</text>'
        f'<text x="0" y="{y:.1f}" class="what">{text(what)}</text>'
    )


def _bar_words(flows: DollarFlows, hop: str, titles: Mapping[str, str], year: int) -> tuple[str, str]:
    """Name a bar and say what stays there; these are means, and say so, as medians stand beside."""
    if hop == USERS:
        return "End users", "pay 100¢"
    place = flows.hops.index(hop)
    profit, outside = flows.profit[year, place], flows.outside[year, place]
    kept = f"keep {number(profit, '¢')}" if profit >= 0.0 else f"lose {number(-profit, '¢')}"
    return titles[hop], f"mean: {kept}, spend {number(outside, '¢')} outside"


def _investors(flows: DollarFlows, year: int, scale: float, width: float, hatch: str) -> Html:
    """The capital account, in the same cents as the flow: on top of the dollar, not part of it."""
    amount, row = float(flows.financing[year]), len(flows.hops) + 1
    if amount != amount:
        return Html("")
    color = variable(ink(LIGHT, 1))
    piece = Segment("investors" if amount >= 0.0 else "withdrawn", 0.0, abs(amount))
    bar = Bar("investors", row, 0.0, abs(amount), (piece,))
    verb = "add" if amount >= 0.0 else "take out"
    what = f"{verb} {number(abs(amount), '¢')} per dollar users pay"
    names = (_names_above if width == NARROW else _names_beside)(row, "Besides: investors", what, width)
    words = text(_capital_words(flows, year))
    drawn = _piece(piece, bar, color, scale, width, hatch)
    return Html(f'<g class="bar" tabindex="0" role="img" aria-label="{words}">{drawn}{names}</g>')


def _capital_words(flows: DollarFlows, year: int) -> str:
    """Say the capital account of a year."""
    amount = float(flows.financing[year])
    when = f"Capital account, {flows.labels[year]}: beside each dollar of users' money, investors"
    if amount < 0.0:
        return (
            f"{when} take out {number(-amount, '¢')}: less equipment is bought than wears out, for which "
            "the dollar pays."
        )
    return (
        f"{when} add {number(amount, '¢')} for equipment that serves later years. It reaches the suppliers "
        "as revenue but is no part of the dollar, which pays for equipment as it wears out."
    )


def bar_sentence(flows: DollarFlows, hop: str, titles: Mapping[str, str], year: int) -> str:
    """Say everything about a bar: what arrives, what stays and how sure that is."""
    when = flows.labels[year]
    if hop == USERS:
        investors = investors_words(flows, year)
        return f"{when}: end users pay one dollar. {investors[0].upper()}{investors[1:]}."
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
