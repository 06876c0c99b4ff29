"""The gate before the real model: bugs are caught, rearrangements pass, verdicts are the same every time."""

import json
from pathlib import Path

import numpy as np
import pytest

from gate_bugs import BUGS, REARRANGED, REWRITTEN
from gate_runs import GATE, SCENARIO, SHIPPED, GateFolder, new_folder
from sandwich_sim.analysis.gate_rule import judge_apart, levels_of, overall
from sandwich_sim.analysis.gate_statistics import GateStatistic, bounded_values, sums_of
from sandwich_sim.analysis.metrics import parse_metrics
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies import gate, gate_accept
from sandwich_sim.studies.gate_observe import observe_values

CI_BUGS = (
    "two hops are swapped in the sums",
    "correlation is dropped",
    "staff and sales of the labs are paid twice",
)
CI_REARRANGED = ("blocks of another width", "constants rounded otherwise")
CI_REWRITTEN = ("a distribution said otherwise",)
CAUGHT = {"CHANGED": 3, "BROKEN": 6}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> GateFolder:
    """A folder with a baseline, by margins that one look can show."""
    return new_folder(tmp_path_factory.mktemp("gate"))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory) -> GateFolder:
    """A folder with a baseline by the margins of the product's own gate."""
    return new_folder(tmp_path_factory.mktemp("shipped"), gate=SHIPPED)


@pytest.fixture
def rewrite(folder):
    yield folder.write
    folder.write()


def test_code_that_did_not_change_is_identical(folder):
    found = folder.check()
    assert (found.verdict, found.stage, found.exit_code) == ("IDENTICAL", "A", 0)


@pytest.mark.parametrize("name", CI_BUGS)
def test_a_bug_is_caught(folder, monkeypatch, name):
    """G-5, as CI can afford it."""
    BUGS[name](monkeypatch)
    found = folder.check()
    assert found.exit_code == CAUGHT.get(found.verdict), (found.verdict, found.reason)


@pytest.mark.nightly
@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_caught_by_the_products_own_gate(shipped, monkeypatch, name):
    """G-5: CHANGED, or a guard."""
    BUGS[name](monkeypatch)
    found = shipped.check()
    assert found.exit_code == CAUGHT.get(found.verdict), (found.verdict, found.reason)
    print(name, "->", found.verdict, found.stage, found.reason)


@pytest.mark.parametrize("name", CI_REARRANGED)
def test_a_rearrangement_passes(folder, monkeypatch, name):
    """G-6, as CI can afford it."""
    REARRANGED[name](monkeypatch)
    assert folder.check().exit_code == 0


@pytest.mark.nightly
@pytest.mark.parametrize("name", REARRANGED)
def test_a_rearrangement_passes_the_products_own_gate(shipped, monkeypatch, name):
    """G-6: IDENTICAL or EQUIVALENT."""
    REARRANGED[name](monkeypatch)
    found = shipped.check()
    assert found.exit_code == 0, (found.verdict, found.reason)
    print(name, "->", found.verdict, found.reason)


@pytest.mark.parametrize("name", CI_REWRITTEN)
def test_a_scenario_said_otherwise_passes(folder, rewrite, name):
    """G-6, by the scenario."""
    rewrite(REWRITTEN[name])
    assert folder.check().exit_code == 0


@pytest.mark.nightly
@pytest.mark.parametrize("name", REWRITTEN)
def test_a_scenario_said_otherwise_passes_the_products_own_gate(shipped, name):
    """G-6, by the scenario."""
    shipped.write(REWRITTEN[name])
    found = shipped.check()
    shipped.write()
    assert found.exit_code == 0, (found.verdict, found.reason)
    print(name, "->", found.verdict, found.reason)


def test_there_are_enough_bugs_and_rearrangements():
    assert len(BUGS) >= 25
    assert len(REARRANGED) + len(REWRITTEN) >= 10


def test_one_commit_gets_one_verdict(folder):
    """G-7: on any number of threads."""
    folder.write('extends = "base"\n[hop.memory]\nfixed_cost = 0.15\n')
    found = {folder.check(threads=threads).reason for threads in (1, 3)}
    folder.write()
    assert len(found) == 1


