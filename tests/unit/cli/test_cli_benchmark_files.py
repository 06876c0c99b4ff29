"""`--benchmark-json`: what trackers get of runs and gates."""

import json

from sandwich_sim.analysis.gate_rule import Judged
from sandwich_sim.analysis.gate_statistics import GateStatistic
from sandwich_sim.cli.benchmark_files import gate_measurements
from sandwich_sim.studies.gate_report import GateReport, ScenarioVerdict


def test_a_run_writes_its_outcomes_with_their_errors(call, tmp_path):
    result = call("run", "base", "price_war", "-n", 2048, "--quiet", "--benchmark-json", "out.json")
    assert result.exit_code == 0, result.stderr
    entries = json.loads((tmp_path / "out.json").read_text())
    names = [entry["name"] for entry in entries]
    assert "base: mean(cents_kept.lab @ horizon)" in names
    assert "price_war: P(thesis_falsified)" in names
    assert "base: p50(margin.chips @ horizon)" in names
    assert len(names) == len(set(names))
    for entry in entries:
        assert {"name", "unit", "value"} <= set(entry) <= {"name", "unit", "value", "range", "extra"}
        assert isinstance(entry["value"], float)
    lab = next(entry for entry in entries if entry["name"] == "base: mean(cents_kept.lab @ horizon)")
    assert lab["unit"] == "cent"
    assert lab["range"].startswith("± ")
    assert lab["extra"] == "2048 trajectories, sobol, seed 20260701"


def test_the_layout_of_pytest_benchmark_can_be_asked_for(call, tmp_path):
    args = ["--benchmark-json", "out.json", "--benchmark-layout", "pytest"]
    assert call("run", "base", "-n", 64, "--quiet", *args).exit_code == 0
    document = json.loads((tmp_path / "out.json").read_text())
    stats = {bench["name"]: bench["stats"] for bench in document["benchmarks"]}
    found = stats["base: mean(cents_kept.lab @ horizon)"]
    assert found["ops"] == found["mean"]
    assert found["stddev"] > 0.0


def test_the_same_run_writes_the_same_bytes(call, tmp_path):
    for name in ("a.json", "b.json"):
        assert call("run", "base", "-n", 64, "--quiet", "--force", "--benchmark-json", name).exit_code == 0
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def judged(name: str, difference: float, margin: float) -> Judged:
    statistic = GateStatistic(name, name, "mean", margin, unit="1", low=-1.0, high=1.0)
    return Judged(statistic, 64, 0.0, difference, difference, 0.1, (0.0, 0.0), (0.0, 0.0), "normal")


def test_a_gate_gives_the_largest_change_in_margins():
    moved = ScenarioVerdict(
        "base", "EQUIVALENT", "B", "", judged=(judged("a", 0.1, 0.5), judged("b", -0.4, 0.5))
    )
    same = ScenarioVerdict("war", "IDENTICAL", "A", "")
    first, second = gate_measurements(GateReport((moved, same), {}, ""))
    assert (first.name, first.value, first.unit) == ("base: largest change", 0.8, "margins")
    assert first.extra == "EQUIVALENT, b"
    assert (second.value, second.extra) == (0.0, "IDENTICAL")
