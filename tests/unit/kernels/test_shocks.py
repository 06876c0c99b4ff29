"""Step shocks: standard normals and Poisson counts, independent over names, steps and paths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.kernels._jit import COMPILED
from sandwich_sim.kernels.shock_paths import draw_shock_paths
from sandwich_sim.model import allocate_work, build_model
from sandwich_sim.scenario.load import load_scenario

pytestmark = pytest.mark.skipif(not COMPILED, reason="many draws: minutes as plain Python")

N = 4096
Z = 5.5
"""Two-sided level 4e-8 a comparison; below 2,000 comparisons here make 8e-5 in all."""


def paths(seed=1, years=2, n=N, rate=1.5):
    spec = replace(load_scenario("base"), years=years)
    model = build_model(spec, seed=seed, sampler="random", trajectories=n)
    work, _ = allocate_work(model, n)
    n_step = model.inputs.n_step
    normals = np.zeros((n_step, len(model.shocks), n))
    jumps = np.zeros((n_step, 2, n))
    rates = np.full(n, rate)
    draw_shock_paths(model.inputs, np.arange(n), rates, rates, work, normals, jumps)
    used = [i for i, name in enumerate(model.shocks) if name]
    return normals[:, used], jumps


def test_normals_are_standard():
    z = paths()[0].ravel()
    n = z.size
    assert abs(z.mean()) < Z / np.sqrt(n)
    assert abs(z.var() - 1.0) < Z * np.sqrt(2.0 / n)
    assert abs((z**3).mean()) < Z * np.sqrt(15.0 / n)
    assert abs((z**4).mean() - 3.0) < Z * np.sqrt(96.0 / n)
    assert stats.kstest(z[:200_000], "norm").pvalue > 1e-7
    for far in (3.0, 4.0):
        expected = 2.0 * stats.norm.sf(far)
        assert abs((np.abs(z) > far).mean() - expected) < Z * np.sqrt(expected / n) + 1.0 / n


def test_shocks_of_different_names_and_steps_are_uncorrelated():
    z = paths()[0]
    flat = z.reshape(-1, N)
    correlation = flat @ flat.T / N
    np.fill_diagonal(correlation, 0.0)
    # 60,000 pairs at 6.5 standard errors: 5e-6 in all.
    assert np.abs(correlation).max() < 6.5 / np.sqrt(N)


def test_jumps_are_poisson():
    counts = paths(rate=1.5)[1].ravel()
    mean = 1.5 / 4
    n = counts.size
    assert abs(counts.mean() - mean) < Z * np.sqrt(mean / n)
    for k in range(6):
        expected = stats.poisson.pmf(k, mean)
        assert abs((counts == k).mean() - expected) < Z * np.sqrt(expected / n) + 1.0 / n


def test_seeds_differ_and_repeat():
    first, again, other = paths(seed=1, n=64)[0], paths(seed=1, n=64)[0], paths(seed=2, n=64)[0]
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < Z / np.sqrt(first.size)


def test_a_path_does_not_depend_on_the_horizon():
    np.testing.assert_array_equal(paths(years=1, n=64)[0], paths(years=2, n=64)[0][:4])
