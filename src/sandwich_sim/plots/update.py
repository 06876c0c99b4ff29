"""Figures of an update: events, inputs, observations and outcomes before the evidence and after it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from matplotlib.patheffects import withStroke

from sandwich_sim.analysis.compare_verdict import format_number
from sandwich_sim.plots.style import LIGHT, Theme, font_size, hop_colors, ink, mark, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sandwich_sim.analysis.update_result import Chance, Moved, Posterior, Seen, Update
    from sandwich_sim.analysis.weighted import Spread

MOST_INPUTS = 12
_MINUS = "\N{MINUS SIGN}"
_FURTHEST = 4.5
"""Standard deviations from the mean beyond which a bar is cut."""


@dataclass(frozen=True)
class _Row:
    """Two bars: 5, 50 and 95% before and after; ``seen``: an observation and its interval, if any."""

    label: str
    before: tuple[float, float, float]
    after: tuple[float, float, float] | None
    color: str
    seen: tuple[float, float, float] | None = None


def update_figures(result: Update, theme: Theme = LIGHT) -> Iterator[tuple[str, Figure, str]]:
    """Draw every figure of an update; scenarios whose numbers are refused show observations alone.

    Yields
    ------
    tuple of str, Figure and str
        Name, figure, and a sentence for readers who cannot see it.
    """
    several = len(result.posteriors) > 1
    for posterior in result.posteriors:
        slug = re.sub(r"\W+", "-", posterior.name).strip("-")
        prefix = f"{slug}-" if several else ""
        if posterior.seen:
            what = "What was seen, against what was expected and what the evidence makes of it."
            yield f"{prefix}observations", draw_observations(posterior, result, theme), what
        if not posterior.is_reliable:
            continue
        if posterior.chances:
            figure = draw_events(posterior.chances, posterior, result, theme)
            yield f"{prefix}events", figure, describe_events(posterior.chances)
        if posterior.inputs:
            what = "The inputs that the evidence moved most, before and after."
            yield f"{prefix}inputs", draw_inputs(posterior, result, theme), what
        for name, rows in _by_variable(posterior.outcomes):
            figure = draw_outcomes(rows, posterior, result, theme)
            yield f"{prefix}{name}", figure, f"{name} before and after the evidence."


def describe_events(chances: Sequence[Chance]) -> str:
    """Say in one sentence what `draw_events` shows."""
    parts = [
        f"{item.label} {100.0 * item.before.value:.1f}% before, {100.0 * item.after.value:.1f}% after"
        for item in chances
    ]
    return f"Probabilities of events: {'; '.join(parts)}."


def draw_events(
    chances: Sequence[Chance], posterior: Posterior, result: Update, theme: Theme = LIGHT
) -> Figure:
    """Draw each event's probability before (ring) and after (dot), with its 95% interval."""
    figure, axes = new_figure("page", theme, n_row=max(3, 2 * len(chances) - 2))
    size = font_size(axes)
    for place, item in enumerate(chances):
        before, after = 100.0 * item.before.value, 100.0 * item.after.value
        axes.plot([before, after], [place, place], color=ink(theme, 3), linewidth=2.2, zorder=2)
        axes.plot(before, place, "o", color=theme.background, markeredgecolor=ink(theme, 1),
                  markeredgewidth=1.8, markersize=0.75 * size, zorder=3)  # fmt: skip
        half = 100.0 * item.after.half_width()
        if isfinite(half):
            axes.plot(
                [after - half, after + half], [place, place], color=mark(theme), linewidth=3.4, zorder=4
            )
        axes.plot(after, place, "o", color=mark(theme), markersize=0.75 * size, zorder=5)
        label = f"{_number(before, 1)}% → {_number(after, 1)}%"
        axes.annotate(label, (1.0, place), (6.0, 0.0), xycoords=axes.get_yaxis_transform(),
                      textcoords="offset points", va="center_baseline", ha="left", color=theme.text,
                      fontsize=0.9 * size, annotation_clip=False)  # fmt: skip
    names = [textwrap.fill(item.label, 34) for item in chances]
    axes.set_yticks(range(len(chances)), names, color=theme.text, fontsize=0.86 * size)
    axes.set_ylim(len(chances) - 0.45, -0.55)
    axes.set_xlim(-1.5, 101.5)
    axes.xaxis.set_major_formatter(lambda value, _position: f"{value:g}%")
    axes.xaxis.grid(True, color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    _write_title(figure, "How likely each event is", posterior, result,
                 "ring: before the evidence; dot: after it, with its 95% interval", theme)  # fmt: skip
    return figure


def draw_inputs(posterior: Posterior, result: Update, theme: Theme = LIGHT) -> Figure:
    """Draw the inputs that moved most, on the scale of their spread before the evidence."""
    rows = [
        _Row(
            _short(item.name),
            _scaled(item.before, item.before),
            _scaled(item.after, item.before),
            mark(theme),
        )
        for item in posterior.ranked_inputs()[:MOST_INPUTS]
    ]
    figure = _draw_rows(rows, theme, is_signed=True)
    _write_title(
        figure, "The inputs that the evidence moved most", posterior, result,
        "standard deviations from the mean before the evidence; wide bar: 5 to 95% before it, "
        "narrow bar: after it, dots: medians", theme,
    )  # fmt: skip
    return figure


def draw_observations(posterior: Posterior, result: Update, theme: Theme = LIGHT) -> Figure:
    """Draw what was seen against what trajectories had expected, each on the scale of the latter."""
    rows = []
    for item in posterior.seen:
        after = _scaled(item.after, item.before) if item.after else None
        rows.append(
            _Row(item.observation.name, _scaled(item.before, item.before), after, ink(theme, 1), _seen(item))
        )
    figure = _draw_rows(rows, theme, is_signed=True)
    keys = "narrow bar: after; " if posterior.is_reliable else ""
    _write_title(
        figure, "What was seen", posterior, result,
        f"standard deviations from what was expected; wide bar: 5 to 95% of it; {keys}"
        "diamond: what was seen, with its 90% error", theme,
    )  # fmt: skip
    return figure


def draw_outcomes(
    rows: Sequence[Moved], posterior: Posterior, result: Update, theme: Theme = LIGHT
) -> Figure:
    """Draw outcomes of one kind before and after the evidence."""
    factor = 100.0 if rows[0].unit == "1" else 1.0
    unit = "%" if rows[0].unit == "1" else rows[0].unit
    colors = hop_colors(posterior.meta.hops, theme)
    titles = dict(zip(posterior.meta.hops, posterior.meta.hop_titles, strict=True))
    drawn = [
        _Row(
            titles.get(item.hop, item.name),
            _ends(item.before, factor),
            _ends(item.after, factor),
            colors.get(item.hop, mark(theme)),
        )
        for item in rows
    ]
    figure = _draw_rows(drawn, theme, is_signed=False)
    title = rows[0].label.replace(f", {titles.get(rows[0].hop, '')}", "")
    text = f"[{unit}]; wide bar: 5 to 95% before the evidence, narrow bar: after it, dots: medians"
    _write_title(figure, title, posterior, result, text, theme)
    return figure


def _draw_rows(rows: Sequence[_Row], theme: Theme, *, is_signed: bool) -> Figure:
    figure, axes = new_figure("page", theme, n_row=max(4, len(rows)))
    size = font_size(axes)
    limits = _limits(rows)
    for place, row in enumerate(rows):
        _draw_bar(axes, place, row.before, 0.56, ink(theme, 3), limits)
        if row.after is not None:
            _draw_bar(axes, place, row.after, 0.24, row.color, limits)
        for ends, color in ((row.before, ink(theme, 2)), (row.after, theme.text)):
            if ends is not None and isfinite(ends[1]):
                dot = axes.plot(ends[1], place, "o", color=color, markersize=0.42 * size, zorder=4)[0]
                dot.set_path_effects([withStroke(linewidth=0.24 * size, foreground=theme.background)])
        if row.seen is not None:
            low, value, high = (min(max(each, limits[0]), limits[1]) for each in row.seen)
            axes.plot([low, high], [place, place], color=mark(theme), linewidth=1.8, zorder=5)
            axes.plot(value, place, "D", color=mark(theme), markersize=0.6 * size, zorder=6)
    if limits[0] < 0.0 < limits[1]:
        axes.axvline(0.0, color=theme.muted, linewidth=1.0, zorder=1.5)
    axes.xaxis.grid(True, color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    room = 0.03 * (limits[1] - limits[0])
    axes.set_xlim(limits[0] - room, limits[1] + room)
    axes.set_ylim(len(rows) - 0.45, -0.6)
    axes.set_yticks(range(len(rows)), [row.label for row in rows], color=theme.text, fontsize=0.9 * size)
    axes.locator_params(axis="x", nbins=7)
    axes.xaxis.set_major_formatter(lambda value, _position: _signed(value, is_signed))
    return figure


def _draw_bar(
    axes: Axes, place: int, ends: Sequence[float], height: float, color: str, limits: tuple[float, float]
) -> None:
    low, high = max(ends[0], limits[0]), min(ends[2], limits[1])
    if isfinite(low) and isfinite(high) and high > low:
        axes.barh(place, high - low, left=low, height=height, color=color, zorder=2 + (height < 0.5))


def _limits(rows: Sequence[_Row]) -> tuple[float, float]:
    """Return limits that hold every bar; what was seen far off is drawn at the edge."""
    ends = [end for row in rows for part in (row.before, row.after) if part for end in part if isfinite(end)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    seen = [end for row in rows if row.seen for end in row.seen if isfinite(end)]
    reach = max(abs(low), abs(high), 1e-9)
    low, high = max(min([low, *seen]), -2.5 * reach), min(max([high, *seen]), 2.5 * reach)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ends(spread: Spread, factor: float) -> tuple[float, float, float]:
    low, middle, high = (each.value * factor for each in spread.quantiles.values())
    return low, middle, high


def _scaled(spread: Spread, before: Spread) -> tuple[float, float, float]:
    """Return quantiles in standard deviations from the mean before the evidence."""
    scale = before.deviation if before.deviation > 0.0 else 1.0
    low, middle, high = (_cut((end - before.mean.value) / scale) for end in _ends(spread, 1.0))
    return low, middle, high


def _cut(value: float) -> float:
    return max(-_FURTHEST, min(_FURTHEST, value)) if isfinite(value) else value


def _seen(item: Seen) -> tuple[float, float, float]:
    """Return what was seen and the ends of 90% of its error, scaled as the bars are."""
    observation = item.observation
    reach = 1.645 * observation.error_below, 1.645 * observation.error_above
    low, high = observation.center - reach[0], observation.center + reach[1]
    if observation.scale == "log":
        low, high = observation.value * 2.718281828 ** -reach[0], observation.value * 2.718281828 ** reach[1]
    scale = item.before.deviation if item.before.deviation > 0.0 else 1.0
    ends = [(each - item.before.mean.value) / scale for each in (low, observation.value, high)]
    return ends[0], ends[1], ends[2]


def _by_variable(outcomes: Sequence[Moved]) -> list[tuple[str, list[Moved]]]:
    """Group outcomes that share a scale: one kind, one date."""
    found: dict[str, list[Moved]] = {}
    for item in outcomes:
        base, _, when = item.name.partition(" @ ")
        base = base.partition(".")[0] if item.hop else base
        found.setdefault(re.sub(r"\W+", "-", f"{base}-{when}").strip("-"), []).append(item)
    return list(found.items())


def _short(name: str) -> str:
    return name if len(name) <= 34 else f"{name[:33]}…"


def _number(value: float, digits: int) -> str:
    return format_number(value, digits)


def _signed(value: float, is_signed: bool) -> str:
    text = f"{value:g}".replace("-", _MINUS)
    return f"+{text}" if is_signed and value > 0.0 else text


def _write_title(
    figure: Figure, title: str, posterior: Posterior, result: Update, text: str, theme: Theme
) -> None:
    lines = textwrap.wrap(f"{title}: {posterior.name}, given “{result.evidence.title}”", 82)
    figure.suptitle("\n".join(lines), x=0.02, ha="left", color=theme.text, fontsize=11.5, weight="bold")
    figure.supxlabel("\n".join(textwrap.wrap(text, 118)), x=0.02, ha="left", color=theme.muted, fontsize=8.5)
