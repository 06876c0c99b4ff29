"""Summary arrays from sums and counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.aggregate import dataset_summary
from sandwich_sim.results.dataset import open_run, read_accumulators, read_meta
from sandwich_sim.results.layout import fine_series, histogram_axes
from sandwich_sim.results.summarize import summarize
from sandwich_sim.variables import VARIABLES
from synthetic_run import accumulate, make_arrays, make_meta, write_run


def test_quantiles_of_fans_carry_errors_of_the_right_size() -> None:
    meta = make_meta(n_trajectories=20_000)
    found = dataset_summary(accumulate(meta, make_arrays(meta)), meta)
    error = found["margin_quantile_standard_error"][meta.quantiles.index(0.5)]
    # Of the median of n normal values with a deviation of 0.3: 1.2533 x 0.3 / sqrt(n).
    expected = 1.2533 * 0.3 / np.sqrt(20_000)
    assert error.shape == (3, 9)
    assert (0.7 * expected < error).all()
    assert (error < 1.6 * expected).all()
    assert found["gap_quantile_standard_error"].shape == (5, 9)


def test_quantiles_with_few_values_beyond_have_no_error() -> None:
    meta = make_meta()  # 200 trajectories: 10 of them beyond 5%
    found = dataset_summary(accumulate(meta, make_arrays(meta)), meta)
    assert np.isnan(found["margin_quantile_standard_error"][0]).all()
    assert np.isfinite(found["margin_quantile"][0]).all()


def test_a_series_that_is_the_same_everywhere_needs_no_histogram() -> None:
    meta = make_meta(n_trajectories=2_000)
    arrays = make_arrays(meta)
    arrays["series"][meta.series.index("margin.lab"), 0] = 0.4
    found = dataset_summary(accumulate(meta, arrays), meta)
    lab = found["margin_quantile"][:, 1], found["margin_quantile_standard_error"][:, 1]
    np.testing.assert_allclose(lab[0][:, 0], 0.4, rtol=1e-12)
    assert (lab[1][:, 0] == 0.0).all()
    assert (lab[1][:, 1:] > 0.0).all()


def test_counts_are_read_with_the_ranges_they_were_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = make_meta(n_trajectories=2_000)
    write_run(tmp_path / "run", meta)
    sums = read_accumulators(tmp_path / "run")
    np.testing.assert_array_equal(sums["fan_axis"], histogram_axes(meta.fans))
    np.testing.assert_array_equal(sums["fine_axis"], histogram_axes(fine_series(meta.hops)))
    table, arrays = summarize(sums, meta), dataset_summary(sums, meta)
    margin = VARIABLES["margin"]
    monkeypatch.setitem(VARIABLES, "margin", replace(margin, low=-9.0, high=9.0, scale=2.0))
    again = read_accumulators(tmp_path / "run")
    assert repr(summarize(again, read_meta(tmp_path / "run"))) == repr(table)  # NaN equals no NaN
    np.testing.assert_array_equal(dataset_summary(again, meta)["margin_quantile"], arrays["margin_quantile"])
    np.testing.assert_array_equal(open_run(tmp_path / "run")["margin_quantile"], arrays["margin_quantile"])


def test_counts_without_their_ranges_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sandwich_sim.results import dataset

    write_run(tmp_path / "run", make_meta())
    arrays = dataset.check_run(tmp_path / "run")
    del arrays["accumulators/fine_axis"]
    monkeypatch.setattr(dataset, "check_run", lambda folder: arrays)
    with pytest.raises(IntegrityError, match="an earlier version wrote it"):
        read_accumulators(tmp_path / "run")
