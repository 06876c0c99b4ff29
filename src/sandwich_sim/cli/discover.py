"""`sandwich-sim discover`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.figures import needs_plots, write_pair
from sandwich_sim.cli.options import WholeNumber, example, json_option, threads_option
from sandwich_sim.cli.output import clean_line, note, say, say_json, screen_width, wrap
from sandwich_sim.cli.progress import ProgressLine

if TYPE_CHECKING:
    from sandwich_sim.analysis.discover import Discovered, Discovery, Share


@click.command(
    epilog=example(
        "sandwich-sim discover results/base-1a2b3c4d --where 'profit_share.lab @ 2031-07 > 0.05'",
        "sandwich-sim discover results/base-1a2b3c4d --where thesis_falsified --boxes 2 -o pictures",
    )
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--where",
    multiple=True,
    required=True,
    metavar="STATEMENT",
    help="What the paths in question are like: margin.chips @ 2031-07 < 0.5, or an event. All of several.",
)
@click.option("--boxes", type=WholeNumber(1, 8), default=1, show_default=True, help="Boxes to look for.")
@click.option(
    "--most", type=WholeNumber(1, 12), default=4, show_default=True, help="Inputs that a box may restrict."
)
@click.option(
    "--density",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    metavar="PART",
    help="Take the largest box in which at least that part is such.  [default: what agrees best]",
)
@click.option(
    "-o",
    "--output",
    "figures",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    callback=needs_plots,
    help="Draw the trade-off and the boxes there, light and dark.",
)
@threads_option
@click.option("--quiet", is_flag=True, help="Print the sentences alone.")
@json_option
def command(run: Path, **options: Any) -> None:
    """Say which inputs of the result folder RUN lead to paths of a kind, in plain words.

    Half of the trajectories find a box of inputs in which such paths are frequent, the other half
    measures it.
    """
    from sandwich_sim.studies.discover import discover_in_run

    progress = ProgressLine(quiet=options["quiet"])
    try:
        found = discover_in_run(
            run,
            options["where"],
            n_box=options["boxes"],
            most_restricted=options["most"],
            density=options["density"],
            threads=options["threads"],
            progress=progress,
        )
    finally:
        progress.close()
    figures = _write_figures(found, options["figures"]) if options["figures"] else []
    if options["as_json"]:
        say_json({"run": run, "discovery": found, "figures": figures, "exit_code": 0})
        return
    if options["quiet"]:
        for box in found.boxes:
            say(box.words)
    else:
        print_discovery(found)
        for path in figures:
            say(f"Figure: {clean_line(path)}")
    if not found.boxes:
        note("no box: no input makes such paths more frequent than chance would.")


def print_discovery(found: Discovery) -> None:
    """Print each box as a sentence and as a table."""
    from sandwich_sim.cli.sensitivity_table import say_rows

    more = f", as many computed for this; the run has {found.n_run:,}" if found.n > found.n_run else ""
    title = f"Paths with {found.where}: {_share(found.base_rate)} of {found.n:,} trajectories{more}"
    for line in wrap(clean_line(title), screen_width()):
        click.echo(click.style(line, bold=True))
    for box in found.boxes:
        click.echo()
        for line in wrap(clean_line(box.words), screen_width()):
            click.echo(line)
        say_rows("Input", ("limit", "drawn from", "dense without", "quasi-p"), _limit_rows(box))
        numbers = (
            f"coverage {_share(box.coverage)}, density {_share(box.density)} (in the half that found it "
            f"{box.density_found:.1%}), holds {_share(box.mass)} of all paths"
        )
        click.echo()
        for line in wrap(numbers, screen_width()):
            click.echo(line)
    click.echo()
    text = (
        "Half of the trajectories found the boxes, the other half measured what is printed. coverage: part "
        "of the paths in question that lie inside; density: part of the paths inside that are in question; "
        "dense without: the density were the input free; quasi-p: how often chance alone would add as much. "
        "± half the 95% interval."
    )
    for line in wrap(text, screen_width()):
        click.echo(click.style(line, dim=True))


def _limit_rows(box: Discovered) -> list[list[str]]:
    rows = []
    for limit in box.limits:
        low, high = (None if end != end else f"{end:g}" for end in (limit.low, limit.high))
        said = f"{low} to {high}" if low and high else f"> {low}" if low else f"< {high}"
        span = f"{limit.span[0]:.3g} to {limit.span[1]:.3g}"
        chance = "< 1e-6" if limit.p_value < 1e-6 else f"{limit.p_value:.1g}"
        rows.append([clean_line(limit.name), said, span, f"{limit.density_without:.1%}", chance])
    return rows


def _share(share: Share) -> str:
    from sandwich_sim.analysis.discover import STUDENT
    from sandwich_sim.cli.sensitivity_table import with_error

    value, _, half = with_error(100.0 * share.value, 100.0 * share.standard_error, STUDENT).partition(" ±")
    return f"{value}% ±{half}"


def _write_figures(found: Discovery, folder: Path) -> list[str]:
    from sandwich_sim.plots.discover import plot_box, plot_trade_off
    from sandwich_sim.plots.style import new_panels

    def trade_off(theme: Any) -> Any:
        return plot_trade_off(found, new_panels(1, "page", theme, height=5.0)[0], theme=theme)

    written = write_pair(folder, "trade-off", trade_off)
    for place, box in enumerate(found.boxes, 1):

        def drawn(theme: Any, box: Any = box) -> Any:
            height = 0.6 * len(box.limits) + 1.6
            return plot_box(box, new_panels(1, "page", theme, height=height)[0], theme=theme)

        written += write_pair(folder, f"box-{place}", drawn)
    return written
