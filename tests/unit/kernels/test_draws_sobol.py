"""Scrambled Sobol points: the published numbers, balance, independence, and what they are for."""

import numpy as np
import pytest
from scipy.stats import qmc

from drawn_specs import uniforms
from sandwich_sim.kernels._jit import COMPILED
from sandwich_sim.kernels.sobol import INDEX_BITS, N_SCRAMBLE, load_directions
from sandwich_sim.sampling import draw, draw_plan, draw_rows

many_draws = pytest.mark.skipif(not COMPILED, reason="many draws: slow as plain Python")
NAMES = tuple(f"input_{k}" for k in range(40))


def points(names, n_point, seed=5, slots=()):
    """Points of each scramble, shape (n_name, n_point, 16)."""
    n = n_point * N_SCRAMBLE
    u = draw(uniforms(*names, slots=slots), names, np.arange(n), seed=seed, sampler="sobol", trajectories=n)
    return u.reshape(len(names), n_point, N_SCRAMBLE)


@pytest.mark.parametrize("dimensions", [[0, 1, 2, 3], [17, 100, 511], [1022, 1023]])
def test_unscrambled_points_are_those_of_scipy(dimensions):
    names = tuple(f"d{k}" for k in dimensions)
    plan = draw_plan(uniforms(*names), seed=1, sampler="sobol", trajectories=16)
    directions = load_directions(np.array(dimensions)).astype(np.uint64)
    steps = np.zeros_like(plan.steps)
    steps[:, :INDEX_BITS, :] = np.bitwise_xor.accumulate(directions, axis=1)[:, :, None] << np.uint64(20)
    index = np.arange(1024)
    ours = draw_rows(plan._replace(steps=steps), range(len(names)), 16 * index)
    in_gray_order = qmc.Sobol(max(dimensions) + 1, scramble=False, bits=32).random(1024)
    gray = index ^ (index >> 1)
    np.testing.assert_array_equal(ours[:, gray].T - 2.0**-53, in_gray_order[:, dimensions])


@pytest.mark.parametrize("m", range(11))
def test_first_points_of_each_scramble_hit_each_interval_once(m):
    u = points(NAMES, 2**m)
    cells = np.sort(np.floor(u * 2**m), axis=1)
    np.testing.assert_array_equal(cells, np.broadcast_to(np.arange(2.0**m)[None, :, None], cells.shape))


def test_first_two_dimensions_hit_each_elementary_rectangle_once():
    m = 8
    x, y = points(NAMES[:2], 2**m)
    for k in range(m + 1):
        cell = np.floor(x * 2**k) * 2 ** (m - k) + np.floor(y * 2 ** (m - k))
        assert np.all(np.sort(cell, axis=0) == np.arange(2**m)[:, None])


def test_points_are_distinct_and_inside():
    u = points(NAMES[:3], 2**14)
    assert u.min() > 0.0
    assert u.max() < 1.0
    assert all(np.unique(u[j, :, s]).size == 2**14 for j in range(3) for s in range(N_SCRAMBLE))


def test_points_far_out_are_distinct_and_inside():
    plan = draw_plan(uniforms("x"), seed=1, sampler="sobol", trajectories=2**36)
    last = np.arange(2**36 - 16 * 1000, 2**36)
    u = draw_rows(plan, [0], last)[0].reshape(1000, 16)
    assert 0.0 < u.min() < u.max() < 1.0
    assert all(np.unique(u[:, s]).size == 1000 for s in range(N_SCRAMBLE))


@many_draws
def test_estimates_of_the_scrambles_are_independent():
    """Their errors over 400 seeds: no two of 16 scrambles correlate beyond 6 standard errors."""
    u = np.array([points(("x", "y"), 4, seed=seed) for seed in range(400)])
    estimates = np.exp(u[:, 0] * u[:, 1]).mean(axis=1)
    assert np.abs(np.corrcoef(estimates.T) - np.eye(N_SCRAMBLE)).max() < 6.0 / np.sqrt(400)
    assert np.all(np.ptp(estimates, axis=1) > 0.0)


def test_one_input_keeps_each_pair_of_scrambles_apart():
    u = points(("x",), 256)[0]
    for s in range(N_SCRAMBLE):
        for other in range(s):
            assert not np.intersect1d(u[:, s], u[:, other]).size


def test_scrambling_belongs_to_the_name_and_the_dimension_to_the_slot():
    alone = points(("b",), 64, slots=("a", "b"))
    beside = points(("z", "b"), 64, slots=("a", "b", "z"))
    np.testing.assert_array_equal(alone[0], beside[1])
    other_dimension = points(("b",), 64, slots=("a", "c", "b"))
    assert not np.array_equal(alone[0], other_dimension[0])


def smooth(u):
    """A smooth integrand with mean 1 over its first axis of inputs."""
    weights = 1.0 / (1.0 + np.arange(u.shape[0]))
    return np.prod(1.0 + weights[:, None] * (u - 0.5), axis=0)


def test_smooth_integral_is_far_better_than_by_random_points():
    n, names = 16 * 256, NAMES[:8]
    estimates = {}
    for sampler in ("random", "sobol"):
        u = draw(uniforms(*names), names, np.arange(n), seed=2, sampler=sampler, trajectories=n)
        estimates[sampler] = smooth(u).reshape(-1, N_SCRAMBLE).mean(axis=0)
    error = {sampler: np.sqrt(np.mean((means - 1.0) ** 2)) for sampler, means in estimates.items()}
    assert error["sobol"] < error["random"] / 20.0


@many_draws
def test_mean_over_scrambles_is_unbiased():
    """Scrambled points are uniform one by one: the first point of many seeds, 5 standard errors."""
    first = np.concatenate([points(("x", "y"), 1, seed=seed).ravel() for seed in range(200)])
    assert abs(first.mean() - 0.5) < 5.0 * np.sqrt(1.0 / 12.0 / first.size)
    assert abs(first.var() - 1.0 / 12.0) < 5.0 * np.sqrt(1.0 / 180.0 / first.size)
