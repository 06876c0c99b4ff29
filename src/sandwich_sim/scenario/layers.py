"""Overlays: several files and ``--set`` changes laid over each other, each value knowing its file.

Tables merge key by key. A number (constant, value or distribution) and a list are replaced
whole, evidence included. ``remove`` acts on what lies below before the layer's own tables are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandwich_sim.scenario.fields import is_number
from sandwich_sim.scenario.findings import Findings, KeyPath, dotted, kind_of, printable
from sandwich_sim.scenario.numbers import is_drawn
from sandwich_sim.scenario.parameters import BY_TABLE, SINGLE_TABLES

NAMED_TABLES = ("hop", "edge", "demand")
"""Tables of tables that hold model numbers."""
_OWN_KEYS = ("name", "title", "summary")
"""A file's own words, never inherited."""
_MOST_REMOVED = 500
_REMOVABLE = (*NAMED_TABLES, *SINGLE_TABLES, "event", "portfolio", "correlation", "fact")


@dataclass(frozen=True)
class Layer:
    """One file, or one ``--set``.

    Attributes
    ----------
    label : str
        What messages call it: the file as the user named it, or ``--set a.b=0.5``.
    text : str or None
        The file's text; None for a ``--set``.
    folder : Path or None
        Where its CSV files lie.
    data : dict
        As parsed.
    """

    label: str
    text: str | None
    folder: Path | None
    data: dict[str, Any]


@dataclass
class Merged:
    """Layers laid over each other.

    Attributes
    ----------
    layers : tuple of Layer
        Root first.
    document : dict
        The merged tables.
    origins : dict of key path to int
        The layer that a value or a table came with; what lies below a path shares its origin
        unless listed itself.
    from_table : set of key path
        Numbers whose source is that of their table.
    removed : dict of str to str
        What ``remove`` deleted, by dotted name, and the entry that did it.
    slots : list of str
        Names of uncertain numbers, those of the root first; see ``ScenarioSpec.sobol_slots``.
    """

    layers: tuple[Layer, ...]
    document: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, int] = field(default_factory=dict)
    from_table: set[KeyPath] = field(default_factory=set)
    removed: dict[str, str] = field(default_factory=dict)
    slots: list[str] = field(default_factory=list)

    def origin(self, path: KeyPath) -> int:
        """Return the layer that holds a path, or the table around it; the last file at last."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return max(i for i, layer in enumerate(self.layers) if layer.text is not None)

    def latest(self, paths: Iterable[KeyPath]) -> KeyPath:
        """Return the path whose value came last, where several make a problem together."""
        return max(paths, key=self.origin)

    def folder(self, path: KeyPath) -> Path | None:
        return self.layers[self.origin(path)].folder

    def removal(self, name: str) -> str | None:
        """Return what to say about a dotted name that ``remove`` deleted; None if it did not."""
        for prefix, entry in self.removed.items():
            if name == prefix or name.startswith(prefix + "."):
                return f'{printable(name)} is gone by remove = ["{printable(entry)}"]. Change this value too.'
        return None


def is_value_path(path: KeyPath) -> bool:
    """Whether a value at a key path is replaced whole though it may be a table."""
    if path[0] in NAMED_TABLES:
        return len(path) == 3
    if path[0] == "portfolio":
        return len(path) == 4  # an exposure is one list of shares
    return len(path) == 2 and (path[0] in SINGLE_TABLES or path[0] == "correlation")


def merge_layers(layers: tuple[Layer, ...], findings: Findings) -> Merged:
    """Lay layers over each other, the root first."""
    merged = Merged(layers)
    for index, layer in enumerate(layers):
        data = deepcopy(layer.data)
        _remove(merged, data.pop("remove", None), index, findings)
        data.pop("extends", None)
        if layer.text is not None:
            for key in _OWN_KEYS:
                merged.document.pop(key, None)
        inherited = set(_table(merged.document, "hop"))
        from_table = _spread_sources(data, findings, index)
        _merge(merged, merged.document, data, (), index)
        merged.from_table |= from_table
        _place_hops(merged, inherited, index, findings)
        merged.slots = list(dict.fromkeys([*merged.slots, *drawn_names(merged.document)]))
    return merged


def _merge(merged: Merged, into: dict[str, Any], data: dict[str, Any], path: KeyPath, index: int) -> None:
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
                _merge(merged, below, value, here, index)
                continue
            _forget(merged, here)
        merged.from_table.discard(here)
        into[key] = value
        merged.origins[here] = index


def _forget(merged: Merged, path: KeyPath) -> None:
    n = len(path)
    for known in [known for known in merged.origins if known[:n] == path]:
        del merged.origins[known]
    merged.from_table = {known for known in merged.from_table if known[:n] != path}


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _number_tables(document: dict[str, Any]) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Yield every table that holds model numbers, with its path."""
    for name in (*SINGLE_TABLES, "correlation"):
        yield (name,), _table(document, name)
    for group in NAMED_TABLES:
        for name in _table(document, group):
            yield (group, name), _table(_table(document, group), name)


