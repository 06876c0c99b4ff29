"""`compare --explain`: what it prints, writes and refuses; the numbers have tests of their own."""

import json

import pytest

from sandwich_sim.analysis.attribution import Attribution, Part
from sandwich_sim.analysis.difference import Measured
from sandwich_sim.cli.explain import _block

SMALL = ["-n", 256, "--metric", "cents_kept.lab @ horizon"]


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "base"\n[open_source]\ngap = 2.0\n[lab]\nreinvestment = 0.9\ntraining = 60.0\n'
    )
    return path.name


def test_causes_are_printed_in_falling_order_with_their_keys(call, mine):
    result = call("compare", "base", mine, "--explain", *SMALL)
    assert result.exit_code == 0
    assert "Why mine differs from base" in result.stdout
    block = result.stdout[result.stdout.index("Mean of cents kept") :].splitlines()
    assert {block[1].split()[0], block[2].split()[0]} == {"open_source", "lab"}
    assert "    lab.reinvestment: triangular(low 0.3, mode 0.65, high 0.95) → 0.9" in result.stdout
    assert (
        "explaining mine − base: 2 causes, all orders of them, 4 scenarios of 256 trajectories"
        in result.stderr
    )


def test_each_key_can_be_a_cause_and_causes_can_be_ones_own(call, mine):
    document = json.loads(call("compare", "base", mine, "--explain", "--by", "key", *SMALL, "--json").stdout)
    assert list(document["explanations"][0]["groups"]) == [
        "open_source.gap",
        "lab.training",
        "lab.reinvestment",
    ]
    own = ["--group", "money=lab.*", "--group", "models=open_source"]
    document = json.loads(call("compare", "base", mine, "--explain", *own, *SMALL, "--json").stdout)
    (explanation,) = document["explanations"]
    assert set(explanation["groups"]) == {"money", "models"}
    for statistic in explanation["statistics"]:
        total = sum(part["value"] for part in statistic["parts"])
        assert total == pytest.approx(statistic["gap"]["value"], rel=1e-9)


def test_without_explain_nothing_is_explained(call, mine):
    assert "explanations" not in json.loads(call("compare", "base", mine, *SMALL, "--json").stdout)


def test_quiet_gives_one_line_a_statistic(call, mine):
    lines = call("compare", "base", mine, "--explain", *SMALL, "--quiet").stdout.splitlines()
    causes = [line for line in lines if " = " in line and "open_source" in line]
    assert len(causes) == 4  # a mean and three quantiles


def test_runs_in_folders_are_explained_by_the_scenarios_that_they_hold(call, mine, tmp_path):
    for name in ("base", mine):
        assert call("run", name, "-n", 64, "-o", name.removesuffix(".toml"), "--quiet").exit_code == 0
    (tmp_path / "other").mkdir()
    result = call(
        "compare", "./base", "./mine", "--explain", "--metric", "cents_kept.lab @ horizon", "--json"
    )
    assert result.exit_code == 0, result.stderr
    (explanation,) = json.loads(result.stdout)["explanations"]
    assert explanation["trajectories"] == 64
    assert set(explanation["groups"]) == {"open_source", "lab"}


def test_figures_of_the_causes_go_to_the_folder_of_the_others(call, mine, tmp_path):
    result = call("compare", "base", mine, "--explain", *SMALL, "-o", "figures", "--quiet")
    assert result.exit_code == 0, result.stderr
    names = {path.name for path in (tmp_path / "figures").glob("why-*")}
    assert "why-mine-mean-cents_kept-lab-horizon-light.png" in names
    assert "why-mine-mean-cents_kept-lab-horizon-dark.png" in names


def test_a_cause_that_fits_no_key_is_refused(call, mine):
    result = call("compare", "base", mine, "--explain", "--group", "a=open_source.gop", *SMALL)
    assert result.exit_code == 2
    assert 'Did you mean "open_source.gap"' in result.stderr


def test_scenarios_that_do_not_differ_cannot_be_explained(call, tmp_path):
    (tmp_path / "same.toml").write_text('extends = "base"\ntitle = "The same"\n')
    result = call("compare", "base", "same.toml", "--explain", *SMALL)
    assert result.exit_code == 2
    assert "do not differ in anything that changes these outcomes" in result.stderr


def test_statistics_that_are_named_are_what_is_explained(call, mine):
    named = ["p5(margin.lab @ 2030-07)", "P(gap @ horizon > 6)", "mean(cents_kept.lab @ horizon)"]
    asked = [part for name in named for part in ("--metric", name)]
    document = json.loads(call("compare", "base", mine, "--explain", "-n", 256, *asked, "--json").stdout)
    names = [each["name"] for each in document["explanations"][0]["statistics"]]
    assert names == named
    compared = [each["name"] for each in document["pairs"][0]["metrics"]]
    assert compared == ["margin.lab @ 2030-07", "gap @ horizon", "cents_kept.lab @ horizon"]


def test_a_mean_that_is_not_judged_is_not_shared_out(call):
    asked = ["--metric", "margin.lab", "--metric", "mean(margin.lab @ horizon)", "-n", 4096]
    document = json.loads(call("compare", "base", "price_war", "--explain", *asked, "--json").stdout)
    assert document["pairs"][0]["metrics"][0]["verdict"]["statistic"] == "median"
    (explanation,) = document["explanations"]
    names = [each["name"].partition("(")[0] for each in explanation["statistics"]]
    assert names == ["p50", "p5", "p95"]
    assert explanation["remarks"][0] == (
        "Left out, as in the comparison: the mean of margin.lab @ horizon, since a few far trajectories make "
        "it and its error says nothing. The median stands first instead."
    )


@pytest.mark.parametrize("width", [80, 100])
def test_long_names_of_causes_leave_numbers_whole(width):
    name = "hop.memory + hop.cooling + edge.chips-* + edge.datacenter-*"
    parts = tuple(
        Part(group, Measured(share, 0.00118, 15.0), share, share)
        for group, share in ((name, -0.0214), ("lab", 0.01))
    )
    item = Attribution(
        "mean(x)", "Mean of margin", "1", 100.0, "%", 0.1, 0.0886, Measured(-0.0114, 0.00118, 15.0), parts
    )
    head, *lines = _block(item, width)
    assert head.endswith("(−1.14 ±0.26 points)")
    assert all(len(line) <= width for line in lines)
    assert "−2.14  ±0.26  ▒▒▒▒" in lines[0] and "+1.00  ±0.26  ████" in lines[1]
    start, end = lines[0].split()[0], lines[0].split("  −")[0]
    assert start == "hop.memory" and end.endswith("edge.datacenter-*")
