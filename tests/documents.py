"""The nested documents of model_cases.json: as a chain and parameters for the twin, as a spec."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from reference_chain import Chain
from sandwich_sim.scenario.parameters import (
    BY_TABLE,
    CAPITAL_KEYS,
    LAB_HOP_EXCLUDED,
    SINGLE_TABLES,
    Parameter,
)
from sandwich_sim.scenario.spec import Edge, Hop, RunOptions, ScenarioSpec
from sandwich_sim.scenario.uncertain import Constant
from sandwich_sim.variables import FAN_DEFAULT, KEEP_SERIES_DEFAULT

Document = Mapping[str, Any]


@cache
def model_cases() -> dict[str, Any]:
    """Load the noise-free cases, each with its scenario and its series."""
    return json.loads((Path(__file__).parent / "data" / "model_cases.json").read_text())


def chain_from_document(document: Document) -> Chain:
    """Read who buys from whom from a scenario document."""
    hops = document["hop"]

    def hops_with(key: str, value: str) -> tuple[str, ...]:
        return tuple(name for name, table in hops.items() if table.get(key) == value)

    return Chain(
        hops=tuple(hops),
        lab=hops_with("role", "lab")[0],
        compute=hops_with("role", "compute")[0],
        hardware=hops_with("cost_driver", "hardware"),
        energy=hops_with("cost_driver", "energy"),
        edges=tuple(
            (*name.split("-"), table.get("kind", "current")) for name, table in document["edge"].items()
        ),
        demand=tuple(document["demand"]),
        years=document["time"]["years"],
        steps_per_year=document["time"]["steps_per_year"],
    )


def parameters_from_document(document: Document) -> dict[str, float]:
    """Give every number its dotted name and fill in the optional ones."""
    numbers: dict[str, float] = {}
    for table in SINGLE_TABLES:
        numbers |= _fill(table, document[table], BY_TABLE[table])
    for table in ("hop", "edge", "demand"):
        for name, values in document[table].items():
            taken = {key: rule for key, rule in BY_TABLE[table].items() if _takes(table, values, key)}
            numbers |= _fill(f"{table}.{name}", values, taken)
    return numbers


def _takes(table: str, values: Document, key: str) -> bool:
    if table == "hop" and values.get("role") == "lab":
        return key not in LAB_HOP_EXCLUDED
    if table == "edge" and values.get("kind", "current") == "current":
        return key not in CAPITAL_KEYS
    return True


def _fill(prefix: str, values: Document, rules: Mapping[str, Parameter]) -> dict[str, float]:
    filled: dict[str, float] = {}
    for key, rule in rules.items():
        if key in values:
            filled[f"{prefix}.{key}"] = float(values[key])
        elif isinstance(rule.default, str):
            filled[f"{prefix}.{key}"] = float(values[rule.default])
        elif rule.default is not None:
            filled[f"{prefix}.{key}"] = float(rule.default)
        elif not rule.optional:
            raise KeyError(f"{prefix}.{key}")
    return filled


def spec_from_document(document: Document) -> ScenarioSpec:
    """Make the resolved scenario of a document, every number constant."""
    chain = chain_from_document(document)
    hops = tuple(
        Hop(name, table.get("title", name), table.get("role"), table.get("cost_driver"))
        for name, table in document["hop"].items()
    )
    numbers = parameters_from_document(document)
    return ScenarioSpec(
        name="case",
        title="Case",
        summary="A published case.",
        start=date.fromisoformat(document["time"]["start"]),
        years=chain.years,
        steps_per_year=chain.steps_per_year,
        run=RunOptions(16, 1, "random", FAN_DEFAULT, KEEP_SERIES_DEFAULT),
        hops=hops,
        edges=tuple(Edge(*edge) for edge in chain.edges),
        demand=chain.demand,
        parameters={name: Constant(value) for name, value in numbers.items()},
        evidence={},
        correlation=(),
        events=(),
        portfolio=(),
        sobol_slots=(),
        document={},
        digest="0" * 64,
    )
