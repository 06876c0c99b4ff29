"""What Sobol points and Latin hypercubes save: variance of estimates against plain sampling at equal n.

For each outcome: the part of its variance that shocks carry (two runs with the same inputs and other
shocks), which bounds what better points for the inputs can save; then how many times as many plain
random trajectories give the same error, for means, probabilities and quantiles. Errors of sobol and
latin-hypercube are those across 16 scrambles or designs, averaged over seeds.

    python benchmarks/bench_efficiency.py                 # about 20 s of processor time
    python benchmarks/bench_efficiency.py --shocks        # what Brownian-bridge points could add
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric, Statistic, parse_metrics
from sandwich_sim.analysis.statistic import error_of
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.studies.given_inputs import GivenInputs
from sandwich_sim.studies.paired import paired_outcomes
from sandwich_sim.studies.recompute import trace

Floats = NDArray[np.float64]

HOPS = ("lab", "cloud", "chips")
TEXTS = (
    *(f"cents_kept.{hop} @ horizon" for hop in HOPS),
    *(f"profit_share.{hop} @ horizon" for hop in HOPS),
    *(f"margin.{hop} @ horizon" for hop in HOPS),
    *(f"discounted_profit.{hop}" for hop in HOPS),
    "all_in_margin @ horizon",
    "gap @ horizon",
    "thesis_falsified",
    "umbrella_closed",
    "buildout_bust",
    "lab_profit_center",
)
SAMPLERS = ("latin-hypercube", "sobol")
LEVELS = (0.05, 0.5, 0.95)


def statistics_of(metric: Metric) -> list[Statistic]:
    """Mean and quantiles of a number, probability of an event."""
    if metric.is_flag:
        return [Statistic(f"P({metric.name})", "probability", metric)]
    mean = Statistic(f"mean({metric.name})", "mean", metric)
    return [mean, *(Statistic(f"p{100 * q:g}({metric.name})", "quantile", metric, level=q) for q in LEVELS)]


def savings(
    spec: ScenarioSpec, metrics: tuple[Metric, ...], n: int, seeds: int, shocks: bool
) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    """Variance of plain sampling over that of each sampler, and processor seconds of a sampler."""
    errors: dict[tuple[str, str], list[float]] = {}
    seconds = {}
    for sampler in ("random", *SAMPLERS):
        began = time.process_time()
        for seed in range(seeds):
            found = paired_outcomes(
                [spec], [metrics], trajectories=n, seed=100 + seed, sampler=sampler, shocks=shocks
            )
            for metric, values in zip(metrics, found.values[0], strict=True):
                for statistic in statistics_of(metric):
                    error, _ = error_of(statistic, values, found.scramble, is_replicated=sampler != "random")
                    errors.setdefault((sampler, statistic.name), []).append(error**2)
        seconds[sampler] = (time.process_time() - began) / seeds
    ratios = {
        (sampler, name): float(np.mean(errors["random", name]) / np.mean(own))
        for (sampler, name), own in errors.items()
        if sampler != "random"
    }
    return ratios, seconds


def shock_shares(spec: ScenarioSpec, metrics: tuple[Metric, ...], n: int) -> tuple[Floats, Floats, Floats]:
    """Part of the variance that shocks carry, and the outcomes of both runs, shape (n_metric, n)."""
    given = GivenInputs(spec, metrics, seed=7)
    normals = np.random.default_rng(7).standard_normal((given.n_input, n))
    one, other = given.run(normals, np.arange(n)), given.run(normals, np.arange(n, 2 * n))
    shares = []
    for a, b in zip(one, other, strict=True):
        fine = np.isfinite(a) & np.isfinite(b)
        variance = np.concatenate([a[fine], b[fine]]).var()
        shares.append(0.5 * float(((a[fine] - b[fine]) ** 2).mean()) / variance if variance > 0 else np.nan)
    return np.array(shares), one, other


def bridge_shares(spec: ScenarioSpec, metrics: tuple[Metric, ...], n: int, most: int) -> Floats:
    """Part of the shocks' variance that is linear in the first Brownian-bridge coordinates of each.

    A Brownian bridge orders a path as its end, its middle, its quarters, ...: sums of the shocks
    over the run, differences of its halves, of its quarters. Adjusted for the number of regressors.
    """
    _, one, other = shock_shares(spec, metrics, n)
    shocks = trace(spec, trajectories=2 * n, seed=7).shocks
    columns = []
    for name, path in shocks.items():
        if name in ("shock.leap", "shock.release"):
            continue
        n_step = path.shape[0]
        columns.append(path.sum(axis=0))
        pieces = 1
        while len(columns) % most:
            edges = np.linspace(0, n_step, 2 * pieces + 1).astype(int)
            for k in range(pieces):
                left = path[edges[2 * k] : edges[2 * k + 1]].sum(axis=0)
                right = path[edges[2 * k + 1] : edges[2 * k + 2]].sum(axis=0)
                columns.append(left - right)
            pieces *= 2
    table = np.array(columns)
    difference = (table[:, :n] - table[:, n:]).T
    found = []
    for a, b in zip(one, other, strict=True):
        fine = np.isfinite(a) & np.isfinite(b)
        y, x = (a - b)[fine], difference[fine]
        rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        part = 1.0 - (rest @ rest / (y.size - x.shape[1])) / (y @ y / y.size) if (y @ y) > 0 else np.nan
        found.append(float(part))
    return np.array(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenario", default="base")
    parser.add_argument("-n", type=int, default=16_384)
    parser.add_argument("--seeds", type=int, default=32)
    parser.add_argument("--no-shocks", action="store_true")
    parser.add_argument(
        "--shocks", action="store_true", help="prototype of Brownian-bridge points for shocks"
    )
    chosen = parser.parse_args()
    spec = load_scenario(chosen.scenario)
    metrics = parse_metrics(TEXTS, spec)
    shares, one, _ = shock_shares(spec, metrics, 4096)
    if chosen.shocks:
        parts = bridge_shares(spec, metrics, 4096, 8)
        print(f"{'outcome':<32}{'shocks':>8}{'bridge':>8}{'ceiling':>9}{'with it':>9}")
        for metric, share, part in zip(metrics, shares, parts, strict=True):
            after = 1.0 / (share * (1.0 - part))
            print(f"{metric.name:<32}{share:8.2f}{part:8.2f}{1.0 / share:9.1f}{after:9.1f}")
        return
    ratios, seconds = savings(spec, metrics, chosen.n, chosen.seeds, not chosen.no_shocks)
    print(f"n = {chosen.n}, {chosen.seeds} seeds; processor seconds a run: {seconds}")
    print(f"{'statistic':<36}{'shocks':>8}{'ceiling':>9}{'hypercube':>11}{'sobol':>8}")
    for metric, share, values in zip(metrics, shares, one, strict=True):
        for statistic in statistics_of(metric):
            cells = [ratios[sampler, statistic.name] for sampler in SAMPLERS]
            bound = f"{share:8.2f}{1.0 / share:9.1f}" if statistic.kind != "quantile" else " " * 17
            print(f"{statistic.name:<36}{bound}{cells[0]:11.2f}{cells[1]:8.2f}")
        if metric.name.startswith("cents_kept.lab"):
            needed = (float(np.nanstd(values)) / 0.1) ** 2
            saved = ratios["sobol", f"mean({metric.name})"]
            print(f"  0.1 cents: {needed:,.0f} plain, {needed / saved:,.0f} sobol trajectories")


if __name__ == "__main__":
    main()
