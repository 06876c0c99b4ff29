"""Errors are written so that the ratio of a difference to its error can be read off the table."""

import math

import pytest

from sandwich_sim.analysis.compare_numbers import format_difference, with_error


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (-0.00042, 0.00004, "−0.000420 ±0.000040"),
        (0.27, 0.124, "+0.27 ±0.12"),
        (1234.5, 56.7, "+1,234 ±57"),
        (0.0, 0.0, "0 ±0"),
        (0.0003, 0.0, "+0.00030 ±0"),
        (0.001, 0.25, "0.00 ±0.25"),
        (-0.26, math.nan, "−0.26 ±?"),
        (math.nan, 1.0, "–"),
        (-4.5e9, 1.2e8, "−4.50e+09 ±1.2e+08"),
        (3.0e-9, 4.0e-10, "+3.00e-09 ±4.0e-10"),
    ],
)
def test_differences_as_text(value, error, text):
    assert with_error(value, error) == text


@pytest.mark.parametrize("error", [10.0**-k * m for k in range(-7, 12) for m in (1.04, 2.5, 4.96, 9.97)])
@pytest.mark.parametrize("ratio", [1.5, -2.2, 3.0, 41.0])
def test_the_ratio_that_is_shown_is_right_to_a_few_percent(error, ratio):
    parts = format_difference(ratio * error, error)
    value, shown = (float(part.replace(",", "").replace("−", "-")) for part in parts)
    assert value / shown == pytest.approx(ratio, rel=0.08)
