"""The ruler: premium = cap x scarcity x monopoly x pricing power (docs/model.md, section 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import rowwise
from sandwich_sim.kernels.rows import (
    BETA,
    CAP,
    GLUT,
    INVERSE_MARKUP,
    INVERSE_RETURN,
    LAB_SCARCITY,
    LOG_PREMIUM,
    MONOPOLY,
    PREMIUM,
    PRICING_POWER,
    SCARCITY,
    SCARCITY_GAP,
    TIGHT,
    TIGHTNESS,
    Z_MONOPOLY,
    Z_POWER,
    Z_SCARCITY,
    G,
)
from sandwich_sim.kernels.vmath import exp, log


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
    One division serves all three logistics: with a = e^-zS, b = e^-zM, c = e^-zP and
    d = 1 / ((1+a)(1+b)(1+c)) the product of the levels is d, and S = (1+b)(1+c) d.
    """
    width = record.shape[1]
    for h in range(n_hop):
        z_s, z_m, z_p = hop[Z_SCARCITY, h], hop[Z_MONOPOLY, h], hop[Z_POWER, h]
        tight, beta = hop[TIGHT, h], hop[BETA, h]
        s, m, p = (
            record[SCARCITY * n_hop + h],
            record[MONOPOLY * n_hop + h],
            record[PRICING_POWER * n_hop + h],
        )
        t = record[TIGHTNESS * n_hop + h]
        if h == lab:
            lab_scarcity, gap, scale = chain[LAB_SCARCITY], chain[G], chain[SCARCITY_GAP]
            for j in range(width):
                b = 1.0 + exp(-z_m[j])
                c = 1.0 + exp(-z_p[j])
                d = 1.0 / (b * c)
                level = 1.0 - exp(-gap[j] / scale[j])
                lab_scarcity[j] = level
                s[j] = level
                m[j] = c * d
                p[j] = b * d
                t[j] = 0.0
        else:
            for j in range(width):
                a = 1.0 + exp(-(z_s[j] + beta[j] * min(max(tight[j], -2.0), 2.0)))
                b = 1.0 + exp(-z_m[j])
                c = 1.0 + exp(-z_p[j])
                d = 1.0 / (a * b * c)
                s[j] = b * c * d
                m[j] = a * c * d
                p[j] = a * b * d
                t[j] = tight[j]
        cap, glut, inverse_return = hop[CAP, h], hop[GLUT, h], hop[INVERSE_RETURN, h]
        premium, log_premium = record[PREMIUM * n_hop + h], hop[LOG_PREMIUM, h]
        inverse_markup = hop[INVERSE_MARKUP, h]
        for j in range(width):
            value = max(cap[j] * s[j] * m[j] * p[j] - glut[j] * max(0.0, -tight[j]), -0.9)
            premium[j] = value
            log_premium[j] = log(1.0 + value)
            inverse_markup[j] = inverse_return[j] / (1.0 + value)
