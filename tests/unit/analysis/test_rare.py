"""Rare events with known probabilities: the estimates hold them, and say when they may not be relied on."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import gamma, norm

from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.rare import NotReachedError, RareEstimate, estimate_rare, weighted_interval
from sandwich_sim.analysis.rare_proposal import fit_proposal
from sandwich_sim.kernels._jit import COMPILED

N_INPUT = 40
SMALL = {"level_size": 256, "final_size": 1024}


def shock_of(numbers, seed=0):
    """A standard normal of each number: a hash of it and the seed, as the kernels do."""
    x = (numbers.astype(np.uint64) + np.uint64(1) + (np.uint64(seed) << np.uint64(46))) * np.uint64(
        0x9E3779B97F4A7C15
    )
    for shift, factor in ((31, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return ndtri(((x ^ (x >> np.uint64(31))) >> np.uint64(12)).astype(np.float64) * 2.0**-52 + 2.0**-53)


def linear(probability, share=0.0, seed=0):
    """An edge in five inputs together and a shock that carries a share of the variance."""
    edge = norm.isf(probability)

    def distance(normals, numbers):
        inputs = normals[:5].sum(axis=0) / np.sqrt(5.0)
        return np.sqrt(1.0 - share) * inputs + np.sqrt(share) * shock_of(numbers, seed) - edge

    return distance


def assert_right(estimate, probability):
    """Hundreds of effective hits: five standard errors are passed once in a million times."""
    assert estimate.effective_hits > 200
    assert abs(estimate.probability - probability) <= 5.0 * estimate.standard_error
    assert estimate.doubt == ""


@pytest.mark.parametrize("probability", [1e-2, 1e-4, 1e-6])
def test_an_edge_of_known_probability(probability):
    estimate = estimate_rare(linear(probability), N_INPUT, seed=3, **SMALL)
    assert_right(estimate, probability)
    assert estimate.standard_error < 0.03 * probability
    low, high = estimate.interval
    assert low < estimate.probability < high


def test_it_beats_plain_sampling_a_thousand_times_at_one_in_a_million():
    estimate = estimate_rare(linear(1e-6), N_INPUT, seed=3, **SMALL)
    assert estimate.plain_trajectories > 10_000 * estimate.n


@pytest.mark.parametrize(("hits", "n"), [(3, 10_000), (7, 10_000), (400, 1_000_000)])
def test_plain_hits_are_worth_their_own_number(hits, n):
    """Of equal weights as many plain trajectories give as narrow an interval as there are."""
    p = hits / n
    by_importance = Measured(p, np.sqrt(p * (1.0 - p) / n))
    estimate = RareEstimate(by_importance, Measured(p, p, 15.0), hits, hits, 1.0 / n, n, ())
    assert estimate.plain_trajectories == pytest.approx(n, rel=1e-6)


def test_what_is_out_of_reach_costs_one_climb():
    asked = []

    def far(normals, _):
        asked.append(normals.shape[1])
        return np.full(normals.shape[1], -1.0)

    with pytest.raises(NotReachedError):
        estimate_rare(far, N_INPUT, seed=3, level_size=256, final_size=64, repeats=16)
    assert sum(asked) == 256


def test_an_event_on_two_sides_is_found_on_both():
    edge = norm.isf(0.5e-4)
    estimate = estimate_rare(lambda normals, _: np.abs(normals[0]) - edge, N_INPUT, seed=3, **SMALL)
    assert_right(estimate, 1e-4)


def test_shocks_that_carry_a_part_are_counted():
    estimate = estimate_rare(linear(1e-3, share=0.3), N_INPUT, seed=3, **SMALL)
    assert_right(estimate, 1e-3)


def test_shocks_that_make_the_event_are_owned_up_to():
    estimate = estimate_rare(linear(1e-6, share=0.95), N_INPUT, seed=3, **SMALL)
    assert "shocks, which cannot be moved, make this event" in estimate.doubt
    assert estimate.fresh_accepted < 0.05


def test_two_methods_that_differ_are_owned_up_to():
    estimate = RareEstimate(Measured(1e-4, 1e-6), Measured(2e-4, 1e-6, 15.0), 9000, 9000.0, 1e-8, 1000, ())
    assert "one of them has missed a part of it" in estimate.doubt


def test_few_effective_hits_are_owned_up_to():
    estimate = RareEstimate(Measured(1e-4, 2e-5), Measured(1e-4, 1e-5, 15.0), 90, 20.0, 1e-6, 1000, ())
    assert "it rests on 20 effective hits" in estimate.doubt


def test_what_is_no_rare_event_is_counted_too():
    assert_right(estimate_rare(linear(0.4), N_INPUT, seed=3, **SMALL), 0.4)


def test_the_same_seed_gives_the_same_bits():
    one, other = (estimate_rare(linear(1e-4), N_INPUT, seed=3, **SMALL) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("far", [-1.0, np.nan])
def test_what_cannot_be_reached_is_said(far):
    with pytest.raises(NotReachedError):
        estimate_rare(lambda normals, _: np.full(normals.shape[1], far), N_INPUT, seed=3, **SMALL)


def test_unweighted_hits_have_the_exact_upper_bound_of_their_number():
    """Fay and Feuer's interval of equal weights is Garwood's of a Poisson count."""
    low, high = weighted_interval(7e-4, np.sqrt(7) * 1e-4, 1e-4)
    assert low == pytest.approx(gamma.ppf(0.025, 7) * 1e-4)
    assert high == pytest.approx(gamma.ppf(0.975, 8) * 1e-4)


def test_without_a_hit_the_interval_starts_at_zero():
    low, high = weighted_interval(0.0, 0.0, 1e-4)
    assert low == 0.0
    assert high == pytest.approx(gamma.ppf(0.975, 1) * 1e-4)


def test_weights_average_to_one_under_their_proposal():
    random = np.random.default_rng(5)
    hits = random.standard_normal((6, 500)) * 0.5 + np.array([2.0, 0, 0, 1.0, 0, 0])[:, None]
    proposal = fit_proposal(hits, np.ones(500))
    normals, is_own = proposal.draw(200_000, random)
    weights = proposal.weights(normals)
    assert is_own.sum() == 20_000
    assert weights.max() <= 10.0
    # Five standard errors: once in two million times.
    assert abs(weights.mean() - 1.0) <= 5.0 * weights.std() / np.sqrt(weights.size)


def coverage(probability, share, n, sizes):
    """Part of the intervals of independent estimates, shocks and all, that hold the truth."""
    hits = 0
    for seed in range(n):
        found = estimate_rare(linear(probability, share, seed), N_COVERED, seed=seed, **sizes)
        low, high = found.interval
        hits += low <= probability <= high
    print(f"coverage of {probability:g}, shocks carry {share:g}: {100 * hits / n:.2f}%")
    return hits / n


N_COVERED = 8
TINY = {"level_size": 64, "final_size": 256, "repeats": 8}
many_draws = pytest.mark.skipif(not COMPILED, reason="many draws: slow as plain Python")


@many_draws
@pytest.mark.parametrize(("probability", "share"), [(1e-4, 0.2), (1e-6, 0.1)])
def test_intervals_cover(probability, share):
    """Of 300, within 5 points of 95%: a right interval fails once in 5,000 times, seeds are fixed."""
    assert abs(coverage(probability, share, 300, TINY) - 0.95) <= 0.05


@many_draws
@pytest.mark.nightly
@pytest.mark.parametrize(("probability", "share"), [(1e-4, 0.2), (1e-6, 0.1), (1e-4, 0.0), (1e-6, 0.0)])
@pytest.mark.parametrize("sizes", [TINY, SMALL], ids=["tiny", "small"])
def test_intervals_cover_within_three_points(probability, share, sizes):
    """Of 1,000: a right interval fails once in 80,000 times."""
    assert abs(coverage(probability, share, 1000, sizes) - 0.95) <= 0.03
