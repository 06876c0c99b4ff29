"""New runs draw what they should anew, and nothing else."""

import json

import numpy as np
import pytest

from sandwich_sim.analysis.metrics import parse_metrics
from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies.paired import paired_outcomes
from sandwich_sim.studies.sensitivity import measure_sensitivity
from sandwich_sim.studies.sensitivity_runs import (
    OTHERS,
    SHOCKS,
    Swapped,
    choose_players,
    run_swaps,
    strongest_in_turn,
)
from small_runs import small_run

OUTCOME = "cents_kept.lab @ horizon"
INDICES = np.arange(64)


def swapped(names, **options):
    spec = load_scenario("base")
    players = choose_players(spec, names, shocks=options.get("shocks", True))
    metrics = parse_metrics([OUTCOME], spec)
    return Swapped(spec, metrics, players, seed=7, trajectories=1024, **options), players


def test_nothing_drawn_anew_is_the_run_itself():
    found, _ = swapped(["lab.funding_decay"])
    run = paired_outcomes(
        [load_scenario("base")], [OUTCOME], trajectories=64, seed=7, sampler="random", dtype=np.float64
    )
    np.testing.assert_array_equal(found.evaluate(frozenset(), INDICES), run.values[0])


def test_each_player_changes_outcomes_and_all_change_them_most():
    found, players = swapped(["lab.funding_decay", "open_source.gap"])
    none = found.evaluate(frozenset(), INDICES)
    for player in range(len(players)):
        assert (found.evaluate(frozenset({player}), INDICES) != none).mean() > 0.5
    everything = found.evaluate(frozenset(range(len(players))), INDICES)
    assert (everything != none).mean() > 0.9
    # All inputs and shocks drawn anew: nothing is left of the first draws.
    assert abs(np.corrcoef(everything[0], none[0])[0, 1]) < 0.5


def test_shocks_that_are_off_have_no_say():
    _, players = swapped(["lab.funding_decay"], shocks=False)
    assert SHOCKS not in [name for name, _ in players]


def test_correlated_inputs_are_one_player_and_every_input_has_one():
    spec = load_scenario("base")
    players = choose_players(spec, ["open_source.catch_up_speed", "token_price.pass_through", "lab.funding"])
    assert [name for name, _ in players] == [
        "open_source.catch_up_speed ~ token_price.pass_through", "lab.funding", OTHERS, SHOCKS,
    ]  # fmt: skip
    rows = [row for _, rows in players for row in rows]
    assert sorted(rows) == list(range(len(spec.drawn)))


def test_totals_lie_where_stored_trajectories_say():
    """The bounds from 16,384 stored trajectories hold what new runs find, within both errors."""
    folder = small_run("base", "outcomes", 16_384)
    stored = measure_sensitivity(folder, [OUTCOME])
    new = run_swaps(folder, stored, trajectories=2048, n_input=4)
    assert new.found.shapley[:, 0].sum() == pytest.approx(1.0, abs=1e-9)
    (detail,) = stored.details
    for player, value, error in zip(
        new.players, new.found.total[:, 0], new.found.total_error[:, 0], strict=True
    ):
        if player in stored.names:
            row = stored.names.index(player)
            assert value > detail.total.low[row] - 5.0 * np.hypot(error, detail.total.low_error[row])
            assert value < detail.total.high[row] + 5.0 * np.hypot(error, detail.total.high_error[row])


def test_too_few_trajectories_are_refused():
    folder = small_run("base", "outcomes", 2048)
    with pytest.raises(UsageError, match="take a multiple of 16"):
        run_swaps(folder, measure_sensitivity(folder, [OUTCOME]), trajectories=1000)


def test_the_command_prints_and_tells_both_indices():
    from click.testing import CliRunner

    from sandwich_sim.cli.main import cli

    arguments = [
        "sensitivity",
        str(small_run("base", "outcomes", 2048)),
        "--new-runs",
        "-n",
        "1024",
        "--top",
        "3",
    ]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    for part in ("New runs:", "Shapley, %", SHOCKS, OTHERS):
        assert part in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100
    document = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)["new_runs"]
    inputs = document["outcomes"][0]["inputs"]
    assert sum(each["shapley"]["value"] for each in inputs) == pytest.approx(1.0, abs=1e-9)


def test_every_outcome_has_its_own_strongest_inputs():
    found = measure_sensitivity(small_run("base", "outcomes", 2048), [OUTCOME, "gap @ horizon"])
    first, second = ([int(row) for row in np.argsort(-each.first.value)] for each in found.details)
    assert first[0] != second[0]
    order = strongest_in_turn(found)
    assert sorted(order) == list(range(len(found.names)))
    assert {first[0], second[0]} == set(order[:2])
    assert set(first[:2]) | set(second[:2]) <= set(order[:4])
