"""Overlays: several files and ``--set`` changes laid over each other, each value knowing its file.

Tables merge key by key. A number (constant, value or distribution) and a list are replaced
whole, evidence included. ``remove`` acts on what lies below before the layer's own tables are added.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from sandwich_sim.scenario.fields import is_number
from sandwich_sim.scenario.findings import Findings, KeyPath, printable, shown
from sandwich_sim.scenario.merged import (
    NAMED_TABLES,
    Layer,
    Merged,
    is_value_path,
    number_tables,
    pair_of,
    table_of,
)
from sandwich_sim.scenario.numbers import is_drawn
from sandwich_sim.scenario.parameters import BY_TABLE, SINGLE_TABLES
from sandwich_sim.scenario.removal import remove_entries

_OWN_KEYS = ("name", "title", "summary", "checks")
"""A file's own words, never inherited; what it expects of its outcomes is of this kind."""


def merge_layers(layers: tuple[Layer, ...], findings: Findings) -> Merged:
    """Lay layers over each other, the root first."""
    merged = Merged(layers)
    for index, layer in enumerate(layers):
        data = deepcopy(layer.data)
        remove_entries(merged, data.pop("remove", None), index, findings)
        data.pop("extends", None)
        if layer.text is not None:
            for key in _OWN_KEYS:
                merged.document.pop(key, None)
        inherited = set(table_of(merged.document, "hop"))
        from_table = _spread_sources(data, findings, index)
        _merge(merged, merged.document, data, (), index, findings)
        merged.from_table |= from_table
        _place_hops(merged, inherited, index, findings)
        merged.slots = list(dict.fromkeys([*merged.slots, *drawn_names(merged.document)]))
    return merged


def _merge(
    merged: Merged,
    into: dict[str, Any],
    data: dict[str, Any],
    path: KeyPath,
    index: int,
    findings: Findings,
) -> None:
    if path == ("correlation",):  # "b ~ a" replaces "a ~ b"
        spelled = {pair_of(key): key for key in into}
        for key in data:
            other = spelled.get(pair_of(key), key)
            if other != key:
                into.pop(other, None)
    for key, value in data.items():
        here = (*path, key)
        below = into.get(key)
        if isinstance(below, dict) and not is_value_path(here):
            if isinstance(value, dict):
                _merge(merged, below, value, here, index, findings)
            else:  # the table below stays, so that this is the only thing said
                findings.add(here, f"is {shown(value)}. Use a table.", index)
            continue
        merged.from_table.discard(here)
        into[key] = value
        merged.origins[here] = index


def _spread_sources(data: dict[str, Any], findings: Findings, index: int) -> set[KeyPath]:
    """Give a table's ``source`` to its bare numbers, in place, and drop it; return their paths.

    It must happen before merging: a number of an overlay must not take the source of the
    table that it is laid over.
    """
    spread: set[KeyPath] = set()
    for path, table in number_tables(data):
        source, note = table.pop("source", None), table.pop("note", None)
        for key, value in (("source", source), ("note", note)):
            if value is not None and not isinstance(value, str):
                findings.add((*path, key), f"is {shown(value)}. Use a text.", index)
        if not isinstance(source, str):
            continue
        for key, value in table.items():
            if is_number(value):
                table[key] = {"value": value, "source": source}
                spread.add((*path, key))
    return spread


def _place_hops(merged: Merged, inherited: set[str], index: int, findings: Findings) -> None:
    """Move the layer's new hops behind the hops that their ``after`` names."""
    hops = table_of(merged.document, "hop")
    anchors: dict[str, str] = {}
    for name, table in hops.items():
        if not isinstance(table, dict) or "after" not in table:
            continue
        after = table.pop("after")
        here: KeyPath = ("hop", name, "after")
        if name in inherited:
            findings.add(here, "the hop has its place already. Remove it first to move it.", index)
        elif not isinstance(after, str) or after not in hops or after == name:
            hint = findings.advise(str(after), [hop for hop in hops if hop != name])
            findings.add(here, f'"{printable(str(after))}" is no other hop. {hint}', index)
        else:
            anchors[name] = after
    order = [name for name in hops if name not in anchors]
    placed_behind: dict[str, int] = {}  # so that two hops after one keep their order
    while anchors:
        ready = [name for name, after in anchors.items() if after in order]
        if not ready:
            for name in anchors:
                findings.add(("hop", name, "after"), "leads in a circle. Name a hop of the chain.", index)
            return
        for name in ready:
            after = anchors.pop(name)
            placed_behind[after] = placed_behind.get(after, 0) + 1
            order.insert(order.index(after) + placed_behind[after], name)
    if order != list(hops):
        merged.document["hop"] = {name: hops[name] for name in order}


def edge_ends(name: str) -> tuple[str, str]:
    """Return buyer and supplier of an edge's key; the supplier is empty where there is no '-'."""
    buyer, _, supplier = name.partition("-")
    return buyer, supplier


def number_values(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield dotted name and raw value of every model number that a document sets.

    The order does not depend on how the file is laid out, except for the order of hops:
    tables and keys as in parameters.py, hops along the chain, edges and demand along their hops.
    """
    hops = list(table_of(document, "hop"))
    rank = {name: i for i, name in enumerate(hops)}

    def place(name: str) -> tuple[int, ...]:
        return tuple(rank.get(end, len(hops)) for end in edge_ends(name))

    groups = {"hop": hops}
    for group in ("edge", "demand"):
        groups[group] = sorted(table_of(document, group), key=place)
    for single in SINGLE_TABLES:
        table = table_of(document, single)
        yield from ((f"{single}.{key}", table[key]) for key in BY_TABLE[single] if key in table)
    for group in NAMED_TABLES:
        for name in groups[group]:
            table = table_of(table_of(document, group), name)
            yield from ((f"{group}.{name}.{key}", table[key]) for key in BY_TABLE[group] if key in table)


def drawn_names(document: dict[str, Any]) -> list[str]:
    """Return the names of the numbers that are distributions, in the order of `number_values`."""
    return [name for name, value in number_values(document) if is_drawn(value)]
