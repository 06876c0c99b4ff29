import numpy as np
import pytest

from sandwich_sim.studies.calibration_measures import Target, Wanted, at
from sandwich_sim.studies.calibration_scores import Estimate, estimate, judge

WANTED = Target("a target", at("gap", 0), Wanted(1.0, 2.0), "assumption: for this test")


def band(low: float, median: float, high: float, error: float = 0.01) -> Estimate:
    return Estimate(low, median, high, error, error, error)


@pytest.mark.parametrize(
    ("found", "verdict", "is_thin"),
    [
        (band(0.5, 1.5, 2.5), "ok", False),
        (band(0.5, 1.05, 2.5), "ok", True),
        (band(0.5, 2.0, 2.5), "ok", True),
        (band(0.5, 0.9, 1.1), "near", False),
        (band(1.9, 2.1, 2.3), "near", False),
        (band(0.5, 0.9, 0.99), "MISS", False),
        (band(2.1, 2.2, 2.3), "MISS", False),
    ],
)
def test_verdict_follows_median_then_band(found, verdict, is_thin):
    score = judge(WANTED, found)
    assert (score.verdict, score.is_thin) == (verdict, is_thin)


def test_a_band_that_touches_only_within_its_error_is_a_miss():
    assert judge(WANTED, band(0.5, 0.9, 1.015)).verdict == "MISS"
    assert judge(WANTED, band(1.985, 2.1, 2.2)).verdict == "MISS"


def test_quantiles_come_with_the_error_of_the_scrambles():
    rng = np.random.default_rng(5)
    values, scramble = rng.standard_normal(32_000), np.arange(32_000) % 16
    found = estimate(values, scramble.astype(np.uint8))
    assert found.median == np.median(values)
    expected = np.sqrt(np.pi / 2 / values.size)
    assert abs(found.median) < 4 * expected
    assert found.median_error == pytest.approx(expected, rel=0.6)
