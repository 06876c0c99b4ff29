"""What a trajectory says of an observation, and what baselines say that know no model."""

from __future__ import annotations

from datetime import date, timedelta
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandwich_sim.analysis.hindcast_baselines import SPREAD, SPREAD_OF_LOGARITHM, baseline, in_unit
from sandwich_sim.analysis.hindcast_operators import (
    DAYS_A_YEAR,
    is_scored,
    observed_values,
    operator_of,
    scale_of,
    window_weights,
)
from sandwich_sim.observations import KnownValue, Observation, Window, load_observations
from sandwich_sim.variables import VARIABLES

ORIGIN = date(2024, 1, 1)
DAYS = np.array([0.0, 91.0, 182.0, 274.0, 366.0])


def observed(series: str, begin: int, end: int, hop: str = "", unit: str = "usd_bn_year") -> Observation:
    days = [ORIGIN + timedelta(days=day) for day in (begin, end)]
    return Observation(Window(*days), series, hop, 1.0, 1.0, 1.0, unit, "", "")


def known(name: str, begin: str, value: float, published: str = "2023-12-01") -> KnownValue:
    day = date.fromisoformat(begin)
    return KnownValue(Window(day, day), name, value, "usd_bn_year", date.fromisoformat(published), "")


@given(st.floats(0.0, 366.0), st.floats(0.0, 366.0), st.floats(-5.0, 5.0), st.floats(-5.0, 5.0))
def test_the_mean_of_a_straight_line_is_its_value_halfway(a, b, level, slope) -> None:
    begin, end = sorted((a, b))
    if 0.0 < end - begin < 1e-3:
        return
    weights = window_weights(DAYS, begin, end)
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ (level + slope * DAYS) == pytest.approx(level + slope * (begin + end) / 2.0, abs=1e-6)


def test_a_window_is_the_mean_of_the_line_through_the_records() -> None:
    values = np.array([0.0, 10.0, 0.0, 4.0, 4.0])
    fine = np.linspace(30.0, 300.0, 100_001)
    assert window_weights(DAYS, 30.0, 300.0) @ values == pytest.approx(
        np.interp(fine, DAYS, values).mean(), abs=1e-3
    )
    assert window_weights(DAYS, 45.5, 45.5) @ values == pytest.approx(5.0)


def test_ratios_declines_and_quotients_are_as_the_model_page_defines_them() -> None:
    falling = np.exp(-DAYS / DAYS_A_YEAR)[:, None] * np.array([[1.0, 5.0]])
    series = {"line": falling, "compute_price": falling, "capex": falling * 6.0, "depreciation": falling}
    window = (91, 274)
    years = (274 - 91) / DAYS_A_YEAR

    def value(name: str) -> np.ndarray:
        return observed_values(observed(name, *window), series, DAYS, ORIGIN)

    np.testing.assert_allclose(value("decline.line"), np.e)
    np.testing.assert_allclose(value("ratio.compute_price"), exp(-years))
    np.testing.assert_allclose(value("capex_over_depreciation"), 6.0)


def test_every_observation_names_a_recorded_series() -> None:
    for seen in load_observations():
        for name in operator_of(seen.name).series:
            base, _, hop = name.partition(".")
            assert VARIABLES[base].per_hop == bool(hop), name


def test_money_and_factors_are_scored_by_logarithms() -> None:
    scales = {seen.name: scale_of(seen.unit) for seen in load_observations()}
    assert {name for name, scale in scales.items() if scale == "plain"} == {
        name for name in scales if "margin" in name or name == "gap"
    }


def test_an_outcome_is_scored_if_its_window_lies_within_the_forecast() -> None:
    seen = observed("capex", 0, 366)
    assert is_scored(seen, ORIGIN, date(2025, 1, 1))
    assert not is_scored(seen, ORIGIN + timedelta(days=1), date(2025, 1, 1))
    assert not is_scored(seen, ORIGIN, date(2024, 12, 31))
    (guidance,) = [item for item in load_observations() if not item.is_outcome]
    assert not is_scored(guidance, date(2025, 1, 1), date(2030, 1, 1))


def test_persistence_keeps_the_last_known_value() -> None:
    values = [known("revenue.chips", "2022-10-01", 10.0), known("revenue.chips", "2023-10-01", 20.0)]
    seen = observed("revenue", 182, 182, "chips")
    found = baseline("persistence", seen, ORIGIN, values, 99.0)
    assert found.known
    assert found.mean == pytest.approx(log(20.0))
    years = (ORIGIN + timedelta(days=182) - date(2023, 10, 1)).days / DAYS_A_YEAR
    assert found.deviation == pytest.approx(SPREAD_OF_LOGARITHM * sqrt(years))
    drifting = baseline("drift", seen, ORIGIN, values, 99.0)
    assert drifting.mean == pytest.approx(log(20.0) + log(2.0) / (365 / DAYS_A_YEAR) * years)


def test_what_was_published_later_is_not_seen() -> None:
    early = [known("revenue.chips", "2023-10-01", 20.0)]
    late = [*early, known("revenue.chips", "2023-12-15", 50.0, "2024-01-01")]
    seen = observed("revenue", 182, 182, "chips")
    for kind in ("persistence", "drift"):
        assert baseline(kind, seen, ORIGIN, late, 99.0) == baseline(kind, seen, ORIGIN, early, 99.0)


def test_without_a_known_value_a_baseline_takes_the_start_of_the_scenario() -> None:
    seen = observed("margin", 182, 182, "power", unit="fraction")
    for kind in ("persistence", "drift"):
        found = baseline(kind, seen, ORIGIN, [], 0.13)
        assert (found.mean, found.known) == (0.13, False)
        assert found.deviation == pytest.approx(SPREAD["fraction"] * sqrt(182 / DAYS_A_YEAR))


def test_baselines_of_declines_and_ratios_are_those_of_the_level() -> None:
    values = [known("line", "2022-12-01", 10.0), known("line", "2023-12-01", 1.0)]
    seen = observed("decline.line", 0, 366, unit="x_per_year")
    still, moving = (baseline(kind, seen, ORIGIN, values, 99.0) for kind in ("persistence", "drift"))
    assert in_unit(still.mean, seen.unit) == 1.0
    assert in_unit(moving.mean, seen.unit) == pytest.approx(10.0 ** (DAYS_A_YEAR / 365), rel=1e-9)
    assert still.deviation == pytest.approx(SPREAD_OF_LOGARITHM / sqrt(366 / DAYS_A_YEAR))
    ratio = observed("ratio.line", 0, 366, unit="ratio")
    found = baseline("drift", ratio, ORIGIN, values, 99.0)
    assert found.mean == pytest.approx(-moving.mean * 366 / DAYS_A_YEAR)


def test_intervals_of_baselines_are_normal() -> None:
    found = baseline("persistence", observed("gap", 366, 366, unit="months"), ORIGIN, [], 6.0)
    low, high = found.interval()
    assert high - 6.0 == pytest.approx(6.0 - low) == pytest.approx(1.644854 * found.deviation, rel=1e-6)
