"""Which inputs matter: a tornado of one outcome, heat maps by hop and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sandwich_sim.analysis.sensitivity import Detail, Sensitivity
from sandwich_sim.plots.maps import label_row, row_frame
from sandwich_sim.plots.panel import Panel, text_width
from sandwich_sim.plots.quantities import Scale, number, shorten
from sandwich_sim.plots.style import LIGHT, Theme, font_size, ink, is_narrow, mark
from sandwich_sim.results.estimate import STUDENT_FACTOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

N_TORNADO = 10
N_MAP = 14
IDLE = "an input that does nothing"


def plot_tornado(found: Sensitivity, detail: Detail, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw the mean of an outcome where each input is in its lowest and its highest fifth.

    Thin lines are 95% intervals. The last row is what noise alone shows: the largest such distance among
    inputs that do nothing.

    Parameters
    ----------
    found : Sensitivity
    detail : Detail
        One of its details.
    ax : matplotlib.axes.Axes
        A cell of `plots.style.new_panels`.
    theme : Theme

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.
    """
    panel = Panel(ax, theme)
    factor, suffix = _shown(detail.metric.unit)
    rows = detail.order[:N_TORNADO]
    panel.fit_rows(len(rows) + 1, 2.6)
    middle = factor * detail.mean
    reach = [middle]
    for place, row in enumerate(rows):
        words = f"{number(100.0 * detail.first.value[row], '%')} of variance"
        label_row(panel, place, shorten(found.names[row], 34), words)
        low, high = (detail.low[row], detail.low_error[row]), (detail.high[row], detail.high_error[row])
        for (end, error), color in ((low, ink(theme, 2)), (high, mark(theme))):
            end, half = factor * end, factor * STUDENT_FACTOR * error
            ax.barh(place + 0.05, end - middle, left=middle, height=0.26, color=color, zorder=2)
            ax.hlines(place + 0.05, end - half, end + half, color=theme.text, linewidth=1.0, zorder=4)
            reach += [end - half, end + half]
    floor = factor * detail.floor["fifth"]
    label_row(panel, len(rows), IDLE, "")
    ax.barh(len(rows) + 0.05, 2.0 * floor, left=middle - floor, height=0.26, color=theme.muted, zorder=2)
    reach += [middle - floor, middle + floor]
    row_frame(panel, min(reach), max(reach), len(rows) + 1, Scale(1.0, suffix, ""))
    ax.axvline(middle, color=theme.muted, linewidth=0.9, zorder=3)
    unit = "" if suffix else f", {detail.metric.unit}"
    panel.finish(
        f"What moves: {_in_words(detail)}",
        f"Its mean{unit} where an input is in its lowest (gray) and its highest fifth (color), with 95% "
        f"intervals; line: over all. Last row: what noise alone shows. {found.n:,} trajectories.",
    )
    return ax


def describe_tornado(found: Sensitivity, detail: Detail) -> str:
    """Say what `plot_tornado` shows, for readers who cannot see it."""
    factor, suffix = _shown(detail.metric.unit)
    parts = [
        f"{found.names[row]} {number(factor * detail.low[row], suffix)} to "
        f"{number(factor * detail.high[row], suffix)}"
        for row in detail.order[:N_TORNADO]
    ]
    idle = number(factor * detail.floor["fifth"], suffix)
    return (
        f"Mean of {_in_words(detail)} from the lowest to the highest fifth of each input: "
        f"{'; '.join(parts)}. {IDLE[:1].upper()}{IDLE[1:]} moves it by {idle} at most."
    )


