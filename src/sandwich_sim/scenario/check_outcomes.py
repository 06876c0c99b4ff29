"""``[checks]``: statements on outcomes that must hold; all that are wrong are told at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandwich_sim.scenario.draft import Draft
from sandwich_sim.scenario.findings import Findings, shown
from sandwich_sim.scenario.outcome_names import Frame, StatementError
from sandwich_sim.scenario.statements import parse_statement
from sandwich_sim.scenario.tables import NAME, NAME_RULE, Table

MAX_CHECKS = 100
_EXAMPLE = "P(thesis_falsified) < 0.5"


def read_checks(document: Mapping[str, Any], draft: Draft, findings: Findings) -> None:
    """Read ``[checks]``; hops and events have been read before."""
    if "checks" not in document:
        return
    table = Table(document["checks"], ("checks",), findings)
    if len(table.data) > MAX_CHECKS:
        findings.add(("checks",), f"has {len(table.data)} checks. Use at most {MAX_CHECKS}.")
        return
    frame = Frame(
        hops=tuple(hop.name for hop in draft.hops),
        hop_titles=tuple(hop.title for hop in draft.hops),
        events=tuple(event.name for event in draft.events),
        event_titles=tuple(event.title for event in draft.events),
        start=draft.start,
        years=draft.years,
        steps_per_year=draft.steps_per_year,
    )
    for name, text in table.data.items():
        if not NAME.match(name):
            table.add(name, f"is no name for a check. {NAME_RULE}.")
        elif not isinstance(text, str):
            table.add(name, f'is {shown(text)}. Use a statement, such as "{_EXAMPLE}".')
        else:
            try:
                draft.checks.append((name, parse_statement(text, frame).text))
            except StatementError as error:
                table.add(name, str(error))
