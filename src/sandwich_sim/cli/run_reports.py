"""`run --junit FILE --markdown FILE`: how a batch went, for CI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sandwich_sim.cli.report_files import report_file_option, write_report_file

if TYPE_CHECKING:
    from sandwich_sim.cli.run import Job
    from sandwich_sim.formats.cases import Case, Suite

Function = TypeVar("Function", bound=Callable[..., Any])


def report_options(function: Function) -> Function:
    """`--junit FILE` and `--markdown FILE`."""
    for name, what in (("--markdown", "a Markdown summary"), ("--junit", "JUnit XML")):
        function = report_file_option(name, f"{what}: every run, and every check with --check.")(function)
    return function


def write_reports(jobs: Sequence[Job], options: dict[str, Any]) -> None:
    """Write the reports that were asked for."""
    junit, markdown = options["junit"], options["markdown"]
    if junit is None and markdown is None:
        return
    from sandwich_sim.formats.junit import junit_xml
    from sandwich_sim.formats.markdown import markdown_summary

    suites = run_suites(jobs)
    if junit is not None:
        write_report_file(junit, junit_xml(suites, "sandwich-sim run"))
    if markdown is not None:
        write_report_file(markdown, markdown_summary("Scenarios", suites))


def run_suites(jobs: Sequence[Job]) -> list[Suite]:
    """Return one suite a scenario: its run, and its checks."""
    from sandwich_sim.formats.cases import Suite

    return [
        Suite(job.spec.name if job.spec else job.source, tuple(_cases(job)), _properties(job)) for job in jobs
    ]


def _cases(job: Job) -> Iterator[Case]:
    from sandwich_sim.formats.cases import Case
    from sandwich_sim.studies.gate_suites import check_case

    if job.result is None:
        yield Case("run", "error", str(job.error) if job.error else "not run")
    elif job.result.failed:
        yield Case("run", "error", "trajectories break an identity or hold a non-finite value")
    else:
        yield Case("run", "passed")
    yield from map(check_case, job.checks)


def _properties(job: Job) -> dict[str, str]:
    if job.spec is None or job.result is None:
        return {}
    summary = job.result.summary
    return {
        "scenario": job.spec.digest,
        "trajectories": str(summary.n_trajectories),
        "seed": str(summary.seed),
        "sampler": summary.sampler,
    }
