"""Tables follow exact quantile functions, between their nodes too."""

import numpy as np
import pytest
from scipy import special

from sandwich_sim.distributions.of_scenario import law_of
from sandwich_sim.distributions.tables import (
    PROBABILITY_TOLERANCE,
    VALUE_TOLERANCE,
    even_table,
    normal_cdf_table,
    uneven_table,
)
from sandwich_sim.errors import UsageError
from sandwich_sim.kernels.quantiles import TABLE_LIMIT
from sandwich_sim.scenario import metalog
from sandwich_sim.scenario.uncertain import (
    Beta,
    Constant,
    Empirical,
    LogNormal,
    Metalog,
    Mixture,
    Normal,
    Pert,
    StudentT,
    Triangular,
    Uniform,
)

SMOOTH = [
    Beta(a=79.0, b=6.0),
    Beta(a=0.5, b=0.5),
    Beta(a=0.05, b=30.0),
    Beta(a=1e4, b=3e4),
    Beta(a=9.0, b=3.0, minimum=0.5),
    Pert(low=0.0, mode=1.0, high=10.0),
    StudentT(location=1.0, scale=2.0, dof=1.0),
    StudentT(location=1.0, scale=2.0, dof=4.0, minimum=1.0),
    Normal(mean=0.0, sd=1.0, minimum=1.0),
    LogNormal(mu=0.0, sigma=2.0, minimum=0.1, maximum=30.0),
    Metalog(probabilities=(0.05, 0.5, 0.95), values=(1.0, 2.0, 5.0)),
    Metalog(probabilities=(0.05, 0.5, 0.95), values=(1.0, 2.0, 5.0), low=0.0, high=9.0),
]
BENT = [
    Mixture(weights=(0.3, 0.7), components=(Normal(mean=0.0, sd=1.0), Normal(mean=8.0, sd=0.5))),
    Mixture(weights=(0.3, 0.7), components=(Uniform(low=0.0, high=1.0), Uniform(low=2.0, high=3.0))),
    Mixture(
        weights=(0.3, 0.5, 0.2),
        components=(
            Triangular(low=0.0, mode=1.0, high=2.0),
            Triangular(low=1.0, mode=2.0, high=3.0),
            Constant(1.5),
        ),
    ),
    Mixture(weights=(0.4, 0.6), components=(Beta(a=2.0, b=3.0), StudentT(location=0.0, scale=1.0, dof=2.0))),
    Mixture(weights=(0.4, 0.6), components=(Constant(0.0), LogNormal(mu=0.0, sigma=1.0)), maximum=3.0),
]
# A metalog that would turn at 1 - 2e-10, where it stays.
P_TURNING = (0.1, 0.35, 0.6, 0.9)
TURNING = Metalog(
    probabilities=P_TURNING,
    values=tuple(
        metalog.line_quantile([100.0, 1.0, -2.0 * (1.0 + 1e-8), 60.0], float(special.logit(p)))
        for p in P_TURNING
    ),
)
Z = np.random.default_rng(2).uniform(-TABLE_LIMIT, TABLE_LIMIT, 4000)


def evaluate(breaks, pieces, z):
    """Values of a table, and their slopes, by plain NumPy."""
    k = np.clip(np.searchsorted(breaks, z, side="right") - 1, 0, len(pieces) - 1)
    half = 0.5 * (breaks[k + 1] - breaks[k])
    x = (z - breaks[k]) / half - 1.0
    powers = x[:, None] ** np.arange(8)
    slopes = powers[:, :-1] * np.arange(1, 8)
    return (pieces[k] * powers).sum(axis=1), (pieces[k, 1:] * slopes).sum(axis=1) / half


def assert_within_tolerance(law, breaks, pieces):
    lower, upper = special.ndtr(Z), special.ndtr(-Z)
    exact = law.quantile(lower, upper)
    value, _ = evaluate(breaks, pieces, Z)
    low, median, high = law.quantile(np.array([0.05, 0.5, 0.95]), np.array([0.95, 0.5, 0.05]))
    error = np.abs(value - exact)
    allowed = VALUE_TOLERANCE * np.maximum(high - low, np.abs(exact - median))
    below, above = law.probabilities(value + 1e-14 * np.abs(value))
    strictly_below, strictly_above = law.probabilities(value - 1e-14 * np.abs(value), strict=True)
    miss = np.maximum(np.maximum(strictly_below - lower, lower - below), 0.0)
    tail_miss = np.maximum(np.maximum(above - upper, upper - strictly_above), 0.0)
    is_close = np.minimum(miss, tail_miss) <= 2.0 * PROBABILITY_TOLERANCE
    assert np.all(is_close)
    jumps = np.abs(np.diff(exact[np.argsort(Z)])).max() > 0.2 * (high - low)
    if not jumps:
        # a piece of less than 1e-11 of probability may be off in value
        assert np.mean(error > 2.0 * allowed + 1e-13 * np.abs(exact)) < 0.005


@pytest.mark.parametrize("distribution", SMOOTH, ids=repr)
def test_even_tables_keep_their_tolerances(distribution):
    law = law_of(distribution)
    pieces = even_table(law)
    assert pieces is not None
    assert_within_tolerance(law, np.linspace(-TABLE_LIMIT, TABLE_LIMIT, len(pieces) + 1), pieces)


@pytest.mark.parametrize("distribution", BENT, ids=repr)
def test_uneven_tables_keep_their_tolerances(distribution):
    law = law_of(distribution)
    assert even_table(law) is None or distribution is BENT[0]
    breaks, pieces = uneven_table(law)
    assert breaks[0] == -TABLE_LIMIT
    assert breaks[-1] == TABLE_LIMIT
    assert len(breaks) == len(pieces) + 1
    assert_within_tolerance(law, breaks, pieces)


def test_a_metalog_that_would_turn_far_out_is_flat_there():
    law = law_of(TURNING)
    z = np.linspace(-TABLE_LIMIT, TABLE_LIMIT, 20001)
    values = law.quantile(special.ndtr(z), special.ndtr(-z))
    assert np.all(np.diff(values) >= -1e-12)
    (most,) = law.kinks
    assert values[-1] == values[z > 6.4][0] == pytest.approx(most, rel=1e-12)
    assert values[z < 5.9][-1] < most
    assert law.probabilities(np.array([most]))[1] == [0.0]
    assert 0.0 < law.probabilities(np.array([most]), strict=True)[1][0] < 1e-9
    low, high = law.quantile(np.array([0.05, 0.95]), np.array([0.95, 0.05]))
    drawn, _ = evaluate(*uneven_table(law), z)
    np.testing.assert_allclose(drawn, values, rtol=0.0, atol=2.0 * VALUE_TOLERANCE * (high - low))


def test_normal_table_is_good_to_rounding():
    pieces = normal_cdf_table()
    value, _ = evaluate(np.linspace(-TABLE_LIMIT, TABLE_LIMIT, len(pieces) + 1), pieces, Z)
    np.testing.assert_allclose(value, special.ndtr(Z), rtol=1e-12, atol=3e-16)


def test_mixture_of_too_many_values_is_refused():
    values = tuple(np.linspace(0.0, 1.0, 2000))
    mixture = Mixture(weights=(0.5, 0.5), components=(Empirical(values=values), Normal(mean=0.0, sd=1.0)))
    with pytest.raises(UsageError, match="too fine"):
        uneven_table(law_of(mixture))
