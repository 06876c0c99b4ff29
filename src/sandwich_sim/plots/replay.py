"""One trajectory among all of its run, or the trajectories of a tail together, as six panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sandwich_sim.analysis.story import Story, TailStory
from sandwich_sim.analysis.story_words import month, percent, plain, side
from sandwich_sim.plots.fans import draw_fan, fan_range
from sandwich_sim.plots.maps import label_row, row_frame
from sandwich_sim.plots.panel import Panel, text_width
from sandwich_sim.plots.quantities import Fan, Scale, fan_of, shorten
from sandwich_sim.plots.style import (
    DARK,
    LIGHT,
    Size,
    Theme,
    hop_colors,
    ink,
    line_colors,
    mark,
    new_panels,
    plain_text,
)
from sandwich_sim.variables import VARIABLES

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

N_ROW = 6
"""Inputs that are drawn at most."""
N_NAMED = 5
"""Lines that are told apart by color; further ones are thin."""
_TICKS = ((-2.326, "1%"), (-1.282, "10%"), (0.0, "50%"), (1.282, "90%"), (2.326, "99%"))
_REACH = 3.6
"""Scores farther out are drawn here: one in 3,000."""
_PLAIN = Scale(1.0, "", "")


def draw_replay(
    found: Story | TailStory, dataset: xr.Dataset, *, size: Size = "slide", is_dark: bool = False
) -> tuple[Figure, str]:
    """Draw a story, or a tail, over the fans of its run.

    Parameters
    ----------
    found : Story or TailStory
    dataset : xarray.Dataset
        The summary of the run.
    size : {"slide", "page", "phone"}
    is_dark : bool
        On a dark ground.

    Returns
    -------
    tuple of Figure and str
        The figure, and what it shows in words.
    """
    theme = DARK if is_dark else LIGHT
    with plain_text():
        panels = new_panels(6, size, theme, height=2.7, on_slide=3)
        if isinstance(found, TailStory):
            _draw_tail(found, dataset, panels, theme)
            words = describe_tail(found)
        else:
            _draw_story(found, dataset, panels, theme)
            words = describe_story(found)
    figure = panels[0].get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure, words


def _draw_story(story: Story, dataset: xr.Dataset, panels: Sequence[Axes], theme: Theme) -> None:
    hop = told_hop(story)
    plot_path(
        story, dataset, panels[0], "gap", theme=theme, title=f"Trajectory {story.trajectory:,}: the gap"
    )
    plot_path(story, dataset, panels[1], "all_in_margin", theme=theme)
    plot_path(story, dataset, panels[2], "capex", theme=theme)
    plot_path(story, dataset, panels[3], f"profit.{hop}", theme=theme)
    plot_inputs(story, panels[4], theme=theme)
    plot_sums(story, panels[5], theme=theme)


def told_hop(story: Story) -> str:
    """Return the hop whose profit over the run lies farthest from the middle, among those that are told."""
    ranks = {
        hop: abs(each.rank - 0.5)
        for each in story.standings
        for hop in [each.name.partition(".")[2]]
        if each.name.startswith("cumulative_profit.") and hop in story.hops and each.lower is not None
    }
    return max(ranks, key=lambda hop: ranks[hop]) if ranks else next(iter(story.hops))


def plot_path(
    story: Story, dataset: xr.Dataset, ax: Axes, name: str, *, theme: Theme = LIGHT, title: str = ""
) -> Axes:
    """Draw one series of a trajectory over the fan of all, with what happened to it.

    Leaps and releases stand on the gap, busts as bands, events as diamonds on the all-in margin.
    """
    panel, fan = Panel(ax, theme), fan_of(dataset, name)
    values = fan.scale.factor * story.series[name].values
    _draw_ground(panel, fan, dataset, name, theme)
    for each in story.happenings:
        if each.kind == "bust" and each.series == name:
            until = story.dates.index(each.until)
            ax.axvspan(fan.years[each.record], fan.years[until], color=mark(theme), alpha=0.12, linewidth=0)
    ax.plot(fan.years, values, color=mark(theme), linewidth=0.2 * panel.size, zorder=4)
    _draw_marks(panel, story, fan, name, values)
    _frame(panel, fan, [values])
    panel.finish(title or _title(story, name), _note(story, fan, name))
    return ax


def _draw_ground(panel: Panel, fan: Fan, dataset: xr.Dataset, name: str, theme: Theme) -> None:
    hop = name.partition(".")[2]
    hops = [str(each) for each in dataset["hop"].values]
    draw_fan(panel, fan, hop_colors(hops, theme)[hop] if hop else ink(theme, 1))


def _draw_marks(panel: Panel, story: Story, fan: Fan, name: str, values: Floats) -> None:
    kinds = {"gap": (("leap", "^"), ("release", "v")), "all_in_margin": (("event", "D"),)}.get(name, ())
    for kind, shape in kinds:
        at = [each.record for each in story.happenings if each.kind == kind]
        panel.ax.scatter(
            fan.years[at], values[at], marker=shape, s=(0.62 * panel.size) ** 2, zorder=5,
            facecolor=panel.theme.background if kind == "release" else mark(panel.theme),
            edgecolor=mark(panel.theme), linewidth=0.1 * panel.size, clip_on=False,
        )  # fmt: skip


def _frame(panel: Panel, fan: Fan, lines: Sequence[Floats]) -> None:
    """Axes that hold the fan and all lines; one far line does not flatten the fan out of sight."""
    low, high = fan_range([fan])
    shown = np.concatenate(lines)
    shown = shown[np.isfinite(shown)]
    if shown.size:
        low, high = min(low, float(shown.min())), max(high, float(shown.max()))
    panel.years(fan.years)
    panel.values(low, high, fan.scale)


def _title(story: Story, name: str) -> str:
    base, _, hop = name.partition(".")
    title = VARIABLES[base].long_name.partition(" (")[0].partition(", ")[0]
    return f"{title}, {shorten(story.hops[hop], 24)}" if hop else title


def _note(story: Story, fan: Fan, name: str) -> str:
    """Say what the marks mean, and where the line ends."""
    told = story.series[name]
    said = []
    if np.isfinite(told.rank[-1]):
        said.append(f"Ends {side(float(told.rank[-1]))} of all")
    if name == "gap":
        said.append("▲ closed leap, ▽ strong open release")
    if name == "all_in_margin":
        dated = sorted((each.when, each.name) for each in story.events if each.when)
        met = [f"{name.replace('_', ' ')} {month(when)}" for when, name in dated]
        said.append(f"◆ {', '.join(met)}" if met else "no event")
    if any(each.kind == "bust" and each.series == name for each in story.happenings):
        said.append("band: bust")
    unit = f"In {fan.scale.unit}. " if fan.scale.unit else ""
    return f"{unit}{'; '.join(said)}." if said else unit.strip()


def plot_inputs(story: Story, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw the most unusual inputs of a trajectory, each on the scale of its own quantiles."""
    panel = Panel(ax, theme)
    chosen = story.inputs[:N_ROW]
    panel.fit_rows(N_ROW, 2.9)
    for row, each in enumerate(chosen):
        score = float(np.clip(each.score, -_REACH, _REACH))
        ax.plot([0.0, score], [row, row], color=ink(theme, 2), linewidth=0.12 * panel.size, zorder=2)
        ax.scatter(score, row, s=(0.66 * panel.size) ** 2, color=mark(theme), linewidth=0, zorder=3)
        beside = " *" if each.given_rarity < each.rarity else ""
        words = f"{plain(each.value)}, {percent(each.quantile)}{beside}"
        label_row(panel, row, _fit(panel, each.name, words), words)
    _score_frame(panel, len(chosen))
    remark = " *: rarer beside its partners." if _has_beside(story) else ""
    panel.finish(
        "Its most unusual inputs",
        f"Value and quantile; {story.n_unusual} of {len(story.inputs)} beyond 95%.{remark}",
    )
    return ax


