"""How fast errors of means fall with the number of points: plain random ones, and scrambled Sobol ones.

Integrals of four inputs whose value is known: a smooth one, one with a kink (an option), one with a step
(a probability). The root mean square error of 64 estimates is known to 9%, a slope over four sizes to 0.03.
"""

import numpy as np
import pytest

from drawn_specs import uniforms
from sandwich_sim.kernels._jit import COMPILED
from sandwich_sim.sampling import draw

pytestmark = pytest.mark.skipif(not COMPILED, reason="many draws: slow as plain Python")

NAMES = ("a", "b", "c", "d")
SIZES = np.array([2**8, 2**10, 2**12, 2**14])
"""Points of one estimate."""
N_SCRAMBLE = 16
SEEDS = (1, 2, 3, 4)


def smooth(u):
    return np.prod(1.0 + (u - 0.5) / (1.0 + np.arange(4))[:, np.newaxis], axis=0)


def kink(u):
    return np.maximum(u.sum(axis=0) - 2.0, 0.0)


def step(u):
    return (u.sum(axis=0) < 1.2).astype(float)


TRUTH = {smooth: 1.0, kink: 7.0 / 30.0, step: (1.2**4 - 4.0 * 0.2**4) / 24.0}
"""The sum of four uniforms follows Irwin and Hall."""


def errors(integrand, sampler):
    """Root mean square errors by size, over 16 scrambles or samples of each of four seeds."""
    found = []
    for size in SIZES:
        n = int(size) * N_SCRAMBLE
        estimates = []
        for seed in SEEDS:
            u = draw(uniforms(*NAMES), NAMES, np.arange(n), seed=seed, sampler=sampler, trajectories=n)
            estimates.append(integrand(u).reshape(-1, N_SCRAMBLE).mean(axis=0))
        found.append(np.sqrt(np.mean((np.concatenate(estimates) - TRUTH[integrand]) ** 2)))
    return np.array(found)


def slope(error):
    return np.polyfit(np.log(SIZES), np.log(error), 1)[0]


@pytest.mark.parametrize("integrand", TRUTH)
def test_errors_of_random_points_fall_with_the_root_of_their_number(integrand):
    assert slope(errors(integrand, "random")) == pytest.approx(-0.5, abs=0.12)


@pytest.mark.parametrize(
    ("integrand", "steepest", "gain"), [(smooth, -0.9, 50.0), (kink, -0.62, 10.0), (step, -0.5, 2.0)]
)
def test_errors_of_sobol_points_fall_faster(integrand, steepest, gain):
    """The gain is that in variance at 4,096 points. Of a step no more than the root is promised."""
    even, plain = errors(integrand, "sobol"), errors(integrand, "random")
    assert slope(even) <= steepest
    place = int(np.flatnonzero(SIZES == 2**12)[0])
    assert (plain[place] / even[place]) ** 2 >= gain
