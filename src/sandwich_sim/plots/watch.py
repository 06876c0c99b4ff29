"""Figures of `watch`: the quarters seen on what was expected of them, and what the next one would change."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patheffects import withStroke

from sandwich_sim.plots.style import LIGHT, Theme, font_size, ink, mark, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sandwich_sim.analysis.watch_result import Watch, Watched

_MINUS = "\N{MINUS SIGN}"


def watch_figures(result: Watch, theme: Theme = LIGHT) -> Iterator[tuple[str, Figure, str]]:
    """Draw every figure of a watch.

    Yields
    ------
    tuple of str, Figure and str
        Name, figure, and a sentence for readers who cannot see it.
    """
    what = "The quarterly margins seen, on what was expected before and is expected now."
    yield "path", draw_path(result, theme), what
    for event in result.events:
        if event.parts:
            yield f"next-{event.name}", draw_next(event, result, theme), _describe(event, result)


def draw_path(result: Watch, theme: Theme = LIGHT) -> Figure:
    """Draw the watched series: 5 to 95% before and after, medians, and what was seen with its error."""
    figure, axes = new_figure("page", theme)
    size = font_size(axes)
    places = np.arange(len(result.path))
    bands = [("before", ink(theme, 3), 0.55), ("after", mark(theme), 0.28)]
    for which, color, alpha in bands:
        spreads = [getattr(item, which) for item in result.path]
        if any(spread is None for spread in spreads):
            continue
        low, middle, high = (
            np.array([list(spread.quantiles.values())[k].value for spread in spreads]) for k in range(3)
        )
        axes.fill_between(places, low, high, color=color, alpha=alpha, linewidth=0, zorder=2)
        line = ink(theme, 1) if which == "before" else mark(theme)
        axes.plot(places, middle, color=line, linewidth=1.9, zorder=3)
    for quarter, (value, error) in result.seen.items():
        place = result.quarters.index(quarter)
        axes.plot(
            [place, place],
            [value - 1.645 * error, value + 1.645 * error],
            color=theme.text,
            linewidth=1.6,
            zorder=4,
        )
        dot = axes.plot(place, value, "D", color=theme.text, markersize=0.6 * size, zorder=5)[0]
        dot.set_path_effects([withStroke(linewidth=0.25 * size, foreground=theme.background)])
    following = result.quarters.index(result.following)
    axes.axvspan(following - 0.45, following + 0.45, color=theme.grid, alpha=0.6, linewidth=0, zorder=1)
    axes.axhline(0.0, color=theme.muted, linewidth=1.0, zorder=1.5)
    axes.yaxis.grid(True, color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlim(-0.5, len(places) - 0.5)
    step = max(1, len(places) // 8)
    axes.set_xticks(places[::step], [result.quarters[item.record] for item in result.path][::step])
    axes.yaxis.set_major_formatter(lambda value, _position: _percent(value))
    color = "pink" if theme is not LIGHT else "purple"
    expected = f"{color}: given what was seen; " if result.is_reliable else ""
    text = (
        f"bands: 5 to 95%, lines: medians; gray, with a blue line: before; {expected}"
        "diamonds: seen, with 90% of their error; upright bar: the next quarter"
    )
    _write_title(figure, f"{result.label}: {result.name}", text, theme)
    return figure


def draw_next(event: Watched, result: Watch, theme: Theme = LIGHT) -> Figure:
    """Draw how likely an event is by fifths of what the next quarter may be."""
    figure, axes = new_figure("page", theme, n_row=5)
    size = font_size(axes)
    highest = max(100.0 * part.probability.value for part in event.parts)
    for place, part in enumerate(event.parts):
        value, half = 100.0 * part.probability.value, 100.0 * part.probability.half_width()
        axes.bar(place, value, width=0.72, color=ink(theme, 2), zorder=2)
        if isfinite(half):
            axes.plot([place, place], [value - half, value + half], color=theme.text, linewidth=1.8, zorder=4)
        is_tall = value > 0.25 * highest
        axes.annotate(
            f"{value:.1f}%", (place, 0.0 if is_tall else value + (half if isfinite(half) else 0.0)),
            (0.0, 0.5 * size), textcoords="offset points", ha="center", va="bottom", fontsize=size,
            color=theme.background if is_tall else theme.text, weight="bold", zorder=5,
        )  # fmt: skip
    if event.after is not None:
        axes.axhline(
            100.0 * event.after.value, color=mark(theme), linewidth=1.6, linestyle=(0, (5, 3)), zorder=3
        )
    axes.set_xticks(
        range(len(event.parts)), [_bounds(part.low, part.high) for part in event.parts], color=theme.text
    )
    axes.set_ylim(0.0, min(112.0, 1.25 * highest + 1.0))
    axes.yaxis.set_major_formatter(lambda value, _position: f"{value:g}%" if value <= 100.0 else "")
    axes.yaxis.grid(True, color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    title = f"How likely, if {result.following} comes out like this: {event.title}"
    text = (
        f"each bar: a fifth of what the all-in margin of {result.following} may be; lines: 95% intervals; "
        "dashed: over all of them"
    )
    _write_title(figure, title, text, theme)
    return figure


def _describe(event: Watched, result: Watch) -> str:
    parts = [f"{_bounds(part.low, part.high)}: {100.0 * part.probability.value:.1f}%" for part in event.parts]
    return f"{event.title}, by the margin of {result.following}: {'; '.join(parts)}."


def _bounds(low: float, high: float) -> str:
    if not isfinite(low):
        return f"below {_percent(high)}"
    if not isfinite(high):
        return f"above {_percent(low)}"
    return f"{_percent(low)} to\n{_percent(high)}"


def _percent(value: float) -> str:
    return f"{100.0 * value:.3g}%".replace("-", _MINUS)


def _write_title(figure: Figure, title: str, text: str, theme: Theme) -> None:
    lines = "\n".join(textwrap.wrap(title, 82))
    figure.suptitle(lines, x=0.02, ha="left", color=theme.text, fontsize=11.5, weight="bold")
    wrapped = "\n".join(textwrap.wrap(text, 118))
    figure.supxlabel(wrapped, x=0.02, ha="left", color=theme.muted, fontsize=8.5)
