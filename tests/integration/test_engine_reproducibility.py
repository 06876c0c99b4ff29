"""Same seed, same bits: for any threads, blocks, units of work and samplers."""

from dataclasses import replace

import numpy as np
import pytest

from engine_runs import different, run_everything
from sandwich_sim.results.meta import UNIT
from sandwich_sim.scenario.load import load_scenario

SAMPLERS = ("random", "latin-hypercube", "sobol")
THREADS = (1, 2, 3, 5)
WIDTHS = (16, 64, 256, 272)
MANY_UNITS = 9 * 512 + 77
"""More units of 512 than one group of additions holds, and a last block that is short."""


@pytest.fixture
def small_units(monkeypatch):
    """Units of 512 trajectories, so that a small run has many of them."""
    monkeypatch.setattr("sandwich_sim.engine.UNIT", 512)


@pytest.fixture(scope="module")
def base():
    return load_scenario("base")


@pytest.fixture(scope="module")
def short():
    return replace(load_scenario("base"), years=2, events=())


def assert_same_bits(found, expected):
    for part, reference in zip(found, expected, strict=True):
        assert different(part, reference) == []


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_threads_and_width_of_blocks_do_not_change_a_bit(small_units, base, sampler):
    options = {"trajectories": MANY_UNITS, "seed": 2**63 + 5, "sampler": sampler}
    expected = run_everything(base, **options)
    assert not expected[0]["failures"].any()
    grid = [(threads, width) for threads in THREADS for width in WIDTHS]
    # Sobol on all 16 combinations, the others on four that hold every value once.
    pairs = grid if sampler == "sobol" else list(zip(THREADS, WIDTHS, strict=True))
    for threads, width in pairs:
        found = run_everything(base, threads=threads, width=width, **options)
        assert_same_bits(found, expected)


def test_real_units_do_not_depend_on_threads_and_width(short):
    options = {"trajectories": UNIT + 4096 + 300, "seed": 11}
    expected = run_everything(short, **options)
    assert_same_bits(run_everything(short, threads=2, width=272, **options), expected)
    assert_same_bits(run_everything(short, threads=3, width=64, **options), expected)


def test_full_paths_do_not_depend_on_threads_and_width(short):
    options = {"trajectories": 4096 + 40, "seed": 12, "keep": "paths"}
    expected = run_everything(short, **options)
    assert_same_bits(run_everything(short, threads=2, width=272, **options), expected)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("n", [1, 15, 17, 257])
def test_runs_of_any_size_are_the_same_by_blocks_of_any_width(short, sampler, n):
    options = {"trajectories": n, "seed": 3, "sampler": sampler}
    expected = run_everything(short, width=16, **options)
    assert_same_bits(run_everything(short, width=256, **options), expected)
    assert expected[0]["count"].sum() == n
    assert expected[0]["event_total"].shape == (16, 0)


@pytest.mark.parametrize("keep", ["outcomes", "paths"])
@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_a_shorter_run_is_the_beginning_of_a_longer_one(base, sampler, keep):
    shorter = run_everything(base, trajectories=100, seed=4, sampler=sampler, keep=keep)[1]
    longer = run_everything(base, trajectories=700, seed=4, sampler=sampler, keep=keep)[1]
    assert different({name: values[..., :100] for name, values in longer.items()}, shorter) == []


def test_seeds_differ_in_every_draw_and_path(base):
    runs = [
        run_everything(base, trajectories=64, seed=seed, keep="paths")[1] for seed in (0, 1, 2**32, 2**64 - 1)
    ]
    for i, run in enumerate(runs):
        for other in runs[:i]:
            assert np.mean(run["parameters"] == other["parameters"]) < 1e-3
            assert not np.any(run["series"][0] == other["series"][0])


def test_without_shocks_only_the_inputs_make_the_difference(base):
    with_shocks = run_everything(base, trajectories=64, seed=4, keep="paths")[1]
    without = run_everything(base, trajectories=64, seed=4, keep="paths", shocks=False)[1]
    assert different({"parameters": without["parameters"]}, {"parameters": with_shocks["parameters"]}) == []
    start, later = (np.s_[:, 0], np.s_[0, 1:])
    np.testing.assert_array_equal(without["series"][start], with_shocks["series"][start])
    assert not np.any(without["series"][later] == with_shocks["series"][later])


@pytest.mark.nightly
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_large_run_does_not_depend_on_threads_and_width(base, sampler):
    options = {"trajectories": 10 * UNIT + 1000, "seed": 9, "sampler": sampler, "keep": "summary"}
    expected = run_everything(base, **options)
    for threads, width in zip((2, 3, 5, 16), (272, 64, 16, 512), strict=True):
        assert_same_bits(run_everything(base, threads=threads, width=width, **options), expected)
