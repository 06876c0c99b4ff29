import json
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

from sandwich_sim.errors import BusyError, IntegrityError, ResourceError, UsageError
from sandwich_sim.results.aggregate import dataset_summary
from sandwich_sim.results.dataset import open_run, read_accumulators, read_meta
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.files import folder_state, write_checked, write_file
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.store import RunWriter
from synthetic_run import accumulate, make_arrays, make_meta, unit_of, write_run


def writer_of(folder: Path, **changes: object) -> RunWriter:
    return RunWriter(folder, layout_of(make_meta(**changes)), "", {})


def test_a_folder_opens_with_xarray_without_any_warning(tmp_path: Path) -> None:
    write_run(tmp_path / "run", make_meta())
    code = (
        "import sys, xarray; d = xarray.open_zarr(sys.argv[1]); d.load();"
        "g = xarray.open_zarr(sys.argv[1], group='accumulators'); g.load();"
        "t = xarray.open_datatree(sys.argv[1], engine='zarr'); print(sorted(d.dims))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path / "run")], capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "['event', 'hop', 'parameter', 'quantile', 'time', 'trajectory', 'year']"


@pytest.mark.parametrize("keep", ["summary", "outcomes", "paths"])
def test_stored_values_are_those_that_were_given(tmp_path: Path, keep: str) -> None:
    meta = make_meta(keep=keep)
    arrays = make_arrays(meta)
    write_run(tmp_path / "run", meta, arrays)
    dataset = open_run(tmp_path / "run")
    mean = arrays["series"][meta.series.index("margin.lab")].mean(axis=-1)
    np.testing.assert_allclose(dataset["margin_mean"].sel(hop="lab"), mean, rtol=1e-12)
    if keep == "summary":
        assert "trajectory" not in dataset.dims
        return
    rows = {"outcomes": slice(None, None, 4), "paths": slice(None)}[keep]
    expected = arrays["series"][meta.series.index("margin.chips"), rows].astype(np.float32)
    np.testing.assert_array_equal(dataset["margin"].sel(hop="chips"), expected)
    np.testing.assert_array_equal(dataset["parameters"], arrays["parameters"].astype(np.float32))
    np.testing.assert_array_equal(dataset["discounted_profit"], arrays["cumulative"][2].astype(np.float32))
    np.testing.assert_array_equal(dataset["event_flag"], arrays["event_flag"].astype(bool))
    np.testing.assert_array_equal(dataset["event_time"], arrays["event_time"].astype(np.float32))
    np.testing.assert_array_equal(dataset["scramble"], arrays["scramble"])


def test_accumulators_come_back_as_they_were(tmp_path: Path) -> None:
    meta = make_meta()
    arrays = make_arrays(meta)
    write_run(tmp_path / "run", meta, arrays)
    expected = accumulate(meta, arrays)
    found = read_accumulators(tmp_path / "run")
    assert found.keys() == expected.keys() | {"fan_axis", "fine_axis"}
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], np.broadcast_to(values, found[name].shape))
    assert read_meta(tmp_path / "run") == meta


