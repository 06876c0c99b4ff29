"""`--check`: a scenario's own statements on its outcomes, judged after a run and printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.failures import worst
from sandwich_sim.cli.output import clean_line, note

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandwich_sim.analysis.checks import CheckResult
    from sandwich_sim.scenario.spec import ScenarioSpec

_COLORS = {"holds": "green", "fails": "red", "undecided": "yellow"}


def check_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--check`."""
    option = click.option(
        "--check",
        "judge",
        is_flag=True,
        help="Judge the scenario's [checks]: exit code 3 where one fails, 4 where one is undecided.",
    )
    return option(function)


def judge_run(spec: ScenarioSpec, choices: dict[str, Any]) -> tuple[CheckResult, ...]:
    """Judge the checks of a scenario by the options of its run; says so where it has none."""
    if not spec.checks:
        note(f"{clean_line(spec.name)} has no [checks].")
        return ()
    from sandwich_sim.studies.check_run import run_checks

    names = ("trajectories", "seed", "sampler", "shocks", "threads")
    return run_checks(spec, **{name: choices[name] for name in names})


def exit_code_of(results: tuple[CheckResult, ...]) -> int:
    """Return the worst exit code of some checks."""
    return worst(result.exit_code for result in results)


def print_checks(results: tuple[CheckResult, ...], quiet: bool = False) -> None:
    """Print one line a check; ``quiet``: those that do not hold, on stderr."""
    for result in results:
        if quiet and not result.exit_code:
            continue
        verdict = click.style(f"{result.verdict:<9}", fg=_COLORS[result.verdict], bold=True)
        found = f"{result.value:.4g} ({result.low:.4g} to {result.high:.4g})"
        text = f"{clean_line(result.name)}: {clean_line(result.statement)}: {found}"
        click.echo(f"Check {verdict}  {text}", err=quiet)
