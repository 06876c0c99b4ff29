"""Busy processors, torn caches, little memory, few open files: a run takes longer, or ends in words."""

import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine_runs import run_python
from forked_runs import UNIT, small_spec, use_small_units
from sandwich_sim import engine
from sandwich_sim.kernels._jit import cache_folder
from sandwich_sim.prepare import plan, prepare
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.verify import verify_run
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory as Linux tells it")

N = 5 * UNIT + 77
ROUNDING = 1.15
"""What a run may take of the memory that was planned for it."""
PAGES = 16e6
"""What the interpreter may take more or less of memory from one start to the next [B]."""


def digests_under_stress(monkeypatch, room, n):
    """Digests of runs beside busy processes, whose threads wait at random before each unit."""
    use_small_units(monkeypatch.setattr)
    plain, chance = engine.Worker.run, random.Random(1)

    def hindered(*arguments, **options):
        time.sleep(chance.choice((0.0, 0.0, 1e-5, 1e-3, 2e-2)))
        return plain(*arguments, **options)

    monkeypatch.setattr(engine.Worker, "run", hindered)
    monkeypatch.setattr("sandwich_sim.results.plan.available_memory", lambda: None)
    found, interval = [], sys.getswitchinterval()
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            busy = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(busy.kill)
        try:
            for number in range(n):
                sys.setswitchinterval(chance.choice((1e-6, 1e-4, 5e-3)))
                folder = room / str(number)
                run(small_spec(), output=folder, trajectories=N, threads=chance.randint(1, 8))
                found.append(content_digest(folder))
                shutil.rmtree(folder)
        finally:
            sys.setswitchinterval(interval)
    return found


@pytest.mark.nightly
def test_fifty_runs_on_busy_processors_have_one_digest(monkeypatch, memory):
    found = digests_under_stress(monkeypatch, memory, 50)
    assert len(found) == 50
    assert len(set(found)) == 1


DIGEST = """
import sys
from pathlib import Path
from sandwich_sim.results.digest import content_digest
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run
result = run(load_scenario("base"), output=Path(sys.argv[1]), trajectories=48, seed=5, threads=1)
print(content_digest(result.folder))
"""


