"""Benchmark JSON as the programs that read it take it."""

import json
import subprocess
import sys
from math import nan

import pytest

from sandwich_sim.formats.benchmark_json import Measurement, Spread, custom_benchmark, pytest_benchmark

MARGIN = Measurement(
    "base: mean(margin.chips @ 2030)", 0.412, "1", 0.0011, Spread(-0.2, 0.3, 0.42, 0.5, 0.8, 0.14, 16384)
)
SPEED = Measurement("engine", 0.25, "s", extra="per unit")
UNDEFINED = Measurement("never", nan, "yr")


def test_the_custom_layout_holds_name_unit_value_and_range():
    entries = json.loads(json.dumps(custom_benchmark([MARGIN, SPEED, UNDEFINED]), allow_nan=False))
    assert entries == [
        {"name": MARGIN.name, "unit": "1", "value": 0.412, "range": "± 0.0011"},
        {"name": "engine", "unit": "s", "value": 0.25, "extra": "per unit"},
    ]


def test_the_layout_of_pytest_benchmark_holds_what_trackers_read():
    document = json.loads(json.dumps(pytest_benchmark([MARGIN, SPEED]), allow_nan=False))
    margin, speed = document["benchmarks"]
    # github-action-benchmark reads these five.
    assert margin["fullname"] == MARGIN.name
    assert (margin["stats"]["mean"], margin["stats"]["stddev"]) == (0.412, 0.14)
    assert margin["stats"]["rounds"] == 16384
    assert margin["stats"]["ops"] == 0.412
    assert speed["stats"]["ops"] == pytest.approx(4.0)
    assert margin["extra_info"]["standard_error"] == 0.0011


def test_pytest_benchmark_itself_reads_it(tmp_path):
    paths = []
    for number, value in enumerate((0.25, 0.5)):
        paths.append(tmp_path / f"000{number + 1}_x.json")
        paths[-1].write_text(json.dumps(pytest_benchmark([Measurement("engine", value, "s")])))
    program = "from pytest_benchmark.cli import main; main()"
    answer = subprocess.run(
        [sys.executable, "-c", program, "compare", *map(str, paths), "--columns=mean"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("engine") == 2
    assert "250.0000" in answer.stdout
    assert "500.0000" in answer.stdout
