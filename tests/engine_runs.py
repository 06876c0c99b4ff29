"""Runs of the engine for tests: everything that it makes, in memory, at any width and thread count."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sandwich_sim
from sandwich_sim.distributions.of_scenario import law_of
from sandwich_sim.engine import run_units
from sandwich_sim.model import BLOCK
from sandwich_sim.prepare import prepare
from sandwich_sim.results.reduce import Fold, new_outcomes, outcome_arrays, record_plan
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.uncertain import Constant, SameAs

Arrays = dict[str, NDArray[Any]]

START = "from sandwich_sim.cli.main import main; main()"


def run_everything(
    spec: ScenarioSpec,
    *,
    threads: int = 1,
    width: int = BLOCK,
    dtype: type[Any] = np.float32,
    **options: Any,
) -> tuple[Arrays, Arrays]:
    """Run a scenario without a store.

    Returns
    -------
    accumulators, outcomes : dict of str to ndarray
        Folded sums and counts, and what is kept of each trajectory.
    """
    prepared = prepare(spec, **options)
    meta = prepared.meta
    plan = record_plan(spec, meta)
    n = meta.n_trajectories
    whole = outcome_arrays(new_outcomes(meta, plan, n, meta.keep, dtype), 0, n)

    def place(first: int, n: int, outcomes: Any) -> None:
        for name, part in outcome_arrays(outcomes, first, n).items():
            whole[name][..., first : first + n] = part

    on_piece = None if meta.keep == "summary" else place
    fold = Fold(meta, plan)
    for unit in run_units(
        prepared.model(), meta, plan, threads=threads, width=width, dtype=dtype, on_piece=on_piece
    ):
        fold.add(unit.unit, unit.accumulators, unit.non_finite)
    return fold.result({}), {} if meta.keep == "summary" else whole


def different(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Names of the arrays that do not have the same bits on both sides."""
    assert set(found) == set(expected)
    return [
        name
        for name, values in expected.items()
        if np.asarray(found[name]).dtype != np.asarray(values).dtype
        or np.asarray(found[name]).tobytes() != np.asarray(values).tobytes()
    ]


def at_medians(spec: ScenarioSpec, steps_per_year: int) -> ScenarioSpec:
    """The central path of a scenario: every input at its median, at a step of one's choice."""
    half = np.array([0.5])
    parameters = {
        name: number
        if isinstance(number, Constant | SameAs)
        else Constant(float(law_of(number).quantile(half, half)[0]))
        for name, number in spec.parameters.items()
    }
    return replace(
        spec, parameters=parameters, correlation=(), events=(), sobol_slots=(), steps_per_year=steps_per_year
    )


def start_python(folder: Path, code: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Start Python in a folder, with the product and these helpers on its path."""
    paths = [str(Path(sandwich_sim.__file__).parents[1]), str(Path(__file__).parent)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONHASH")}
    return subprocess.Popen(
        [sys.executable, "-c", code, *(str(argument) for argument in arguments)],
        cwd=folder,
        env=inherited | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def run_python(folder: Path, code: str, *arguments: object, **environment: str) -> tuple[int, str, str]:
    """Run Python to its end; returns exit code, stdout and stderr."""
    process = start_python(folder, code, *arguments, **environment)
    stdout, stderr = process.communicate(timeout=300)
    return process.returncode, stdout, stderr
