"""How unusual the drawn inputs and the shocks of a trajectory are, each in its own distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtr, ndtr, ndtri, pdtr, pdtrc

from sandwich_sim.analysis.story import Luck, UnusualInput
from sandwich_sim.distributions.correlation import correlated_groups
from sandwich_sim.distributions.of_scenario import law_of
from sandwich_sim.kernels.rows import CHAIN_SHOCKS, HOP_SHOCKS
from sandwich_sim.scenario.input_titles import input_title
from sandwich_sim.scenario.parameters import parameter_of
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.uncertain import Distribution

Floats = NDArray[np.float64]

LEAST = 1e-16
"""No tail is said to be less likely: uniforms have 52 digits."""

_HALF = np.array([0.5])
_CHAIN = {
    "gap": ("Pace of the capability gap", "open_source.gap_vol"),
    "line": ("Open token price", "token_price.volatility"),
    "edge": ("Labs' cost of serving", "lab.cost_edge_vol"),
    "hardware": ("Fall of the cost of hardware", "compute_cost.hardware_vol"),
    "software": ("Fall of compute per token", "compute_cost.software_vol"),
    "energy": ("Price of energy", "compute_cost.energy_vol"),
    "demand": ("Demand", "demand_shock.volatility"),
    "surprise": ("Growth surprises", "demand_shock.surprise_vol"),
}
"""For people, and the parameter that says how much a shock moves."""
_JUMPS = {
    "shock.leap": ("Closed leaps", "open_source.leap_rate"),
    "shock.release": ("Strong open releases", "open_source.release_rate"),
}


def unusual_inputs(spec: ScenarioSpec, values: Floats) -> list[UnusualInput]:
    """Say where the drawn inputs of one trajectory lie in their distributions, in the order of the file.

    Parameters
    ----------
    values : ndarray of float64, shape (n_drawn,)
        In the order of ``spec.drawn``.
    """
    tails = [_tails(spec, name, value) for name, value in zip(spec.drawn, values, strict=True)]
    scores = np.array([tail[3] for tail in tails])
    given = given_partners(spec, scores)
    partners, titles = _partners(spec), {hop.name: hop.title or hop.name for hop in spec.hops}
    found = []
    for row, name in enumerate(spec.drawn):
        below, above, rarity, score, median = tails[row]
        has_partners = bool(partners[name])
        found.append(
            UnusualInput(
                name=name,
                title=input_title(name, titles),
                unit=parameter_of(name).unit,
                value=float(values[row]),
                median=median,
                below=below,
                above=above,
                score=score,
                rarity=rarity,
                partners=partners[name],
                given_score=float(given[row]) if has_partners else score,
                given_rarity=_two_sided(float(given[row])) if has_partners else rarity,
            )
        )
    return found


def _tails(spec: ScenarioSpec, name: str, value: float) -> tuple[float, float, float, float, float]:
    """Probability below, above, at least as far out; normal score; median."""
    number = spec.parameters[name]
    assert isinstance(number, Distribution)
    law = law_of(number)
    at = np.array([value])
    up_to, above = (float(tail[0]) for tail in law.probabilities(at))
    below, from_here = (float(tail[0]) for tail in law.probabilities(at, True))
    rarity = min(1.0, 2.0 * max(min(up_to, from_here), LEAST))
    lower, upper = 0.5 * (below + up_to), 0.5 * (above + from_here)
    score = float(ndtri(max(lower, LEAST)) if lower <= upper else -ndtri(max(upper, LEAST)))
    return below, above, rarity, score, float(law.quantile(_HALF, _HALF)[0])


def _two_sided(score: float) -> float:
    return float(2.0 * ndtr(-abs(score)))


def _partners(spec: ScenarioSpec) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {name: [] for name in spec.drawn}
    for first, second, value in spec.correlation:
        if value:
            found[first].append(second)
            found[second].append(first)
    return {name: tuple(names) for name, names in found.items()}


def given_partners(spec: ScenarioSpec, scores: Floats) -> Floats:
    """Return the normal score of each input given those that it is correlated with.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_drawn,)

    Notes
    -----
    In a group with correlation matrix R and scores z, an input given all others is normal; with
    P = R^-1 its standardized place is (P z)_i / sqrt(P_ii). The copula is Gaussian, so that this is
    exact for continuous inputs.
    """
    given = scores.copy()
    for rows, factor in _groups(spec):
        precision = np.linalg.inv(factor @ factor.T)
        given[rows] = (precision @ scores[rows]) / np.sqrt(np.diag(precision))
    return given


def joint_quantile(spec: ScenarioSpec, scores: Floats) -> float:
    """Return the quantile of how far out all inputs are together, correlations counted.

    The sum of squares of the independent normals behind the scores is chi-square distributed, with
    a degree of freedom for each input.
    """
    independent = scores.copy()
    for rows, factor in _groups(spec):
        independent[rows] = np.linalg.solve(factor, scores[rows])
    return float(chdtr(scores.size, float(independent @ independent))) if scores.size else float("nan")


def _groups(spec: ScenarioSpec) -> list[tuple[NDArray[np.int64], Floats]]:
    """Rows and Cholesky factor of each correlated group."""
    groups = correlated_groups(spec.drawn, spec.correlation)
    found = []
    for start, end in zip(groups.group_start[:-1], groups.group_start[1:], strict=True):
        found.append((groups.members[start:end], groups.factors[start:end, : end - start]))
    return found


def lucks(
    spec: ScenarioSpec,
    parameters: Mapping[str, float],
    shocks: Mapping[str, Floats],
) -> list[Luck]:
    """Add up the shocks of one trajectory.

    Parameters
    ----------
    parameters : mapping of str to float
        What every parameter is worth.
    shocks : mapping of str to ndarray, shape (n_step,)
        Standard normals, and counts of ``shock.leap`` and ``shock.release``.

    Returns
    -------
    list of Luck
        Those that move something; the order is that of the model.
    """
    found = []
    for name, (title, volatility) in _normal_shocks(spec).items():
        steps = shocks.get(name)
        if steps is not None and parameters[volatility] > 0.0:
            score = float(steps.sum() / sqrt(steps.size))
            found.append(Luck(name, title, score, 0.0, score, _two_sided(score)))
    for name, (title, rate) in _JUMPS.items():
        if parameters[rate] > 0.0:
            found.append(_count(name, title, int(shocks[name].sum()), parameters[rate] * spec.years))
    return found


def _normal_shocks(spec: ScenarioSpec) -> dict[str, tuple[str, str]]:
    found = {f"shock.{state}": _CHAIN[state] for state in CHAIN_SHOCKS}
    for hop in spec.hops:
        for factor in HOP_SHOCKS:
            title = f"{hop.title or hop.name}: {factor.replace('_', ' ')}"
            found[f"shock.hop.{hop.name}.{factor}"] = (title, f"hop.{hop.name}.volatility")
    return found


def _count(name: str, title: str, total: int, expected: float) -> Luck:
    """Where a number of jumps lies in its Poisson distribution."""
    up_to, above = float(pdtr(total, expected)), float(pdtrc(total, expected))
    from_here = float(pdtrc(total - 1, expected)) if total else 1.0
    below = float(pdtr(total - 1, expected)) if total else 0.0
    lower, upper = 0.5 * (below + up_to), 0.5 * (above + from_here)
    score = float(ndtri(max(lower, LEAST)) if lower <= upper else -ndtri(max(upper, LEAST)))
    rarity = min(1.0, 2.0 * max(min(up_to, from_here), LEAST))
    return Luck(name, title, float(total), expected, score, rarity)


def rarest_first(found: Sequence[UnusualInput]) -> tuple[UnusualInput, ...]:
    """Sort inputs, the most unusual first."""
    return tuple(sorted(found, key=lambda each: (each.least_rarity, each.name)))
