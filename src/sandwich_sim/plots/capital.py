"""The capital account: what is built, what is written off, and what users pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandwich_sim.plots.fans import draw_fan, fan_range
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import Fan, fan_of, number, record_label
from sandwich_sim.plots.style import LIGHT, Theme, ink, mark

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

SERIES = {"capex": "built", "depreciation": "written off", "spend": "users pay", "financing": "investors add"}


def plot_capital(dataset: xr.Dataset, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw capital spending against depreciation and what users pay.

    All lines are means, which add up: what investors add is what is built less what is written
    off. Around capital spending lie the bands of its quantiles.
    """
    panel = Panel(ax, theme)
    fans = capital_series(dataset)
    draw_fan(panel, fans["capex"], mark(theme), is_mean=True)
    looks = {"depreciation": (1, (0, (4, 2))), "spend": (0, "-"), "financing": (2, (0, (1, 1.2)))}
    for name, (level, dashes) in looks.items():
        fan, color = fans[name], ink(theme, level)
        ax.plot(fan.years, fan.mean, color=color, linewidth=0.15 * panel.size, linestyle=dashes)
        panel.label_end(fan.mean[-1], SERIES[name], color)
    panel.label_end(fans["capex"].mean[-1], SERIES["capex"], mark(theme), bold=True)
    shown = [fans["capex"], *(Fan(f.years, None, f.mean, f.error, f.scale) for f in fans.values())]
    panel.years(fans["capex"].years)
    panel.values(*fan_range(shown), fans["capex"].scale)
    bands = "" if fans["capex"].quantiles is None else "; bands: middle 50% and 90% of what is built"
    panel.finish("What is built, and who pays for it", f"bn USD a year. Lines: means{bands}.")
    return ax


def capital_series(dataset: xr.Dataset) -> dict[str, Fan]:
    """Return capital spending, depreciation, final spending and financing [bn USD/yr]."""
    return {name: fan_of(dataset, name) for name in SERIES}


def describe_capital(dataset: xr.Dataset) -> str:
    """Say what `plot_capital` shows, for readers who cannot see it."""
    parts = [
        f"{SERIES[name]} {number(fan.mean[0])} to {number(fan.mean[-1])}"
        for name, fan in capital_series(dataset).items()
    ]
    when = f"{record_label(dataset, 0)} to {record_label(dataset, -1)}"
    return f"Line chart, bn USD a year, means, {when}: {', '.join(parts)}."
