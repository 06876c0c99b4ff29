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

LINES = {"line": "open price", "cost": "cost"}


def plot_token_price(
    dataset: xr.Dataset, ax: Axes, *, theme: Theme = LIGHT, limits: tuple[float, float] | None = None
) -> Axes:
    """Draw the closed price of a token as a fan, with the open price and the cost of serving.

    The axis is logarithmic. All lines are medians where the run kept quantiles of all three, else
    all are means: a median beside a mean, which a few dear futures pull up, says nothing.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run.
    limits : tuple of float, optional
        Range of the prices, such as one for several runs (`token_price_limits`) [index].
    """
    panel = Panel(ax, theme)
    price, is_whole = _resolved(fan_of(dataset, "price"))
    lines = {name: fan_of(dataset, name) for name in LINES}
    are_means = _are_means(dataset)
    draw_fan(panel, price, hop_colors(["lab"], theme)["lab"], is_mean=are_means)
    end = price.mean[-1] if are_means else _last(price)
    panel.label_end(float(end), "closed price", hop_colors(["lab"], theme)["lab"], bold=True)
    for level, (name, fan) in enumerate(lines.items()):
        color = ink(theme, level)
        heights = fan.mean if are_means else fan.middle
        ax.plot(fan.years, heights, color=color, linewidth=0.14 * panel.size, linestyle=(0, (4, 2 - level)))
        panel.label_end(heights[-1], LINES[name], color)
    panel.years(price.years)
    panel.log_values(*(limits or token_price_limits(dataset)))
    remark = f" Lines: {'means' if are_means else 'medians'}"
    if price.quantiles is not None:
        remark += "; bands: middle 50% and 90% of the closed price"
    if not is_whole:
        remark += ", up to where the run's histogram is too coarse"
    panel.finish("The price of a token", f"Open break-even at the start = 1, log scale.{remark}.")
    return ax


def token_price_limits(dataset: xr.Dataset) -> tuple[float, float]:
    """Return the range that holds all that `plot_token_price` draws of a run [index]."""
    price, _ = _resolved(fan_of(dataset, "price"))
    bands = [] if price.quantiles is None else [price.quantiles.ravel()]
    fans = (price, *(fan_of(dataset, name) for name in LINES))
    shown = np.concatenate([*bands, *(fan.mean if _are_means(dataset) else fan.middle for fan in fans)])
    shown = shown[np.isfinite(shown) & (shown > 0.0)]
    return float(shown.min()), float(shown.max())


def _are_means(dataset: xr.Dataset) -> bool:
    """Whether all lines are drawn as means: the run lacks quantiles of one of them."""
    return any(fan_of(dataset, name).quantiles is None for name in ("price", *LINES))


def _resolved(fan: Fan) -> tuple[Fan, bool]:
    """Leave out quantiles that the run's histogram cannot tell apart; also whether none was."""
    if fan.quantiles is None:
        return fan, True
    return replace(fan, quantiles=np.where(fan.is_resolved, fan.quantiles, np.nan)), bool(
        fan.is_resolved.all()
    )


def _last(fan: Fan) -> float:
    """Where a line ends; the mean's end where its own is left out."""
    return float(fan.middle[-1] if np.isfinite(fan.middle[-1]) else fan.mean[-1])


def describe_token_price(dataset: xr.Dataset) -> str:
    """Say what `plot_token_price` shows, for readers who cannot see it."""
    are_means = _are_means(dataset)
    parts = []
    for name, words in {"price": "closed price", **LINES}.items():
        fan = fan_of(dataset, name)
        heights = fan.mean if are_means else fan.middle
        parts.append(f"{words} {number(heights[0])} to {number(heights[-1])}")
    what = "means" if are_means else "medians"
    when = f"{record_label(dataset, 0)} to {record_label(dataset, -1)}"
    return (
        f"Price of a token (open break-even at the start = 1), log scale, {what}, {when}: {', '.join(parts)}."
    )
