"""Damaged files are refused with a place, never with a traceback, and soon."""

from __future__ import annotations

import re
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandwich_sim.errors import ScenarioError
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.scenario.parameters import PARAMETERS

OVERLAY = shipped_scenarios()["price_war"].read_bytes()
BASE = shipped_scenarios()["base"].read_bytes()
WORDS = rb'[ ] { } " """ = . , # nan -inf 1e999 true 99999999999999999999999 \ ~ 0x [] {} ""'
TOKENS = st.sampled_from([*WORDS.split(b" "), b"'", b"\n", b"\x00", b"\xff", b"\xe2\x80\xae"])
PLACE = re.compile(r".*:\d+:\d+: |.*: ")


def outcome(data: bytes, folder: Path) -> None:
    path = folder / "fuzz.toml"
    path.write_bytes(data)
    start = time.process_time()
    try:
        load_scenario(path)
    except ScenarioError as error:
        assert error.problems
        for problem in error.problems:
            assert PLACE.match(str(problem))
            assert str(problem).isprintable()
            assert problem.line or problem.file.startswith("--set") or "fuzz" in problem.file
    assert time.process_time() - start < 2.0


@given(
    base=st.booleans(),
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), TOKENS), min_size=1, max_size=4),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
def test_damaged_bytes(base: bool, edits: list[tuple[float, int, bytes]], tmp_path: Path) -> None:
    data = BASE if base else OVERLAY
    for place, length, token in edits:
        at = int(place * len(data))
        data = data[:at] + token + data[at + length :]
    outcome(data, tmp_path)


VALUES = st.sampled_from(
    """true
"4"
-1
0
nan
inf
-0.0
1e18
1e-320
[]
{}
[1, 2]
2026-07-01
""
{ dist = "normal" }
{ dist = 3 }
{ value = {} }
{ same_as = [] }
{ quantiles = 3 }
{ quantiles = { p5 = 1, p95 = 1e300 } }
{ dist = "beta", p5 = 0.1, p95 = 0.9 }
{ dist = "beta", a = 1e-300, b = 1e300, min = 0.5 }
{ dist = "student-t", dof = 1, p5 = 0.1, p95 = 0.2 }
{ dist = "student-t", location = 0, scale = 1, dof = 0.001 }
{ dist = "mixture", components = [], weights = [] }
{ dist = "empirical" }
{ dist = "metalog" }
{ dist = "discrete", values = [], probabilities = [] }
{ dist = "lognormal", p5 = 1e-300, p95 = 1e300 }
{ dist = "normal", mean = 0, sd = 1e308 }
{ dist = "pert", low = 0, mode = 0, high = 1e-300 }
{ dist = "loguniform", p5 = 1e-300, p95 = 1 }
{ dist = "uniform", low = -1e308, high = 1e308, max = 0 }
{ dist = "triangular", p5 = 0.1, p95 = 0.2, mode = 0.1 }""".splitlines()
)


@given(index=st.integers(0, len(PARAMETERS) - 1), value=VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
def test_odd_values_of_every_number(index: int, value: str, tmp_path: Path) -> None:
    parameter = PARAMETERS[index]
    table = {"hop": "hop.chips", "edge": "edge.cloud-chips", "demand": "demand.app"}.get(
        parameter.table, parameter.table
    )
    outcome(f'extends = "base"\n[{table}]\n{parameter.key} = {value}\n'.encode(), tmp_path)


TABLES = st.sampled_from(
    """time
run
hop
hop.chips
edge
edge.cloud-chips
demand
correlation
event
event.x
portfolio
portfolio.position
portfolio.position.x
fact
fact.x
lab
open_source""".splitlines()
)
KEYS = st.sampled_from(
    """start
years
seed
fans
clauses
title
kind
role
weight
exposure
source
note
after
name
extends
remove
sobol_slots
position
"a ~ b"
"~"
""
x""".splitlines()
)


@given(table=st.one_of(st.none(), TABLES), key=KEYS, value=VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
def test_odd_values_of_every_other_key(table: str | None, key: str, value: str, tmp_path: Path) -> None:
    header = "" if table is None else f"[{table}]\n"
    outcome(f'extends = "base"\n{header}{key} = {value}\n'.encode(), tmp_path)
    outcome(f'extends = "base"\n{table or "x"} = {value}\n'.encode(), tmp_path)
