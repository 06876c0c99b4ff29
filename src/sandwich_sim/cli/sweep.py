"""`sandwich-sim sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.completers import complete_change
from sandwich_sim.cli.figures import needs_plots
from sandwich_sim.cli.options import (
    WholeNumber,
    example,
    json_option,
    scenario_argument,
    set_option,
    threads_option,
)
from sandwich_sim.cli.output import clean_line, count, duration, note, say, say_json
from sandwich_sim.cli.progress import ProgressLine
from sandwich_sim.errors import IntegrityError

if TYPE_CHECKING:
    import xarray as xr

    from sandwich_sim.studies.sweep import SweepPlan


@click.command(
    epilog=example(
        "sandwich-sim sweep base --grid open_source.catch_up_speed=0.8:1.4:7",
        "sandwich-sim sweep base --grid open_source.gap=1:8:8:log --grid lab.reinvestment=0.3,0.6,0.9 \\",
        "    --frontier thesis_falsified=0.5 -o sweep.nc --figures pictures",
    )
)
@scenario_argument(several=False)
@click.option(
    "--grid",
    multiple=True,
    shell_complete=complete_change,
    metavar="KEY=VALUES",
    help="What to vary: LOW:HIGH:COUNT, LOW:HIGH:COUNT:log, or a list A,B,C of numbers, words or tables. "
    "Several make a grid.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="OUTCOME",
    help="What to look at: margin.chips @ 2030 (its mean and quantiles), p5(gap @ 2028), an event.  "
    "[default: mean cents kept of each hop, events]",
)
@click.option(
    "--frontier",
    "frontiers",
    multiple=True,
    metavar="STATISTIC=LEVEL",
    help="Find where it crosses a level: thesis_falsified=0.5.",
)
@click.option(
    "-n", "--trajectories", type=WholeNumber(min=1), metavar="N",
    help="Trajectories at each point.  [default: the scenario's, at most 65536]",
)  # fmt: skip
@click.option("--seed", type=WholeNumber(0, 2**64 - 1), metavar="N", help="Seed of every point.")
@click.option(
    "--sampler", type=click.Choice(["random", "latin-hypercube", "sobol"]), help="How inputs are drawn."
)
@click.option("--no-shocks", is_flag=True, help="Draw the inputs but switch every random shock off.")
@threads_option
@set_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=True), metavar="FILE",
    help="Write the dataset there: .nc (netCDF) or .zarr.",
)  # fmt: skip
@click.option(
    "--figures", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    callback=needs_plots, help="Draw each printed statistic there, light and dark.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the dataset that lies there.")
@click.option("--dry-run", is_flag=True, help="Print what it would take.")
@click.option("--quiet", is_flag=True, help="Print the frontiers alone.")
@json_option
def command(scenario: str, **options: Any) -> int:
    """Run SCENARIO over a grid of values, along the same random numbers at every point.

    Differences between points are therefore far surer than the points themselves. The dataset has
    one dimension for each --grid, and the errors of both.
    """
    if options["output"] is not None:
        from sandwich_sim.studies.sweep_files import check_target

        check_target(options["output"], force=options["force"])
    from sandwich_sim.studies.sweep import plan_sweep, run_sweep

    plan = plan_sweep(
        scenario,
        options["grid"],
        overrides=options["overrides"],
        metrics=options["metrics"],
        frontiers=options["frontiers"],
        trajectories=options["trajectories"],
        seed=options["seed"],
        sampler=options["sampler"],
        shocks=not options["no_shocks"],
        threads=options["threads"],
    )
    if options["dry_run"]:
        return _print_plan(plan, options)
    if not options["quiet"]:
        for text in plan.notes:
            note(f"warning: {clean_line(text)}")
        note(_describe_plan(plan))
    progress = ProgressLine(quiet=options["quiet"])
    try:
        dataset = run_sweep(plan, progress=progress)
    finally:
        progress.close()
    return _finish(dataset, plan, options)


def _describe_plan(plan: SweepPlan) -> str:
    shape = " x ".join(map(str, plan.shape))
    return (
        f"{shape} points and the scenario as it is: {count(plan.n_simulation, 'scenario')} of "
        f"{plan.trajectories:,} trajectories, about {duration(plan.seconds)} on "
        f"{count(plan.threads, 'thread')}"
    )


def _print_plan(plan: SweepPlan, options: dict[str, Any]) -> int:
    if options["as_json"]:
        say_json(
            {
                "scenarios": plan.n_simulation,
                "trajectories": plan.trajectories,
                "statistics": [statistic.name for statistic in plan.statistics],
                "seconds": plan.seconds,
                "threads": plan.threads,
                "exit_code": 0,
            }
        )
    else:
        say(_describe_plan(plan))
    return 0


def _finish(dataset: xr.Dataset, plan: SweepPlan, options: dict[str, Any]) -> int:
    from sandwich_sim.cli.sweep_table import frontier_lines, print_sweep, statistics_to_print, sweep_document

    code = IntegrityError.exit_code if dataset.attrs["failed_trajectories"] else 0
    if options["output"] is not None:
        from sandwich_sim.studies.sweep_files import save_dataset

        save_dataset(dataset, options["output"])
    chosen = statistics_to_print(dataset, plan.asked)
    figures = _write_figures(dataset, chosen, options["figures"]) if options["figures"] else []
    if options["as_json"]:
        document = sweep_document(dataset, plan.dimensions)
        say_json({**document, "output": options["output"], "figures": figures, "exit_code": code})
    elif options["quiet"]:
        for line in frontier_lines(dataset, plan.dimensions):
            say(line)
    else:
        print_sweep(dataset, plan.dimensions, chosen)
        if options["output"] is not None:
            how = "open_zarr" if options["output"].suffix == ".zarr" else "open_dataset"
            say(f"Dataset: {clean_line(options['output'])}    In Python: xarray.{how}(path)")
        for path in figures:
            say(f"Figure: {clean_line(path)}")
    if code:
        failed = dataset.attrs["failed_trajectories"]
        note(f"error: {failed:,} trajectories of all points hold a non-finite value or break an identity.")
    return code


def _write_figures(dataset: xr.Dataset, chosen: list[str], folder: Path) -> list[str]:
    import re

    from sandwich_sim.plots.style import DARK, LIGHT, new_figure, plain_text, save_figure
    from sandwich_sim.plots.sweep_map import plot_sweep

    if dataset["value"].ndim > 3:
        note("no figures: a picture shows one or two swept numbers. Open the dataset (-o) and choose.")
        return []
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for statistic in chosen:
        slug = re.sub(r"\W+", "-", statistic).strip("-")
        for theme in (LIGHT, DARK):
            path = folder / f"sweep-{slug}-{theme.name}.png"
            with plain_text():
                figure, axes = new_figure("page", theme)
                plot_sweep(dataset, statistic, axes, theme=theme)
                save_figure(figure, path)
            written.append(str(path))
    return written
