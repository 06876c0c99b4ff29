"""`sandwich-sim compare` from the command line."""

import json
import re

import click
import pytest
from click.testing import CliRunner

from engine_runs import run_python
from sandwich_sim.cli.compare_table import format_comparison
from sandwich_sim.cli.main import cli
from sandwich_sim.studies.compare import compare

N = 1024


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*args):
        return CliRunner().invoke(cli, ["compare", *(str(arg) for arg in args)])

    return invoke


@pytest.fixture(scope="module")
def compared():
    return compare(["base", "price_war", "memory_glut"], trajectories=N, seed=3)


def test_the_table_has_every_hop_every_event_and_a_verdict_on_each(call):
    result = call("base", "price_war", "-n", N)
    assert result.exit_code == 0, result.output
    text = result.stdout
    assert "price_war (B) against base (A)" in text
    assert "1,024 trajectories (sobol, seed 20260701), paired: same draws, same shocks." in text
    for title in (
        "Cents kept of the walked dollar",
        "Share of the chain's profit",
        "Operating margin",
        "Events",
    ):
        assert re.search(f"^{title}.*", text, re.MULTILINE), title
    assert len(re.findall("^Model labs ", text, re.MULTILINE)) == 3
    assert len(re.findall("^- ", text, re.MULTILINE)) == 29


def test_json_is_one_document_with_everything(call):
    result = call("base", "price_war", "-n", N, "--json", "--seed", 7)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1
    assert [side["seed"] for side in document["sides"]] == [7, 7]
    assert document["rates"] == {"interval_alpha": 0.05, "n_compared": 29, "n_look": 1}
    (pair,) = document["pairs"]
    assert (pair["a"], pair["b"], pair["paired"], pair["unpaired_because"]) == ("base", "price_war", True, [])
    assert pair["n_trajectories"] == [N, N]
    by_name = {metric["name"]: metric for metric in pair["metrics"]}
    lab = by_name["cents_kept.lab @ horizon"]
    assert (lab["unit"], lab["hop"], lab["date"]) == ("cent", "lab", "2036-07-01")
    assert set(lab["verdict"]) == {"state", "sentence", "direction", "statistic", "needed_trajectories"}
    low, high = lab["difference"]["interval"]
    assert low < lab["difference"]["value"] < high
    assert lab["difference"]["degrees_of_freedom"] == 15
    assert [each["level"] for each in lab["quantiles_of_difference"]] == [0.05, 0.25, 0.5, 0.75, 0.95]
    assert len(lab["quantile_shift"]) == 21
    assert lab["wasserstein"]["value"] >= abs(lab["difference"]["value"]) - 1e-9
    assert 0.0 <= lab["kolmogorov_smirnov"]["value"] <= 1.0
    assert lab["first_order_dominance"]["error_rate"] == 0.01
    assert lab["second_order_dominance"]["b_is"] in {
        "larger", "smaller", "neither", "not larger", "not smaller", "undecided",
    }  # fmt: skip
    event = by_name["event.thesis_falsified"]
    assert "wasserstein" not in event
    assert 0.0 <= event["mean_a"]["value"] <= 1.0
    share = by_name["profit_share.lab @ horizon"]
    assert share["undefined"]["either"] >= max(share["undefined"]["a"], share["undefined"]["b"])


def test_quiet_prints_the_verdicts_alone(call):
    result = call("base", "price_war", "-n", N, "--quiet", "--metric", "margin.lab", "--metric", "gap")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert all("price_war" in line and line.endswith(".") for line in lines)
    assert result.stderr == ""


def test_outcomes_and_dates_are_chosen(call):
    result = call("base", "price_war", "-n", N, "--json", "--metric", "margin @ 2030", "--metric", "gap")
    names = [metric["name"] for metric in json.loads(result.stdout)["pairs"][0]["metrics"]]
    assert names[0] == "margin.app @ 2030"
    assert names[-1] == "gap @ horizon"
    assert len(names) == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["base"], "Missing argument 'B...'"),
        (["base", "price_wra"], "price_war"),
        (["base", "price_war", "--metric", "margin.lob"], 'Did you mean "lab"?'),
        (["base", "price_war", "--until", "se(mean)"], "se(diff) < 0.001"),
        (["base", "price_war", "--until", "se(diff) < 1", "-n", "100"], "multiple of 16"),
    ],
)
def test_what_is_wrong_is_told_and_ends_with_two(call, arguments, message):
    result = call(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_what_does_not_settle_ends_with_four(call):
    options = ["-n", 128, "--most", 256, "--until", "se(diff) < 1e-9", "--metric", "margin.lab"]
    result = call("base", "price_war", *options)
    assert result.exit_code == 4
    assert "se(diff) < 1e-09 does not hold after 256 trajectories: price_war: margin.lab" in result.stderr
    document = json.loads(call("base", "price_war", *options, "--json").stdout)
    assert (document["is_settled"], document["exit_code"]) == (False, 4)
    assert [look["n"] for look in document["looks"]] == [128, 256]


def test_what_settles_ends_with_zero_and_says_how_intervals_were_taken(call):
    result = call("base", "price_war", "-n", 256, "--until", "sign(diff)", "--metric", "margin.lab")
    assert result.exit_code == 0, result.stderr
    told = " ".join(result.stdout.split())
    assert "Intervals hold whichever of the 15 possible looks was the last." in told


def test_run_folders_are_compared_and_say_why_they_do_not_pair(call, tmp_path):
    from sandwich_sim import load_scenario, run

    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        run(load_scenario("base"), output=tmp_path / name, trajectories=N, seed=seed)
    paired = call("one", "two")
    assert paired.exit_code == 0, paired.output
    assert "paired: same draws, same shocks" in paired.stdout
    assert "is the same as in base #1 on every one of the 1,024 trajectories." in " ".join(
        paired.stdout.split()
    )
    apart = call("one", "three")
    assert "Not paired (1,024 and 1,024 trajectories): seed differs: 3 and 4." in apart.stdout
    assert "of two trajectories drawn apart" in " ".join(apart.stdout.split())


def test_a_folder_that_is_no_run_ends_with_two(call, tmp_path):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "zarr.json").write_text("{}")
    assert call("odd", "base").exit_code == 2