def test_units_may_be_written_by_several_threads(tmp_path: Path) -> None:
    meta = make_meta(n_trajectories=640)
    arrays = make_arrays(meta)
    writer = RunWriter(tmp_path / "run", layout_of(meta), "", {})
    threads = [
        threading.Thread(target=writer.write_unit, args=(first, unit_of(meta, arrays, first)))
        for first in reversed(range(0, 640, 64))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accumulators = accumulate(meta, arrays)
    writer.finish(accumulators, dataset_summary(accumulators, meta))
    np.testing.assert_array_equal(
        open_run(tmp_path / "run")["parameters"], arrays["parameters"].astype(np.float32)
    )


def test_the_last_unit_may_be_short(tmp_path: Path) -> None:
    meta = make_meta(n_trajectories=65)
    arrays = make_arrays(meta)
    write_run(tmp_path / "run", meta, arrays)
    assert open_run(tmp_path / "run").sizes["trajectory"] == 65
    np.testing.assert_array_equal(
        open_run(tmp_path / "run")["gap"][-1],
        arrays["series"][meta.series.index("gap"), -1].astype(np.float32),
    )


@pytest.mark.parametrize("first", [1, 63, 256, -64])
def test_a_misaligned_unit_is_refused(tmp_path: Path, first: int) -> None:
    meta = make_meta()
    with writer_of(tmp_path / "run") as writer, pytest.raises(ValueError, match="does not start a unit"):
        writer.write_unit(first, unit_of(meta, make_arrays(meta), 0))


def test_a_unit_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    meta = make_meta()
    with writer_of(tmp_path / "run") as writer, pytest.raises(ValueError, match="expected 8"):
        writer.write_unit(192, unit_of(meta, make_arrays(meta), 0))


def test_a_unit_is_written_once(tmp_path: Path) -> None:
    meta = make_meta()
    unit = unit_of(meta, make_arrays(meta), 0)
    with writer_of(tmp_path / "run") as writer:
        writer.write_unit(0, unit)
        with pytest.raises(ValueError, match="written before"):
            writer.write_unit(0, unit)


def test_a_run_with_a_missing_unit_cannot_be_finished(tmp_path: Path) -> None:
    meta = make_meta()
    arrays = make_arrays(meta)
    accumulators = accumulate(meta, arrays)
    with writer_of(tmp_path / "run") as writer:
        writer.write_unit(0, unit_of(meta, arrays, 0))
        with pytest.raises(ValueError, match="1 of 4 units"):
            writer.finish(accumulators, dataset_summary(accumulators, meta))


def test_a_crash_before_the_end_leaves_a_run_that_is_refused(tmp_path: Path) -> None:
    meta = make_meta()
    writer = writer_of(tmp_path / "run")
    writer.write_unit(0, unit_of(meta, make_arrays(meta), 0))
    assert folder_state(tmp_path / "run") == "incomplete"
    with pytest.raises(IntegrityError, match="not complete"):
        open_run(tmp_path / "run")
    dataset = open_run(tmp_path / "run", allow_partial=True)
    assert dataset.attrs["complete"] is False
    assert np.isnan(dataset["margin_mean"]).all()
    assert np.isnan(dataset["parameters"][:, 64:]).all()
    writer.abandon()


def test_an_abandoned_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), writer_of(tmp_path / "run") as writer:
        writer.prepare()
        raise RuntimeError
    assert not (tmp_path / "run").exists()


def test_an_abandoned_run_can_be_kept(tmp_path: Path) -> None:
    writer = writer_of(tmp_path / "run")
    writer.prepare()
    writer.abandon(keep=True)
    assert folder_state(tmp_path / "run") == "incomplete"


def test_an_incomplete_run_is_gone_on_with(tmp_path: Path) -> None:
    meta = make_meta()
    writer = writer_of(tmp_path / "run")
    writer.prepare()
    (tmp_path / "run" / "margin" / "stray.partial").write_text("left by a crash")
    writer.abandon(keep=True)
    assert folder_state(tmp_path / "run") == "incomplete"
    again = writer_of(tmp_path / "run")
    again.prepare()
    assert again.stored == frozenset()
    assert not list((tmp_path / "run").rglob("*.partial"))
    arrays = make_arrays(meta)
    for first in range(0, 200, 64):
        again.write_unit(first, unit_of(meta, arrays, first))
    accumulators = accumulate(meta, arrays)
    again.finish(accumulators, dataset_summary(accumulators, meta))
    write_run(tmp_path / "whole", meta, arrays)
    assert content_digest(tmp_path / "run") == content_digest(tmp_path / "whole")


def test_an_incomplete_run_of_something_else_is_left_alone(tmp_path: Path) -> None:
    writer = writer_of(tmp_path / "run")
    writer.prepare()
    writer.abandon(keep=True)
    with pytest.raises(UsageError, match="holds a stopped run of other options"):
        writer_of(tmp_path / "run", seed=1).prepare()
    assert folder_state(tmp_path / "run") == "incomplete"
    other = RunWriter(tmp_path / "run", layout_of(make_meta(seed=1)), "", {}, overwrite=True)
    other.prepare()
    other.abandon()
    assert not (tmp_path / "run").exists()


