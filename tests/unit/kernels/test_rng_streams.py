"""Streams beside each other: no two inputs, seeds, trajectories or steps go together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.kernels._jit import COMPILED, entry
from sandwich_sim.kernels.rng import STEPS_PER_CALL, philox4x32, stream_of, trajectory_words, uniform

pytestmark = pytest.mark.skipif(not COMPILED, reason="many draws: minutes as plain Python")

N_NAME = 142
"""Streams, in 10,011 pairs."""


@entry
def fill(seed, stream, step, first, out):
    for row in range(out.size):
        low, high = trajectory_words(first + row, step)
        words = philox4x32(low, high, np.uint64(stream), np.uint64(0), np.uint64(seed), np.uint64(0))
        out[row] = uniform(words[0], words[1])


def uniforms(n, *, seed=20261124, name="catch-up speed", step=0, first=0):
    out = np.empty(n)
    fill(seed, stream_of(name), step, first, out)
    return out


def test_ten_thousand_pairs_of_streams_are_uncorrelated():
    n = 10_000
    draws = np.stack([uniforms(n, name=f"input {number}") for number in range(N_NAME)])
    correlation = np.corrcoef(draws)
    pairs = correlation[np.triu_indices(N_NAME, 1)]
    assert pairs.size > 10_000
    # 6 standard errors in each of 10,011 pairs: a false alarm in 2e-5 of all seeds.
    assert np.abs(pairs).max() * np.sqrt(n) < 6.0
    assert stats.kstest(pairs * np.sqrt(n), "norm").pvalue > 1e-6  # nor are they too even


@pytest.mark.parametrize(
    "neighbor",
    [
        {"seed": 20261125},
        {"seed": 20261124 + 2**32},
        {"first": 1},
        {"first": 2**32},
        {"step": STEPS_PER_CALL},
        {"name": "catch-up speee"},
    ],
    ids=["seed", "high seed", "trajectory", "high trajectory", "step", "name"],
)
def test_the_difference_to_a_neighbor_is_uniform(neighbor):
    difference = (uniforms(1_000_000, **neighbor) - uniforms(1_000_000)) % 1.0
    assert stats.kstest(difference, "uniform").pvalue > 1e-6
