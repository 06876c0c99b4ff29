"""Observations against trajectories: which records, how likely, how far off."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy import integrate

from sandwich_sim.analysis.evidence import (
    fit_of,
    log_likelihood,
    needed_records,
    readings_of,
    residuals,
    share_below,
    widened,
)
from sandwich_sim.scenario.evidence import Evidence, Observation
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.outcome_names import frame_of

FRAME = frame_of(load_scenario("base"))  # from 2026-07-01, ten years, four records a year


def observation(measure="records", start=date(2027, 1, 1), end=date(2028, 1, 1), **changes):
    found = Observation(0, "gap", start, end, measure, 4.0, 0.5, 0.5, when="x")
    return replace(found, **changes)


def reading(*args, **changes):
    return readings_of(Evidence("", "", (observation(*args, **changes),)), FRAME)[0]


def path(of):
    """Values of every record that a reading needs: the square of the time since the start [yr]."""
    return {metric.name: np.array([metric.elapsed**2]) for metric in of.metrics}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # The records of 2027 lie half a year to a year and a quarter after the start.
        ({}, np.mean([0.5**2, 0.75**2, 1.0, 1.25**2])),
        ({"start": date(2026, 10, 1), "end": date(2027, 1, 1)}, 0.25**2),  # one quarter, one record
        ({"measure": "value", "start": date(2027, 7, 1), "end": date(2027, 7, 1)}, 1.0),
        # 15 August 2027 is 45 of 92 days after one record and before the next.
        (
            {"measure": "value", "start": date(2027, 8, 15), "end": date(2027, 8, 15)},
            1.0 + 45 / 92 * (1.25**2 - 1.0),
        ),
        # Half a year of straight lines through 0, 1/16 and 1/4; the second quarter is as long (92 days).
        (
            {"measure": "mean", "start": date(2026, 7, 1), "end": date(2027, 1, 1)},
            0.5 * (0.5 * 0.0625) + 0.5 * (0.5 * (0.0625 + 0.25)),
        ),
        ({"measure": "ratio", "start": date(2027, 7, 1), "end": date(2028, 7, 1)}, 4.0),
        ({"measure": "decline", "start": date(2028, 7, 1), "end": date(2029, 7, 1)}, (4.0 / 9.0)),
        ({"over": "capex"}, 1.0),
    ],
)
def test_a_reading_is_of_the_right_records(changes, expected):
    found = reading(**changes)
    assert found.take(path(found))[0] == pytest.approx(
        expected, rel=2e-3 if "decline" in str(changes) else 1e-12
    )


def test_each_record_is_needed_once():
    readings = readings_of(Evidence("", "", (observation(), observation(value=5.0))), FRAME)
    assert len(needed_records(readings)) == 4


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("errors", [(0.5, 0.5), (0.2, 0.9)])
def test_the_density_of_readings_integrates_to_one(scale, errors):
    def density(center):
        value = float(np.exp(center)) if scale == "log" else center
        each = observation(scale=scale, value=value, error_below=errors[0], error_above=errors[1])
        return float(np.exp(log_likelihood(each, np.array([4.0]))[0]))

    middle = np.log(4.0) if scale == "log" else 4.0
    total, _ = integrate.quad(density, middle - 9.0, middle + 9.0, points=[middle], limit=200)
    assert total == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("errors", [(0.5, 0.5), (0.2, 0.9)])
@pytest.mark.parametrize("truth", [3.6, 4.0, 4.7])
def test_the_probability_of_a_lower_reading_is_the_integral_of_their_density(errors, truth):
    each = observation(error_below=errors[0], error_above=errors[1])

    def density(value):
        return float(np.exp(log_likelihood(replace(each, value=value), np.array([truth]))[0]))

    points = [truth] if truth < each.value else None
    expected, _ = integrate.quad(density, truth - 9.0, each.value, points=points, limit=200)
    assert share_below(each, np.array([truth]))[0] == pytest.approx(expected, abs=1e-6)


def test_a_truth_above_the_value_counts_by_the_error_above():
    each = observation(error_below=0.1, error_above=1.0)
    np.testing.assert_allclose(residuals(each, np.array([5.0, 3.9])), [-1.0, 1.0])


def test_what_has_no_logarithm_cannot_have_been_seen():
    found = log_likelihood(observation(scale="log"), np.array([-1.0, 0.0, np.nan, 4.0]))
    assert list(found[:2]) == [-np.inf, -np.inf]
    assert np.isnan(found[2]) and np.isfinite(found[3])


def test_likelihoods_of_several_observations_multiply_and_those_near_all_are_counted():
    evidence = Evidence("", "", (observation(), observation(value=6.0)))
    readings = readings_of(evidence, FRAME)
    values = {metric.name: np.array([5.0, 4.0, 50.0]) for metric in needed_records(readings)}
    found = fit_of(readings, values, 3)
    parts = [
        log_likelihood(each.observation, row) for each, row in zip(readings, found.predicted, strict=True)
    ]
    np.testing.assert_allclose(found.log_likelihood, parts[0] + parts[1])
    assert found.survivors == 2


def test_wider_errors_are_wider_on_both_sides():
    evidence = widened(Evidence("", "", (observation(error_below=0.1, error_above=0.3),)), 3.0)
    each = evidence.observations[0]
    assert (each.error_below, each.error_above) == pytest.approx((0.3, 0.9))
