"""What `sandwich-sim sensitivity --new-runs` prints more: total-order indices and Shapley effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.analysis.sensitivity import STUDENT
from sandwich_sim.cli.output import clean_line, screen_width, wrap
from sandwich_sim.cli.sensitivity_table import say_rows, with_error

if TYPE_CHECKING:
    from sandwich_sim.studies.sensitivity_runs import NewRuns

_NAME = 50


def print_swaps(swaps: NewRuns) -> None:
    """Print both indices of every player, one table an outcome."""
    found = swaps.found
    for column, metric in enumerate(swaps.metrics):
        click.echo()
        for line in wrap(clean_line(f"New runs: {metric.label}"), screen_width()):
            click.echo(click.style(line, bold=True))
        rows = [
            [
                _name(swaps.players[row]),
                with_error(100.0 * found.total[row, column], 100.0 * found.total_error[row, column]),
                with_error(100.0 * found.shapley[row, column], 100.0 * found.shapley_error[row, column]),
            ]
            for row in (-found.shapley[:, column]).argsort(kind="stable")
        ]
        say_rows("Input", ("total, %", "Shapley, %"), rows)
    click.echo()
    text = (
        f"{swaps.n_simulated:,} trajectories of new runs, in which inputs are drawn anew one by one. total: "
        "what an input does alone and together with others; Shapley: its fair share of the variance, 100% in "
        "all. Correlated inputs are one. ± half the 95% interval."
    )
    for line in wrap(text, screen_width()):
        click.echo(click.style(line, dim=True))


def _name(name: str) -> str:
    name = clean_line(name)
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def swaps_document(swaps: NewRuns) -> dict[str, Any]:
    """Return everything as plain values."""
    found = swaps.found

    def estimate(value: float, error: float) -> dict[str, Any]:
        half = STUDENT * error
        return {"value": value, "standard_error": error, "interval": [value - half, value + half]}

    return {
        "trajectories": found.n,
        "simulated": swaps.n_simulated,
        "outcomes": [
            {
                "name": metric.name,
                "variance": float(found.variance[column]),
                "inputs": [
                    {
                        "name": player,
                        "total_order": estimate(
                            float(found.total[row, column]), float(found.total_error[row, column])
                        ),
                        "shapley": estimate(
                            float(found.shapley[row, column]), float(found.shapley_error[row, column])
                        ),
                    }
                    for row, player in enumerate(swaps.players)
                ],
            }
            for column, metric in enumerate(swaps.metrics)
        ],
    }
