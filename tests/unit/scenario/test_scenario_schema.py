"""The JSON Schema accepts what loads and refuses what an editor can see is wrong."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sandwich_sim.scenario.distributions import KINDS
from sandwich_sim.scenario.load import dump_scenario, load_scenario, shipped_scenarios
from sandwich_sim.scenario.parameters import PARAMETERS
from sandwich_sim.scenario.schema import json_schema
from sandwich_sim.scenario.starter import starter_text

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def accepts(value: Any) -> bool:
    return bool(VALIDATOR.is_valid(value))


def as_json(text: str) -> Any:
    return json.loads(json.dumps(tomllib.loads(text), default=date.isoformat))


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_shipped_scenario_fits(name: str) -> None:
    assert accepts(as_json(shipped_scenarios()[name].read_text(encoding="utf-8")))
    assert accepts(as_json(dump_scenario(load_scenario(name))))


def test_starter_fits() -> None:
    assert accepts(as_json(starter_text()))


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
    assert not accepts(as_json(text))


def test_every_parameter_and_distribution_is_described() -> None:
    text = json.dumps(SCHEMA)
    for parameter in PARAMETERS:
        assert f'"{parameter.key}"' in text
        assert json.dumps(parameter.long_name)[1:-1] in text
    for kind in KINDS:
        assert f'"{kind}"' in text


def test_schema_itself_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "number",
    [
        *(
            "4",
            "4.5",
            "{ value = 4 }",
            '{ same_as = "open_source.gap" }',
            "{ quantiles = { p5 = 1, p95 = 2 }, low = 0 }",
        ),
        *('{ dist = "normal", mean = 4, sd = 1, min = 0 }', '{ dist = "pert", p5 = 1, p95 = 2, mode = 1.5 }'),
        *(
            '{ dist = "metalog", p5 = 1, p50 = 2, p95 = 4, low = 0 }',
            '{ dist = "beta", p5 = 0.1, p95 = 0.9 }',
        ),
        '{ dist = "empirical", values = [1, 2] }',
        '{ dist = "mixture", weights = [0.5, 0.5], components = [1, { dist = "beta", a = 2, b = 2 }] }',
        '{ dist = "discrete", values = [1, 2], probabilities = [0.5, 0.5], source = "assumption: x" }',
    ],
)
def test_every_form_of_a_number_fits_and_loads(number: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "base"\n[open_source]\nleap_size = {number}\n', encoding="utf-8")
    assert accepts(as_json(path.read_text(encoding="utf-8")))
    load_scenario(path)


# Files of tests/bad_scenarios whose mistake shows in the editor: one of each kind.
SEEN = (
    *("unknown_key", "unknown_table", "unknown_hop_key", "unknown_number_key", "key_of_another_table"),
    *("number_is_text", "number_is_bool", "number_is_list", "number_no_form", "number_two_forms"),
    *("number_out_of_range", "level_out_of_range", "dist_unknown", "dist_unknown_key", "dist_missing_key"),
    *(
        "dist_negative_sd",
        "dist_one_quantile",
        "dist_quantiles_and_own",
        "hop_name",
        "edge_name",
        "edge_kind",
    ),
    *("role_unknown", "sampler_unknown", "seed_negative", "years_zero", "start_is_far", "start_is_month"),
    *("event_empty", "event_no_series", "event_no_condition", "portfolio_price_alone", "table_is_number"),
    *("remove_not_list", "remove_not_removable", "source_empty_assumption", "correlation_of_one"),
    *("missing_everything", "bad_name", "title_is_number", "keep_series_not_list", "extends_not_text"),
)


@pytest.mark.parametrize("stem", SEEN)
def test_slips_show_in_an_editor(stem: str) -> None:
    path = Path(__file__).parents[2] / "bad_scenarios" / f"{stem}.toml"
    assert not accepts(as_json(path.read_text(encoding="utf-8")))
