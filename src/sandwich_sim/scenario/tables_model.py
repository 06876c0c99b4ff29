"""The tables that hold model numbers: the five single ones, hops, edges, demand, correlation."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from math import nan
from typing import Any, Literal, cast

from sandwich_sim.scenario.draft import Draft
from sandwich_sim.scenario.fields import finite
from sandwich_sim.scenario.findings import Findings, KeyPath, nearest, printable
from sandwich_sim.scenario.layers import edge_ends
from sandwich_sim.scenario.merged import Merged, pair_of
from sandwich_sim.scenario.numbers import read_evidence, read_number
from sandwich_sim.scenario.parameters import (
    BY_TABLE,
    CAPITAL_KEYS,
    LAB_HOP_EXCLUDED,
    SINGLE_TABLES,
    Parameter,
)
from sandwich_sim.scenario.spec import Edge, Hop
from sandwich_sim.scenario.tables import NAME, Table, named_tables, text_problem
from sandwich_sim.scenario.uncertain import Constant, Empirical, Mixture, SameAs

ASSUMPTION = "assumption:"
HOP_KEYS = ("title", "role", "cost_driver")
EDGE_KEYS = ("kind",)
ROLES = ("lab", "compute")
KINDS = ("current", "capital")
EDGE_FORM = "Use [edge.buyer-supplier], with two names of hops."
MAX_ALL_VALUES = 30_000
MAX_HOPS = 64
MAX_EDGES = 512


def applicable(table: str, role: str | None = None, kind: str | None = None) -> dict[str, Parameter]:
    """Return the numbers that a table takes, by key.

    Parameters
    ----------
    table : str
        As in parameters.py.
    role : str or None
        Role of a hop: the lab takes fewer numbers.
    kind : str or None
        Kind of an edge: only capital edges have a life and a lag.
    """
    excluded: tuple[str, ...] = ()
    if table == "hop" and role == "lab":
        excluded = LAB_HOP_EXCLUDED
    if table == "edge" and kind != "capital":
        excluded = CAPITAL_KEYS
    return {key: parameter for key, parameter in BY_TABLE[table].items() if key not in excluded}


class ModelReader:
    """Reads the merged document's model tables into a draft."""

    def __init__(self, merged: Merged, draft: Draft, findings: Findings, fact_ids: Collection[str]) -> None:
        self.merged = merged
        self.document: Mapping[str, Any] = merged.document
        self.draft = draft
        self.findings = findings
        self.fact_ids = fact_ids

    def read(self) -> None:
        """Read everything, in the order of `layers.number_values`."""
        for name in SINGLE_TABLES:
            if name not in self.document:
                keys = ", ".join(list(BY_TABLE[name])[:3])
                self.findings.add((name,), f"is missing. Add a table [{name}] with {keys}, ...{self._hint()}")
                continue
            table = Table(self.document[name], (name,), self.findings, BY_TABLE[name])
            self._numbers(table, BY_TABLE[name])
        self._hops()
        self._edges()
        self._demand()
        self._correlation()
        self._check_columns()

    def _check_columns(self) -> None:
        """All values of CSV columns together must fit the file that is stored with a run."""
        sizes = {name: _n_values(number) for name, number in self.draft.numbers.items()}
        if sum(sizes.values()) > MAX_ALL_VALUES:
            largest = max(sizes, key=lambda name: sizes[name])
            self.findings.add(
                tuple(largest.split(".")),
                f"all columns of values together hold {sum(sizes.values()):_} numbers. "
                f"Use at most {MAX_ALL_VALUES:_}, such as quantiles of a column.",
            )

    def _hint(self) -> str:
        alone = sum(layer.text is not None for layer in self.merged.layers) == 1
        return ' Or start from the shipped base: extends = "base".' if alone else ""

    def _hops(self) -> None:
        hops = named_tables(self.document, "hop", self.findings, "a hop")
        if len(hops) > MAX_HOPS:
            self.findings.add_too_many("hop", hops, "hops", MAX_HOPS)
            return
        if not hops and not self.document.get("hop"):
            self.findings.add(("hop",), f"is missing. Add tables [hop.x], one a hop.{self._hint()}")
        for name, value in hops.items():
            if self._is_slip(name, value):
                continue
            table = Table(value, ("hop", name), self.findings)
            role = table.choice("role", ROLES)
            driver = table.choice("cost_driver", ("hardware", "energy"))
            keys = applicable("hop", role=role)
            is_clear = "role" not in table.data or role is not None
            for key in table.data:
                if role == "lab" and key in LAB_HOP_EXCLUDED:
                    way = _way_out("hop", name, key)
                    hint = f"is not for the lab: its price follows the open-weight line. Remove it {way}."
                    table.add(key, hint, decided_by="role")
                    self.draft.broken.add(f"hop.{name}.{key}")
            table.refuse_unknown((*HOP_KEYS, *BY_TABLE["hop"]))
            self.draft.hops.append(
                Hop(
                    name,
                    table.text("title", name),
                    cast(Literal["lab", "compute"] | None, role),
                    cast(Literal["hardware", "energy"] | None, driver),
                )
            )
            self._numbers(table, keys, complete=is_clear)

    def _edges(self) -> None:
        edges = self.document.get("edge", {})
        if not isinstance(edges, dict):
            self.findings.add(("edge",), "is no table. Use tables such as [edge.app-lab].")
            return
        if len(edges) > MAX_EDGES:
            self.findings.add_too_many("edge", edges, "edges", MAX_EDGES)
            return
        rank = {hop.name: i for i, hop in enumerate(self.draft.hops)}
        for name in sorted(edges, key=lambda name: [rank.get(end, len(rank)) for end in edge_ends(name)]):
            buyer, supplier = edge_ends(name)
            if not NAME.match(buyer) or not NAME.match(supplier):
                meant = _edge_like(name, edges[name])
                hint = f"Write [edge.{meant}]." if meant in edges and meant != name else EDGE_FORM
                self.findings.add(("edge", name), f"is no edge. {hint}")
                continue
            table = Table(edges[name], ("edge", name), self.findings)
            kind = table.choice("kind", KINDS, "current")
            keys = applicable("edge", kind=kind)
            is_clear = (
                table.data.get("kind", kind) == kind and self._is_meant(buyer) and self._is_meant(supplier)
            )
            for key in table.data:
                if is_clear and kind == "current" and key in CAPITAL_KEYS:
                    way = _way_out("edge", name, key)
                    hint = f'is only for capital goods. Add kind = "capital", or remove it {way}.'
                    table.add(key, hint, decided_by="kind")
                    self.draft.broken.add(f"edge.{name}.{key}")
            table.refuse_unknown((*EDGE_KEYS, *BY_TABLE["edge"]))
            self.draft.edges.append(Edge(buyer, supplier, cast(Literal["current", "capital"], kind)))
            self._numbers(table, keys, complete=is_clear)

    def _demand(self) -> None:
        entries = named_tables(self.document, "demand", self.findings, "a hop")
        rank = {hop.name: i for i, hop in enumerate(self.draft.hops)}
        if not entries and not self.document.get("demand"):
            self.findings.add(("demand",), f"is missing. Add [demand.x] for a hop x.{self._hint()}")
        for name in sorted(entries, key=lambda name: rank.get(name, len(rank))):
            table = Table(entries[name], ("demand", name), self.findings, BY_TABLE["demand"])
            self.draft.demand.append(name)
            self._numbers(table, BY_TABLE["demand"], complete=self._is_meant(name))

    def _is_meant(self, name: str) -> bool:
        """Whether a name is that of a hop, or of one still to be written: no slip, and not removed."""
        hops = [hop.name for hop in self.draft.hops]
        return name in hops or (
            nearest(name, hops) is None and self.merged.removal_message(f"hop.{name}") is None
        )

    def _is_slip(self, name: str, value: object) -> bool:
        """Note a table that adds a hop but seems to mean another one; return whether it does."""
        if not isinstance(value, dict):
            return False
        needed = [
            key
            for key, parameter in applicable("hop", role=value.get("role")).items()
            if parameter.default is None and not parameter.optional
        ]
        missing = [key for key in needed if key not in value]
        here = self.merged.origin(("hop", name))
        older = [hop for hop in self.document["hop"] if self.merged.origin(("hop", hop)) < here]
        match = nearest(name, older) if 2 * len(missing) > len(needed) else None
        if match is None:
            return False
        self.findings.add(
            ("hop", name),
            f'there is no hop {printable(name)} to change. Did you mean "{match}"? '
            f"A new hop needs {', '.join(missing)} too.",
        )
        return True

    def _numbers(self, table: Table, keys: Mapping[str, Parameter], complete: bool = True) -> None:
        """Read the numbers of one table, with defaults and evidence.

        What is missing is not said of a table that is not ``complete``, since its name is wrong.
        """
        prefix = ".".join(str(part) for part in table.path)
        for key, parameter in keys.items():
            name, path = f"{prefix}.{key}", (*table.path, key)
            if key in table.data:
                self._number(name, path, table.data[key])
            elif isinstance(parameter.default, str):
                self.draft.numbers[name] = SameAs(f"{prefix}.{parameter.default}")
            elif parameter.default is not None:
                self.draft.numbers[name] = Constant(parameter.default)
            elif not parameter.optional:
                self.draft.broken.add(name)
                if not complete:
                    continue
                what = parameter.long_name[0].lower() + parameter.long_name[1:]
                unit = "" if parameter.unit == "1" else f" [{parameter.unit}]"
                decided_by = {"hop": "role", "edge": "kind"}.get(parameter.table)
                table.missing(key, f"{key} = ... ({what}{unit})", decided_by)

    def _number(self, name: str, path: KeyPath, value: object) -> None:
        n_before = len(self.findings.items)
        number = read_number(value, path, self.findings, self.merged.folder(path))
        if number is None or len(self.findings.items) > n_before:
            self.draft.broken.add(name)
        else:
            self.draft.numbers[name] = number
        self._evidence(name, path, value)

    def _evidence(self, name: str, path: KeyPath, value: object) -> None:
        self.draft.evidence[name] = read_evidence(value)
        if not isinstance(value, dict):
            return
        for key in ("source", "note"):
            if key in value and (problem := text_problem(value[key])):
                self.findings.add((*path, key), problem)
        source = self.draft.evidence[name].source
        if source is not None and path not in self.merged.from_table:
            problem = source_problem(source, self.fact_ids)
            if problem:
                self.findings.add((*path, "source"), problem)

    def table_sources(self) -> None:
        """Check the sources that tables carry for their bare numbers, file by file."""
        for index, layer in enumerate(self.merged.layers):
            for path, table in _tables_with_source(layer.data):
                problem = source_problem(table["source"], self.fact_ids)
                if problem:
                    self.findings.add((*path, "source"), problem, index)

    def _correlation(self) -> None:
        table = Table(self.document.get("correlation", {}), ("correlation",), self.findings)
        seen: dict[tuple[str, ...], str] = {}
        for key, value in table.data.items():
            names, path = pair_of(key), ("correlation", key)
            if len(names) != 2 or not all(names):
                self.findings.add(path, 'is no pair. Write "open_source.gap ~ lab.funding" = 0.5.')
                continue
            if names in seen:
                self.findings.add(path, f'is the pair "{printable(seen[names])}" again. Remove one.')
                continue
            seen[names] = key
            rho = self._rho(path, value)
            self._evidence(f"correlation.{names[0]} ~ {names[1]}", path, value)
            self.draft.pairs.append((key, names[0], names[1], rho))

    def _rho(self, path: KeyPath, value: object) -> float:
        """Read a correlation; NaN if it is wrong: the names of its pair are looked at all the same."""
        if isinstance(value, dict):
            table = Table(value, path, self.findings, ("value", "source", "note"))
            if table.missing("value", "value = ... (the correlation)"):
                return nan
            path, value = (*path, "value"), table.data["value"]
        rho = finite(value, path, self.findings)
        if not -1.0 < rho < 1.0:
            if abs(rho) >= 1.0:
                self.findings.add(path, f"is {rho:g}. Use a correlation between -1 and 1; for 1 use same_as.")
            return nan
        return rho


