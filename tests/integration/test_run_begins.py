"""How a run begins: what it imports, and what it says before it compiles."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sandwich_sim.prepare import Prepared
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run


def test_a_run_imports_nothing_that_it_does_not_need(tmp_path):
    program = """
import sys
from sandwich_sim.cli.main import cli
cli.main(["run", "base", "-n", "64", "--quiet", "-o", sys.argv[1]], standalone_mode=False)
print(*sys.modules)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "run")]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    heavy = {
        "scipy.linalg",
        "scipy.special",
        "scipy.stats",
        "xarray",
        "pandas",
        "zarr",
        "matplotlib",
        "pydantic",
    }
    assert not heavy & set(answer.stdout.split())


def test_compiling_is_reported_before_it_begins(tmp_path, monkeypatch):
    seen = []

    def compile_first_kernels(prepared):
        seen.append("the first kernel")
        raise KeyboardInterrupt

    monkeypatch.setattr(Prepared, "model", compile_first_kernels)
    with pytest.raises(KeyboardInterrupt):
        run(
            load_scenario("base"),
            output=tmp_path / "run",
            trajectories=16,
            progress=lambda progress: seen.append(progress.stage),
        )
    assert seen == ["compile", "the first kernel"]
