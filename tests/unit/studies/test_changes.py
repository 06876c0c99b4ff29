"""In what two scenarios differ, and whether the scenarios between them are what they should be."""

from dataclasses import replace

import pytest

from changed_scenarios import COOLING, overlay
from sandwich_sim.errors import ScenarioError
from sandwich_sim.scenario.digest import canonical_form
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.scenario.recombine import ABSENT, scenario_of, value_at, with_values
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.studies.changes import Between, describe_value

UNSWAPPED = {"run", "events", "portfolio", "slots"}
"""Parts of the canonical form that change no outcome of a trajectory, or no other one."""


@pytest.fixture(scope="module")
def base() -> ScenarioSpec:
    return load_scenario("base")


def keys(first: ScenarioSpec, second: ScenarioSpec, events=()) -> list[str]:
    return [change.key for change in Between(first, second, events).changes]


@pytest.mark.parametrize("name", [name for name in shipped_scenarios() if name != "base"])
def test_all_changes_together_make_the_other_scenario(base, name):
    other = load_scenario(name)
    for first, second in ((base, other), (other, base)):
        between = Between(first, second, second_events := [event.name for event in second.events])
        made = canonical_form(between.composed(range(len(between.changes))))
        wanted = canonical_form(second)
        assert {key: made[key] for key in made if key not in UNSWAPPED} == {
            key: wanted[key] for key in wanted if key not in UNSWAPPED
        }
        assert made["events"] == {key: wanted["events"][key] for key in second_events}


@pytest.mark.parametrize("name", shipped_scenarios())
def test_a_document_makes_its_own_scenario_again(name):
    spec = load_scenario(name)
    again = scenario_of(spec.document, name)
    assert again.digest == spec.digest
    assert again.parameters == spec.parameters


def test_a_scenario_does_not_differ_from_itself(base):
    assert keys(base, load_scenario("base")) == []


def test_words_evidence_and_options_of_the_run_are_no_changes(base, tmp_path):
    text = """
    title = "Other words"
    [run]
    trajectories = 64
    seed = 3
    sampler = "random"
    fans = ["gap"]
    keep_series = ["gap"]
    [hop.chips]
    title = "Accelerators"
    pricing_power = { value = 0.9, source = "assumption: the same number, said otherwise" }
    """
    assert keys(base, overlay(tmp_path, text)) == []


def test_numbers_times_roles_and_kinds_are_changes(base, tmp_path):
    text = """
    [time]
    years = 8
    [open_source]
    gap = 4.0
    [edge.cloud-power]
    kind = "capital"
    life = 5.0
    lag = 1.0
    """
    between = Between(base, overlay(tmp_path, text))
    kind = {"edge.cloud-power.kind", "edge.cloud-power.life", "edge.cloud-power.lag"}
    assert {change.key for change in between.changes} == {"time.years", "open_source.gap", *kind}
    gap = next(change for change in between.changes if change.key == "open_source.gap")
    assert str(gap) == "open_source.gap: lognormal(p5 2, p95 8) → 4"


def test_a_number_that_one_side_leaves_to_its_default_is_set_and_taken_away(base, tmp_path):
    other = overlay(tmp_path, "[hop.datacenter]\nglut_discount = 0.4\n")
    (change,) = Between(base, other).changes
    assert (change.old, change.new) == (ABSENT, 0.4)
    back = Between(other, base)
    assert back.changes[0].new is ABSENT
    assert canonical_form(back.composed([0]))["numbers"] == canonical_form(base)["numbers"]


def test_a_new_hop_is_one_change_beside_its_edge(base, tmp_path):
    other = overlay(tmp_path, COOLING)
    between = Between(base, other)
    assert {change.key for change in between.changes} == {"hop.cooling", "edge.datacenter-cooling"}
    assert between.composed(range(2)).hop_names == other.hop_names
    with pytest.raises(ScenarioError):
        between.scenario([0])