@pytest.mark.nightly
def test_a_cold_a_warm_and_a_torn_cache_give_one_digest(tmp_path):
    """Cold, warm, cut at 20 places, and in a place where no folder can be made."""
    cache, digests = tmp_path / "cache", set()

    def compute(name, place):
        code, out, errors = run_python(tmp_path, DIGEST, tmp_path / name, SANDWICH_SIM_CACHE=str(place))
        assert code == 0, errors
        assert "Traceback" not in errors
        digests.add(out.strip())

    compute("cold", cache)
    compute("warm", cache)
    files = sorted((cache / cache_folder().name).rglob("*.nb?"))
    assert len(files) >= 4
    sound = {path: path.read_bytes() for path in files}
    for number in range(20):
        path = files[number % len(files)]
        path.write_bytes(sound[path][: len(sound[path]) * (number // len(files)) // 5])
        compute(f"torn {number}", cache)
        assert path.stat().st_size > 0.9 * len(sound[path])  # it was made again
    (tmp_path / "file").touch()
    compute("none", tmp_path / "file")
    assert len(digests) == 1


TAKES = """
import sys
from pathlib import Path
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run
name, years, n, keep, threads, folder = sys.argv[1:]
spec = load_scenario(name, [f"time.years={years}"])
run(spec, output=Path(folder), trajectories=int(n), keep=keep, threads=int(threads))
# Not getrusage: what it tells of a process includes the one that started it.
(peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024)
"""
SHAPES = (
    *(("base", 10, n, "summary", threads) for n in (16, 32768, 262_144) for threads in (1, 4)),
    *(("base", 10, n, "outcomes", threads) for n in (16, 50_000, 262_144) for threads in (1, 4)),
    *(("base", 10, n, "paths", threads) for n in (16, 5_000, 40_000) for threads in (1, 2)),
    ("base", 20, 65_536, "outcomes", 2),
    ("memory_glut", 10, 65_536, "summary", 8),
)


def taken(room, name, years, n, keep, threads):
    """Peak memory of a run in a process of its own [B]."""
    shape = (name, years, n, keep, threads)
    code, out, errors = run_python(room, TAKES, *shape, room / "run")
    assert code == 0, errors
    shutil.rmtree(room / "run")
    return int(out)


@pytest.mark.nightly
@needs_proc
@pytest.mark.parametrize(("name", "years", "n", "keep", "threads"), SHAPES)
def test_a_run_takes_no_more_memory_than_was_planned(tmp_path, name, years, n, keep, threads):
    prepared = prepare(
        load_scenario(name, [f"time.years={years}"]), trajectories=n, keep=keep, threads=threads
    )
    assert taken(tmp_path, name, years, n, keep, threads) <= ROUNDING * plan(prepared).memory_bytes


@pytest.mark.nightly
@needs_proc
def test_memory_of_a_summary_does_not_grow_with_its_trajectories(tmp_path):
    few, many = 1 << 20, 1 << 22  # both of several parts
    grown = taken(tmp_path, "base", 4, many, "summary", 2) - taken(tmp_path, "base", 4, few, "summary", 2)
    assert grown <= (many - few) + PAGES


FEW_FILES = """
import resource, sys
from pathlib import Path
import forked_runs
from sandwich_sim.results.dataset import open_run
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.verify import verify_run
forked_runs.use_small_units(forked_runs._set)
room = Path(sys.argv[1])
forked_runs.perform({"do": "run", "folder": room / "a", "threads": 4, "options": {"trajectories": 600}})
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
order = {"do": "run", "folder": room / "b", "threads": 4, "options": {"trajectories": 6000, "keep": "paths"}}
print("run", forked_runs.perform(order))
print("problems", len(verify_run(room / "b").problems))
print("opened", open_run(room / "b").sizes["trajectory"], len(open_run(room / "b").load()) > 40)
print("digest", len(content_digest(room / "b")))
"""


def test_sixty_four_open_files_are_enough(tmp_path):
    code, out, errors = run_python(tmp_path, FEW_FILES, tmp_path)
    assert code == 0, errors
    said = dict(line.split(" ", 1) for line in out.splitlines())
    assert said == {"run": "0", "problems": "0", "opened": "6000 True", "digest": "64"}


@pytest.mark.nightly
def test_a_hundred_thousand_chunks_are_written_and_verified(monkeypatch, memory):
    use_small_units(monkeypatch.setattr)
    for place in ("sandwich_sim.engine.UNIT", "sandwich_sim.results.meta.UNIT"):
        monkeypatch.setattr(place, 64)
    monkeypatch.setattr("sandwich_sim.results.parts.UNITS_PER_GROUP", 64)
    folder = memory / "many"
    run(small_spec(), output=folder, trajectories=64 * 8000, threads=4)
    try:
        found = verify_run(folder)
        assert (found.problems, found.parts) == ({}, found.n_parts)
        assert found.n_files > 100_000
    finally:
        shutil.rmtree(folder)


LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
import sandwich_sim.kernels.block
from sandwich_sim.cli.failures import report_failure
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run
spec = load_scenario("base")
run(spec, output=Path("warm"), trajectories=16, threads=1)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]) * 1_000_000,) * 2)
try:
    run(spec, output=Path("run"), trajectories=200_000, keep="paths", threads=2)
except BaseException as error:
    sys.exit(report_failure(error))
"""


@pytest.mark.nightly
@needs_proc
@pytest.mark.parametrize("megabytes", [1, 20, 50, 100, 200, 300])
def test_a_hard_limit_of_memory_ends_in_words(tmp_path, megabytes):
    code, _, errors = run_python(tmp_path, LITTLE_MEMORY, megabytes)
    assert code == 5, errors
    assert "Traceback" not in errors
    assert "memory" in errors
