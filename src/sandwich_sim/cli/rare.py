"""`sandwich-sim rare`."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.options import (
    WholeNumber,
    example,
    json_option,
    scenario_argument,
    set_option,
    threads_option,
)
from sandwich_sim.cli.output import clean_line, note, say, say_json
from sandwich_sim.cli.progress import ProgressLine

if TYPE_CHECKING:
    from sandwich_sim.studies.rare import RareResult

UNSURE = 4


@click.command(
    epilog=example(
        "sandwich-sim rare base 'margin.chips @ 2030 < 0.3'",
        "sandwich-sim rare base 'umbrella_closed @ 2027' --check 1e6",
    )
)
@scenario_argument(several=False)
@click.argument("statement", metavar="EVENT")
@click.option("--seed", type=WholeNumber(0, 2**64 - 1), metavar="N", help="Seed of all random numbers.")
@click.option(
    "--level-size",
    type=WholeNumber(min=64),
    default=1024,
    show_default=True,
    metavar="N",
    help="Trajectories of each level on the way to the event.",
)
@click.option(
    "--final-size",
    type=WholeNumber(min=64),
    default=4096,
    show_default=True,
    metavar="N",
    help="Trajectories that count it, for each repeat.",
)
@click.option(
    "--repeats",
    type=WholeNumber(4, 1024),
    default=16,
    show_default=True,
    metavar="N",
    help="Independent climbs to the event.",
)
@click.option("--check", type=WholeNumber(min=1), metavar="N", help="Check it by N plain trajectories.")
@click.option("--no-shocks", is_flag=True, help="Draw the inputs but switch every random shock off.")
@threads_option
@set_option
@click.option("--quiet", is_flag=True, help="Print the probability and its standard error alone.")
@json_option
def command(scenario: str, statement: str, **options: Any) -> int:
    """Say how likely a rare EVENT of a SCENARIO is, down to one in a million and below.

    EVENT is a condition on an outcome, such as 'margin.chips @ 2030 < 0.3', or an event of the
    scenario by a date. The exit code is 4 where the estimate is not to be relied on.
    """
    from sandwich_sim.scenario.load import load_scenario

    spec = load_scenario(scenario, options["overrides"])
    progress = ProgressLine("rare", quiet=options["quiet"])
    try:
        # Only now: numba takes a while to load, and help should not wait.
        from sandwich_sim.studies.rare import rare_probability

        result = rare_probability(
            spec,
            statement,
            seed=options["seed"],
            level_size=options["level_size"],
            final_size=options["final_size"],
            repeats=options["repeats"],
            check=options["check"] or 0,
            shocks=not options["no_shocks"],
            threads=options["threads"],
            progress=progress,
        )
    finally:
        progress.close()
    code = UNSURE if result.estimate.doubt else 0
    if options["as_json"]:
        say_json({**result.to_document(), "exit_code": code})
        return code
    _print(result, options["quiet"])
    for warning in result.notes if not options["quiet"] else ():
        note(f"warning: {clean_line(warning)}")
    if result.estimate.doubt:
        note(f"{clean_line(result.statement)}: not to be relied on: {result.estimate.doubt}.")
    return code


def _print(result: RareResult, quiet: bool) -> None:
    found = result.estimate
    if quiet:
        say(f"{found.probability:.6g} {found.standard_error:.2g}")
        return
    low, high = found.interval
    say(
        f"{clean_line(result.statement)} = {found.probability:.3g} ± {found.standard_error:.1g} "
        f"({low:.3g} to {high:.3g}, 95%)"
    )
    n_level = sum(item.n_level for item in found.climbs) / len(found.climbs)
    say(f"  {len(found.climbs)} climbs of {n_level:.1f} levels, {found.n:,} trajectories in all")
    say(f"  {found.hits:,} weighted hits, as uncertain as {found.effective_hits:,.0f} equal ones")
    plain = float(f"{found.plain_trajectories:.2g}")
    if isfinite(plain):
        say(f"  plain random sampling would take about {plain:,.0f} for an interval as narrow")
    climbs = found.by_subsets
    say(f"  the climbs alone say {climbs.value:.3g} ± {climbs.standard_error:.1g}")
    say(f"  {found.fresh_accepted:.0%} of new shocks keep a trajectory in its level")
    if result.check is not None:
        check = result.check
        say(
            f"  check: {check.hits:,} of {check.n:,} plain trajectories, {check.probability:.3g} "
            f"({check.low:.3g} to {check.high:.3g}, 95%)"
        )