def test_hops_of_both_sides_stand_in_one_order(base, tmp_path):
    without = overlay(tmp_path, 'remove = ["hop.memory"]\n[edge.chips-foundry]\nshare = 0.5\n', "without")
    back = Between(without, base)
    assert back.composed(range(len(back.changes))).hop_names == base.hop_names


def test_a_correlation_spelled_the_other_way_round_is_the_same(base, tmp_path):
    one = overlay(tmp_path, '[correlation]\n"open_source.gap ~ lab.training" = 0.3\n', "one")
    two = overlay(tmp_path, '[correlation]\n"lab.training ~ open_source.gap" = 0.3\n', "two")
    three = overlay(tmp_path, '[correlation]\n"lab.training ~ open_source.gap" = -0.3\n', "three")
    assert keys(one, two) == []
    assert keys(one, three) == ["correlation.lab.training ~ open_source.gap"]
    between = Between(one, three)
    assert between.composed([0]).correlation == three.correlation


def test_a_correlation_goes_with_the_numbers_that_it_ties(base):
    # The pair of base is lost where one of its numbers is held constant; that is no change of its own.
    other = load_scenario("base", ["open_source.catch_up_speed=1.0", "lab.training=50.0"])
    for first, second in ((base, other), (other, base)):
        between = Between(first, second)
        assert [change.key for change in between.changes] == ["open_source.catch_up_speed", "lab.training"]
        for places, spec in (([1], first), ([0], second)):
            assert between.composed(places).correlation == spec.correlation


def test_the_definition_of_an_event_is_a_change_only_where_it_is_looked_at(base, tmp_path):
    text = """
    [event.gap_is_small]
    title = "The gap is small"
    clauses = [{ series = "gap", below = %s }]
    """
    one, two = overlay(tmp_path, text % "1.0", "one"), overlay(tmp_path, text % "2.0", "two")
    assert keys(one, two) == []
    assert keys(one, two, ["gap_is_small"]) == ["event.gap_is_small"]
    between = Between(one, two, ["gap_is_small"])
    assert between.composed([0]).events == tuple(e for e in two.events if e.name == "gap_is_small")


def test_scenarios_at_the_ends_are_the_given_ones_less_the_events_not_looked_at(base):
    other = load_scenario("price_war")
    between = Between(base, other, ["thesis_falsified"])
    everything = range(len(between.changes))
    assert between.scenario([]).parameters == base.parameters
    assert between.scenario(everything).parameters == other.parameters
    assert [event.name for event in between.scenario(everything).events] == ["thesis_falsified"]


def test_a_difference_that_cannot_be_swapped_in_is_no_silent_loss(base):
    # Stands for a table that a later version of the model may add.
    other = replace(base, demand=base.demand[:-1], document={**base.document})
    with pytest.raises(ValueError, match="differs in demand, which cannot be swapped in"):
        Between(base, other)


def test_replacing_values_leaves_the_document_alone():
    document = {"a": {"b": {"c": 1}, "d": 2}}
    changed = with_values(document, [(("a", "b", "c"), 9), (("a", "b", "e"), 8), (("a", "d"), ABSENT)])
    assert changed == {"a": {"b": {"c": 9, "e": 8}}}
    assert document == {"a": {"b": {"c": 1}, "d": 2}}
    assert value_at(changed, ("a", "b", "e")) == 8
    assert value_at(changed, ("a", "x")) is ABSENT


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (ABSENT, "not set"),
        (0.5, "0.5"),
        ({"value": 3, "source": "assumption: x", "note": "y"}, "3"),
        ({"same_as": "lab.training"}, "same as lab.training"),
        ({"dist": "pert", "low": 1, "mode": 2, "high": 4, "source": "x"}, "pert(low 1, mode 2, high 4)"),
        ({"quantiles": {"p5": 1.0, "p95": 2.0}, "low": 0}, "{quantiles {p5 1, p95 2}, low 0}"),
        ([1, 2, 3, 4, 5], "[1, 2, 3, 4, ...]"),
        ("hardware", "hardware"),
    ],
)
def test_values_are_said_short_and_without_evidence(value, said):
    assert describe_value(value) == said
