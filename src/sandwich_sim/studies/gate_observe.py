"""What a gate sees of the code as it is: bits, guards, outcomes, and a probe of the random numbers.

The gate draws its trajectories at random, not from scrambled Sobol points, whatever the scenario
says: its bounds (exact ones for few changes, and one-in-a-billion tails) need independent
trajectories, and pairing already takes the noise out. The other samplers are probed by their draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric
from sandwich_sim.errors import IntegrityError
from sandwich_sim.kernels.plan import Outcomes
from sandwich_sim.prepare import prepare
from sandwich_sim.results.layout import CHECKS
from sandwich_sim.results.provenance import fingerprint_parts
from sandwich_sim.results.reduce import outcome_arrays
from sandwich_sim.sampling import check_drawn_shares, draw
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import execute
from sandwich_sim.studies.paired import paired_outcomes
from sandwich_sim.studies.recompute import trace

Floats = NDArray[np.float64]

SAMPLER = "random"
PROBE_SAMPLERS = ("random", "latin-hypercube", "sobol")
PROBE_DRAWS = 32
"""Trajectories whose draws are compared: two points of each of the 16 scrambles."""
PROBE_PATHS = 4
"""Trajectories whose shocks and series are compared in full precision."""


@dataclass(frozen=True)
class Bits:
    """A scenario run once with all that a run keeps.

    Attributes
    ----------
    digest : str
        SHA-256 (hex) of every outcome, sum and count.
    broken : tuple of str
        What must never be: non-finite values, broken identities, trajectories that are copies.
    """

    digest: str
    broken: tuple[str, ...]


def observe_bits(spec: ScenarioSpec, *, trajectories: int, seed: int, threads: int | None = None) -> Bits:
    """Run a scenario with all that a run keeps; return the digest of it and what is broken."""
    prepared = prepare(spec, trajectories=trajectories, seed=seed, sampler=SAMPLER, threads=threads)
    model = prepared.model()
    check_drawn_shares(spec, model.draws, trajectories)
    pieces: dict[int, tuple[bytes, NDArray[Any]]] = {}

    def keep(first: int, n: int, outcomes: Outcomes) -> None:
        arrays = outcome_arrays(outcomes, first, n)
        pieces[first] = _digest(arrays), arrays["cumulative"].reshape(-1, n).copy()

    accumulators, _ = execute(prepared, model, on_piece=keep)
    whole = hashlib.sha256(_digest(accumulators))
    for first in sorted(pieces):
        whole.update(pieces[first][0])
    broken = [
        f"{count} of {trajectories} trajectories hold a {name}"
        if name.startswith("non")
        else f"{count} of {trajectories} trajectories break {name}"
        for name, count in zip(CHECKS, accumulators["failures"].tolist(), strict=True)
        if count
    ]
    cumulative = np.concatenate([pieces[first][1] for first in sorted(pieces)], axis=-1)
    not_finite = int((~np.isfinite(cumulative)).any(axis=0).sum())
    if not_finite and not broken:
        broken.append(f"{not_finite} of {trajectories} trajectories hold a non-finite value")
    broken += _copies(cumulative, trajectories)
    return Bits(whole.hexdigest(), tuple(broken))


def _digest(arrays: dict[str, NDArray[Any]]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}|{values.dtype.str}|{values.shape}|".encode())
        digest.update(values.data)
    return digest.digest()


def _copies(cumulative: NDArray[Any], trajectories: int) -> list[str]:
    """Say that trajectories are missing, or copies of others, as when a block is lost or taken twice."""
    if cumulative.shape[-1] != trajectories:
        return [f"{cumulative.shape[-1]} trajectories came back where {trajectories} were asked for"]
    columns = np.ascontiguousarray(cumulative.T)
    if (columns == columns[:1]).all():
        return []  # a scenario in which nothing is uncertain
    n = np.unique(columns.view(np.dtype((np.void, columns.dtype.itemsize * columns.shape[1])))).size
    return (
        [f"{trajectories - n} of {trajectories} trajectories are copies of others"]
        if n < trajectories
        else []
    )


def observe_values(
    spec: ScenarioSpec,
    metrics: Sequence[Metric],
    *,
    first: int,
    stop: int,
    seed: int,
    threads: int | None = None,
) -> Floats:
    """Return metrics of trajectories ``first`` to ``stop``, shape (n_metric, stop - first).

    Raises
    ------
    IntegrityError
        If one holds a non-finite value or breaks an identity.
    """
    found = paired_outcomes(
        [spec],
        [tuple(metrics)],
        trajectories=stop - first,
        first=first,
        seed=seed,
        sampler=SAMPLER,
        threads=threads,
    )
    for check, count in found.failures[0].items():
        raise IntegrityError(
            f"{spec.name}: {check} in {count} of the trajectories {first} to {stop - 1} "
            f"(seed {seed}, sampler {SAMPLER})."
        )
    return found.values[0]


@dataclass(frozen=True)
class Probe:
    """A few trajectories in full precision: which random numbers they met, and what came of it.

    Attributes
    ----------
    drawn : tuple of str
        Names of the drawn inputs.
    draws : ndarray of float64, shape (n_sampler, n_drawn, 32)
        By each of the three samplers.
    shocks : tuple of str
    normals : ndarray of float64, shape (n_shock, n_step, 4)
    series : tuple of str
        Variables; one for each hop follows another.
    yearly : ndarray of float64, shape (n_series, n_year, 4)
    """

    drawn: tuple[str, ...]
    draws: Floats
    shocks: tuple[str, ...]
    normals: Floats
    series: tuple[str, ...]
    yearly: Floats


def observe_draws(spec: ScenarioSpec, *, seed: int, trajectories: int, slots: tuple[str, ...]) -> Floats:
    """Return the first draws of every uncertain input by each sampler."""
    indices = np.arange(PROBE_DRAWS)
    return np.array(
        [
            draw(
                spec,
                spec.drawn,
                indices,
                seed=seed,
                sampler=sampler,
                trajectories=trajectories,
                slots=slots if sampler == "sobol" else None,
            )
            for sampler in PROBE_SAMPLERS
        ]
    ).reshape(len(PROBE_SAMPLERS), len(spec.drawn), PROBE_DRAWS)


def observe_probe(spec: ScenarioSpec, *, seed: int, trajectories: int, slots: tuple[str, ...]) -> Probe:
    """Run the probe."""
    found = trace(spec, trajectories=PROBE_PATHS, seed=seed, sampler=SAMPLER)
    shocks = tuple(name for name in found.shocks if name not in ("shock.leap", "shock.release"))
    series, rows = [], []
    for name, values in found.series.items():
        yearly = values[:: spec.steps_per_year]
        by_hop = [yearly] if yearly.ndim == 2 else list(np.moveaxis(yearly, 1, 0))
        series += [name] if yearly.ndim == 2 else [f"{name}.{hop}" for hop in spec.hop_names]
        rows += by_hop
    return Probe(
        drawn=spec.drawn,
        draws=observe_draws(spec, seed=seed, trajectories=trajectories, slots=slots),
        shocks=shocks,
        normals=np.array([found.shocks[name] for name in shocks]),
        series=tuple(series),
        yearly=np.array(rows),
    )


def platform() -> str:
    """Return the fingerprint of the platform alone: what else than our own code decides on bits."""
    parts = {name: value for name, value in fingerprint_parts().items() if name != "kernels"}
    text = "\n".join(f"{name}={parts[name]}" for name in sorted(parts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
