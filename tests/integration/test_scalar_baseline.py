"""The scalar baseline of the benchmarks is the same model: against the twin, and against the engine."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import reference
from documents import model_cases, spec_from_document
from reference_chain import Chain, no_shocks
from sandwich_sim.kernels._jit import COMPILED
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies.recompute import trace
from sandwich_sim.variables import PER_HOP, PER_STEP, series_names

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
CUMULATIVE = ("cumulative_profit", "cumulative_revenue", "discounted_profit", "discounted_revenue")

pytestmark = [
    pytest.mark.nightly,  # compiling the baseline takes half a minute, and only benchmarks use it
    pytest.mark.skipif(not COMPILED, reason="the baseline's records need the compiler"),
]


@pytest.fixture(scope="module")
def baseline():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield import_module("scalar_prange"), import_module("scalar_inputs")


def follow(baseline, spec, n, seed, shocks):
    program, inputs = baseline
    sums = program.simulate(inputs.chain_of(spec), inputs.numbers_of(spec, n, seed), shocks=shocks, n_part=3)
    assert not sums.failures.any()
    return sums


def twin_sums(chain, series):
    """Sums of the twin's series over trajectories, shape (n_record, n_series)."""
    per_hop = [np.nansum(series[variable.name], axis=-1) for variable in PER_HOP]
    per_step = [series[variable.name].sum(axis=-1)[:, np.newaxis] for variable in PER_STEP]
    return np.concatenate(per_hop + per_step, axis=1)


def assert_same_as_twin(baseline, spec, n):
    chain = Chain.from_spec(spec)
    parameters = baseline[1].parameters_of(spec, n, 11)
    twin = reference.simulate(chain, parameters, no_shocks(chain, n))
    sums = follow(baseline, spec, n, 11, shocks=False)
    expected = twin_sums(chain, twin)
    scale = np.abs(expected).max(axis=0)
    far = np.abs(sums.total.sum(axis=0) - expected) > 1e-8 * (scale + n)
    assert not far.any(), [series_names(chain.hops)[series] for series in np.flatnonzero(far.any(axis=0))]
    undefined = np.isnan(twin["profit_share"][:, 0]).sum(axis=-1)
    np.testing.assert_array_equal(sums.undefined.sum(axis=0), undefined)
    for kind, name in enumerate(CUMULATIVE):
        np.testing.assert_allclose(sums.cumulative[:, kind].T, twin[name], rtol=1e-8, atol=1e-6)


def test_baseline_equals_twin_without_shocks_on_the_base_scenario(baseline):
    assert_same_as_twin(baseline, load_scenario("base"), n=40)


@pytest.mark.parametrize("case", tuple(model_cases()))
def test_baseline_equals_twin_on_other_chains(baseline, case):
    assert_same_as_twin(baseline, spec_from_document(model_cases()[case]["scenario"]), n=3)


def test_baseline_has_the_means_of_the_engine_with_shocks(baseline):
    spec, n = load_scenario("base"), 1024
    run = trace(spec, trajectories=n, seed=11)
    total = follow(baseline, spec, n, 11, shocks=True).total.sum(axis=0)[-1]
    names = series_names(spec.hop_names)
    for variable in ("gap", "line", "share", "inference_margin", "list_price_ratio", "margin_engineering"):
        values = run.series[variable][-1]
        error = values.std(ddof=1) * np.sqrt(2.0 / n)
        assert abs(total[names.index(variable)] / n - values.mean()) < 5.0 * error, variable
    for variable in ("scarcity", "monopoly", "pricing_power", "margin", "revenue_share"):
        for place, hop in enumerate(spec.hop_names):
            values = run.series[variable][-1, place]
            error = values.std(ddof=1) * np.sqrt(2.0 / n)
            mean = total[names.index(f"{variable}.{hop}")] / n
            assert abs(mean - values.mean()) < 5.0 * error, (variable, hop)
