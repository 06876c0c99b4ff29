"""`--benchmark-json`: numbers for the trackers that follow them from commit to commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sandwich_sim.cli.report_files import report_file_option, write_report_file

if TYPE_CHECKING:
    from sandwich_sim.formats.benchmark_json import Measurement
    from sandwich_sim.results.summary import Estimate, Summary
    from sandwich_sim.studies.gate_report import GateReport

Function = TypeVar("Function", bound=Callable[..., Any])


def benchmark_options(function: Function) -> Function:
    """`--benchmark-json FILE` and `--benchmark-layout`."""
    layout = click.option(
        "--benchmark-layout",
        type=click.Choice(["custom", "pytest"]),
        default="custom",
        show_default=True,
        help="Of that file: that of github-action-benchmark's custom tools, or of pytest-benchmark.",
    )
    file = report_file_option("--benchmark-json", "outcomes and their errors, for benchmark trackers.")
    return file(layout(function))


def write_benchmark(measurements: Iterable[Measurement], options: dict[str, Any]) -> None:
    """Write measurements where `--benchmark-json` says; nothing if it was not given."""
    path: Path | None = options["benchmark_json"]
    if path is None:
        return
    from sandwich_sim.formats.benchmark_json import custom_benchmark, pytest_benchmark

    is_custom, found = options["benchmark_layout"] == "custom", list(measurements)
    document: Any = custom_benchmark(found) if is_custom else pytest_benchmark(found)
    write_report_file(path, json.dumps(document, indent=1, allow_nan=False) + "\n")


def summary_measurements(summary: Summary) -> Iterator[Measurement]:
    """Yield what is worth following of a run: cents kept and margins at the horizon, events."""
    for hop in summary.hops:
        found = hop.cents_kept["horizon"]
        yield _measurement(summary, f"mean(cents_kept.{hop.hop} @ horizon)", found.mean, "cent")
        for level, estimate in hop.margin["horizon"].quantiles.items():
            yield _measurement(summary, f"p{100 * level:g}(margin.{hop.hop} @ horizon)", estimate, "1")
    for event in summary.events:
        yield _measurement(summary, f"P({event.event})", event.probability, "1")


def gate_measurements(report: GateReport) -> Iterator[Measurement]:
    """Yield, for each scenario, its largest change in margins: 0 is identical, 1 the most that may be."""
    from sandwich_sim.formats.benchmark_json import Measurement

    for scenario in report.scenarios:
        changes = [
            (abs(judged.difference) / judged.statistic.margin, judged.statistic.name)
            for judged in scenario.judged
            if judged.statistic.margin > 0.0
        ]
        size, name = max(changes, default=(0.0, ""))
        extra = f"{scenario.verdict}{f', {name}' if name else ''}"
        yield Measurement(f"{scenario.name}: largest change", size, "margins", extra=extra)


def _measurement(summary: Summary, name: str, estimate: Estimate, unit: str) -> Measurement:
    from sandwich_sim.formats.benchmark_json import Measurement

    return Measurement(
        f"{summary.name}: {name}",
        estimate.value,
        unit,
        estimate.standard_error,
        extra=f"{summary.n_trajectories} trajectories, {summary.sampler}, seed {summary.seed}",
    )
