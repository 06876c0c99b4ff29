"""``remove``: what a file takes away from the files that it extends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandwich_sim.scenario.findings import Findings, KeyPath, dotted, nearest, printable, shown
from sandwich_sim.scenario.merged import (
    NAMED_TABLES,
    Merged,
    Place,
    Removal,
    pair_of,
    path_of_text,
    table_of,
)
from sandwich_sim.scenario.parameters import SINGLE_TABLES

MOST_REMOVED = 500
_GROUPS = (*NAMED_TABLES, "event", "fact")
"""Tables of tables; single tables and the portfolio stand beside them."""
REMOVABLE = (*_GROUPS, *SINGLE_TABLES, "portfolio", "correlation", "checks")
WHOLE = ("event", "portfolio", "correlation", "checks")
"""Tables that may be removed whole."""
FORMS = (
    '"hop.x", "edge.a-b", "demand.x", "event.x", "portfolio.position.x", "correlation.a ~ b", "checks.x", '
    '"fact.x", all of "event", "portfolio", "correlation" or "checks", or an optional number, '
    'such as "hop.x.tightness"'
)


def remove_entries(merged: Merged, entries: object, index: int, findings: Findings) -> None:
    """Delete what the ``remove`` of one layer lists from what lies below."""
    if entries is None:
        return
    if not isinstance(entries, list):
        hint = f'["{printable(entries)}"]' if isinstance(entries, str) else '["hop.x", "edge.a-b"]'
        findings.add(("remove",), f"is {shown(entries)}. Use a list: {hint}.", index)
        return
    if len(entries) > MOST_REMOVED:
        findings.add(("remove",), f"has {len(entries)} entries. Use at most {MOST_REMOVED}.", index)
        return
    for i, entry in enumerate(entries):
        here: KeyPath = ("remove", i)
        if not isinstance(entry, str):
            findings.add(here, f'is {shown(entry)}. Use a text, such as "hop.x".', index)
        elif index == 0:
            findings.add(here, "has nothing to remove from: the file extends no other. Add extends.", index)
        else:
            _remove_one(merged, entry, Place(index, here), findings)


def _remove_one(merged: Merged, entry: str, here: Place, findings: Findings) -> None:
    path = _path_of_entry(merged, entry)
    if path[0] not in REMOVABLE or (len(path) == 1 and path[0] not in WHOLE):
        match = nearest(entry, _names(merged))
        hint = f'Did you mean "{match}"?' if match else f"Use {FORMS}."
        findings.add(here.path, f'"{printable(entry)}" cannot be removed. {hint}', here.layer)
        return
    if path == ("checks",) and not merged.holds(path):
        return  # a file's own, so that there may be none below: what is asked for is so
    if not merged.holds(path):
        gone = merged.removal(path)
        if gone is not None:
            hint = f'is gone already by remove = ["{printable(gone.entry)}"]. Leave it out.'
        else:
            hint = f"does not exist below this file. {findings.advise(entry, _names(merged), 'There are')}"
        findings.add(here.path, f'"{printable(entry)}" {hint}', here.layer)
        return
    for lost in (path, *_dependents(merged, path)):
        parent: Any = merged.document
        for key in lost[:-1]:
            parent = parent[key]
        merged.removals.append(Removal(lost, entry, here, parent.pop(lost[-1])))
        merged.forget(lost)


def _path_of_entry(merged: Merged, entry: str) -> KeyPath:
    """Return the key path that an entry means; a correlation in either order of its names."""
    path = path_of_text(entry)
    if path[0] == "correlation" and len(path) == 2:
        wanted = pair_of(str(path[1]))
        same = [key for key in table_of(merged.document, "correlation") if pair_of(key) == wanted]
        return ("correlation", same[0]) if same else path
    return path


def _names(merged: Merged) -> Iterator[str]:
    """Yield what there is to remove, as an entry writes it."""
    for group in _GROUPS:
        yield from (dotted((group, name)) for name in table_of(merged.document, group))
    yield from (f"correlation.{key}" for key in table_of(merged.document, "correlation"))
    yield from (dotted(("checks", name)) for name in table_of(merged.document, "checks"))
    positions = table_of(table_of(merged.document, "portfolio"), "position")
    yield from (dotted(("portfolio", "position", name)) for name in positions)


def _dependents(merged: Merged, path: KeyPath) -> list[KeyPath]:
    """Return what cannot be without a thing: a hop's edges and demand, then correlations of them all."""
    document = merged.document
    gone: list[KeyPath] = []
    if path[0] == "hop" and len(path) == 2:
        gone += [("edge", name) for name in table_of(document, "edge") if path[1] in name.split("-")]
        gone += [("demand", name) for name in table_of(document, "demand") if name == path[1]]
    lost = [".".join(str(key) for key in one) for one in (path, *gone)]
    for key in table_of(document, "correlation"):
        if path != ("correlation", key) and any(
            name == prefix or name.startswith(prefix + ".") for name in pair_of(key) for prefix in lost
        ):
            gone.append(("correlation", key))
    return gone
