"""Elementary functions against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from sandwich_sim.kernels._jit import COMPILED, entry
from sandwich_sim.kernels.vmath import exp, exp_minus_one, log, log_one_plus, normal_quantile

N = 20_000 if COMPILED else 200


@entry
def apply_exp(x, out):
    for j in range(x.size):
        out[j] = exp(x[j])


@entry
def apply_exp_minus_one(x, out):
    for j in range(x.size):
        out[j] = exp_minus_one(x[j])


@entry
def apply_log(x, out):
    for j in range(x.size):
        out[j] = log(x[j])


@entry
def apply_log_one_plus(x, out):
    for j in range(x.size):
        out[j] = log_one_plus(x[j])


@entry
def apply_quantile(x, out):
    for j in range(x.size):
        out[j] = normal_quantile(x[j])


def wide(low, high):
    return np.random.default_rng(1).uniform(low, high, N)


def small():
    return np.concatenate([10.0 ** wide(-17, 0), -(10.0 ** wide(-17, -0.4))])


CASES = {
    "exp": (apply_exp, wide(-700, 700), np.exp, 2),
    "exp near 0": (apply_exp, wide(-1, 1), np.exp, 2),
    "exp - 1": (apply_exp_minus_one, small(), np.expm1, 8),
    "exp - 1, far": (apply_exp_minus_one, wide(-30, 700), np.expm1, 8),
    "log": (apply_log, np.exp(wide(-700, 700)), np.log, 2),
    "log near 1": (apply_log, 1.0 + small(), np.log, 2),
    "log(1 + x)": (apply_log_one_plus, small(), np.log1p, 4),
    "quantile": (apply_quantile, wide(0, 1), ndtri, 8),
    "quantile, tails": (apply_quantile, 10.0 ** wide(-290, -1), ndtri, 8),
}


@pytest.mark.parametrize("case", CASES)
def test_functions_are_good_to_a_few_units_in_the_last_place(case):
    function, x, oracle, ulp = CASES[case]
    out = np.empty_like(x)
    function(x, out)
    expected = oracle(x)
    # A quantile near 0 inherits the rounding of u - 1/2: measure it by at least 1e-3.
    scale = np.maximum(np.abs(expected), 1e-3 if "quantile" in case else 0.0)
    error = np.abs(out - expected)
    assert (error <= ulp * np.spacing(np.maximum(scale, 1e-308))).all()


def test_not_a_number_stays_one():
    x = np.full(16, np.nan)
    for function in (apply_exp, apply_exp_minus_one):
        out = np.zeros(16)
        function(x, out)
        assert np.isnan(out).all()


def test_exp_saturates_instead_of_overflowing():
    out = np.empty(4)
    apply_exp(np.array([-np.inf, -1e4, 1e4, np.inf]), out)
    assert np.isfinite(out).all()
    assert (out[:2] < 1e-300).all()
    assert (out[2:] > 1e300).all()
