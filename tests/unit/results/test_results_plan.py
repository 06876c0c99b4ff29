from pathlib import Path

import pytest

from sandwich_sim.errors import ResourceError, UsageError
from sandwich_sim.results import machine, plan
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.plan import check_plan, check_sizes, plan_run
from synthetic_run import make_meta, write_run


def planned(**changes: object) -> plan.Plan:
    return plan_run(layout_of(make_meta(unit=32768, **changes)), threads=2)


@pytest.mark.parametrize(
    ("n", "steps", "seed"),
    [
        (0, 40, 0),
        (-1, 40, 0),
        (2**48, 40, 0),
        (10**18, 40, 0),
        (1, 0, 0),
        (1, 2**16, 0),
        (1, 1, 2**64),
        (1, 1, -1),
    ],
)
def test_sizes_that_cannot_be_addressed_are_refused(n: int, steps: int, seed: int) -> None:
    with pytest.raises(UsageError):
        check_sizes(n, steps, seed)


def test_the_largest_sizes_are_taken() -> None:
    check_sizes(2**48 - 1, 2**16 - 1, 2**64 - 1)


def test_planning_an_absurd_run_allocates_nothing() -> None:
    with pytest.raises(UsageError):
        planned(n_trajectories=2**60)
    with pytest.raises(UsageError):
        planned(years=10**9)


def test_the_planned_disk_is_what_a_run_takes(tmp_path: Path) -> None:
    meta = make_meta(n_trajectories=640)
    write_run(tmp_path / "run", meta)
    written = sum(p.stat().st_size for p in (tmp_path / "run").rglob("*") if p.is_file())
    found = plan_run(layout_of(meta), threads=2).disk_bytes
    assert abs(found - written) < 0.02 * written


def test_the_sums_of_each_part_need_room_until_the_run_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from part_runs import part_sums, small_meta, use_small_parts

    use_small_parts(monkeypatch)
    meta = small_meta(keep="summary")
    n_parts = 3
    size = len(part_sums(meta, 0).to_bytes())
    found = plan_run(layout_of(meta), threads=2)
    assert found.passing_disk_bytes == n_parts * size
    assert plan_run(layout_of(meta), threads=2, in_memory=True).passing_disk_bytes == 0
    # Room for the folder as it is in the end is not enough; with what a stopped run left there, it is.
    room = found.disk_bytes + (n_parts - 1) * size
    monkeypatch.setattr(plan, "free_disk", lambda _: int(room / plan._FREE_PART))
    with pytest.raises(ResourceError, match="of disk"):
        check_plan(found, tmp_path)
    check_plan(found, tmp_path, present=size + 1)


def test_memory_of_a_summary_does_not_grow() -> None:
    assert planned(keep="summary", n_trajectories=10**6).memory_bytes == (
        planned(keep="summary", n_trajectories=10**9).memory_bytes
    )


def test_results_in_memory_take_no_disk_but_memory() -> None:
    layout = layout_of(make_meta(n_trajectories=10**6, unit=32768))
    found = plan_run(layout, threads=2, in_memory=True)
    assert found.disk_bytes == 0
    assert found.memory_bytes > 2 * sum(array.chunk_bytes for array in layout.trajectories) * 10**6 // 32768


def test_more_threads_take_less_time() -> None:
    layout = layout_of(make_meta(n_trajectories=10**6, unit=32768))
    assert plan_run(layout, threads=8).seconds < plan_run(layout, threads=1).seconds


def test_too_little_memory_says_what_to_do() -> None:
    with pytest.raises(ResourceError) as caught:
        check_plan(planned(n_trajectories=10**6), None, max_memory=10_000_000)
    assert "10 MB are available" in str(caught.value)
    assert "--keep summary" in str(caught.value)
    assert caught.value.exit_code == 5


def test_memory_that_suffices_for_fewer_trajectories_names_their_number() -> None:
    layout = layout_of(make_meta(n_trajectories=10**7, unit=32768))
    found = plan_run(layout, threads=2, in_memory=True)
    limit = (found.fixed_memory_bytes + found.memory_bytes) // 2
    with pytest.raises(ResourceError, match=r"or -n (49|50)00000\."):
        check_plan(found, None, max_memory=limit)


def test_too_little_disk_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = planned(n_trajectories=10**7)
    monkeypatch.setattr(plan, "free_disk", lambda _: found.disk_bytes // 2)
    with pytest.raises(
        ResourceError, match=r"of disk, .* are free there\. Use --keep summary or -n 4[4-7]00000"
    ):
        check_plan(found, tmp_path / "new" / "run")


def test_a_full_disk_is_not_cured_by_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "free_disk", lambda _: 1000)
    with pytest.raises(ResourceError, match=r"Use --keep summary or another --output\."):
        check_plan(planned(n_trajectories=1000), tmp_path)
    with pytest.raises(ResourceError, match=r"Use another --output\."):
        check_plan(planned(n_trajectories=1000, keep="summary"), tmp_path)


def test_a_small_run_fits(tmp_path: Path) -> None:
    check_plan(planned(n_trajectories=1000), tmp_path / "new" / "run")


def test_the_machine_says_what_it_has(tmp_path: Path) -> None:
    available = machine.available_memory()
    assert available is None or available > 10_000_000
    assert machine.free_disk(tmp_path / "a" / "b") == pytest.approx(machine.free_disk(tmp_path), rel=0.05)


def test_a_control_group_limits_the_memory(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("600000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 100000\n")
    assert machine._limit_less_use(tmp_path, "memory.max", "memory.current") == 500_000
    (tmp_path / "memory.max").write_text("max\n")
    assert machine._limit_less_use(tmp_path, "memory.max", "memory.current") is None
