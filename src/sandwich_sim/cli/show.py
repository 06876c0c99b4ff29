"""`sandwich-sim show`."""

from __future__ import annotations

import click

from sandwich_sim.cli.options import example, json_option, scenario_argument, set_option
from sandwich_sim.cli.output import say, say_json


@click.command(
    epilog=example(
        "sandwich-sim show base",
        "sandwich-sim show my_scenario.toml --set open_source.gap=4.0 --json",
    )
)
@scenario_argument(several=False)
@set_option
@json_option
def command(scenario: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Print SCENARIO as it is run: its bases merged, changes applied, with all evidence.

    SCENARIO is a file or the name of a shipped scenario.
    """
    from sandwich_sim.scenario.load import dump_scenario, load_scenario

    spec = load_scenario(scenario, overrides)
    if as_json:
        say_json(
            {
                "name": spec.name,
                "digest": spec.digest,
                "drawn": spec.drawn,
                "scenario": spec.document,
            }
        )
    else:
        say(dump_scenario(spec).rstrip("\n"))
