"""``[checks]``: statements on outcomes that must hold; all that are wrong are told at once."""

from __future__ import annotations

from sandwich_sim.scenario.draft import Draft
from sandwich_sim.scenario.findings import Findings, KeyPath, dotted, shown
from sandwich_sim.scenario.merged import Merged, table_of
from sandwich_sim.scenario.outcome_names import Frame, StatementError
from sandwich_sim.scenario.statements import parse_statement
from sandwich_sim.scenario.tables import NAME, NAME_RULE, Table

MAX_CHECKS = 100
_EXAMPLE = "P(thesis_falsified) < 0.5"


def read_checks(merged: Merged, draft: Draft, findings: Findings) -> None:
    """Read ``[checks]``; hops and events have been read before.

    Where a later file, or ``--set``, removed the event or hop of a check, nothing is left to
    check: it is dropped from the document, too, which is noted. A file that itself checks what it
    removes is refused.
    """
    document = merged.document
    if "checks" not in document:
        return
    table = Table(document["checks"], ("checks",), findings)
    if len(table.data) > MAX_CHECKS:
        findings.add_too_many("checks", table.data, "checks", MAX_CHECKS)
        return
    frame = _frame(merged, draft)
    for name, text in list(table.data.items()):
        if not NAME.match(name):
            table.add(name, f"is no name for a check. {NAME_RULE}.")
        elif not isinstance(text, str):
            table.add(name, f'is {shown(text)}. Use a statement, such as "{_EXAMPLE}".')
        elif frame.hops:  # else there is no chain, which is said
            try:
                draft.checks.append((name, parse_statement(text, frame).text))
            except StatementError as error:
                _refuse_or_drop(name, error, merged, draft, findings)
    if not document["checks"] and table.is_table:
        del document["checks"]


def _frame(merged: Merged, draft: Draft) -> Frame:
    """Return the names of the scenario; an event with a problem of its own is one, too."""
    events = tuple(table_of(merged.document, "event"))
    return Frame(
        hops=tuple(hop.name for hop in draft.hops),
        hop_titles=tuple(hop.title for hop in draft.hops),
        events=events,
        event_titles=events,
        start=draft.start,
        years=draft.years,
        steps_per_year=draft.steps_per_year,
    )


def _refuse_or_drop(
    name: str, error: StatementError, merged: Merged, draft: Draft, findings: Findings
) -> None:
    path: KeyPath = ("checks", name)
    for about in error.about:
        gone = merged.taken(about)
        if gone is None:
            continue
        if gone.place.layer > merged.origin(path):
            label = merged.layers[gone.place.layer].label
            draft.notes.append(f"the check {name} is dropped: {dotted(about)} is removed by {label}.")
            del merged.document["checks"][name]
        else:
            findings.add(path, str(merged.removal_message(dotted(about))))
        return
    findings.add(path, str(error), causes=[about for about in error.about if merged.holds(about)])
