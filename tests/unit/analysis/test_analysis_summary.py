import json
from pathlib import Path

import numpy as np
import pytest

from sandwich_sim.analysis.summary import summarize, summarize_run
from sandwich_sim.results.aggregate import dataset_summary
from sandwich_sim.results.summarize import first_year
from synthetic_run import accumulate, make_arrays, make_meta, write_run


@pytest.fixture(scope="module")
def made() -> tuple:
    meta = make_meta(n_trajectories=3200)
    arrays = make_arrays(meta)
    return meta, arrays, accumulate(meta, arrays)


def test_numbers_are_those_of_the_trajectories(made: tuple) -> None:
    meta, arrays, accumulators = made
    summary = summarize(accumulators, meta)
    for place, end in ((0, "start"), (-1, "horizon")):
        values = arrays["series"][meta.series.index("margin.lab"), place]
        found = summary.hops[1].margin[end]
        assert found.mean.value == pytest.approx(values.mean())
        assert found.mean.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(values.size))
        for level, estimate in found.quantiles.items():
            assert abs(estimate.value - np.quantile(values, level)) < 0.003
            assert 0.005 < estimate.standard_error < 0.03


def test_cents_are_hundred_times_the_dollar(made: tuple) -> None:
    meta, arrays, accumulators = made
    kept = arrays["series"][meta.series.index("dollar_profit.chips"), -1]
    found = summarize(accumulators, meta).hops[2].cents_kept["horizon"]
    assert found.mean.value == pytest.approx(100.0 * kept.mean())
    assert abs(found.quantiles[0.5].value - 100.0 * np.median(kept)) < 0.5


def test_undefined_shares_are_left_out_and_counted(made: tuple) -> None:
    meta, arrays, accumulators = made
    share = arrays["series"][meta.series.index("profit_share.app"), -1]
    summary = summarize(accumulators, meta)
    assert summary.hops[0].profit_share["horizon"].mean.value == pytest.approx(np.nanmean(share))
    assert summary.undefined_share["horizon"] == pytest.approx(np.isnan(share).mean())


def test_sobol_errors_are_taken_across_scrambles() -> None:
    meta = make_meta(n_trajectories=1600, sampler="sobol")
    arrays = make_arrays(meta)
    accumulators = accumulate(meta, arrays)
    values = arrays["series"][meta.series.index("margin.app"), -1]
    means = [values[r::16].mean() for r in range(16)]
    summary = summarize(accumulators, meta)
    assert summary.hops[0].margin["horizon"].mean.standard_error == pytest.approx(np.std(means, ddof=1) / 4)
    assert summary.interval_factor == pytest.approx(2.1314, abs=1e-4)


def test_events_have_probabilities_by_year(made: tuple) -> None:
    meta, arrays, accumulators = made
    event = summarize(accumulators, meta).events[0]
    time = arrays["event_time"][0]
    assert event.probability.value == pytest.approx(np.isfinite(time).mean())
    assert event.by_year[2027].value == pytest.approx((time <= 1.0).mean())
    assert event.by_year[2028].value == pytest.approx(event.probability.value)
    assert event.first_in_year[2028].value == pytest.approx((time > 1.0).mean())
    assert event.probability.standard_error > 0.0


def test_a_constant_has_its_value_as_every_quantile() -> None:
    meta = make_meta(n_trajectories=1600)
    arrays = make_arrays(meta)
    arrays["series"][meta.series.index("margin.lab"), 0] = 0.3141
    found = summarize(accumulate(meta, arrays), meta).hops[1].margin["start"]
    assert found.mean.standard_error == 0.0
    assert [(q.value, q.standard_error) for q in found.quantiles.values()] == [
        (pytest.approx(0.3141), 0.0)
    ] * 3


def test_what_cannot_be_estimated_says_why() -> None:
    meta = make_meta(n_trajectories=100)
    document = summarize(accumulate(meta, make_arrays(meta)), meta).to_document()
    low = document["hops"][0]["margin"]["horizon"]["quantiles"]["0.05"]
    assert low["value"] is None
    assert low["reason"].startswith("not estimable: fewer than 50 trajectories lie beyond it")
    json.dumps(document, allow_nan=False)


def test_one_trajectory_can_be_summarized() -> None:
    meta = make_meta(n_trajectories=1, sampler="sobol")
    summary = summarize(accumulate(meta, make_arrays(meta)), meta)
    json.dumps(summary.to_document(), allow_nan=False)
    assert summary.hops[0].margin["start"].mean.reason.startswith("not estimable: too few trajectories (16")


def test_failures_are_named() -> None:
    meta = make_meta(n_trajectories=100)
    failed = {"failures": np.array([3, 0, 1, 0]), "first_failure": np.array([17, -1, 5, -1])}
    accumulators = accumulate(meta, make_arrays(meta)) | failed
    accumulators["total"][0, -1] = np.nan
    summary = summarize(accumulators, meta)
    assert summary.failed
    assert summary.failures == {"non-finite value": 3, "identity (ii)": 1}
    assert summary.first_failure == {"non-finite value": 17, "identity (ii)": 5}
    assert "non-finite" in summary.hops[0].margin["horizon"].mean.reason
    json.dumps(summary.to_document(), allow_nan=False)


def test_swings_are_shares_of_the_steps(made: tuple) -> None:
    meta, _, accumulators = made
    assert summarize(accumulators, meta).alternation["app"] == pytest.approx(3 / 320_000)


def test_rows_hold_every_estimate_once(made: tuple) -> None:
    meta, _, accumulators = made
    rows = summarize(accumulators, meta).rows()
    assert len(rows) == 3 * 4 * 2 * 4 + 2 * (1 + 3 + 3)
    keys = [tuple(row[key] for key in ("kind", "name", "quantity", "when", "statistic")) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {row["unit"] for row in rows} == {"1", "cent", "yr"}


def test_a_folder_gives_the_summary_of_its_run(tmp_path: Path, made: tuple) -> None:
    meta, arrays, accumulators = made
    write_run(tmp_path / "run", meta, arrays)
    assert summarize_run(tmp_path / "run").to_document() == summarize(accumulators, meta).to_document()


def test_fans_of_some_hops_leave_the_others_empty(made: tuple) -> None:
    _, arrays, _ = made
    meta = make_meta(n_trajectories=3200, fans=("margin.lab",))
    found = dataset_summary(accumulate(meta, arrays), meta)["margin_quantile"]
    assert np.isnan(found[:, [0, 2]]).all()
    values = arrays["series"][meta.series.index("margin.lab")]
    np.testing.assert_allclose(found[:, 1], np.quantile(values, meta.quantiles, axis=-1), atol=0.005)


def test_the_first_year_of_an_event_lies_within_records_that_hold_it() -> None:
    meta = make_meta(n_trajectories=16_000)
    hits = np.full((16, 3), [100, 400, 600])  # of 1,000 in each scramble, a year apart
    count, years = np.full((16, 1), 1000), np.array([2026.5, 2027.5, 2028.5])
    found = first_year(hits, count, 0.5, years, meta)
    assert found.value == pytest.approx(2028.0)
    assert (found.low, found.high) == (2027.5, 2028.5)
    never = first_year(hits, count, 0.7, years, meta)
    assert np.isnan(never.value)
    assert never.reason == "fewer than 70% of the trajectories see it"
    thin = first_year(hits[:, :1], count, 0.999, years[:1], meta)
    assert thin.reason.startswith("not estimable: fewer than 50 trajectories")
