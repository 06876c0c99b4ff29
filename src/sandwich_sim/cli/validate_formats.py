"""What `sandwich-sim validate` found, for code scanning and for annotations beside changed files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandwich_sim.cli.output import say
from sandwich_sim.errors import Problem, SandwichSimError, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandwich_sim.scenario.spec import ScenarioSpec


def problems_of(source: str, error: SandwichSimError) -> tuple[Problem, ...]:
    """Return the problems that an error holds; one about the whole file if it holds none."""
    if isinstance(error, ScenarioError):
        return error.problems
    return (Problem(source, 0, 0, "", str(error)),)


def notes_of(source: str, spec: ScenarioSpec, unsourced: Sequence[str]) -> list[Problem]:
    """Return what is not wrong but worth knowing, at its place in the file where that has one.

    Parameters
    ----------
    source : str
        As the user named it.
    spec : ScenarioSpec
    unsourced : sequence of str
        Numbers without a source that are to be told.
    """
    from sandwich_sim.scenario.load import shipped_scenarios
    from sandwich_sim.scenario.locate import find_spans

    path = shipped_scenarios().get(source, Path(source))
    spans = find_spans(path.read_text(encoding="utf-8-sig"))
    found = [Problem(str(path), 0, 0, "", remark) for remark in spec.notes]
    for name in unsourced:
        # A number of a file that this one extends has no line here, and is told for that file.
        line, column = spans.get(tuple(name.split(".")), (0, 0))
        if line:
            message = 'has no source. Add source = "..." or a source for its table.'
            found.append(Problem(str(path), line, column, name, message))
    return found


def print_findings(layout: str, problems: Sequence[Problem], notes: Sequence[Problem]) -> None:
    """Print problems and notes as SARIF, or as commands to GitHub Actions."""
    if layout == "sarif":
        from sandwich_sim.formats.sarif import sarif_log

        click.echo(json.dumps(sarif_log(problems, notes), indent=2))
        return
    from sandwich_sim.formats.annotations import annotation_lines

    for line in (*annotation_lines(problems), *annotation_lines(notes, "notice")):
        say(line)
