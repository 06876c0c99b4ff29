"""What a token costs, what it is sold for, and the lead that decides between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.plots.fans import draw_fan
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import Fan, fan_of, number, record_label
from sandwich_sim.plots.style import LIGHT, Theme, hop_colors, ink

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_COARSE = 0.25
"""A quantile with a larger standard error than that part of itself is not drawn."""
LINES = {"line": "open price", "cost": "cost"}


def plot_token_price(dataset: xr.Dataset, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw the closed price of a token as a fan, with the open price and the cost of serving.

    The axis is logarithmic. The two lines are medians where the run kept quantiles of them,
    else means, which a few dear futures pull up.

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.
    """
    panel = Panel(ax, theme)
    price, is_whole = _resolved(fan_of(dataset, "price"))
    lines = {name: fan_of(dataset, name) for name in LINES}
    draw_fan(panel, price, hop_colors(["lab"], theme)["lab"])
    panel.label_end(_last(price), "closed price", hop_colors(["lab"], theme)["lab"], bold=True)
    for level, (name, fan) in enumerate(lines.items()):
        color = ink(theme, level)
        ax.plot(
            fan.years, fan.middle, color=color, linewidth=0.14 * panel.size, linestyle=(0, (4, 2 - level))
        )
        panel.label_end(fan.middle[-1], LINES[name], color)
    shown = np.concatenate(
        [f.middle if f.quantiles is None else f.quantiles.ravel() for f in (price, *lines.values())]
    )
    shown = shown[np.isfinite(shown) & (shown > 0.0)]
    panel.years(price.years)
    panel.log_values(float(shown.min()), float(shown.max()))
    means = " and ".join(LINES[name] for name, fan in lines.items() if fan.quantiles is None)
    remark = f" {means[0].upper()}{means[1:]}: means." if means else ""
    if not is_whole:
        remark += " Bands end where the run's histogram is too coarse."
    panel.finish("The price of a token", f"Open hosts' break-even at the start = 1, log scale.{remark}")
    return ax


def _resolved(fan: Fan) -> tuple[Fan, bool]:
    """Leave out quantiles that the run's histogram cannot tell apart; also whether none was."""
    if fan.quantiles is None or fan.quantile_error is None:
        return fan, True
    is_sure = fan.quantile_error <= _COARSE * np.abs(fan.quantiles)
    return replace(fan, quantiles=np.where(is_sure, fan.quantiles, np.nan)), bool(is_sure.all())


def _last(fan: Fan) -> float:
    """Where a line ends; the mean's end where its own is left out."""
    return float(fan.middle[-1] if np.isfinite(fan.middle[-1]) else fan.mean[-1])


def describe_token_price(dataset: xr.Dataset) -> str:
    """Say what `plot_token_price` shows, for readers who cannot see it."""
    parts = [
        f"{words} {number(fan.mean[0])} to {number(fan.mean[-1])}"
        for words, fan in (
            ("closed price", fan_of(dataset, "price")),
            *((LINES[name], fan_of(dataset, name)) for name in LINES),
        )
    ]
    when = f"{record_label(dataset, 0)} to {record_label(dataset, -1)}"
    return (
        f"Price of a token (open break-even at the start = 1), log scale, means, {when}: {', '.join(parts)}."
    )
