"""Has something become slower? Each cost in passes of the NumPy twin, against what it used to be.

    pytest benchmarks/test_speed.py                                   # fails where a cost has doubled
    pytest benchmarks/test_speed.py --benchmark-json speed.json       # for trackers and for the history
    python benchmarks/history.py add speed.json                       # remember it

Processor time of all threads together, so that a thread more is no gain here.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import history
from bench_baselines import engine_pass
from sandwich_sim.prepare import prepare
from sandwich_sim.results.dataset import open_run
from sandwich_sim.results.meta import UNIT
from sandwich_sim.sampling import draw_rows
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run
from sandwich_sim.studies.explain import explain
from sandwich_sim.studies.paired import paired_outcomes
from yardstick import Yardstick, measured

SMALL = 4096

pytestmark = pytest.mark.benchmark(timer=time.process_time, warmup=False, disable_gc=True)


@pytest.fixture(scope="module")
def yardstick() -> Yardstick:
    return Yardstick()


@pytest.fixture
def check(benchmark, yardstick) -> Callable[..., None]:
    """Measure a work and hold it to its history."""

    def measure_and_judge(
        work: Callable[[], object], *, rounds: int = 5, limit: float = history.LIMIT
    ) -> None:
        cost = measured(benchmark, yardstick, work, rounds=rounds)
        usual = history.usual_cost(benchmark.name)
        if usual is not None:
            assert cost <= limit * usual, (
                f"{benchmark.name} costs {cost:.3g} passes of the twin; it used to cost {usual:.3g}. "
                "Find out why; if it must, add this run to benchmarks/history.jsonl with a reason."
            )

    return measure_and_judge


@pytest.fixture(scope="module")
def base():
    return load_scenario("base")


def test_engine_with_outcomes(check, base):
    check(engine_pass(base, UNIT, 1))


def test_paired_outcomes_of_two_scenarios(check, base):
    other, metrics = load_scenario("price_war"), ["cents_kept.lab @ horizon", "thesis_falsified"]
    options = {"trajectories": SMALL, "seed": 1, "sampler": "sobol", "threads": 1}
    check(lambda: paired_outcomes([base, other], metrics, **options))


def test_explain_with_two_causes(check, base):
    other = load_scenario("memory_glut")
    statistics = ["mean(cents_kept.memory @ horizon)", "p5(cents_kept.memory @ horizon)"]
    check(lambda: explain(base, other, statistics, trajectories=SMALL, threads=1))


def test_draws_of_every_input(check, base):
    model = prepare(base, trajectories=UNIT).model()
    rows, indices = range(len(model.drawn)), np.arange(UNIT)
    check(lambda: draw_rows(model.draws, rows, indices))


def test_load_an_overlay(check):
    check(lambda: load_scenario("price_war"), rounds=10)


def test_build_the_inputs_of_the_kernels(check, base):
    prepared = prepare(base, trajectories=UNIT)
    check(prepared.model, rounds=10)


def test_run_into_a_folder(check, base, tmp_path: Path):
    numbers = iter(range(100))
    check(
        lambda: run(base, output=tmp_path / str(next(numbers)), trajectories=SMALL, threads=1),
        limit=history.FILE_LIMIT,
    )


def test_open_a_run_and_read_its_summary(check, base, tmp_path: Path):
    folder = run(base, output=tmp_path / "run", trajectories=SMALL, threads=1).folder
    check(lambda: open_run(folder)["margin_mean"].load(), limit=history.FILE_LIMIT)
