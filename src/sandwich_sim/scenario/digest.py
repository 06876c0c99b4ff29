"""The digest of a scenario: equal digests, equal results.

Built from the numbers as the file writes them, not from fitted parameters, so that it is the same
on every platform. Titles, notes and sources do not enter; neither does how a file is laid out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sandwich_sim.scenario.fields import is_number
from sandwich_sim.scenario.spec import Clause, ScenarioSpec
from sandwich_sim.scenario.uncertain import Constant, SameAs, Uncertain

_FORMAT = 1
_WORDS = ("source", "note")


def digest_of(spec: ScenarioSpec) -> str:
    """Return the SHA-256 (hex) of everything that can change a result; ``spec.digest`` is not read."""
    text = json.dumps(canonical_form(spec), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def canonical_form(spec: ScenarioSpec) -> dict[str, Any]:
    """Return what can change a result as plain lists, texts and numbers."""
    run = spec.run
    return {
        "format": _FORMAT,
        "time": [spec.start.isoformat(), spec.years, spec.steps_per_year],
        "run": [run.trajectories, run.seed, run.sampler, list(run.fans), list(run.keep_series)],
        "hops": [[hop.name, hop.role, hop.cost_driver] for hop in spec.hops],
        "edges": [[edge.name, edge.kind] for edge in spec.edges],
        "demand": list(spec.demand),
        "numbers": {
            name: _canonical_number(number, raw_number(spec.document, name))
            for name, number in spec.parameters.items()
        },
        "correlation": sorted(list(pair) for pair in spec.correlation),
        "events": {
            event.name: [_canonical_clause(clause) for clause in event.clauses] for event in spec.events
        },
        "portfolio": {
            position.name: [position.weight, dict(position.exposure), position.price, position.revenue]
            for position in spec.portfolio
        },
        "slots": list(spec.sobol_slots) if run.sampler == "sobol" else [],
    }


def raw_number(document: Mapping[str, Any], name: str) -> Any:
    """Return a model number as the file writes it; None where the file leaves it to its default."""
    value: Any = document
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _canonical_number(number: Uncertain, raw: Any) -> Any:
    if isinstance(number, Constant):
        return number.value
    if isinstance(number, SameAs):
        return {"same_as": number.name}
    return _plain(raw)


def _plain(value: Any) -> Any:
    """Drop words and write every number as a float."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key not in _WORDS}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return float(value) + 0.0 if is_number(value) else value


def _canonical_clause(clause: Clause) -> list[Any]:
    moves = [
        None if move is None else [move.years, move.by, move.by_ratio]
        for move in (clause.rises, clause.falls)
    ]
    return [clause.series, clause.below, clause.above, *moves, clause.ends_above, clause.ends_above_start]
