"""A JSON Schema of scenario files, for completion and checks in an editor.

Generated from the tables that the reader itself uses. It describes one file: an overlay may hold
any part of a scenario, so that only a file without ``extends`` must have all tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

from sandwich_sim.scenario.distributions import KINDS
from sandwich_sim.scenario.parameters import BY_TABLE, SINGLE_TABLES, Parameter
from sandwich_sim.scenario.removal import REMOVABLE, WHOLE
from sandwich_sim.scenario.statements import MAX_LENGTH
from sandwich_sim.scenario.tables import CLAUSE_KEYS, MAX_TEXT
from sandwich_sim.scenario.tables_run import (
    FACT_NUMBERS,
    FACT_TEXTS,
    MAX_SEED,
    MAX_STEPS_PER_YEAR,
    MAX_TRAJECTORIES,
    MAX_YEARS,
    SAMPLERS,
)

Schema = dict[str, Any]

_NAME = "^[A-Za-z][A-Za-z0-9_]{0,39}$"
_QUANTILE = "^p[0-9]{1,2}([._][0-9]{1,6})?$"
_NUMBER: Schema = {"type": "number"}
_TEXT: Schema = {"type": "string", "maxLength": MAX_TEXT}
_WORDS: Schema = {
    "source": {
        **_TEXT,
        "pattern": r"^([a-z0-9_]{1,80}|assumption:.*\S.*)$",
        "description": 'Id of a fact, or "assumption: one sentence".',
    },
    "note": {**_TEXT, "description": "Free text."},
}
_CHECKS = 'Statements on outcomes that must hold: chips = "p50(margin.chips @ 2030) in [0.4, 0.7]".'
_ABOVE_ZERO = ("sd", "sigma", "scale", "dof", "shape", "a", "b")
_LISTS = ("values", "probabilities", "weights")


def json_schema() -> Schema:
    """Return the schema of scenario files.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12; plain lists, dicts, texts and numbers.
    """
    tables: Schema = {
        "name": {
            "type": "string",
            "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
            "description": "Names run folders.",
        },
        "title": _TEXT,
        "summary": _TEXT,
        "extends": {
            "type": "string",
            "description": "The file that this one changes: a path ending in .toml, or a shipped name.",
        },
        "remove": {
            **_list({**_TEXT, "pattern": f"^(({'|'.join(REMOVABLE)})[.].|({'|'.join(WHOLE)})$)"}),
            "description": 'What to delete from it: ["hop.x", "edge.a-b", "event.y"].',
        },
        "time": _time(),
        "run": _run(),
        **{name: _object(_numbers(BY_TABLE[name].values())) for name in SINGLE_TABLES},
        "hop": _named(_hop(), _NAME),
        "edge": _named(_edge(), "^[A-Za-z][A-Za-z0-9_]*-[A-Za-z][A-Za-z0-9_]*$"),
        "demand": _named(_object(_numbers(BY_TABLE["demand"].values())), _NAME),
        "correlation": _correlation(),
        "event": _named(_event(), _NAME),
        "portfolio": _object({"position": _named(_position(), _NAME)}),
        "checks": {**_named({"type": "string", "maxLength": MAX_LENGTH}, _NAME), "description": _CHECKS},
        "fact": _named(_fact(), "^[a-z0-9_]{1,80}$"),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sandwich-sim scenario",
        **_object(tables),
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": ["time", *SINGLE_TABLES, "hop", "demand"]},
        "$defs": {"distribution": {"anyOf": [*_distributions()]}, "same_as": _same_as()},
    }


def _object(properties: Schema, required: Iterable[str] = ()) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _whole(low: int, high: int, description: str = "") -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "description": description}


def _choice(options: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(options)}


def _named(table: Schema, pattern: str) -> Schema:
    return {"type": "object", "patternProperties": {pattern: table}, "additionalProperties": False}


def _constant(parameter: Parameter) -> Schema:
    schema: Schema = {"type": "number"}
    if isfinite(parameter.low):
        schema["exclusiveMinimum" if parameter.low_open else "minimum"] = parameter.low
    if isfinite(parameter.high):
        schema["exclusiveMaximum" if parameter.high_open else "maximum"] = parameter.high
    return schema


def _number(parameter: Parameter) -> Schema:
    """Any form that a model number may have."""
    unit = "" if parameter.unit == "1" else f" [{parameter.unit}]"
    constant = _constant(parameter)
    return {
        "description": f"{parameter.long_name}{unit}.{_default(parameter)}",
        "anyOf": [
            constant,
            _object({"value": constant, **_WORDS}, ["value"]),
            {"$ref": "#/$defs/same_as"},
            {"$ref": "#/$defs/distribution"},
        ],
    }


def _default(parameter: Parameter) -> str:
    if parameter.default is None:
        return ""
    default = f"{parameter.default:g}" if isinstance(parameter.default, float) else parameter.default
    return f" Default: {default}."


def _numbers(parameters: Iterable[Parameter]) -> Schema:
    return {**_WORDS, **{parameter.key: _number(parameter) for parameter in parameters}}


def _same_as() -> Schema:
    name: Schema = {"type": "string", "description": "Dotted name of the number whose draw this one takes."}
    return _object({"same_as": name, **_WORDS}, ["same_as"])


def _distributions() -> Iterable[Schema]:
    outer: Schema = {"min": _NUMBER, "max": _NUMBER, **_WORDS}
    for name, kind in KINDS.items():
        dist: Schema = {"const": name}
        required = [key for key in kind.own if key not in kind.optional]
        own = {key: _own(key) for key in kind.own}
        needs_name = [] if name == "metalog" else ["dist"]
        yield _object({"dist": dist, **own, **outer}, [*needs_name, *required])
        if kind.beside is not None:
            beside = {key: _own(key) for key in kind.beside}
            required = ["dist", *(key for key in kind.beside if key not in kind.optional)]
            yield {
                **_object({"dist": dist, **beside, **outer}, required),
                "patternProperties": {_QUANTILE: _NUMBER},
                "minProperties": len(required) + 2,
            }


def _own(key: str) -> Schema:
    if key in _LISTS:
        return _list(_NUMBER)
    if key == "components":
        return _list({"anyOf": [_NUMBER, {"$ref": "#/$defs/distribution"}]})
    if key == "quantiles":
        quantiles: Schema = {"type": "object", "additionalProperties": False, "minProperties": 2}
        return {**quantiles, "patternProperties": {_QUANTILE: _NUMBER}}
    if key in _ABOVE_ZERO:
        return {"type": "number", "exclusiveMinimum": 0}
    return _TEXT if key in ("file", "column") else _NUMBER


def _time() -> Schema:
    return _object(
        {
            "start": {
                "type": "string",
                "format": "date",
                "pattern": "^(19|20|21|22)[0-9]{2}-[0-9]{2}-[0-9]{2}$",
                "description": "Day of the first record.",
            },
            "years": _whole(1, MAX_YEARS, "Horizon."),
            "steps_per_year": _whole(1, MAX_STEPS_PER_YEAR, "Steps a year. Default: 4."),
        }
    )


def _run() -> Schema:
    return _object(
        {
            "trajectories": _whole(1, MAX_TRAJECTORIES, "How many are simulated."),
            "seed": _whole(0, MAX_SEED, "The same seed gives the same numbers."),
            "sampler": _choice(SAMPLERS),
            "fans": {**_list(_TEXT), "description": "Series whose quantiles are kept for every record."},
            "keep_series": {**_list(_TEXT), "description": "Series kept of every trajectory, once a year."},
            "sobol_slots": {**_list(_TEXT), "description": "Written by the program."},
        }
    )


def _hop() -> Schema:
    return _object(
        {
            "title": _TEXT,
            "role": _choice(("lab", "compute")),
            "cost_driver": _choice(("hardware", "energy")),
            "after": {"type": "string", "description": "The hop behind which a new one is listed."},
            **_numbers(BY_TABLE["hop"].values()),
        }
    )


def _edge() -> Schema:
    return _object({"kind": _choice(("current", "capital")), **_numbers(BY_TABLE["edge"].values())})


def _correlation() -> Schema:
    rho: Schema = {"type": "number", "exclusiveMinimum": -1, "exclusiveMaximum": 1}
    return {
        "type": "object",
        "description": 'Gaussian copula: "open_source.gap ~ lab.funding" = 0.5.',
        "properties": _WORDS,
        "patternProperties": {"~": {"anyOf": [rho, _object({"value": rho, **_WORDS}, ["value"])]}},
        "additionalProperties": False,
    }


def _event() -> Schema:
    at_least_0: Schema = {"type": "number", "minimum": 0}
    move = _object({"years": _whole(1, MAX_YEARS), "by": at_least_0, "by_ratio": at_least_0}, ["years"])
    clause = _object(
        {
            "series": {"type": "string", "description": "Such as gap or margin.lab."},
            "below": _NUMBER,
            "above": _NUMBER,
            "rises": move,
            "falls": move,
            "ends_above": _NUMBER,
            "ends_above_start": {"type": "boolean"},
        },
        ["series"],
    )
    clause["anyOf"] = [{"required": [key]} for key in CLAUSE_KEYS if key != "series"]
    return _object({"title": _TEXT, "clauses": {**_list(clause), "minItems": 1}})


def _position() -> Schema:
    share: Schema = {"type": "number", "minimum": 0, "maximum": 1}
    at_least_0: Schema = {"type": "number", "minimum": 0}
    exposure: Schema = {"type": "object", "additionalProperties": share}
    position = _object({"weight": share, "exposure": exposure, "price": at_least_0, "revenue": at_least_0})
    return {**position, "dependentRequired": {"price": ["revenue"], "revenue": ["price"]}}


def _fact() -> Schema:
    return _object({**dict.fromkeys(FACT_TEXTS, _TEXT), **dict.fromkeys(FACT_NUMBERS, _NUMBER)})
