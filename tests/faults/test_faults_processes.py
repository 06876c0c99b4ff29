"""Signals, several processes on one folder, and readers beside a writer."""

import os
import random
import shutil
import signal
import sys
import threading

import numpy as np
import pytest

from forked_runs import GROUP, UNIT, small_spec
from sandwich_sim import execution
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.results.dataset import open_run
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.files import folder_state
from sandwich_sim.results.folder_lock import FolderLock, holder_of
from sandwich_sim.results.status import run_status
from sandwich_sim.results.verify import verify_run
from sandwich_sim.simulation import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither fork nor these signals")

N = 5 * GROUP * UNIT + 100


@pytest.fixture(scope="module")
def digest(server, memory):
    folder = memory / "undisturbed"
    assert server.finish("run", folder, trajectories=N) == 0
    return content_digest(folder)


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_stops_a_run_that_can_be_gone_on_with(server, memory, digest, name, code):
    chance, codes, parts = random.Random(name), [], []
    for trial in range(8):
        folder = memory / f"{name}-{trial}"
        process = server.begin("run", folder, trajectories=N)
        codes.append(server.signal_after(chance.uniform(0.0, 0.7), getattr(signal, name), process))
        state = folder_state(folder)
        if codes[-1] == 0:
            assert state == "complete"
        else:
            # All that is there is sound, and nobody holds it; where no part was done, nothing is there,
            # or the folder alone. Of a run that was just done, the message alone was cut short.
            assert state in ("absent", "empty", "incomplete", "complete")
            assert holder_of(folder) == ""
            if state == "incomplete":
                parts.append(verify_run(folder).parts)
                assert verify_run(folder).problems == {}
        how = "run" if state in ("absent", "empty") else "resume"
        assert server.finish(how, folder, trajectories=N) == 0
        assert content_digest(folder) == digest
    assert set(codes) <= {0, code}
    assert code in codes


@pytest.mark.parametrize("has_lock", [False, True])
def test_the_same_command_goes_on_from_a_folder_that_was_just_made(
    server, memory, digest, monkeypatch, has_lock
):
    """A signal between the making of the folder and its first file, before or after it is locked."""
    folder = memory / f"empty-{has_lock}"

    def stop(path):
        if has_lock:
            os.close(FolderLock(path)._descriptor)  # as the end of the process does
        raise KeyboardInterrupt

    monkeypatch.setattr("sandwich_sim.results.store.FolderLock", stop)
    with pytest.raises(KeyboardInterrupt):
        run(small_spec(), output=folder, trajectories=N)
    assert [path.name for path in folder.iterdir()] == [".lock"] * has_lock
    assert folder_state(folder) == "empty"
    assert server.finish("run", folder, trajectories=N) == 0
    assert content_digest(folder) == digest


@pytest.mark.parametrize("threads", [1, 2])
def test_no_more_is_computed_after_a_signal_than_was_under_way(memory, monkeypatch, threads):
    """Counted in calls of the kernel, which take some 30 ms each; a run would take hundreds."""
    calls, is_stopped = [], threading.Event()

    class Counted(execution.Worker):
        def run_unit(self, unit, on_piece=None, after_slice=None):
            def count(n):
                calls.append(is_stopped.is_set())
                after_slice(n)

            return super().run_unit(unit, on_piece, count)

    def stop(progress):
        if calls:
            is_stopped.set()
            raise KeyboardInterrupt

    monkeypatch.setattr(execution, "Worker", Counted)
    with pytest.raises(KeyboardInterrupt):
        run(small_spec(), output=memory / "few", trajectories=2**24, threads=threads, progress=stop)
    # What each thread had under way, and another where one ended just before it was told.
    assert sum(calls) <= 2 * threads
    assert not (memory / "few").exists()


