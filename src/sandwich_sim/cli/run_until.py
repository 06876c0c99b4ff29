"""`run --until`: as many trajectories as it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sandwich_sim.cli.options import WholeNumber
from sandwich_sim.cli.output import clean_line, note
from sandwich_sim.errors import UsageError

if TYPE_CHECKING:
    from sandwich_sim.cli.progress import ProgressLine
    from sandwich_sim.scenario.spec import ScenarioSpec
    from sandwich_sim.studies.run_until import UntilResult

Function = TypeVar("Function", bound=Callable[..., Any])

UNSETTLED = 4
_COLORS = {"met": "green", "holds": "green", "fails": "red", "open": "yellow"}


def until_options(function: Function) -> Function:
    """`--until` and `--most`."""
    options = (
        click.option(
            "--until",
            multiple=True,
            metavar="CONDITION",
            help="Double the trajectories until 'se(P(thesis_falsified)) < 0.002' is met, or until "
            "'P(thesis_falsified) > 0.5' is decided either way; -n is the first look.  May be repeated.",
        ),
        click.option(
            "--most",
            type=WholeNumber(min=16),
            metavar="N",
            help="With --until: at most N.  [default: 4194304]",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def check_until(options: dict[str, Any]) -> None:
    """Refuse options that do not go together."""
    if options["until"] and options["dry_run"]:
        raise UsageError("--dry-run cannot know how many trajectories --until takes. Give -n instead.")
    if options["most"] is not None and not options["until"]:
        raise UsageError("--most is for --until. Say until when, or give -n instead.")


def settle_run(
    spec: ScenarioSpec, options: dict[str, Any], choices: dict[str, Any], progress: ProgressLine
) -> UntilResult | None:
    """Find how many trajectories a run needs; None where nothing was asked."""
    if not options["until"]:
        return None
    from sandwich_sim.studies.run_until import MOST_TRAJECTORIES, settle

    names = ("trajectories", "seed", "sampler", "shocks", "threads")
    asked = {name: choices[name] for name in names}
    found = settle(
        spec, options["until"], most=options["most"] or MOST_TRAJECTORIES, **asked, progress=progress
    )
    choices["trajectories"] = found.trajectories
    return found


def print_until(result: UntilResult | None) -> None:
    """Print one line a condition."""
    if result is None:
        return
    for item in result.looks[-1].found:
        state = click.style(f"{item.state:<9}", fg=_COLORS[item.state], bold=True)
        found = f"{item.value:.4g} ± {item.standard_error:.2g} ({item.low:.4g} to {item.high:.4g})"
        click.echo(f"Until {state}  {clean_line(item.condition)}: {found}")


def note_unsettled(result: UntilResult | None, name: str) -> None:
    """Say on stderr which conditions are open."""
    if result is None or result.is_settled:
        return
    left = [item for item in result.looks[-1].found if item.state == "open"]
    because = "".join(f" ({reason})" for reason in dict.fromkeys(item.reason for item in left) if reason)
    texts = ", ".join(clean_line(item.condition) for item in left)
    note(
        f"{clean_line(name)}: not settled after {result.trajectories:,} trajectories: {texts}{because}. "
        "Raise --most."
    )
