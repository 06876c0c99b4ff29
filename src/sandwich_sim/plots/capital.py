"""The capital account: what is built, what is written off, and what users pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.plots.fans import draw_fan, fan_range
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import Fan, Floats, Scale, fan_of, number, record_label
from sandwich_sim.plots.style import LIGHT, Theme, ink, mark

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

SERIES = {"capex": "built", "depreciation": "written off", "spend": "users pay", "financing": "investors add"}
_CENTS = Scale(100.0, "¢", "")


def plot_capital(
    dataset: xr.Dataset, ax: Axes, *, theme: Theme = LIGHT, limits: tuple[float, float] | None = None
) -> Axes:
    """Draw capital spending against depreciation and what users pay.

    All lines are means, which add up: what investors add is what is built less what is written
    off. Around capital spending lie the bands of its quantiles.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run.
    limits : tuple of float, optional
        Range of the money, such as one for several runs (`capital_limits`) [bn USD/yr].
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
    panel.years(fans["capex"].years)
    panel.values(*(limits or capital_limits(dataset)), fans["capex"].scale)
    bands = "" if fans["capex"].quantiles is None else "; bands: middle 50% and 90% of what is built"
    panel.finish("What is built, and who pays for it", f"bn USD a year. Lines: means{bands}.")
    return ax


def capital_limits(dataset: xr.Dataset) -> tuple[float, float]:
    """Return the range that holds all that `plot_capital` draws of a run [bn USD/yr]."""
    fans = capital_series(dataset)
    lines = (Fan(fan.years, None, fan.mean, fan.error, fan.scale) for fan in fans.values())
    return fan_range([fans["capex"], *lines])


def capital_series(dataset: xr.Dataset) -> dict[str, Fan]:
    """Return capital spending, depreciation, final spending and financing [bn USD/yr]."""
    return {name: fan_of(dataset, name) for name in SERIES}


def plot_capital_per_dollar(
    dataset: xr.Dataset, ax: Axes, *, theme: Theme = LIGHT, limits: tuple[float, float] | None = None
) -> Axes:
    """Draw what is built and what is written off for each dollar that users pay, and the gap.

    Ratios of means. What users pay covers what is written off; where more is built than that,
    investors add the difference, and where less is built, they take it out.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run.
    limits : tuple of float, optional
        Range of the cents, such as one for several runs (`capital_per_dollar_limits`) [cent].
    """
    panel = Panel(ax, theme)
    cents, years = capital_per_dollar(dataset), fan_of(dataset, "capex").years
    built, written_off = cents["capex"], cents["depreciation"]
    for is_side, color, alpha in (
        (built >= written_off, mark(theme), 0.22),
        (built <= written_off, ink(theme, 2), 0.35),
    ):
        ax.fill_between(
            years, built, written_off, where=is_side, interpolate=True, color=color, alpha=alpha, linewidth=0
        )  # fmt: skip
    ax.plot(years, written_off, color=ink(theme, 1), linewidth=0.15 * panel.size, linestyle=(0, (4, 2)))
    ax.plot(years, built, color=mark(theme), linewidth=0.2 * panel.size)
    panel.label_end(written_off[-1], SERIES["depreciation"], ink(theme, 1))
    panel.label_end(built[-1], SERIES["capex"], mark(theme), bold=True)
    panel.years(years)
    panel.values(*(limits or capital_per_dollar_limits(dataset)), _CENTS)
    added = cents["financing"][-1]
    verb = "add" if added >= 0.0 else "take out"
    back = " Gray: what they take out." if (built < written_off).any() else ""
    panel.finish(
        "For each dollar that users pay",
        f"Cents, ratios of means. Between the lines: what investors add.{back} "
        f"{record_label(dataset, -1)}: they {verb} {number(abs(added), '¢')}.",
    )
    return ax


def capital_per_dollar(dataset: xr.Dataset) -> dict[str, Floats]:
    """Return each flow of the capital account over what users pay, means, shape (n_record,) [cent]."""
    fans = capital_series(dataset)
    spend = np.where(fans["spend"].mean > 0.0, fans["spend"].mean, np.nan)
    return {name: 100.0 * fan.mean / spend for name, fan in fans.items() if name != "spend"}


def capital_per_dollar_limits(dataset: xr.Dataset) -> tuple[float, float]:
    """Return the range that holds all that `plot_capital_per_dollar` draws of a run, and zero [cent]."""
    cents = capital_per_dollar(dataset)
    shown = np.concatenate([cents["capex"], cents["depreciation"], [0.0]])
    return float(np.nanmin(shown)), float(np.nanmax(shown))


def describe_capital(dataset: xr.Dataset) -> str:
    """Say what `plot_capital` shows, for readers who cannot see it."""
    means = {name: fan.mean for name, fan in capital_series(dataset).items()}
    return f"Line chart, bn USD a year, means, {_ends(dataset, means)}."


def describe_capital_per_dollar(dataset: xr.Dataset) -> str:
    """Say what `plot_capital_per_dollar` shows, for readers who cannot see it."""
    words = _ends(dataset, capital_per_dollar(dataset), "¢")
    return f"Line chart, cents for each dollar that users pay, ratios of means, {words}."


def _ends(dataset: xr.Dataset, series: dict[str, Floats], suffix: str = "") -> str:
    parts = [
        f"{SERIES[name]} {number(values[0], suffix)} to {number(values[-1], suffix)}"
        for name, values in series.items()
    ]
    return f"{record_label(dataset, 0)} to {record_label(dataset, -1)}: {', '.join(parts)}"
