"""Exact laws against scipy: both tails, truncation, round trips."""

import numpy as np
import pytest
from scipy import special, stats

import oracles
from sandwich_sim.distributions.of_scenario import law_of
from sandwich_sim.errors import UsageError
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

Z = np.linspace(-8.2, 8.2, 401)
LOWER, UPPER = special.ndtr(Z), special.ndtr(-Z)

CONTINUOUS = [
    Normal(mean=1.0, sd=2.0),
    LogNormal(mu=-1.0, sigma=0.7),
    StudentT(location=1.0, scale=2.0, dof=1.0),
    StudentT(location=0.0, scale=1.0, dof=3.5),
    StudentT(location=0.0, scale=1.0, dof=1e5),
    Uniform(low=-1.0, high=3.0),
    LogUniform(low=0.1, high=100.0),
    Triangular(low=0.0, mode=1.0, high=4.0),
    Triangular(low=0.0, mode=0.0, high=4.0),
    Triangular(low=0.0, mode=4.0, high=4.0),
    Pert(low=0.0, mode=1.0, high=10.0),
    Pert(low=0.0, mode=10.0, high=10.0, shape=8.0),
    Beta(a=79.0, b=6.0),
    Beta(a=0.5, b=0.5),
    Beta(a=0.05, b=30.0, low=-2.0, high=5.0),
    Beta(a=1e4, b=3e4),
]


@pytest.mark.parametrize("distribution", CONTINUOUS, ids=repr)
def test_probabilities_of_quantiles_are_those_of_scipy(distribution):
    """Relative in both tails, as far as the value itself has digits there."""
    x = law_of(distribution).quantile(LOWER, UPPER)
    oracle = oracles.frozen(distribution)
    # what a few roundings of x move: relative to the tail, a value near a far end has few digits
    rounding = 2e-15 * np.abs(x) * oracle.pdf(x)
    if isinstance(distribution, Uniform | LogUniform | Triangular):
        rounding = rounding + 3e-16  # scipy takes 1 - p there
    lower, upper = oracle.cdf(x), oracle.sf(x)
    is_low = Z < 0.0
    miss = np.where(is_low, np.abs(lower - LOWER), np.abs(upper - UPPER))
    allowed = 1e-11 * np.where(is_low, LOWER, UPPER) + np.where(np.isfinite(rounding), rounding, 0.0) + 1e-300
    inside = (x > oracle.support()[0]) & (x < oracle.support()[1])
    assert np.all((miss <= allowed)[inside])
    assert inside.sum() > 100


