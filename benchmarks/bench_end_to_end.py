"""Whole runs from the shell: time, peak memory, the first start, later starts, `--help`.

Every run is a process of its own, whose processor time and peak memory the system reports.
Results and caches go to a temporary folder that is removed; `--folder` says on which disk.

    python benchmarks/bench_end_to_end.py [--only PART ...] [--rounds N] [--folder DIR] [--json]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from timing import Table

MILLION, TEN_MILLION = 1_048_576, 10_000_000
OUTCOMES_LIMIT, SUMMARY_LIMIT, MEMORY_LIMIT = 6.0, 35.0, 600.0
FIRST_RUN_LIMIT, START_LIMIT, HELP_LIMIT = 25.0, 1.5, 150.0

# Runs the command line and says when the kernel is first called and when that call is back.
# The clock is one for all processes; the parent passes the moment of the start. Progress is
# first reported when all is prepared, which leaves the imports before it as they are.
_FIRST_BLOCK = """
import os, sys, time
start = float(sys.argv.pop(1))
from sandwich_sim.cli.main import main
from sandwich_sim.cli.progress import ProgressLine

def watch(self, progress):
    import sandwich_sim.engine as engine
    kernel = engine.run_blocks
    def run_blocks(*arguments):
        called = time.monotonic() - start
        kernel(*arguments)
        print(called, time.monotonic() - start, time.process_time(), flush=True)
        os._exit(0)
    engine.run_blocks = run_blocks

ProgressLine.__call__ = watch
main()
"""
_MODULES_OF_HELP = """
import sys
from sandwich_sim.cli.main import main
try:
    main()
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""


@dataclass(frozen=True)
class Process:
    """What one process took: elapsed and processor time [s], peak memory [MB], its stderr."""

    wall: float
    cpu: float
    memory: float
    errors: str


def program() -> list[str]:
    """Return the installed command, or what does the same where it is not installed."""
    beside = shutil.which("sandwich-sim", path=str(Path(sys.executable).parent))
    return [beside] if beside else [sys.executable, "-c", "from sandwich_sim.cli.main import main; main()"]


def run_process(command: list[str], environment: Mapping[str, str] | None = None) -> Process:
    """Run a command to its end.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        child = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env=os.environ | dict(environment or {})
        )
        _, status, usage = os.wait4(child.pid, 0)  # subprocess itself does not tell the memory
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        text = errors.read().decode(errors="replace")
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command, stderr=text)
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return Process(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * kilobyte / 1e6, text)


def run_scenario(folder: Path, n: int, keep: str, environment: Mapping[str, str] | None = None) -> Process:
    """Run the base scenario into a folder, which is removed afterwards."""
    output = folder / "run"
    arguments = ["run", "base", "-n", str(n), "--keep", keep, "-o", str(output)]
    try:
        return run_process(program() + arguments, environment)
    finally:
        shutil.rmtree(output, ignore_errors=True)


def best(rounds: int, run: Callable[[], Process]) -> Process:
    """Return the quickest of some processes."""
    return min((run() for _ in range(rounds)), key=lambda process: process.wall)


def measure_outcomes(table: Table, folder: Path, rounds: int) -> None:
    """A million trajectories with their outcomes, cached."""
    run_scenario(folder, 256, "outcomes")
    found = best(rounds, lambda: run_scenario(folder, MILLION, "outcomes"))
    table.add(f"run -n {MILLION:_} --keep outcomes", found.wall, "s", OUTCOMES_LIMIT)
    table.add("  its processor time", found.cpu, "s")
    table.add("  its peak memory", found.memory, "MB")


def measure_summary(table: Table, folder: Path, rounds: int) -> None:
    """Ten million trajectories, sums and histograms only: time, and memory that does not grow."""
    run_scenario(folder, 256, "summary")
    small = best(1, lambda: run_scenario(folder, MILLION, "summary"))
    found = best(rounds, lambda: run_scenario(folder, TEN_MILLION, "summary"))
    table.add(f"run -n {TEN_MILLION:_} --keep summary", found.wall, "s", SUMMARY_LIMIT)
    table.add("  its processor time", found.cpu, "s")
    table.add("  its peak memory", found.memory, "MB", MEMORY_LIMIT)
    table.add(f"  peak memory at -n {MILLION:_}", small.memory, "MB", MEMORY_LIMIT)


def measure_first_run(table: Table, folder: Path) -> None:
    """The first run of a fresh install, which compiles the kernels and says so."""
    cache = folder / "cache"
    found = run_scenario(folder, 65_536, "outcomes", {"SANDWICH_SIM_CACHE": str(cache)})
    shutil.rmtree(cache)
    if "compiling" not in found.errors:
        raise RuntimeError(f"the first run did not say that it compiles: {found.errors!r}")
    table.add("first run (-n 65_536), kernels compiled", found.wall, "s", FIRST_RUN_LIMIT)
    table.add("  its processor time", found.cpu, "s")


def first_block(folder: Path) -> tuple[float, float, float]:
    """Start a run; return when the first block begins and ends, and the processor time till then [s]."""
    arguments = ["run", "base", "-n", "256", "--quiet", "-o", str(folder / "run")]
    command = [sys.executable, "-c", _FIRST_BLOCK, str(time.monotonic()), *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    shutil.rmtree(folder / "run", ignore_errors=True)
    called, done, cpu = map(float, answer.stdout.split())
    return called, done, cpu


def measure_start(table: Table, folder: Path, rounds: int) -> None:
    """From the start of the process to the first block of trajectories, kernels cached."""
    run_scenario(folder, 256, "outcomes")
    called, done, cpu = min((first_block(folder) for _ in range(2 * rounds)), key=lambda found: found[1])
    table.add("next start: first block begins after", called, "s", START_LIMIT)
    table.add("  first block done after (kernels loaded)", done, "s", START_LIMIT)
    table.add("  processor time till then", cpu, "s")


def modules_of_help() -> set[str]:
    """Return the modules that `--help` imports."""
    command = [sys.executable, "-c", _MODULES_OF_HELP, "--help"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stderr.split())


def measure_help(table: Table, rounds: int) -> None:
    """Time `--help`.

    Raises
    ------
    RuntimeError
        If it imports NumPy or numba.
    """
    heavy = {"numpy", "numba"} & modules_of_help()
    if heavy:
        raise RuntimeError(f"--help imports {', '.join(sorted(heavy))}")
    found = best(4 * rounds, lambda: run_process([*program(), "--help"]))
    table.add("--help", found.wall * 1e3, "ms", HELP_LIMIT)
    table.add("  its processor time", found.cpu * 1e3, "ms")


PARTS = ("help", "start", "first-run", "outcomes", "summary")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    table = Table("From the shell")
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="sandwich-sim-") as name:
        folder, rounds = Path(name), options.rounds
        measures: dict[str, Callable[[], None]] = {
            "help": lambda: measure_help(table, rounds),
            "start": lambda: measure_start(table, folder, rounds),
            "first-run": lambda: measure_first_run(table, folder),
            "outcomes": lambda: measure_outcomes(table, folder, rounds),
            "summary": lambda: measure_summary(table, folder, max(1, rounds // 3)),
        }
        for part in PARTS:
            if part in options.only:
                measures[part]()
    table.show(options.json)


if __name__ == "__main__":
    main()
