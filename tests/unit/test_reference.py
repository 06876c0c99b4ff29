"""The plain twin against the published cases, its own identities and cases checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from documents import chain_from_document, model_cases, parameters_from_document
from reference import no_shocks, simulate

CASES = tuple(model_cases())


def run_case(name):
    document = model_cases()[name]["scenario"]
    chain = chain_from_document(document)
    return chain, simulate(chain, parameters_from_document(document), no_shocks(chain, 1))


@pytest.mark.parametrize("case", CASES)
def test_twin_reproduces_every_series_of_a_published_case(case):
    chain, series = run_case(case)
    published = model_cases()[case]
    assert list(chain.hops) == published["hops"]
    for name, values in (published["per_hop"] | published["per_step"]).items():
        tolerance = {"rtol": 0.0, "atol": 1e-6} if name == "tightness" else {"rtol": 1e-8, "atol": 0.0}
        np.testing.assert_allclose(series[name][..., 0], values, err_msg=name, **tolerance)


@pytest.mark.parametrize("case", CASES)
def test_both_identities_hold_without_shocks(case):
    _, series = run_case(case)
    assert np.abs(series["identity_dollars"]).max() < 1e-12
    assert np.abs(series["identity_walk"]).max() < 1e-12
