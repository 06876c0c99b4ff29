"""The place of a value among all trajectories, from histograms."""

import numpy as np
import pytest

from sandwich_sim.analysis.story_rank import part_below, series_rank
from sandwich_sim.results.dataset import open_run, read_accumulators, read_meta
from sandwich_sim.results.histogram import from_axis
from small_runs import small_run

AXES = (np.array([0.0, 8.0, 0.0]), np.array([-1.0, 1.0, 2.0]), np.array([-3.0, 3.0, -1.0]))
COUNTS = np.array([[0, 3, 0, 5, 2, 0, 0, 10, 4, 6, 99]])  # eight buckets; under, over, undefined


@pytest.mark.parametrize("axis", AXES, ids=["linear", "scaled", "logarithmic"])
def test_the_part_below_a_bucket_is_what_was_counted_below_it(axis):
    low, high, scale = axis
    below = 4 + np.cumsum([0, 0, 3, 0, 5, 2, 0, 0])
    edges = from_axis(low + (high - low) * np.arange(8) / 8, scale)
    for bucket in range(1, 8):
        found = part_below(COUNTS, axis, np.array([edges[bucket]]))
        assert found == pytest.approx([below[bucket] / 30], abs=1e-9)


def test_within_a_bucket_it_is_linear():
    assert part_below(COUNTS, AXES[0], np.array([3.2])) == pytest.approx([(4 + 3 + 0.2 * 5) / 30])


def test_beyond_the_range_it_is_half_of_what_lies_there():
    assert part_below(COUNTS, AXES[0], np.array([-1.0])) == pytest.approx([2 / 30])
    assert part_below(COUNTS, AXES[0], np.array([9.0])) == pytest.approx([27 / 30])


def test_what_has_no_value_has_no_rank():
    assert np.isnan(part_below(COUNTS, AXES[0], np.array([np.nan]))).all()
    assert np.isnan(part_below(np.zeros_like(COUNTS), AXES[0], np.array([1.0]))).all()


@pytest.mark.parametrize("name", ["gap", "margin.lab", "dollar_profit.chips", "capex", "profit.cloud"])
def test_the_rank_of_a_series_is_off_by_no_more_than_a_bucket_holds(name):
    folder = small_run()
    meta, accumulators = read_meta(folder), read_accumulators(folder)
    fan = accumulators["fan"][meta.fans.index(name)]
    every = meta.steps_per_year
    with open_run(folder) as run:
        base, _, hop = name.partition(".")
        if base == "profit":  # not kept of each trajectory: its fan alone tells
            values = np.quantile(run["cumulative_profit"].sel(hop=hop).values / meta.years, 0.3)
            found = series_rank(accumulators, meta, name, np.full(meta.n_record, values))
            assert ((found[1:] > 0.0) & (found[1:] < 1.0)).all()
            return
        kept = run[base].sel(hop=hop).values if hop else run[base].values
    for index in (0, 77, 2047):
        path = np.full(meta.n_record, np.nan)
        path[::every] = kept[:, index]
        found = series_rank(accumulators, meta, name, path)[::every]
        exact = (kept < kept[:, index : index + 1]).mean(axis=1)
        most = fan[::every, :256].max(axis=1) / meta.n_trajectories
        assert (np.abs(found - exact)[1:] <= most[1:] + 1e-9).all()


def test_what_all_have_in_common_has_no_rank():
    folder = small_run()
    meta, accumulators = read_meta(folder), read_accumulators(folder)
    found = series_rank(accumulators, meta, "price", np.full(meta.n_record, 0.5))
    assert not np.isnan(found).all()
    assert np.isnan(series_rank(accumulators, meta, "spend", np.full(meta.n_record, 0.5))).all()
