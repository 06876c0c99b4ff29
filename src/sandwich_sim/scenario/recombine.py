"""A scenario from the parts of others: a merged document with some of its values replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandwich_sim.errors import Problem, ScenarioError
from sandwich_sim.scenario.findings import Findings, KeyPath, dotted
from sandwich_sim.scenario.layers import merge_layers
from sandwich_sim.scenario.merged import Layer
from sandwich_sim.scenario.resolve import resolve
from sandwich_sim.scenario.spec import ScenarioSpec

ABSENT: Any = object()
"""Stands for a key that a document does not have."""


def value_at(document: Mapping[str, Any], path: KeyPath) -> Any:
    """Return what a document holds at a key path, or `ABSENT`."""
    value: Any = document
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return ABSENT
        value = value[key]
    return value


def with_values(document: Mapping[str, Any], values: Iterable[tuple[KeyPath, Any]]) -> dict[str, Any]:
    """Return a document with values set, or removed where they are `ABSENT`; the first is not touched.

    Tables along the paths are copied, everything else is shared.
    """
    changed = dict(document)
    copied: dict[KeyPath, dict[str, Any]] = {(): changed}
    for path, value in values:
        table = changed
        for depth in range(1, len(path)):
            here = path[:depth]
            if here not in copied:
                below = table.get(str(here[-1]))
                copied[here] = dict(below) if isinstance(below, Mapping) else {}
                table[str(here[-1])] = copied[here]
            table = copied[here]
        if value is ABSENT:
            table.pop(str(path[-1]), None)
        else:
            table[str(path[-1])] = value
    return changed


def with_hop_order(document: dict[str, Any], order: Sequence[str]) -> dict[str, Any]:
    """Return a document whose hops stand in an order that names all of them."""
    hops = document["hop"]
    return {**document, "hop": {name: hops[name] for name in order if name in hops}}


def scenario_of(document: Mapping[str, Any], name: str) -> ScenarioSpec:
    """Check a merged document and turn it into a spec; the document is not changed.

    Parameters
    ----------
    document : mapping
        As `ScenarioSpec.document`: it stands on its own.
    name : str
        What messages call it.

    Raises
    ------
    ScenarioError
        With all that is wrong with it.
    """
    findings = Findings()
    merged = merge_layers((Layer(name, "", None, dict(document)),), findings)
    spec = resolve(merged, name, findings)
    if spec is None or findings:
        raise ScenarioError([Problem(name, 0, 0, dotted(item.path), item.message) for item in findings.items])
    return spec