def _way_out(*path: str) -> str:
    """Say how an overlay gets rid of a key that stands in a file below."""
    return f'(in an overlay: remove = ["{".".join(path)}"])'


def _n_values(number: object) -> int:
    if isinstance(number, Mixture):
        return sum(_n_values(part) for part in number.components)
    return len(number.values) if isinstance(number, Empirical) else 0


def _edge_like(name: str, value: object) -> str:
    """Return the edge that a key such as ``cloud_chips`` or ``[edge.cloud.chips]`` seems to mean."""
    inner = value.items() if isinstance(value, dict) else ()
    below = next((key for key, table in inner if isinstance(table, dict)), "")
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{name}-{below}").strip("-")


def source_problem(source: str, fact_ids: Collection[str]) -> str | None:
    """Return what is wrong with a ``source``, None if nothing is."""
    if source in fact_ids:
        return None
    if source.startswith(ASSUMPTION):
        return None if source[len(ASSUMPTION) :].strip() else "gives no reason. Add a sentence."
    match = nearest(source, fact_ids)
    if match:
        hint = f'Did you mean "{match}"?'
    elif source.casefold().startswith("assum"):
        hint = 'Write "assumption: one sentence", in small letters.'
    elif "://" in source:
        hint = "Describe the page in a table [fact.my_id], with source and url, and write my_id here."
    else:
        hint = 'Use the id of a fact, or "assumption: one sentence".'
    return f'"{printable(source)}" is no fact (sandwich-sim facts lists them). {hint}'


def _tables_with_source(data: Mapping[str, Any]) -> list[tuple[KeyPath, Mapping[str, Any]]]:
    found: list[tuple[KeyPath, Mapping[str, Any]]] = [
        ((name,), data[name]) for name in (*SINGLE_TABLES, "correlation") if name in data
    ]
    for group in ("hop", "edge", "demand"):
        tables = data.get(group)
        if isinstance(tables, dict):
            found += [((group, name), table) for name, table in tables.items()]
    return [
        (path, table)
        for path, table in found
        if isinstance(table, dict) and isinstance(table.get("source"), str)
    ]
