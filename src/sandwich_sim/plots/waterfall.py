"""Why two scenarios differ: from the first to the second, one step a group of changed keys."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke
from matplotlib.textpath import text_to_path

from sandwich_sim.analysis.attribution import shorten_middle
from sandwich_sim.analysis.compare_verdict import format_number
from sandwich_sim.plots.style import LIGHT, Theme, font_size, ink, is_narrow, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sandwich_sim.analysis.attribution import Attribution

_MINUS = "\N{MINUS SIGN}"
MOST_STEPS = 8
"""Groups with a row of their own; the smallest of the others share one."""
_LONGEST_NAME = 30
_LONGEST_ABOVE = 24
"""Of a name that shares its line with the number."""


@dataclass(frozen=True)
class _Row:
    """One bar, from ``start`` to ``end``; ``half_width`` of its 95% interval."""

    label: str
    start: float
    end: float
    half_width: float
    is_total: bool = False

    @property
    def step(self) -> float:
        return self.end - self.start


def plot_waterfall(
    attribution: Attribution, ax: Axes, *, first: str, second: str, theme: Theme = LIGHT
) -> Axes:
    """Draw how the groups of changed keys lead from one scenario's value to the other's.

    The largest step comes first; a thin line spans its 95% interval. The steps are Shapley values,
    so their order is a choice of the figure and not one of the numbers.

    Parameters
    ----------
    attribution : Attribution
    ax : matplotlib.axes.Axes
        Where to draw; an empty one made by `plots.style.new_figure`.
    first, second : str
        What to call the two scenarios.
    theme : Theme
        The theme that `ax` was made with.

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.
    """
    rows = _rows(attribution, first, second)
    narrow = is_narrow(ax)
    thickness = 0.30 if narrow else 0.52
    for place, row in enumerate(rows):
        left, width = (0.0, row.end) if row.is_total else (row.start, row.step)
        ax.barh(place, width, left=left, height=thickness, color=_color(row, theme), zorder=2)
        if place:
            joint = rows[place - 1].end
            ax.plot([joint, joint], [place - 1, place], color=theme.muted, linewidth=0.8, zorder=1.5)
        if row.half_width > 0.0:
            ends = row.end - row.half_width, row.end + row.half_width
            width = 0.14 * font_size(ax)
            line = ax.hlines(place, *ends, color=theme.text, linewidth=width, zorder=3)
            line.set_path_effects([withStroke(linewidth=2.2 * width, foreground=theme.background)])
    _frame(ax, rows, narrow=narrow, theme=theme)
    _label(ax, rows, attribution.digits, narrow=narrow, theme=theme)
    _write_titles(ax, attribution, rows, narrow=narrow, theme=theme)
    return ax


def describe_waterfall(attribution: Attribution, *, first: str, second: str) -> str:
    """Say in one sentence what `plot_waterfall` shows, for readers who cannot see it."""
    rows, digits = _rows(attribution, first, second), attribution.digits
    steps = ", ".join(f"{row.label} {_signed(row.step, digits)}" for row in rows[1:-1])
    ends = [f"{row.label} {format_number(row.end, digits)}" for row in (rows[0], rows[-1])]
    unit = f" [{attribution.shown_unit}]" if attribution.shown_unit else ""
    points = " [points]" if attribution.gap_unit != attribution.shown_unit else ""
    return f"{attribution.label}{unit}: {', '.join(ends)}. Of the difference{points}: {steps}."


def _rows(attribution: Attribution, first: str, second: str) -> list[_Row]:
    ranked = attribution.ranked()
    shown = ranked if len(ranked) <= MOST_STEPS else ranked[: MOST_STEPS - 1]
    factor = attribution.factor
    at = factor * attribution.first
    rows = [_Row(first, 0.0, at, 0.0, is_total=True)]
    for part in shown:
        step = factor * part.share.value
        half_width = factor * part.share.half_width()
        rows.append(_Row(part.group, at, at + step, half_width if half_width == half_width else 0.0))
        at += step
    rest = ranked[len(shown) :]
    if rest:
        step = factor * sum(part.share.value for part in rest)
        rows.append(_Row(f"{len(rest)} others", at, at + step, 0.0))
    return [*rows, _Row(second, 0.0, factor * attribution.second, 0.0, is_total=True)]


def _color(row: _Row, theme: Theme) -> str:
    if row.is_total:
        return ink(theme, 2)
    return ink(theme, 0) if row.step >= 0.0 else mark(theme)


def _frame(ax: Axes, rows: list[_Row], *, narrow: bool, theme: Theme) -> None:
    """Show the steps large: the axis begins at zero only where the totals are not far from them."""
    ends = [end for row in rows for end in (row.end - row.half_width, row.end + row.half_width)]
    low, high = min(ends), max(ends)
    span = max(high - low, 1e-12 * max(abs(low), abs(high)), 1e-300)
    if low > 0.0 and low < 1.5 * span:
        low = 0.0
    if high < 0.0 and -high < 1.5 * span:
        high = 0.0
    room = 0.04 * (high - low or 1.0)
    ax.set_xlim(low - (room if low else 0.0), high + (room if high else 0.0))
    if low < 0.0 < high:
        ax.axvline(0.0, color=theme.muted, linewidth=1.0, zorder=2.5)
    ax.set_ylim(len(rows) - 0.45, -0.85 if narrow else -0.6)
    if not narrow:
        ax.xaxis.grid(True, color=theme.grid, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.locator_params(axis="x", nbins=4 if narrow else 7)
    ax.xaxis.set_major_formatter(lambda value, _position: f"{value:g}".replace("-", _MINUS))


def _label(ax: Axes, rows: list[_Row], digits: int, *, narrow: bool, theme: Theme) -> None:
    """Name each bar and write its number beside it, or above it where there is no room beside."""
    size = font_size(ax)
    names = _names(rows, _LONGEST_ABOVE if narrow else _LONGEST_NAME)
    ax.set_yticks([] if narrow else range(len(rows)), [] if narrow else names, color=theme.text)
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        weight = "bold" if row.is_total else "normal"
        number = format_number(row.end, digits) if row.is_total else _signed(row.step, digits)
        if not row.is_total and row.half_width > 0.0:
            number += f" ±{_rounded_up(row.half_width, digits)}"
        across, height = (1.0, place - 0.24) if narrow else (1.0, place)
        ax.annotate(
            number, (across, height), (0.0 if narrow else 0.8 * size, 0.0),
            xycoords=ax.get_yaxis_transform(), textcoords="offset points", color=theme.text,
            ha="right" if narrow else "left", va="bottom" if narrow else "center_baseline",
            fontsize=size, weight=weight, annotation_clip=False,
        )  # fmt: skip
        if narrow:
            ax.annotate(
                name, (0.0, height), xycoords=ax.get_yaxis_transform(), color=theme.text,
                ha="left", va="bottom", fontsize=size, weight=weight,
            )  # fmt: skip


def _names(rows: list[_Row], most: int) -> list[str]:
    return [shorten_middle(" ".join(row.label.split()), most) for row in rows]


def _write_titles(
    ax: Axes, attribution: Attribution, rows: list[_Row], *, narrow: bool, theme: Theme
) -> None:
    """Write the title and what the steps are, broken where the figure ends."""
    size = font_size(ax)
    unit = attribution.gap_unit
    what = f"Each step: its share of the gap{f' [{unit}]' if unit else ''}, line 95% interval."
    if ax.get_xlim()[0] > 0.0 or ax.get_xlim()[1] < 0.0:
        what += " The axis does not begin at zero."
    figure = ax.get_figure(root=True)
    assert figure is not None
    # The titles begin where the bars do: right of the names of the bars.
    beside = 0.0 if narrow else max(_width(name, size) for name in _names(rows, _LONGEST_NAME)) + size
    room = 0.95 * 72.0 * float(figure.get_figwidth()) - beside
    title_size = (1.2 if narrow else 1.4) * size
    lines = _broken(what, size, room)
    title = _broken(attribution.label, title_size, room, weight="bold")
    note = ax.annotate(
        "\n".join(lines), (0.0, 1.0), (0.0, 0.8 * size), xycoords="axes fraction",
        textcoords="offset points", color=theme.muted, fontsize=size, linespacing=1.35,
    )  # fmt: skip
    note.set_in_layout(False)  # like a title: it takes no width from the bars
    ax.set_title(
        "\n".join(title), loc="left", weight="bold", color=theme.text,
        pad=size * (1.2 + 1.6 * len(lines)), fontsize=title_size,
    )  # fmt: skip


def _broken(text: str, size: float, room: float, *, weight: str = "normal") -> list[str]:
    """Break a text into lines that are at most ``room`` wide [points]."""
    most = len(text)
    lines = [text]
    while most > 10 and max(_width(line, size, weight) for line in lines) > room:
        most -= 1
        lines = textwrap.wrap(text, most)
    return lines


def _width(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a line of text is [points]."""
    font = FontProperties(size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


def _signed(value: float, digits: int) -> str:
    text = format_number(value, digits)
    return f"+{text}" if value > 0.0 and text.strip("0.,") else text


def _rounded_up(value: float, digits: int) -> str:
    return f"{ceil(round(value * 10**digits, 6)) / 10**digits:.{digits}f}"
