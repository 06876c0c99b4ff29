"""How runs end that do not come to their end, and what becomes of a folder that is taken."""

import json
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from engine_runs import START, start_python
from sandwich_sim.cli.main import cli
from sandwich_sim.errors import ResourceError, UsageError
from sandwich_sim.results.dataset import open_run, read_meta
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.files import folder_state
from sandwich_sim.results.fold import Fold
from sandwich_sim.results.folder_lock import FolderLock
from sandwich_sim.results.manifest import read_manifest, write_manifest
from sandwich_sim.results.store import RunWriter
from sandwich_sim.sampling import draw
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run, simulate

N = 64
LONG = """extends = "base"
title = "Four decades"
summary = "Minutes of work."
[time]
years = 40
[run]
fans = ["gap"]
keep_series = ["gap"]
"""
TOO_MUCH_MEMORY_SHARE = 'edge.chips-memory.share={dist="triangular", low=0.42, mode=0.5, high=0.78}'


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Call the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def start(tmp_path):
    """Start a run of minutes, and of little disk, in a process of its own."""
    started = []

    def begin(*arguments):
        (tmp_path / "long.toml").write_text(LONG)
        process = start_python(tmp_path, START, "run", "long.toml", "-n", 2**20, *arguments)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def wait_for(condition, process):
    for _ in range(1200):
        if condition():
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    raise AssertionError("the run did not begin")


