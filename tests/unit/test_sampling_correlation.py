"""The Gaussian copula: strength, who is left alone, and the marginals.

Correlations are held to 5 standard errors; the dozen checks here would fail correct code on
a fresh stream about once in 100,000.
"""

import numpy as np
import pytest
from scipy import stats

import oracles
from drawn_specs import spec_of
from sandwich_sim.errors import UsageError
from sandwich_sim.sampling import draw, draw_plan
from sandwich_sim.scenario.uncertain import Beta, Discrete, LogNormal, Normal, StudentT, Triangular, Uniform
from stochastic import assert_distribution

N = 200_000
PARAMETERS = {
    "uniform": Uniform(low=0.0, high=1.0),
    "triangular": Triangular(low=0.0, mode=1.0, high=3.0),
    "lognormal": LogNormal(mu=0.0, sigma=1.0),
    "beta": Beta(a=2.0, b=5.0),
    "alone": Normal(mean=0.0, sd=1.0),
    "student": StudentT(location=0.0, scale=1.0, dof=3.0),
}
PAIRS = (
    ("uniform", "triangular", 0.6),
    ("triangular", "lognormal", -0.5),
    ("beta", "student", 0.95),
)


def drawn(parameters=PARAMETERS, pairs=PAIRS, n=N, sampler="random", seed=21):
    spec = spec_of(parameters, pairs)
    values = draw(spec, spec.drawn, np.arange(n), seed=seed, sampler=sampler, trajectories=n)
    return dict(zip(spec.drawn, values, strict=True))


def scores(draws):
    """Normal scores of draws by their exact distribution."""
    return {name: stats.norm.ppf(oracles.cdf(PARAMETERS[name])(x)) for name, x in draws.items()}


def test_normal_scores_have_the_asked_correlations():
    z = scores(drawn())
    asked = {frozenset(pair[:2]): pair[2] for pair in PAIRS}
    asked[frozenset(("uniform", "lognormal"))] = 0.0
    for first in z:
        for second in z:
            if first >= second:
                continue
            rho = asked.get(frozenset((first, second)), 0.0)
            found = np.corrcoef(z[first], z[second])[0, 1]
            assert abs(found - rho) < 5.0 * (1.0 - rho**2) / np.sqrt(N), (first, second)


def test_rank_correlations_are_those_of_a_gaussian_copula():
    draws = drawn(n=20_000)
    for first, second, rho in PAIRS:
        tau = stats.kendalltau(draws[first], draws[second]).statistic
        # the variance of Kendall's tau is largest for independent pairs
        error = np.sqrt(2.0 * (2 * 20_000 + 5) / (9.0 * 20_000 * 19_999))
        assert abs(tau - 2.0 / np.pi * np.arcsin(rho)) < 5.0 * error


@pytest.mark.parametrize("name", PARAMETERS)
def test_correlation_leaves_each_distribution(name):
    assert_distribution(drawn()[name], oracles.cdf(PARAMETERS[name]), detectable=0.01, n_checks=6)


@pytest.mark.parametrize("sampler", ["random", "sobol", "latin-hypercube"])
def test_inputs_in_no_correlation_keep_their_draws(sampler):
    with_pairs, without = (drawn(pairs=pairs, n=512, sampler=sampler) for pairs in (PAIRS, ()))
    np.testing.assert_array_equal(with_pairs["alone"], without["alone"])
    assert not np.array_equal(with_pairs["triangular"], without["triangular"])


@pytest.mark.parametrize("sampler", ["random", "sobol", "latin-hypercube"])
def test_first_name_of_a_group_keeps_its_draws(sampler):
    with_pairs, without = (drawn(pairs=pairs, n=512, sampler=sampler) for pairs in (PAIRS, ()))
    for first in ("beta", "lognormal"):
        np.testing.assert_allclose(with_pairs[first], without[first], rtol=1e-14)


def test_order_of_the_file_does_not_matter():
    backwards = dict(reversed(PARAMETERS.items()))
    flipped = tuple((b, a, rho) for a, b, rho in reversed(PAIRS))
    first, second = drawn(n=300), drawn(backwards, flipped, n=300)
    for name in PARAMETERS:
        np.testing.assert_array_equal(first[name], second[name])


def test_a_new_group_leaves_the_others():
    more = {
        **PARAMETERS,
        "aaa": Normal(mean=0.0, sd=1.0),
        "zzz": Discrete(values=(0.0, 1.0), probabilities=(0.5, 0.5)),
    }
    first, second = drawn(n=300), drawn(more, (("zzz", "aaa", 0.5), *PAIRS), n=300)
    for name in PARAMETERS:
        np.testing.assert_array_equal(first[name], second[name])


def test_perfectly_even_sampler_keeps_correlation_close():
    z = scores(drawn(n=65_536, sampler="sobol"))
    for first, second, rho in PAIRS:
        assert abs(np.corrcoef(z[first], z[second])[0, 1] - rho) < 0.002


def test_contradicting_correlations_are_refused():
    pairs = (("uniform", "beta", 0.9), ("beta", "alone", 0.9), ("uniform", "alone", -0.9))
    with pytest.raises(UsageError, match="alone, beta, uniform contradict"):
        draw_plan(spec_of(PARAMETERS, pairs), seed=1, sampler="random", trajectories=16)
