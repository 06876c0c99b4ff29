"""What things used to cost: one line of JSON a run, kept in git.

    python benchmarks/history.py add speed.json            # from pytest --benchmark-json
    python benchmarks/history.py show                      # every cost over time
    python benchmarks/history.py export speed.json         # for github-action-benchmark

A line holds ``format`` (1), ``date``, ``commit``, ``version``, ``machine`` and ``python``, which
name no host, and ``twin_passes``: for each benchmark its cost in passes of the NumPy twin (smaller is
better). Costs on another kind of processor differ by some tens of percent, hence the wide limit.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from pathlib import Path
from typing import Any

from sandwich_sim._version import __version__
from sandwich_sim.formats.benchmark_json import Measurement, custom_benchmark

FILE = Path(__file__).with_name("history.jsonl")
LIMIT = 2.0
"""A cost may be so many times the usual one: a lost factor of two shows, a busy machine does not."""
FILE_LIMIT = 6.0
"""The same where files are written or read: half of that cost is the system's (flushing, page
faults), and differed 2.5 times between two machines with the same processor."""
RECENT = 10
"""Runs of which the median is the usual cost."""


def read_history(file: Path = FILE) -> list[dict[str, Any]]:
    """Return all runs, the oldest first."""
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def usual_cost(name: str, file: Path = FILE, machine: str | None = None) -> float | None:
    """Return the median cost of the last runs on this kind of machine; None if there is none."""
    machine = machine or platform.machine()
    known = [run["twin_passes"][name] for run in read_history(file) if run["machine"] == machine
             and name in run["twin_passes"]]  # fmt: skip
    return statistics.median(known[-RECENT:]) if known else None


def costs_of(results: dict[str, Any]) -> dict[str, float]:
    """Return the costs that a file of ``--benchmark-json`` holds."""
    return {
        bench["name"]: float(f"{bench['extra_info']['twin_passes']:.4g}")
        for bench in results["benchmarks"]
        if "twin_passes" in bench["extra_info"]
    }


def entry_of(results: dict[str, Any]) -> dict[str, Any]:
    """Return the line of a run."""
    return {
        "format": 1,
        "date": results["datetime"][:10],
        "commit": results["commit_info"].get("id", "")[:12],
        "version": __version__,
        "machine": results["machine_info"]["machine"],
        "python": results["machine_info"]["python_version"],
        "twin_passes": costs_of(results),
    }


def add(results: dict[str, Any], file: Path = FILE) -> None:
    """Append a run."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(entry_of(results)) + "\n")


def export(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a run in github-action-benchmark's layout ``customSmallerIsBetter``."""
    return custom_benchmark(
        [Measurement(name, cost, "twin passes") for name, cost in costs_of(results).items()]
    )


def show(file: Path = FILE) -> None:
    """Print every cost over time, the newest run last."""
    runs = read_history(file)[-RECENT:]
    names = list(dict.fromkeys(name for run in runs for name in run["twin_passes"]))
    width = max(map(len, names), default=0)
    print(f"{'passes of the twin':<{width}}  " + "  ".join(f"{run['date']:>10}" for run in runs))
    for name in names:
        cells = [f"{run['twin_passes'][name]:.3g}" if name in run["twin_passes"] else "" for run in runs]
        print(f"{name:<{width}}  " + "  ".join(f"{cell:>10}" for cell in cells))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=["add", "show", "export"])
    parser.add_argument("file", nargs="?", type=Path, help="from pytest --benchmark-json")
    options = parser.parse_args()
    if options.what == "show":
        show()
        return 0
    if options.file is None:
        parser.error(f"{options.what} needs the file of --benchmark-json")
    results = json.loads(options.file.read_text(encoding="utf-8"))
    if options.what == "add":
        add(results)
    else:
        print(json.dumps(export(results), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