def _spread_sources(data: dict[str, Any], findings: Findings, index: int) -> set[KeyPath]:
    """Give a table's ``source`` to its bare numbers, in place, and drop it; return their paths.

    It must happen before merging: a number of an overlay must not take the source of the
    table that it is laid over.
    """
    spread: set[KeyPath] = set()
    for path, table in _number_tables(data):
        source, note = table.pop("source", None), table.pop("note", None)
        for key, value in (("source", source), ("note", note)):
            if value is not None and not isinstance(value, str):
                findings.add((*path, key), f"is {kind_of(value)}. Use a text.", index)
        if not isinstance(source, str):
            continue
        for key, value in table.items():
            if is_number(value):
                table[key] = {"value": value, "source": source}
                spread.add((*path, key))
    return spread


def pair_of(key: str) -> tuple[str, ...]:
    """Return the two names of a correlation in alphabetical order."""
    return tuple(sorted(name.strip() for name in key.split("~")))


def _remove(merged: Merged, entries: object, index: int, findings: Findings) -> None:
    """Delete what a layer's ``remove`` lists."""
    if entries is None:
        return
    if not isinstance(entries, list):
        findings.add(("remove",), f'is {kind_of(entries)}. Use a list, such as ["hop.x", "edge.a-b"].', index)
        return
    if len(entries) > _MOST_REMOVED:
        findings.add(("remove",), f"has {len(entries)} entries. Use at most {_MOST_REMOVED}.", index)
        return
    for i, entry in enumerate(entries):
        here: KeyPath = ("remove", i)
        if not isinstance(entry, str):
            findings.add(here, f'is {kind_of(entry)}. Use a text, such as "hop.x".', index)
        elif index == 0:
            findings.add(here, "has nothing to remove from: the file extends no other. Add extends.", index)
        else:
            _remove_one(merged, entry, here, index, findings)


def _remove_one(merged: Merged, entry: str, here: KeyPath, index: int, findings: Findings) -> None:
    first, _, rest = entry.partition(".")
    keys = [rest] if first == "correlation" else rest.split(".")
    path: KeyPath = (first, *keys)
    if first not in _REMOVABLE or not rest:
        known = ", ".join(f'"{name}.x"' for name in (*NAMED_TABLES, "event"))
        findings.add(here, f'"{printable(entry)}" cannot be removed. Use {known}.', index)
        return
    if first == "correlation":
        table = _table(merged.document, first)
        same = [key for key in table if pair_of(key) == pair_of(rest)]
        path = (first, same[0]) if same else path
    parent: Any = merged.document
    for depth, key in enumerate(path):
        if not isinstance(parent, dict) or key not in parent:
            siblings = [dotted((*path[:depth], name)) for name in parent] if isinstance(parent, dict) else []
            hint = findings.advise(entry, siblings, "There are")
            findings.add(here, f'"{printable(entry)}" does not exist below this file. {hint}', index)
            return
        if depth == len(path) - 1:
            del parent[key]
        else:
            parent = parent[key]
    _forget(merged, path)
    for lost in (path, *_remove_dependents(merged, path)):
        merged.removed[dotted(lost)] = entry


def _remove_dependents(merged: Merged, path: KeyPath) -> list[KeyPath]:
    """Delete what cannot be without the thing removed: a hop's edges and demand, correlations.

    Returns the paths of the edges and the demand.
    """
    document = merged.document
    gone: list[KeyPath] = []
    if path[0] == "hop" and len(path) == 2:
        edges = [name for name in _table(document, "edge") if path[1] in name.split("-")]
        gone += [("edge", name) for name in edges]
        gone += [("demand", name) for name in _table(document, "demand") if name == path[1]]
    for group, name in gone:
        del document[str(group)][name]
        _forget(merged, (group, name))
    prefixes = tuple(dotted(lost) for lost in (path, *gone))
    for key in list(_table(document, "correlation")):
        names = pair_of(key)
        if any(name == prefix or name.startswith(prefix + ".") for name in names for prefix in prefixes):
            del document["correlation"][key]
            _forget(merged, ("correlation", key))
    return gone


def _place_hops(merged: Merged, inherited: set[str], index: int, findings: Findings) -> None:
    """Move the layer's new hops behind the hops that their ``after`` names."""
    hops = _table(merged.document, "hop")
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
    hops = list(_table(document, "hop"))
    rank = {name: i for i, name in enumerate(hops)}

    def place(name: str) -> tuple[int, ...]:
        return tuple(rank.get(end, len(hops)) for end in edge_ends(name))

    groups = {"hop": hops}
    for group in ("edge", "demand"):
        groups[group] = sorted(_table(document, group), key=place)
    for single in SINGLE_TABLES:
        table = _table(document, single)
        yield from ((f"{single}.{key}", table[key]) for key in BY_TABLE[single] if key in table)
    for group in NAMED_TABLES:
        for name in groups[group]:
            table = _table(_table(document, group), name)
            yield from ((f"{group}.{name}.{key}", table[key]) for key in BY_TABLE[group] if key in table)


def drawn_names(document: dict[str, Any]) -> list[str]:
    """Return the names of the numbers that are distributions, in the order of `number_values`."""
    return [name for name, value in number_values(document) if is_drawn(value)]
