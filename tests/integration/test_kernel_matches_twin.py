"""The compiled engine against the plain twin, with the engine's own draws and shocks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from documents import model_cases, spec_from_document
from matching import differences
from reference import simulate
from reference_chain import Chain, shock_names
from reference_events import alternations, events
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies.recompute import trace
from strategies import EVENTS, scenarios

TOLERANCE = 1e-10
LOOSE = 1e-6
"""Scenarios that alternate amplify rounding; they must still follow the same path."""
MOST_ALTERNATING = 0.04
"""A scenario alternates if more than this share of some hop's pairs of steps swing both ways."""
MOST_LEFT_OUT = 0.30


def follow(spec, trajectories, seed, shocks=True):
    """Run the engine, then the twin on the same draws and shocks."""
    chain = Chain.from_spec(spec)
    run = trace(spec, trajectories=trajectories, seed=seed, shocks=shocks)
    assert set(run.shocks) == set(shock_names(chain))
    return chain, run, simulate(chain, run.parameters, run.shocks)


def is_alternating(series):
    return alternations(series["revenue"]).mean(axis=-1).max() > MOST_ALTERNATING


def assert_same(chain, run, twin, tolerance=TOLERANCE):
    far = {name: gap for name, gap in differences(chain, run.series, twin).items() if not gap <= tolerance}
    assert not far, f"differences over their scale: {far}"
    flow = (twin["revenue"].sum(axis=1) * chain.dt).sum(axis=0)
    for name, values in run.cumulative.items():
        assert (np.abs(values - twin[name]) / flow).max() <= tolerance, name


def assert_same_events(chain, run, spec):
    for event in spec.events:
        flag, time = events(chain, run.series, event)
        np.testing.assert_array_equal(np.asarray(run.event_flag[event.name], dtype=bool), flag, event.name)
        found = np.asarray(run.event_time[event.name], dtype=np.float32)
        np.testing.assert_array_equal(found, time.astype(np.float32), event.name)


def match_random_scenarios(examples, derandomize):
    counts = {"tried": 0, "alternating": 0}

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=derandomize,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(spec=scenarios())
    def match(spec):
        chain, run, twin = follow(spec, trajectories=24, seed=2**40 + 7)
        alternating = is_alternating(twin)
        counts["tried"] += 1
        counts["alternating"] += alternating
        assert_same(chain, run, twin, LOOSE if alternating else TOLERANCE)
        assert_same_events(chain, run, spec)

    match()
    print("{alternating} of {tried} random scenarios alternate: matched to 1e-6 only".format(**counts))
    assert counts["alternating"] <= MOST_LEFT_OUT * counts["tried"]


def test_engine_matches_twin_on_random_scenarios():
    match_random_scenarios(examples=80, derandomize=True)


@pytest.mark.nightly
def test_engine_matches_twin_on_many_random_scenarios():
    match_random_scenarios(examples=3000, derandomize=False)


@pytest.mark.parametrize("seed", [1, 2**63 + 11])
def test_engine_matches_twin_on_the_base_scenario(seed):
    spec = load_scenario("base")
    chain, run, twin = follow(spec, trajectories=600, seed=seed)
    assert not is_alternating(twin)
    assert_same(chain, run, twin)
    assert_same_events(chain, run, spec)


def test_engine_keeps_both_identities_on_the_base_scenario():
    spec = load_scenario("base")
    chain, run, _ = follow(spec, trajectories=600, seed=3)
    kept = (run.series["profit"] + run.series["other"]).sum(axis=1)
    gross = run.series["revenue"].sum(axis=1)
    residual = (run.series["spend"] + run.series["financing"] - kept) / gross
    assert np.abs(residual).max() < 1e-12
    ends = (run.series["dollar_profit"] + run.series["dollar_other"]).sum(axis=1)
    assert np.abs(ends - 1.0).max() < 1e-12
    assert chain.n_step + 1 == gross.shape[0]


@pytest.mark.parametrize("case", tuple(model_cases()))
def test_engine_reproduces_a_published_case(case):
    published = model_cases()[case]
    spec = replace(spec_from_document(published["scenario"]), events=EVENTS)
    run = trace(spec, trajectories=3, seed=5, shocks=False)
    for name, values in (published["per_hop"] | published["per_step"]).items():
        tolerance = {"rtol": 0.0, "atol": 1e-6} if name == "tightness" else {"rtol": 1e-8, "atol": 0.0}
        expected = np.broadcast_to(np.asarray(values)[..., np.newaxis], run.series[name].shape)
        np.testing.assert_allclose(run.series[name], expected, err_msg=name, **tolerance)


def test_without_shocks_every_normal_and_jump_is_zero():
    run = trace(load_scenario("base"), trajectories=20, seed=1, shocks=False)
    assert all(not np.any(values) for values in run.shocks.values())


def test_shocks_are_standard_normals_and_poisson_counts():
    spec = load_scenario("base")
    run = trace(spec, trajectories=2000, seed=9)
    for name, values in run.shocks.items():
        if name in ("shock.leap", "shock.release"):
            rate = run.parameters[f"open_source.{name.removeprefix('shock.')}_rate"]
            off = values - np.broadcast_to(rate, values.shape[1]) / spec.steps_per_year
        else:
            off = values
            spread = np.sqrt(2.0 / values.size)
            assert abs(values.std() - 1.0) < 5.0 * spread, name
        assert abs(off.mean()) < 5.0 * off.std(ddof=1) / np.sqrt(off.size), name
