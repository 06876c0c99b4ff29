"""`sandwich-sim scenarios`."""

from __future__ import annotations

import click

from sandwich_sim.cli.options import example, json_option
from sandwich_sim.cli.output import clean_line, say_json, screen_width, wrap


@click.command(epilog=example("sandwich-sim scenarios", "sandwich-sim run deflation_sandwich"))
@json_option
def command(as_json: bool) -> None:
    """List the scenarios that ship with the program."""
    from sandwich_sim.scenario.load import load_scenario, shipped_scenarios

    shipped = {name: load_scenario(name) for name in shipped_scenarios()}
    if as_json:
        say_json(
            {
                "scenarios": [
                    {"name": name, "title": spec.title, "summary": spec.summary, "digest": spec.digest}
                    for name, spec in shipped.items()
                ]
            }
        )
        return
    for name, spec in shipped.items():
        click.echo(f"{click.style(clean_line(name), bold=True)}: {clean_line(spec.title)}")
        for line in wrap(clean_line(spec.summary), screen_width() - 4):
            click.echo(f"    {line}")