def _has_beside(story: Story) -> bool:
    return any(each.given_rarity < each.rarity for each in story.inputs[:N_ROW])


def _fit(panel: Panel, title: str, words: str) -> str:
    """Cut a row's title to the room that its numbers leave."""
    figure = panel.ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    points = 72.0 * float(figure.get_figwidth()) * panel.ax.get_position().width
    room = points / panel.row_size - text_width(words) - 3.0
    most = len(title)
    while most > 8 and text_width(shorten(title, most)) > room:
        most -= 1
    return shorten(title, most)


def _score_frame(panel: Panel, n_row: int) -> None:
    ax = panel.ax
    ax.set_xlim(-_REACH - 0.2, _REACH + 0.2)
    panel.mark_across([tick for tick, _ in _TICKS], [text for _, text in _TICKS])
    ax.set_yticks([])
    ax.set_ylim(max(n_row, 1) - 0.45, -0.75)
    for tick, _ in _TICKS:
        ax.axvline(
            tick, color=panel.theme.muted if tick == 0.0 else panel.theme.grid, linewidth=0.8, zorder=1
        )


def plot_sums(story: Story, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw the profit of every hop over the run, and where it lies among all trajectories."""
    panel = Panel(ax, theme)
    chosen = [each for each in story.standings if each.name.startswith("cumulative_profit.")]
    panel.fit_rows(len(chosen), 2.6)
    colors = hop_colors([each.name.partition(".")[2] for each in chosen], theme)
    for row, each in enumerate(chosen):
        ax.barh(row + 0.06, each.value, height=0.3, color=colors[each.name.partition(".")[2]], zorder=2)
        where = "" if each.lower is None else f", {percent(each.rank)}"
        words = f"{plain(each.value)}{where}"
        label_row(panel, row - 0.12, _fit(panel, each.title, words), words)
    values = [each.value for each in chosen if np.isfinite(each.value)]
    row_frame(panel, min([0.0, *values]), max([0.0, *values]), len(chosen), _PLAIN)
    known = any(each.lower is not None for each in chosen)
    remark = ", and quantile" if known else "; the run kept no quantiles of it"
    panel.finish("Profit over the run", f"In bn USD{remark}.")
    return ax


def _draw_tail(tail: TailStory, dataset: xr.Dataset, panels: Sequence[Axes], theme: Theme) -> None:
    names = tail_series(tail)
    for place, (name, axes) in enumerate(zip(names, panels, strict=False)):
        plot_tail(tail, dataset, axes, name, theme=theme, is_first=not place)
    plot_shared(tail, panels[5], theme=theme)


def tail_series(tail: TailStory) -> list[str]:
    """Return the five series that a tail's figure shows, the outcome's own first."""
    story = tail.stories[0]
    base, _, rest = tail.outcome.partition(" @ ")[0].partition(".")
    hop = rest if rest in story.hops else next(iter(story.hops))
    own = f"{base}.{rest}" if rest else base
    wanted = [own, f"profit.{hop}", f"margin.{hop}", "gap", "all_in_margin", "capex", "inference_margin"]
    return [name for name in dict.fromkeys(wanted) if name in story.series][:5]


def plot_tail(
    tail: TailStory, dataset: xr.Dataset, ax: Axes, name: str, *, theme: Theme = LIGHT, is_first: bool = False
) -> Axes:
    """Draw one series of all trajectories of a tail over the fan of the run."""
    panel, fan = Panel(ax, theme), fan_of(dataset, name)
    draw_fan(panel, fan, ink(theme, 2))
    colors, lines = line_colors(N_NAMED, theme), []
    for place, story in enumerate(tail.stories):
        values = fan.scale.factor * story.series[name].values
        color = colors[place] if place < N_NAMED else ink(theme, 2)
        width = (0.2 if not place else 0.14) if place < N_NAMED else 0.07
        ax.plot(
            fan.years, values, color=color, linewidth=width * panel.size, zorder=5 - min(place, N_NAMED) / 9
        )
        if is_first and place < N_NAMED:
            panel.label_end(values[-1], f"{story.trajectory:,}", color, bold=not place)
        lines.append(values)
    _frame(panel, fan, lines)
    heading = _title(tail.stories[0], name)
    unit = f"In {fan.scale.unit}. " if fan.scale.unit else ""
    if is_first:
        n = len(tail.stories)
        text = (
            f"{unit}{'The' if n == 1 else f'The {n}'} {tail.end} by {tail.label[0].lower()}{tail.label[1:]}."
        )
        panel.finish(heading, text)
    else:
        panel.finish(heading, unit.strip())
    return ax


def plot_shared(tail: TailStory, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw what the trajectories of a tail have in common: a dot each, and the mean of all looked at."""
    panel = Panel(ax, theme)
    chosen = tail.shared[:N_ROW]
    panel.fit_rows(N_ROW, 2.9)
    for row, each in enumerate(chosen):
        for place, story in enumerate(tail.stories[:N_NAMED]):
            score = _score_of(story, each.name)
            if score is not None:
                color = line_colors(N_NAMED, theme)[place]
                x = float(np.clip(score, -_REACH, _REACH))
                ax.scatter(x, row, s=(0.5 * panel.size) ** 2, color=color, linewidth=0, zorder=3)
        ax.plot([each.mean_score] * 2, [row - 0.2, row + 0.2], color=theme.text, linewidth=0.16 * panel.size)
        words = f"mean at {percent(each.quantile)}"
        name = each.title if each.name.startswith("shock.") else each.name
        label_row(panel, row - 0.1, _fit(panel, name, words), words)
    _score_frame(panel, len(chosen))
    panel.finish(
        f"In common: the {tail.end} {tail.n_shared}" if chosen else "Nothing in common",
        f"Quantiles of what was drawn; bar: mean of {tail.n_shared}."
        if chosen
        else "No input is farther off than chance explains.",
    )
    return ax


def _score_of(story: Story, name: str) -> float | None:
    scores = {each.name: each.score for each in story.inputs} | {each.name: each.score for each in story.luck}
    return scores.get(name)


def describe_story(story: Story) -> str:
    """Say what the figure of a story shows, for readers who cannot see it."""
    busts = sum(each.kind == "bust" for each in story.happenings)
    return (
        f"Six panels on trajectory {story.trajectory:,} of {story.title}: its gap, all-in margin, capital "
        f"spending ({busts} busts in all) and profit over the fans of the run, its most unusual inputs, and "
        f"the profit of every hop. {story.headline[0]}"
    )


def describe_tail(tail: TailStory) -> str:
    """Say what the figure of a tail shows, for readers who cannot see it."""
    shared = ", ".join(f"{each.title} {side(each.quantile)} on average" for each in tail.shared[:3])
    numbers = ", ".join(f"{index:,}" for index in tail.trajectories)
    return (
        f"Six panels on the {tail.end} trajectories of {tail.title} by {tail.label} ({numbers}) over the "
        f"fans of the run. In common: {shared or 'nothing that chance would not give'}."
    )
