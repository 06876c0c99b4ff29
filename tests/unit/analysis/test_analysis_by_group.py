"""Statistics of the whole and of each group, side by side."""

import numpy as np
import pytest

from sandwich_sim.analysis.by_group import N_COLUMN, group_statistics, measured_of, needed_metrics
from sandwich_sim.analysis.metrics import parse_metric, parse_statistic
from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.load import load_scenario

N = 3200
SCRAMBLE = (np.arange(N) % 16).astype(np.uint8)
METRICS = ("gap @ 2030-07", "profit_share.lab @ horizon", "thesis_falsified", "event_time.umbrella_closed")


@pytest.fixture(scope="module")
def base():
    return load_scenario("base")


@pytest.fixture(scope="module")
def values():
    generator = np.random.default_rng(3)
    found = generator.normal(size=(4, N))
    found[1, ::7] = np.nan
    found[2] = found[2] > 0.4
    found[3] = np.where(found[3] > 0.0, 5.0 + found[3], np.nan)
    return found


def columns(base, values, *names):
    statistics = [parse_statistic(name, base) for name in names]
    metrics = [parse_metric(name, base) for name in METRICS]
    return group_statistics(statistics, metrics, values, SCRAMBLE)


def test_means_quantiles_and_probabilities_are_those_of_numpy(base, values):
    found = columns(base, values, "mean(gap @ 2030-07)", "p5(gap @ 2030-07)", "P(gap @ 2030-07 > 0.5)",
                    "P(thesis_falsified)")  # fmt: skip
    assert found.shape == (4, N_COLUMN)
    assert found[1, 0] == pytest.approx(np.quantile(values[0], 0.05), rel=1e-12)
    for column in range(N_COLUMN):
        part = values if column == 0 else values[:, column - 1 :: 16]
        expected = [part[0].mean(), (part[0] > 0.5).mean(), part[2].mean()]
        np.testing.assert_allclose(found[[0, 2, 3], column], expected, rtol=1e-12, atol=1e-15)


def test_undefined_values_are_left_out(base, values):
    name = "profit_share.lab @ horizon"
    found = columns(base, values, f"mean({name})", f"p50({name})", f"P({name} < 0.1)")
    defined = values[1][~np.isnan(values[1])]
    np.testing.assert_allclose(found[:, 0], [defined.mean(), np.median(defined), (defined < 0.1).mean()])


def test_a_quantile_of_dates_counts_the_events_that_never_come(base, values):
    found = columns(base, values, "p25(event_time.umbrella_closed)", "p75(event_time.umbrella_closed)")
    known = np.nan_to_num(values[3], nan=np.inf)
    assert found[0, 0] == pytest.approx(np.quantile(known, 0.25))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()  # half of them never come


def test_an_event_that_never_comes_is_later_than_any_date(base, values):
    found = columns(base, values, "P(event_time.umbrella_closed < 6)", "P(event_time.umbrella_closed > 6)")
    early = np.nan_to_num(values[3], nan=np.inf) < 6
    np.testing.assert_allclose(found[:, 0], [early.mean(), 1.0 - early.mean()])


def test_groups_too_small_for_a_quantile_have_none(base, values):
    found = columns(base, values, "p1(gap @ 2030-07)")  # two values of each group lie beyond it
    assert np.isfinite(found[0, 0])
    assert np.isnan(found[0, 1:]).all()
    assert np.isnan(measured_of(found[0], N).standard_error)


def test_nothing_defined_gives_nothing(base):
    empty = np.full((4, N), np.nan)
    assert np.isnan(columns(base, empty, "mean(gap @ 2030-07)", "p50(gap @ 2030-07)")).all()


def test_the_error_of_a_mean_is_the_spread_of_the_groups(base, values):
    found = measured_of(columns(base, values, "mean(gap @ 2030-07)")[0], N)
    groups = [values[0, group::16].mean() for group in range(16)]
    assert found.value == pytest.approx(values[0].mean())
    assert found.standard_error == pytest.approx(np.std(groups, ddof=1) / 4.0)
    assert found.degrees_of_freedom == 15.0


def test_every_outcome_is_needed_once_and_a_standard_error_is_none(base):
    names = ["mean(gap @ 2030-07)", "p5(gap @ 2030-07)", "P(thesis_falsified)"]
    statistics = [parse_statistic(name, base) for name in names]
    assert [metric.name for metric in needed_metrics(statistics)] == ["gap @ 2030-07", "thesis_falsified"]
    with pytest.raises(UsageError, match="is no mean, quantile or probability"):
        needed_metrics([parse_statistic("se(mean(gap @ 2030-07))", base)])