@pytest.mark.nightly
def test_one_commit_gets_one_verdict_a_hundred_times(folder, monkeypatch):
    """G-7."""
    BUGS["the step is a fiftieth too long"](monkeypatch)
    verdicts = {
        (found.verdict, found.reason) for found in (folder.check(threads=1 + i % 5) for i in range(100))
    }
    assert len(verdicts) == 1


# --- G-1: fresh seeds on both sides

AA_NAMES = ("cents_kept.lab @ horizon", "cents_kept.chips @ horizon", "gap @ horizon", "thesis_falsified")
AA_STATISTICS = (
    GateStatistic("mean(lab)", AA_NAMES[0], "mean", 2.0, -50.0, 100.0),
    GateStatistic("mean(chips)", AA_NAMES[1], "mean", 2.0, -50.0, 100.0),
    GateStatistic("P(lab <= 5)", AA_NAMES[0], "quantile", 0.09),
    GateStatistic("P(gap <= 1)", AA_NAMES[2], "quantile", 0.09),
    GateStatistic("P(thesis)", AA_NAMES[3], "probability", 0.09),
)


def aa_verdict(spec, number: int, n: int) -> str:
    """Judge a scenario against itself, both sides with seeds of their own."""
    metrics = parse_metrics(AA_NAMES, spec)
    levels = levels_of(1e-5, 1e-3, n_statistics=len(AA_STATISTICS), n_looks=1)
    seeds = (2 * number + 1, 2 * number + 2)
    sides = [observe_values(spec, metrics, first=0, stop=n, seed=seed) for seed in seeds]
    judged = []
    for statistic, threshold in zip(AA_STATISTICS, (0.0, 0.0, 5.0, 1.0, 0.0), strict=True):
        row = AA_NAMES.index(statistic.outcome)
        old, new = (sums_of(statistic, bounded_values(statistic, side[row], threshold)) for side in sides)
        judged.append(judge_apart(statistic, old, new, levels).verdict)
    return overall(judged)


def test_no_false_alarm_in_50_runs_with_fresh_seeds():
    """G-1, as CI can afford it."""
    base = load_scenario("base")
    found = [aa_verdict(base, number, 4096) for number in range(50)]
    assert "CHANGED" not in found
    assert found.count("INCONCLUSIVE") <= 2


@pytest.mark.nightly
def test_no_false_alarm_in_2000_runs_with_fresh_seeds():
    """G-1: 0 CHANGED, and at most 1% that cannot tell."""
    base = load_scenario("base")
    found = [aa_verdict(base, 1000 + number, 16384) for number in range(2000)]
    assert "CHANGED" not in found
    assert found.count("INCONCLUSIVE") <= 20


# --- stages


def test_another_platform_skips_the_bits_but_not_the_comparison(folder, monkeypatch):
    monkeypatch.setattr(gate, "platform", lambda: "elsewhere")
    found = folder.check()
    assert (found.verdict, found.stage) == ("EQUIVALENT", "B")
    assert "another platform" in found.notes[0]
    assert found.moved.changed == 0.0
    BUGS["two hops are swapped in the sums"](monkeypatch)
    assert folder.check().verdict == "CHANGED"


def test_declared_new_streams_are_judged_unpaired(folder, monkeypatch):
    """A new stream_version: other numbers, the same distributions."""
    monkeypatch.setattr(gate, "STREAM_VERSION", 2)
    BUGS["streams of inputs are renamed"](monkeypatch)
    found = folder.check()
    assert (found.stage, found.exit_code) == ("C", 0)
    assert "stream_version went from 1 to 2" in found.notes[0]
    BUGS["staff and sales of the labs are paid twice"](monkeypatch)
    assert folder.check().verdict == "CHANGED"


def test_undeclared_new_streams_fail_with_their_own_message(folder, monkeypatch):
    BUGS["trajectories are off by one"](monkeypatch)
    found = folder.check()
    assert found.verdict == "CHANGED"
    assert "the random streams moved, though stream_version does not say so" in found.reason


