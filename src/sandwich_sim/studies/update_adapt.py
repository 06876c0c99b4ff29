"""Adapted proposals: inputs drawn closer to the evidence, and weighed for it.

Where few trajectories come near what was seen, most of the work goes into those that do not. Here
each input that the evidence tells something about is drawn from its own distribution cut into
eight equally likely parts, the parts that fit drawn more often and none of them never. What a
trajectory weighs is then the likelihood times the ratio of the two densities, which is known
exactly; shocks are drawn as ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.weights import FEWEST_EFFECTIVE, Weights
from sandwich_sim.distributions.correlation import correlated_groups
from sandwich_sim.distributions.of_scenario import law_of
from sandwich_sim.kernels.rng import MAX_SEED
from sandwich_sim.sampling import draw
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.uncertain import Discrete, Distribution, Empirical, Mixture, Uncertain
from sandwich_sim.studies.update_sides import Side
from sandwich_sim.studies.update_weighed import Weighed, weigh

Floats = NDArray[np.float64]

N_PART = 8
MOST_INPUTS = 6
"""Inputs that are drawn otherwise: each one makes the ratios more uneven."""
FLOOR = 0.2
"""Part of the draws that stay as they were: no part of an input is drawn less than a fifth as often."""
LEAST = 0.03
"""An input of which the evidence says less is left alone [nat]."""
_CLEAR = 3.0
"""An input is drawn otherwise if the evidence says so many times more of it than chance would."""
_TARGET = 2.5 * FEWEST_EFFECTIVE
_WIDEST = 64.0
_SEED_STEP = 1_000_003
_EDGE = 1e-12


@dataclass(frozen=True)
class Proposal:
    """How inputs are drawn.

    Attributes
    ----------
    parts : mapping of str to ndarray of float64, shape (8,)
        For each input that is drawn otherwise: how likely each eighth of it is.
    """

    parts: Mapping[str, Floats]


def adapted(each: Weighed, *, rounds: int) -> tuple[Weighed, int]:
    """Adapt the proposals until the weights are good, or the rounds are over.

    Parameters
    ----------
    each : Weighed
        Drawn as the scenario says.
    rounds : int

    Returns
    -------
    Weighed
        The last round's.
    int
        Rounds that were made; 0 if the weights were good from the start.
    """
    original, found = each.side.spec, each
    for number in range(1, rounds + 1):
        if found.weights.diagnosis.is_reliable:
            return found, number - 1
        proposal = propose(original, found)
        meta = replace(each.side.meta, seed=(each.side.meta.seed + number * _SEED_STEP) % MAX_SEED)
        spec = proposed(original, proposal)
        side = replace(each.side, spec=spec, meta=meta, found=None, failures={}, whole=each.side.n)
        found = weigh(side, each.readings, log_ratio(original, proposal, drawn_by(side, original, proposal)))
    return found, rounds


def propose(original: ScenarioSpec, found: Weighed) -> Proposal:
    """Choose how to draw the inputs from how those that were drawn fit the evidence.

    Errors of observation are taken as much wider as it takes for enough trajectories to count.
    """
    weights = _tempered(found)
    noise = (N_PART - 1.0) / (2.0 * max(weights.diagnosis.effective, 1.0))
    told: list[tuple[float, str, Floats]] = []

    def look(name: str, values: Floats) -> None:
        number = original.parameters[name]
        if not _can_be_cut(number):
            return
        part = np.searchsorted(_edges(number)[1:-1], values)
        share = np.bincount(part, weights=weights.values, minlength=N_PART).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            information = float(np.where(share > 0.0, share * np.log(share * N_PART), 0.0).sum())
        if information > max(_CLEAR * noise, LEAST):
            told.append((information, name, np.asarray((1.0 - FLOOR) * share + FLOOR / N_PART)))

    found.side.inputs(look)
    chosen = sorted(told, key=lambda item: (-item[0], item[1]))[:MOST_INPUTS]
    return Proposal({name: share / share.sum() for _, name, share in chosen})


def proposed(original: ScenarioSpec, proposal: Proposal) -> ScenarioSpec:
    """Return the scenario with its inputs drawn by a proposal; it has lost its digest."""
    parameters = dict(original.parameters)
    for name, share in proposal.parts.items():
        number = parameters[name]
        if not isinstance(number, Distribution):
            raise TypeError(f"{name} is not drawn")
        ends = [number.minimum, *_edges(number)[1:-1].tolist(), number.maximum]
        pieces = tuple(replace(number, minimum=low, maximum=high) for low, high in pairwise(ends))
        parameters[name] = Mixture(weights=tuple(share.tolist()), components=pieces)
    return replace(original, parameters=parameters, digest="")


def drawn_by(side: Side, original: ScenarioSpec, proposal: Proposal) -> dict[str, Floats]:
    """Draw the inputs of a proposal, and those correlated with them, again."""
    tied = {name for pair in original.correlation for name in pair[:2]}
    needed = [name for name in original.drawn if name in proposal.parts or name in tied]
    rows = draw(
        side.spec,
        needed,
        np.arange(side.n),
        seed=side.meta.seed,
        sampler=side.meta.sampler,
        trajectories=side.n,
        slots=side.meta.sobol_slots,
    )
    return dict(zip(needed, rows, strict=True))


def log_ratio(original: ScenarioSpec, proposal: Proposal, drawn: Mapping[str, Floats]) -> Floats:
    """Return the log density of drawn inputs in the scenario over that in the proposal.

    Parameters
    ----------
    drawn : mapping of str to ndarray of float64, shape (n,)
        The inputs of the proposal, and those correlated with them.

    Returns
    -------
    ndarray of float64, shape (n,)

    Notes
    -----
    Correlations act on normals, and an input drawn otherwise has others: within a group of
    correlated inputs the densities of the two Gaussian copulas do not cancel.
    """
    n = next((row.size for row in drawn.values()), 0)
    total = np.zeros(n)
    for name, share in proposal.parts.items():
        part = np.searchsorted(_edges(original.parameters[name])[1:-1], drawn[name])
        total -= np.log(share * N_PART)[part]
    groups = correlated_groups(original.drawn, original.correlation)
    for g in range(groups.group_start.size - 1):
        span = slice(int(groups.group_start[g]), int(groups.group_start[g + 1]))
        names = [original.drawn[int(row)] for row in groups.members[span]]
        if not any(name in proposal.parts for name in names):
            continue
        factor = groups.factors[span, : len(names)]
        before, after = _normals(original, proposal, names, drawn)
        total += _copula(factor, before) - _copula(factor, after)
    return total


def _copula(factor: Floats, normals: Floats) -> Floats:
    """Log density of a Gaussian copula, up to a constant, at normals of shape (n_name, n)."""
    solved = np.linalg.solve(factor, normals)
    return np.asarray(0.5 * ((normals * normals).sum(axis=0) - (solved * solved).sum(axis=0)))


def _normals(
    original: ScenarioSpec, proposal: Proposal, names: list[str], drawn: Mapping[str, Floats]
) -> tuple[Floats, Floats]:
    """Return the normals that inputs stand for in the scenario and in the proposal."""
    from scipy.special import ndtri

    before, after = [], []
    for name in names:
        number = original.parameters[name]
        if not isinstance(number, Distribution):
            raise TypeError(f"{name} is not drawn")
        level = np.clip(law_of(number).probabilities(drawn[name])[0], _EDGE, 1.0 - _EDGE)
        before.append(ndtri(level))
        share = proposal.parts.get(name)
        if share is not None:
            ends = np.concatenate([[0.0], np.cumsum(share)])
            level = np.interp(level, np.linspace(0.0, 1.0, N_PART + 1), ends / ends[-1])
        after.append(ndtri(np.clip(level, _EDGE, 1.0 - _EDGE)))
    return np.array(before), np.array(after)


def _tempered(found: Weighed) -> Weights:
    """Return the weights, under errors that are as much wider as it takes for enough to count."""
    low, high = 1.0, _WIDEST
    weights = found.weights_if()
    if weights.diagnosis.effective >= _TARGET:
        return weights
    for _ in range(8):
        middle = float(np.sqrt(low * high))
        if found.weights_if(middle).diagnosis.effective >= _TARGET:
            high = middle
        else:
            low = middle
    return found.weights_if(high)


def _can_be_cut(number: Uncertain) -> bool:
    """Whether an input has a smooth distribution whose parts can be told apart."""
    if not isinstance(number, Distribution) or isinstance(number, Discrete | Empirical | Mixture):
        return False
    return bool(np.all(np.diff(_edges(number)[1:-1]) > 0.0))


def _edges(number: Uncertain) -> Floats:
    """Return what separates the eight equally likely parts of an input, its ends included."""
    if not isinstance(number, Distribution):
        raise TypeError("only drawn inputs have parts")
    levels = np.arange(1, N_PART) / N_PART
    law = law_of(number)
    inner = law.quantile(levels, 1.0 - levels)
    return np.concatenate([[-np.inf], inner, [np.inf]])
