"""Draws are pure functions of (seed, name, trajectory), whatever is drawn beside them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import drawn_specs
from drawn_specs import spec_of, uniforms
from sandwich_sim.kernels.rng import stream_of
from sandwich_sim.sampling import draw, draw_plan, draw_rows
from sandwich_sim.scenario.uncertain import Beta, LogNormal, Mixture, Normal, Triangular, Uniform

SAMPLERS = ("random", "latin-hypercube", "sobol")
MIXED = {
    "a": Uniform(low=2.0, high=3.0),
    "b": Normal(mean=1.0, sd=2.0),
    "c": LogNormal(mu=0.0, sigma=1.0),
    "d": Beta(a=2.0, b=5.0),
    "e": Triangular(low=0.0, mode=1.0, high=3.0),
    "f": Mixture(weights=(0.5, 0.5), components=(Uniform(low=0.0, high=1.0), Normal(mean=4.0, sd=1.0))),
}
CORRELATION = (("a", "b", 0.5), ("b", "e", -0.3), ("c", "d", 0.9))


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 in plain integers, after Salmon et al. (2011)."""
    mask = 0xFFFFFFFF
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * counter[0], 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * counter[2], 2**32)
        counter = [high_1 ^ counter[1] ^ key[0], low_1, high_0 ^ counter[3] ^ key[1], low_0]
        key = [(key[0] + 0x9E3779B9) & mask, (key[1] + 0xBB67AE85) & mask]
    return counter


@pytest.mark.parametrize("trajectory", [0, 1, 255, 2**32 - 1, 2**32, 2**47 + 12345])
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_random_draw_is_the_addressed_philox_word(seed, trajectory):
    spec = uniforms("hop.chips.scarcity")
    u = draw(
        spec,
        spec.drawn,
        np.array([trajectory]),
        seed=seed,
        sampler="random",
        trajectories=2**48,
    )[0, 0]
    counter = [trajectory & 0xFFFFFFFF, trajectory >> 32 << 16, stream_of("hop.chips.scarcity"), 0]
    words = philox(counter, [seed & 0xFFFFFFFF, seed >> 32])
    assert abs(u - ((words[0] << 32) | words[1]) / 2**64) < 2**-52


def test_published_vector_of_the_oracle():
    assert philox([0, 0, 0, 0], [0, 0]) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_any_indices_give_the_numbers_of_the_whole_run(sampler):
    n = 16 * 67 + 5
    spec = spec_of(MIXED, CORRELATION)
    plan = draw_plan(spec, seed=3, sampler=sampler, trajectories=n)
    rows = range(len(spec.drawn))
    whole = draw_rows(plan, rows, np.arange(n))
    rng = np.random.default_rng(1)
    for indices in (
        np.arange(256, 512),
        np.arange(7, 300),
        np.arange(n)[::-1],
        np.array([n - 1]),
        np.array([0] * 5),
        rng.integers(0, n, 333),
        16 * rng.integers(0, 67, 32),
        np.arange(0, n, 16),
    ):
        np.testing.assert_array_equal(draw_rows(plan, rows, indices), whole[:, indices])


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_shorter_run_is_the_beginning_of_a_longer_one(sampler):
    spec = spec_of(MIXED, CORRELATION)
    short = draw(spec, spec.drawn, np.arange(96), seed=3, sampler=sampler, trajectories=96)
    long = draw(spec, spec.drawn, np.arange(1024), seed=3, sampler=sampler, trajectories=1024)
    np.testing.assert_array_equal(short, long[:, :96])


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_adding_an_input_leaves_all_others(sampler):
    n = 200
    slots = tuple(MIXED)
    before = spec_of(MIXED, CORRELATION, slots)
    more = {"aa": Normal(mean=0.0, sd=1.0), **MIXED, "zz": Beta(a=1.0, b=2.0)}
    after = spec_of(more, (*CORRELATION, ("aa", "zz", 0.7)), slots)
    options = {"seed": 9, "sampler": sampler, "trajectories": n}
    np.testing.assert_array_equal(
        draw(before, tuple(MIXED), np.arange(n), **options),
        draw(after, tuple(MIXED), np.arange(n), **options),
    )


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_seeds_and_names_differ(sampler):
    n = 64
    spec = uniforms("x", "y")
    first = draw(spec, ("x", "y"), np.arange(n), seed=1, sampler=sampler, trajectories=n)
    second = draw(spec, ("x", "y"), np.arange(n), seed=2, sampler=sampler, trajectories=n)
    assert np.all(first != second)
    assert np.all(first[0] != first[1])


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_rows_can_be_drawn_alone(sampler):
    n = 100
    spec = spec_of(MIXED, CORRELATION)
    plan = draw_plan(spec, seed=3, sampler=sampler, trajectories=n)
    whole = draw_rows(plan, range(6), np.arange(n))
    for rows in ([0], [5], [4, 0], [2, 3, 5], [1]):
        np.testing.assert_array_equal(draw_rows(plan, rows, np.arange(n)), whole[rows])


def test_no_indices_give_no_draws():
    spec = spec_of(MIXED)
    for sampler in SAMPLERS:
        options = {"seed": 3, "sampler": sampler, "trajectories": 16}
        assert draw(spec, spec.drawn, np.arange(0), **options).shape == (6, 0)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_plain_python_draws_the_same(sampler, tmp_path):
    """Without compilation; multiply-adds round differently, so not to the bit."""
    script = (
        "import numpy as np\n"
        "from drawn_specs import spec_of\n"
        "from sandwich_sim.kernels._jit import COMPILED\n"
        "from sandwich_sim.sampling import draw\n"
        "from sandwich_sim.scenario.uncertain import *\n"
        "assert not COMPILED\n"
        f"spec = spec_of({MIXED!r}, {CORRELATION!r})\n"
        f"x = draw(spec, spec.drawn, np.arange(3, 35), seed=3, sampler={sampler!r}, trajectories=40)\n"
        f"np.save({str(tmp_path / 'x.npy')!r}, x)\n"
    )
    paths = [str(Path(drawn_specs.__file__).parent), *filter(None, sys.path)]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(paths)}
    subprocess.run([sys.executable, "-W", "error", "-c", script], env=environment, check=True, timeout=120)
    spec = spec_of(MIXED, CORRELATION)
    expected = draw(spec, spec.drawn, np.arange(3, 35), seed=3, sampler=sampler, trajectories=40)
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), expected, rtol=1e-13, atol=1e-14)
