"""Figures of a comparison: by how much each hop differs, and at which quantiles."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patheffects import withStroke

from sandwich_sim.analysis.compare_blocks import Block, Row, blocks_of, figure_names
from sandwich_sim.analysis.compare_shape import SHIFT_LEVELS
from sandwich_sim.analysis.compare_verdict import digits_for, format_number
from sandwich_sim.plots.maps import label_row, row_frame
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import Scale, shorten
from sandwich_sim.plots.style import LIGHT, Theme, font_size, hop_colors, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sandwich_sim.analysis.compare_result import Comparison, PairComparison

_SHOWN = slice(1, -1)  # 5% to 95%: beyond, far tails would flatten everything else
_MINUS = "\N{MINUS SIGN}"


def comparison_figures(result: Comparison, theme: Theme = LIGHT) -> Iterator[tuple[str, Figure, str]]:
    """Draw every figure of a comparison.

    Yields
    ------
    tuple of str, Figure and str
        Name (`compare_blocks.figure_names`), figure, and a sentence for readers who cannot see it.
    """
    for pair in result.pairs:
        for block in blocks_of(pair):
            names = figure_names(block, pair)
            yield names[0], draw_differences(block, pair, theme), _describe(block, pair)
            if len(names) > 1:
                what = f"Quantile by quantile, {pair.b.name} less {pair.a.name}: {block.title}."
                yield names[1], draw_quantile_shifts(block, pair, theme), what


def draw_differences(block: Block, pair: PairComparison, theme: Theme = LIGHT) -> Figure:
    """Draw the difference of each row: its interval, and how it spreads over the trajectories.

    A dot marks the mean (or median) of B - A with its 95% interval; where the two are paired a
    pale bar spans 5 to 95% of B - A over the trajectories.
    """
    figure, axes = new_figure("page", theme, n_row=max(4, len(block.rows)))
    colors = _colors(block, pair, theme)
    is_cut = _fit(axes, block)
    for place, (row, color) in enumerate(zip(block.rows, colors, strict=True)):
        _draw_row(axes, place, row, block.factor, color, theme)
    axes.axvline(0.0, color=theme.muted, linewidth=1.0, zorder=1)
    axes.xaxis.grid(True, color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_ylim(len(block.rows) - 0.45, -0.6)
    axes.set_yticks(range(len(block.rows)), [row.label for row in block.rows], color=theme.text)
    axes.locator_params(axis="x", nbins=7)
    axes.xaxis.set_major_formatter(lambda value, _position: _signed(value))
    is_paired = pair.relation == "paired"
    spread = "; pale bar: 5 to 95% of the trajectories" if is_paired and _has_spread(block) else ""
    spread += ", cut at the edge" if is_cut else ""
    _write_title(
        figure, block, pair, f"B − A{_in(block)}; dot and line: difference, 95% interval{spread}", theme
    )
    return figure


def plot_differences(block: Block, pair: PairComparison, ax: Axes, theme: Theme = LIGHT) -> Axes:
    """Draw the difference of each row on a panel of a page: names above the rows, legible on a phone.

    Parameters
    ----------
    block : Block
    pair : PairComparison
    """
    panel = Panel(ax, theme)
    panel.fit_rows(len(block.rows), 2.6)
    is_cut = _fit(ax, block)
    low, high = ax.get_xlim()
    size = panel.row_size
    for place, (row, color) in enumerate(zip(block.rows, _colors(block, pair, theme), strict=True)):
        spread, measured, words = row.found.gap.spread, row.difference, "not known"
        if spread:
            ends = np.clip([spread[0].value * block.factor, spread[-1].value * block.factor], low, high)
            ax.plot(ends, [place] * 2, color=color, alpha=0.35, linewidth=0.55 * size, zorder=2)[
                0
            ].set_solid_capstyle("butt")
        if measured.is_known:
            value = measured.value * block.factor
            ends = np.array(measured.interval(row.verdict.alpha)) * block.factor
            ax.plot(ends, [place] * 2, color=color, linewidth=0.25 * size, zorder=3)
            ax.scatter(value, place, s=(0.62 * size) ** 2, color=color, linewidth=0, zorder=4)
            digits = min(2, digits_for(float(ends[1]) - value)) if ends[1] > value else 1
            words = f"{'+' if value > 0 else ''}{format_number(value, digits)}"
        label_row(panel, place, shorten(row.label, 34), words)
    row_frame(panel, low, high, len(block.rows), Scale(block.factor, "", ""))
    spreads = "; band: 5 to 95% of trajectories" if pair.relation == "paired" and _has_spread(block) else ""
    cut = ", cut at the edge" if is_cut else ""
    panel.finish(block.title, f"B less A{_in(block)}: dot, with its 95% interval{spreads}{cut}.")
    return ax


def _draw_row(axes: Axes, place: int, row: Row, factor: float, color: str, theme: Theme) -> None:
    measured, spread, size = row.difference, row.found.gap.spread, font_size(axes)
    if spread:
        # Cut here: what embeds the figure may not know of clipping.
        low, high = np.clip([spread[0].value * factor, spread[-1].value * factor], *axes.get_xlim())
        axes.barh(place, high - low, left=low, height=0.42, color=color, alpha=0.32, zorder=2)
    if not measured.is_known:
        return
    value = measured.value * factor
    low, high = (end * factor for end in measured.interval(row.verdict.alpha))
    line = axes.plot([low, high], [place, place], color=color, linewidth=0.32 * size, zorder=3)[0]
    line.set_solid_capstyle("butt")
    dot = axes.plot(value, place, "o", color=color, markersize=0.58 * size, zorder=4)[0]
    dot.set_path_effects([withStroke(linewidth=0.3 * size, foreground=theme.background)])
    digits = min(4, digits_for(high - value)) if high > value else 1
    is_plain = row.verdict.state == "different"
    axes.annotate(
        f"{'+' if value > 0 else ''}{format_number(value, digits)}",
        (1.0, place), (5.2 * size, 0.0), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
        ha="right", va="center_baseline", color=theme.text if is_plain else theme.muted, fontsize=size,
        weight="bold" if is_plain else "normal", annotation_clip=False,
    )  # fmt: skip


def _has_spread(block: Block) -> bool:
    return any(row.found.gap.spread for row in block.rows)


def _fit(axes: Axes, block: Block) -> bool:
    """Set limits that hold every interval, and of the spreads what does not dwarf the rest.

    Returns
    -------
    bool
        Whether some spread goes on beyond them.
    """
    ends = [0.0]
    wide = []
    for row in block.rows:
        if row.difference.is_known:
            ends += [end * block.factor for end in row.difference.interval(row.verdict.alpha)]
        wide += [each.value * block.factor for each in (row.found.gap.spread[:1] + row.found.gap.spread[-1:])]
    finite = [value for value in (*ends, *wide) if np.isfinite(value)]
    low, high = min(finite), max(finite)
    reach = 6.0 * max(abs(min(ends)), abs(max(ends)))
    if reach > 0.0:
        low, high = max(low, -reach), min(high, reach)
    room = 0.05 * max(high - low, 1e-9)
    axes.set_xlim(low - room, high + room)
    return min(finite) < low or max(finite) > high


def draw_quantile_shifts(block: Block, pair: PairComparison, theme: Theme = LIGHT) -> Figure:
    """Draw by how much each quantile of B lies above that of A, one panel a row.

    A line over the levels 5 to 95% with its 95% band; each panel has its own scale.
    """
    rows = [row for row in block.rows if row.found.shape is not None]
    n_column = min(4, len(rows)) if len(rows) != 3 else 3
    n_row = ceil(len(rows) / n_column)
    figure, first = new_figure("page", theme, n_row=8 if n_row < 3 else 4 * n_row)
    first.remove()
    panels = figure.subplots(n_row, n_column, squeeze=False, sharex=True)
    colors = dict(zip((id(row) for row in block.rows), _colors(block, pair, theme), strict=True))
    for place, axes in enumerate(panels.flat):
        if place >= len(rows):
            axes.remove()
            continue
        is_lowest = place + n_column >= len(rows)
        _draw_shift(axes, rows[place], block, colors[id(rows[place])], theme, is_lowest)
    scales = "; scales differ" if len(rows) > 1 else ""
    text = f"quantile of B less the same quantile of A{_in(block)}; band: 95% interval{scales}"
    _write_title(figure, block, pair, text, theme)
    return figure


def _draw_shift(axes: Axes, row: Row, block: Block, color: str, theme: Theme, is_lowest: bool) -> None:
    shape = row.found.shape
    if shape is None:
        return
    levels = 100.0 * np.array(SHIFT_LEVELS[_SHOWN])
    values = np.array([each.value for each in shape.shift[_SHOWN]]) * block.factor
    halves = np.array([each.half_width(row.verdict.alpha) for each in shape.shift[_SHOWN]]) * block.factor
    axes.set_facecolor(theme.background)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.axhline(0.0, color=theme.muted, linewidth=1.0, zorder=1)
    axes.fill_between(
        levels, values - halves, values + halves, color=color, alpha=0.30, linewidth=0, zorder=2
    )
    axes.plot(levels, values, color=color, linewidth=1.9, zorder=3)
    axes.grid(True, color=theme.grid, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=theme.muted, labelsize=8.0, length=0)
    axes.set_xlim(2.0, 98.0)
    axes.set_xticks([5, 50, 95], ["5%", "50%", "95%"])
    axes.tick_params(labelbottom=is_lowest)
    axes.locator_params(axis="y", nbins=5)
    axes.yaxis.set_major_formatter(lambda value, _position: _signed(value))
    axes.set_title(row.label, color=theme.text, fontsize=9.0, loc="left", pad=4.0)


def _colors(block: Block, pair: PairComparison, theme: Theme) -> list[str]:
    """One color a row: the hop's own; plain text color for what is of no hop."""
    known = hop_colors(pair.hops, theme)
    return [known.get(row.hop, theme.text) for row in block.rows]


def _in(block: Block) -> str:
    unit = {"%": "points", "% of trajectories": "points"}.get(block.unit, block.unit)
    return f" [{unit}]" if unit else ""


def _write_title(figure: Figure, block: Block, pair: PairComparison, text: str, theme: Theme) -> None:
    lines = textwrap.wrap(f"{block.title}: {pair.b.name} (B) against {pair.a.name} (A)", 76)
    figure.suptitle("\n".join(lines), x=0.02, ha="left", color=theme.text, fontsize=11.5, weight="bold")
    unpaired = "" if pair.relation == "paired" else "not paired; "
    figure.supxlabel(unpaired + text, x=0.02, ha="left", color=theme.muted, fontsize=8.5)


def _signed(value: float) -> str:
    return f"{value:g}".replace("-", _MINUS)


def _describe(block: Block, pair: PairComparison) -> str:
    return f"{block.title}, {pair.b.name} less {pair.a.name}: " + " ".join(_sentences(block.rows))


def _sentences(rows: Sequence[Row]) -> list[str]:
    return [row.verdict.sentence for row in rows]