@pytest.mark.parametrize("distribution", CONTINUOUS, ids=repr)
def test_probabilities_match_scipy(distribution):
    oracle = oracles.frozen(distribution)
    x = oracle.ppf(np.linspace(0.01, 0.99, 99))
    lower, upper = law_of(distribution).probabilities(x)
    np.testing.assert_allclose(lower, oracle.cdf(x), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(upper, oracle.sf(x), rtol=1e-11, atol=1e-13)


TRUNCATED = [
    Normal(mean=0.0, sd=1.0, minimum=1.0),
    Normal(mean=0.0, sd=1.0, minimum=5.0, maximum=5.5),
    LogNormal(mu=0.0, sigma=1.0, maximum=2.0),
    StudentT(location=0.0, scale=1.0, dof=2.0, minimum=-1.0, maximum=4.0),
    Beta(a=9.0, b=3.0, maximum=0.8),
    Pert(low=0.0, mode=1.0, high=10.0, minimum=2.0),
    Uniform(low=0.0, high=1.0, minimum=0.25),
    Triangular(low=0.0, mode=1.0, high=4.0, minimum=0.5, maximum=3.0),
    Empirical(values=(1.0, 2.0, 4.0, 8.0), minimum=1.5, maximum=6.0),
    Mixture(
        weights=(0.3, 0.7), components=(Uniform(low=0.0, high=1.0), Normal(mean=2.0, sd=1.0)), minimum=0.5
    ),
]


@pytest.mark.parametrize("distribution", TRUNCATED, ids=repr)
def test_truncated_laws_are_scaled_within_their_limits(distribution):
    law = law_of(distribution)
    p = np.linspace(0.001, 0.999, 99)
    x = law.quantile(p, 1.0 - p)
    assert np.all((x >= distribution.minimum) & (x <= distribution.maximum))
    np.testing.assert_allclose(oracles.cdf(distribution)(x), p, atol=1e-8 if x.min() > 4.0 else 1e-12)
    np.testing.assert_allclose(law.probabilities(x)[0], p, atol=1e-9)
    ends = law.probabilities(np.array([distribution.minimum, distribution.maximum]))
    np.testing.assert_allclose(ends, [[0.0, 1.0], [1.0, 0.0]], atol=1e-15)


def test_truncation_that_leaves_nothing_is_refused():
    with pytest.raises(UsageError, match="min and max leave"):
        law_of(Normal(mean=0.0, sd=1.0, minimum=9.0))


def test_discrete_law_counts_its_atoms():
    law = law_of(Discrete(values=(3.0, 1.0, 2.0), probabilities=(0.5, 0.2, 0.3)))
    x = np.array([0.0, 1.0, 1.5, 3.0])
    np.testing.assert_allclose(law.probabilities(x)[0], [0.0, 0.2, 0.2, 1.0])
    np.testing.assert_allclose(law.probabilities(x, strict=True)[0], [0.0, 0.0, 0.2, 0.5])
    p = np.array([0.1, 0.3, 0.9])
    np.testing.assert_array_equal(law.quantile(p, 1.0 - p), [1.0, 2.0, 3.0])


def test_empirical_law_is_numpys_linear_quantile():
    values = tuple(np.random.default_rng(1).normal(size=40))
    p = np.linspace(0.0, 1.0, 77)
    law = law_of(Empirical(values=values))
    np.testing.assert_allclose(law.quantile(p, 1.0 - p), np.quantile(values, p))
    np.testing.assert_allclose(law.probabilities(law.quantile(p, 1.0 - p))[0], p, atol=1e-12)


def test_empirical_law_knows_ties():
    law = law_of(Empirical(values=(1.0, 2.0, 2.0, 3.0)))
    two = np.array([2.0])
    np.testing.assert_allclose(law.probabilities(two, strict=True)[0], 1.0 / 3.0)
    np.testing.assert_allclose(law.probabilities(two)[0], 2.0 / 3.0)


@pytest.mark.parametrize(
    "bounds",
    [{}, {"low": 0.0}, {"high": 9.0}, {"low": 0.0, "high": 9.0}],
    ids=lambda b: "-".join(b) or "none",
)
def test_metalog_runs_through_its_quantiles(bounds):
    p, values = np.array([0.05, 0.25, 0.5, 0.9]), (1.0, 1.8, 2.5, 5.0)
    law = law_of(Metalog(probabilities=tuple(p), values=values, **bounds))
    np.testing.assert_allclose(law.quantile(p, 1.0 - p), values, rtol=1e-12)
    np.testing.assert_allclose(law.probabilities(np.array(values))[0], p, rtol=1e-12)


def test_three_term_metalog_is_keelins_formula():
    p = np.array([0.1, 0.5, 0.9])
    law = law_of(Metalog(probabilities=tuple(p), values=(1.0, 2.0, 5.0)))
    y = np.linspace(0.01, 0.99, 50)
    matrix = np.stack([np.ones(3), special.logit(p), (p - 0.5) * special.logit(p)], axis=1)
    a = np.linalg.solve(matrix, [1.0, 2.0, 5.0])
    expected = a[0] + a[1] * special.logit(y) + a[2] * (y - 0.5) * special.logit(y)
    np.testing.assert_allclose(law.quantile(y, 1.0 - y), expected, rtol=1e-12)


def test_mixture_adds_weighted_laws_and_inverts_them():
    parts = (Normal(mean=0.0, sd=1.0), Constant(0.5), Triangular(low=2.0, mode=3.0, high=4.0))
    mixture = Mixture(weights=(0.5, 0.2, 0.3), components=parts)
    law = law_of(mixture)
    p = np.array([1e-12, 0.1, 0.5, 0.69, 0.7, 0.95, 1.0 - 1e-12])
    x = law.quantile(p, 1.0 - p)
    cdf = oracles.cdf(mixture)
    assert np.all(cdf(x) >= p - 1e-15)
    assert np.all(cdf(x - 1e-9 * (1.0 + np.abs(x))) <= p + 1e-15)
    assert x[2] == 0.5


def test_normal_law_is_good_in_the_far_tails():
    lower = np.array([1e-300, 1e-16, 0.3])
    x = law_of(Normal(mean=0.0, sd=1.0)).quantile(lower, 1.0 - lower)
    np.testing.assert_allclose(x, stats.norm.ppf(lower), rtol=1e-13)
    np.testing.assert_allclose(law_of(Normal(mean=0.0, sd=1.0)).quantile(1.0 - lower, lower), -x, rtol=1e-13)
