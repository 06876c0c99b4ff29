"""The stored history of speed: what is added comes back, and only a lost factor of two is a failure."""

import importlib.util
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def history():
    description = importlib.util.spec_from_file_location("speed_history", BENCHMARKS / "history.py")
    assert description is not None and description.loader is not None
    module = importlib.util.module_from_spec(description)
    description.loader.exec_module(module)
    return module


def results(cost: float, machine: str = "x86_64") -> dict:
    """As `pytest --benchmark-json` writes them, in little."""
    return {
        "datetime": "2026-11-23T15:00:00+00:00",
        "commit_info": {"id": "0123456789abcdef"},
        "machine_info": {"machine": machine, "python_version": "3.11.7", "node": "a-host-name"},
        "benchmarks": [
            {"name": "test_engine", "extra_info": {"twin_passes": cost}, "stats": {}},
            {"name": "test_other", "extra_info": {}, "stats": {}},
        ],
    }


def test_a_run_is_added_as_one_line_that_names_no_host(history, tmp_path):
    file = tmp_path / "history.jsonl"
    history.add(results(2.5), file)
    history.add(results(2.6), file)
    first, second = history.read_history(file)
    assert first["twin_passes"] == {"test_engine": 2.5}
    assert second["twin_passes"] == {"test_engine": 2.6}
    assert (first["format"], first["date"], first["commit"]) == (1, "2026-11-23", "0123456789ab")
    assert "a-host-name" not in file.read_text()


def test_the_usual_cost_is_the_median_of_recent_runs_on_such_a_machine(history, tmp_path):
    file = tmp_path / "history.jsonl"
    for cost in (100.0, *[2.0] * 4, *[3.0] * 6):
        history.add(results(cost), file)
    history.add(results(50.0, "arm64"), file)
    assert history.usual_cost("test_engine", file, "x86_64") == 3.0
    assert history.usual_cost("test_engine", file, "arm64") == 50.0
    assert history.usual_cost("test_engine", file, "riscv") is None
    assert history.usual_cost("test_new", file, "x86_64") is None


def test_costs_are_exported_for_trackers(history):
    assert history.export(results(2.5)) == [{"name": "test_engine", "unit": "twin passes", "value": 2.5}]


def test_the_stored_history_is_of_the_format_that_is_read(history):
    runs = history.read_history()
    assert runs, "benchmarks/history.jsonl is empty"
    for run in runs:
        assert run["format"] == 1
        assert set(run) == {"format", "date", "commit", "version", "machine", "python", "twin_passes"}
        assert all(cost > 0.0 for cost in run["twin_passes"].values())
    source = (BENCHMARKS / "test_speed.py").read_text(encoding="utf-8")
    assert all(f"def {name}(" in source for name in runs[-1]["twin_passes"])
    json.dumps(runs)
