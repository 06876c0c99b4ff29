from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sandwich_sim.results.histogram import (
    N_EXTRA,
    NO_DATA,
    OK,
    OUT_OF_RANGE,
    THIN_TAIL,
    estimate_quantiles,
    from_axis,
    interpolation_error,
    quantile,
    to_axis,
)
from sandwich_sim.variables import VARIABLES
from synthetic_run import count_buckets

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def histogram(values: np.ndarray, low: float, high: float, scale: float = 0.0, n: int = 256) -> np.ndarray:
    place = np.floor((to_axis(values, scale) - low) / (high - low) * n)
    inside = place[(place >= 0) & (place < n)].astype(int)
    extra = [(place < 0).sum(), (place >= n).sum(), np.isnan(values).sum()]
    return np.append(np.bincount(inside, minlength=n), extra)


def by_scramble(values: np.ndarray, low: float, high: float, scale: float = 0.0, n: int = 256) -> np.ndarray:
    return np.stack([histogram(values[r::16], low, high, scale, n) for r in range(16)])


def test_the_quick_histogram_of_these_tests_is_the_slow_one() -> None:
    values = np.append(np.random.default_rng(3).normal(5.0, 9.0, 500), np.nan)
    gap = VARIABLES["gap"]
    expected = count_buckets(values, "gap", 256)
    np.testing.assert_array_equal(histogram(values, gap.low, gap.high, gap.scale), expected)


@pytest.mark.parametrize("scale", [0.0, 0.5])
@pytest.mark.parametrize("kind", ["normal", "skewed", "discrete", "constant"])
def test_a_quantile_lies_within_its_bound(kind: str, scale: float) -> None:
    generator = np.random.default_rng(7)
    values = {
        "normal": lambda: generator.normal(0.1, 0.2, 20_001),
        "skewed": lambda: 0.1 * generator.lognormal(0.0, 0.7, 20_001),
        "discrete": lambda: generator.choice([0.1, 0.1003, 0.5], 20_001),
        "constant": lambda: np.full(20_001, 0.123),
    }[kind]()
    value, bound = quantile(histogram(values, -1.0, 1.0, scale), -1.0, 1.0, scale, LEVELS)
    expected = np.quantile(values, LEVELS, method="inverted_cdf")
    assert (np.abs(value - expected) <= bound * (1.0 + 1e-9)).all()


def counts_of_law(cdf: Callable[[np.ndarray], np.ndarray], n_bucket: int) -> np.ndarray:
    """What a histogram over -1 to 1 counts of 1e12 values that follow a law exactly."""
    below = np.round(1e12 * cdf(np.linspace(-1.0, 1.0, n_bucket + 1)))
    return np.concatenate([np.diff(below), [below[0], 1e12 - below[-1], 0.0]]).astype(np.int64)


def misses(draw: Callable[[np.random.Generator], tuple[Any, Any]], n_bucket: int) -> tuple[Any, Any]:
    """Errors of the quantiles of 200 laws, (cdf, quantiles) each, and the errors stated for them."""
    generator = np.random.default_rng(1)
    found = []
    for _ in range(200):
        cdf, true = draw(generator)
        counts = counts_of_law(cdf, n_bucket)
        value, _ = quantile(counts, -1.0, 1.0, 0.0, LEVELS)
        found.append((value - true, interpolation_error(counts, -1.0, 1.0, 0.0, LEVELS)))
    return tuple(np.array(found).swapaxes(0, 1))


@pytest.mark.parametrize(("n_bucket", "limit"), [(256, 2e-5), (1024, 1e-6)])
@pytest.mark.parametrize("kind", ["normal", "skewed", "uniform"])
def test_next_to_nothing_is_lost_by_interpolating_a_smooth_density(
    kind: str, n_bucket: int, limit: float
) -> None:
    def draw(generator: np.random.Generator) -> tuple[Any, Any]:
        shift = generator.uniform(-0.1, 0.2)
        law = {
            "normal": stats.norm(shift, 0.1),
            "skewed": stats.lognorm(0.7, scale=0.1, loc=shift - 0.2),
            "uniform": stats.uniform(shift - 0.3, 0.6),
        }[kind]
        return law.cdf, law.ppf(LEVELS)

    error, stated = misses(draw, n_bucket)
    assert np.abs(error).max() < limit
    assert (np.abs(error) <= np.maximum(stated, 1e-7)).all()


