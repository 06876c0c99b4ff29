"""`sensitivity` reads a run, computes again what it lacks, and refuses what has no value."""

import json

import numpy as np
import pytest

from sandwich_sim.plots.sensitivity import plot_tornado
from sandwich_sim.plots.style import LIGHT, new_panels
from sandwich_sim.results.estimate import STUDENT_FACTOR
from sandwich_sim.studies.sensitivity import measure_sensitivity
from small_runs import small_run
from synthetic_run import make_arrays, make_meta, write_run

N = 2048


def test_the_tables_name_inputs_outcomes_and_noise(call):
    result = call("sensitivity", small_run("base", "outcomes", N), "--top", 5)
    assert (result.exit_code, result.stderr) == (0, "")
    for part in ("% of variance", "power", "lab.funding_decay", "PAWN", "does nothing", "2,048 trajectories"):
        assert part in result.stdout


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(call, width):
    result = call("sensitivity", small_run("base", "outcomes", N), env={"COLUMNS": str(width)})
    assert max(map(len, result.stdout.splitlines())) <= width


def test_json_holds_every_measure_with_its_error(call):
    run = small_run("base", "outcomes", N)
    document = json.loads(call("sensitivity", run, "--json", "--metric", "margin.chips @ horizon").stdout)
    grid = document["grid"]
    assert np.shape(grid["first_order"]) == (len(document["inputs"]), 8, 10)
    (outcome,) = document["outcomes"]
    strongest = outcome["inputs"][0]
    assert strongest["name"] == "hop.chips.monopoly_long"
    low, high = strongest["first_order"]["interval"]
    assert 0.0 < low < strongest["first_order"]["value"] < high
    assert strongest["total_order"]["low"]["value"] <= strongest["total_order"]["high"]["value"]


def test_what_is_not_stored_is_computed_again_to_the_same_numbers():
    stored = measure_sensitivity(small_run("base", "outcomes", N))
    again = measure_sensitivity(small_run("base", "summary", N))
    assert (stored.source, again.source) == ("stored", "recomputed")
    np.testing.assert_array_equal(stored.grid.value, again.grid.value)
    np.testing.assert_array_equal(stored.details[0].moment.delta, again.details[0].moment.delta)


def test_a_series_that_is_not_kept_is_computed_again(call):
    result = call("sensitivity", small_run("base", "outcomes", N), "--series", "revenue", "--quiet")
    assert result.exit_code == 0
    result = call("sensitivity", small_run("base", "outcomes", N), "--series", "revenue", "--json")
    assert json.loads(result.stdout)["source"] == "recomputed"


def test_ranks_tame_an_outcome_that_one_trajectory_rules(tmp_path, call):
    meta = make_meta(n_trajectories=2048, unit=2048, name="toy")
    arrays = make_arrays(meta)
    arrays["cumulative"][0, 0, 7] = 1e9
    write_run(tmp_path / "toy", meta, arrays)
    (tmp_path / "toy" / "scenario.toml").write_text((small_run() / "scenario.toml").read_text())
    from sandwich_sim.analysis.metrics import parse_metrics
    from sandwich_sim.analysis.sensitivity import analyze_sensitivity, grid_metrics
    from sandwich_sim.analysis.sensitivity_sample import read_sample

    grid = grid_metrics("margin", meta)
    wanted = (*grid, *parse_metrics(["cumulative_profit.app"], meta))
    sample = read_sample(tmp_path / "toy", meta, wanted)
    plain, ranks = (analyze_sensitivity(sample, "margin", len(grid), ranks=each) for each in (False, True))
    assert plain.telling["cumulative_profit.app"] > 0.99
    assert ranks.telling == {} and ranks.details[0].mean == pytest.approx(0.5, abs=0.01)


def test_outcomes_without_a_value_are_refused(call):
    result = call("sensitivity", small_run("base", "outcomes", N), "--metric", "event_time.thesis_falsified")
    assert result.exit_code == 6
    assert "event_time.thesis_falsified" in result.stderr and "Ask for the event itself" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--metric", "margin.chip @ 2030"), 'Did you mean "chips"'),
        (("--series", "margins"), 'no series "margins"'),
    ],
)
def test_typos_are_told_what_is_known(call, options, message):
    result = call("sensitivity", small_run("base", "outcomes", N), *options)
    assert result.exit_code == 2 and message in result.stderr


def test_too_few_trajectories_are_refused(call):
    result = call("sensitivity", small_run("base", "outcomes", 512))
    assert result.exit_code == 2 and "512 trajectories are too few" in result.stderr


def test_figures_are_written_light_and_dark(call, tmp_path):
    result = call("sensitivity", small_run("base", "outcomes", N), "--series", "gap", "-o", "pictures")
    assert result.exit_code == 0
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert "sensitivity-gap-over-time-chain-dark.png" in names
    assert "tornado-cents_kept-lab-horizon-light.png" in names


def test_the_tornado_has_intervals_and_a_row_of_noise():
    found = measure_sensitivity(small_run("base", "outcomes", N))
    detail = found.details[0]
    axes = new_panels(1, "page", LIGHT, height=5.0)[0]
    plot_tornado(found, detail, axes)
    row = detail.order[0]
    drawn = [path.vertices[:, 0] for lines in axes.collections for path in lines.get_paths()]
    half = STUDENT_FACTOR * detail.high_error[row]
    ends = [detail.high[row] - half, detail.high[row] + half]
    assert half > 0.0 and any(np.allclose(np.sort(x), ends) for x in drawn if len(x) == 2)
    last = axes.patches[-1]
    assert last.get_width() == pytest.approx(2.0 * detail.floor["fifth"])
    assert 0.0 < detail.floor["fifth"] < abs(detail.high[row] - detail.low[row])
