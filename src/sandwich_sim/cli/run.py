"""`sandwich-sim run`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.benchmark_files import benchmark_options, summary_measurements, write_benchmark
from sandwich_sim.cli.checks import check_option, exit_code_of, judge_run, print_checks
from sandwich_sim.cli.cluster_options import cluster_options, open_cluster
from sandwich_sim.cli.failures import raise_if_stopped, report_failure, worst
from sandwich_sim.cli.options import (
    WholeNumber,
    example,
    expand_scenarios,
    json_option,
    scenario_argument,
    set_option,
    threads_option,
)
from sandwich_sim.cli.output import clean_line, count, duration, note, say, say_columns, say_json
from sandwich_sim.cli.progress import ProgressLine
from sandwich_sim.cli.run_reports import report_options, write_reports
from sandwich_sim.cli.run_until import (
    UNSETTLED,
    check_until,
    note_unsettled,
    print_until,
    settle_run,
    until_options,
)
from sandwich_sim.errors import IntegrityError, SandwichSimError

if TYPE_CHECKING:
    from sandwich_sim.analysis.checks import CheckResult
    from sandwich_sim.results.summary import Summary
    from sandwich_sim.scenario.spec import ScenarioSpec
    from sandwich_sim.simulation import RunResult
    from sandwich_sim.studies.run_until import UntilResult

DEFAULT_ROOT = Path("results")


@dataclass(frozen=True)
class Job:
    """One scenario of the command line: what was asked and what came of it.

    Attributes
    ----------
    source : str
        As the user named it.
    spec : ScenarioSpec, optional
        None if it is not valid.
    result : RunResult, optional
        None if it was not run to the end.
    exit_code : int
        Its own exit code.
    error : Exception, optional
        Why it has no result.
    checks : tuple of CheckResult
        What came of the scenario's own checks, where they were asked for.
    until : UntilResult, optional
        What came of the looks of `--until`.
    """

    source: str
    spec: ScenarioSpec | None = None
    result: RunResult | None = None
    exit_code: int = 0
    error: Exception | None = None
    checks: tuple[CheckResult, ...] = ()
    until: UntilResult | None = None


@click.command(
    epilog=example(
        "sandwich-sim run base -n 65_536",
        "sandwich-sim run my_scenario.toml --set open_source.gap=4.0 --seed 7",
        "sandwich-sim run scenarios/ --quiet -o nightly",
        "sandwich-sim run base --until 'se(P(thesis_falsified)) < 0.002'",
    )
)
@scenario_argument(several=True)
@click.option("-n", "--trajectories", type=WholeNumber(min=1), metavar="N", help="How many trajectories.")
@click.option("--seed", type=WholeNumber(0, 2**64 - 1), metavar="N", help="Seed of all random numbers.")
@click.option(
    "--sampler", type=click.Choice(["random", "latin-hypercube", "sobol"]), help="How inputs are drawn."
)
@click.option(
    "--keep",
    type=click.Choice(["summary", "outcomes", "paths"]),
    default="outcomes",
    show_default=True,
    help="What is stored: sums and histograms; also outcomes of each trajectory; also every path.",
)
@click.option("--no-shocks", is_flag=True, help="Draw the inputs but switch every random shock off.")
@until_options
@threads_option
@cluster_options
@set_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Result folder; of a batch, the folder that holds the result folders.  "
    "[default: results/NAME-DIGEST]",
)
@click.option("--force", is_flag=True, help="Run anew and replace what the result folder holds.")
@click.option("--dry-run", is_flag=True, help="Print memory, disk and time that it would take.")
@check_option
@report_options
@benchmark_options
@click.option("--quiet", is_flag=True, help="Print nothing but the result folder, and errors.")
@json_option
def command(scenarios: tuple[str, ...], **options: Any) -> int:
    """Run each SCENARIO and print who keeps the dollar.

    A run that was stopped goes on where it was, with the same command. It is put on the disk in
    parts of 262,144 trajectories (32,768 with --keep paths); of one that is stopped within its
    first part, nothing is kept.

    SCENARIO is a file, the name of a shipped scenario, or a folder of files. Several make a
    batch: one that fails does not stop the others, and the exit code is the worst of all.
    """
    check_until(options)
    from sandwich_sim.scenario.load import shipped_scenarios

    sources = expand_scenarios(scenarios, shipped_scenarios())
    batch = len(sources) > 1 or list(scenarios) != sources
    # All files are read before the first is run: a typo in the last one shows at once.
    jobs = [_load(source, options["overrides"]) for source in sources]
    options["executor"] = click.get_current_context().with_resource(open_cluster(options))
    if options["dry_run"]:
        return _dry_run(jobs, options, batch)
    done: list[Job] = []
    try:
        for number, job in enumerate(jobs):
            label = f"{number + 1}/{len(jobs)} {Path(job.source).stem}" if len(jobs) > 1 else ""
            done.append(_run(job, options, batch, label))
            if not options["as_json"]:
                _print(done[-1], options["quiet"])
    except KeyboardInterrupt as error:
        error.add_note(_left_behind(jobs, done, _place(options, batch), options))
        raise
    if not options["quiet"]:
        _print_warnings(done)
    write_reports(done, options)
    results = [job.result.summary for job in done if job.result is not None]
    write_benchmark((found for summary in results for found in summary_measurements(summary)), options)
    code = worst(job.exit_code for job in done)
    if options["as_json"]:
        say_json({"runs": [_document(job) for job in done], "exit_code": code})
    elif len(done) > 1 and not options["quiet"]:
        _print_overview(done)
    return code


def _load(source: str, overrides: tuple[str, ...]) -> Job:
    from sandwich_sim.scenario.load import load_scenario

    try:
        return Job(source, load_scenario(source, overrides))
    except Exception as error:  # one bad scenario of a batch does not stop the others
        raise_if_stopped(error)
        return Job(source, exit_code=report_failure(error), error=error)


def _place(options: dict[str, Any], batch: bool) -> dict[str, Any]:
    """Where results go: `--output` is the run folder itself, or of a batch the one around them."""
    output: Path | None = options["output"]
    if batch and output is not None:
        return {"output": None, "root": output}
    return {"output": output, "root": DEFAULT_ROOT}


def _choices(options: dict[str, Any]) -> dict[str, Any]:
    names = ("trajectories", "seed", "sampler", "keep", "threads")
    return {name: options[name] for name in names} | {"shocks": not options["no_shocks"]}


def _run(job: Job, options: dict[str, Any], batch: bool, label: str) -> Job:
    if job.spec is None:
        return job
    progress, choices = ProgressLine(label, quiet=options["quiet"]), _choices(options)
    options["current"] = choices  # `--until` may settle on another size
    try:
        # Only now: numba takes a third of a second to load, and errors in files should not wait.
        from sandwich_sim.simulation import run

        until = settle_run(job.spec, options, choices, progress)
        result = run(
            job.spec,
            **_place(options, batch),
            **choices,
            force=options["force"],
            executor=options["executor"],
            progress=progress,
        )
        checks = judge_run(job.spec, choices) if options["judge"] else ()
    except Exception as error:  # as in `_load`
        progress.close()
        raise_if_stopped(error)
        return Job(job.source, job.spec, exit_code=report_failure(error), error=error)
    finally:
        progress.close()
    unsettled = UNSETTLED if until is not None and not until.is_settled else 0
    code = IntegrityError.exit_code if result.failed else worst((exit_code_of(checks), unsettled))
    note_unsettled(until, job.spec.name)
    if result.failed:
        note(f"error: {result.folder}: {_failures(result.summary)}. The results are kept, and marked.")
    return Job(job.source, job.spec, result, code, checks=checks, until=until)


def _left_behind(jobs: list[Job], done: list[Job], place: dict[str, Any], options: dict[str, Any]) -> str:
    """Say what a run that was stopped leaves on the disk."""
    from sandwich_sim.cli.run_plan import folder_of, part_size
    from sandwich_sim.results.files import folder_state

    choices = options.get("current") or _choices(options)
    said = "Nothing of it is kept" if len(jobs) == 1 else "Nothing is kept of the run that was stopped"
    spec = jobs[len(done)].spec if len(done) < len(jobs) else None
    if spec is None:
        said += "."
    else:
        folder = folder_of(spec, place, choices)
        state = folder_state(folder)
        if state == "incomplete":
            how = "the same command takes it up again, as does `resume`."
            if options["force"]:  # which would begin anew
                how = f"`sandwich-sim resume {folder}` takes it up again; with --force it begins anew."
            said = f"{folder} is incomplete: {how}"
        elif state == "complete":
            said = f"The run in {folder} is complete."
        elif state == "foreign":
            said = f"{folder} holds parts of it: remove that folder."
        else:
            said += f": it was in its first part of {part_size(spec, choices):,} trajectories."
    finished = sum(job.result is not None for job in done)
    return f"{said} {finished} of {len(jobs)} runs are complete." if len(jobs) > 1 else said


def _failures(summary: Summary) -> str:
    """How many trajectories failed which check, and the first of them to look at."""
    parts = (
        f"{check} in {count(number, 'trajectory')}, the first is {summary.first_failure.get(check, -1)}"
        for check, number in summary.failures.items()
    )
    return "; ".join(parts) or "some trajectories fail a check"


def _print(job: Job, quiet: bool) -> None:
    if job.spec is None or job.result is None:
        return
    if quiet:
        say(str(job.result.folder))
        print_checks(job.checks, quiet=True)
        return
    from sandwich_sim.cli.run_closing import closing_line
    from sandwich_sim.cli.run_table import print_summary

    print_summary(job.result.summary)
    print_until(job.until)
    print_checks(job.checks)
    click.echo(closing_line(job.result))


def _print_warnings(jobs: list[Job]) -> None:
    """Print each warning once, with the scenarios of a batch that it is about."""
    about: dict[str, list[str]] = {}
    for job in jobs:
        for warning in job.result.warnings if job.result else ():
            about.setdefault(warning, []).append(job.spec.name if job.spec else job.source)
    for warning, names in about.items():
        whose = f"{', '.join(names)}: " if len(jobs) > 1 else ""
        note(f"warning: {clean_line(whose + warning)}")


def _print_overview(jobs: list[Job]) -> None:
    failed = sum(job.exit_code != 0 for job in jobs)
    click.echo()
    click.echo(click.style(f"{count(len(jobs), 'scenario')}, {failed} failed", bold=True))
    rows = []
    for job in jobs:
        state = "ok" if not job.exit_code else f"exit code {job.exit_code}"
        if job.result is not None:
            time = "reused" if job.result.reused else duration(job.result.seconds)
            rows.append((job.source, state, time, str(job.result.folder)))
        else:
            rows.append((job.source, state, "", "not run"))
    say_columns(rows, indent="  ")


def _document(job: Job) -> dict[str, Any]:
    document: dict[str, Any] = {"source": job.source, "exit_code": job.exit_code}
    if job.spec is not None:
        document |= {"name": job.spec.name, "title": job.spec.title, "digest": job.spec.digest}
    if job.result is not None:
        document |= {
            "folder": job.result.folder,
            "run_digest": job.result.run_digest,
            "reused": job.result.reused,
            "resumed": job.result.resumed,
            "failed": job.result.failed,
            "seconds": job.result.seconds,
            "warnings": job.result.warnings,
            "summary": job.result.summary.to_document(),
            "checks": [check.to_document() for check in job.checks],
            "until": job.until.to_document() if job.until is not None else None,
        }
    if job.error is not None:
        document["error"] = str(job.error) if isinstance(job.error, SandwichSimError) else repr(job.error)
        document["problems"] = getattr(job.error, "problems", ())
    return document


def _dry_run(jobs: list[Job], options: dict[str, Any], batch: bool) -> int:
    """Print what each run would take; exit code 5 if one does not fit this machine."""
    from sandwich_sim.cli.run_plan import plan_document, print_plan

    documents = []
    for job in jobs:
        document: dict[str, Any] = {"source": job.source, "exit_code": job.exit_code}
        if job.spec is not None:
            place = _place(options, batch)
            document |= plan_document(job.spec, place, _choices(options), options["executor"])
        documents.append(document)
        if not options["as_json"]:
            print_plan(document)
    code = worst(document["exit_code"] for document in documents)
    if options["as_json"]:
        say_json({"plans": documents, "exit_code": code})
    return code
