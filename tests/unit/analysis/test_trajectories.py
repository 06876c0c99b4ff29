"""Reading some trajectories of a run gives what was written, whatever was kept and however chunked."""

import numpy as np
import pytest

from sandwich_sim.analysis.trajectories import Trajectories
from sandwich_sim.errors import UsageError
from synthetic_run import make_arrays, make_meta, write_run


@pytest.mark.parametrize("keep", ["outcomes", "paths"])
@pytest.mark.parametrize("limit", [None, 1, 64, 100])
def test_a_year_of_a_series_is_what_was_written(tmp_path, keep, limit):
    meta = make_meta(keep=keep)
    arrays = make_arrays(meta)
    write_run(tmp_path / "toy", meta, arrays)
    read = Trajectories(tmp_path / "toy", limit)
    n = limit or 200
    assert read.n == n
    for year in (0, 1, -1):
        record = range(3)[year] * 4
        rows = [meta.series.index(f"margin.{hop}") for hop in meta.hops]
        expected = arrays["series"][rows, record, :n].astype(np.float32)
        assert np.array_equal(read.at_year("margin", year), expected)
        assert np.array_equal(read.at_year("margin.lab", year), expected[1])
        gap = arrays["series"][meta.series.index("gap"), record, :n]
        assert np.array_equal(read.at_year("gap", year), gap.astype(np.float32))


def test_whole_arrays_are_cut_to_the_limit(tmp_path):
    meta = make_meta()
    arrays = make_arrays(meta)
    write_run(tmp_path / "toy", meta, arrays)
    draws = Trajectories(tmp_path / "toy", 70).whole("parameters")
    assert np.array_equal(draws, arrays["parameters"][:, :70].astype(np.float32))


def test_what_was_not_kept_is_refused_with_advice(tmp_path):
    write_run(tmp_path / "toy", make_meta())
    with pytest.raises(UsageError, match=r"does not keep revenue .*keep_series"):
        Trajectories(tmp_path / "toy").at_year("revenue.lab", 0)


def test_a_run_that_kept_only_its_summary_has_no_trajectories(tmp_path):
    write_run(tmp_path / "toy", make_meta(keep="summary"))
    read = Trajectories(tmp_path / "toy")
    assert read.n == 0
    assert not read.keeps("discounted_profit")
    with pytest.raises(UsageError, match="--keep outcomes"):
        read.whole("discounted_profit")
