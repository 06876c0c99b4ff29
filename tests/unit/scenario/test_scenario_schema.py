"""The JSON Schema accepts what loads and refuses what an editor can see is wrong."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from typing import Any

import pytest

from sandwich_sim.scenario.distributions import KINDS
from sandwich_sim.scenario.load import dump_scenario, load_scenario, shipped_scenarios
from sandwich_sim.scenario.parameters import PARAMETERS
from sandwich_sim.scenario.schema import json_schema
from sandwich_sim.scenario.starter import starter_text

SCHEMA = json_schema()
TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """Judge by the keywords that our schema uses; unknown ones fail."""
    rules = {
        "type": lambda s: (
            isinstance(value, int | float) and not isinstance(value, bool)
            if s == "number"
            else isinstance(value, TYPES[s]) and (s == "boolean" or not isinstance(value, bool))
        ),
        "const": lambda s: value == s,
        "enum": lambda s: value in s,
        "minimum": lambda s: value >= s,
        "maximum": lambda s: value <= s,
        "exclusiveMinimum": lambda s: value > s,
        "exclusiveMaximum": lambda s: value < s,
        "maxLength": lambda s: len(value) <= s,
        "pattern": lambda s: re.search(s, value) is not None,
        "minItems": lambda s: len(value) >= s,
        "minProperties": lambda s: len(value) >= s,
        "required": lambda s: all(key in value for key in s),
        "items": lambda s: all(accepts(s, item) for item in value),
        "anyOf": lambda s: any(accepts(option, value) for option in s),
        "not": lambda s: not accepts(s, value),
        "$ref": lambda s: accepts(SCHEMA["$defs"][s.removeprefix("#/$defs/")], value),
        "if": lambda s: not accepts(s, value) or accepts(schema["then"], value),
        "then": lambda s: True,
        "properties": lambda s: all(accepts(s[key], value[key]) for key in value if key in s),
        "patternProperties": lambda s: all(
            accepts(sub, value[key]) for key in value for pattern, sub in s.items() if re.search(pattern, key)
        ),
        "additionalProperties": lambda s: all(
            s is not False and accepts(s, value[key])
            for key in value
            if key not in schema.get("properties", {})
            and not any(re.search(pattern, key) for pattern in schema.get("patternProperties", {}))
        ),
    }
    words = ("$schema", "title", "description", "format", "$defs")
    return all(rules[key](rule) for key, rule in schema.items() if key not in words)


def as_json(text: str) -> Any:
    return json.loads(json.dumps(tomllib.loads(text), default=date.isoformat))


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_shipped_scenario_fits(name: str) -> None:
    assert accepts(SCHEMA, as_json(shipped_scenarios()[name].read_text(encoding="utf-8")))
    assert accepts(SCHEMA, as_json(dump_scenario(load_scenario(name))))


def test_starter_fits() -> None:
    assert accepts(SCHEMA, as_json(starter_text()))


@pytest.mark.parametrize(
    "text",
    [
        'gap = 4.0\nextends = "base"',
        "[open_source]\ngap = 4.0",
        'extends = "base"\n[open_source]\ngpa = 4.0',
        'extends = "base"\n[open_source]\ngap = "4"',
        'extends = "base"\n[open_source]\ngap = true',
        'extends = "base"\n[open_source]\ngap = -4.0',
        'extends = "base"\n[open_source]\ngap = { dist = "lognorml", p5 = 1.0, p95 = 2.0 }',
        'extends = "base"\n[open_source]\ngap = { dist = "lognormal", p5 = 1.0 }',
        'extends = "base"\n[hop.a-b]\nscarcity = 0.5',
        'extends = "base"\n[edge.a]\nshare = 0.5',
        'extends = "base"\n[run]\ntrajectories = 1.5',
        'extends = "base"\n[event.x]\nclauses = []',
    ],
)
def test_slips_are_seen(text: str) -> None:
    assert not accepts(SCHEMA, as_json(text))


def test_every_parameter_and_distribution_is_described() -> None:
    text = json.dumps(SCHEMA)
    for parameter in PARAMETERS:
        assert f'"{parameter.key}"' in text
        assert json.dumps(parameter.long_name)[1:-1] in text
    for kind in KINDS:
        assert f'"{kind}"' in text


def test_schema_is_valid_by_an_independent_judge() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for path in shipped_scenarios().values():
        assert list(validator.iter_errors(as_json(path.read_text(encoding="utf-8")))) == []
