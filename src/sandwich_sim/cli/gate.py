"""`sandwich-sim gate`."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.benchmark_files import benchmark_options, gate_measurements, write_benchmark
from sandwich_sim.cli.options import example, json_option, threads_option
from sandwich_sim.cli.output import clean_line, count, say, say_json
from sandwich_sim.cli.progress import ProgressLine
from sandwich_sim.cli.report_files import report_file_option, write_report_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandwich_sim.studies.gate_report import GateReport

DEFAULT_FILE = Path("gate.toml")


class GateGroup(click.Group):
    """A group whose first command may be left out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=GateGroup,
    epilog=example(
        "sandwich-sim gate",
        "sandwich-sim gate base price_war --json",
        "sandwich-sim gate --against origin/main --junit gate.xml",
        'sandwich-sim gate accept --reason "Memory contracts reprice after a year"',
    ),
)
def command() -> None:
    """Tell whether the outcomes of scenarios have changed since they were accepted.

    `gate` alone means `gate check`. gate.toml names the scenarios, the outcomes and the smallest
    change of each that matters. The verdict on each scenario is IDENTICAL, EQUIVALENT, CHANGED
    (exit code 3) or INCONCLUSIVE (4); a broken guard ends in 6.
    """


def _file_option(function: Any) -> Any:
    return click.option(
        "--gate-file",
        type=click.Path(path_type=Path),
        default=DEFAULT_FILE,
        show_default=True,
        help="What must not change.",
    )(function)


@command.command(epilog=example("sandwich-sim gate check base --max-looks 1", "sandwich-sim gate --confirm"))
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@_file_option
@click.option(
    "--against",
    metavar="REF",
    help="Judge by the gate file of this commit, and refuse commits since that change it or the "
    "baselines together with anything else.",
)
@click.option(
    "--baseline-python",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A Python with the version that made the baselines: it computes their side of later looks.",
)
@click.option("--max-looks", type=click.IntRange(min=1), metavar="N", help="Take at most N looks.")
@click.option("--confirm", is_flag=True, help="Compare independent trajectories of a fresh seed instead.")
@report_file_option("--junit", "JUnit XML.")
@report_file_option("--markdown", "a Markdown summary.")
@benchmark_options
@threads_option
@click.option("--quiet", is_flag=True, help="Print one line a scenario, and errors.")
@json_option
def check(scenarios: tuple[str, ...], **options: Any) -> int:
    """Compare the outcomes of every gated SCENARIO, or of those named, with their baselines."""
    progress = _Progress(options["quiet"])
    try:
        report = _check(scenarios, options, progress)
    finally:
        progress.close()
    _write_formats(report, options)
    if options["as_json"]:
        from sandwich_sim.studies.gate_report import report_document

        say_json(report_document(report))
        return report.exit_code
    from sandwich_sim.cli.gate_table import print_report

    print_report(report, options["quiet"])
    return report.exit_code


def _check(scenarios: tuple[str, ...], options: dict[str, Any], progress: _Progress) -> GateReport:
    from sandwich_sim.studies.gate_changes import gate_file_of, mixed_commits
    from sandwich_sim.studies.gate_file import read_gate_file

    path: Path = options["gate_file"]
    refused: tuple[str, ...] = ()
    if options["against"] is None:
        gate = read_gate_file(path)
    else:
        gate = gate_file_of(path, options["against"])
        refused = mixed_commits(gate, path, options["against"])
    # Only now: numba takes a third of a second to load, and errors in files should not wait.
    from sandwich_sim.studies.gate import GateOptions, load_gated, run_gate
    from sandwich_sim.studies.gate_old_side import OtherPython

    specs = load_gated(gate, scenarios)
    other = options["baseline_python"]
    chosen = GateOptions(
        max_looks=options["max_looks"] or 0,
        old_python=OtherPython(other, options["threads"]) if other is not None else None,
        confirm=options["confirm"],
        threads=options["threads"],
    )
    return replace(run_gate(gate, specs, chosen, progress.of(len(specs))), refused=refused)


def _write_formats(report: GateReport, options: dict[str, Any]) -> None:
    write_benchmark(gate_measurements(report), options)
    if options["junit"] is None and options["markdown"] is None:
        return
    from sandwich_sim.formats.junit import junit_xml
    from sandwich_sim.formats.markdown import markdown_summary
    from sandwich_sim.studies.gate_suites import gate_suites

    suites = gate_suites(report)
    if options["junit"] is not None:
        write_report_file(options["junit"], junit_xml(suites, "sandwich-sim gate"))
    if options["markdown"] is not None:
        write_report_file(options["markdown"], markdown_summary("Outcomes", suites, report.refused))


@command.command(
    epilog=example(
        'sandwich-sim gate accept --reason "Memory contracts reprice after a year"',
        'sandwich-sim gate accept base --reason "Release 1.2" --release',
    )
)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--reason", required=True, metavar="TEXT", help="Why the outcomes are right as they are now.")
@click.option("--release", is_flag=True, help="Measure drift from here on.")
@_file_option
@threads_option
@click.option("--quiet", is_flag=True, help="Print the files that were written, and errors.")
@json_option
def accept(scenarios: tuple[str, ...], **options: Any) -> int:
    """Make the outcomes of the code as it is the new baselines, for all gated scenarios or those named.

    All are computed, and each is confirmed with a fresh seed, before the first is written. Commit
    the files by themselves.
    """
    from sandwich_sim.studies.gate_file import read_gate_file

    gate = read_gate_file(options["gate_file"])
    from sandwich_sim.studies.gate import GateOptions, load_gated
    from sandwich_sim.studies.gate_accept import accept as accept_outcomes

    progress = _Progress(options["quiet"])
    specs = load_gated(gate, scenarios)
    try:
        done = accept_outcomes(
            gate,
            specs,
            reason=options["reason"],
            is_release=options["release"],
            options=GateOptions(threads=options["threads"]),
            progress=progress.of(len(specs)),
        )
    finally:
        progress.close()
    if options["as_json"]:
        document = [
            {
                "name": item.name,
                "is_new": item.is_new,
                "verdict": item.before.verdict if item.before is not None else None,
                "declared": item.declared,
                "files": item.files,
            }
            for item in done
        ]
        say_json({"accepted": document, "reason": options["reason"], "exit_code": 0})
        return 0
    for item in done:
        if options["quiet"]:
            for path in item.files:
                say(str(path))
            continue
        was = item.before.verdict if item.before is not None else "new"
        say(
            f"{item.name}: {was}, {count(len(item.files), 'file')} written"
            if item.is_new
            else f"{item.name}: {was}"
        )
    written = [item.name for item in done if item.is_new]
    if written and not options["quiet"]:
        say()
        say("For the changelog:")
        say(f"- Outcomes accepted anew ({', '.join(written)}): {clean_line(options['reason'])}")
    return 0


class _Progress:
    """One line on stderr that says which scenario it is at."""

    def __init__(self, quiet: bool) -> None:
        self._line = ProgressLine("gate", quiet=quiet)
        self._begun = time.monotonic()

    def of(self, total: int) -> Callable[[str], None]:
        """Return what to call with the name of each scenario."""
        from sandwich_sim.simulation import Progress

        done = iter(range(total))

        def tell(name: str) -> None:
            elapsed = time.monotonic() - self._begun
            self._line(Progress(next(done), total, elapsed, "simulate"))

        return tell

    def close(self) -> None:
        """Remove the line."""
        self._line.close()
