"""`sandwich-sim compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sandwich_sim.cli.explain import (
    explain_options,
    explain_pairs,
    outcomes_of,
    print_explanation,
    write_waterfalls,
)
from sandwich_sim.cli.figures import needs_plots, write_figures
from sandwich_sim.cli.options import WholeNumber, example, json_option, threads_option
from sandwich_sim.cli.output import clean_line, note, say, say_json
from sandwich_sim.cli.progress import ProgressLine
from sandwich_sim.errors import IntegrityError, UsageError

if TYPE_CHECKING:
    from sandwich_sim.analysis.attribution import Explanation
    from sandwich_sim.analysis.compare_result import Comparison

UNSETTLED = 4


@click.command(
    epilog=example(
        "sandwich-sim compare base deflation_sandwich -n 65_536",
        "sandwich-sim compare base my_scenario.toml --metric 'margin.chips @ 2030' -o figures",
        "sandwich-sim compare base deflation_sandwich --explain",
        "sandwich-sim compare base price_war --metric profit_share.lab --until 'se(diff) < 0.001'",
        "sandwich-sim compare results/base-1a2b3c4d results/mine",
    )
)
@click.argument("a", type=click.Path(), metavar="A")
@click.argument("others", type=click.Path(), nargs=-1, required=True, metavar="B...")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="OUTCOME",
    help="What to compare: margin.chips @ 2030, profit_share (each hop), an event; with --explain also "
    "p5(margin.chips @ 2030), P(gap @ 2030 > 6). May be repeated.  "
    "[default: cents kept, profit share and margin of each hop, all-in margin, events]",
)
@click.option("-n", "--trajectories", type=WholeNumber(min=1), metavar="N", help="How many trajectories.")
@click.option(
    "--seed", type=WholeNumber(0, 2**64 - 1), metavar="N", help="Seed of all sides.  [default: A's]"
)
@click.option(
    "--sampler",
    type=click.Choice(["random", "latin-hypercube", "sobol"]),
    help="How inputs are drawn.  [default: A's]",
)
@click.option("--no-shocks", is_flag=True, help="Draw the inputs but switch every random shock off.")
@click.option(
    "--until",
    metavar="CONDITION",
    default="",
    help="Double the trajectories until 'se(diff) < 0.001' or 'sign(diff)' holds for every outcome.",
)
@click.option(
    "--most", type=WholeNumber(min=16), metavar="N", help="With --until: at most N.  [default: 4194304]"
)
@threads_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    callback=needs_plots,
    help="Write figures there, light and dark.",
)
@explain_options
@click.option("--quiet", is_flag=True, help="Print the verdicts alone.")
@json_option
def command(a: str, others: tuple[str, ...], **options: Any) -> int:
    """Compare each B with A: scenarios, or folders of runs.

    Scenarios are simulated along the same random numbers, so that differences are per trajectory.
    Run folders pair if seed, sampler, start, steps and Sobol dimensions agree; otherwise they are
    compared as independent samples. The exit code is 4 where --until ends unsettled.
    """
    _check_options(options)
    options["statistics"] = options["metrics"]
    if options["explain"]:
        options["metrics"] = outcomes_of(options["metrics"])
    if options["output"] is not None:
        _check_folder(options["output"])
    result = _compare([a, *others], options)
    figures = _write_figures(result, options["output"]) if options["output"] is not None else []
    code = 0 if result.is_settled else UNSETTLED
    code = IntegrityError.exit_code if result.failed else code
    explanations = _explain(result, options)
    if explanations and options["output"] is not None:
        figures += write_waterfalls(explanations, options)
    if options["as_json"]:
        because = {"explanations": [each.to_document() for each in explanations]} if explanations else {}
        say_json({**result.to_document(), **because, "figures": figures, "exit_code": code})
        return code
    _print(result, options["quiet"])
    for explanation in explanations:
        print_explanation(explanation, asked=bool(options["metrics"]), quiet=options["quiet"])
    for path in figures if not options["quiet"] else ():
        say(f"Figure: {clean_line(path)}")
    _print_state(result)
    return code


def _check_options(options: dict[str, Any]) -> None:
    """Refuse options that would do nothing."""
    context = click.get_current_context()
    given = {
        name
        for name in ("until", "most", "by", "groups", "permutations")
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if "until" in given and not options["until"].strip():
        raise UsageError("--until is empty. Write such as --until 'se(diff) < 0.001'.")
    if "most" in given and "until" not in given:
        raise UsageError("--most says where --until ends. Add --until, or use -n.")
    words = {"by": "--by", "groups": "--group", "permutations": "--permutations"}
    if idle := [word for name, word in words.items() if name in given and not options["explain"]]:
        raise UsageError(f"{idle[0]} says how to explain. Add --explain.")


def _compare(sources: list[str], options: dict[str, Any]) -> Comparison:
    progress = ProgressLine(quiet=options["quiet"])
    try:
        # Only now: numba takes a while to load, and help should not wait.
        from sandwich_sim.studies.compare import MOST_TRAJECTORIES, compare

        return compare(
            sources,
            metrics=options["metrics"],
            trajectories=options["trajectories"],
            seed=options["seed"],
            sampler=options["sampler"],
            shocks=not options["no_shocks"],
            until=options["until"],
            most=options["most"] or MOST_TRAJECTORIES,
            threads=options["threads"],
            progress=progress,
        )
    finally:
        progress.close()


def _explain(result: Comparison, options: dict[str, Any]) -> list[Explanation]:
    return explain_pairs(result, options) if options["explain"] else []


def _print(result: Comparison, quiet: bool) -> None:
    if quiet:
        for pair in result.pairs:
            for verdict in pair.verdicts:
                say(verdict.sentence)
        return
    from sandwich_sim.cli.compare_table import print_comparison

    print_comparison(result)


def _print_state(result: Comparison) -> None:
    """Say on stderr what is wrong or unfinished."""
    for warning in result.warnings:
        note(f"warning: {clean_line(warning)}")
    for side in result.sides:
        for check, count in side.failures.items():
            note(f"error: {clean_line(side.name)}: {check} in {count:,} trajectories.")
    if not result.is_settled:
        last = result.looks[-1]
        note(
            f"{clean_line(result.until)} does not hold after {last.n:,} trajectories: "
            f"{clean_line(', '.join(last.unsettled))}. Raise --most, or choose outcomes with --metric."
        )


def _check_folder(folder: Path) -> None:
    """Make the folder of the figures before the work, not after it."""
    folder.mkdir(parents=True, exist_ok=True)


def _write_figures(result: Comparison, folder: Path) -> list[str]:
    from sandwich_sim.plots.compare import comparison_figures

    return write_figures(folder, lambda theme: comparison_figures(result, theme))
