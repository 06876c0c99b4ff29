"""The figure that the product is about: how many cents of one dollar each hop keeps."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError
from sandwich_sim.plots.quantities import record_at, shorten
from sandwich_sim.plots.style import LIGHT, Theme, font_size, hop_colors, is_narrow

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_MINUS = "\N{MINUS SIGN}"
_DASH = "\N{EN DASH}"


class _Cents(NamedTuple):
    """Cents of the walked dollar, each of shape (n_hop,)."""

    low: NDArray[np.float64]
    median: NDArray[np.float64]
    high: NDArray[np.float64]


def plot_dollar(
    dataset: xr.Dataset,
    ax: Axes,
    *,
    at: int | str | None = None,
    theme: Theme = LIGHT,
) -> Axes:
    """Draw how many cents of one dollar of final spending each hop keeps as profit.

    A bar reaches to the median over the trajectories, a thin line spans 5 to 95%; below zero,
    investors pay in. After the start a hollow diamond marks the median of the first record.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run: ``dollar_profit_mean`` (hop, time) and ``dollar_profit_quantile``
        (quantile, hop, time) with quantiles 0.05, 0.5 and 0.95 [1].
    ax : matplotlib.axes.Axes
        Where to draw; an empty one made by `plots.style.new_figure`.
    at : int or str, optional
        A date such as 2031 or "2031-07", "start" or "horizon"; the horizon if not given.
    theme : Theme
        The theme that `ax` was made with.

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.

    Raises
    ------
    UsageError
        If the run kept no quantiles of ``dollar_profit``.
    """
    record = record_at(dataset, at)
    cents = _cents(dataset, record)
    hops = [str(hop) for hop in dataset["hop"].values]
    rows = np.arange(len(hops), dtype=np.float64)
    narrow = is_narrow(ax)
    thickness = 0.30 if narrow else 0.52
    ax.barh(rows, cents.median, height=thickness, color=list(hop_colors(hops, theme).values()), zorder=2)
    if narrow:  # names and numbers stand between the rows
        ax.vlines(np.zeros_like(rows), rows - 0.17, rows + 0.3, color=theme.muted, linewidth=1.0, zorder=2.5)
    else:
        ax.axvline(0.0, color=theme.muted, linewidth=1.0, zorder=2.5)
    _draw_intervals(ax, cents, rows, theme)
    shown = [cents.low, cents.high]
    if record:
        shown.append(_cents(dataset, 0).median)
        _mark_start(ax, shown[-1], rows, theme)
    _frame(ax, np.stack(shown), len(hops), narrow=narrow, theme=theme)
    titles = [shorten(title, 28) for title in _hop_titles(dataset, hops)]
    _label_rows(ax, titles, cents, narrow=narrow, theme=theme)
    _write_titles(ax, dataset, record, narrow=narrow, theme=theme)
    return ax


def describe_dollar(dataset: xr.Dataset, *, at: int | str | None = None) -> str:
    """Say in one sentence what `plot_dollar` shows, for readers who cannot see it."""
    record = record_at(dataset, at)
    cents = _cents(dataset, record)
    hops = [str(hop) for hop in dataset["hop"].values]
    parts = [
        f"{title} {_number(median)} ({_number(low)} to {_number(high)})"
        for title, low, median, high in zip(_hop_titles(dataset, hops), *cents, strict=True)
    ]
    return (
        f"Cents of one dollar of AI spending kept as profit, {_date(dataset, record)}, "
        f"median (5 to 95%): {', '.join(parts)}."
    )


def _cents(dataset: xr.Dataset, place: int) -> _Cents:
    if "dollar_profit_quantile" not in dataset:
        raise UsageError("the run kept no quantiles of dollar_profit. Add it to fans in [run] and run again.")
    record = dataset["dollar_profit_quantile"].isel(time=place)
    low, median, high = (
        100.0 * record.sel(quantile=q, method="nearest").transpose("hop").values.astype(np.float64)
        for q in (0.05, 0.50, 0.95)
    )
    return _Cents(low, median, high)


def _draw_intervals(ax: Axes, cents: _Cents, rows: NDArray[np.float64], theme: Theme) -> None:
    width = 0.14 * font_size(ax)
    lines = ax.hlines(rows, cents.low, cents.high, color=theme.text, linewidth=width, zorder=3)
    # Without a halo the line drowns in bars of its own lightness.
    lines.set_path_effects([withStroke(linewidth=2.2 * width, foreground=theme.background)])


def _mark_start(ax: Axes, start: NDArray[np.float64], rows: NDArray[np.float64], theme: Theme) -> None:
    size = font_size(ax)
    ax.scatter(
        start, rows, s=(0.62 * size) ** 2, marker="D",
        facecolor=theme.background, edgecolor=theme.text, linewidth=1.2, zorder=4,
    )  # fmt: skip


def _frame(ax: Axes, shown: NDArray[np.float64], n_hop: int, *, narrow: bool, theme: Theme) -> None:
    """Set limits that hold all that is shown, grid and the axis in cents."""
    low, high = min(0.0, float(np.nanmin(shown))), max(0.0, float(np.nanmax(shown)))
    room = 0.03 * max(high - low, 1.0)
    ax.set_xlim(low - room, high + room)
    ax.set_ylim(n_hop - 0.45, -0.85 if narrow else -0.6)
    if not narrow:
        ax.xaxis.grid(True, color=theme.grid, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.locator_params(axis="x", nbins=5 if narrow else 8)
    ax.xaxis.set_major_formatter(lambda value, _position: f"{value:g}¢".replace("-", _MINUS))


def _label_rows(ax: Axes, titles: list[str], cents: _Cents, *, narrow: bool, theme: Theme) -> None:
    """Name each bar and write its numbers beside it, or above it where there is no room beside."""
    ax.set_yticks([] if narrow else range(len(titles)), [] if narrow else titles, color=theme.text)
    for row, (title, low, median, high) in enumerate(zip(titles, *cents, strict=True)):
        number, spread = f"{_number(median)}¢", f"{_number(low)} to {_number(high)}"
        if narrow:
            _write(ax, title, 0.0, row - 0.24, color=theme.text, ha="left", va="bottom")
            _write(ax, number, 0.68, row - 0.24, color=theme.text, weight="bold", va="bottom")
            _write(ax, spread, 1.0, row - 0.24, color=theme.muted, va="bottom")
        else:
            _write(ax, number, 1.0, row, 3.6, color=theme.text, weight="bold")
            _write(ax, spread, 1.0, row, 4.2, color=theme.muted, ha="left")


def _write(
    ax: Axes,
    text: str,
    across: float,
    row: float,
    shift: float = 0.0,
    *,
    color: str,
    ha: str = "right",
    va: str = "center_baseline",
    weight: str = "normal",
) -> None:
    """Put text at a fraction of the width and a row, shifted right by `shift` letters."""
    size = font_size(ax)
    ground = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 1.0}
    ax.annotate(
        text, (across, row), (shift * size, 0.0),
        xycoords=ax.get_yaxis_transform(), textcoords="offset points",
        color=color, ha=ha, va=va, weight=weight, fontsize=size, bbox=ground, annotation_clip=False,
    )  # fmt: skip


def _write_titles(ax: Axes, dataset: xr.Dataset, record: int, *, narrow: bool, theme: Theme) -> None:
    size = font_size(ax)
    mean = dataset["dollar_profit_mean"].isel(time=record)
    outside = 100.0 * (1.0 - float(mean.sum("hop")))
    what = f"Cents of $1 kept as profit: bar median, line 5{_DASH}95%"
    what += f", \N{WHITE DIAMOND} {_date(dataset, 0)}." if record else "."
    rest = f"Below zero: investors pay in. Spent outside the chain: {_number(outside)}¢."
    lines = textwrap.wrap(f"{what} {rest}", 52) if narrow else [what, rest]
    ax.annotate(
        "\n".join(lines), (0.0, 1.0), (0.0, 0.8 * size), xycoords="axes fraction",
        textcoords="offset points", color=theme.muted, fontsize=size, linespacing=1.35,
    )  # fmt: skip
    ax.set_title(
        f"Who keeps the AI dollar, {_date(dataset, record)}", loc="left", weight="bold", color=theme.text,
        pad=size * (1.2 + 1.6 * len(lines)), fontsize=(1.35 if narrow else 1.6) * size,
    )  # fmt: skip


def _hop_titles(dataset: xr.Dataset, hops: list[str]) -> list[str]:
    if "hop_title" in dataset.coords:
        return [str(title) for title in dataset["hop_title"].values]
    return [hop.replace("_", " ").capitalize() for hop in hops]


def _date(dataset: xr.Dataset, record: int) -> str:
    """Name a record: ``July 2036`` where time is a date."""
    time = dataset["time"].values[record]
    if np.issubdtype(time.dtype, np.datetime64):
        return f"{time.astype('datetime64[D]').item():%B %Y}"
    return f"year {float(time):g}"


def _number(value: float) -> str:
    """Round to tenths below ten and to whole cents above, with a true minus sign and no negative zero."""
    text = f"{value:.1f}" if abs(value) < 9.95 else f"{value:.0f}"
    return text.replace("-", _MINUS) if float(text) else "0"
