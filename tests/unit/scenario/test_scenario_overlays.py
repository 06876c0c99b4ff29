"""How files and --set changes are laid over each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandwich_sim.errors import ScenarioError
from sandwich_sim.scenario.load import dump_scenario, load_scenario, shipped_scenarios, with_run_options
from sandwich_sim.scenario.spec import Evidence, ScenarioSpec
from sandwich_sim.scenario.uncertain import Constant, Empirical, LogNormal, SameAs, Uniform

Overlay = Callable[..., ScenarioSpec]

GRID = """
normal_return = 0.1
premium_cap = 1.0
scarcity = 0.5
monopoly = 0.5
pricing_power = 0.5
reversion = 0.3
volatility = 0.1
fixed_cost = 0.1
"""


@pytest.fixture
def overlay(tmp_path: Path) -> Overlay:
    """Load a text as an overlay of base."""

    def load(text: str, *overrides: str, name: str = "mine", base: str = "base") -> ScenarioSpec:
        path = tmp_path / f"{name}.toml"
        path.write_text(f'extends = "{base}"\n{text}', encoding="utf-8")
        return load_scenario(path, overrides)

    return load


def test_tables_merge_and_the_rest_stays(overlay: Overlay) -> None:
    base, mine = load_scenario("base"), overlay("[open_source]\ngap = 6.0\n")
    changed = {name for name in base.parameters if base.parameters[name] != mine.parameters[name]}
    assert changed == {"open_source.gap"}
    assert mine.parameters["open_source.gap"] == Constant(6.0)


def test_number_is_replaced_with_its_evidence(overlay: Overlay) -> None:
    assert load_scenario("base").evidence["open_source.gap"].source == "open_lag_months_eci_2026"
    assert overlay("[open_source]\ngap = 6.0\n").evidence["open_source.gap"] == Evidence(None, None)


def test_distribution_is_replaced_whole(overlay: Overlay) -> None:
    with pytest.raises(ScenarioError, match="has quantiles but no dist"):
        overlay("[open_source]\ngap = { p95 = 9.0 }\n")


def test_source_of_a_table_speaks_for_its_own_files_bare_numbers_only(overlay: Overlay) -> None:
    below = load_scenario("base").evidence["hop.chips.scarcity"].source
    assert below is not None and below.startswith("assumption: today's margin")
    assert overlay("[hop.chips]\nscarcity = 0.5\n").evidence["hop.chips.scarcity"].source is None
    mine = overlay('[hop.chips]\nsource = "assumption: mine"\nscarcity = 0.5\nreversion = { value = 0.5 }\n')
    assert mine.evidence["hop.chips.scarcity"].source == "assumption: mine"
    assert mine.evidence["hop.chips.reversion"].source is None
    assert mine.evidence["hop.chips.monopoly"].source == "accelerator_share_nvidia_2026"
    assert mine.evidence["hop.chips.pricing_power"].source == below


def test_list_is_replaced_whole(overlay: Overlay) -> None:
    mine = overlay(
        '[event.thesis_falsified]\nclauses = [{ series = "gap", below = 5.0 }]\n[run]\nfans = ["gap"]\n'
    )
    event = next(event for event in mine.events if event.name == "thesis_falsified")
    assert len(event.clauses) == 1
    assert event.title.startswith("All-in margin")
    assert mine.run.fans == ("gap",)


def test_exposure_is_replaced_whole(overlay: Overlay) -> None:
    mine = overlay("[portfolio.position.big_cloud]\nexposure = { cloud = 1.0 }\n")
    assert {p.name: dict(p.exposure) for p in mine.portfolio}["big_cloud"] == {"cloud": 1.0}


def test_words_are_not_inherited(overlay: Overlay) -> None:
    mine = overlay("")
    assert (mine.name, mine.title, mine.summary) == ("mine", "mine", "")


def test_same_as_is_resolved_after_merging(overlay: Overlay) -> None:
    mine = overlay("[demand.app]\ngrowth = 0.5\n")
    assert mine.parameters["demand.lab.growth"] == SameAs("demand.app.growth")
    chained = overlay('[demand.app]\ngrowth = { same_as = "demand.cloud.growth" }\n')
    assert chained.parameters["demand.lab.growth"] == SameAs("demand.cloud.growth")
    assert chained.evidence["demand.lab.growth"] == chained.evidence["demand.cloud.growth"]


def test_default_follows_todays_value() -> None:
    spec = load_scenario("base")
    assert "edge.cloud-power.life" not in spec.parameters
    assert "hop.lab.scarcity" not in spec.parameters
    assert spec.parameters["edge.cloud-chips.stock_ratio"] == Constant(1.0)
    assert spec.parameters["hop.app.tightness"] == Constant(0.0)
    assert "hop.app.tightness" not in spec.evidence


def test_long_run_value_left_out_is_todays(overlay: Overlay) -> None:
    mine = overlay('remove = ["hop.chips.monopoly_long"]\n')
    assert mine.parameters["hop.chips.monopoly_long"] == SameAs("hop.chips.monopoly")


def test_new_hop_goes_last_or_behind_the_hop_it_names(overlay: Overlay) -> None:
    edge = "[edge.cloud-grid]\nshare = 0.01\n"
    assert overlay(f"[hop.grid]{GRID}{edge}").hop_names[-1] == "grid"
    names = overlay(f'[hop.grid]\nafter = "chips"{GRID}{edge}').hop_names
    assert names[names.index("chips") + 1] == "grid"


def test_new_hops_may_follow_each_other(overlay: Overlay) -> None:
    text = "".join(
        f'[hop.{name}]\nafter = "{after}"{GRID}[edge.cloud-{name}]\nshare = 0.01\n'
        for name, after in (("c", "b"), ("a", "chips"), ("b", "chips"))
    )
    names = overlay(text).hop_names
    assert names[names.index("chips") + 1 :][:3] == ("a", "b", "c")


def test_removing_a_hop_removes_its_edges_demand_and_correlations(overlay: Overlay) -> None:
    mine = overlay('remove = ["hop.datacenter"]\n')
    assert "datacenter" not in mine.hop_names
    assert all("datacenter" not in (edge.buyer, edge.supplier) for edge in mine.edges)
    assert all("datacenter" not in name for pair in mine.correlation for name in pair[:2])
    assert len(mine.correlation) == len(load_scenario("base").correlation) - 1


def test_remove_takes_edges_events_positions_and_correlations(overlay: Overlay) -> None:
    mine = overlay(
        'remove = ["edge.cloud-power", "event.umbrella_closed", "portfolio.position.big_cloud",\n'
        ' "portfolio.position.frontier_lab", "correlation.demand.cloud.growth ~ demand.app.growth"]\n'
        "[portfolio.position.chip_designer]\nweight = 1.0\n"
        "[demand.power]\nspend = 1.0\ngrowth = 0.1\ngrowth_decay = 3.0\nelasticity = 1.0\n"
    )
    assert "cloud-power" not in [edge.name for edge in mine.edges]
    assert "umbrella_closed" not in [event.name for event in mine.events]
    assert [position.name for position in mine.portfolio] == ["chip_designer"]
    assert ("demand.app.growth", "demand.cloud.growth", 0.5) not in mine.correlation


@pytest.mark.parametrize("table", ["event", "portfolio", "correlation"])
def test_tables_of_little_weight_may_be_removed_whole(overlay: Overlay, table: str) -> None:
    mine = overlay(f'remove = ["{table}"]\n')
    assert not {"event": mine.events, "portfolio": mine.portfolio, "correlation": mine.correlation}[table]


def test_removed_hop_may_be_written_anew(overlay: Overlay) -> None:
    mine = overlay(
        f'remove = ["hop.power"]\n[hop.power]\nafter = "chips"{GRID}[edge.cloud-power]\nshare = 0.05\n'
    )
    assert mine.hop_names[4] == "power"
    assert mine.hops[4].cost_driver is None


def test_correlation_in_the_other_order_replaces(overlay: Overlay) -> None:
    mine = overlay('[correlation]\n"demand.cloud.growth ~ demand.app.growth" = 0.1\n')
    assert ("demand.app.growth", "demand.cloud.growth", 0.1) in mine.correlation
    assert len(mine.correlation) == len(load_scenario("base").correlation)


def test_correlation_of_a_number_fixed_later_is_dropped(overlay: Overlay) -> None:
    fixed = load_scenario("base", ["demand.app.growth=0.5"])
    assert all("demand.app.growth" not in pair for pair in fixed.correlation)
    mine = overlay("[demand.app]\ngrowth = 0.5\n")
    assert mine.correlation == fixed.correlation
    (note,) = fixed.notes
    assert note == (
        'the correlation "demand.app.growth ~ demand.cloud.growth" = 0.5 is dropped: '
        "demand.app.growth is a constant by --set demand.app.growth=0.5."
    )
    assert "mine.toml." in mine.notes[0]


def test_correlation_of_a_number_that_takes_another_draw_is_dropped(overlay: Overlay) -> None:
    mine = overlay('[demand.cloud]\ngrowth = { same_as = "demand.app.growth" }\n')
    assert all("demand.cloud.growth" not in pair for pair in mine.correlation)
    assert len(mine.notes) == 3
    assert all("demand.cloud.growth is the draw of demand.app.growth by " in note for note in mine.notes)


def test_check_of_an_event_that_is_removed_later_is_dropped(tmp_path: Path) -> None:
    base = load_scenario("base")
    spec = load_scenario("base", ["remove=event", "time.years=1"])
    gone = {"umbrella_likely_closes", "labs_are_no_profit_center"}
    assert [name for name, _ in spec.checks] == [name for name, _ in base.checks if name not in gone]
    assert spec.notes == (
        "the check umbrella_likely_closes is dropped: event.umbrella_closed is removed by "
        "--set remove=event.",
        "the check labs_are_no_profit_center is dropped: event.lab_profit_center is removed by "
        "--set remove=event.",
    )
    path = tmp_path / "stored.toml"
    path.write_text(dump_scenario(spec))
    assert load_scenario(path).checks == spec.checks


def test_check_of_a_hop_that_is_removed_later_is_dropped(overlay: Overlay) -> None:
    mine = overlay('[checks]\na = "p50(margin.datacenter @ horizon) < 1"\n', "remove=hop.datacenter")
    assert mine.checks == () and "checks" not in mine.document
    (note,) = mine.notes
    assert note == "the check a is dropped: hop.datacenter is removed by --set remove=hop.datacenter."


@pytest.mark.parametrize(
    ("text", "overrides", "said"),
    [
        (
            'remove = ["event.umbrella_closed"]\n[checks]\na = "P(umbrella_closed) > 0.1"\n',
            (),
            r'mine.toml:4:1: checks.a: event.umbrella_closed is gone by remove = \["event.umbrella_closed"\]',
        ),
        (
            "",
            ("remove=event.umbrella_closed", 'checks.a="P(umbrella_closed) > 0.1"'),
            r"^--set checks.a=.P\(umbrella_closed\) > 0.1.: checks.a: event.umbrella_closed is gone by",
        ),
        (
            '[checks]\na = "P(umbrela_closed) > 0.1"\n',
            ("remove=event",),
            'mine.toml:3:1: checks.a: there is no event "umbrela_closed". There is none in this scenario.',
        ),
        (
            '[checks]\na = "P(lab_profit_centre) > 0.1"\n',
            ("remove=event.lab_profit_center",),
            'checks.a: there is no event "lab_profit_centre". Known: thesis_falsified, umbrella_closed',
        ),
        (
            '[checks]\na = "p50(gap @ 2034) > 0.1"\n',
            ("time.years=5",),
            r"^--set time.years=5: time.years: breaks checks.a \(.*mine.toml:3:1\): 2034 is outside the run",
        ),
    ],
)
def test_check_that_cannot_be_judged_is_refused_where_that_was_made(
    overlay: Overlay, text: str, overrides: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ScenarioError, match=said):
        overlay(text, *overrides)


def test_checks_may_be_removed() -> None:
    base = load_scenario("base")
    assert load_scenario("base", ["remove=checks"]).checks == ()
    one = load_scenario("base", ["remove=checks.chip_margin_falls"])
    assert [name for name, _ in one.checks] == [
        name for name, _ in base.checks if name != "chip_margin_falls"
    ]
    with pytest.raises(ScenarioError, match=r'Did you mean "checks.chip_margin_falls"\?'):
        load_scenario("base", ["remove=checks.chip_margin_fall"])


def test_removing_checks_where_there_are_none_is_no_mistake(overlay: Overlay) -> None:
    assert overlay('remove = ["checks"]\n', "remove=checks", name="lower").checks == ()
    mine = overlay('remove = ["checks"]\n[checks]\na = "mean(gap @ 2030) > 0"\n', base="lower.toml")
    assert mine.checks == (("a", "mean(gap @ 2030) > 0"),)


def test_nothing_is_noted_where_nothing_is_dropped(overlay: Overlay) -> None:
    assert overlay('[demand.app]\ngrowth = { dist = "uniform", low = 0.1, high = 0.5 }\n').notes == ()
    assert all(load_scenario(name).notes == () for name in shipped_scenarios())


def test_overlays_of_overlays(overlay: Overlay) -> None:
    overlay("[open_source]\ngap = 6.0\nleap_size = 2.0\n", name="lower")
    mine = overlay("[open_source]\ngap = 7.0\n", name="upper", base="lower.toml")
    assert mine.parameters["open_source.gap"] == Constant(7.0)
    assert mine.parameters["open_source.leap_size"] == Constant(2.0)


def test_changes_from_the_command_line() -> None:
    spec = load_scenario(
        "base",
        [
            "open_source.gap=4",
            'lab.funding={dist="uniform", low=0, high=1}',
            "run.sampler=random",
            "run.seed=18446744073709551615",
            "time.start=2027-01-01",
            'correlation."open_source.leap_size ~ lab.funding"=0.3',
            'remove=["event.umbrella_closed"]',
        ],
    )
    assert spec.parameters["open_source.gap"] == Constant(4.0)
    assert spec.parameters["lab.funding"] == Uniform(low=0.0, high=1.0)
    assert spec.run.sampler == "random"
    assert spec.run.seed == 2**64 - 1
    assert spec.start.year == 2027
    assert ("lab.funding", "open_source.leap_size", 0.3) in spec.correlation
    assert "umbrella_closed" not in [event.name for event in spec.events]


def test_changes_from_the_command_line_need_no_quotes_or_brackets_of_toml() -> None:
    spec = load_scenario(
        "base", ["correlation.open_source.leap_size ~ open_source.gap=0.3", "remove=event.umbrella_closed"]
    )
    assert ("open_source.gap", "open_source.leap_size", 0.3) in spec.correlation
    assert "umbrella_closed" not in [event.name for event in spec.events]


def test_columns_are_found_beside_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for folder, value in ((tmp_path, 5.0), (tmp_path / "below", 9.0)):
        (folder / "gaps.csv").write_text(f"months\n1\n{value}\n")
    number = '{ dist = "empirical", file = "gaps.csv", column = "months" }'
    (tmp_path / "lower.toml").write_text(f'extends = "base"\n[open_source]\ngap = {number}\n')
    (tmp_path / "below" / "upper.toml").write_text(f'extends = "../lower.toml"\n[lab]\nfunding = {number}\n')
    spec = load_scenario(tmp_path / "below" / "upper.toml")
    assert spec.parameters["open_source.gap"] == Empirical(values=(1.0, 5.0))
    assert spec.parameters["lab.funding"] == Empirical(values=(1.0, 9.0))


def test_columns_of_a_change_are_found_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gaps.csv").write_text("months\n1\n5\n")
    spec = load_scenario("base", ['open_source.gap={dist="empirical", file="gaps.csv", column="months"}'])
    assert spec.parameters["open_source.gap"] == Empirical(values=(1.0, 5.0))


def test_columns_of_all_numbers_together_fit_the_stored_file(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("x\n" + "".join(f"{1.0 + i / 7.0!r}\n" for i in range(10_000)))
    number = '{ dist = "empirical", file = "long.csv", column = "x" }'
    keys = ("gap", "leap_size", "closed_size", "share_curvature")
    path = tmp_path / "mine.toml"
    path.write_text('extends = "base"\n[open_source]\n' + "".join(f"{key} = {number}\n" for key in keys[:3]))
    (tmp_path / "stored.toml").write_text(dump_scenario(load_scenario(path)))
    assert load_scenario(tmp_path / "stored.toml").digest == load_scenario(path).digest
    path.write_text('extends = "base"\n[open_source]\n' + "".join(f"{key} = {number}\n" for key in keys))
    with pytest.raises(ScenarioError, match=r"together hold 40_000 numbers\. Use at most 30_000"):
        load_scenario(path)


def test_later_changes_win() -> None:
    spec = load_scenario("base", ["open_source.gap=4", "open_source.gap=5"])
    assert spec.parameters["open_source.gap"] == Constant(5.0)


def test_sobol_slots_are_those_of_the_root_then_own(overlay: Overlay) -> None:
    base = load_scenario("base")
    assert base.sobol_slots == base.drawn
    mine = overlay('[open_source]\ngap = 6.0\ngap_vol = { dist = "uniform", low = 1.0, high = 2.0 }\n')
    assert mine.sobol_slots == (*base.drawn, "open_source.gap_vol")
    assert "open_source.gap" not in mine.drawn
    later = load_scenario("base", ['lab.shelf_min={dist="uniform", low=0.1, high=0.2}', "open_source.gap=1"])
    assert later.sobol_slots == (*base.drawn, "lab.shelf_min")


def test_run_options_can_be_changed_later() -> None:
    spec = load_scenario("base")
    other = with_run_options(spec, trajectories=1024, seed=5)
    assert other.run.trajectories == 1024
    assert other.document["run"]["seed"] == 5
    assert other.digest == load_scenario("base", ["run.trajectories=1024", "run.seed=5"]).digest
    assert (
        with_run_options(other, trajectories=spec.run.trajectories, seed=spec.run.seed).digest == spec.digest
    )


def test_lognormal_by_quantiles_is_canonical() -> None:
    gap = load_scenario("base").parameters["open_source.gap"]
    assert isinstance(gap, LogNormal)
    assert gap.mu == pytest.approx(1.3862943611198906)
