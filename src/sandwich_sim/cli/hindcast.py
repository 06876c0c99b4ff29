"""`sandwich-sim hindcast`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.completers import complete_scenario
from sandwich_sim.cli.figures import needs_plots, write_figures
from sandwich_sim.cli.options import (
    WholeNumber,
    example,
    expand_scenarios,
    json_option,
    set_option,
    threads_option,
)
from sandwich_sim.cli.output import clean_line, note, say, say_json
from sandwich_sim.cli.progress import ProgressLine
from sandwich_sim.errors import IntegrityError

if TYPE_CHECKING:
    from sandwich_sim.analysis.hindcast_result import Hindcast


@click.command(
    epilog=example(
        "sandwich-sim hindcast",
        "sandwich-sim hindcast hindcast_2024 --figures pictures",
        "sandwich-sim hindcast --set demand_shock.surprise_vol=0.8",
    )
)
@click.argument(
    "scenarios", type=click.Path(), nargs=-1, metavar="[SCENARIO...]", shell_complete=complete_scenario
)
@click.option(
    "-n", "--trajectories", type=WholeNumber(min=1600), default=16_384, show_default=True, metavar="N",
    help="Trajectories of each scenario.",
)  # fmt: skip
@click.option("--seed", type=WholeNumber(0, 2**64 - 1), metavar="N", help="Seed of every scenario.")
@threads_option
@set_option
@click.option(
    "--figures", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    callback=needs_plots, help="Draw bands, probability transform and skill there, light and dark.",
)  # fmt: skip
@click.option("--every", is_flag=True, help="Also print every forecast beside its outcome.")
@click.option("--quiet", is_flag=True, help="Print the coverage of each origin alone.")
@json_option
def command(scenarios: tuple[str, ...], **options: Any) -> int:
    """Score scenarios that begin in the past against what came true.

    SCENARIO is a file or the name of a shipped scenario; the shipped hindcasts, which begin in
    January and July of 2024 and 2025, if none. Each knows only what was public before it begins.
    Skill compares with two forecasts that need no model: the last known value stays (persistence),
    or its trend goes on (drift).
    """
    from sandwich_sim.scenario.load import shipped_hindcasts
    from sandwich_sim.studies.hindcast import run_hindcast

    progress = ProgressLine(quiet=options["quiet"])
    try:
        found = run_hindcast(
            expand_scenarios(scenarios, shipped_hindcasts()),
            overrides=options["overrides"],
            trajectories=options["trajectories"],
            seed=options["seed"],
            threads=options["threads"],
            progress=progress,
        )
    finally:
        progress.close()
    return _finish(found, options)


def _finish(found: Hindcast, options: dict[str, Any]) -> int:
    from sandwich_sim.cli.hindcast_table import hindcast_document, print_hindcast

    code = IntegrityError.exit_code if found.failures else 0
    figures = _write_figures(found, options["figures"]) if options["figures"] is not None else []
    if options["as_json"]:
        say_json({**hindcast_document(found), "figures": figures, "exit_code": code})
    elif options["quiet"]:
        for line in found.words:
            say(line)
    else:
        print_hindcast(found, every=options["every"])
        for path in figures:
            say(f"Figure: {clean_line(path)}")
        if figures:
            _say_what_figures_show(found)
    if code:
        note(f"error: {found.failures:,} trajectories hold a non-finite value or break an identity.")
    return code


def _say_what_figures_show(found: Hindcast) -> None:
    from sandwich_sim.plots.hindcast import FIGURES, describe_hindcast

    for kind in FIGURES:
        note(describe_hindcast(found, kind))


def _write_figures(found: Hindcast, folder: Path) -> list[str]:
    from sandwich_sim.plots.hindcast import FIGURES, draw_hindcast

    return write_figures(
        folder,
        lambda theme: [(f"hindcast-{kind}", draw_hindcast(found, kind, theme=theme), "") for kind in FIGURES],
    )
