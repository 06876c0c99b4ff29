"""Events in words."""

import pytest

from sandwich_sim.results.event_rules import rule_of
from sandwich_sim.results.meta import meta_of
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.scenario.spec import Clause, Event, Move


def say(*clauses):
    return rule_of(Event("x", "", clauses))


@pytest.mark.parametrize(
    ("clauses", "words"),
    [
        ([Clause("gap", below=1.0)], "capability gap is below 1 month"),
        (
            [Clause("capex", above=500.0, below=900.0)],
            "capital spending is below 900 bn USD/yr and is above 500 bn USD/yr",
        ),
        ([Clause("margin.lab", rises=Move(1))], "operating margin of lab rises for a year"),
        (
            [Clause("capex", falls=Move(1, by_ratio=0.3))],
            "capital spending falls by at least 30% in a year",
        ),
        (
            [Clause("margin.chips", rises=Move(2, 0.01, 0.1)), Clause("gap", above=12.0)],
            "operating margin of chips rises 2 years running by at least 0.01 and 10% a year; "
            "capability gap stays above 12 months",
        ),
        (
            [Clause("share", falls=Move(3), ends_above=0.2, ends_above_start=True)],
            "closed share of the work done falls 3 years running, ends above 0.2 and "
            "ends above where it started",
        ),
    ],
)
def test_clauses_become_words(clauses, words):
    assert say(*clauses) == words


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_event_of_a_shipped_scenario_has_its_rule(name):
    spec = load_scenario(name)
    meta = meta_of(spec, n_trajectories=16, seed=1, keep="summary", stream_version=1)
    assert len(meta.event_rules) == len(meta.events) > 0
    for event, rule in zip(spec.events, meta.event_rules, strict=True):
        assert rule.count(";") == len(event.clauses) - 1
        assert all(str(clause.below).removesuffix(".0") in rule for clause in event.clauses if clause.below)
