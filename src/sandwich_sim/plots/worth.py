"""What knowing an input would be worth to a choice, in cents for each dollar invested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.analysis.worth import STUDENT_CHOICE, ChoiceWorth, Worth
from sandwich_sim.errors import UsageError
from sandwich_sim.plots.maps import label_row, row_frame
from sandwich_sim.plots.panel import Panel
from sandwich_sim.plots.quantities import Scale, number, shorten
from sandwich_sim.plots.style import LIGHT, Theme, ink, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_INPUT = 10


def plot_worth(found: Worth, ax: Axes, *, theme: Theme = LIGHT) -> Axes:
    """Draw what knowing each input would be worth, the most valuable first.

    Parameters
    ----------
    found : Worth
        With a choice.

    Raises
    ------
    UsageError
        If there is no choice.
    """
    choice = _choice(found)
    panel = Panel(ax, theme)
    rows = _strongest(choice)
    panel.fit_rows(len(rows), 2.6)
    cents = 100.0 * choice.worth
    half = STUDENT_CHOICE * 100.0 * choice.worth_error
    for place, row in enumerate(rows):
        ax.barh(place + 0.05, max(cents[row], 0.0), height=0.24, color=mark(theme), zorder=2)
        ax.plot(
            [max(cents[row] - half[row], 0.0), cents[row] + half[row]], [place + 0.05] * 2,
            color=ink(theme, 0), linewidth=1.4, zorder=3,
        )  # fmt: skip
        label_row(panel, place, shorten(found.names[row], 34), f"{number(cents[row], '¢')}")
    row_frame(panel, 0.0, float(np.max(cents[rows] + half[rows])), len(rows), Scale(1.0, "¢", ""))
    panel.finish(
        "What knowing an input is worth",
        f"Cents for each dollar, were it known before choosing among {len(choice.choices)} books; line: 95% "
        f"interval. Knowing everything: {number(100.0 * choice.loss, '¢')}. {found.n:,} trajectories.",
    )
    return ax


def describe_worth(found: Worth) -> str:
    """Say what `plot_worth` shows, for readers who cannot see it."""
    choice = _choice(found)
    parts = [f"{found.names[row]} {number(100.0 * choice.worth[row], '¢')}" for row in _strongest(choice)]
    everything = number(100.0 * choice.loss, "¢")
    return (
        f"Worth of knowing an input before choosing, for each dollar: {'; '.join(parts)}; all {everything}."
    )


def _choice(found: Worth) -> ChoiceWorth:
    if found.choice is None:
        raise UsageError("there is no choice to draw. Give the scenario two positions or more.")
    return found.choice


def _strongest(choice: ChoiceWorth) -> list[int]:
    return [int(row) for row in np.argsort(-choice.worth, kind="stable")[:N_INPUT]]
