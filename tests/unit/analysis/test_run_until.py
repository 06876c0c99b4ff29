"""When a run may stop: what a condition says, at which sizes it is looked at, what a look shows."""

import numpy as np
import pytest

from sandwich_sim.analysis.run_until import judge_conditions, look_sizes, read_condition
from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.load import load_scenario

BASE = load_scenario("base")


def found_of(text, values, n_looks=1, is_replicated=False):
    condition = read_condition(text, BASE)
    (found,) = judge_conditions(
        [condition],
        [condition.metric],
        np.asarray(values, dtype=np.float64)[None],
        (np.arange(len(values)) % 16).astype(np.uint8),
        is_replicated=is_replicated,
        n_looks=n_looks,
    )
    return found


def test_a_standard_error_is_asked_of_the_statistic_within():
    condition = read_condition("se( P(thesis_falsified) )<0.002", BASE)
    assert condition.statement.text == "se(P(thesis_falsified)) < 0.002"
    assert condition.statistic.name == "P(thesis_falsified)"
    assert condition.limit == 0.002


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("se(P(thesis_falsified)) > 0.002", "can only fall below a limit"),
        ("se(P(thesis_falsified)) < 0", "can only fall below a limit"),
        ("P(thesis_falsifid) > 0.5", "Did you mean"),
        ("se(diff) < 0.1", "no statistic by itself"),
        ("P(thesis_falsified)", "lacks what it must be"),
    ],
)
def test_what_cannot_be_read_is_refused(text, message):
    with pytest.raises(UsageError, match=message) as caught:
        read_condition(text, BASE)
    assert str(caught.value).startswith(f'--until "{text}": ')


def test_trajectories_are_doubled_and_never_passed():
    assert look_sizes(16, 100, "sobol") == (16, 32, 64)
    assert look_sizes(64, 64, "random") == (64,)


@pytest.mark.parametrize(
    ("first", "most", "sampler", "message"),
    [
        (16, 64, "latin-hypercube", "cannot be extended"),
        (20, 64, "sobol", "multiple of 16"),
        (128, 64, "sobol", "at most 64"),
    ],
)
def test_sizes_that_cannot_be_are_refused(first, most, sampler, message):
    with pytest.raises(UsageError, match=message):
        look_sizes(first, most, sampler)


def test_a_small_error_is_met_and_a_large_one_is_open():
    flags = np.tile([0.0, 0.0, 0.0, 1.0], 256)
    assert found_of("se(P(thesis_falsified)) < 0.02", flags).state == "met"
    assert found_of("se(P(thesis_falsified)) < 0.01", flags).state == "open"


def test_a_statement_is_decided_either_way_or_open():
    flags = np.tile([0.0, 0.0, 0.0, 1.0], 256)
    assert found_of("P(thesis_falsified) > 0.1", flags).state == "holds"
    assert found_of("P(thesis_falsified) > 0.5", flags).state == "fails"
    assert found_of("P(thesis_falsified) > 0.25", flags).state == "open"


def test_more_looks_make_intervals_wider():
    values = np.random.default_rng(1).normal(size=1024)
    once, often = (found_of("mean(gap @ start) > 0", values, n_looks=k) for k in (1, 8))
    assert often.standard_error == once.standard_error
    assert often.low < once.low < once.high < often.high


def test_what_is_not_estimable_stays_open_and_says_why():
    found = found_of("se(p5(gap @ start)) < 10", np.arange(64.0))
    assert found.state == "open"
    assert found.reason.startswith("fewer than 50 trajectories lie beyond it")
    assert found.to_document()["standard_error"] is None


def test_the_error_of_a_quantile_comes_from_the_order_of_the_values():
    values = np.random.default_rng(1).exponential(size=16_384)
    found = found_of("se(p50(gap @ start)) < 1", values)
    assert found.state == "met"
    # The density at the median is 1/2, so that the error is 1 / sqrt(n); it is known to some 3%.
    assert abs(found.standard_error * 128 - 1.0) < 0.2


def test_intervals_cover_wherever_the_looks_end():
    """Stopped by the error it shows, a mean is within its interval in 95% of the cases at least."""
    generator = np.random.default_rng(20261123)
    condition = read_condition("se(mean(gap @ start)) < 0.1", BASE)
    missed, repeats, sizes = 0, 1000, look_sizes(64, 1024, "sobol")
    for _ in range(repeats):
        # A scramble's points hang together: what they share has 1/16 of the variance of a point.
        shared = 0.25 * generator.normal(size=16) * np.ones((sizes[-1] // 16, 1))
        values = (shared + generator.exponential(size=shared.shape) - 1.0).ravel()
        for size in sizes:
            (found,) = judge_conditions(
                [condition],
                [condition.metric],
                values[None, :size],
                (np.arange(size) % 16).astype(np.uint8),
                is_replicated=True,
                n_looks=len(sizes),
            )
            if found.state == "met":
                break
        missed += not found.low <= 0.0 <= found.high
    # At a rate of 0.05 more than 82 misses would come once in 100,000 times.
    assert missed <= 82
