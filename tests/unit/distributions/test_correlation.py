"""Correlated groups: who is in which, in what order, and contradictions."""

import numpy as np
import pytest

from sandwich_sim.distributions.correlation import correlated_groups
from sandwich_sim.errors import UsageError


def test_inputs_without_correlation_are_in_no_group():
    groups = correlated_groups(["a", "b"], [])
    assert groups.group.tolist() == [-1, -1]
    assert groups.group_start.tolist() == [0]


def test_groups_are_connected_components_ordered_by_name():
    pairs = [("z", "m", 0.5), ("b", "x", -0.3), ("m", "a", 0.2)]
    groups = correlated_groups(["x", "z", "lone", "m", "b", "a"], pairs)
    assert groups.group.tolist() == [1, 0, -1, 0, 1, 0]
    assert groups.group_start.tolist() == [0, 3, 5]
    assert groups.members.tolist() == [5, 3, 1, 4, 0]


def test_factors_rebuild_the_correlation_matrix():
    groups = correlated_groups(["a", "b", "c"], [("a", "b", 0.5), ("b", "c", -0.4)])
    matrix = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, -0.4], [0.0, -0.4, 1.0]])
    np.testing.assert_allclose(groups.factors @ groups.factors.T, matrix, atol=1e-15)


def test_contradicting_correlations_are_refused_by_name():
    pairs = [("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)]
    with pytest.raises(UsageError, match="a, b, c contradict"):
        correlated_groups(["a", "b", "c"], pairs)


def test_correlation_of_a_constant_is_refused():
    with pytest.raises(UsageError, match="b is not drawn"):
        correlated_groups(["a"], [("a", "b", 0.9)])
