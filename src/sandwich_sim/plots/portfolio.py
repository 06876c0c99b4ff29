"""A book of positions on both maps, what it is made of, and what moves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.analysis.portfolio import Portfolio
from sandwich_sim.analysis.portfolio_shares import ShareDensity
from sandwich_sim.plots.maps import label_row, row_frame
from sandwich_sim.plots.panel import Panel, nice_ticks
from sandwich_sim.plots.quantities import Scale, number, shorten
from sandwich_sim.plots.style import LIGHT, Theme, hop_colors, ink, is_narrow, mark
from sandwich_sim.scenario.input_titles import input_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sandwich_sim.analysis.portfolio import Place

_PLAIN = Scale(1.0, "", "")
N_DRIVER = 8


def plot_positions(
    portfolio: Portfolio, densities: Sequence[ShareDensity], ax: Axes, *, theme: Theme = LIGHT
) -> Axes:
    """Draw how the discounted revenue and profit shares of each position are spread.

    Parameters
    ----------
    portfolio : Portfolio
    densities : sequence of ShareDensity
        What `share_densities` returns of the same run.
    """
    panel = Panel(ax, theme)
    places = (*portfolio.positions, portfolio.book)
    for row, (place, density) in enumerate(zip(places, densities, strict=True)):
        top = max(density.revenue.max(), density.profit.max(), 1e-12)
        for counts, color in ((density.revenue, ink(theme, 2)), (density.profit, mark(theme))):
            heights = 0.5 * np.repeat(counts / top, 2)
            ax.fill_between(
                100.0 * np.repeat(density.edges, 2)[1:-1], row + 0.3, row + 0.3 - heights, color=color,
                alpha=0.4, linewidth=0, zorder=2,
            )  # fmt: skip
        label_row(panel, row - 0.22, shorten(place_title(place), 26), position_words(place))
    low, high = (100.0 * end for end in densities[0].edges[[0, -1]])
    row_frame(panel, low, high, len(places))
    ax.set_ylim(len(places) - 0.55, -0.95)
    panel.finish(
        "The book on both maps",
        "Share of the chain's revenue (gray) and profit (color) over the whole run, discounted; "
        f"the outermost 2% are cut off; {portfolio.n:,} trajectories.",
    )
    return ax


def place_title(place: Place) -> str:
    """Return the name of a position as words."""
    words = place.name.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def position_words(place: Place) -> str:
    """Say how often a position's profit share is above its revenue share."""
    if place.beats is None:
        return ""
    return f"profit above revenue: {number(100.0 * place.beats.value, '%')}"


def plot_book_parts(portfolio: Portfolio, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw what each hop adds to the book's discounted profit, on average and in its worst 5%."""
    panel = Panel(ax, theme)
    colors = hop_colors([part.hop for part in portfolio.by_hop], theme)
    for row, part in enumerate(portfolio.by_hop):
        ax.barh(row - 0.02, part.mean.value, height=0.22, color=colors[part.hop], zorder=2)
        ax.barh(row + 0.22, part.in_worst.value, height=0.18, color=colors[part.hop], alpha=0.4, zorder=2)
        words = f"{number(part.mean.value)}, in the worst 5%: {number(part.in_worst.value)}"
        label_row(panel, row - 0.14, shorten(part.title, 24), words)
    values = [value for part in portfolio.by_hop for value in (part.mean.value, part.in_worst.value)]
    row_frame(panel, min(0.0, np.nanmin(values)), max(0.0, np.nanmax(values)), len(portfolio.by_hop), _PLAIN)
    effective = portfolio.effective_hops
    count = f"{effective.value:.1f}" if effective is not None else "not defined"
    panel.finish(
        "What the book is made of",
        "Discounted profit by hop, bn USD: mean, and pale in the book's worst 5%. As concentrated as "
        f"{count} equal hops.",
    )
    return ax


def plot_drivers(portfolio: Portfolio, ax: Axes, *, titles: Mapping[str, str], theme: Theme = LIGHT) -> Axes:
    """Draw the book's mean discounted profit in the lowest and the highest fifth of each input.

    Parameters
    ----------
    portfolio : Portfolio
    titles : mapping of str to str
        Of all hops of the chain (`quantities.hop_titles`).
    """
    panel = Panel(ax, theme)
    drivers = portfolio.by_driver[:N_DRIVER]
    profit = portfolio.book.profit
    middle = profit.mean.value if profit is not None else 0.0
    for row, driver in enumerate(drivers):
        low, high = driver.low.value, driver.high.value
        ax.plot(
            [low, high], [row, row], color=ink(theme, 2), linewidth=0.5 * panel.size, solid_capstyle="butt"
        )
        for value, color in ((low, ink(theme, 2)), (high, mark(theme))):
            ax.scatter(value, row, s=(0.6 * panel.size) ** 2, color=color, linewidth=0, zorder=3)
        label_row(
            panel,
            row,
            shorten(input_title(driver.parameter, titles), 64 if not is_narrow(ax) else 34),
            f"{number(100.0 * driver.variance.value, '%')} of variance",
        )
    values = [middle, *(v for driver in drivers for v in (driver.low.value, driver.high.value))]
    left, right = float(np.nanmin(values)), float(np.nanmax(values))
    ticks = nice_ticks(left, max(right, left + 1e-9), 4)
    step = ticks[1] - ticks[0]
    places = range(int(np.floor(left / step + 1e-9)), int(np.ceil(right / step - 1e-9)) + 1)
    ticks = [step * place for place in places]
    row_frame(panel, ticks[0], ticks[-1], max(len(drivers), 1), _PLAIN, ticks=ticks)
    rows = np.arange(len(drivers))
    ax.vlines(np.full(len(drivers), middle), rows - 0.1, rows + 0.45, color=theme.muted, linewidth=0.9)
    panel.finish(
        "What moves the book most",
        "Its mean discounted profit, bn USD, where an input is in its lowest (gray) and its highest fifth "
        f"(color); line: over all trajectories, {number(middle)}.",
    )
    return ax


def describe_positions(portfolio: Portfolio) -> str:
    """Say what `plot_positions` shows, for readers who cannot see it."""
    parts = []
    for place in (*portfolio.positions, portfolio.book):
        revenue, profit = place.discounted_revenue_share, place.discounted_profit_share
        if revenue is not None and profit is not None:
            medians = [number(100.0 * each.quantiles[0.5].value, "%") for each in (revenue, profit)]
            shares = f"{medians[0]} of revenue, {medians[1]} of profit"
            parts.append(f"{place_title(place)} {shares}, {position_words(place)}")
    return f"Spread of discounted shares over the trajectories, medians: {'; '.join(parts)}."


def describe_book_parts(portfolio: Portfolio) -> str:
    """Say what `plot_book_parts` shows, for readers who cannot see it."""
    parts = [
        f"{part.title} {number(part.mean.value)} (worst 5%: {number(part.in_worst.value)})"
        for part in portfolio.by_hop
    ]
    return f"Bars: the book's mean discounted profit by hop, bn USD: {'; '.join(parts)}."


def describe_drivers(portfolio: Portfolio, titles: Mapping[str, str]) -> str:
    """Say what `plot_drivers` shows, for readers who cannot see it."""
    parts = [
        f"{input_title(driver.parameter, titles)} {number(driver.low.value)} to {number(driver.high.value)}"
        for driver in portfolio.by_driver[:N_DRIVER]
    ]
    what = "The book's mean profit from the lowest to the highest fifth of each input"
    return f"{what}, bn USD: {'; '.join(parts)}."
