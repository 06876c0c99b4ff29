"""`sandwich-sim sensitivity`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.figures import needs_plots, slug, write_pair
from sandwich_sim.cli.options import WholeNumber, example, json_option, threads_option
from sandwich_sim.cli.output import clean_line, say, say_json
from sandwich_sim.cli.progress import ProgressLine

if TYPE_CHECKING:
    from sandwich_sim.analysis.sensitivity import Sensitivity
    from sandwich_sim.studies.sensitivity_runs import NewRuns


@click.command(
    epilog=example(
        "sandwich-sim sensitivity results/base-1a2b3c4d",
        "sandwich-sim sensitivity results/base-1a2b3c4d --series margin --metric 'margin.chips @ 2031-07'",
        "sandwich-sim sensitivity results/base-1a2b3c4d -o pictures",
    )
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="OUTCOME",
    help="Look at it in detail: margin.chips @ 2031-07, an event. May be repeated.  "
    "[default: the cents that labs keep at the end, the first event]",
)
@click.option(
    "--series",
    default="cents_kept",
    show_default=True,
    metavar="NAME",
    help="Show this one by hop and over time: margin, profit, gap.",
)
@click.option("--ranks", is_flag=True, help="Take outcomes by their ranks: for those with far tails.")
@click.option("--top", type=WholeNumber(1, 200), default=10, show_default=True, help="Inputs to print.")
@click.option(
    "-o",
    "--output",
    "figures",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    callback=needs_plots,
    help="Draw tornados and heat maps there, light and dark.",
)
@click.option(
    "--new-runs",
    is_flag=True,
    help="Run the scenario anew, inputs and shocks swapped one by one: total-order indices and Shapley "
    "effects of the strongest inputs, correlated ones as one.",
)
@click.option(
    "-n",
    "--trajectories",
    type=WholeNumber(min=1),
    default=8192,
    show_default=True,
    metavar="N",
    help="With --new-runs: of each of about forty runs.",
)
@threads_option
@click.option("--quiet", is_flag=True, help="Print the strongest input of each outcome alone.")
@json_option
def command(run: Path, **options: Any) -> None:
    """Say which uncertain inputs of the result folder RUN matter, for what, and how sure that is.

    From the stored trajectories; what they do not hold is computed again for at most 65536 of them.
    Right for correlated inputs, too.
    """
    # Thousands of small products: on a busy machine the threads of OpenBLAS wait for each other in
    # loops, which took 34 s of processor time where one thread takes 10. Before numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from sandwich_sim.cli.sensitivity_runs_table import print_swaps, swaps_document
    from sandwich_sim.cli.sensitivity_table import print_sensitivity, sensitivity_document
    from sandwich_sim.studies.sensitivity import measure_sensitivity

    progress = ProgressLine(quiet=options["quiet"])
    try:
        found = measure_sensitivity(
            run,
            options["metrics"],
            series=options["series"],
            ranks=options["ranks"],
            threads=options["threads"],
            progress=progress,
        )
    finally:
        progress.close()
    swaps = _run_swaps(run, found, options) if options["new_runs"] else None
    figures = _write_figures(found, options["figures"]) if options["figures"] else []
    if options["as_json"]:
        more = {"new_runs": swaps_document(swaps)} if swaps else {}
        say_json({"run": run, **sensitivity_document(found), **more, "figures": figures, "exit_code": 0})
    elif options["quiet"]:
        for detail in found.details:
            say(f"{detail.metric.name}: {found.names[detail.order[0]]}")
    else:
        print_sensitivity(found, options["top"])
        if swaps is not None:
            print_swaps(swaps)
        for path in figures:
            say(f"Figure: {clean_line(path)}")


def _run_swaps(run: Path, found: Sensitivity, options: dict[str, Any]) -> NewRuns:
    from sandwich_sim.studies.sensitivity_runs import run_swaps

    return run_swaps(
        run,
        found,
        trajectories=options["trajectories"],
        n_input=options["top"],
        threads=options["threads"],
    )


def _write_figures(found: Sensitivity, folder: Path) -> list[str]:
    from sandwich_sim.plots.sensitivity import plot_sensitivity_map, plot_tornado
    from sandwich_sim.plots.style import new_figure, new_panels

    written = []
    for detail in found.details:

        def tornado(theme: Any, detail: Any = detail) -> Any:
            axes = new_panels(1, "page", theme, height=5.0)[0]
            return plot_tornado(found, detail, axes, theme=theme)

        written += write_pair(folder, f"tornado-{slug(detail.metric.name)}", tornado)
    hops = [None, *found.grid.hops] if len(found.grid.hops) > 1 else list(found.grid.hops)
    for hop in hops:

        def heat_map(theme: Any, hop: Any = hop) -> Any:
            return plot_sensitivity_map(found, new_figure("page", theme, n_row=14)[1], hop=hop, theme=theme)

        name = "by-hop" if hop is None else f"over-time-{hop or 'chain'}"
        written += write_pair(folder, f"sensitivity-{found.grid.series}-{slug(name)}", heat_map)
    return written
