"""Figures of a hindcast: forecast bands with what came true, the probability transform, the skill."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import ceil, floor
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sandwich_sim.analysis.hindcast_operators import MONTHS, scale_of
from sandwich_sim.analysis.scores import FEWEST_FOR_A_CLAIM
from sandwich_sim.observations import LAST_DAY
from sandwich_sim.plots.style import LIGHT, Theme, hop_colors, ink, mark, new_figure, plain_text
from sandwich_sim.results.coordinates import decimal_year

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sandwich_sim.analysis.hindcast_result import Band, Group, Hindcast
    from sandwich_sim.observations import Observation

Kind = Literal["bands", "pit", "skill"]
FIGURES: tuple[Kind, ...] = ("bands", "pit", "skill")

TITLES = {
    "capex": "Capital spending",
    "revenue.chips": "Revenue, AI chips",
    "gross_margin.chips": "Gross margin, AI chips",
    "margin.chips": "Margin, AI chips",
    "margin.foundry": "Margin, foundry",
    "gross_margin.foundry": "Gross margin, foundry",
    "margin.memory": "Margin, memory",
    "margin.cloud": "Margin, cloud",
    "margin.datacenter": "Margin, data centers",
    "margin.power": "Margin, electricity",
    "revenue.lab": "Revenue, model labs",
    "inference_margin.lab": "Inference margin, model labs",
    "margin.lab": "Margin, model labs",
    "gap": "Capability gap",
    "capex_over_depreciation": "Capex over depreciation",
    "decline.line": "Fall of the open token price",
    "decline.cost": "Fall of the cost of a token",
    "ratio.compute_price": "Price of compute, ratio",
}
_MINUS = "\N{MINUS SIGN}"
_TINY, _SMALL, _HEAD = 7.5, 8.5, 13.0


def draw_hindcast(found: Hindcast, kind: Kind, theme: Theme = LIGHT) -> Figure:
    """Draw one figure of a hindcast.

    Parameters
    ----------
    found : Hindcast
    kind : {"bands", "pit", "skill"}
    theme : Theme

    Returns
    -------
    matplotlib.figure.Figure
    """
    draw = {"bands": _draw_bands, "pit": _draw_transforms, "skill": _draw_skill}[kind]
    with plain_text():
        return draw(found, theme)


def describe_hindcast(found: Hindcast, kind: Kind) -> str:
    """Say in words what a figure shows, for readers who cannot see it."""
    if kind == "bands":
        parts = [
            f"{TITLES.get(group.name, group.name)}: {group.n_inside} of {group.n} inside"
            for group in found.series
        ]
        return "Forecast bands from 5 to 95% and what came true. " + "; ".join(parts) + "."
    if kind == "pit":
        return "Where outcomes lie in their forecasts, from 0 (lowest) to 1. " + " ".join(found.words)
    parts = [
        f"{TITLES.get(group.name, group.name)} {group.skill['persistence'].value:.2f} and "
        f"{group.skill['drift'].value:.2f}"
        for group in found.series
    ]
    return "Skill against persistence and drift: " + "; ".join(parts) + "."


def _draw_bands(found: Hindcast, theme: Theme) -> Figure:
    """One panel a series; each origin its bands, every outcome a dot with its own range."""
    names = list(dict.fromkeys(band.series for band in found.bands))
    scored = {item.observation.name for item in found.forecasts}
    names = [name for name in names if name in scored]
    n_column = 3
    figure, axes = _grid(len(names), n_column, theme, height=2.05)
    for name, ax in zip(names, axes, strict=False):
        bands = [band for band in found.bands if band.series == name]
        seen = [item for item in found.outcomes if item.name == name]
        _draw_series(ax, bands, seen, theme)
    n = sum(item.is_inside for item in found.forecasts)
    _head(
        figure,
        "What was forecast, and what came true",
        f"Bands: 25 to 75% and 5 to 95% of the trajectories from each origin, lines their medians; dots: "
        f"outcomes with their own range. {n} of {len(found.forecasts)} forecasts held their outcome.",
        theme,
    )
    return figure


def _draw_series(ax: Axes, bands: Sequence[Band], seen: Sequence[Observation], theme: Theme) -> None:
    color = _color(bands[0].series, theme)
    for band in bands:
        days = [decimal_year(band.origin + timedelta(days=float(day))) for day in band.days]
        low, lower, median, upper, high = band.quantiles
        ax.fill_between(days, low, high, color=color, alpha=0.13, linewidth=0)
        ax.fill_between(days, lower, upper, color=color, alpha=0.22, linewidth=0)
        ax.plot(days, median, color=color, linewidth=1.3)
        ax.plot(days[0], median[0], "|", color=color, markersize=7)
    for item in seen:
        place = decimal_year(item.window.middle)
        ends = [decimal_year(item.window.begin), decimal_year(item.window.end)]
        ax.plot([place, place], [item.low, item.high], color=theme.text, linewidth=1.0, zorder=4)
        ax.plot(ends, [item.value, item.value], color=theme.text, linewidth=1.0, zorder=4)
        dot = ax.plot(place, item.value, "o", color=theme.text, markersize=4.2, zorder=5)[0]
        dot.set_path_effects([withStroke(linewidth=2.0, foreground=theme.background)])
    _frame_series(ax, bands[0], theme)


def _frame_series(ax: Axes, band: Band, theme: Theme) -> None:
    is_log = scale_of(band.unit) == "logarithm"
    if is_log:
        ax.set_yscale("log")
        low, high = ax.get_ylim()
        ticks = [m * 10.0**k for k in range(-2, 5) for m in (1, 2, 5) if low <= m * 10.0**k <= high]
        ax.set_yticks(ticks if len(ticks) < 7 else ticks[::2])
        ax.minorticks_off()
    else:
        ax.yaxis.set_major_locator(MaxNLocator(4))
        low, high = ax.get_ylim()
        if low < 0.0 < high:
            ax.axhline(0.0, color=theme.muted, linewidth=0.8, zorder=1)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: _value(value, band.unit)))
    ax.yaxis.grid(True, color=theme.grid, linewidth=0.6)
    ax.set_axisbelow(True)
    first, last = ax.dataLim.x0, decimal_year(LAST_DAY)
    ax.set_xlim(first - 0.05, last + 0.05)
    years = range(ceil(first), floor(last) + 1)
    ax.set_xticks(years, [str(year) for year in years])
    unit = {"fraction": "", MONTHS: ", months"}.get(band.unit, ", bn USD a year")
    ax.set_title(
        f"{TITLES.get(band.series, band.series)}{unit}", loc="left", fontsize=_SMALL, color=theme.text
    )


def _value(value: float, unit: str) -> str:
    if unit == "fraction":
        return f"{100 * value:.0f}%".replace("-", _MINUS)
    return f"{value:g}".replace("-", _MINUS)


def _draw_transforms(found: Hindcast, theme: Theme) -> Figure:
    """One panel an origin: where each outcome lies in its forecast, and how many should lie below."""
    figure, axes = _grid(len(found.origins), 2, theme, height=2.75)
    for group, ax in zip(found.origins, axes, strict=False):
        _draw_transform(ax, group, theme)
    _head(
        figure,
        "Where outcomes lie in their forecasts",
        "Share of outcomes at or below each place, 0 the lowest trajectory and 1 the highest. Along the line "
        "a forecast would be calibrated; below it, outcomes came in higher than forecast. Gray: where 99% of "
        "such curves lie at each place if outcomes were independent, which they are not.",
        theme,
    )
    return figure


def _draw_transform(ax: Axes, group: Group, theme: Theme) -> None:
    from scipy.stats import binom

    places = np.linspace(0.0, 1.0, 201)
    low, high = (binom.ppf(tail, group.n, places) / group.n for tail in (0.005, 0.995))
    ax.fill_between(places, low, high, color=theme.grid, alpha=0.8, linewidth=0, zorder=1)
    ax.plot([0, 1], [0, 1], color=theme.muted, linewidth=1.0, zorder=2)
    items = sorted(group.forecasts, key=lambda item: item.transform)
    steps = np.arange(1, group.n + 1) / group.n
    ax.step(
        [0.0, *(item.transform for item in items), 1.0], [0.0, *steps, 1.0], where="post",
        color=ink(theme, 1), linewidth=1.2, zorder=3,
    )  # fmt: skip
    for item, step in zip(items, steps, strict=True):
        color = _color(item.observation.name, theme)
        ax.plot(item.transform, step, "o", color=color, markersize=4.0, zorder=4)
    few = " (too few to judge)" if group.n < FEWEST_FOR_A_CLAIM else ""
    origin = group.forecasts[0].origin
    ax.set_title(
        f"From {origin:%B %Y}: {group.n} outcomes, {group.n_inside} inside 90%{few}",
        loc="left", fontsize=_SMALL, color=theme.text,
    )  # fmt: skip
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.04)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    ax.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])


def _draw_skill(found: Hindcast, theme: Theme) -> Figure:
    """One row a series: skill against both baselines, 95% intervals where there are enough outcomes."""
    groups = [*found.series, found.total]
    figure, ax = new_figure("page", theme, n_row=len(groups) - 5)
    tones = {"persistence": ink(theme, 0), "drift": mark(theme)}
    floor = -1.25
    for place, group in enumerate(groups):
        for kind, shift in (("persistence", -0.17), ("drift", 0.17)):
            _draw_one_skill(ax, group, kind, place + shift, tones[kind], floor)
    ax.axvline(0.0, color=theme.muted, linewidth=1.0, zorder=1)
    ax.axhline(len(groups) - 1.5, color=theme.grid, linewidth=0.8)
    names = [f"{TITLES.get(group.name, group.name.capitalize())} ({group.n})" for group in groups]
    ax.set_yticks(range(len(groups)), names, color=theme.text, fontsize=_SMALL)
    ax.set_ylim(len(groups) - 0.4, -0.6)
    ax.set_xlim(floor, 1.05)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1], [f"{_MINUS}1", f"{_MINUS}0.5", "0", "0.5", "1"], fontsize=_SMALL)
    ax.xaxis.grid(True, color=theme.grid, linewidth=0.6)
    ax.set_axisbelow(True)
    for kind, words in (("persistence", "the last known value stays"), ("drift", "its trend goes on")):
        ax.plot([], [], "o", color=tones[kind], markersize=5, label=f"against {kind}: {words}")
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.045), ncols=2, frameon=False, fontsize=_SMALL,
        labelcolor=theme.text,
    )  # fmt: skip
    _head(
        figure,
        "How much better than no model",
        "Skill by CRPS, all origins: 1 is perfect, 0 no better, below 0 worse; arrows go on. Where a line is "
        "drawn: 95% interval; elsewhere too few to tell. In brackets: forecasts.",
        theme,
    )
    return figure


def _draw_one_skill(ax: Axes, group: Group, kind: str, place: float, color: str, floor: float) -> None:
    skill = group.skill[kind]
    if skill.low == skill.low:
        ax.plot([max(skill.low, floor), skill.high], [place, place], color=color, linewidth=1.4, zorder=2)
    if skill.value < floor or skill.low < floor:
        ax.plot(floor + 0.02, place, "<", color=color, markersize=5, zorder=3, clip_on=False)
    if skill.value < floor:
        return
    ax.plot(skill.value, place, "o", color=color, markersize=5, zorder=3)


def _grid(n: int, n_column: int, theme: Theme, *, height: float) -> tuple[Figure, list[Axes]]:
    n_row = -(-n // n_column)
    figure, first = new_figure("page", theme)
    first.remove()
    figure.set_size_inches(8.6, 0.95 + n_row * height)
    axes = list(np.atleast_1d(figure.subplots(n_row, n_column, squeeze=False)).ravel())
    for ax in axes:
        ax.set_facecolor(theme.background)
        for side in ax.spines.values():
            side.set_visible(False)
        ax.tick_params(colors=theme.muted, labelsize=_TINY, length=0)
    for ax in axes[n:]:
        ax.set_visible(False)
    return figure, axes[:n]


def _head(figure: Figure, title: str, words: str, theme: Theme) -> None:
    import textwrap

    lines = "\n".join(textwrap.wrap(words, int(13.5 * figure.get_figwidth())))
    height = float(figure.get_figheight())
    room = (0.42 + 0.165 * (lines.count("\n") + 1)) / height
    figure.get_layout_engine().set(rect=(0.0, 0.0, 1.0, 1.0 - room))  # type: ignore[union-attr, call-arg]
    top = 1.0 - 0.12 / height
    figure.text(0.012, top, title, ha="left", va="top", fontsize=_HEAD, color=theme.text, weight="bold")
    figure.text(
        0.012, 1.0 - 0.38 / height, lines, ha="left", va="top", fontsize=_SMALL, color=theme.muted,
        linespacing=1.3,
    )  # fmt: skip


def _color(series: str, theme: Theme) -> str:
    """Color of the hop that a series belongs to; ink where it belongs to none."""
    hop = series.rpartition(".")[2]
    known: Iterable[str] = ("app", "lab", "cloud", "chips", "datacenter", "foundry", "memory", "power")
    return hop_colors([hop], theme)[hop] if hop in known and "." in series else ink(theme, 1)