def test_an_odd_number_of_sobol_points_is_warned_about(call):
    result = call("base", "price_war", "-n", 1000, "--metric", "gap", "--sampler", "sobol")
    assert "warning: sobol is best with 16 x 2^m trajectories: 512 or 1024 rather than 1000." in result.stderr


def test_figures_are_written_light_and_dark(call, tmp_path):
    options = ["--metric", "margin", "--metric", "thesis_falsified", "-o", "figures"]
    result = call("base", "price_war", "-n", 2048, *options)
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    stems = ("price_war-margin-difference", "price_war-margin-shift", "price_war-events-difference")
    assert names == {f"{stem}-{theme}.png" for stem in stems for theme in ("light", "dark")}
    assert result.stdout.count("Figure: figures/") == 6


@pytest.mark.parametrize("width", [80, 96, 100])
def test_the_table_fits_the_width(compared, width):
    lines = [click.unstyle(line) for line in format_comparison(compared, width)]
    assert max(map(len, lines)) <= width
    assert any("memory_glut (B) against base (A)" in line for line in lines)


def test_titles_cannot_steer_the_terminal(tmp_path, call):
    file = tmp_path / "evil.toml"
    file.write_text('extends = "base"\ntitle = "\\u001b[31mred"\n')
    result = call("base", file, "-n", 64, "--metric", "gap")
    assert "\x1b[31m" not in result.output


def test_it_starts_without_what_it_does_not_need(tmp_path):
    """Comparing scenarios needs no labels, no store, no plots and no scipy.stats."""
    code = (
        "import sys\n"
        "from sandwich_sim.cli.main import cli\n"
        "code = cli.main(['compare', 'base', 'price_war', '-n', '64', '--quiet'], standalone_mode=False)\n"
        "heavy = {'xarray', 'pandas', 'zarr', 'matplotlib', 'scipy.stats', 'scipy.linalg'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    status, _, errors = run_python(tmp_path, code)
    assert status == 0
    assert errors.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--most", "4096"], "Add --until"),
        (["--until", ""], "--until is empty"),
        (["--by", "key"], "Add --explain"),
        (["--group", "prices=token_price.*"], "Add --explain"),
    ],
)
def test_options_with_nothing_to_do_are_refused(call, options, message):
    result = call("base", "price_war", *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_events_show_by_when_parts_of_the_trajectories_see_them(call):
    options = ["-n", 4096, "--metric", "umbrella_closed"]
    result = call("base", "deflation_sandwich", *options)
    told = " ".join(result.stdout.split())
    assert "Events, by when parts of the trajectories first see them umbrella_closed 5% by " in told
    assert re.search(
        r"half by Jan 2032 \(\w+ \d+ to \w+ \d+\) in A, by \w+ 2028 .*? in B: [34][.\d]* years", told
    )
    (pair,) = json.loads(call("base", "deflation_sandwich", *options, "--json").stdout)["pairs"]
    found = {each["part"]: each for each in pair["event_times"]}
    half = found[0.5]
    assert half["difference"]["value"] == half["b"]["value"] - half["a"]["value"] < -3.0
    low, high = half["difference"]["interval"]
    assert low <= half["difference"]["value"] <= high
    assert half["a"]["date"] == "2032-01-01"


def test_what_event_times_leave_out_is_told(call):
    result = call("base", "deflation_sandwich", "-n", N, "--metric", "event_time.umbrella_closed")
    told = " ".join(result.stdout.split())
    assert re.search(r"years earlier \(95% CI .*?\).* where both see it \(in \d+ trajectories\)\.", told)
    assert "Rows and verdicts of event_time.umbrella_closed are of trajectories that see the event" in told


def test_sides_that_do_not_end_together_have_no_event_times(call, tmp_path):
    (tmp_path / "short.toml").write_text('extends = "base"\n[time]\nyears = 4\n')
    options = ["-n", N, "--metric", "umbrella_closed", "--json"]
    (pair,) = json.loads(call("base", "short.toml", *options).stdout)["pairs"]
    assert pair["event_times"] == []
