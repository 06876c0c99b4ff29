"""`update` and `watch` on real runs: the same numbers however they are had, refusals, nothing altered."""

import hashlib
import json
from datetime import date

import numpy as np
import pytest
import xarray as xr
from click import unstyle
from click.testing import CliRunner

from sandwich_sim.analysis.evidence import readings_of
from sandwich_sim.analysis.weighted import weighted_mean
from sandwich_sim.cli.main import cli
from sandwich_sim.cli.update_table import format_update
from sandwich_sim.errors import UsageError
from sandwich_sim.sampling import draw
from sandwich_sim.scenario.evidence import Evidence, Observation
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.outcome_names import frame_of
from sandwich_sim.studies.update import update
from sandwich_sim.studies.update_adapt import Proposal, adapted, log_ratio, proposed
from sandwich_sim.studies.update_sides import read_sides
from sandwich_sim.studies.update_weighed import weigh
from sandwich_sim.studies.update_weights import weights_dataset
from sandwich_sim.studies.watch import watch
from small_runs import small_run

N = 4096


def seen(series="all_in_margin", value=-0.1, error=0.15, quarter=(2026, 4), **changes):
    year, number = quarter
    start = date(year, 3 * number - 2, 1)
    end = date(year + number // 4, 3 * number % 12 + 1, 1)
    options = {"when": f"{year}Q{number}", **changes}
    return Observation(0, series, start, end, "records", value, error, error, **options)


MILD = Evidence("", "mild", (seen(), seen("gap", 4.0, 2.0)))
HARD = Evidence("", "hard", (seen(value=-0.9, error=0.01, quarter=(2027, 4)), seen("gap", 1.0, 0.01)))
FILE = """
[[observation]]
series = "all_in_margin"
quarter = "2026Q4"
value = -0.1
error = {error}
"""


def digest(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        (path.name, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files
    ]


@pytest.fixture(scope="module")
def of_scenario():
    return update(["base"], MILD, trajectories=N).posteriors[0]


def test_a_run_and_its_scenario_give_the_same_numbers_and_the_run_stays_as_it_is(of_scenario):
    folder = small_run("base", "outcomes", N)
    before = digest(folder)
    found = update([folder], MILD).posteriors[0]
    assert digest(folder) == before
    assert found.diagnosis == of_scenario.diagnosis
    assert found.weights.log_evidence == of_scenario.weights.log_evidence
    assert found.chances == of_scenario.chances
    assert found.outcomes == of_scenario.outcomes
    assert found.inputs == of_scenario.inputs


def test_a_run_that_keeps_sums_alone_is_computed_again(of_scenario):
    found = update([small_run("base", "summary", N)], MILD).posteriors[0]
    assert found.chances == of_scenario.chances


def test_outcomes_that_a_run_does_not_keep_are_computed_again():
    metrics = ["revenue.lab @ 2030", "gap @ 2028-01-01", "P(margin.chips @ 2030 > 0.5)"]
    folder = small_run("base", "outcomes", N)
    from_run = update([folder], MILD, metrics=metrics).posteriors[0]
    from_scenario = update(["base"], MILD, metrics=metrics, trajectories=N).posteriors[0]
    assert [item.name for item in from_run.outcomes] == ["revenue.lab @ 2030", "gap @ 2028-01-01"]
    assert from_run.outcomes == from_scenario.outcomes
    assert from_run.chances == from_scenario.chances
    assert len(from_run.chances) == 1


def test_the_first_trajectories_of_a_run_are_a_run_of_that_size():
    part = update([small_run("base", "outcomes", N)], MILD, trajectories=2048).posteriors[0]
    whole = update(["base"], MILD, trajectories=2048).posteriors[0]
    assert part.chances == whole.chances


@pytest.mark.parametrize("options", [{"trajectories": 2 * N}, {"seed": 4}, {"sampler": "random"}])
def test_a_run_has_the_trajectories_that_it_has(options):
    with pytest.raises(UsageError, match="scenario"):
        update([small_run("base", "outcomes", N)], MILD, **options)


def test_every_number_after_the_evidence_has_an_error(of_scenario):
    assert of_scenario.chances and of_scenario.outcomes and of_scenario.inputs
    for item in of_scenario.chances:
        assert item.after.standard_error > 0.0 and item.change.standard_error > 0.0
    for item in (*of_scenario.outcomes, *of_scenario.inputs):
        for found in (item.after.mean, *item.after.quantiles.values(), item.change):
            assert found.standard_error > 0.0 or found.reason
    assert of_scenario.weights.log_evidence.standard_error > 0.0


def test_no_observations_change_nothing():
    found = update(["base"], Evidence("", "nothing", ()), trajectories=2048).posteriors[0]
    assert found.weights.is_equal
    assert all(item.before == item.after for item in found.outcomes)
    assert all(item.change.value == 0.0 for item in found.chances)


def test_uneven_weights_give_no_numbers_but_what_would_help():
    found = update(["base"], HARD, trajectories=2048)
    posterior = found.posteriors[0]
    assert not found.is_reliable
    assert not (posterior.chances or posterior.outcomes or posterior.inputs)
    document = found.to_document()["scenarios"][0]
    assert document["log_evidence"] is None and document["events"] == []
    assert all(item["after"] is None for item in document["observations"])
    words = " | ".join(f"{offer.what} {offer.how}" for offer in posterior.offers)
    for part in ("more trajectories", "adapted proposals", "--adapt", "wider errors"):
        assert part in words


def test_the_widening_that_is_offered_is_enough():
    tight = Evidence("", "tight", (seen(error=0.004), seen("gap", 4.0, 0.05)))
    refused = update(["base"], tight, trajectories=4096).posteriors[0]
    how = next(offer.how for offer in refused.offers if offer.how.startswith("--widen"))
    factor = float(how.split()[1])
    assert update(["base"], tight, trajectories=4096, widen=factor).is_reliable
    assert not update(["base"], tight, trajectories=4096, widen=0.9 * factor).is_reliable


def test_what_no_trajectory_foresaw_is_said_and_its_widening_holds_for_other_numbers():
    far = Evidence("", "far", (seen("margin.chips", 0.1, 0.01),))
    refused = update(["base"], far, trajectories=4096).posteriors[0]
    (offer,) = refused.offers  # neither more trajectories nor others come nearer
    factor = float(offer.how.removeprefix("--widen "))
    for number in (1, 2, 3):
        found = update(["base"], far, trajectories=4096, seed=number, widen=factor)
        assert found.is_reliable
        assert "hardly any trajectory foresaw this" in " ".join(format_update(found, 200))
    near = update(["base"], MILD, trajectories=4096)
    assert near.is_reliable and "foresaw" not in " ".join(format_update(near, 200))


def test_trajectories_double_until_the_weights_are_good():
    sharp = Evidence("", "sharp", (seen(error=0.02),))
    assert not update(["base"], sharp, trajectories=1024).is_reliable
    found = update(["base"], sharp, trajectories=1024, most=65_536, metrics=["gap @ 2030"])
    assert found.is_reliable
    n = found.posteriors[0].weights.n
    assert 1024 < n < 65_536
    # Joined looks are the run of that size.
    whole = update(["base"], sharp, trajectories=n, metrics=["gap @ 2030"]).posteriors[0]
    assert whole.weights.log_evidence == found.posteriors[0].weights.log_evidence


def test_a_scenario_is_as_good_as_itself_and_the_factor_is_antisymmetric():
    base = load_scenario("base")
    twin = update([base, base], MILD, trajectories=2048, metrics=["gap @ 2030"]).factors[0]
    assert twin.log10.value == 0.0 and twin.log10.standard_error < 1e-12
    there = update(["base", "umbrella_holds"], MILD, trajectories=N, metrics=["gap @ 2030"]).factors[0]
    back = update(["umbrella_holds", "base"], MILD, trajectories=N, metrics=["gap @ 2030"]).factors[0]
    assert there.log10.value == pytest.approx(-back.log10.value)
    assert there.log10.standard_error == pytest.approx(back.log10.standard_error)


def test_a_factor_with_a_refused_scenario_has_no_verdict():
    found = update(["base", "umbrella_holds"], HARD, trajectories=2048).factors[0]
    assert found.verdict.startswith("no verdict") and not found.log10.is_known


SHARP = Evidence("", "sharp", (seen(value=0.05, error=0.03, quarter=(2026, 3)), seen("gap", 2.0, 0.3)))


@pytest.mark.nightly
def test_adapted_proposals_come_nearer_and_agree_with_plain_ones():
    frame = frame_of(load_scenario("base"))
    plain, few = (
        weigh(read_sides(["base"], trajectories=n, sampler="random")[0], readings_of(SHARP, frame))
        for n in (65_536, 8192)
    )
    near, rounds = adapted(few, rounds=1)
    assert rounds == 1
    assert near.weights.diagnosis.effective > 1.1 * few.weights.diagnosis.effective
    assert near.weights.diagnosis.survivors > 1.1 * few.weights.diagnosis.survivors
    pairs = [(plain.weights.log_evidence, near.weights.log_evidence)]
    pairs += [
        (weighted_mean(one, plain.weights), weighted_mean(other, near.weights))
        for one, other in zip(plain.fit.predicted, near.fit.predicted, strict=True)
    ]
    for one, other in pairs:
        error = np.hypot(one.standard_error, other.standard_error)
        assert abs(one.value - other.value) < 5.0 * error  # one in two million, for each of three


def test_the_ratio_of_densities_averages_to_one_under_the_proposal():
    """Also where a correlated input is drawn otherwise: the mean ratio is the mass of the scenario."""

    spec = load_scenario("base")
    share = np.array([0.3, 0.2, 0.15, 0.1, 0.1, 0.05, 0.05, 0.05])
    proposal = Proposal({"demand.cloud.growth": share, "open_source.gap": share[::-1].copy()})
    tied = {name for pair in spec.correlation for name in pair[:2]}
    names = [name for name in spec.drawn if name in proposal.parts or name in tied]
    rows = draw(
        proposed(spec, proposal), names, np.arange(65_536), seed=5, sampler="random", trajectories=65_536
    )
    drawn = dict(zip(names, rows, strict=True))
    ratio = np.exp(log_ratio(spec, proposal, drawn))
    assert abs(ratio.mean() - 1.0) < 5.0 * ratio.std() / 256.0
    # Weighed by it, a correlated input that was not drawn otherwise has its own distribution again.
    plain = draw(
        spec, ["demand.app.growth"], np.arange(65_536), seed=6, sampler="random", trajectories=65_536
    )[0]
    again = drawn["demand.app.growth"]
    for power in (1, 2):
        a, b = plain**power, again**power
        error = np.hypot(a.std() / 256.0, (ratio * (b - np.average(b, weights=ratio))).std() / 256.0)
        assert abs(a.mean() - np.average(b, weights=ratio)) < 5.0 * error


def test_weights_are_written_beside_the_run_and_belong_to_it(tmp_path):
    folder = small_run("base", "outcomes", N)
    result = update([folder], MILD, metrics=["gap @ 2030"])
    dataset = weights_dataset(result.posteriors[0])
    assert dataset.sizes["trajectory"] == N
    assert float(np.exp(dataset["log_weight"]).sum()) == pytest.approx(1.0)
    call = ["update", str(folder), str(write(tmp_path, 0.15)), "--weights", str(tmp_path / "w.nc"), "--quiet"]
    assert CliRunner().invoke(cli, call).exit_code == 0
    with xr.open_dataset(tmp_path / "w.nc") as stored:
        assert stored.attrs["scenario_digest"] == result.posteriors[0].meta.scenario_digest
        assert stored.sizes["trajectory"] == N


def write(folder, error):
    path = folder / "seen.toml"
    path.write_text(FILE.format(error=error))
    return path


def test_the_command_prints_one_document(tmp_path):
    result = CliRunner().invoke(cli, ["update", "base", str(write(tmp_path, 0.15)), "-n", "4096", "--json"])
    document = json.loads(result.stdout)
    assert (result.exit_code, document["exit_code"]) == (0, 0)
    event = document["scenarios"][0]["events"][0]
    assert event["after"]["standard_error"] > 0.0


def test_the_command_ends_with_8_where_it_refuses(tmp_path):
    call = ["update", "base", str(write(tmp_path, 0.003)), "-n", "1024"]
    result = CliRunner().invoke(cli, call)
    assert result.exit_code == 8
    assert "No numbers are given" in result.stdout and "--widen" in result.stdout
    document = json.loads(CliRunner().invoke(cli, [*call, "--json"]).stdout)
    assert document["exit_code"] == 8 and document["scenarios"][0]["offers"]


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(tmp_path, width):
    for call in (
        ["update", "base", "umbrella_holds", str(write(tmp_path, 0.15)), "-n", "2048"],
        ["watch", "base", "--seen", "2026Q3=-0.1", "-n", "2048"],
    ):
        result = CliRunner().invoke(cli, call, env={"COLUMNS": str(width)})
        assert result.exit_code == 0, result.output
        assert max(map(len, result.stdout.splitlines())) <= width


def test_watch_says_both_what_is_decided_and_how_likely_it_is():
    found = watch("base", ["2026Q3=-0.10", "2026Q4=-8%"], trajectories=N)
    assert [item.name for item in found.events] == ["thesis_falsified", "lab_profit_center"]
    assert found.following == "2027Q1"
    for item in found.events:
        assert item.earliest == "2030Q2"
        assert item.after is not None and item.after.standard_error > 0.0
        assert len(item.parts) == 5
        # The fifths together are the whole.
        mean = np.mean([part.probability.value for part in item.parts])
        assert mean == pytest.approx(item.after.value, abs=0.01)
        assert item.by_year[-1][1].value == pytest.approx(item.after.value)


def test_watch_gives_what_update_gives():
    one = watch("base", ["2026Q4=-0.1+-0.15"], events=["thesis_falsified"], trajectories=N).events[0]
    other = update(["base"], Evidence("", "", (seen(),)), metrics=["thesis_falsified"], trajectories=N)
    assert one.after == other.posteriors[0].chances[0].after


@pytest.mark.parametrize(
    ("seen_texts", "words"),
    [
        (["2026Q9=1"], "cannot be read"),
        (["2026Q3"], "cannot be read"),
        (["2025Q3=-0.1"], "not within the run"),
        (["gapp@2026Q3=4"], 'Did you mean "gap"'),
        (["2026Q3=40"], "no margin is above 1"),
        (["2026Q3=-0.1", "2026Q3=-0.2"], "given twice"),
        (["2026Q3=-0.1+-0"], "error of 0"),
        (["2026Q9=1", "2025Q1=0"], "(?s)cannot be read.*not within"),
    ],
)
def test_watch_tells_what_it_cannot_read_all_at_once(seen_texts, words):
    with pytest.raises(UsageError, match=words):
        watch("base", seen_texts, trajectories=1024)


def test_watch_refuses_probabilities_but_still_says_what_is_decided():
    call = ["watch", "base", "-n", "1024", "--error", "0.0001", "--seen", "2026Q3=-0.1", "--json"]
    result = CliRunner().invoke(cli, call)
    document = json.loads(result.stdout)
    assert result.exit_code == 8
    assert document["events"][0]["probability"] is None
    assert document["events"][0]["earliest"] == "2030Q2"


def test_readings_that_contradict_each_other_are_named_and_not_adapted_to():
    both = Evidence("", "both", (seen("gap", 2.0, 0.2), seen("gap", 9.0, 0.2)))
    offers = update(["base"], both, trajectories=2048).posteriors[0].offers
    assert "these two are 24.7 errors apart" in offers[0].takes
    assert not any("--adapt" in offer.how for offer in offers)


def test_what_no_trajectory_comes_near_is_not_adapted_to():
    far = Evidence("", "far", (seen("margin.chips", -5.0, 0.05),))
    offers = update(["base"], far, trajectories=2048).posteriors[0].offers
    assert offers and not any("--adapt" in offer.how for offer in offers)


def test_the_table_names_inputs_whole_and_only_those_that_moved():
    both = Evidence("", "both", (seen("gap", 3.0, 0.7),))
    found = update(["base"], both, trajectories=4096)
    moved = [item.name for item in found.posteriors[0].ranked_inputs() if item.is_beyond_noise]
    assert "open_source.gap" in moved and len(moved) < 12
    lines = [unstyle(line) for line in format_update(found, 100)]
    assert any(line.startswith("open_source.gap ") for line in lines)
    assert not any("…" in line for line in lines)
