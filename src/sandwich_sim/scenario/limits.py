"""Limits of a distribution: which shapes can be drawn from, and truncation by ``min`` and ``max``."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from sandwich_sim.scenario.fields import Fields
from sandwich_sim.scenario.support import kept
from sandwich_sim.scenario.uncertain import Beta, Discrete, Distribution, LogNormal, Pert, StudentT

_LEAST_KEPT = 1e-6
_SHAPES: tuple[tuple[type[Distribution], str, float, float], ...] = (
    (LogNormal, "mu", -200.0, 200.0),
    (LogNormal, "sigma", 1e-9, 50.0),
    (StudentT, "dof", 0.1, 1e9),
    (Beta, "a", 0.01, 1e7),
    (Beta, "b", 0.01, 1e7),
    (Pert, "shape", 1e-3, 1e6),
)
"""Which shapes can be drawn from, in double precision and in short time."""


def refuse_extreme(distribution: Distribution, fields: Fields) -> None:
    """Note shapes so extreme that draws overflow or all but a few of them agree."""
    for kind, key, low, high in _SHAPES:
        value = getattr(distribution, key) if isinstance(distribution, kind) else low
        if not low <= value <= high:
            where = (*fields.path, key) if key in fields.table else fields.path
            found = "is" if key in fields.table else f"has these quantiles with {key} ="
            hint = f"Use {key} from {low:g} to {high:g}."
            fields.findings.add(where, f"{found} {value:.3g}, too extreme to draw from. {hint}")


def truncate(
    distribution: Distribution, minimum: float, maximum: float, fields: Fields
) -> Distribution | None:
    """Cut a distribution at ``min`` and ``max``; None, and a finding, if that leaves nothing of it."""
    if minimum == -inf and maximum == inf:
        return distribution
    last = "max" if "max" in fields.table else "min"
    if minimum >= maximum:
        fields.add(last, f"min = {minimum:g} and max = {maximum:g} are out of order. Use min < max.")
        return None
    truncated = replace(distribution, minimum=minimum, maximum=maximum)
    share = kept(truncated)
    if share < _LEAST_KEPT:
        fields.add(last, "leaves nothing of the distribution. Use wider bounds, or another distribution.")
        return None
    if isinstance(truncated, Discrete):
        pairs = [
            (value, p / share)
            for value, p in zip(truncated.values, truncated.probabilities, strict=True)
            if minimum <= value <= maximum
        ]
        return Discrete(values=tuple(v for v, _ in pairs), probabilities=tuple(p for _, p in pairs))
    return truncated
