"""Several workers: strong and weak scaling, what the coordinator costs, what safety on the disk costs.

Every run is a process of its own, timed from the shell; variants alternate, so that a change of
the machine's pace meets them alike, and medians are told.

    python benchmarks/bench_scaling.py [--only PART ...] [--rounds N] [--parts N] [--folder DIR] [--json]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench_end_to_end import Process, program, run_process
from timing import Table

PART = 262_144
PARTS_OF_TWO, MANY = 40, 200
"""Parts of a run that is timed (10 million trajectories), and of a long one."""
PATHS = 65_536
SPEEDUP_LIMIT, OVERHEAD_LIMIT = 1.8, 10.0
N_STAGED, N_TASK = 128, 2_000

# Runs the command line without what makes a run survive: no flushing to the disk, no checksums of
# sums, no manifest but its first and last lines.
_WITHOUT = """
import os, sys
from sandwich_sim.cli.main import main
import sandwich_sim.results.store as store
import sandwich_sim.results.files as files

files._sync = lambda path: None
os.fsync = lambda descriptor: None
store.commit_part = lambda folder, part, sums=None: part
main()
"""


def timed(folder: Path, arguments: Sequence[str], command: Sequence[str] | None = None) -> Process:
    """Run the base scenario into a folder, which is removed afterwards."""
    output = folder / "run"
    try:
        return run_process([*(command or program()), "run", "base", "--quiet", "-o", str(output), *arguments])
    finally:
        shutil.rmtree(output, ignore_errors=True)


def alternate(rounds: int, runs: dict[str, Callable[[], Process]]) -> dict[str, list[Process]]:
    """Run each in turn, again and again."""
    found: dict[str, list[Process]] = {name: [] for name in runs}
    for number in range(rounds):
        for name in list(runs)[:: 1 if number % 2 else -1]:
            found[name].append(runs[name]())
    return found


def wall(processes: Sequence[Process]) -> float:
    """The median time [s]."""
    return statistics.median(process.wall for process in processes)


def side_by_side(folder: Path, arguments: Sequence[str]) -> Process:
    """Two runs that know nothing of each other, at once; returns the one that ends last."""
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(lambda name: timed(folder / name, arguments), ("left", "right"))
        return max(both, key=lambda process: process.wall)


def measure_scaling(table: Table, folder: Path, rounds: int, parts: int = PARTS_OF_TWO) -> None:
    """One and two workers of one thread each: the same work, and twice the work.

    Two runs at once that share nothing, against one alone, say what this machine's second core
    adds at best, at this very time: cores of virtual machines are often not quite there.
    """
    timed(folder, ["-n", "256"])
    small, large = parts // 2, 2 * (parts // 2)

    def options(n: int, *more: str) -> list[str]:
        return ["-n", str(n * PART), "--keep", "summary", *more, "--threads", "1"]

    def run(n: int, workers: int) -> Callable[[], Process]:
        return lambda: timed(folder, options(n, "--workers", str(workers)))

    runs = {"one": run(large, 1), "two": run(large, 2), "small": run(small, 1), "small two": run(small, 2)}
    runs["alone"] = lambda: timed(folder, options(small))
    runs["beside"] = lambda: side_by_side(folder, options(small))
    found = alternate(rounds, runs)
    seconds = {name: wall(processes) for name, processes in found.items()}
    table.add(f"{large} parts of {PART:_}, --keep summary --workers 1", seconds["one"], "s")
    table.add("  --workers 2", seconds["two"], "s")
    table.add(f"{small} parts, --workers 1", seconds["small"], "s")
    table.add("  --workers 2", seconds["small two"], "s")
    table.add("  no workers, --threads 1", seconds["alone"], "s")
    table.add("  two of those runs at once", seconds["beside"], "s")
    speedup, most = seconds["one"] / seconds["two"], 2 * seconds["alone"] / seconds["beside"]
    table.add("strong scaling: 2 workers against 1", speedup, "x", SPEEDUP_LIMIT, at_least=True)
    table.add("  this machine's most: two runs at once against one", most, "x")
    table.add("  share of it", 100 * speedup / most, "%")
    table.add("weak scaling: twice the work on 2 workers", 100 * seconds["small"] / seconds["two"], "%")
    each = [(seconds[a] - seconds[b]) / (large - small) for a, b in (("one", "small"), ("two", "small two"))]
    start = [seconds[name] - large * part for name, part in zip(("one", "two"), each, strict=True)]
    for name, part, begin in zip(("one worker", "two workers"), each, start, strict=True):
        table.add(f"one more part, {name}", part, "s")
        table.add("  start and end of a run", begin, "s")
    one, two = (begin + MANY * part for begin, part in zip(start, each, strict=True))
    table.add(f"strong scaling of {MANY} parts, from these figures", one / two, "x")


def measure_safety(table: Table, folder: Path, rounds: int) -> None:
    """A run that keeps all paths, with and without manifest and flushing."""
    arguments = ["-n", str(PATHS), "--keep", "paths"]
    without = [sys.executable, "-c", _WITHOUT]
    timed(folder, ["-n", "256", "--keep", "paths"])
    found = alternate(
        rounds,
        {"with": lambda: timed(folder, arguments), "without": lambda: timed(folder, arguments, without)},
    )
    seconds = {name: wall(processes) for name, processes in found.items()}
    table.add(f"run -n {PATHS:_} --keep paths", seconds["with"], "s")
    table.add("  without manifest and fsync", seconds["without"], "s")
    overhead = 100 * (seconds["with"] / seconds["without"] - 1)
    table.add("  what they add, by medians", overhead, "%", OVERHEAD_LIMIT)
    pairs = zip(found["with"], found["without"], strict=True)
    table.add(
        "  the same, median of pairs", statistics.median(100 * (a.wall / b.wall - 1) for a, b in pairs), "%"
    )


def measure_coordinator(table: Table, folder: Path, rounds: int) -> None:
    """What the process that holds the folder does for each part, without the computing."""
    from sandwich_sim.prepare import prepare
    from sandwich_sim.results.layout import layout_of
    from sandwich_sim.results.parts import part_grid, sums_bytes, sums_from_bytes
    from sandwich_sim.results.provenance import provenance_record
    from sandwich_sim.results.staging import PartStage, open_stage
    from sandwich_sim.results.store import RunWriter
    from sandwich_sim.scenario.dump import dump_scenario
    from sandwich_sim.scenario.load import load_scenario

    spec = load_scenario("base")
    meta = prepare(spec, trajectories=N_STAGED * PART, keep="summary").meta
    layout, grid = layout_of(meta), part_grid(meta)
    sums = sums_from_bytes(meta, bytes(sums_bytes(meta)))
    staging, adopting, loading = [], [], []
    for _ in range(rounds):
        with RunWriter(folder / "run", layout, dump_scenario(spec), provenance_record(meta)) as writer:
            writer.prepare()
            stage = open_stage(writer.folder, writer.manifest)
            began = time.perf_counter()
            staged = [
                PartStage(writer.folder, stage, layout, grid, part).finish(sums) for part in range(N_STAGED)
            ]
            written = time.perf_counter()
            for first in range(0, N_STAGED, 64):
                writer.adopt(staged[first : first + 64])
            adopted = time.perf_counter()
            for part in range(N_STAGED):
                writer.load_sums(part)
            loaded = time.perf_counter()
            writer.abandon(keep=False)
        staging.append(written - began)
        adopting.append(adopted - written)
        loading.append(loaded - adopted)
    per_part = 1e3 / N_STAGED
    table.add("sums of one part, stored", sums_bytes(meta) / 1e6, "MB")
    table.add("  written and flushed by a worker", statistics.median(staging) * per_part, "ms")
    table.add("  put in place with 63 others, manifest flushed", statistics.median(adopting) * per_part, "ms")
    table.add("  read back to be added up", statistics.median(loading) * per_part, "ms")
    table.add("a task of dask that does nothing, one of many", task_seconds() * 1e3, "ms")


def task_seconds() -> float:
    """Time of an empty task through scheduler and two worker processes [s]."""
    from sandwich_sim.studies.cluster import Cluster

    with Cluster(workers=2, threads=1) as cluster:
        client = cluster.client()
        client.gather(client.map(abs, range(100), pure=False))
        began = time.perf_counter()
        client.gather(client.map(abs, range(N_TASK), pure=False))
        return (time.perf_counter() - began) / N_TASK


PARTS: dict[str, Callable[..., None]] = {
    "scaling": measure_scaling,
    "safety": measure_safety,
    "coordinator": measure_coordinator,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", type=int, default=PARTS_OF_TWO, help="of a run of two workers")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    table = Table("Several workers")
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="sandwich-sim-") as name:
        for part in options.only:
            more = [options.parts] if part == "scaling" else []
            PARTS[part](table, Path(name), options.rounds, *more)
    table.show(options.json)


if __name__ == "__main__":
    main()
