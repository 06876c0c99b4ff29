"""`run --until` with the real model: what the looks say is what the run holds."""

import json

import pytest
from click.testing import CliRunner

import sandwich_sim
from sandwich_sim.cli.main import cli
from sandwich_sim.errors import UsageError
from sandwich_sim.studies.run_until import settle

BASE = sandwich_sim.load_scenario("base")
CONDITION = "se(P(thesis_falsified)) < 0.016"


@pytest.fixture(scope="module")
def settled():
    return settle(BASE, [CONDITION], trajectories=256, most=4096, seed=3)


def test_it_stops_at_the_first_look_that_is_good_enough(settled):
    assert settled.is_settled
    assert [look.n for look in settled.looks] == [256 * 2**k for k in range(len(settled.looks))]
    assert len(settled.looks) > 1
    assert [look.is_settled for look in settled.looks].count(True) == 1


def test_the_last_look_holds_what_a_run_of_that_size_holds(settled, tmp_path):
    summary = sandwich_sim.run(
        BASE, output=tmp_path / "run", trajectories=settled.trajectories, seed=3, keep="summary"
    ).summary
    (event,) = (event for event in summary.events if event.event == "thesis_falsified")
    (found,) = settled.looks[-1].found
    assert found.value == pytest.approx(event.probability.value, rel=1e-14)
    assert found.standard_error == pytest.approx(event.probability.standard_error, rel=1e-12)


def test_a_run_that_goes_on_equals_a_longer_one(settled):
    longer = settle(BASE, [CONDITION], trajectories=settled.trajectories, most=4096, seed=3)
    assert longer.looks[0].found[0].value == settled.looks[-1].found[0].value


def test_a_latin_hypercube_is_refused():
    with pytest.raises(UsageError, match="a Latin hypercube cannot be extended"):
        settle(BASE, [CONDITION], sampler="latin-hypercube")


def invoke(*words):
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_the_command_stores_the_run_that_was_settled(settled, tmp_path):
    done = invoke("run", "base", "--seed", 3, "-n", 256, "--until", CONDITION, "-o", tmp_path / "r", "--json")
    assert done.exit_code == 0, done.output
    (run,) = json.loads(done.stdout)["runs"]
    assert run["until"]["settled"]
    assert run["summary"]["n_trajectories"] == run["until"]["trajectories"] == settled.trajectories
    assert sandwich_sim.open_run(tmp_path / "r").sizes["trajectory"] == settled.trajectories


def test_what_stays_open_is_told_and_kept(tmp_path):
    words = ("run", "base", "-n", 256, "--most", 512, "--until", "se(P(thesis_falsified)) < 1e-5")
    done = invoke(*words, "-o", tmp_path / "r", "--quiet")
    assert done.exit_code == 4
    assert "base: not settled after 512 trajectories: se(P(thesis_falsified)) < 1e-05" in done.stderr
    assert sandwich_sim.open_run(tmp_path / "r").sizes["trajectory"] == 512


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--until", CONDITION, "--dry-run"), "cannot know how many trajectories"),
        (("--most", 32), "--most is for --until"),
        (("--until", "se(P(nonsense)) < 1"), 'there is no event "nonsense"'),
    ],
)
def test_options_that_do_not_go_together_are_refused(words, message, tmp_path):
    done = invoke("run", "base", *words, "-o", tmp_path / "r")
    assert done.exit_code == 2
    assert message in done.stderr
