"""A sweep as pictures: a line over one swept number, a heat map over two."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from numpy.typing import NDArray

from sandwich_sim.analysis.compare_verdict import format_number
from sandwich_sim.analysis.sweep import FRONTIER
from sandwich_sim.errors import UsageError
from sandwich_sim.plots.style import LIGHT, Theme, font_size, ink, is_narrow, mark

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

_MINUS = "\N{MINUS SIGN}"
_MOST_NUMBERS = 12
"""Cells along an axis up to which each shows its number."""


def plot_sweep(dataset: xr.Dataset, statistic: str, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw one statistic over the grid of a sweep.

    Over one dimension, a line with its 95% band, the scenario as it is dashed; over two, a heat map
    with the frontier, if the sweep has one of this statistic.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `analysis.sweep.sweep_dataset`, of one or two swept dimensions; of more, `isel` the others.
    statistic : str
    ax : matplotlib.axes.Axes
        Where to draw; an empty one made by `plots.style.new_figure`.
    theme : Theme
        The theme that `ax` was made with.

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.

    Raises
    ------
    UsageError
        If the sweep has no such statistic, or more than two dimensions.
    """
    if statistic not in dataset["statistic"].values:
        known = ", ".join(map(str, dataset["statistic"].values))
        raise UsageError(f"the sweep has no statistic {statistic!r}. It has: {known}.")
    chosen = dataset.sel(statistic=statistic)
    dims = [str(dim) for dim in chosen["value"].dims]
    if len(dims) not in (1, 2):
        raise UsageError(f"a picture shows one or two swept numbers, not {len(dims)}. Choose with isel.")
    factor, unit = _shown(str(chosen["statistic_unit"].values))
    if len(dims) == 1:
        _draw_line(chosen, dims[0], factor, ax, theme)
        notes = ["Band: 95% interval. Dashed: the scenario as it is."]
    else:
        _draw_map(chosen, dims, factor, ax, theme)
        notes = _draw_frontiers(dataset, statistic, dims, ax, theme)
    _write_titles(ax, str(chosen["statistic_label"].values), unit, notes, theme)
    return ax


def describe_sweep(dataset: xr.Dataset, statistic: str) -> str:
    """Say in one sentence what `plot_sweep` shows, for readers who cannot see it."""
    chosen = dataset.sel(statistic=statistic)
    factor, unit = _shown(str(chosen["statistic_unit"].values))
    values = factor * chosen["value"]
    ends = []
    for find, word in (("idxmin", "lowest"), ("idxmax", "highest")):
        flat = values.stack(point=values.dims)
        point = getattr(flat, find)("point").item()
        where = ", ".join(
            f"{dim} {_tick(at)}" for dim, at in zip(values.dims, np.atleast_1d(point), strict=True)
        )
        value = float(getattr(flat, "min" if find == "idxmin" else "max")())
        ends.append(f"{word} {value:.3g}{unit} at {where}")
    return f"{chosen['statistic_label'].values}: {'; '.join(ends)}."


def _shown(unit: str) -> tuple[float, str]:
    return (100.0, "%") if unit == "1" else (1.0, {"cent": " cents", "": ""}.get(unit, f" {unit}"))


