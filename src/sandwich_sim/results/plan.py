"""What a run will take (memory, disk, time), from sizes alone; refused where it does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandwich_sim.errors import ResourceError, UsageError
from sandwich_sim.results.arrays import Layout
from sandwich_sim.results.machine import available_memory, free_disk
from sandwich_sim.results.parts import part_grid, sums_bytes

MAX_TRAJECTORIES = 2**48 - 1
MAX_STEPS = 2**16 - 1
MAX_SEED = 2**64 - 1

# Measured on the base scenario. Memory is planned on the safe side, by 10 to 40% of a run; disk is
# right to a percent; seconds are those of the machine of docs/performance.md when nothing else runs.
BASE_MEMORY = 260_000_000
"""Interpreter, NumPy, numba and the compiled kernels [B]: 180 to 220 MB in a run, 330 MB in all while
they are compiled for the first time, 300 MB with xarray in `simulate`."""
RECORD_SECONDS = 240e-9
"""One trajectory-step of the default chain on one core [s]: 215 in the kernel (docs/performance.md), and what
is written and summed beside it."""
_METADATA = 1_200
"""One array's description, beside it and consolidated at the root [B]."""
_DEFAULT_SERIES = 141
_DISK_RATE = 0.8e9
"""Written bytes a second, page cache and all [B/s]."""
_START_SECONDS = 1.5
_FREE_PART = 0.95


@dataclass(frozen=True)
class Plan:
    """What a run takes.

    Attributes
    ----------
    n_trajectories, n_units, threads : int
    memory_bytes : int
        Peak [B].
    disk_bytes : int
        Size of the run folder; 0 for results in memory [B].
    passing_disk_bytes : int
        What lies there besides until the run ends: the sums of its parts [B].
    seconds : float
        Time on a machine like the reference [s].
    fixed_memory_bytes, fixed_disk_bytes : int
        The parts that do not grow with the number of trajectories [B].
    keep : str
    """

    n_trajectories: int
    n_units: int
    threads: int
    memory_bytes: int
    disk_bytes: int
    passing_disk_bytes: int
    seconds: float
    fixed_memory_bytes: int
    fixed_disk_bytes: int
    keep: str


def check_sizes(n_trajectories: int, n_steps: int, seed: int = 0) -> None:
    """Refuse sizes that the random streams cannot address.

    Raises
    ------
    UsageError
    """
    if not 1 <= n_trajectories <= MAX_TRAJECTORIES:
        raise UsageError(f"{n_trajectories} trajectories: use 1 to {MAX_TRAJECTORIES} (2^48 - 1).")
    if not 1 <= n_steps <= MAX_STEPS:
        raise UsageError(f"{n_steps} steps (years x steps_per_year): use 1 to {MAX_STEPS} (2^16 - 1).")
    if not 0 <= seed <= MAX_SEED:
        raise UsageError(f"seed {seed}: use 0 to {MAX_SEED} (2^64 - 1).")


def plan_run(layout: Layout, *, threads: int, processes: int = 1, in_memory: bool = False) -> Plan:
    """Plan a run from its layout; nothing is allocated.

    Parameters
    ----------
    layout : Layout
    threads : int
        Of all processes.
    processes : int
    in_memory : bool
        Plan for `simulate`, which keeps float64 arrays of all trajectories and writes nothing.

    Raises
    ------
    UsageError
        If a size is above what the random streams can address.
    """
    meta = layout.meta
    check_sizes(meta.n_trajectories, meta.n_record - 1, meta.seed)
    n_unit = min(meta.unit, meta.n_trajectories)
    sums = sum(array.chunk_bytes for array in layout.accumulators)
    # Every thread works on one unit and one may wait to be written; sums are folded twice.
    in_flight = min(threads + 1, layout.n_units)
    fixed = (
        BASE_MEMORY * processes + layout.fixed_bytes + sums * (in_flight + 1) + layout.unit_bytes * in_flight
    )
    per_trajectory = 0
    if in_memory:
        per_trajectory = 2 * layout.unit_bytes // n_unit + 8
    steps = meta.n_trajectories * meta.n_record * len(meta.series) / _DEFAULT_SERIES
    fixed_disk = 0 if in_memory else layout.fixed_bytes + _METADATA * len(layout.arrays)
    disk = 0 if in_memory else layout.n_units * layout.unit_bytes + fixed_disk
    passing = 0 if in_memory else part_grid(meta).n_parts * sums_bytes(meta)
    at_once = max(1, min(threads, layout.n_units))
    seconds = _START_SECONDS + steps * RECORD_SECONDS / at_once + disk / _DISK_RATE
    return Plan(
        n_trajectories=meta.n_trajectories,
        n_units=layout.n_units,
        threads=threads,
        memory_bytes=fixed + per_trajectory * meta.n_trajectories,
        disk_bytes=disk,
        passing_disk_bytes=passing,
        seconds=seconds,
        fixed_memory_bytes=fixed,
        fixed_disk_bytes=fixed_disk,
        keep=meta.keep,
    )


def check_plan(plan: Plan, folder: Path | None, max_memory: int | None = None, *, present: int = 0) -> None:
    """Refuse a plan that does not fit this machine.

    Parameters
    ----------
    plan : Plan
    folder : Path or None
        Where the run goes; None for results in memory.
    max_memory : int, optional
        A limit of one's own [B].
    present : int
        What a stopped run left in the folder, which needs no more room [B].

    Raises
    ------
    ResourceError
        Saying what is needed, what there is, and what to do.
    """
    available = available_memory()
    if max_memory is not None:
        available = max_memory if available is None else min(available, max_memory)
    smaller = "fewer --threads" if plan.threads > 1 else "a larger machine"
    if available is not None and plan.memory_bytes > available:
        raise ResourceError(
            f"the run needs about {_size(plan.memory_bytes)} of memory, {_size(available)} are available. "
            + _advice(plan, plan.memory_bytes, plan.fixed_memory_bytes, available, smaller)
        )
    if folder is None:
        return
    free = int(free_disk(folder) * _FREE_PART)
    needed = plan.disk_bytes + plan.passing_disk_bytes
    if needed - present > free:
        raise ResourceError(
            f"{folder}: the run needs about {_size(needed - present)} of disk, {_size(free)} are free there. "
            + _advice(plan, needed, plan.fixed_disk_bytes, free + present, "another --output")
        )


def _advice(plan: Plan, needed: int, fixed: int, available: int, otherwise: str) -> str:
    """Say what would fit; ``otherwise`` is for where no smaller run does."""
    choices = [] if plan.keep == "summary" else ["--keep summary"]
    if plan.keep == "paths":
        choices.append("--keep outcomes")
    if needed > fixed:
        fitting = int(plan.n_trajectories * max(0, available - fixed) / (needed - fixed))
        if fitting > 0:
            choices.append(f"-n {_round_down(fitting)}")
    if not choices or fixed > available:
        choices.append(otherwise)
    return f"Use {' or '.join(choices)}."


def _round_down(n: int) -> int:
    """Two leading digits of a number, zeros after them."""
    step = int(10 ** max(0, len(str(n)) - 2))
    return n // step * step


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.0f} MB"
