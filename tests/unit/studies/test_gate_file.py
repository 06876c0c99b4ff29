"""gate.toml: every problem at once, with its place; outcomes spelled out; seeds that depend on no clock."""

from pathlib import Path

import pytest

from sandwich_sim.errors import ScenarioError
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies.gate_file import read_gate_file
from sandwich_sim.studies.gate_metrics import check_distribution_margins, gate_levels, gate_metrics

GOOD = """
[gate]
version = 3
looks = [16384, 65536]
scenarios = ["base"]

[[outcome]]
name = "margin.* @ horizon"
mean = { margin = 0.01, low = -1.0, high = 1.0 }
quantiles = { margin = 0.02, levels = [0.05, 0.5] }

[[outcome]]
name = ["gap @ horizon", "capex @ 2030-07-01"]
distribution = { margin = 0.05 }

[[outcome]]
name = "event.*"
probability = { margin = 0.01 }
"""


@pytest.fixture
def read(tmp_path):
    def write_and_read(text):
        path = tmp_path / "gate.toml"
        path.write_text(text)
        return read_gate_file(path)

    return write_and_read


def problems(read, text):
    with pytest.raises(ScenarioError) as caught:
        read(text)
    return [str(problem).rpartition("gate.toml:")[2] for problem in caught.value.problems]


def test_a_gate_file_is_read_with_its_defaults(read, tmp_path):
    gate = read(GOOD)
    assert (gate.version, gate.alpha_fail, gate.beta_pass, gate.looks) == (3, 1e-5, 1e-3, (16384, 65536))
    assert gate.baselines == tmp_path / "baselines"
    assert [rule.names for rule in gate.outcomes] == [
        ("margin.* @ horizon",),
        ("gap @ horizon", "capex @ 2030-07-01"),
        ("event.*",),
    ]


def test_a_star_stands_for_every_hop_or_event(read):
    spec = load_scenario("base")
    wanted = gate_metrics(read(GOOD), spec)
    names = [metric.name for metric in wanted.metrics]
    assert names[:8] == [f"margin.{hop} @ horizon" for hop in spec.hop_names]
    assert names[8:] == ["gap @ horizon", "capex @ 2030-07-01", *(f"event.{e.name}" for e in spec.events)]
    statistics = [statistic.name for statistic in wanted.statistics]
    assert statistics[:3] == [
        "mean(margin.app @ horizon)",
        "P(margin.app @ horizon <= p5)",
        "P(margin.app @ horizon <= p50)",
    ]
    assert wanted.places["P(margin.app @ horizon <= p5)"] == ("outcome", 0, "quantiles", "margin")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("version = 3", "versoin = 3", ['3:1: gate.versoin: unknown key. Did you mean "version"?']),
        ("[16384, 65536]", "[65536, 16384]", ["4:1: gate.looks: must rise, in multiples of 4096 up to"]),
        ("[16384, 65536]", "[1000]", ["4:1: gate.looks: must rise, in multiples of 4096 up to"]),
        ("[16384, 65536]", "16384", ["4:1: gate.looks: is no list of 1 to 8 whole numbers."]),
        ("looks = [16384, 65536]\n", "", ["2:2: gate.looks: is missing."]),
        ('["base"]', '["bsae"]', ["5:14: gate.scenarios[0]: there is no scenario or file 'bsae' here."]),
        ('["base"]', '["/etc/*.toml"]', ["5:14: gate.scenarios[0]: there is no scenario or file"]),
        ('["base"]', "[]", ['5:1: gate.scenarios: names none. Use ["base"], say.']),
        ("low = -1.0, ", "", ["9:1: outcome[0].mean: lacks the range that values are cut to."]),
        ("margin = 0.01, low", "margin = 0, low", ["9:10: outcome[0].mean.margin: is 0: no number of"]),
        ("margin = 0.01, low", "low", ["9:1: outcome[0].mean.margin: is missing."]),
        ("[0.05, 0.5]", "[5, 50]", ["10:30: outcome[0].quantiles.levels: is no list of probabilities"]),
        ('name = "event.*"\n', "", ["16:3: outcome[2].name: is missing."]),
        (
            "mean = { margin = 0.01, low = -1.0, high = 1.0 }\n"
            "quantiles = { margin = 0.02, levels = [0.05, 0.5] }",
            "",
            ["7:3: outcome[0]: judges nothing. Add mean, quantiles, probability or distribution."],
        ),
        (GOOD, "gate = 3", ["1:1: gate: is 3. Use a table.", "1:1: outcome: is missing."]),
        (GOOD, "[gate", ["1:6: "]),
    ],
)
def test_a_wrong_file_says_what_to_write(read, old, new, expected):
    assert GOOD.count(old) == 1
    found = problems(read, GOOD.replace(old, new))
    assert len(found) == len(expected), found
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start), found


def test_all_problems_of_a_file_are_told_at_once(read):
    text = GOOD.replace("version = 3", "version = 0").replace("margin = 0.05", "margin = -1")
    assert len(problems(read, text)) == 2


def test_a_missing_file_says_where_to_name_one(tmp_path):
    with pytest.raises(ScenarioError, match="Name it with --gate-file"):
        read_gate_file(tmp_path / "gate.toml")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"event.*"', '"event.boom"', '17:1: outcome[2].name: in base: there is no event "boom".'),
        ("probability = {", "distribution = {", "17:1: outcome[2].name: event.thesis_falsified is an event."),
        ("distribution = {", "probability = {", "13:1: outcome[1].name: gap @ horizon is no event."),
        ("margin.* @ horizon", "margin.*", "8:1: outcome[0].name: in base: margin.app has a value at every"),
    ],
)
def test_outcomes_that_a_scenario_lacks_are_told_with_their_line(read, old, new, expected):
    gate = read(GOOD.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        gate_metrics(gate, load_scenario("base"))
    assert str(caught.value).rpartition("gate.toml:")[2].startswith(expected)


def test_a_distribution_needs_a_margin_that_the_last_look_can_show(read):
    gate = read(GOOD.replace("margin = 0.05", "margin = 0.005"))
    with pytest.raises(ScenarioError, match=r"is 0.005, but 65536 trajectories show equality to 0.01"):
        check_distribution_margins(gate, gate_levels(gate, 30, 1))


def test_seeds_follow_from_version_scenario_and_side_alone(read):
    gate, again = read(GOOD), read(GOOD.replace("looks = [16384, 65536]", "looks = [16384]"))
    newer = read(GOOD.replace("version = 3", "version = 4"))
    assert gate.seed("base", "paired") == again.seed("base", "paired") == 2475942854435563593
    seeds = {
        g.seed(name, side) for g in (gate, newer) for name in ("base", "x") for side in ("paired", "apart")
    }
    assert len(seeds) == 8
    assert all(0 <= seed < 2**64 for seed in seeds)


def test_scenario_files_are_found_beside_the_gate_file(read, tmp_path):
    (tmp_path / "mine").mkdir()
    for name in ("b", "a"):
        (tmp_path / "mine" / f"{name}.toml").write_text('extends = "base"\n')
    gate = read(GOOD.replace('["base"]', '["mine/*.toml", "base"]'))
    assert [Path(source).name for source in gate.scenarios] == ["a.toml", "b.toml", "base"]


def test_the_whole_run_shares_its_false_alarms(read):
    gate = read(GOOD)
    one, many = gate_levels(gate, 10, 1), gate_levels(gate, 10, 8)
    assert one.fail == pytest.approx(8 * many.fail) == pytest.approx(1e-5 / (2 * 10 * 2))
    assert one.accept == many.accept == pytest.approx(1e-3 / 2)
