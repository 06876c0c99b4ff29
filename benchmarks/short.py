"""The benchmarks in a minute, for CI: ratios within one run, so that a slow machine does not matter.

Fails (exit code 1) only if a ratio has fallen below half of what docs/performance.md states, or
if `--help` imports NumPy or numba: a busy machine passes, a lost factor of two does not.

    python benchmarks/short.py [--json]
"""

from __future__ import annotations

import argparse
import sys

from bench_baselines import TWIN_BLOCK, compare
from bench_end_to_end import modules_of_help
from sandwich_sim.results.meta import UNIT
from timing import Table

STATED = {"against_twin_per_core": 12.0, "against_scalar": 5.9, "against_one_thread": 1.9}
"""The ratios of docs/performance.md; change both together."""
FLOOR = 0.5
NAMES = {
    "against_twin_per_core": "engine against the NumPy twin, per core",
    "against_scalar": "engine against scalar prange, per core",
    "against_one_thread": "two threads against one",
}
ENOUGH_CORES = 1.8
"""With fewer at hand, two threads against one says something about the machine alone."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    found = compare(2 * UNIT, 4, twin_n=TWIN_BLOCK, scalar_n=4096)
    table = Table("Ratios, and half of what docs/performance.md states")
    for key, name in NAMES.items():
        is_judged = key != "against_one_thread" or found["cores"] >= ENOUGH_CORES
        table.add(name, found[key], "x", FLOOR * STATED[key] if is_judged else None, at_least=True)
    table.add("cores that two busy threads got", found["cores"], "")
    heavy = {"numpy", "numba"} & modules_of_help()
    table.add("heavy modules that --help imports", len(heavy), "", 0.0)
    table.show(options.json)
    return 0 if all(row.is_met for row in table.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
