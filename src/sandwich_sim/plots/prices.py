"""What a token costs, what it is sold for, and the lead that decides between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.plots.fans import draw_fan
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import fan_of, number, record_label
from sandwich_sim.plots.style import LIGHT, Theme, hop_colors, ink

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

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
    price = fan_of(dataset, "price")
    lines = {name: fan_of(dataset, name) for name in LINES}
    draw_fan(panel, price, hop_colors(["lab"], theme)["lab"])
    panel.label_end(price.middle[-1], "closed price", hop_colors(["lab"], theme)["lab"], bold=True)
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
    remark = f"; {means}: means" if means else ""
    panel.finish(
        "The price of a token",
        f"Open hosts' break-even at the start = 1, log scale. Closed price, {record_label(dataset, -1)}: "
        f"{number(price.middle[-1])}{remark}.",
    )
    return ax


def describe_token_price(dataset: xr.Dataset) -> str:
    """Say what `plot_token_price` shows, for readers who cannot see it."""
    parts = [
        f"{words} {number(fan.middle[0])} to {number(fan.middle[-1])}"
        for words, fan in (
            ("closed price", fan_of(dataset, "price")),
            *((LINES[name], fan_of(dataset, name)) for name in LINES),
        )
    ]
    when = f"{record_label(dataset, 0)} to {record_label(dataset, -1)}"
    return f"Price of a token (open break-even at the start = 1), log scale, {when}: {', '.join(parts)}."