@pytest.mark.parametrize(
    ("bug", "message"),
    [
        ("scrambles are all the same", "sampler sobol: "),
        ("inputs are cut to 32 bits", "as much as where something is computed in 32 bits"),
        ("half of a block is taken twice", "trajectories are copies of others"),
        ("one trajectory is no number", "hold a non-finite value"),
    ],
)
def test_a_guard_says_what_it_saw(folder, monkeypatch, bug, message):
    BUGS[bug](monkeypatch)
    found = folder.check()
    assert (found.verdict, found.exit_code) == ("BROKEN", 6)
    assert message in found.reason


def test_a_fresh_seed_confirms_a_baseline(folder):
    found = folder.check(confirm=True)
    assert (found.verdict, found.stage) == ("EQUIVALENT", "D")
    kinds = {item.statistic.kind for item in found.judged}
    assert kinds == {"mean", "quantile", "probability", "distribution"}


def test_a_change_within_the_margins_passes_and_says_that_it_was_seen(folder, rewrite):
    rewrite('extends = "base"\n[compute_cost]\nenergy_vol = 0.101\n')
    found = folder.check()
    assert found.verdict == "EQUIVALENT"
    assert "the scenario itself has changed" in found.notes
    assert found.moved.changed > 0.5


@pytest.mark.nightly  # test_gate_versions.py has an open verdict for every day
def test_too_few_trajectories_end_inconclusive(tmp_path):
    folder = new_folder(tmp_path, gate=GATE.replace("looks = [16384]", "looks = [4096, 65536]"))
    folder.write('extends = "base"\n[hop.memory]\nfixed_cost = 0.109\n')
    found = folder.check()
    assert (found.verdict, found.exit_code) == ("INCONCLUSIVE", 4)
    assert "--baseline-python" in found.notes[-1]


# --- accepting


def test_accepting_writes_small_files_that_tell_what_they_hold(folder):
    files = {path.suffix: path for path in (folder.path / "baselines").iterdir()}
    assert set(files) == {".json", ".toml", ".npz"}
    assert files[".npz"].stat().st_size < 2_000_000
    document = json.loads(files[".json"].read_text())
    assert document["reason"] == "first"
    assert load_scenario(files[".toml"]).digest == document["scenario_digest"]


def test_accepting_what_did_not_change_writes_nothing(folder):
    before = {path: path.stat().st_mtime_ns for path in (folder.path / "baselines").iterdir()}
    folder.accept("again")
    assert {path: path.stat().st_mtime_ns for path in (folder.path / "baselines").iterdir()} == before


@pytest.mark.nightly
def test_a_baseline_made_twice_has_the_same_bytes(tmp_path, folder):
    other = new_folder(tmp_path)
    for path in (folder.path / "baselines").iterdir():
        assert (other.path / "baselines" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("ending", [".npz", ".toml"])
def test_the_file_of_another_baseline_is_refused(tmp_path, folder, ending):
    copy = GateFolder(tmp_path)
    copy.write()
    target = tmp_path / "baselines"
    target.mkdir()
    for path in (folder.path / "baselines").iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    assert copy.check().verdict == "IDENTICAL"
    (target / f"s{ending}").write_bytes((target / f"s{ending}").read_bytes() + b" ")
    with pytest.raises(IntegrityError, match="Restore all three files"):
        copy.check()


def test_a_damaged_baseline_is_refused(tmp_path):
    copy = GateFolder(tmp_path)
    copy.write()
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "s.json").write_text("{}")
    with pytest.raises(IntegrityError, match="is damaged"):
        copy.check()


def test_a_scenario_without_a_baseline_says_how_to_make_one(tmp_path):
    folder = GateFolder(tmp_path)
    folder.write()
    with pytest.raises(UsageError, match="sandwich-sim gate accept s --reason"):
        folder.check()


def test_outcomes_that_the_baseline_lacks_are_named(folder, rewrite):
    rewrite(
        SCENARIO,
        GATE + '\n[[outcome]]\nname = "gap @ start"\nquantiles = { margin = 0.05, levels = [0.5] }\n',
    )
    with pytest.raises(UsageError, match=r"judges P\(gap @ start <= p50\), which its baseline lacks"):
        folder.check()


