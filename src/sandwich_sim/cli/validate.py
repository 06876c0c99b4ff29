"""`sandwich-sim validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.failures import report_failure, worst
from sandwich_sim.cli.options import example, expand_scenarios, json_option, scenario_argument, set_option
from sandwich_sim.cli.output import clean_line, count, note, say, say_json
from sandwich_sim.cli.validate_formats import notes_of, print_findings, problems_of
from sandwich_sim.errors import Problem, SandwichSimError, ScenarioError

if TYPE_CHECKING:
    from sandwich_sim.scenario.spec import ScenarioSpec


@click.command(
    epilog=example(
        "sandwich-sim validate my_scenario.toml",
        "sandwich-sim validate scenarios/ --json",
        "sandwich-sim validate scenarios/ --format sarif > scenarios.sarif",
    )
)
@scenario_argument(several=True)
@set_option
@click.option("--list-unsourced", is_flag=True, help="Name the numbers that have no source.")
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="For people; one JSON document; SARIF 2.1.0 for code scanning; annotations of GitHub Actions.",
)
@json_option
def command(
    scenarios: tuple[str, ...], overrides: tuple[str, ...], list_unsourced: bool, layout: str, as_json: bool
) -> int:
    """Check SCENARIO files, or every file of a folder, without running anything.

    Every problem is reported as `file:line:column: key: what is wrong. What to do.`; the exit
    code is 2 if there is one. A number without a source is counted, not refused.
    """
    from sandwich_sim.scenario.load import load_scenario, shipped_scenarios

    layout = "json" if as_json else layout
    reports: list[dict[str, Any]] = []
    problems: list[Problem] = []
    notes: list[Problem] = []
    for source in expand_scenarios(scenarios, shipped_scenarios()):
        try:
            spec = load_scenario(source, overrides)
        except SandwichSimError as error:
            report_failure(error)
            reports.append(_refused(source, error))
            problems.extend(problems_of(source, error))
            continue
        report = _accepted(source, spec)
        reports.append(report)
        for remark in spec.notes:
            note(f"note: {source}: {clean_line(remark)}")
        if layout in ("sarif", "github"):
            notes.extend(notes_of(source, spec, report["unsourced"] if list_unsourced else ()))
        if layout == "text":
            say(_line(report))
            if list_unsourced:
                for name in report["unsourced"]:
                    say(f"    {name}")
    code = worst(report["exit_code"] for report in reports)
    if layout in ("sarif", "github"):
        print_findings(layout, problems, notes)
    if layout == "json":
        say_json({"files": reports, "exit_code": code})
    return code


def unsourced(spec: ScenarioSpec) -> list[str]:
    """Names of the numbers that the scenario sets without saying where they come from."""
    from sandwich_sim.scenario.uncertain import SameAs

    return [
        name
        for name, evidence in spec.evidence.items()
        if evidence.source is None and not isinstance(spec.parameters.get(name), SameAs)
    ]


def _accepted(source: str, spec: ScenarioSpec) -> dict[str, Any]:
    return {
        "file": source,
        "ok": True,
        "exit_code": 0,
        "name": spec.name,
        "digest": spec.digest,
        "numbers": len(spec.evidence),
        "drawn": len(spec.drawn),
        "unsourced": unsourced(spec),
        "notes": spec.notes,
        "problems": [],
    }


def _refused(source: str, error: SandwichSimError) -> dict[str, Any]:
    problems: Any = [{"message": str(error)}]
    if isinstance(error, ScenarioError):
        problems = error.problems
    return {"file": source, "ok": False, "exit_code": error.exit_code, "problems": problems}


def _line(report: dict[str, Any]) -> str:
    without = len(report["unsourced"])
    sources = "all with a source" if not without else f"{without} without a source"
    return (
        f"{report['file']}: ok ({count(report['numbers'], 'number')}, {report['drawn']} of them uncertain, "
        f"{sources})"
    )
