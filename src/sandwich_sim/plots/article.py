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

    from sandwich_sim.facts import Fact


def plot_article(comparisons: Sequence[Comparison], ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw each figure of the article with its range, and where the run stands.

    Parameters
    ----------
    comparisons : sequence of Comparison
        What `compare_with_article` returns.
    """
    panel = Panel(ax, theme)
    size = panel.size
    for row, each in enumerate(comparisons):
        fact = each.fact
        if is_range(fact):
            ax.plot([fact.low, fact.high], [row, row], color=ink(theme, 2), linewidth=0.8 * size,
                    solid_capstyle="butt", zorder=1)  # fmt: skip
        else:
            ax.plot([fact.best] * 2, [row - 0.15, row + 0.15], color=ink(theme, 0), linewidth=2.2, zorder=2)
        if each.spread is not None:
            ax.plot(each.spread, (row, row), color=mark(theme), linewidth=0.2 * size, zorder=3)
        if isfinite(each.ours.value):
            ax.scatter(each.ours.value, row, s=(0.62 * size) ** 2, color=mark(theme), linewidth=0, zorder=4)
        label_row(panel, row - 0.13, each.title, comparison_words(each), start=0.0)
    label_row(panel, -0.62, "", "article | this run")
    row_frame(panel, 0.0, 100.0, len(comparisons), has_baseline=True)
    ax.set_ylim(len(comparisons) - 0.45, -1.1)
    panel.finish(
        "The article's figures and ours",
        "Tick or gray bar: what the article says. Dot: this run at its start; line: 5 to 95%, "
        "where it is no ratio of means and not fixed.",
    )
    return ax


def comparison_words(comparison: Comparison) -> str:
    """Write theirs against ours; ``fixed`` where ours is a constant of the scenario."""
    fixed = ", fixed" if comparison.ours.standard_error == 0.0 and comparison.spread is None else ""
    return f"{theirs(comparison)} | {number(comparison.ours.value, '%')}{fixed}"


def is_range(fact: Fact) -> bool:
    """Whether the source gives a range, rather than we a tolerance around its number."""
    return fact.high > fact.low and "range is ours" not in fact.note


def theirs(comparison: Comparison) -> str:
    """Write what the article says: a number, or a range where it gives one."""
    fact = comparison.fact
    return interval(fact.low, fact.high, "%") if is_range(fact) else number(fact.best, "%")


def describe_article(comparisons: Sequence[Comparison]) -> str:
    """Say what `plot_article` shows, for readers who cannot see it."""
    parts = [
        f"{each.title}: article {theirs(each)}, this run {number(each.ours.value, '%')}"
        + (", fixed" if each.ours.standard_error == 0.0 else "")
        for each in comparisons
    ]
    return f"The article's figures and ours: {'; '.join(parts)}."
