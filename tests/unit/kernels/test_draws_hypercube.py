"""Latin hypercube: sixteen independent designs, exactly one point in each stratum."""

import numpy as np
import pytest

from drawn_specs import uniforms
from sandwich_sim.kernels._jit import COMPILED
from sandwich_sim.kernels.sobol import N_SCRAMBLE
from sandwich_sim.sampling import draw
from stochastic import assert_counts

NAMES = ("x", "y", "z")


def designs(n, seed=4, names=NAMES):
    """Uniforms of each design, arrays of shape (n_name, size of the design)."""
    spec = uniforms(*names)
    u = draw(spec, names, np.arange(n), seed=seed, sampler="latin-hypercube", trajectories=n)
    return [u[:, s::N_SCRAMBLE] for s in range(N_SCRAMBLE)]


@pytest.mark.parametrize("n", [1, 5, 16, 17, 100, 1003, 4096, 16 * 255 + 1, 16 * 625 + 9, 65_536])
def test_every_stratum_of_every_design_holds_one_point(n):
    for u in designs(n):
        m = u.shape[1]
        np.testing.assert_array_equal(np.sort(np.floor(u * m), axis=1), np.tile(np.arange(m), (3, 1)))
        assert np.all((u > 0.0) & (u < 1.0))


def test_designs_and_inputs_differ():
    n = 16 * 300
    strata = [np.floor(u * u.shape[1]) for u in designs(n)]
    rows = np.concatenate(strata)
    same = (rows[:, None, :] == rows[None, :, :]).mean(axis=2) - np.eye(rows.shape[0])
    assert same.max() < 0.05
    assert np.abs(np.corrcoef(rows) - np.eye(rows.shape[0])).max() < 6.0 / np.sqrt(300)


@pytest.mark.skipif(not COMPILED, reason="many draws: slow as plain Python")
@pytest.mark.parametrize("m", [2, 3, 5, 7, 13])
def test_small_permutations_are_even(m):
    """Where the first two trajectories of a design go, over 800 names x 16 designs."""
    names = tuple(f"input_{k}" for k in range(800))
    pairs = [np.floor(u[:, :2] * m) for u in designs(16 * m, names=names)]
    first, second = np.concatenate(pairs).T.astype(np.int64)
    counts = np.bincount(first, minlength=m)
    assert_counts(counts, np.full(m, 1.0 / m), detectable=0.05, n_checks=10)
    steps = np.bincount((second - first) % m, minlength=m)[1:]
    assert_counts(steps, np.full(m - 1, 1.0 / max(m - 1, 1)), detectable=0.05, n_checks=10)


def test_errors_of_a_mean_are_far_smaller_than_by_random_points():
    n = 16 * 256
    means = np.array([u.sum(axis=0).mean() for u in designs(n)])
    plain = np.sqrt(3.0 / 12.0 / 256.0)
    assert means.std(ddof=1) < plain / 50.0