@pytest.mark.parametrize("n_bucket", [256, 1024])
@pytest.mark.parametrize("kind", ["lump", "step", "cut"])
def test_the_stated_interpolation_error_holds_where_the_density_is_rough(kind: str, n_bucket: int) -> None:
    law, grid = stats.norm(0.1, 0.2), np.linspace(-1.0, 1.0, 400_001)
    smooth = law.cdf(grid)

    def draw(generator: np.random.Generator) -> tuple[Any, Any]:
        place = law.ppf(generator.choice(LEVELS)) + generator.uniform(-1.0, 1.0) / n_bucket
        size, ratio, below = generator.uniform(0.001, 0.01), generator.uniform(0.2, 5.0), law.cdf(place)
        rough = {
            "lump": (1.0 - size) * smooth + size * (grid >= place),
            "step": np.where(grid < place, smooth, below + ratio * (smooth - below)),
            "cut": np.where(grid < place, 0.0, smooth),
        }[kind]
        rough /= rough[-1]
        return lambda x: np.interp(x, grid, rough), grid[np.searchsorted(rough, LEVELS)]

    error, stated = misses(draw, n_bucket)
    scores = error / np.maximum(stated, 2.0 * (grid[1] - grid[0]))
    assert 0.1 < np.sqrt(np.mean(scores**2)) < 0.9
    assert np.mean(np.abs(scores) > 2.0) < 0.002


def test_undefined_values_do_not_count_and_those_out_of_range_do() -> None:
    values = np.concatenate([np.linspace(0.0, 1.0, 1001), np.full(1001, 5.0), np.full(500, np.nan)])
    value, _ = quantile(histogram(values, -1.0, 1.0), -1.0, 1.0, 0.0, [0.25, 0.9])
    assert abs(value[0] - 0.5) < 0.01
    assert np.isnan(value[1])


def test_all_is_vectorized_over_leading_axes() -> None:
    generator = np.random.default_rng(2)
    values = generator.normal(0.2, 0.1, (3, 4, 2000))
    low, high = np.array([-1.0, 0.0, -2.0])[:, None], np.array([1.0, 1.0, 2.0])[:, None]
    counts = np.array([[histogram(values[i, j], low[i, 0], high[i, 0]) for j in range(4)] for i in range(3)])
    value, bound = quantile(counts, low, high, 0.0, LEVELS)
    assert value.shape == bound.shape == (5, 3, 4)
    for i in range(3):
        alone, _ = quantile(counts[i, 2], low[i, 0], high[i, 0], 0.0, LEVELS)
        np.testing.assert_array_equal(value[:, i, 2], alone)


@settings(deadline=None, max_examples=50)
@given(st.floats(-1e6, 1e6), st.sampled_from([0.0, 0.05, 6.0, 500.0]))
def test_the_axis_can_be_inverted(x: float, scale: float) -> None:
    assert abs(float(from_axis(to_axis(x, scale), scale)) - x) <= 1e-9 * max(1.0, x * x / max(scale, 1.0))


def test_a_thin_tail_is_not_estimated() -> None:
    values = np.random.default_rng(5).normal(0.0, 0.2, 992)
    found = estimate_quantiles(by_scramble(values, -1.0, 1.0), -1.0, 1.0, 0.0, LEVELS, is_replicated=False)
    assert found.code.tolist() == [THIN_TAIL, OK, OK, OK, THIN_TAIL]
    assert np.isnan(found.value[0])
    assert np.isnan(found.standard_error[0])


def test_fifty_values_beyond_a_quantile_are_enough() -> None:
    values = np.random.default_rng(5).normal(0.0, 0.2, 1000)
    found = estimate_quantiles(by_scramble(values, -1.0, 1.0), -1.0, 1.0, 0.0, LEVELS, is_replicated=True)
    assert (found.code == OK).all()


def test_a_quantile_out_of_range_is_not_estimated() -> None:
    values = np.random.default_rng(5).normal(0.95, 0.2, 8000)
    found = estimate_quantiles(by_scramble(values, -1.0, 1.0), -1.0, 1.0, 0.0, LEVELS, is_replicated=False)
    assert found.code.tolist() == [OK, OK, OK, OUT_OF_RANGE, OUT_OF_RANGE]


def test_a_series_without_any_value_is_not_estimated() -> None:
    found = estimate_quantiles(
        np.zeros((16, 256 + N_EXTRA), dtype=int), -1.0, 1.0, 0.0, LEVELS, is_replicated=True
    )
    assert (found.code == NO_DATA).all()


@pytest.mark.parametrize(("is_replicated", "factor"), [(False, 1.959963985), (True, 2.131449546)])
def test_intervals_cover_the_true_quantile_as_often_as_they_say(is_replicated: bool, factor: float) -> None:
    generator = np.random.default_rng(13)
    true = 0.05 + 0.2 * np.array([-1.6448536, 0.0, 1.6448536])
    hits = []
    for _ in range(400):
        values = generator.normal(0.05, 0.2, 4096)
        counts = by_scramble(values, -1.0, 1.0, 0.0, 1024)
        found = estimate_quantiles(counts, -1.0, 1.0, 0.0, (0.05, 0.5, 0.95), is_replicated=is_replicated)
        hits.append(np.abs(found.value - true) <= factor * found.standard_error)
    coverage = np.mean(hits)
    # 1200 intervals, those of one sample not independent: at most 4 standard errors of 400.
    assert abs(coverage - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 400)
