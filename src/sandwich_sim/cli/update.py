"""`sandwich-sim update`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.figures import needs_plots, write_figures
from sandwich_sim.cli.options import WholeNumber, example, json_option, threads_option
from sandwich_sim.cli.output import clean_line, note, say, say_json
from sandwich_sim.cli.progress import ProgressLine
from sandwich_sim.errors import ConditioningError, IntegrityError, UsageError

if TYPE_CHECKING:
    from sandwich_sim.analysis.update_result import Update


@click.command(
    epilog=example(
        "sandwich-sim update base scenarios/evidence/example.toml",
        "sandwich-sim update base umbrella_holds my_evidence.toml -n 262_144 -o figures",
        "sandwich-sim update results/base-1a2b3c4d my_evidence.toml --metric 'P(margin.chips @ 2030 > 0.5)'",
        "sandwich-sim update base my_evidence.toml --adapt 3",
    )
)
@click.argument("sources", type=click.Path(), nargs=-1, required=True, metavar="SCENARIO|RUN...")
@click.argument("evidence", type=click.Path(path_type=Path), metavar="EVIDENCE.toml")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="OUTCOME",
    help="What to show: margin.chips @ 2030, an event, P(gap @ 2030 < 1). May be repeated.  "
    "[default: cents kept, profit share and margin of each hop, all-in margin, events]",
)
@click.option(
    "-n", "--trajectories", type=WholeNumber(min=16), metavar="N", help="Trajectories; of a run, its first N."
)
@click.option(
    "--most",
    type=WholeNumber(min=16),
    metavar="N",
    help="Double the trajectories until the weights are good, up to N.",
)
@click.option(
    "--adapt",
    type=WholeNumber(0, 10),
    default=0,
    metavar="ROUNDS",
    help="Draw the inputs closer to the evidence, in so many rounds, and weigh them for it.",
)
@click.option(
    "--widen",
    type=float,
    default=1.0,
    metavar="FACTOR",
    help="Make every error of observation so many times larger.",
)
@click.option("--seed", type=WholeNumber(0, 2**64 - 1), metavar="N", help="Seed of the scenarios.")
@click.option(
    "--sampler",
    type=click.Choice(["random", "latin-hypercube", "sobol"]),
    help="How inputs are drawn.  [default: that of the first scenario]",
)
@click.option("--no-shocks", is_flag=True, help="Draw the inputs but switch every random shock off.")
@threads_option
@click.option(
    "--weights",
    "weights_file",
    type=click.Path(path_type=Path, dir_okay=True),
    metavar="FILE",
    help="Write the weight of each trajectory (.nc or .zarr); the run stays as it is.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    callback=needs_plots,
    help="Write figures there, light and dark.",
)
@click.option("--quiet", is_flag=True, help="Print the probabilities of events alone.")
@json_option
def command(sources: tuple[str, ...], evidence: Path, **options: Any) -> int:
    """Say what the observations in EVIDENCE.toml change: inputs, outcomes and events before and after.

    Trajectories are weighed by how well they foretold what was seen. Of several scenarios, it also
    says which foretold it better. The exit code is 8 where the weights are too uneven to carry a
    number; then nothing is given but what would help.
    """
    if options["weights_file"] is not None:
        if len(sources) != 1:
            raise UsageError("--weights takes the weights of one scenario or run. Name one.")
        from sandwich_sim.studies.sweep_files import check_target

        check_target(options["weights_file"], force=False)
    if options["output"] is not None:
        options["output"].mkdir(parents=True, exist_ok=True)
    result = _update(sources, evidence, options)
    files = _write(result, options)
    code = 0 if result.is_reliable else ConditioningError.exit_code
    code = IntegrityError.exit_code if any(each.failures for each in result.posteriors) else code
    if options["as_json"]:
        say_json({**result.to_document(), **files, "exit_code": code})
    else:
        from sandwich_sim.cli.update_table import print_update

        print_update(result, quiet=options["quiet"])
        for path in (*files["figures"], *files["weights"]) if not options["quiet"] else ():
            say(f"Wrote: {clean_line(path)}")
    _note_state(result, is_short=options["quiet"] or options["as_json"])
    return code


def _update(sources: tuple[str, ...], evidence: Path, options: dict[str, Any]) -> Update:
    progress = ProgressLine(quiet=options["quiet"])
    try:
        # Only now: numba takes a while to load, and help should not wait.
        from sandwich_sim.studies.update import update

        return update(
            sources,
            evidence,
            metrics=options["metrics"],
            trajectories=options["trajectories"],
            seed=options["seed"],
            sampler=options["sampler"],
            shocks=not options["no_shocks"],
            widen=options["widen"],
            most=options["most"],
            adapt=options["adapt"],
            threads=options["threads"],
            progress=progress,
        )
    finally:
        progress.close()


def _write(result: Update, options: dict[str, Any]) -> dict[str, list[str]]:
    """Write figures and weights that were asked for; weights only where they are good."""
    files: dict[str, list[str]] = {"figures": [], "weights": []}
    if options["output"] is not None:
        from sandwich_sim.plots.update import update_figures

        files["figures"] = write_figures(options["output"], lambda theme: update_figures(result, theme))
    if options["weights_file"] is not None and result.is_reliable:
        from sandwich_sim.studies.update_weights import save_weights

        save_weights(result, options["weights_file"])
        files["weights"].append(str(options["weights_file"]))
    return files


def _note_state(result: Update, *, is_short: bool) -> None:
    """Say on stderr what is wrong; a refusal too where the table has not said it."""
    for warning in result.warnings:
        note(f"warning: {clean_line(warning)}.")
    for posterior in result.posteriors:
        for check, number in posterior.failures.items():
            note(f"error: {clean_line(posterior.name)}: {check} in {number:,} trajectories.")
        if not posterior.is_reliable and is_short:
            problems = "; ".join(posterior.diagnosis.problems)
            note(f"error: {clean_line(posterior.name)}: conditioning is unreliable: {problems}.")