def plot_sensitivity_map(
    found: Sensitivity, ax: Axes, *, hop: str | None = None, theme: Theme = LIGHT
) -> Axes:
    """Draw first-order indices as a heat map: inputs by hop at the horizon, or over time for one hop.

    Parameters
    ----------
    found : Sensitivity
    ax : matplotlib.axes.Axes
        An empty one made by `plots.style.new_figure`.
    hop : str, optional
        Over time for this hop ("" for a series of the whole chain); by hop if not given.
    theme : Theme

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.
    """
    rows, columns, cells, title = _map_cells(found, hop)
    narrow, size = is_narrow(ax), 0.85 * font_size(ax)
    colors = LinearSegmentedColormap.from_list(
        "sensitivity", [_tint(theme, part) for part in (0.04, 0.3, 0.7, 1.0)]
    )
    top = max(float(cells.max()), 1.0)
    ax.pcolormesh(cells, cmap=colors, vmin=0.0, vmax=top, edgecolors=theme.background, linewidth=1.0)
    ax.invert_yaxis()
    names = [shorten(found.names[row], 20 if narrow else 38) for row in rows]
    ax.set_yticks(np.arange(len(rows)) + 0.5, names, fontsize=size)
    step = -(-len(columns) // (4 if narrow else 12)) if hop is not None else 1
    places = np.arange(0, len(columns), step)
    ax.set_xticks(places + 0.5, [columns[place] for place in places], fontsize=size)
    if hop is None:
        ax.tick_params(axis="x", rotation=90 if narrow else 30)
    if not narrow or len(columns) <= 5:
        for (row, column), value in np.ndenumerate(cells):
            is_light = sum(colors(value / top)[:3]) > 1.6
            ax.text(
                column + 0.5, row + 0.5, number(value, "%").removesuffix("%") if value >= 0.05 else "·",
                ha="center", va="center", fontsize=size, color="#1b1f27" if is_light else "#ffffff",
            )  # fmt: skip
    _heading(
        ax, title, f"% of the variance that goes when the input is known; {found.n:,} trajectories.", theme
    )
    return ax


def describe_sensitivity_map(found: Sensitivity, hop: str | None = None) -> str:
    """Say what `plot_sensitivity_map` shows, for readers who cannot see it."""
    rows, columns, cells, title = _map_cells(found, hop)
    parts = []
    for column, name in enumerate(columns):
        best = int(cells[:, column].argmax())
        parts.append(f"{name} {found.names[rows[best]]} {number(cells[best, column], '%')}")
    return f"{title}. The strongest input of each column: {'; '.join(parts)}."


def _map_cells(found: Sensitivity, hop: str | None) -> tuple[list[int], list[str], Floats, str]:
    """Rows (inputs), names of columns, cells in percent, and a title."""
    grid = found.grid
    what = grid.series.replace("_", " ")
    if hop is None:
        values = grid.value[:, :, -1]
        rows = [int(row) for row in np.argsort(-values.max(axis=1), kind="stable")[:N_MAP]]
        title = f"Which inputs matter for {what}, {grid.dates[-1]}"
        columns = [name or "chain" for name in grid.hops]
    else:
        values = grid.value[:, grid.hops.index(hop), :]
        rows = [int(row) for row in np.argsort(-values.max(axis=1), kind="stable")[:N_MAP]]
        title = f"Which inputs matter for {what}{f' of {hop}' if hop else ''} over time"
        columns = [f"{day:%Y}" for day in grid.dates]
    return rows, columns, 100.0 * np.maximum(values[rows], 0.0), title


def _in_words(detail: Detail) -> str:
    label = detail.metric.label
    return label[:1].lower() + label[1:]


def _shown(unit: str) -> tuple[float, str]:
    return (100.0, "%") if unit == "1" else (1.0, "¢") if unit == "cent" else (1.0, "")


def _tint(theme: Theme, part: float) -> tuple[float, ...]:
    ground, full = np.array(to_rgb(theme.background)), np.array(to_rgb(ink(theme, 0)))
    return tuple(float(level) for level in ground + part * (full - ground))


def _heading(ax: Axes, title: str, note: str, theme: Theme) -> None:
    """Write a bold title above the whole figure and a note below it, wrapped to its width."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    size = font_size(ax)
    room = 0.95 * 72.0 * float(figure.get_figwidth()) / size
    bold, plain = "\n".join(_wrapped(title, room / 1.25)), "\n".join(_wrapped(note, room / 0.85))
    figure.suptitle(bold, x=0.016, ha="left", weight="bold", color=theme.text, fontsize=1.12 * size)
    figure.supxlabel(plain, x=0.016, ha="left", color=theme.muted, fontsize=0.85 * size)


def _wrapped(text: str, room: float) -> list[str]:
    """Break a text into lines of at most `room` times the size of its type."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}") <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