def _draw_line(chosen: xr.Dataset, dim: str, factor: float, ax: Axes, theme: Theme) -> None:
    labels = chosen[dim].values
    is_numeric = np.issubdtype(labels.dtype, np.number)
    across = labels.astype(np.float64) if is_numeric else np.arange(labels.size, dtype=np.float64)
    value = factor * chosen["value"].to_numpy()
    half_width = 2.131 * factor * chosen["standard_error"].to_numpy()  # Student's t, 15 degrees of freedom
    color = ink(theme, 0)
    ax.fill_between(across, value - half_width, value + half_width, color=color, alpha=0.25, linewidth=0)
    style = "o-" if labels.size <= 2 * _MOST_NUMBERS else "-"
    ax.plot(across, value, style, color=color, linewidth=1.8, markersize=0.4 * font_size(ax), zorder=3)
    ax.axhline(factor * float(chosen["reference"]), color=theme.muted, linewidth=1.2, linestyle=(0, (5, 4)))
    ax.grid(True, color=theme.grid, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.locator_params(axis="y", nbins=6)
    ax.yaxis.set_major_formatter(lambda number, _position: f"{number:g}".replace("-", _MINUS))
    if is_numeric:
        ax.locator_params(axis="x", nbins=5 if is_narrow(ax) else 8)
        ax.xaxis.set_major_formatter(lambda number, _position: f"{number:g}".replace("-", _MINUS))
    else:
        ax.set_xticks(across, [_tick(label) for label in labels])
    ax.set_xlabel(_axis_title(chosen, dim), color=theme.text, fontsize=font_size(ax))


def _draw_map(chosen: xr.Dataset, dims: Sequence[str], factor: float, ax: Axes, theme: Theme) -> None:
    """Draw equal cells, each named on the axes; the first dimension runs upwards."""
    values = factor * chosen["value"].transpose(*dims).to_numpy()
    colors = LinearSegmentedColormap.from_list(
        "sweep", [_tint(theme, part) for part in (0.06, 0.35, 0.75, 1.0)]
    )
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    high = high if high > low else low + 1.0
    cells = ax.pcolormesh(
        values, cmap=colors, vmin=low, vmax=high, edgecolors=theme.background, linewidth=1.0
    )
    for axis, dim, size in (
        (ax.yaxis, dims[0], values.shape[0]),
        (ax.xaxis, dims[1], values.shape[1]),
    ):
        step = -(-size // (5 if is_narrow(ax) else _MOST_NUMBERS))
        places = np.arange(0, size, step)
        axis.set_ticks(places + 0.5, [_tick(chosen[dim].values[place]) for place in places])
    ax.set_xlabel(_axis_title(chosen, dims[1]), color=theme.text, fontsize=font_size(ax))
    ax.set_ylabel(_axis_title(chosen, dims[0]), color=theme.text, fontsize=font_size(ax))
    most = 6 if is_narrow(ax) else _MOST_NUMBERS
    figure = ax.get_figure(root=True)
    if max(values.shape) > most and figure is not None:
        scale = figure.colorbar(cells, ax=ax, fraction=0.06, pad=0.02)
        scale.outline.set_visible(False)
        scale.ax.tick_params(colors=theme.muted, labelsize=0.85 * font_size(ax), length=0)
        return
    size = font_size(ax)
    digits = int(min(6, max(0, 1 - np.floor(np.log10(high - low)))))
    for (row, column), value in np.ndenumerate(values):
        is_dark = _lightness(colors((value - low) / (high - low))) < 0.55
        ax.text(
            column + 0.5, row + 0.5, format_number(float(value), digits) if np.isfinite(value) else "–",
            ha="center", va="center", color="#ffffff" if is_dark else "#1b1f27", fontsize=0.85 * size,
        )  # fmt: skip


def _draw_frontiers(
    dataset: xr.Dataset, statistic: str, dims: Sequence[str], ax: Axes, theme: Theme
) -> list[str]:
    """Draw where the statistic crosses its levels, with errors; return what to say of it."""
    notes = []
    factor, unit = _shown(str(dataset.sel(statistic=statistic)["statistic_unit"].values))
    for name in map(str, dataset.data_vars):
        about = dataset[name].attrs
        if not name.startswith(FRONTIER) or about.get("statistic") != statistic:
            continue
        along = name.partition("_along_")[2]
        other = next(dim for dim in dims if dim != along)
        place = _cells(dataset[along].to_numpy(), dataset[name].transpose(other).to_numpy())
        error = dataset[f"{name}_standard_error"].transpose(other).to_numpy()
        reach = 2.131 * np.nan_to_num(error)
        values = dataset[name].transpose(other).to_numpy()
        low, high = (_cells(dataset[along].to_numpy(), values + sign * reach) for sign in (-1.0, 1.0))
        is_crossed = np.isfinite(place)
        place, low, high = place[is_crossed], low[is_crossed], high[is_crossed]
        lines = np.flatnonzero(is_crossed) + 0.5
        size = (0.6 * font_size(ax)) ** 2
        if along == dims[1]:
            ax.hlines(lines, low, high, color=mark(theme), linewidth=2.0, zorder=4)
            ax.scatter(place, lines, s=size, color=mark(theme), edgecolor=theme.background, zorder=5)
        else:
            ax.vlines(lines, low, high, color=mark(theme), linewidth=2.0, zorder=4)
            ax.scatter(lines, place, s=size, color=mark(theme), edgecolor=theme.background, zorder=5)
        note = f"Dots: where it crosses {factor * about['level']:g}{unit}, line 95% interval."
        if note not in notes:
            notes.append(note)
    return notes


def _cells(grid: Floats, places: Floats) -> Floats:
    """Return positions on an axis of equal cells; NaN stays, ends are kept within the picture."""
    order = np.argsort(grid)
    found = np.interp(places, grid[order], order + 0.5)
    return np.where(np.isnan(places), np.nan, found)


def _tint(theme: Theme, part: float) -> tuple[float, ...]:
    """Mix the ground with the heaviest ink."""
    ground, full = np.array(to_rgb(theme.background)), np.array(to_rgb(ink(theme, 0)))
    return tuple(float(level) for level in ground + part * (full - ground))


def _lightness(color: Sequence[float]) -> float:
    red, green, blue = color[:3]
    return 0.3 * red + 0.6 * green + 0.1 * blue


def _axis_title(chosen: xr.Dataset, dim: str) -> str:
    about = chosen[dim].attrs
    unit = about.get("units", "1")
    name = dim.replace("_", " ")
    return name if unit in ("1", "") else f"{name} [{unit}]"


def _tick(value: object) -> str:
    number = value.item() if isinstance(value, np.generic) else value
    text = (
        f"{number:g}"
        if isinstance(number, int | float)
        else textwrap.shorten(str(number), 24, placeholder="…")
    )
    return text.replace("-", _MINUS) if isinstance(number, int | float) else text


def _write_titles(ax: Axes, label: str, unit: str, notes: Sequence[str], theme: Theme) -> None:
    size, narrow = font_size(ax), is_narrow(ax)
    where = f" [{unit.strip()}]" if unit else ""
    lines = textwrap.wrap(" ".join(notes), 46 if narrow else 90) if notes else []
    title = textwrap.wrap(f"{label}{where}", 34 if narrow else 58)
    if lines:
        ax.annotate(
            "\n".join(lines), (0.0, 1.0), (0.0, 0.7 * size), xycoords="axes fraction",
            textcoords="offset points", color=theme.muted, fontsize=size, linespacing=1.35,
        )  # fmt: skip
    ax.set_title(
        "\n".join(title), loc="left", weight="bold", color=theme.text,
        pad=size * (0.9 + 1.6 * len(lines)), fontsize=(1.15 if narrow else 1.35) * size,
    )  # fmt: skip