@pytest.fixture(scope="module")
def base():
    return load_scenario("base")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-n", 2**48), "trajectories: use 1 to"),
        (("-n", 2**37), "the sampler sobol takes 1 to 68,719,476,736"),
        (("--threads", 1025), "use 1 to 1024"),
        (("--set", "time.years=100", "--set", "time.steps_per_year=1000"), "steps"),
        (("--set", "open_source.leap_rate=100.0", "--set", "time.steps_per_year=1"), "25 jumps a step"),
    ],
)
def test_sizes_above_hard_caps_exit_with_2_and_write_nothing(call, tmp_path, options, message):
    done = call("run", "base", "--keep", "summary", *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", ["outcomes", "paths"])
def test_a_run_too_large_for_the_disk_exits_with_5_and_writes_nothing(call, tmp_path, keep):
    done = call("run", "base", "-n", 10**12, "--sampler", "random", "--keep", keep)
    assert (done.exit_code, done.stdout) == (5, "")
    assert "of disk" in done.stderr
    assert "Use --keep summary" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_run_too_large_for_memory_is_refused_before_it_begins(base):
    with pytest.raises(ResourceError, match="of memory"):
        simulate(base, trajectories=10**9, sampler="random")


@pytest.mark.parametrize("sampler", ["random", "latin-hypercube", "sobol"])
def test_drawn_cost_shares_above_one_are_found_before_anything_is_written(call, tmp_path, sampler):
    command = ("run", "base", "-n", 4096, "--seed", 4, "--sampler", sampler, "--set", TOO_MUCH_MEMORY_SHARE)
    done = call(*command)
    assert (done.exit_code, done.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []
    spec = load_scenario("base", (TOO_MUCH_MEMORY_SHARE,))
    names = ("edge.chips-foundry.share", "edge.chips-memory.share")
    shares = draw(spec, names, np.arange(4096), seed=4, sampler=sampler, trajectories=4096)
    first = int(np.flatnonzero(shares.sum(axis=0) > 1.0)[0])
    assert first > 0
    assert (
        f"the cost shares of chips sum to {shares.sum(axis=0)[first]:.4g} on trajectory {first}"
        in done.stderr
    )
    with pytest.raises(UsageError, match=f"trajectory {first}:"):
        simulate(spec, trajectories=4096, seed=4, sampler=sampler)


def test_the_same_run_is_reused_whatever_the_threads(call, tmp_path):
    assert call("run", "base", "-n", N, "--threads", 1).exit_code == 0
    (folder,) = (tmp_path / "results").iterdir()
    written = (folder / "_COMPLETE").stat().st_mtime_ns
    again = call("run", "base", "-n", N, "--threads", 3)
    assert again.exit_code == 0
    assert "Results (reused): " in again.stdout
    assert (folder / "_COMPLETE").stat().st_mtime_ns == written
    assert list((tmp_path / "results").iterdir()) == [folder]


@pytest.fixture(scope="module")
def kept(tmp_path_factory, base):
    """A run that no test changes."""
    return run(base, output=tmp_path_factory.mktemp("kept") / "run", trajectories=N, seed=1).folder


@pytest.mark.parametrize(
    "option",
    [
        ("--seed", 2),
        ("-n", 2 * N),
        ("--keep", "summary"),
        ("--sampler", "random"),
        ("--no-shocks",),
        ("--set", "open_source.gap=4.0"),
    ],
    ids=lambda option: option[0],
)
def test_another_option_is_another_run(call, kept, option):
    before = (kept / "_COMPLETE").stat().st_mtime_ns
    refused = call("run", "base", "-n", N, "--seed", 1, *option, "-o", kept)
    assert refused.exit_code == 2
    assert "holds another run. Choose another --output, or replace it with --force." in refused.stderr
    assert (kept / "_COMPLETE").stat().st_mtime_ns == before


def test_another_seed_gets_another_folder_or_replaces_by_force(call, tmp_path):
    first = ("run", "base", "-n", N, "--seed", 1)
    assert call(*first).exit_code == 0
    assert call(*first, "--seed", 2).exit_code == 0
    folders = list((tmp_path / "results").iterdir())
    assert len(folders) == 2
    for folder in folders:
        assert call(*first, "--seed", 2, "-o", folder, "--force").exit_code == 0
    assert content_digest(folders[0]) == content_digest(folders[1])


def test_force_makes_the_same_run_again(call, tmp_path):
    command = ("run", "base", "-n", N, "-o", "here")
    assert call(*command).exit_code == 0
    digest, written = content_digest(tmp_path / "here"), (tmp_path / "here" / "_COMPLETE").stat().st_mtime_ns
    (tmp_path / "here" / "leftover.txt").write_text("of a reader")
    done = call(*command, "--force")
    assert done.exit_code == 0
    assert "reused" not in done.stdout
    assert (tmp_path / "here" / "_COMPLETE").stat().st_mtime_ns > written
    assert content_digest(tmp_path / "here") == digest
    assert (tmp_path / "here" / "leftover.txt").read_text() == "of a reader"


def test_a_run_of_another_platform_is_made_again_unless_its_folder_was_named(tmp_path, base):
    def age(folder):
        path = folder / "provenance.json"
        document = json.loads(path.read_text())
        document["fingerprint"]["digest"] = "0" * 16
        path.write_text(json.dumps(document))
        manifest = read_manifest(folder)
        manifest.provenance = document
        write_manifest(folder, manifest)

    first = run(base, root=tmp_path, trajectories=N)
    age(first.folder)
    again = run(base, root=tmp_path, trajectories=N)
    assert again.folder == first.folder
    assert not again.reused
    assert run(base, root=tmp_path, trajectories=N).reused
    named = run(base, output=tmp_path / "named", trajectories=N)
    age(named.folder)
    with pytest.raises(UsageError, match="holds a complete run"):
        run(base, output=tmp_path / "named", trajectories=N)
    assert read_meta(named.folder).n_trajectories == N


def test_an_incomplete_run_is_made_again(call, tmp_path):
    command = ("run", "base", "-n", N, "-o", "here")
    assert call(*command).exit_code == 0
    digest = content_digest(tmp_path / "here")
    (tmp_path / "here" / "_COMPLETE").unlink()
    done = call(*command)
    assert done.exit_code == 0
    assert "reused" not in done.stdout
    assert content_digest(tmp_path / "here") == digest


@pytest.mark.parametrize("keep", ["summary", "outcomes"])
def test_a_folder_in_use_exits_with_7_at_once(call, tmp_path, base, monkeypatch, keep):
    def compute(*arguments, **options):
        raise AssertionError("the run began")

    folder = tmp_path / "busy"
    folder.mkdir()
    lock = FolderLock(folder)
    monkeypatch.setattr("sandwich_sim.simulation.execute", compute)
    done = call("run", "base", "-n", N, "--keep", keep, "-o", "busy")
    assert (done.exit_code, done.stdout) == (7, "")
    assert "busy: process " in done.stderr
    lock.release()
    monkeypatch.undo()
    assert run(base, output=folder, trajectories=N, keep=keep).folder == folder


@pytest.mark.parametrize(
    ("name", "code", "keep"),
    [("SIGINT", 130, "outcomes"), ("SIGTERM", 143, "summary"), ("SIGHUP", 129, "outcomes")],
)
def test_a_signal_leaves_nothing_half_written(call, start, tmp_path, name, code, keep):
    process = start("--keep", keep, "-o", "out/run")
    folder = tmp_path / "out" / "run"
    chunks = "parameters/c/0/*" if keep == "outcomes" else "zarr.json"
    wait_for(lambda: any(folder.glob(chunks)), process)
    busy = call("run", "base", "-n", N, "-o", "out/run")
    assert busy.exit_code == 7
    began = time.monotonic()
    process.send_signal(getattr(signal, name))
    stdout, stderr = process.communicate(timeout=60)
    assert time.monotonic() - began < 20.0
    assert (process.returncode, stdout) == (code, "")
    assert stderr.splitlines()[-1].startswith("stopped. Nothing of it is kept: it was in its first part of ")
    assert "Traceback" not in stderr
    assert not folder.exists()
    assert call("run", "base", "-n", N, "-o", "out/run").exit_code == 0


@pytest.mark.parametrize("where", ["add", "result"])
def test_no_thread_runs_on_when_the_folder_of_a_stopped_run_is_left(tmp_path, base, monkeypatch, where):
    # Ctrl-C in the middle of an addition, while other units are being computed and written.
    for module in ("engine", "results.meta"):
        monkeypatch.setattr(f"sandwich_sim.{module}.UNIT", 512)
    spec = replace(base, years=4, events=())

    def stop(*arguments):
        raise KeyboardInterrupt

    def abandon(self):
        alive.extend(
            thread.name for thread in threading.enumerate() if thread.name.startswith("sandwich-sim")
        )
        remove(self)

    alive, remove = [], RunWriter.abandon
    monkeypatch.setattr(RunWriter, "abandon", abandon)
    monkeypatch.setattr(Fold, where, stop)
    with pytest.raises(KeyboardInterrupt):
        run(spec, output=tmp_path / "run", trajectories=16384, threads=3)
    assert alive == []
    assert folder_state(tmp_path / "run") == "incomplete"
    monkeypatch.undo()
    with pytest.raises(UsageError, match="of other options"):  # of other units, that is
        run(spec, output=tmp_path / "run", trajectories=16384)


def test_an_error_while_writing_stops_the_run_and_removes_it(tmp_path, base, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sandwich_sim.results.store.commit_unit", fail)
    with pytest.raises(ResourceError, match="No space left on device"):
        run(base, output=tmp_path / "run", trajectories=N)
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_run_is_not_opened(tmp_path, base):
    result = run(base, output=tmp_path / "run", trajectories=N)
    (result.folder / "_COMPLETE").unlink()
    with pytest.raises(Exception, match="not complete"):
        open_run(result.folder)
