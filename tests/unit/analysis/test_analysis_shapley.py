"""The algebra of shares: exact on games that are known, unbiased on those that are not."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sandwich_sim.analysis.shapley import (
    all_coalitions,
    coalitions_along,
    draw_permutations,
    exact_parts,
    sampled_parts,
)

numbers = st.floats(-1e6, 1e6)


@st.composite
def games(draw, most: int = 5):
    n_group = draw(st.integers(1, most))
    worth = draw(arrays(np.float64, (1 << n_group, 3), elements=numbers))
    return n_group, dict(enumerate(worth))


def by_definition(n_group, worth):
    """Mean over all orders, written out."""
    total = np.zeros((n_group, *worth[0].shape))
    orders = list(permutations(range(n_group)))
    for order in orders:
        coalition = 0
        for group in order:
            total[group] += worth[coalition | 1 << group] - worth[coalition]
            coalition |= 1 << group
    return total / len(orders)


@settings(max_examples=100, deadline=None)
@given(games())
def test_the_weights_are_those_of_all_orders(game):
    n_group, worth = game
    size = max(np.abs(value).max() for value in worth.values()) + 1.0
    found = exact_parts(n_group, worth).values
    np.testing.assert_allclose(found, by_definition(n_group, worth), rtol=0, atol=1e-12 * size)


@settings(max_examples=100, deadline=None)
@given(games(most=8))
def test_exact_parts_add_up_to_the_gap(game):
    n_group, worth = game
    size = max(np.abs(value).max() for value in worth.values()) + 1.0
    gap = worth[(1 << n_group) - 1] - worth[0]
    np.testing.assert_allclose(exact_parts(n_group, worth).values.sum(axis=0), gap, rtol=0, atol=1e-12 * size)


@settings(max_examples=100, deadline=None)
@given(games(), st.integers(1, 4), st.integers(0, 1000))
def test_sampled_parts_add_up_to_the_gap(game, n_pair, seed):
    n_group, worth = game
    size = max(np.abs(value).max() for value in worth.values()) + 1.0
    orders = draw_permutations(n_group, n_pair, seed)
    gap = worth[(1 << n_group) - 1] - worth[0]
    np.testing.assert_allclose(
        sampled_parts(orders, worth).values.sum(axis=0), gap, rtol=0, atol=1e-12 * size
    )


def test_a_group_that_changes_nothing_gets_nothing():
    worth = {coalition: np.array(float((coalition & 0b101).bit_count() ** 2)) for coalition in range(8)}
    parts = exact_parts(3, worth).values
    assert parts[1] == 0.0
    assert parts[0] == parts[2] == 2.0


def test_an_interaction_is_shared_alike():
    # Only both together do something: 6.
    worth = {0: np.array(0.0), 1: np.array(0.0), 2: np.array(0.0), 3: np.array(6.0)}
    np.testing.assert_array_equal(exact_parts(2, worth).values, [3.0, 3.0])


def test_parts_of_a_sum_are_its_terms_however_few_orders_are_drawn():
    terms = np.array([3.0, -1.0, 0.5, 8.0])
    worth = {c: np.array(sum(terms[i] for i in range(4) if c >> i & 1)) for c in all_coalitions(4)}
    found = sampled_parts(draw_permutations(4, 2, seed=1), worth)
    np.testing.assert_allclose(found.values, terms, atol=1e-12)
    np.testing.assert_allclose(found.sampling_errors, 0.0, atol=1e-12)


def test_sampling_errors_are_those_that_estimates_have():
    n_group, n_repeat = 6, 400
    generator = np.random.default_rng(7)
    worth = {c: generator.normal(size=()) for c in all_coalitions(n_group)}
    exact = exact_parts(n_group, worth).values
    found = [sampled_parts(draw_permutations(n_group, 30, seed), worth) for seed in range(n_repeat)]
    miss = np.array([(part.values - exact) / part.sampling_errors for part in found])
    # Each is a t statistic with 29 degrees of freedom: variance 29/27. 2,400 values, correlated within
    # a repeat, so judged by the spread of the repeats: false alarm 1 in 10,000 for a standard error of 3.9.
    squares = (miss**2).mean(axis=1)
    error = squares.std(ddof=1) / np.sqrt(n_repeat)
    assert abs(squares.mean() - 29 / 27) < 3.9 * error
    off = np.array([part.values - exact for part in found])
    bias = off.mean(axis=0) / (off.std(axis=0, ddof=1) / np.sqrt(n_repeat))
    assert np.abs(bias).max() < 4.4  # six groups, false alarm 1 in 15,000


@pytest.mark.parametrize("n_group", [1, 2, 9])
def test_orders_come_with_their_reverse_and_pass_through_both_ends(n_group):
    orders = draw_permutations(n_group, 3, seed=2)
    assert all(sorted(order) == list(range(n_group)) for order in orders)
    assert all(first == second[::-1] for first, second in zip(orders[::2], orders[1::2], strict=True))
    passed = coalitions_along(orders)
    assert passed[0] == 0
    assert (1 << n_group) - 1 in passed
    assert len(passed) == len(set(passed)) <= 2 + 6 * (n_group - 1)


def test_one_pair_of_orders_gives_no_error():
    worth = {c: np.array(float(c)) for c in range(8)}
    found = sampled_parts(draw_permutations(3, 1, seed=0), worth)
    assert np.isnan(found.sampling_errors).all()
