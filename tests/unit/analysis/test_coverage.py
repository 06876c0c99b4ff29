"""Every 95% interval holds the truth 95% of the time: on cases with known truth, skewed and near 0 and 1.

With 1,000 samples a right interval passes 95 +- 3 points but once in 80,000 times; with 10,000 it
passes 95 +- 1 but once in 200,000. Seeds are fixed.
"""

import pytest

from coverage_cases import CASES, false_alarm, weighted_quantile_by_sobol
from sandwich_sim.kernels._jit import COMPILED

many_draws = pytest.mark.skipif(not COMPILED, reason="many draws: slow as plain Python")
SEED = 20261123


def test_the_stated_false_alarms():
    assert false_alarm(0.95, 1000, 0.03) < 1 / 40_000
    assert false_alarm(0.95, 10_000, 0.01) < 1 / 100_000


@many_draws
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_intervals_cover_within_three_points(case):
    coverage = case(1000, SEED).mean()
    assert abs(coverage - 0.95) <= 0.03, coverage


@many_draws
@pytest.mark.nightly
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_intervals_cover_within_one_point(case):
    coverage = case(10_000, SEED).mean()
    print(f"{case.__name__}: {100 * coverage:.2f}%")
    # Where Sobol leaves next to no luck, the spacing of the points is most of the error: rather too wide.
    most = 0.985 if case is weighted_quantile_by_sobol else 0.96
    assert 0.94 <= coverage <= most, coverage
