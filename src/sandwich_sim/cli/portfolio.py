"""`sandwich-sim portfolio`."""

from __future__ import annotations

from pathlib import Path

import click

from sandwich_sim.cli.options import example, json_option
from sandwich_sim.cli.output import say_json


@click.command(
    epilog=example(
        "sandwich-sim portfolio results/base-1a2b3c4d",
        "sandwich-sim portfolio results/base-1a2b3c4d --positions my_book.toml --json",
    )
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--positions",
    metavar="SCENARIO",
    help="Take [portfolio] from this scenario instead of the one that was run.",
)
@json_option
def command(run: Path, positions: str | None, as_json: bool) -> None:
    """Place the positions of a book on the revenue map and the profit map of the result folder RUN.

    Also says how sure their profit is, what the book loses in bad futures, and what moves it.
    """
    from sandwich_sim.analysis.portfolio import analyze_portfolio
    from sandwich_sim.analysis.trajectories import Trajectories
    from sandwich_sim.cli.portfolio_table import print_portfolio
    from sandwich_sim.results.dataset import read_accumulators
    from sandwich_sim.scenario.load import load_scenario

    trajectories = Trajectories(run)
    spec = load_scenario(run / "scenario.toml" if positions is None else positions)
    found = analyze_portfolio(spec.portfolio, read_accumulators(run), trajectories)
    if as_json:
        meta = trajectories.meta
        say_json({"run": run, "name": meta.name, "sampler": meta.sampler, "portfolio": found})
        return
    print_portfolio(found, trajectories.meta)
