"""The article's own figures beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from sandwich_sim.analysis.article import Comparison
from sandwich_sim.plots.maps import label_row, row_frame
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import interval, number
from sandwich_sim.plots.style import LIGHT, Theme, ink, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_article(comparisons: Sequence[Comparison], ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw each figure of the article with its range, and where the run stands.

    Parameters
    ----------
    comparisons : sequence of Comparison
        What `compare_with_article` returns.
    ax : matplotlib.axes.Axes
    theme : Theme

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.
    """
    panel = Panel(ax, theme)
    size = panel.size
    for row, each in enumerate(comparisons):
        fact = each.fact
        ax.plot([fact.low, fact.high], [row, row], color=ink(theme, 3), linewidth=0.8 * size,
                solid_capstyle="butt", zorder=1)  # fmt: skip
        ax.plot(
            [fact.best, fact.best], [row - 0.13, row + 0.13], color=ink(theme, 0), linewidth=1.6, zorder=2
        )
        if each.spread is not None:
            ax.plot(each.spread, (row, row), color=mark(theme), linewidth=0.2 * size, zorder=3)
        if isfinite(each.ours.value):
            ax.scatter(each.ours.value, row, s=(0.62 * size) ** 2, color=mark(theme), linewidth=0, zorder=4)
        label_row(panel, row - 0.03, each.title, comparison_words(each))
    row_frame(panel, 0.0, 100.0, len(comparisons))
    panel.finish(
        "The article's figures and ours",
        "Bar and tick: theirs, range and best value. Dot: this run at its start, line 5 to 95%.",
    )
    return ax


def comparison_words(comparison: Comparison) -> str:
    """Write theirs against ours."""
    return f"{number(comparison.fact.best, '%')} | {number(comparison.ours.value, '%')}"


def describe_article(comparisons: Sequence[Comparison]) -> str:
    """Say what `plot_article` shows, for readers who cannot see it."""
    parts = [
        f"{each.title}: article {number(each.fact.best, '%')} "
        f"({interval(each.fact.low, each.fact.high, '%')}), this run {number(each.ours.value, '%')}"
        for each in comparisons
    ]
    return f"The article's figures and ours: {'; '.join(parts)}."
