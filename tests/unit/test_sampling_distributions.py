"""Drawn values have the distribution that the scenario says, whatever it is.

All random checks of this file together raise a false alarm once in a million fresh streams.
"""

from itertools import pairwise

import numpy as np
import pytest

import oracles
from drawn_specs import spec_of, uniforms
from sandwich_sim.kernels.sobol import SHIFT_ROW
from sandwich_sim.sampling import draw, draw_plan, draw_rows, support
from sandwich_sim.scenario.uncertain import (
    Beta,
    Constant,
    Discrete,
    Empirical,
    LogNormal,
    LogUniform,
    Metalog,
    Mixture,
    Normal,
    Pert,
    StudentT,
    Triangular,
    Uniform,
)
from stochastic import TooSmallError, assert_close_to, assert_counts, assert_distribution

OBSERVED = tuple(np.random.default_rng(8).gamma(2.0, size=30))
CONTINUOUS = {
    "normal": Normal(mean=1.0, sd=2.0),
    "normal_cut": Normal(mean=0.0, sd=1.0, minimum=1.0, maximum=3.0),
    "lognormal": LogNormal(mu=-1.0, sigma=0.7),
    "lognormal_cut": LogNormal(mu=-1.0, sigma=0.7, maximum=0.5),
    "student": StudentT(location=1.0, scale=2.0, dof=3.0),
    "student_wide": StudentT(location=1.0, scale=2.0, dof=1.0),
    "uniform": Uniform(low=-1.0, high=3.0),
    "uniform_cut": Uniform(low=-1.0, high=3.0, minimum=0.0),
    "loguniform": LogUniform(low=0.1, high=100.0),
    "loguniform_cut": LogUniform(low=0.1, high=100.0, maximum=7.0),
    "triangular": Triangular(low=0.0, mode=1.0, high=4.0),
    "triangular_left": Triangular(low=0.0, mode=0.0, high=4.0),
    "triangular_right": Triangular(low=0.0, mode=4.0, high=4.0),
    "triangular_cut": Triangular(low=0.0, mode=1.0, high=4.0, minimum=0.5, maximum=2.0),
    "pert": Pert(low=0.0, mode=1.0, high=10.0),
    "pert_cut": Pert(low=0.0, mode=1.0, high=10.0, minimum=2.0),
    "beta": Beta(a=79.0, b=6.0),
    "beta_u": Beta(a=0.5, b=0.5, low=-1.0, high=1.0),
    "empirical": Empirical(values=OBSERVED),
    "empirical_cut": Empirical(values=OBSERVED, minimum=1.0, maximum=3.0),
    "mixture": Mixture(
        weights=(0.3, 0.7), components=(Normal(mean=0.0, sd=1.0), Beta(a=2.0, b=3.0, low=5.0, high=9.0))
    ),
    "mixture_cut": Mixture(
        weights=(0.5, 0.5),
        components=(Uniform(low=0.0, high=1.0), LogNormal(mu=1.0, sigma=0.5, minimum=2.0)),
        maximum=4.0,
    ),
}
N_LARGE = 1_000_000
N_CHECKS = len(CONTINUOUS) + 20


def uniforms_behind(name, n, seed):
    """Uniforms of the stream of a name, which do not depend on its distribution."""
    return draw(uniforms(name), (name,), np.arange(n), seed=seed, sampler="random", trajectories=n)[0]


def draws_of(distribution, n, seed=11, name="x", sampler="random"):
    spec = spec_of({name: distribution})
    return draw(spec, (name,), np.arange(n), seed=seed, sampler=sampler, trajectories=n)[0]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_probability_of_a_draw_is_its_uniform(name):
    """cdf(draw) = u to 1e-10, and no draw leaves the support."""
    distribution = CONTINUOUS[name]
    x = draws_of(distribution, 4000)
    u = uniforms_behind("x", 4000, 11)
    np.testing.assert_allclose(oracles.cdf(distribution)(x), u, rtol=0.0, atol=1e-10)
    low, high = support(distribution)
    assert np.all((x >= low) & (x <= high))


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_million_draws_have_the_distribution(name):
    distribution = CONTINUOUS[name]
    x = draws_of(distribution, N_LARGE, name=name)
    assert_distribution(x, oracles.cdf(distribution), detectable=0.005, n_checks=N_CHECKS)


@pytest.mark.parametrize("name", ["normal", "student", "beta", "mixture", "triangular"])
def test_far_tails_are_counted_right(name):
    """Draws beyond the 1e-4 quantiles, by exact binomial tails."""
    x = draws_of(CONTINUOUS[name], N_LARGE, name=name)
    p = oracles.cdf(CONTINUOUS[name])(x)
    shares = np.array([1e-4, 1.0 - 2e-4, 1e-4])
    counts = np.histogram(p, [0.0, 1e-4, 1.0 - 1e-4, 1.0])[0]
    assert_counts(counts, shares, detectable=0.001, n_checks=N_CHECKS)


@pytest.mark.parametrize("sampler", ["sobol", "latin-hypercube"])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_other_samplers_spread_more_evenly_than_chance(sampler, name):
    """Each of 16 nets or designs puts one point into each 1/1024 of probability."""
    n = 16_384
    p = np.sort(oracles.cdf(CONTINUOUS[name])(draws_of(CONTINUOUS[name], n, sampler=sampler)))
    assert np.abs(p - (np.arange(n) + 0.5) / n).max() <= 1.0 / 1024.0 + 0.5 / n


