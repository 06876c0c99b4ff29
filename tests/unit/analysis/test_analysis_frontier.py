"""Where a line crosses a level: at the right place, with an error that is the spread of such places."""

import numpy as np
import pytest

from sandwich_sim.analysis.frontier import find_crossings


def columns_of(whole, noise=0.0):
    """Sixteen groups about a line, their mean the line itself."""
    whole = np.asarray(whole, dtype=np.float64)
    shifts = np.linspace(-1.0, 1.0, 16) * noise
    return np.concatenate([whole[..., None], whole[..., None] + shifts], axis=-1)


def test_a_straight_line_is_crossed_where_it_is():
    found = find_crossings(np.array([0.0, 1.0, 2.0]), columns_of([0.0, 1.0, 2.0]), 1.25)
    assert found.place == pytest.approx(1.25)
    assert found.standard_error == pytest.approx(0.0, abs=1e-12)
    assert found.n_crossing == 1


@pytest.mark.parametrize("values", [[0.0, 0.1, 0.2], [0.9, 0.8, 0.7], [0.6, np.nan, 0.4]])
def test_a_line_that_does_not_cross_has_no_place(values):
    found = find_crossings(np.array([0.0, 1.0, 2.0]), columns_of(values), 0.5)
    assert np.isnan(found.place)
    assert found.n_crossing == 0


def test_the_first_of_several_crossings_is_given_and_all_are_counted():
    found = find_crossings(np.arange(5.0), columns_of([0.0, 1.0, 0.0, 1.0, 0.0]), 0.5)
    assert found.place == pytest.approx(0.5)
    assert found.n_crossing == 4


def test_touching_a_level_from_above_crosses_nothing():
    assert find_crossings(np.arange(3.0), columns_of([1.0, 0.5, 1.0]), 0.5).n_crossing == 0


def test_positions_may_fall():
    assert find_crossings(np.array([2.0, 1.0, 0.0]), columns_of([2.0, 1.0, 0.0]), 0.5).place == 0.5


def test_every_line_of_a_grid_is_looked_at_by_itself():
    whole = np.array([[0.0, 1.0, 2.0], [0.0, 0.1, 0.2], [1.0, 0.0, -1.0]])
    found = find_crossings(np.arange(3.0), columns_of(whole), 0.5)
    np.testing.assert_allclose(found.place, [0.5, np.nan, 0.5])
    np.testing.assert_array_equal(found.n_crossing, [1, 0, 1])


def test_one_point_cannot_be_crossed():
    found = find_crossings(np.array([1.0]), columns_of([0.5]), 0.5)
    assert np.isnan(found.place)
    assert found.n_crossing == 0


def test_the_error_of_a_common_shift_is_that_shift_over_the_slope():
    # All points move together, as along common random numbers: the place moves by shift / slope.
    noise, slope = 0.1, 2.0
    found = find_crossings(np.arange(4.0), columns_of(slope * np.arange(4.0), noise), 3.0)
    groups = np.linspace(-1.0, 1.0, 16) * noise
    assert found.standard_error == pytest.approx(groups.std(ddof=1) / 4.0 / slope, rel=1e-9)


def test_stated_errors_are_those_that_places_have():
    generator = np.random.default_rng(11)
    positions = np.linspace(0.0, 1.0, 6)
    truth = 1.0 / (1.0 + np.exp(-6.0 * (positions - 0.45)))
    places, errors = [], []
    for _ in range(400):
        # Sixteen groups of noise that neighbors share in part.
        noise = 0.02 * (generator.normal(size=(1, 16)) + 0.5 * generator.normal(size=(6, 16)))
        groups = truth[:, None] + noise
        found = find_crossings(positions, np.concatenate([groups.mean(axis=1)[:, None], groups], axis=1), 0.5)
        places.append(float(found.place))
        errors.append(float(found.standard_error))
    ratio = np.var(places, ddof=1) / np.mean(np.square(errors))
    # Of two variances from 400 repeats, the second nearly exact: a spread of sqrt(2/399) = 0.071.
    assert abs(ratio - 1.0) < 4.0 * np.sqrt(2.0 / 399.0)
