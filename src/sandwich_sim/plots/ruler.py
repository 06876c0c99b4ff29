"""The ruler: scarcity, monopoly and pricing power of a hop, and their product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import (
    MINUS,
    decimal_years,
    fan_of,
    hop_titles,
    number,
    record_label,
    scale_of,
)
from sandwich_sim.plots.style import LIGHT, Theme, hop_colors, ink

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

FACTORS = {"scarcity": "scarcity", "monopoly": "monopoly", "pricing_power": "pricing"}
_DASHES = {"scarcity": (0, (4, 2)), "monopoly": (0, (1, 1.2)), "pricing_power": (0, (5, 1.5, 1, 1.5))}


KEY_OF_DASHES = (
    "Area: product of the means of scarcity (dashed), monopoly (dotted) and pricing power (dash-dotted); "
    "times a cap: the premium."
)
MOST_WITH_NAMES = 8
"""Hops whose panels on a slide are wide enough for the names of their lines."""
KEY = "Means, 0 to 1; their product times a cap is the premium"


def plot_ruler(
    dataset: xr.Dataset,
    ax: Axes,
    hop: str,
    *,
    theme: Theme = LIGHT,
    title: str = "",
    has_key: bool = True,
    has_names: bool = True,
) -> Axes:
    """Draw the three factors of a hop's premium and their product over time: means.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run.
    hop : str
    title : str
        Heading; hop and ``ruler`` if empty.
    has_key : bool
        Whether the heading says what is drawn; not needed where it stands above many.
    has_names : bool
        Whether each line is named at its end; else `KEY_OF_DASHES` has to stand somewhere.
    """
    factors, product = ruler_of(dataset, hop)
    panel = Panel(ax, theme)
    years = decimal_years(dataset)
    color = hop_colors(hop_titles(dataset), theme)[hop]
    for name, values in factors.items():
        ax.plot(years, values, color=ink(theme, 1), linewidth=0.14 * panel.size, linestyle=_DASHES[name])
        if has_names:
            panel.label_end(values[-1], FACTORS[name], ink(theme, 1))
    ax.fill_between(years, 0.0, product, color=color, alpha=0.25, linewidth=0)
    ax.plot(years, product, color=color, linewidth=0.22 * panel.size)
    if has_names:
        panel.label_end(product[-1], "product", color, bold=True)
    panel.years(years)
    panel.values(0.0, 1.0, scale_of("scarcity"), n=3)
    premium = fan_of(dataset, f"premium.{hop}").mean[-1]
    note = _note(dataset, number(product[-1]), number(premium, "%"))
    key = f" {KEY}." if has_key else ""
    longest = f"{_note(dataset, '0.888', f'{MINUS}8.8%')}{key}"
    tail = "" if title else ": the ruler"
    peers = [(f"{each}{tail}", longest) for each in hop_titles(dataset).values()]
    panel.finish(title or f"{hop_titles(dataset)[hop]}{tail}", f"{note}{key}", peers=peers)
    return ax


def _note(dataset: xr.Dataset, product: str, premium: str) -> str:
    """Say where the ruler ends; a word and its number stay in one line."""
    words = f"{record_label(dataset, -1)}: product~{product}, premium~{premium}."
    return words.replace("~", "\N{NO-BREAK SPACE}")


def ruler_of(dataset: xr.Dataset, hop: str) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Return the means of the three factors and the product of these means, (n_record,) each [1]."""
    factors = {name: fan_of(dataset, f"{name}.{hop}").mean for name in FACTORS}
    return factors, np.prod(list(factors.values()), axis=0)


def describe_ruler(dataset: xr.Dataset, hop: str) -> str:
    """Say what `plot_ruler` shows, for readers who cannot see it."""
    factors, product = ruler_of(dataset, hop)
    parts = [
        f"{name.replace('_', ' ')} {number(values[0])} to {number(values[-1])}"
        for name, values in (factors | {"product": product}).items()
    ]
    when = f"{record_label(dataset, 0)} to {record_label(dataset, -1)}"
    return f"The ruler of {hop_titles(dataset)[hop]}, means, {when}: {', '.join(parts)}."
