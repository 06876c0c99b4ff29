"""The density of a drawn input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandwich_sim.analysis.assumptions import Assumption
from sandwich_sim.plots.panel import Panel, nice_ticks, tick_texts
from sandwich_sim.plots.quantities import interval, number
from sandwich_sim.plots.style import LIGHT, Theme, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_assumption(assumption: Assumption, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw the density of one input, its median marked."""
    panel = Panel(ax, theme)
    ax.fill_between(assumption.values, 0.0, assumption.density, color=ink(theme, 2), alpha=0.6, linewidth=0)
    ax.axvline(assumption.quantiles[1], color=theme.text, linewidth=0.9)
    ax.set_ylim(0.0, 1.05)
    ax.set_yticks([])
    low, high = float(assumption.values[0]), float(assumption.values[-1])
    ticks = nice_ticks(low, high, 3)
    ax.set_xlim(low, high)
    panel.mark_across(ticks, tick_texts(ticks, ""))
    panel.finish(assumption.title, f"{assumption.name}: {assumption_words(assumption)}")
    return ax


def assumption_words(assumption: Assumption) -> str:
    """Write median and interval of an input with its unit, and whether its source is old."""
    low, median, high = assumption.quantiles
    unit = "" if assumption.unit == "1" else f" {assumption.unit}"
    age = f"; stale source ({assumption.published})" if assumption.is_stale else ""
    return f"{number(median)} ({interval(low, high)}){unit}{age}"
