"""Total indices and Shapley effects from swapped draws agree with closed forms."""

import numpy as np
import pytest
from scipy import stats

from known_sensitivities import g_function, gaussian_linear, ishigami
from sandwich_sim.analysis.sensitivity_swaps import group_indices, join_groups, measure_group
from stochastic import assert_close_to

STUDENT_LIMIT = float(stats.t.isf(1e-6 / 2, 15)) / float(stats.norm.isf(1e-6 / 2))


def swapped(case, players, n, seed=1):
    """Indices of players, each a tuple of inputs."""
    generator = np.random.default_rng(seed)
    one, other = case.draw(generator, n), case.draw(generator, n)

    def evaluate(anew, indices):
        x = one[:, indices].copy()
        for player in anew:
            for row in players[player]:
                x[row] = other[row, indices]
        return case.evaluate(x)[None]

    groups = [
        measure_group(evaluate, len(players), indices, 100 * seed + number)
        for number, indices in enumerate(group_indices(n))
    ]
    return join_groups(groups, n)


def alone(case):
    return [(row,) for row in range(case.first.size)]


@pytest.mark.parametrize("make", [ishigami, g_function])
def test_total_indices_are_those_of_the_closed_form(make):
    case = make()
    found = swapped(case, alone(case), 65_536)
    for value, expected, error in zip(found.total[:, 0], case.total, found.total_error[:, 0], strict=True):
        assert_close_to(value, expected, STUDENT_LIMIT * error + 1e-9, detectable=0.06, n_checks=9)


def test_shapley_effects_share_interactions_evenly():
    """Ishigami: the first and the third input share what they do together, the fourth gets nothing."""
    case = ishigami()
    found = swapped(case, alone(case), 65_536)
    expected = 0.5 * (case.first + case.total)  # all interactions are of two
    for value, truth, error in zip(found.shapley[:, 0], expected, found.shapley_error[:, 0], strict=True):
        assert_close_to(value, truth, STUDENT_LIMIT * error + 1e-9, detectable=0.06, n_checks=4)
    assert found.shapley[:, 0].sum() == pytest.approx(1.0, abs=1e-12)


def test_correlated_inputs_are_one_player():
    case = gaussian_linear()
    found = swapped(case, [(0, 1), (2,)], 65_536)
    own = case.total[2]
    for value, error in ((found.total[1, 0], found.total_error[1, 0]),
                         (found.shapley[1, 0], found.shapley_error[1, 0])):  # fmt: skip
        assert_close_to(value, own, STUDENT_LIMIT * error, detectable=0.05, n_checks=2)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """200 replications: below 0.89 in one of 2,000 cases where 0.95 is true."""
    case, hits = g_function(), np.zeros((2, 5))
    expected = case.total
    for seed in range(200):
        found = swapped(case, alone(case), 1024, seed)
        hits[0] += np.abs(found.total[:, 0] - expected) <= 2.131 * found.total_error[:, 0]
        share = swapped_shapley(case)
        hits[1] += np.abs(found.shapley[:, 0] - share) <= 2.131 * found.shapley_error[:, 0]
    assert (hits / 200.0).min() > 0.89, hits / 200.0


def swapped_shapley(case):
    """Shapley effects of a product from its interactions: each set shares its part evenly."""
    from itertools import combinations

    a = np.array((0.0, 1.0, 4.5, 9.0, 99.0))
    own = 1.0 / 3.0 / (1.0 + a) ** 2
    shares = np.zeros(5)
    for size in range(1, 6):
        for players in combinations(range(5), size):
            shares[list(players)] += np.prod(own[list(players)]) / size
    return shares / shares.sum()


def test_an_outcome_that_never_changes_has_no_indices():
    groups = [
        measure_group(lambda anew, indices: np.ones((1, indices.size)), 2, indices, 1)
        for indices in group_indices(1024)
    ]
    found = join_groups(groups, 1024)
    assert not found.total.any() and not found.shapley.any() and not found.shapley_error.any()