def test_a_complete_run_is_not_replaced_unless_asked(tmp_path: Path) -> None:
    write_run(tmp_path / "run", make_meta())
    with pytest.raises(UsageError, match="holds a complete run"):
        writer_of(tmp_path / "run").prepare()
    assert folder_state(tmp_path / "run") == "complete"
    writer = RunWriter(tmp_path / "run", layout_of(make_meta()), "", {}, overwrite=True)
    writer.prepare()
    assert folder_state(tmp_path / "run") == "incomplete"
    writer.abandon()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="is not a run folder"):
        writer_of(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError):
        writer_of(tmp_path / "file").prepare()
    with pytest.raises(UsageError):
        writer_of(tmp_path / "file" / "below").prepare()


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        writer_of(tmp_path / ("x" * 300)).prepare()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such lock")
def test_a_second_writer_on_one_folder_is_refused(tmp_path: Path) -> None:
    first = writer_of(tmp_path / "run")
    first.prepare()
    with pytest.raises(BusyError, match="is writing there"):
        writer_of(tmp_path / "run").prepare()
    first.abandon()
    second = writer_of(tmp_path / "run")
    second.prepare()
    second.abandon()


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = make_meta()
    writer = writer_of(tmp_path / "run")
    writer.prepare()

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sandwich_sim.results.commit.write_checked", fail)
    with pytest.raises(ResourceError, match="No space left on device"):
        writer.write_unit(0, unit_of(meta, make_arrays(meta), 0))
    writer.abandon()


def test_failed_trajectories_mark_the_run(tmp_path: Path) -> None:
    write_run(tmp_path / "run", make_meta(), failures=np.array([2, 0, 1, 0]))
    assert open_run(tmp_path / "run").attrs["failures"] == [2, 0, 1, 0]
    assert json.loads((tmp_path / "run" / "_COMPLETE").read_text())["failures"] == [2, 0, 1, 0]


def test_a_chain_without_events_and_inputs_can_be_stored(tmp_path: Path) -> None:
    meta = make_meta(events=(), event_titles=(), parameters=(), keep_series=("gap", "margin.chips"))
    arrays = make_arrays(meta)
    write_run(tmp_path / "run", meta, arrays)
    dataset = open_run(tmp_path / "run")
    assert dataset["margin.chips"].dims == ("year", "trajectory")
    expected = arrays["series"][meta.series.index("margin.chips"), ::4].astype(np.float32)
    np.testing.assert_array_equal(dataset["margin.chips"], expected)


def test_a_summary_does_not_grow_with_the_number_of_trajectories() -> None:
    small, large = (layout_of(make_meta(keep="summary", n_trajectories=n)) for n in (10**3, 10**12))
    assert small.fixed_bytes == large.fixed_bytes
    assert large.unit_bytes == 0


def test_the_provenance_and_the_scenario_lie_beside_the_arrays(tmp_path: Path) -> None:
    write_run(tmp_path / "run", make_meta())
    assert (tmp_path / "run" / "scenario.toml").read_text() == 'name = "toy"\n'
    assert json.loads((tmp_path / "run" / "provenance.json").read_text())["run"]["seed"] == 2**64 - 1
    assert not (tmp_path / "run" / ".lock").exists()
    assert not list((tmp_path / "run").rglob("*.partial"))


@pytest.mark.parametrize("size", [0, 5, 2**18, 2**18 + 1, 2**22, 2**22 + 4096, 3 * 2**22])
@pytest.mark.parametrize("direct", [True, False])
def test_a_file_holds_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, direct: bool
) -> None:
    if not direct:
        monkeypatch.delattr("os.O_DIRECT", raising=False)
    data = np.random.default_rng(size).bytes(size)
    crc = write_checked(tmp_path / "file", memoryview(data))
    assert (tmp_path / "file").read_bytes() == data + crc.to_bytes(4, "little")
    write_file(tmp_path / "file", data, durable=True)
    assert (tmp_path / "file").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_system_without_direct_writes_gets_plain_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, failed = os.write, []

    def refuse_once(descriptor: int, data: memoryview) -> int:
        if not failed:
            failed.append(True)
            raise OSError(22, "Invalid argument")
        return write(descriptor, data)

    monkeypatch.setattr("os.write", refuse_once)
    data = bytes(range(256)) * 4096
    write_checked(tmp_path / "file", data)
    assert (tmp_path / "file").read_bytes()[:-4] == data
    assert failed


def test_no_warning_is_raised_when_writing(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_run(tmp_path / "run", make_meta())
