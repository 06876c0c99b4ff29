"""A series over time: its median, and how far the trajectories spread around it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import Fan, fan_of, hop_titles, interval, number, record_label
from sandwich_sim.plots.style import LIGHT, Theme, hop_colors, ink
from sandwich_sim.variables import VARIABLES

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

HOP_FANS = {
    "margin": "Operating margin",
    "profit": "Operating profit",
    "dollar_profit": "Cents kept of one dollar",
}
"""Series that every hop has a fan of, with the heading of the whole set."""
_LONGEST = "\N{MINUS SIGN}8.8% (\N{MINUS SIGN}8.8 to \N{MINUS SIGN}8.8%)"
KEY = "Line: median; bands: middle 50% and 90%."


def plot_fan(
    dataset: xr.Dataset,
    ax: Axes,
    name: str,
    *,
    theme: Theme = LIGHT,
    limits: tuple[float, float] | None = None,
    title: str = "",
    has_key: bool = True,
) -> Axes:
    """Draw a fan: the median as a line, 25 to 75% and 5 to 95% of the trajectories as bands.

    Where the run kept no quantiles of the series, its mean is drawn and said to be one.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run.
    name : str
        ``margin.chips``, ``all_in_margin``, ...
    limits : tuple of float, optional
        Range of the value axis in the written unit, such as one for all hops (`fan_limits`).
    title : str
        Heading; hop and series if empty.
    has_key : bool
        Whether the heading says what line and bands are; not needed where it stands above many.
    """
    fan = fan_of(dataset, name)
    panel = Panel(ax, theme)
    base, _, hop = name.partition(".")
    color = hop_colors(hop_titles(dataset), theme)[hop] if hop else ink(theme, 1)
    draw_fan(panel, fan, color)
    panel.years(fan.years)
    low, high = limits or fan_range([fan])
    panel.values(low, high, fan.scale, n=4 if panel.height > 16.0 else 3)
    key = f" {KEY}" if has_key and fan.quantiles is not None else ""
    note = f"{fan_note(dataset, fan, has_unit=has_key)}.{key}"
    # A note as long as any hop's, so that the panels of one scale are equally tall.
    longest = f"{record_label(dataset, -1)}: {_LONGEST}{f' {fan.scale.unit}' if has_key else ''}.{key}"
    titles = hop_titles(dataset).items()
    peers = [(each if title else fan_title(dataset, f"{base}.{other}"), longest) for other, each in titles]
    panel.finish(title or fan_title(dataset, name), note, peers=peers if hop else ())
    return ax


def draw_fan(panel: Panel, fan: Fan, color: str, *, is_mean: bool = False) -> None:
    """Draw bands and median of a fan on a panel; or its mean, beside other lines that are means."""
    if fan.quantiles is not None:
        p5, p25, _, p75, p95 = fan.quantiles
        panel.ax.fill_between(fan.years, p5, p95, color=color, alpha=0.18, linewidth=0)
        panel.ax.fill_between(fan.years, p25, p75, color=color, alpha=0.28, linewidth=0)
    panel.ax.plot(
        fan.years, fan.mean if is_mean else fan.middle, color=color, linewidth=0.2 * panel.size,
        linestyle="-" if fan.quantiles is not None else "--", solid_capstyle="round",
    )  # fmt: skip


def line_of(fan: Fan) -> Fan:
    """Return the line of a fan alone, for `fan_range`: its median, or its mean."""
    return replace(fan, quantiles=None, mean=fan.middle)


def fan_range(fans: list[Fan]) -> tuple[float, float]:
    """Return the range that holds all of some fans, and zero."""
    shown = np.concatenate([(fan.mean if fan.quantiles is None else fan.quantiles).ravel() for fan in fans])
    shown = shown[np.isfinite(shown)]
    if not shown.size:
        return 0.0, 1.0
    return min(0.0, float(shown.min())), max(0.0, float(shown.max()))


def fan_limits(dataset: xr.Dataset, name: str) -> tuple[float, float] | None:
    """Return one range for all hops of a share or margin; None for money, where each has its own."""
    if name == "profit":
        return None
    return fan_range([fan_of(dataset, f"{name}.{hop}") for hop in hop_titles(dataset)])


def fan_title(dataset: xr.Dataset, name: str) -> str:
    """Return the heading of a fan: the hop and what the series is."""
    base, _, hop = name.partition(".")
    if not hop:
        return VARIABLES[base].long_name
    what = HOP_FANS.get(base, VARIABLES[base].long_name)
    return f"{hop_titles(dataset)[hop]}: {what[:1].lower()}{what[1:]}"


def fan_note(dataset: xr.Dataset, fan: Fan, *, has_unit: bool = True) -> str:
    """Say where a fan ends: median and interval, or the mean; without the unit where a heading has it."""
    when, suffix = record_label(dataset, -1), fan.scale.suffix
    unit = f" {fan.scale.unit}" if fan.scale.unit and has_unit else ""
    if fan.quantiles is None:
        return f"{when}: mean {number(fan.mean[-1], suffix)}{unit} (no quantiles kept)"
    low, median, high = fan.quantiles[[0, 2, 4], -1]
    return f"{when}: {number(median, suffix)} ({interval(low, high, suffix)}){unit}"


def describe_fan(dataset: xr.Dataset, name: str) -> str:
    """Say what `plot_fan` shows, for readers who cannot see it."""
    fan = fan_of(dataset, name)
    what = VARIABLES[name.partition(".")[0]].long_name
    hop = name.partition(".")[2]
    whose = f" of {hop_titles(dataset)[hop]}" if hop else ""
    unit = f" [{fan.scale.unit}]" if fan.scale.unit else ""
    if fan.quantiles is None:
        ends = " to ".join(number(fan.mean[i], fan.scale.suffix) for i in (0, -1))
        return f"Line chart: {what}{whose}{unit}, mean, from {ends}; the run kept no quantiles of it."
    parts = []
    for record in (0, -1):
        low, median, high = fan.quantiles[[0, 2, 4], record]
        suffix = fan.scale.suffix
        when = record_label(dataset, record)
        parts.append(f"{when} {number(median, suffix)} ({interval(low, high, suffix)})")
    return f"Fan chart: {what}{whose}{unit}, median (5 to 95%): {', '.join(parts)}."
