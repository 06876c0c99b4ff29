"""`sandwich-sim schema`."""

from __future__ import annotations

import json

import click

from sandwich_sim.cli.options import example


@click.command(
    epilog=example(
        "sandwich-sim schema > scenario.schema.json",
        "",
        "Editors with Taplo or Even Better TOML check a file as you type if it begins with",
        "#:schema ./scenario.schema.json",
    )
)
def command() -> None:
    """Print the JSON Schema of scenario files."""
    from sandwich_sim.scenario.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=True))
