"""What a gate prints: one line a scenario, and what lies behind each that does not pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sandwich_sim.cli.output import clean_line, count, say, say_columns, screen_width, wrap

if TYPE_CHECKING:
    from sandwich_sim.analysis.gate_rule import Judged
    from sandwich_sim.studies.gate_report import GateReport, ScenarioVerdict

_COLORS = {
    "IDENTICAL": "green",
    "EQUIVALENT": "green",
    "CHANGED": "red",
    "INCONCLUSIVE": "yellow",
    "BROKEN": "red",
    "holds": "green",
    "fails": "red",
    "undecided": "yellow",
}
_MOST_ROWS = 12


def print_report(report: GateReport, quiet: bool) -> None:
    """Print a report."""
    width = max((len(scenario.name) for scenario in report.scenarios), default=0)
    for scenario in report.scenarios:
        _print_headline(scenario, width, quiet)
        if not quiet:
            _print_details(scenario)
    for text in report.refused:
        click.echo(click.style("refused: ", fg="red") + clean_line(text))
    if quiet:
        return
    tally = Counter(scenario.verdict for scenario in report.scenarios)
    found = ", ".join(f"{n} {verdict}" for verdict, n in sorted(tally.items()))
    checks = Counter(check.verdict for scenario in report.scenarios for check in scenario.checks)
    for verdict in ("fails", "undecided"):
        if n := checks[verdict]:
            found += f", {count(n, 'check')} {'fail' if verdict == 'fails' and n > 1 else verdict}"
    say()
    say(
        f"{count(len(report.scenarios), 'scenario')}: {found}. Gate {report.gate['file']} "
        f"{report.gate['digest'][:8]}, platform {report.platform[:8]}."
    )


def _print_headline(scenario: ScenarioVerdict, width: int, quiet: bool) -> None:
    head = f"{clean_line(scenario.name):<{width}}  {_verdict(scenario.verdict)}  "
    _print_beside(head, width + 16, scenario.reason)
    for check in scenario.checks:
        if quiet and not check.exit_code:
            continue
        found = f"{check.value:.4g} ({check.low:.4g} to {check.high:.4g})"
        head = f"{'':<{width}}  {_verdict(check.verdict)}  "
        _print_beside(head, width + 16, f"check {check.name}: {check.statement}: {found}")


def _verdict(verdict: str) -> str:
    return click.style(f"{verdict:<12}", fg=_COLORS[verdict], bold=verdict.isupper())


def _print_beside(head: str, indent: int, text: str, dim: bool = False) -> None:
    """Print text in the columns behind a head."""
    for number, line in enumerate(wrap(clean_line(text), max(24, screen_width() - indent))):
        click.echo((" " * indent if number else head) + (click.style(line, dim=True) if dim else line))


def _print_details(scenario: ScenarioVerdict) -> None:
    for note in (*scenario.notes, *scenario.broken[1:]):
        _print_beside("    ", 4, note, dim=True)
    if scenario.verdict not in ("CHANGED", "INCONCLUSIVE"):
        return
    judged = scenario.drift if scenario.stage == "E" else scenario.judged
    _print_rows(judged, scenario.verdict)
    moved = scenario.moved
    if moved is not None and moved.trajectories:
        ids = ", ".join(map(str, moved.trajectories))
        _print_beside(
            "    ",
            4,
            f"{moved.changed:.1%} of the trajectories changed, {moved.material:.1%} by over a hundredth of a "
            f"margin; the first are {ids} (seed {moved.seed}, sampler random).",
        )


def _print_rows(judged: Sequence[Judged], verdict: str) -> None:
    """Print the statistics that made the verdict, the worst first."""
    guilty = [item for item in judged if item.verdict == verdict]
    guilty.sort(key=lambda item: -abs(item.difference) / item.statistic.margin)
    rows = [
        (
            item.statistic.name,
            f"{item.old:.5g}",
            f"{item.new:.5g}",
            f"{item.difference:+.3g}",
            f"{item.standard_error:.2g}",
            f"{item.statistic.margin:g}",
            "" if item.statistic.unit == "1" else item.statistic.unit,
        )
        for item in guilty[:_MOST_ROWS]
    ]
    say_columns(rows, ("statistic", "was", "now", "change", "± 1 s.e.", "margin", ""), indent="    ")
    if len(guilty) > _MOST_ROWS:
        click.echo(f"    and {len(guilty) - _MOST_ROWS} more (--json has all)")
