"""Stochastic dominance: known orders are found, and what does not hold is rarely claimed."""

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.analysis.compare_groups import sort_groups
from sandwich_sim.analysis.dominance import ALPHA, compare_orders

N = 16_384


def side(values):
    return sort_groups(values, (np.arange(values.size) % 16).astype(np.uint8))


def orders(a, b, relation="paired"):
    return tuple(found.verdict for found in compare_orders(side(a), side(b), relation))


@pytest.fixture(scope="module")
def normal():
    return np.random.default_rng(1).normal(size=(2, N))


@pytest.mark.parametrize("relation", ["paired", "independent", "unknown"])
def test_a_shift_up_is_larger_at_both_orders(normal, relation):
    a, b = normal
    assert orders(a, b + 0.5, relation) == ("larger", "larger")
    assert orders(b + 0.5, a, relation) == ("smaller", "smaller")


def test_a_wider_spread_is_smaller_at_second_order_alone(normal):
    a, b = normal
    assert orders(a, 1.5 * b, "independent") == ("neither", "smaller")
    assert orders(1.5 * b, a, "independent") == ("neither", "larger")


def test_a_wider_spread_with_a_higher_mean_is_neither(normal):
    a, b = normal
    assert orders(a, 2.0 * b + 0.3, "independent") == ("neither", "neither")


def test_a_narrower_spread_with_a_lower_mean_is_no_larger_at_second_order(normal):
    """Shortfalls are smaller up to the 95% point, and yet who cares little about risk loses."""
    a, b = normal
    lower = 0.3 * b - 0.05
    assert orders(a, lower, "independent")[1] == "neither"


def test_curves_that_meet_in_one_half_leave_the_order_open(normal):
    a, _ = normal
    b = np.where(a > 0, a + 0.5, a)  # the same below the median
    first, second = orders(a, b)
    assert first in ("not smaller", "undecided")
    assert second in ("not smaller", "undecided")


def test_identical_sides_are_undecided(normal):
    a, _ = normal
    assert orders(a, a) == ("undecided", "undecided")


def test_pairing_decides_what_is_open_without_it(normal):
    a, b = normal
    c = a + 0.01
    assert orders(a, c)[0] == "larger"
    assert orders(a, b + 0.01, "independent")[0] == "undecided"


def test_few_trajectories_are_told_apart_from_no_order(normal):
    first, second = compare_orders(side(normal[0, :1600]), side(normal[1, :1600]), "paired")
    assert first.reason == second.reason == "too few trajectories"


def test_the_range_is_that_of_five_to_ninety_five_percent(normal):
    a, b = normal
    first, _ = compare_orders(side(a), side(b + 0.5), "independent")
    both = np.concatenate([a, b + 0.5])
    assert (first.low, first.high) == (
        pytest.approx(np.quantile(both, 0.05)),
        pytest.approx(np.quantile(both, 0.95)),
    )
    assert first.n_threshold == 91


def limit(n_sample, rate=ALPHA):
    """Most false statements of correct code; more come up once in 1e6."""
    return int(stats.binom.isf(1e-6, n_sample, rate))


@pytest.mark.parametrize("relation", ["paired", "independent"])
def test_where_nothing_differs_no_statement_is_made_too_often(relation):
    """Of 500 samples without a difference: each kind of statement has its own rate."""
    generator, n_sample = np.random.default_rng(2), 500
    counts: dict[str, int] = {}
    for _ in range(n_sample):
        a, b = generator.normal(size=(2, 4096))
        b = 0.9 * a + np.sqrt(1 - 0.81) * b if relation == "paired" else b
        for order, verdict in enumerate(orders(a, b, relation), start=1):
            counts[f"{order} {verdict}"] = counts.get(f"{order} {verdict}", 0) + 1
    for order in (1, 2):
        assert counts.get(f"{order} larger", 0) <= limit(n_sample)
        assert counts.get(f"{order} smaller", 0) <= limit(n_sample)
        assert counts.get(f"{order} neither", 0) <= limit(n_sample)
        falls = counts.get(f"{order} not larger", 0) + counts.get(f"{order} neither", 0)
        rises = counts.get(f"{order} not smaller", 0) + counts.get(f"{order} neither", 0)
        assert falls <= limit(n_sample)
        assert rises <= limit(n_sample)


def test_the_hardest_case_keeps_its_rate_too():
    """B is larger save at one threshold, where the two are equal: to say "larger" is wrong.

    It is lifted below zero and above, and at zero nothing crosses: 400 samples.
    """
    generator, n_sample = np.random.default_rng(3), 400
    said = 0
    for _ in range(n_sample):
        a, b = generator.uniform(-1.0, 1.0, size=(2, 4096))
        lifted = np.where(b < 0, b + 0.5 * -b, b + 0.5 * b * (1 - b))  # never across zero
        said += orders(a, lifted, "independent")[0] == "larger"
    assert said <= limit(n_sample)
