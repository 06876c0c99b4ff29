"""One dollar from end user to power plant: what each hop pays on, keeps and spends outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from sandwich_sim.analysis.dollar_flows import USERS, DollarFlows
from sandwich_sim.plots.flow_layout import Band, Bar, lay_out
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import interval, number, shorten
from sandwich_sim.plots.style import LIGHT, Theme, hop_colors, ink, is_narrow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

THICKNESS = 0.34
"""Of a bar, in rows."""


def plot_flow(
    flows: DollarFlows,
    ax: Axes,
    *,
    titles: Mapping[str, str],
    year: int = -1,
    theme: Theme = LIGHT,
) -> Axes:
    """Draw where one dollar of users' money goes.

    Bars are as long as the cents that arrive; bands are payments. Of each bar the pale part is
    paid on, the strong part is profit, the gray part is spent outside the chain, and what is
    hatched comes from investors.

    Parameters
    ----------
    flows : DollarFlows
        What `dollar_flows` returns.
    titles : mapping of str to str
        Of the hops (`quantities.hop_titles`).
    year : int
        Index of the yearly record.
    """
    panel = Panel(ax, theme)
    colors = hop_colors(flows.hops, theme) | {USERS: ink(theme, 1)}
    bars, bands = lay_out(flows, year)
    for band in sorted(bands, key=lambda band: -band.amount):
        ax.add_patch(_band_patch(band, colors[band.supplier]))
    narrow = is_narrow(ax)
    reach = max(bar.right for bar in bars)
    for bar in bars:
        _draw_bar(panel, bar, colors[bar.hop])
        _label(panel, flows, bar, titles, year % len(flows.labels), across=1.06 * reach, narrow=narrow)
    is_close = panel.fit_rows(len(flows.hops) + 1, 1.15) < 2.7 * panel.size
    ax.set_xlim(0.0, reach if narrow else (2.2 if is_close else 1.8) * reach)
    ax.set_ylim(len(flows.hops) + 0.5, -0.75)
    ax.set_xticks([])
    ax.set_yticks([])
    note = (
        "Pale: paid on. Strong: kept as profit. Gray: spent outside the chain. Hatched: paid in by investors."
    )
    panel.finish(f"One dollar, {flows.labels[year]}", f"{note} Means.")
    return ax


def _band_patch(band: Band, color: str) -> PathPatch:
    top, bottom = band.top + THICKNESS / 2, band.bottom - THICKNESS / 2
    middle = 0.5 * (top + bottom)
    (a, b), (c, d) = band.start, band.end
    points = [
        (a, top),
        (a, middle),
        (c, middle),
        (c, bottom),
        (d, bottom),
        (d, middle),
        (b, middle),
        (b, top),
    ]
    codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO, *[Path.CURVE4] * 3]
    return PathPatch(Path(points, codes), facecolor=color, alpha=0.22, linewidth=0)


def _draw_bar(panel: Panel, bar: Bar, color: str) -> None:
    theme = panel.theme
    looks: dict[str, dict[str, Any]] = {
        "paid": {"facecolor": color, "alpha": 0.45},
        "profit": {"facecolor": color},
        "outside": {"facecolor": ink(theme, 3)},
        "investors": {"facecolor": theme.background, "edgecolor": color, "hatch": "////"},
    }
    for segment in bar.segments:
        box = (segment.left, bar.row - THICKNESS / 2), segment.width, THICKNESS
        panel.ax.add_patch(
            Rectangle(*box, linewidth=0.8, zorder=2, **{"edgecolor": "none"} | looks[segment.kind])
        )


def _label(
    panel: Panel,
    flows: DollarFlows,
    bar: Bar,
    titles: Mapping[str, str],
    year: int,
    *,
    across: float,
    narrow: bool,
) -> None:
    """Name a bar above it on a phone; beside it elsewhere, in one line where rows are close."""
    pitch = panel.fit_rows(len(flows.hops) + 1, 1.15)
    in_one_line = narrow or pitch < 2.7 * panel.size
    title, what = bar_words(flows, bar.hop, titles, year, brief=in_one_line)
    size, row, title = panel.row_size, float(bar.row), shorten(title, 28 if in_one_line else 36)
    look: dict[str, Any] = {"fontsize": size, "color": panel.theme.text, "weight": "bold"}
    halo: dict[str, Any] = {"path_effects": panel.halo(0.3 * size)}
    if not in_one_line:
        above: dict[str, Any] = {"va": "bottom", "xytext": (0, 0.1 * size)}
        below: dict[str, Any] = {"va": "top", "xytext": (0, -0.1 * size)}
        panel.ax.annotate(title, (across, row), textcoords="offset points", **above, **look)
        look |= {"color": panel.theme.muted, "weight": "normal"}
        panel.ax.annotate(what, (across, row), textcoords="offset points", **below, **look)
        return
    place = (0.0, row - THICKNESS / 2 - 0.06) if narrow else (across, row)
    text = panel.ax.annotate(title, place, va="bottom" if narrow else "center", **look, **halo)
    look |= {"color": panel.theme.muted, "weight": "normal"}
    panel.ax.annotate(f"  {what}", (1.0, 0.0), xycoords=text, va="bottom", **look, **halo)


def bar_words(
    flows: DollarFlows, hop: str, titles: Mapping[str, str], year: int, *, brief: bool = False
) -> tuple[str, str]:
    """Name a bar and say what stays there; ``brief`` leaves out how sure that is."""
    if hop == USERS:
        return "End users", "pay 100¢"
    place = flows.hops.index(hop)
    profit, outside = flows.profit[year, place], flows.outside[year, place]
    kept = f"keep {number(profit, '¢')}" if profit >= 0.0 else f"lose {number(-profit, '¢')}"
    if flows.profit_interval is not None and not brief:
        low, _, high = flows.profit_interval[:, year, place]
        if low == low and high == high:  # a hop may have no fan of its own
            kept += f" ({interval(low, high, '¢')})"
    return titles[hop], f"{kept}, {number(outside, '¢')} outside"


def describe_flow(flows: DollarFlows, titles: Mapping[str, str], year: int = -1) -> str:
    """Say what `plot_flow` shows, for readers who cannot see it."""
    year = year % len(flows.labels)
    parts = [": ".join(bar_words(flows, hop, titles, year)) for hop in flows.hops]
    return (
        f"Flow chart of one dollar, {flows.labels[year]}, mean cents (5 to 95% of trajectories): "
        f"{'; '.join(parts)}. Besides, {investors_words(flows, year)}."
    )


def investors_words(flows: DollarFlows, year: int) -> str:
    """Say what investors add, or take out, for equipment in a year."""
    amount = float(flows.financing[year])
    verb, way = ("add", "for") if amount >= 0.0 else ("take out", "of")
    return f"investors {verb} {number(abs(amount), '¢')} {way} equipment"