def test_metalog_draws_have_its_quantiles():
    probabilities, values = (0.05, 0.25, 0.5, 0.9), (1.0, 1.8, 2.5, 5.0)
    for bounds in ({}, {"low": 0.0}, {"low": 0.0, "high": 9.0}):
        x = draws_of(Metalog(probabilities=probabilities, values=values, **bounds), N_LARGE)
        counts = np.histogram(x, [-np.inf, *values, np.inf])[0]
        shares = np.diff([0.0, *probabilities, 1.0])
        assert_counts(counts, shares, detectable=0.005, n_checks=N_CHECKS)


def test_discrete_draws_come_up_as_often_as_they_should():
    values, shares = (3.0, -1.0, 2.0, 10.0), np.array([0.5, 0.2, 0.299, 0.001])
    x = draws_of(Discrete(values=values, probabilities=tuple(shares)), N_LARGE)
    assert set(np.unique(x)) == set(values)
    counts = np.array([(x == value).sum() for value in values])
    assert_counts(counts, shares, detectable=0.005, n_checks=N_CHECKS)


def test_truncated_discrete_draws_keep_the_values_at_the_limits():
    shares = np.array([0.1, 0.4, 0.3, 0.2])
    distribution = Discrete(
        values=(1.0, 2.0, 3.0, 4.0), probabilities=tuple(shares), minimum=2.0, maximum=3.0
    )
    x = draws_of(distribution, N_LARGE)
    counts = np.array([(x == value).sum() for value in (2.0, 3.0)])
    assert counts.sum() == N_LARGE
    assert_counts(counts, np.array([4.0, 3.0]) / 7.0, detectable=0.005, n_checks=N_CHECKS)


@pytest.mark.parametrize("n_value", [1, 2, 3, 7, 8, 9, 100])
def test_discrete_draws_of_any_length_follow_their_uniforms(n_value):
    values = np.arange(n_value) * 1.0
    shares = np.random.default_rng(n_value).dirichlet(np.ones(n_value))
    x = draws_of(Discrete(values=tuple(values), probabilities=tuple(shares)), 5000)
    expected = np.searchsorted(np.cumsum(shares)[:-1], uniforms_behind("x", 5000, 11), side="right")
    np.testing.assert_array_equal(x, expected)


def test_atoms_of_a_mixture_are_exact():
    shares = np.array([0.25, 0.75])
    mixture = Mixture(weights=tuple(shares), components=(Constant(0.1), Normal(mean=0.0, sd=1.0)))
    x = draws_of(mixture, N_LARGE)
    n_atom = int((x == 0.1).sum())
    assert_counts(np.array([n_atom, x.size - n_atom]), shares, detectable=0.005, n_checks=N_CHECKS)
    assert_distribution(
        x[x != 0.1], oracles.cdf(Normal(mean=0.0, sd=1.0)), detectable=0.005, n_checks=N_CHECKS
    )


@pytest.mark.parametrize(
    "distribution",
    [
        Normal(mean=2.0, sd=0.0),
        LogNormal(mu=0.0, sigma=0.0),
        Uniform(low=1.0, high=1.0),
        Triangular(low=3.0, mode=3.0, high=3.0),
        Beta(a=2.0, b=2.0, low=4.0, high=4.0),
        Discrete(values=(5.0,), probabilities=(1.0,)),
        Empirical(values=(6.0,)),
    ],
    ids=repr,
)
def test_degenerate_distributions_give_their_one_value(distribution):
    x = draws_of(distribution, 100)
    assert np.all(x == x[0])
    assert np.all(np.isfinite(x))


def test_extreme_uniforms_give_finite_draws():
    """The digits of the first and last Sobol point, all zeros and all ones, in every kind."""
    everything = {**CONTINUOUS, "metalog": Metalog(probabilities=(0.05, 0.5, 0.95), values=(1.0, 2.0, 4.0))}
    spec = spec_of(everything)
    plan = draw_plan(spec, seed=1, sampler="sobol", trajectories=16)
    for digits in (0, 2**52 - 1):
        plan.steps[:, SHIFT_ROW, :] = digits
        x = draw_rows(plan, range(len(everything)), np.arange(1))
        assert np.all(np.isfinite(x))


def test_correlated_extremes_give_finite_draws():
    names = list(CONTINUOUS)
    spec = spec_of(CONTINUOUS, tuple((a, b, 0.5) for a, b in pairwise(names)))
    plan = draw_plan(spec, seed=1, sampler="sobol", trajectories=16)
    for digits in (0, 2**52 - 1):
        plan.steps[:, SHIFT_ROW, :] = digits
        x = draw_rows(plan, range(len(names)), np.arange(1))
        low, high = np.array([support(d) for d in CONTINUOUS.values()]).T
        assert np.all(np.isfinite(x[:, 0]) & (x[:, 0] >= low) & (x[:, 0] <= high))


def test_helpers_refuse_samples_that_prove_nothing():
    with pytest.raises(TooSmallError):
        assert_distribution(np.linspace(0.0, 1.0, 100), lambda x: x, detectable=0.01)
    with pytest.raises(TooSmallError):
        assert_close_to(1.0, 1.0, 0.1, detectable=0.1)
    with pytest.raises(AssertionError, match="standard errors"):
        assert_close_to(1.0, 2.0, 0.1, detectable=1.0)