def test_an_outcome_that_is_gone_fails_and_a_new_one_is_told(folder, rewrite):
    rewrite('extends = "base"\nremove = ["event.buildout_bust"]\n')
    found = folder.check()
    assert (found.verdict, found.exit_code) == ("BROKEN", 6)
    assert found.reason == "event.buildout_bust is gone from the scenario, and was judged before"
    rewrite(REWRITTEN["one more event"])
    assert "event.another is new, and not judged before it is accepted" in folder.check().notes


def test_what_a_scenario_says_of_itself_is_told(folder, rewrite):
    rewrite('extends = "base"\n[demand.app]\ngrowth = 0.5\n')
    assert any("is dropped: demand.app.growth is a constant" in note for note in folder.check().notes)


@pytest.mark.nightly
def test_small_changes_accepted_one_by_one_are_stopped(tmp_path):
    """G-8 with the model: each step passes, and is accepted, until their sum is beyond two margins."""
    folder = new_folder(tmp_path)
    stopped = 0
    for step in range(1, 5):
        folder.write(f'extends = "base"\n[hop.memory]\nfixed_cost = {0.09 + 0.014 * step}\n')
        found = folder.check()
        if found.stage == "E" or found.verdict == "INCONCLUSIVE":
            stopped = step
            break
        folder.accept(f"step {step}")
    assert stopped == 3


def test_a_declared_change_is_no_drift_and_a_release_begins_anew(tmp_path):
    folder, path = new_folder(tmp_path), tmp_path / "baselines" / "s.json"
    folder.write('extends = "base"\n[hop.memory]\nfixed_cost = 0.2\n')
    assert folder.check().verdict == "CHANGED"
    folder.accept("Memory makers spend more")
    (step,) = json.loads(path.read_text())["ledger"]
    assert "P(cents_kept.memory @ horizon <= p50)" in step["declared"]
    folder.write('extends = "base"\n[hop.memory]\nfixed_cost = 0.2001\n')
    assert folder.check().verdict == "EQUIVALENT"
    folder.accept("release 2", is_release=True)
    assert json.loads(path.read_text())["ledger"] == []


def test_broken_outcomes_are_never_accepted(tmp_path, monkeypatch):
    folder = GateFolder(tmp_path)
    folder.write()
    BUGS["one trajectory is no number"](monkeypatch)
    with pytest.raises(IntegrityError, match="cannot be accepted"):
        folder.accept("look away")
    assert not (tmp_path / "baselines").exists()


def test_a_margin_finer_than_the_baseline_is_refused_with_its_line(tmp_path):
    folder = GateFolder(tmp_path)
    folder.write(gate=GATE.replace("margin = 0.7", "margin = 0.001"))
    with pytest.raises(
        Exception, match=r"gate.toml:11:10: outcome\[0\].mean.margin: is 0.001, but"
    ) as caught:
        folder.accept()
    assert caught.value.exit_code == 2


def test_nothing_is_written_when_one_of_several_fails(tmp_path, monkeypatch):
    folder = GateFolder(tmp_path)
    folder.write(gate=GATE.replace('["s.toml"]', '["s.toml", "base"]'))

    def plan(case, *_):
        if case.spec.name == "base":
            raise IntegrityError("broken")
        return gate_accept.Accepted(case.spec.name, None, True, (), ()), "a baseline"

    monkeypatch.setattr(gate_accept, "_plan", plan)
    monkeypatch.setattr(gate_accept, "save_baseline", lambda *_: pytest.fail("written"))
    with pytest.raises(IntegrityError):
        folder.accept()


def test_baselines_of_the_shipped_scenarios_are_small():
    files = list((Path(__file__).parents[2] / "baselines").glob("*.npz"))
    assert len(files) == 8
    assert all(path.stat().st_size < 2_000_000 for path in files)


def test_copies_are_noticed_whatever_their_size():
    from sandwich_sim.studies.gate_observe import _copies

    rng = np.random.default_rng(1)
    whole = rng.normal(size=(32, 100)).astype(np.float32)
    assert _copies(whole, 100) == []
    whole[:, 99] = whole[:, 3]
    assert _copies(whole, 100) == ["1 of 100 trajectories are copies of others"]
    assert _copies(whole[:, :90], 100) == ["90 trajectories came back where 100 were asked for"]
    assert _copies(np.ones((32, 100), dtype=np.float32), 100) == []
