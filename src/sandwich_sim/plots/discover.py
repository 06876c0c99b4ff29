"""Scenario discovery: what boxes cover against how dense they are, and where one box lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.analysis.discover import Discovered, Discovery
from sandwich_sim.plots.maps import label_row
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import Scale, number, shorten
from sandwich_sim.plots.style import LIGHT, Theme, ink, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_trade_off(found: Discovery, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw density against coverage for every box on the way inwards, in both halves.

    Parameters
    ----------
    found : Discovery
    """
    panel = Panel(ax, theme)
    ours = np.array([(box.coverage, box.density) for box in found.path])
    theirs = np.array([(box.coverage_measured, box.density_measured) for box in found.path])
    ax.plot(*(100.0 * ours.T), color=ink(theme, 2), linewidth=1.4, linestyle=(0, (4, 3)), zorder=2)
    ax.plot(*(100.0 * theirs.T), color=ink(theme, 0), linewidth=1.8, zorder=3)
    if found.boxes:
        box = found.boxes[0]
        at = (100.0 * box.coverage.value, 100.0 * box.density.value)
        ax.scatter(at[0], at[1], s=(0.9 * panel.size) ** 2, color=mark(theme), linewidth=0, zorder=5)
    ax.set_xlim(-3.0, 103.0)
    panel.mark_across([0, 25, 50, 75, 100], ["0%", "25%", "50%", "75%", "100%"])
    panel.values(0.0, 100.0 * float(max(ours[:, 1].max(), theirs[:, 1].max())), Scale(1.0, "%", ""))
    panel.finish(
        f"Where {found.where}: covered and dense",
        "Across: part of these paths inside the box. Up: part of the paths inside that are such. Solid: the "
        "half that measures, dashed: the half that finds. Dot: the box that is told.",
    )
    return ax


def describe_trade_off(found: Discovery) -> str:
    """Say what `plot_trade_off` shows, for readers who cannot see it."""
    parts = [
        f"the box that is told covers {number(100.0 * box.coverage.value, '%')} at a density of "
        f"{number(100.0 * box.density.value, '%')}"
        for box in found.boxes[:1]
    ]
    last = found.path[-1]
    return (
        f"Density against coverage of {len(found.path)} boxes, from everything "
        f"({number(100.0 * found.path[0].density_measured, '%')} dense) to the smallest "
        f"({number(100.0 * last.coverage_measured, '%')} covered, "
        f"{number(100.0 * last.density_measured, '%')} dense)" + "".join(f"; {part}" for part in parts) + "."
    )


def plot_box(found: Discovered, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw the range of each input that a box restricts, within the range that it is drawn from."""
    panel = Panel(ax, theme)
    panel.fit_rows(len(found.limits), 2.6)
    for row, limit in enumerate(found.limits):
        low, high = limit.span
        reach = max(high - low, 1e-300)
        ends = [low if np.isnan(limit.low) else limit.low, high if np.isnan(limit.high) else limit.high]
        left, right = (100.0 * min(max((end - low) / reach, 0.0), 1.0) for end in ends)
        ax.barh(row + 0.05, 100.0, left=0.0, height=0.22, color=ink(theme, 3), zorder=2)
        ax.barh(row + 0.05, right - left, left=left, height=0.22, color=mark(theme), zorder=3)
        said = " to ".join(f"{end:g}" for end in (limit.low, limit.high) if not np.isnan(end))
        sign = "> " if np.isnan(limit.high) else "< " if np.isnan(limit.low) else ""
        unit = "" if limit.unit == "1" else f" {limit.unit}"
        label_row(panel, row, shorten(limit.name, 34), f"{sign}{said}{unit}")
    ax.set_xlim(-1.0, 101.0)
    ax.set_ylim(len(found.limits) - 0.45, -0.75)
    ax.set_xticks([])
    ax.set_yticks([])
    panel.finish(
        "The box, input by input",
        f"Color: inside. Bar: 1 to 99% of the input. It covers {number(100.0 * found.coverage.value, '%')} "
        f"of these paths; {number(100.0 * found.density.value, '%')} of the paths inside are such.",
    )
    return ax


def describe_box(found: Discovered) -> str:
    """Say what `plot_box` shows, for readers who cannot see it."""
    return f"The ranges of a box: {found.words}"
