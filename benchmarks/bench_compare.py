"""What pairing saves, and how long a comparison takes.

For every shipped overlay against base, and every hop: how many times more trajectories an
unpaired comparison needs for the same standard error of the mean difference of cents kept, beside
the most that any pairing of these two distributions could save. Then the time of `compare` from
the shell.

    python benchmarks/bench_compare.py [--only gains|sobol|time ...] [-n N] [--json]

Notes
-----
Random trajectories: the ratio is that of the variances, (var A + var B) / var(B - A). The most is
reached where B rises with A without fail (quantile by quantile): var(B - A) cannot be less for any
joint distribution. Sobol: the ratio of the variances of the means of scrambles, over several seeds.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.studies.paired import paired_outcomes
from timing import Table

ASKED_GAIN = 20.0
ASKED_SECONDS = 6.0
TIMED = 262_144
EXPLAINED = 65_536
ASKED_SECONDS_EXPLAINED = 20.0
SIX_GROUPS = """extends = "base"
open_source.gap = 7.0
token_price.deflation = 1.2
compute_cost.hardware_decline = 0.3
lab.training = 12.0
hop.chips.monopoly = 0.6
demand.app.growth = 0.7
"""
"""Changes in six groups, of which ``--explain`` takes all 64 combinations."""
SEEDS = range(1, 9)
PARTS = ("gains", "sobol", "time")

Floats = NDArray[np.float64]


def gains(n: int) -> dict[str, dict[str, tuple[float, float]]]:
    """Return, by overlay and hop, what pairing saves with random trajectories, and the most it could."""
    base, overlays = _scenarios()
    metrics = _metrics(base.hop_names)
    found = paired_outcomes([base, *overlays], metrics, trajectories=n, seed=1, sampler="random")
    table = {}
    for overlay, values in zip(overlays, found.values[1:], strict=True):
        pairs = zip(base.hop_names, found.values[0], values, strict=True)
        table[overlay.name] = {hop: (_ratio(a, b, b - a), _best(a, b)) for hop, a, b in pairs}
    return table


def sobol_gains(n: int) -> dict[str, dict[str, float]]:
    """Return the same with Sobol points, by the means of 16 scrambles of each of several seeds."""
    base, overlays = _scenarios()
    metrics = _metrics(base.hop_names)
    means: list[list[Floats]] = [[] for _ in range(len(overlays) + 1)]
    for seed in SEEDS:
        found = paired_outcomes([base, *overlays], metrics, trajectories=n, seed=seed, sampler="sobol")
        for side, values in zip(means, found.values, strict=True):
            side.append(values.reshape(len(metrics), -1, 16).mean(axis=1))
    whole = [np.concatenate(side, axis=1) for side in means]
    return {
        overlay.name: {
            hop: _ratio(a, b, b - a) for hop, a, b in zip(base.hop_names, whole[0], side, strict=True)
        }
        for overlay, side in zip(overlays, whole[1:], strict=True)
    }


def compare_seconds(other: str, n: int, *options: str) -> tuple[float, float]:
    """Return elapsed and processor time of one comparison with base from the shell [s]."""
    program = "from sandwich_sim.cli.main import main; main()"
    command = [sys.executable, "-c", program, "compare", "base", other, "-n", str(n), "--quiet", *options]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def add_times(table: Table) -> None:
    """Time `compare`, and `compare --explain` with six groups."""
    times = [compare_seconds("umbrella_holds", TIMED) for _ in range(4)][1:]  # the first may compile
    table.add(f"compare at {TIMED:,}, elapsed", min(wall for wall, _ in times), "s", ASKED_SECONDS)
    table.add(f"compare at {TIMED:,}, processor time", min(cpu for _, cpu in times), "s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "six_groups.toml"
        path.write_text(SIX_GROUPS)
        times = [compare_seconds(str(path), EXPLAINED, "--explain") for _ in range(3)]
    what = f"explain six groups at {EXPLAINED:,}"
    table.add(f"{what}, elapsed", min(wall for wall, _ in times), "s", ASKED_SECONDS_EXPLAINED)
    table.add(f"{what}, processor time", min(cpu for _, cpu in times), "s")


def _scenarios():  # type: ignore[no-untyped-def]
    return load_scenario("base"), [load_scenario(name) for name in shipped_scenarios() if name != "base"]


def _metrics(hops: tuple[str, ...]) -> list[str]:
    return [f"cents_kept.{hop} @ horizon" for hop in hops]


def _ratio(a: Floats, b: Floats, gap: Floats) -> float:
    return float((a.var() + b.var()) / max(gap.var(), np.finfo(float).tiny))


def _best(a: Floats, b: Floats) -> float:
    return _ratio(a, b, np.sort(b) - np.sort(a))


def _show(title: str, table: dict[str, dict[str, tuple[float, ...]]]) -> None:
    hops = list(next(iter(table.values())))
    print(f"\n{title}")
    print(" " * 20 + "".join(f"{hop[:12]:>14}" for hop in hops))
    for name, row in table.items():
        cells = [" of ".join(_short(value) for value in row[hop]) for hop in hops]
        print(f"{name:<20}" + "".join(f"{cell:>14}" for cell in cells))


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}" if value < 1e4 else f"{value:.0e}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("-n", type=int, default=65_536, help="trajectories of the gains")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    table = Table("Comparisons: what pairing saves, and their time")
    if "gains" in options.only:
        found = gains(options.n)
        if not options.json:
            _show("Pairing saves, of what any pairing could (random)", found)
        for name, row in found.items():
            for hop, (gain, _) in row.items():
                table.add(f"{name}, {hop}: fewer trajectories", gain, "x", ASKED_GAIN, at_least=True)
    if "sobol" in options.only:
        quick = sobol_gains(options.n // 4)
        if not options.json:
            shown = {name: {hop: (gain,) for hop, gain in row.items()} for name, row in quick.items()}
            _show(f"The same with sobol, over {len(SEEDS)} seeds", shown)
        for name, row in quick.items():
            for hop, gain in row.items():
                table.add(f"{name}, {hop}: fewer trajectories (sobol)", gain, "x")
    if "time" in options.only:
        add_times(table)
    table.show(options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
