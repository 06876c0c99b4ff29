"""The revenue map and the profit map: who takes the money in, and who keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError
from sandwich_sim.plots.panel import Panel, nice_ticks, some_range, tick_texts
from sandwich_sim.plots.quantities import Scale, hop_titles, interval, number, record_label, shorten
from sandwich_sim.plots.style import LIGHT, Theme, hop_colors

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Which = Literal["revenue", "profit"]
WIDEST = (-100.0, 150.0)
"""Shares beyond are cut off: where the chain earns next to nothing, some are thousands of percent [%]."""
TITLES: dict[Which, str] = {"revenue": "The revenue map", "profit": "The profit map"}
_PERCENT = Scale(100.0, "%", "")


def plot_map(
    dataset: xr.Dataset,
    ax: Axes,
    *,
    which: Which,
    theme: Theme = LIGHT,
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draw each hop's share of the chain's revenue or profit.

    An arrow leads from the median of the first record to that of the last; a line spans 5 to
    95% of the trajectories at the last.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run with maps (`run_view.open_view` or `run_view.with_maps`).
    which : {"revenue", "profit"}
    limits : tuple of float, optional
        Range of the shares, such as one for both maps (`map_limits`) [%].
    """
    start, horizon = map_shares(dataset, which)
    left, right = limits or map_limits(dataset)
    panel = Panel(ax, theme)
    titles = hop_titles(dataset)
    colors = hop_colors(titles, theme)
    panel.fit_rows(len(titles), 2.6)
    size, is_cut = panel.row_size, False
    for row, (hop, title) in enumerate(titles.items()):
        low, median, high = horizon[row]
        color = colors[hop]
        ax.plot(
            np.clip([low, high], left, right),
            [row, row],
            color=color,
            alpha=0.35,
            linewidth=0.55 * size,
            zorder=2,
            solid_capstyle="butt",
        )
        cut = [(left, "<")] * bool(low < left) + [(right, ">")] * bool(high > right)
        for end, pointed in cut:
            ax.scatter(end, row, s=(0.6 * size) ** 2, marker=pointed, color=color, linewidth=0, zorder=2)
        is_cut |= bool(cut)
        words = f"{number(median, '%')} ({interval(low, high, '%')})"
        label_row(panel, row, shorten(title, 28), words)
    row_frame(panel, left, right, len(titles))
    when = f"{record_label(dataset, 0)} (ring) to {record_label(dataset, -1)} (dot)"
    band = "band: 5 to 95%" + (", cut off at an arrow." if is_cut else ".")
    panel.finish(TITLES[which], f"Share of all hops' {which}, medians from {when}; {band}")
    for row, hop in enumerate(titles):
        _draw_arrow(panel, float(start[row, 1]), float(horizon[row, 1]), row, colors[hop])
    return ax


def map_shares(dataset: xr.Dataset, which: Which) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 5, 50 and 95% of each hop's share at the first and the last record, (n_hop, 3) each [%].

    Raises
    ------
    UsageError
        If the dataset has no maps.
    """
    name = f"{which}_share_end"
    if name not in dataset:
        raise UsageError(f"the dataset has no {name}. Open the run with analysis.run_view.open_view.")
    both = 100.0 * dataset[name].transpose("end", "hop", "level").values.astype(np.float64)
    return both[0], both[1]


def map_limits(dataset: xr.Dataset) -> tuple[float, float]:
    """Return the range that holds both maps, and zero; medians, but no bands, beyond `WIDEST` [%]."""
    parts: list[Which] = ["revenue", "profit"]
    shares = np.stack([np.stack(map_shares(dataset, which)) for which in parts])
    medians = shares[..., 1]
    shown = np.concatenate([np.clip(shares, *WIDEST).ravel(), medians.ravel(), [0.0]])
    return float(np.nanmin(shown)), float(np.nanmax(shown))


def _draw_arrow(panel: Panel, before: float, after: float, row: int, color: str) -> None:
    size = panel.row_size
    if np.isfinite(before):
        panel.ax.scatter(
            before,
            row,
            s=(0.55 * size) ** 2,
            facecolor=panel.theme.background,
            edgecolor=color,
            linewidth=1.1,
            zorder=3,
        )
    if np.isfinite(before) and np.isfinite(after):
        ends = panel.ax.transData.transform([(before, row), (after, row)])[:, 0]
        points = 72.0 * float(abs(ends[1] - ends[0])) / panel.ax.figure.dpi
        has_head = points > 1.25 * size  # of which the ring and the dot take 0.6
        panel.ax.annotate(
            "", (after, row), (before, row), zorder=3,
            arrowprops={"arrowstyle": "-|>" if has_head else "-", "color": color, "linewidth": 1.3,
                        "shrinkA": 0.28 * size, "shrinkB": 0.3 * size if has_head else 0.0,
                        "mutation_scale": 0.65 * size},
        )  # fmt: skip
    panel.ax.scatter(after, row, s=(0.62 * size) ** 2, color=color, linewidth=0, zorder=4)


def label_row(panel: Panel, row: float, title: str, words: str, *, start: float | None = None) -> None:
    """Write a row's name and its numbers above it, at both ends of the panel; or right of a value."""
    size = panel.row_size
    across = panel.ax.get_yaxis_transform()
    place: dict[str, Any] = {
        "textcoords": "offset points", "va": "bottom",
        "path_effects": panel.halo(0.3 * size), "zorder": 5,
    }  # fmt: skip
    panel.ax.annotate(
        title, (start or 0.0, row), (0.0 if start is None else 0.5 * size, 0.42 * size),
        color=panel.theme.text, fontsize=size, xycoords=across if start is None else "data", **place,
    )  # fmt: skip
    panel.ax.annotate(
        words, (1.0, row), (0.0, 0.42 * size), color=panel.theme.muted, fontsize=size, ha="right",
        xycoords=across, **place,
    )  # fmt: skip


def row_frame(
    panel: Panel,
    low: float,
    high: float,
    n_row: int,
    scale: Scale = _PERCENT,
    *,
    has_baseline: bool = False,
    ticks: Sequence[float] = (),
) -> None:
    """Set the range across and the ticks below for a panel with one row each.

    With a baseline one line runs through all rows at `low`; names stand right of it.
    """
    low, high = some_range(low, high)  # all is zero, or not known, in a run of few trajectories
    ax, room = panel.ax, 0.04 * (high - low)
    ax.set_xlim(low - room, high + room)
    ticks = ticks or nice_ticks(low, high, 4)
    panel.mark_across(ticks, tick_texts(ticks, scale.suffix))
    ax.set_yticks([])
    ax.set_ylim(n_row - 0.45, -0.75)
    if has_baseline:
        ax.vlines(low, -0.45, n_row - 0.45, color=panel.theme.muted, linewidth=1.2, zorder=1)
        return
    rows = np.arange(n_row)  # a line in one piece would cross the words between the rows
    ax.vlines(np.zeros(n_row), rows - 0.1, rows + 0.45, color=panel.theme.muted, linewidth=0.9, zorder=1)


def describe_map(dataset: xr.Dataset, which: Which) -> str:
    """Say what `plot_map` shows, for readers who cannot see it."""
    start, horizon = map_shares(dataset, which)
    parts = [
        f"{title} {number(before[1], '%')} then {number(after[1], '%')} ({interval(after[0], after[2], '%')})"
        for title, before, after in zip(hop_titles(dataset).values(), start, horizon, strict=True)
    ]
    when = f"{record_label(dataset, 0)} and {record_label(dataset, -1)}"
    return f"Each hop's share of the chain's {which}, median {when} (5 to 95% then): {'; '.join(parts)}."
