"""Pareto smoothing: equal to a reference implementation, right on known tails."""

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.analysis.pareto import fit_pareto, pareto_quantiles, smooth

POINTS = (np.arange(1, 4001) * 0.6180339887498949) % 1.0
STEPS = (2.0 * POINTS - 1.0) * 3.0 - 1.0

# k-hat, effective sample size and largest weight after smoothing, from arviz-stats 0.8.0
# (base.array_stats.psislw of the negative of these log weights, r_eff = 1).
REFERENCE = {
    "light": (-0.5 * STEPS**2, -1.6881573121833278, 2262.1816287052916, 0.0006123356089764941),
    "medium": (-0.4 * np.log(POINTS), 0.36963100759743284, 2656.8940232980153, 0.003974609816194951),
    "heavy": (-0.9 * np.log(POINTS), 0.8290178005203359, 105.96759524783809, 0.06850360744556712),
    "sharp": (-0.5 * (STEPS / 0.05) ** 2, -0.8450328941376916, 142.35845000173776, 0.010250566974477841),
}


@pytest.mark.parametrize("case", REFERENCE)
def test_smoothed_weights_are_those_of_arviz(case):
    log_weight, k_hat, effective, largest = REFERENCE[case]
    found = smooth(np.exp(log_weight - log_weight.max()))
    assert found.k_hat == pytest.approx(k_hat, rel=1e-9)
    assert 1.0 / (found.weights**2).sum() == pytest.approx(effective, rel=1e-9)
    assert found.weights.max() == pytest.approx(largest, rel=1e-9)
    assert found.weights.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [-0.5, 0.3, 0.9])
def test_the_shape_of_a_pareto_tail_is_found(shape):
    excess = np.sort(stats.genpareto(shape, scale=2.0).rvs(20_000, random_state=1))
    found, scale = fit_pareto(excess)
    assert found == pytest.approx(shape, abs=0.06)
    assert scale == pytest.approx(2.0, rel=0.06)


@pytest.mark.parametrize("shape", [-0.4, 0.0, 0.8])
def test_quantiles_are_those_of_the_generalized_pareto_distribution(shape):
    levels = np.linspace(0.01, 0.99, 50)
    np.testing.assert_allclose(
        pareto_quantiles(levels, shape, 3.0), stats.genpareto(shape, scale=3.0).ppf(levels)
    )


def test_no_weight_exceeds_the_largest_raw_one_and_their_order_stays():
    raw = np.random.default_rng(2).pareto(0.8, size=5000)
    found = smooth(raw)
    order = np.argsort(raw)
    assert np.all(np.diff(found.weights[order]) >= -1e-15)
    body = order[:-220]
    ratio = found.weights[body] / raw[body]
    assert ratio.max() == pytest.approx(ratio.min())
    assert found.weights.max() / ratio.min() <= raw.max() * (1.0 + 1e-12)


def test_weights_that_are_all_the_same_stay_so_bit_for_bit():
    found = smooth(np.full(1000, 0.3))
    assert np.array_equal(found.weights, np.full(1000, 1.0 / 1000))
    assert (found.k_hat, found.n_tail) == (-np.inf, 0)


def test_a_tail_of_too_few_weights_is_not_trusted():
    raw = np.zeros(1000)
    raw[:4] = [1.0, 2.0, 3.0, 4.0]
    assert smooth(raw).k_hat == np.inf
