"""The value of information of a run: from what it stored, or from trajectories computed again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sandwich_sim.analysis.metrics import parse_metrics
from sandwich_sim.analysis.sensitivity import FEWEST, default_metrics
from sandwich_sim.analysis.sensitivity_sample import is_stored, read_sample
from sandwich_sim.analysis.worth import Worth, value_of_knowing
from sandwich_sim.analysis.worth_choices import (
    Basis,
    choose_basis,
    default_choices,
    parse_choice,
    position_returns,
)
from sandwich_sim.errors import UsageError
from sandwich_sim.results.dataset import check_run, read_accumulators, read_meta, stored_scenario
from sandwich_sim.scenario.spec import Position
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.sensitivity import recompute_sample


def measure_worth(
    folder: Path | str,
    metrics: Sequence[str] = (),
    *,
    positions: Sequence[Position] | None = None,
    choices: Sequence[str] = (),
    basis: Basis | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Worth:
    """Say what knowing each uncertain input of a run would be worth.

    Parameters
    ----------
    folder : path
        A complete run of any ``keep``.
    metrics : sequence of str
        Outcomes to narrow; the cents that labs keep and the first event if none.
    positions : sequence of Position, optional
        Those of the scenario that was run if not given.
    choices : sequence of str
        ``name=position:weight,...``, two or more; the book, an even one and each position if none.
    basis : {"price", "fair", "revenue"}, optional
        What a dollar buys; `analysis.worth.choose_basis` if not given.
    threads : int, optional
        For what is computed again; all processors if not given.

    Raises
    ------
    UsageError
        If an outcome, position or choice does not exist, or there are too few trajectories.
    IntegrityError
        If an outcome is not finite in some trajectory.
    """
    folder = Path(folder)
    arrays = check_run(folder)
    meta = read_meta(folder)
    spec = stored_scenario(folder, meta)
    positions = spec.portfolio if positions is None else positions
    lab = next(hop.name for hop in spec.hops if hop.role == "lab")
    narrowed = parse_metrics(metrics or default_metrics(meta, lab), meta)
    own = tuple(parse_choice(text, positions) for text in choices) if positions else ()
    if choices and len(own) < 2:
        raise UsageError(
            "one choice is none. Give --choice two times or more, for a scenario with positions."
        )
    if own:
        used = {name for choice in own for name, weight in choice.weights.items() if weight > 0.0}
        positions = [position for position in positions if position.name in used]
    money = parse_metrics([f"discounted_profit.{hop}" for hop in meta.hops], meta)
    is_choice = len(positions) > 1 or len(own) > 1
    wanted = (*narrowed, *money) if is_choice else narrowed
    if not meta.parameters:
        raise UsageError(
            "no input of the scenario is drawn, so none can be learned. Give some a distribution."
        )
    if meta.n_trajectories < FEWEST:
        raise UsageError(f"{meta.n_trajectories} trajectories are too few. Run it with {FEWEST} or more.")
    if all(is_stored(metric, arrays, meta) for metric in wanted):
        sample = read_sample(folder, meta, wanted, correlation=spec.correlation)
    else:
        sample = recompute_sample(spec, meta, wanted, threads=threads, progress=progress)
    returns = None
    if is_choice:
        profit = sample.values[len(narrowed) :].astype(np.float64)
        basis = basis or choose_basis(positions, profit, meta)
        returns = position_returns(positions, profit, meta, read_accumulators(folder), basis)
    sample = replace(sample, metrics=narrowed, values=sample.values[: len(narrowed)])
    found = value_of_knowing(sample, returns, positions, own or default_choices(positions))
    return replace(found, basis=basis or "fair")
