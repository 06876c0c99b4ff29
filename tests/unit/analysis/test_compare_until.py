"""When a comparison may stop."""

from math import inf, isnan, nan

import numpy as np
import pytest

from sandwich_sim.analysis.compare import Sample, compare_metric
from sandwich_sim.analysis.compare_until import parse_until
from sandwich_sim.analysis.compare_verdict import Rates, judge
from sandwich_sim.analysis.metrics import Metric
from sandwich_sim.errors import UsageError

METRIC = Metric("gap @ horizon", "Gap", "months", "series", "gap")


def compared(shift, n=1600):
    generator = np.random.default_rng(1)
    scramble = (np.arange(n) % 16).astype(np.uint8)
    a, b = generator.normal(size=(2, n))
    found = compare_metric(METRIC, Sample(a, scramble, False), Sample(b + shift, scramble, False), "paired")
    return found, judge(found, ("A", "B"), Rates())


@pytest.mark.parametrize("text", ["se(diff) < 0.001", " se( diff )<1e-3 ", "se(diff) <= 0.1%"])
def test_a_limit_of_the_error_is_read(text):
    assert parse_until(text).limit == pytest.approx(0.001)


def test_the_sign_is_read():
    until = parse_until(" sign( diff ) ")
    assert until.text == "sign(diff)"
    assert isnan(until.limit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "se(diff)",
        "se(diff) > 0.1",
        "se(diff) in [0.1, 0.2]",
        "se(diff) < 0",
        "diff < 0.1",
        "se(x) < 1",
        "sign",
    ],
)
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match=r'Write such as "se\(diff\) < 0.001", or "sign\(diff\)"'):
        parse_until(text)


def test_an_error_below_its_limit_is_settled():
    found, verdict = compared(0.5)
    error = found.gap.mean.standard_error
    assert parse_until(f"se(diff) < {1.01 * error}").is_settled(found, verdict)
    assert not parse_until(f"se(diff) < {0.99 * error}").is_settled(found, verdict)
    assert parse_until(f"se(diff) < {2 * error}").progress(found, verdict) == pytest.approx(0.5)


def test_a_sign_is_settled_when_it_is_known():
    assert parse_until("sign(diff)").is_settled(*compared(0.5))
    assert not parse_until("sign(diff)").is_settled(*compared(0.0))


def test_an_unknown_error_is_not_settled():
    found, verdict = compared(nan)
    until = parse_until("se(diff) < 100")
    assert until.progress(found, verdict) == inf
    assert not until.is_settled(found, verdict)
