"""Gross is not profit: the labs' inference margin, what training takes from it, and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.plots.fans import draw_fan, fan_range, line_of
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import Fan, decimal_years, fan_of, number, record_label, scale_of
from sandwich_sim.plots.style import LIGHT, Theme, hop_colors, ink

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

PARTS = {
    "margin_engineering": "engineering",
    "margin_return": "normal return",
    "margin_slack": "slack",
    "margin_umbrella": "umbrella",
}
"""Terms of the serving margin, which add up exactly; docs/model.md, section 4."""


def plot_lab_margins(
    dataset: xr.Dataset,
    ax: Axes,
    *,
    theme: Theme = LIGHT,
    lab: str = "lab",
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draw the labs' inference margin and all-in margin as fans, their operating margin as a line.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run.
    lab : str
        The hop with that role.
    limits : tuple of float, optional
        Range of the margins, such as one for several runs (`lab_margin_limits`) [%].
    """
    panel = Panel(ax, theme)
    fans = lab_margins(dataset, lab)
    colors = (ink(theme, 1), hop_colors([lab], theme)[lab], theme.text)
    serving, all_in, operating = fans.values()
    for fan, color in ((serving, colors[0]), (all_in, colors[1])):
        draw_fan(panel, fan, color)
    ax.plot(
        operating.years, operating.middle, color=colors[2], linewidth=0.13 * panel.size, linestyle=(0, (4, 2))
    )
    for name, fan, color in zip(fans, fans.values(), colors, strict=True):
        panel.label_end(fan.middle[-1], name, color, bold=True)
    panel.years(serving.years)
    panel.values(*(limits or lab_margin_limits(dataset, lab)), serving.scale)
    panel.finish(
        "Gross is not profit",
        "The labs' margin on serving, after training, and after staff and sales too: medians"
        + (", bands 5 to 95%." if all_in.quantiles is not None else "."),
    )
    return ax


def lab_margins(dataset: xr.Dataset, lab: str = "lab") -> dict[str, Fan]:
    """Return the three margins of the labs, from gross to net [%]."""
    return {
        "serving": fan_of(dataset, "inference_margin"),
        "all-in": fan_of(dataset, "all_in_margin"),
        "operating": fan_of(dataset, f"margin.{lab}"),
    }


def lab_margin_limits(dataset: xr.Dataset, lab: str = "lab") -> tuple[float, float]:
    """Return the range that holds all that `plot_lab_margins` draws of a run [%]."""
    serving, all_in, operating = lab_margins(dataset, lab).values()
    return fan_range([serving, all_in, line_of(operating)])


def plot_margin_split(
    dataset: xr.Dataset, ax: Axes, *, theme: Theme = LIGHT, limits: tuple[float, float] | None = None
) -> Axes:
    """Draw the exact split of the serving margin: means of the logarithms, which add up.

    What is above zero is stacked upwards, what is below it downwards; the line is their sum.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run.
    limits : tuple of float, optional
        Range of the logarithm, such as one for several runs (`margin_split_limits`) [1].
    """
    panel = Panel(ax, theme)
    years = decimal_years(dataset)
    parts = margin_parts(dataset)
    up, down = np.zeros_like(years), np.zeros_like(years)
    for level, (name, values) in enumerate(parts.items()):
        color = ink(theme, level)
        above, below = np.maximum(values, 0.0), np.minimum(values, 0.0)
        ax.fill_between(years, up, up + above, color=color, linewidth=0.4, alpha=0.9)
        ax.fill_between(years, down, down + below, color=color, linewidth=0.4, alpha=0.9)
        up, down = up + above, down + below
        middle = (up - 0.5 * above)[-1] if values[-1] >= 0.0 else (down - 0.5 * below)[-1]
        panel.label_end(middle, f"{PARTS[name]} {number(values[-1])}", ink(theme, level))
    total = np.sum(list(parts.values()), axis=0)
    ax.plot(
        years,
        total,
        color=theme.text,
        linewidth=0.2 * panel.size,
        path_effects=panel.halo(0.4 * panel.size),
    )
    panel.years(years)
    panel.values(*(limits or margin_split_limits(dataset)), scale_of("margin_slack"))
    panel.finish(
        "Why a token earns more than it costs",
        f"ln(price / cost) of the labs, means; line: the sum, {number(total[-1])} in "
        f"{record_label(dataset, -1)}.",
    )
    return ax


def margin_split_limits(dataset: xr.Dataset) -> tuple[float, float]:
    """Return the range that holds all that `plot_margin_split` draws of a run [1]."""
    parts = np.stack(list(margin_parts(dataset).values()))
    up, down = np.maximum(parts, 0.0).sum(axis=0), np.minimum(parts, 0.0).sum(axis=0)
    return min(0.0, float(down.min())), float(up.max())


def margin_parts(dataset: xr.Dataset) -> dict[str, NDArray[np.float64]]:
    """Return the means of the four terms over time, shape (n_record,) each [1]."""
    return {name: fan_of(dataset, name).mean for name in PARTS}


def describe_lab_margins(dataset: xr.Dataset, lab: str = "lab") -> str:
    """Say what `plot_lab_margins` shows, for readers who cannot see it."""
    parts = [
        f"{name} margin {number(fan.middle[0], '%')} to {number(fan.middle[-1], '%')}"
        for name, fan in lab_margins(dataset, lab).items()
    ]
    when = f"{record_label(dataset, 0)} to {record_label(dataset, -1)}"
    return f"Fans of the labs' margins, medians {when}: {', '.join(parts)}."


def describe_margin_split(dataset: xr.Dataset) -> str:
    """Say what `plot_margin_split` shows, for readers who cannot see it."""
    parts = [
        f"{PARTS[name]} {number(values[0])} to {number(values[-1])}"
        for name, values in margin_parts(dataset).items()
    ]
    when = f"{record_label(dataset, 0)} to {record_label(dataset, -1)}"
    return f"Stacked areas: ln(price / cost) of the labs by part, means, {when}: {', '.join(parts)}."
