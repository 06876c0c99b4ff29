"""Groups of changed keys: by table, by key, by the user's own rules, and merged where they must be."""

import pytest

from changed_scenarios import COOLING, overlay
from sandwich_sim.analysis.shapley import all_coalitions
from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.studies.changes import Between, Change
from sandwich_sim.studies.explain_groups import Coalitions, group_changes, parse_rule


def change(key: str) -> Change:
    return Change(tuple(key.split(".")), 1.0, 2.0)


CHANGES = [
    change(key)
    for key in (
        "time.years", "open_source.gap", "open_source.gap_vol", "lab.training", "hop.lab.monopoly",
        "hop.lab.reversion", "hop.app.monopoly", "edge.cloud-chips.share", "edge.cloud-power.share",
        "edge.app-lab.share", "demand.app.spend", "demand.lab.spend",
    )
]  # fmt: skip


def names(groups) -> list[str]:
    return [group.name for group in groups]


def coalitions_of(first: ScenarioSpec, second: ScenarioSpec, **options) -> Coalitions:
    between = Between(first, second)
    coalitions = Coalitions(between, group_changes(between.changes, **options))
    coalitions.make_valid(all_coalitions)
    return coalitions


def test_groups_are_tables_hops_and_what_one_hop_buys():
    assert names(group_changes(CHANGES)) == [
        "time", "open_source", "lab", "hop.lab", "hop.app", "edge.cloud-*", "edge.app-*", "demand",
    ]  # fmt: skip


def test_by_key_cost_shares_of_one_buyer_stay_together():
    found = group_changes(CHANGES, by="key")
    assert names(found) == [
        "time", "open_source.gap", "open_source.gap_vol", "lab.training", "hop.lab.monopoly",
        "hop.lab.reversion", "hop.app.monopoly", "edge.cloud-*", "edge.app-*", "demand.app.spend",
        "demand.lab.spend",
    ]  # fmt: skip


@pytest.mark.parametrize("by", ["table", "key"])
def test_every_change_is_in_one_group(by):
    found = group_changes(CHANGES, by=by, rules=["mine=hop.*.monopoly,lab"])
    assert sorted(place for group in found for place in group.changes) == list(range(len(CHANGES)))


def test_own_groups_come_before_the_natural_ones():
    found = group_changes(CHANGES, rules=["rivalry=hop.*.monopoly,open_source.gap", "gap=open_source"])
    members = {group.name: [CHANGES[place].key for place in group.changes] for group in found}
    assert members["rivalry"] == ["open_source.gap", "hop.lab.monopoly", "hop.app.monopoly"]
    assert members["gap"] == ["open_source.gap_vol"]
    assert members["hop.lab"] == ["hop.lab.reversion"]


@pytest.mark.parametrize("text", ["prices", "prices=", "=lab.*", "prices= , "])
def test_a_rule_that_is_none_is_told_how_to_write_one(text):
    with pytest.raises(UsageError, match=r"is no group\. Write NAME=KEY,KEY"):
        parse_rule(text)


def test_a_rule_that_fits_nothing_is_told_what_was_meant():
    with pytest.raises(
        UsageError, match=r'no changed key is "open_source.gop"\. Did you mean "open_source.gap"'
    ):
        group_changes(CHANGES, rules=["a=open_source.gop"])


def test_a_new_hop_and_its_edge_become_one_group(tmp_path):
    found = coalitions_of(load_scenario("base"), overlay(tmp_path, COOLING + "[open_source]\ngap = 4.0\n"))
    assert sorted(names(found.groups)) == ["hop.cooling + edge.datacenter-*", "open_source"]
    (remark,) = found.remarks
    assert remark.startswith("hop.cooling and edge.datacenter-* make sense together only")
    for coalition in all_coalitions(2):
        assert found.scenario(coalition).hop_names


def test_a_hop_that_is_taken_away_is_merged_with_what_it_leaves_behind(tmp_path):
    base = load_scenario("base")
    found = coalitions_of(overlay(tmp_path, COOLING + "[open_source]\ngap = 4.0\n"), base)
    assert sorted(names(found.groups)) == ["hop.cooling + edge.datacenter-*", "open_source"]


def test_only_what_is_needed_is_merged(tmp_path):
    text = "[lab]\nshelf_min = 2.0\nshelf_max = 3.0\ntraining = 40.0\n[open_source]\ngap = 5.0\n"
    found = coalitions_of(load_scenario("base"), overlay(tmp_path, text), by="key")
    together = "lab.shelf_min + lab.shelf_max"  # the lower one would lie above today's upper one
    assert sorted(names(found.groups)) == [together, "lab.training", "open_source.gap"]
    for coalition in all_coalitions(3):
        found.scenario(coalition)


def test_valid_groups_are_left_alone():
    found = coalitions_of(load_scenario("umbrella_holds"), load_scenario("capex_bust"))
    assert len(found.groups) == 6
    assert found.remarks == []
