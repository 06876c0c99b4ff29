"""The ruler: premium = cap x scarcity x monopoly x pricing power (docs/model.md, section 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import inlined, rowwise
from sandwich_sim.kernels.rows import (
    BETA,
    CAP,
    GLUT,
    INVERSE_MARKUP,
    INVERSE_RETURN,
    INVERSE_SCARCITY_GAP,
    LAB_SCARCITY,
    LOG_PREMIUM,
    MONOPOLY,
    PREMIUM,
    PRICING_POWER,
    SCARCITY,
    TIGHT,
    TIGHTNESS,
    Z_MONOPOLY,
    Z_POWER,
    Z_SCARCITY,
    G,
)
from sandwich_sim.kernels.vmath import exp, exp_within, log

LEAST_PREMIUM = -0.9
MOST_ODDS = 115.0
"""Log odds are taken within +-115, so that the product of three and its square stay finite."""


@inlined
def _inverse_level(z: float) -> float:
    """1 + e^-z: the inverse of a level with log odds z."""
    return 1.0 + exp_within(max(min(-z, MOST_ODDS), -MOST_ODDS))


@rowwise
def ruler_step(
    lab: int,
    n_hop: int,
    hop: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Evaluate scarcity, monopoly, pricing power, premium and markup of every hop.

    Notes
    -----
    One division serves all three logistics and the markup. With a = 1 + e^-zS, b and c for M and
    P, and D = a b c, the product of the levels is d = 1/D, S = b c d, and 1 + premium = E/D with
    E = max(D (1 - glut) + cap, D/10); so q = 1/(D E) gives d = E q and 1/(1 + premium) = D D q.

    Each exponential, the division and the logarithm have loops of their own: they are long
    chains of instructions, and the processor overlaps trajectories only while several fit into
    its window. In one loop they take half as long again.
    """
    for h in range(n_hop):
        if h == lab:
            lab_ruler(n_hop, h, hop, chain, record)
            continue
        z_s, z_m, z_p = hop[Z_SCARCITY, h], hop[Z_MONOPOLY, h], hop[Z_POWER, h]
        tight, beta = hop[TIGHT, h], hop[BETA, h]
        s, m, p = (
            record[SCARCITY * n_hop + h],
            record[MONOPOLY * n_hop + h],
            record[PRICING_POWER * n_hop + h],
        )
        t, premium = record[TIGHTNESS * n_hop + h], record[PREMIUM * n_hop + h]
        cap, glut, inverse_return = hop[CAP, h], hop[GLUT, h], hop[INVERSE_RETURN, h]
        log_premium, inverse_markup = hop[LOG_PREMIUM, h], hop[INVERSE_MARKUP, h]
        for j in range(tight.size):
            s[j] = _inverse_level(z_s[j] + beta[j] * min(max(tight[j], -2.0), 2.0))
        for j in range(tight.size):
            m[j] = _inverse_level(z_m[j])
        for j in range(tight.size):
            p[j] = _inverse_level(z_p[j])
        for j in range(tight.size):
            a, b, c = s[j], m[j], p[j]
            product = a * b * c
            discount = glut[j] * max(0.0, -tight[j])
            scaled = max(product * (1.0 - discount) + cap[j], 0.1 * product)
            q = 1.0 / (product * scaled)
            d = scaled * q
            s[j] = b * c * d
            m[j] = a * c * d
            p[j] = a * b * d
            t[j] = tight[j]
            premium[j] = max(cap[j] * d - discount, LEAST_PREMIUM)
            inverse_markup[j] = inverse_return[j] * (product * product * q)
        for j in range(tight.size):
            log_premium[j] = log(1.0 + premium[j])


@rowwise
def lab_ruler(
    n_hop: int, lab: int, hop: NDArray[np.float64], chain: NDArray[np.float64], record: NDArray[np.float64]
) -> None:
    """The lab's ruler: scarcity is its lead over open weights, and nothing is ever in a glut."""
    z_m, z_p, cap = hop[Z_MONOPOLY, lab], hop[Z_POWER, lab], hop[CAP, lab]
    s, m = record[SCARCITY * n_hop + lab], record[MONOPOLY * n_hop + lab]
    p, premium = record[PRICING_POWER * n_hop + lab], record[PREMIUM * n_hop + lab]
    t, log_premium = record[TIGHTNESS * n_hop + lab], hop[LOG_PREMIUM, lab]
    lab_scarcity, gap, scale = chain[LAB_SCARCITY], chain[G], chain[INVERSE_SCARCITY_GAP]
    for j in range(gap.size):
        lab_scarcity[j] = 1.0 - exp(-gap[j] * scale[j])
    for j in range(gap.size):
        m[j] = _inverse_level(z_m[j])
    for j in range(gap.size):
        p[j] = _inverse_level(z_p[j])
    for j in range(gap.size):
        level, b, c = lab_scarcity[j], m[j], p[j]
        d = 1.0 / (b * c)
        s[j] = level
        m[j] = c * d
        p[j] = b * d
        t[j] = 0.0
        premium[j] = cap[j] * level * d
    for j in range(gap.size):
        log_premium[j] = log(1.0 + premium[j])
