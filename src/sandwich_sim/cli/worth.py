"""`sandwich-sim worth`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.figures import needs_plots, write_pair
from sandwich_sim.cli.options import WholeNumber, example, json_option, threads_option
from sandwich_sim.cli.output import clean_line, say, say_json, screen_width, wrap
from sandwich_sim.cli.progress import ProgressLine

if TYPE_CHECKING:
    from sandwich_sim.analysis.worth import ChoiceWorth, Narrowing, Worth

_BASIS = {
    "price": "A dollar buys a part of a position at its price.",
    "fair": "A dollar buys a part of a position at the price at which it earns a dollar on average.",
    "revenue": "A dollar buys a dollar of a position's yearly revenue today, whichever position it is.",
}


@click.command(
    epilog=example(
        "sandwich-sim worth results/base-1a2b3c4d",
        "sandwich-sim worth results/base-1a2b3c4d \\",
        "    --choice safe=big_cloud --choice bold=frontier_lab:2,big_cloud:1",
    )
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="OUTCOME",
    help="Say how much narrower it would be. May be repeated.  "
    "[default: the cents that labs keep at the end, the first event]",
)
@click.option(
    "--choice",
    "choices",
    multiple=True,
    metavar="NAME=POSITION:WEIGHT,...",
    help="A book to choose among; name two or more.  [default: the book, an even one, each position]",
)
@click.option(
    "--positions",
    metavar="SCENARIO",
    help="Take [portfolio] from this scenario instead of the one that was run.",
)
@click.option(
    "--per",
    "basis",
    type=click.Choice(["price", "fair", "revenue"]),
    help="What a dollar buys: a part at its price, at the price at which it earns a dollar on average, or a "
    "dollar of today's revenue.  [default: price if every position has one, else fair if none loses]",
)
@click.option("--top", type=WholeNumber(1, 200), default=10, show_default=True, help="Inputs to print.")
@click.option(
    "-o",
    "--output",
    "figures",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    callback=needs_plots,
    help="Draw what each input is worth there, light and dark.",
)
@threads_option
@click.option("--quiet", is_flag=True, help="Print the most valuable input alone.")
@json_option
def command(run: Path, **options: Any) -> None:
    """Say what knowing each uncertain input of the result folder RUN would be worth.

    How much narrower an outcome would be, and how much more a dollar would earn on average if the
    input were known before choosing among books.
    """
    from sandwich_sim.studies.worth import measure_worth

    positions = None
    if options["positions"] is not None:
        from sandwich_sim.scenario.load import load_scenario

        positions = load_scenario(options["positions"]).portfolio
    progress = ProgressLine(quiet=options["quiet"])
    try:
        found = measure_worth(
            run,
            options["metrics"],
            positions=positions,
            choices=options["choices"],
            basis=options["basis"],
            threads=options["threads"],
            progress=progress,
        )
    finally:
        progress.close()
    figures = _write_figures(found, options["figures"]) if options["figures"] and found.choice else []
    if options["as_json"]:
        say_json({"run": run, **worth_document(found), "figures": figures, "exit_code": 0})
    elif options["quiet"]:
        worth = found.narrowings[0].part if found.choice is None else found.choice.worth
        say(found.names[int(worth.argmax())])
    else:
        print_worth(found, options["top"])
        for path in figures:
            say(f"Figure: {clean_line(path)}")


def print_worth(found: Worth, top: int) -> None:
    """Print what each input is worth to the choice, then to each outcome."""
    if found.choice is not None:
        _print_choice(found, found.choice, top)
    for narrowing in found.narrowings:
        _print_narrowing(found, narrowing, top)
    click.echo()
    how = "stored" if found.source == "stored" else "computed again"
    text = f"{found.n:,} trajectories, {how}. ± half the 95% interval; {_noise_words(found)}"
    if found.choice is None:
        text += " There is no choice of a book: the scenario has fewer than two positions."
    for line in wrap(text, screen_width()):
        click.echo(click.style(line, dim=True))


def _noise_words(found: Worth) -> str:
    if found.choice is None:
        return "inputs are looked at one by one."
    return (
        f"an input that does nothing seems worth up to {max(100.0 * found.noise, 0.0):.1g} cents. worth is "
        f"rather too low, at most rather too high: the truth lies between. {_BASIS[found.basis]}"
    )


def _print_choice(found: Worth, choice: ChoiceWorth, top: int) -> None:
    from sandwich_sim.analysis.worth import STUDENT_CHOICE
    from sandwich_sim.cli.sensitivity_table import say_rows, with_error

    lead = (
        f"A dollar in {choice.choices[choice.best].name} earns "
        f"{with_error(100.0 * choice.mean[choice.best], 100.0 * choice.mean_error[choice.best])} cents on "
        f"average; chosen with hindsight, {with_error(100.0 * choice.loss, 100.0 * choice.loss_error)} more."
    )
    for line in wrap(clean_line(lead), screen_width()):
        click.echo(line)
    rows = [
        [
            clean_line(found.names[row])[:34],
            with_error(100.0 * choice.worth[row], 100.0 * choice.worth_error[row], STUDENT_CHOICE),
            f"{max(100.0 * choice.upper[row], 0.0):.2f}",
            clean_line(choice.choices[choice.when_low[row]].name),
            clean_line(choice.choices[choice.when_high[row]].name),
        ]
        for row in (-choice.worth).argsort(kind="stable")[:top]
    ]
    say_rows("Worth of knowing, cents a dollar", ("worth", "at most", "if low", "if high"), rows)


def _print_narrowing(found: Worth, narrowing: Narrowing, top: int) -> None:
    from sandwich_sim.cli.sensitivity_table import say_rows, with_error

    metric = narrowing.metric
    factor, unit = (100.0, "%") if metric.unit == "1" else (1.0, metric.unit)
    click.echo()
    title = f"{metric.label} [{unit}]: standard deviation {factor * narrowing.deviation:.3g}"
    for line in wrap(clean_line(title), screen_width()):
        click.echo(click.style(line, bold=True))
    rows = [
        [
            clean_line(found.names[row])[:34],
            with_error(100.0 * narrowing.part[row], 100.0 * narrowing.part_error[row]),
            f"{factor * narrowing.left[row]:.3g}",
        ]
        for row in (-narrowing.part).argsort(kind="stable")[:top]
    ]
    say_rows("Known", ("variance that goes, %", "deviation left"), rows)


def worth_document(found: Worth) -> dict[str, Any]:
    """Return everything as plain values."""
    document: dict[str, Any] = {
        "trajectories": found.n,
        "source": found.source,
        "outcomes": [
            {
                "name": each.metric.name,
                "unit": each.metric.unit,
                "standard_deviation": each.deviation,
                "inputs": [
                    {
                        "name": found.names[row],
                        "variance_that_goes": float(each.part[row]),
                        "standard_error": float(each.part_error[row]),
                        "deviation_left": float(each.left[row]),
                    }
                    for row in (-each.part).argsort(kind="stable")
                ],
            }
            for each in found.narrowings
        ],
        "choice": None,
    }
    choice = found.choice
    if choice is not None:
        document["choice"] = {
            "basis": found.basis,
            "choices": [
                {
                    "name": each.name,
                    "weights": each.weights,
                    "mean": float(mean),
                    "standard_error": float(error),
                }
                for each, mean, error in zip(choice.choices, choice.mean, choice.mean_error, strict=True)
            ],
            "best": choice.choices[choice.best].name,
            "expected_loss": {"value": choice.loss, "standard_error": choice.loss_error},
            "noise_floor": found.noise,
            "inputs": [
                {
                    "name": found.names[row],
                    "worth": float(choice.worth[row]),
                    "standard_error": float(choice.worth_error[row]),
                    "upper": float(choice.upper[row]),
                    "worth_with_wider_bins": float(choice.coarse[row]),
                    "best_if_low": choice.choices[choice.when_low[row]].name,
                    "best_if_high": choice.choices[choice.when_high[row]].name,
                }
                for row in (-choice.worth).argsort(kind="stable")
            ],
        }
    return document


def _write_figures(found: Worth, folder: Path) -> list[str]:
    from sandwich_sim.plots.style import new_panels
    from sandwich_sim.plots.worth import plot_worth

    def drawn(theme: Any) -> Any:
        return plot_worth(found, new_panels(1, "page", theme, height=5.0)[0], theme=theme)

    return write_pair(folder, "worth", drawn)