def races(server, memory, digest, n_race):
    chance = random.Random(7)
    for trial in range(n_race):
        folder = memory / f"race-{trial}"
        codes = server.race("run", folder, chance.randint(2, 4), trajectories=N)
        # One makes it; the others find it busy, or done (then it is theirs, too).
        assert set(codes) <= {0, 7}, codes
        assert 0 in codes
        assert verify_run(folder).problems == {}
        assert content_digest(folder) == digest


def test_of_several_runs_on_one_folder_one_wins(server, memory, digest):
    races(server, memory, digest, 6)


@pytest.mark.nightly
def test_of_several_runs_on_one_folder_one_wins_two_hundred_times(server, memory, digest):
    races(server, memory, digest, 200)


def test_several_that_go_on_with_one_run_do_not_meet(server, memory, digest):
    folder = memory / "resumed"
    process = server.begin("run", folder, trajectories=N)
    while folder_state(folder) in ("absent", "empty") or not run_status(folder).parts:
        pass
    assert server.signal_after(0.0, signal.SIGKILL, process) in (0, -signal.SIGKILL)
    codes = server.race("resume", folder, 3)
    assert 0 in codes
    assert set(codes) <= {0, 7}
    assert content_digest(folder) == digest


def test_the_lock_of_a_dead_process_is_none(tmp_path):
    (tmp_path / ".lock").write_text('{"process": 1, "host": "elsewhere", "since": "2026-01-01"}\n')
    assert holder_of(tmp_path) == ""
    lock = FolderLock(tmp_path)
    assert "process" in holder_of(tmp_path)
    assert "(since " in holder_of(tmp_path)
    lock.release()
    assert holder_of(tmp_path) == ""
    assert not (tmp_path / ".lock").exists()


def read_while_written(server, folder, n_read):
    """Read a run again and again while it is written; returns what was seen of one array."""
    seen, partly = [], 0
    done = threading.Event()
    process = server.begin("run", folder, trajectories=N)
    waiter = threading.Thread(target=lambda: (server.end(), done.set()))
    waiter.start()
    while len(seen) < n_read and not done.is_set():
        try:
            open_run(folder)
            assert folder_state(folder) == "complete"
            break
        except (IntegrityError, UsageError):
            pass  # not there, or not complete
        try:
            with open_run(folder, allow_partial=True) as dataset:
                values = dataset["gap"].values
        except (IntegrityError, UsageError, FileNotFoundError, KeyError):
            continue  # its description was not there yet
        seen.append(values)
        partly += bool(np.isnan(values).any() and not np.isnan(values).all())
    waiter.join()
    assert process
    return seen, partly


def check_readers(server, memory, n_run, n_read):
    n_seen = n_partly = 0
    for trial in range(n_run):
        folder = memory / f"read-{trial}"
        seen, partly = read_while_written(server, folder, n_read)
        with open_run(folder) as dataset:
            whole = dataset["gap"].values
        assert not np.isnan(whole).any()
        for values in seen:
            # Chunks are there as a whole or not at all, and never anything but what they will be.
            for first in range(0, N, UNIT):
                chunk, final = values[:, first : first + UNIT], whole[:, first : first + UNIT]
                assert np.isnan(chunk).all() or np.array_equal(chunk, final)
        n_seen, n_partly = n_seen + len(seen), n_partly + partly
        shutil.rmtree(folder)  # its name is used again
    return n_seen, n_partly


def test_readers_beside_a_writer_see_whole_chunks_or_none(server, memory, digest):
    n_seen, _ = check_readers(server, memory, 6, 50)
    assert n_seen > 5


@pytest.mark.nightly
def test_readers_beside_a_writer_see_whole_chunks_or_none_ten_thousand_times(server, memory, digest):
    n_seen = n_partly = 0
    while n_seen < 10_000:
        more, partly = check_readers(server, memory, 20, 1000)
        n_seen, n_partly = n_seen + more, n_partly + partly
    print(f"{n_seen} reads, {n_partly} of them of runs that were partly there")
