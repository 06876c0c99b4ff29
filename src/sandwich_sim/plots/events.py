"""The one number to watch, and how likely each event is by when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.falsified import SinglePaths
from sandwich_sim.plots.fans import KEY, draw_fan, fan_note, fan_range
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import Scale, decimal_years, fan_of, number, scale_of
from sandwich_sim.plots.style import LIGHT, Theme, ink, mark

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

READINGS = ("thesis_falsified", "lab_profit_center")
"""Events that read the falsification condition: in the author's words, and strictly."""
_DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "-",
    (0, (4, 2)),
    (0, (1, 1.2)),
    (0, (5, 1.5, 1, 1.5)),
)


def plot_watch(
    dataset: xr.Dataset,
    ax: Axes,
    *,
    paths: SinglePaths | None = None,
    theme: Theme = LIGHT,
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draw the fan of the labs' all-in margin, and single paths that falsify the thesis.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run.
    paths : SinglePaths, optional
        What `paths_of_event` returns; drawn thin, in another color.
    limits : tuple of float, optional
        Range of the margin, such as one for several runs (`watch_limits`) [%].
    """
    name = "all_in_margin" if paths is None else paths.series
    panel = Panel(ax, theme)
    fan = fan_of(dataset, name)
    draw_fan(panel, fan, ink(theme, 1))
    note = (
        f"Labs' margin after training. {fan_note(dataset, fan)}. {KEY if fan.quantiles is not None else ''}"
    )
    if paths is not None and len(paths.values):
        every = (fan.years.size - 1) // (paths.values.shape[1] - 1)
        for values in scale_of(name).factor * paths.values:
            ax.plot(
                fan.years[::every],
                values,
                color=mark(theme),
                linewidth=0.06 * panel.size,
                alpha=0.8,
                zorder=3,
            )
        note += f" Thin: {len(paths.values)} of the {paths.n_found:,} single paths that falsify"
        note += " in the author's words" if paths.event == READINGS[0] else f" ({paths.event})"
        note += f", among the first {paths.n_read:,}."
    panel.years(fan.years)
    panel.values(*(limits or watch_limits(dataset, paths)), fan.scale)
    panel.finish("The one number to watch: the all-in margin", note)
    return ax


def watch_limits(dataset: xr.Dataset, paths: SinglePaths | None = None) -> tuple[float, float]:
    """Return the range that holds all that `plot_watch` draws of a run [%]."""
    name = "all_in_margin" if paths is None else paths.series
    low, high = fan_range([fan_of(dataset, name)])
    if paths is not None and len(paths.values):
        single = scale_of(name).factor * paths.values
        low, high = min(low, float(np.nanmin(single))), max(high, float(np.nanmax(single)))
    return low, high


def plot_events(
    dataset: xr.Dataset,
    ax: Axes,
    *,
    events: Sequence[str] = READINGS,
    theme: Theme = LIGHT,
    top: float | None = None,
) -> Axes:
    """Draw the probability that events have happened, year by year, with 95% intervals.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run.
    events : sequence of str
        At most four; those that the scenario lacks are left out.
    top : float, optional
        End of the scale, such as one for several runs (`events_top`) [%].
    """
    panel = Panel(ax, theme)
    years = yearly(dataset)
    probabilities = event_probabilities(dataset, events)
    for level, (name, (values, errors)) in enumerate(probabilities.items()):
        color = mark(theme) if level == 0 else ink(theme, min(level - 1, 2))
        ax.fill_between(
            years, values - 2.1 * errors, values + 2.1 * errors, color=color, alpha=0.25, linewidth=0,
            step="post",
        )  # fmt: skip
        ax.step(
            years, values, color=color, linewidth=0.18 * panel.size, linestyle=_DASHES[level % 4],
            where="post",
        )  # fmt: skip
        panel.label_end(
            values[-1], f"{number(values[-1], '%')} {name.replace('_', ' ')}", color, bold=level < 2
        )
    panel.years(years)
    highest = events_top(dataset, events) if top is None else top
    # Room for the name of the topmost line below the heading.
    panel.values(0.0, 1.08 * highest, Scale(100.0, "%", ""))
    note = "Known by whole years: each step holds until the next; bands: 95% intervals."
    note = note if probabilities else "The scenario has no such event."
    scenario = str(dataset.attrs.get("title", ""))
    panel.finish("Probability that it has happened by then", f"{scenario}. {note}" if scenario else note)
    return ax


def events_top(dataset: xr.Dataset, events: Sequence[str] = READINGS) -> float:
    """Return the largest probability that `plot_events` draws of a run, one percent at least [%]."""
    return max([1.0, *(float(np.nanmax(v)) for v, _ in event_probabilities(dataset, events).values())])


def event_probabilities(
    dataset: xr.Dataset, events: Sequence[str]
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return probability and standard error by year of the events that a run has [%]."""
    if "event" not in dataset.coords:
        return {}
    known = [str(name) for name in dataset["event"].values]
    return {
        name: (
            100.0 * dataset["event_probability"].sel(event=name).values.astype(np.float64),
            100.0 * dataset["event_probability_standard_error"].sel(event=name).values.astype(np.float64),
        )
        for name in events
        if name in known
    }


def yearly(dataset: xr.Dataset) -> NDArray[np.float64]:
    """Return the dates of the yearly records as decimal years."""
    years = decimal_years(dataset)
    every = (years.size - 1) // (dataset.sizes["year"] - 1)
    return years[::every]


def describe_watch(dataset: xr.Dataset, paths: SinglePaths | None = None) -> str:
    """Say what `plot_watch` shows, for readers who cannot see it."""
    fan = fan_of(dataset, "all_in_margin")
    words = f"Fan chart of the labs' all-in margin over time. {fan_note(dataset, fan)}."
    if paths is None:
        return words
    return (
        f"{words} {len(paths.values)} of the {paths.n_found:,} single paths that falsify, among the first"
        f" {paths.n_read:,}, are drawn over it."
    )


def describe_events(dataset: xr.Dataset, events: Sequence[str] = READINGS) -> str:
    """Say what `plot_events` shows, for readers who cannot see it."""
    last = int(dataset["year"].values[-1])
    parts = [
        f"{name.replace('_', ' ')} {number(values[-1], '%')}"
        for name, (values, _) in event_probabilities(dataset, events).items()
    ]
    return f"Probability that each event has happened, by year; by {last}: {', '.join(parts) or 'no event'}."
