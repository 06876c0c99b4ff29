"""By when parts of the trajectories first see an event, on two sides."""

from dataclasses import replace
from math import inf, isnan, nan

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.analysis.compare import Sample
from sandwich_sim.analysis.compare_event_times import PARTS, measure_event_times, quadrant_chance
from sandwich_sim.analysis.compare_event_words import event_time_lines, time_document
from sandwich_sim.prepare import prepare
from sandwich_sim.scenario.load import load_scenario

N = 1024
SCRAMBLE = (np.arange(N) % 16).astype(np.uint8)
YEARS = 10
META = prepare(load_scenario("base"), trajectories=16).meta


def sample(values, is_replicated=False):
    return Sample(values, (np.arange(values.size) % 16).astype(np.uint8), is_replicated)


def seen(times, steps=4):
    """Dates of the first records at or after the times; none after the run."""
    records = np.maximum(np.ceil(times * steps - 1e-9), 0.0) / steps
    return np.where(records > YEARS, nan, records)


def times(a, b, relation="paired", steps=4, is_replicated=False, parts=PARTS):
    sides = (sample(each, is_replicated) for each in (a, b))
    return measure_event_times("boom", *sides, relation, (YEARS, steps), 0.05, parts)


def normals(seed, mean, n=4096, spread=1.5):
    return np.random.default_rng(seed).normal(mean, spread, size=n)


def test_the_date_of_a_part_is_the_first_record_by_which_so_many_have_seen_it():
    a = seen(normals(1, 5.0, spread=1.0))
    for found in times(a, a + 0.5):
        at = np.sort(a)[int(np.ceil(found.part * a.size)) - 1]
        assert (found.a.value, found.b.value) == (at, at + 0.5)
        assert found.a.low <= at <= found.a.high
        assert found.difference.value == 0.5 and found.is_reached


def test_what_never_comes_is_later_than_any_date():
    """Leaving out those that never see it would make the date of one half far too early."""
    a = normals(1, 9.0)
    (found,) = times(seen(a), seen(a + 0.8), parts=[0.5])
    assert abs(found.a.value - 9.0) <= 0.25
    assert abs(found.b.value - 9.75) <= 0.25
    (late,) = times(seen(a), seen(a + 3.0), parts=[0.5])
    assert late.b.value == inf and isnan(late.difference.value) and not late.is_reached
    assert "not reached on both sides" in late.difference.reason


def test_an_interval_is_open_where_one_side_may_never_get_there():
    a = normals(1, 5.0)
    never = np.random.default_rng(2).random(a.size) < 0.495
    (found,) = times(seen(a), np.where(never, nan, seen(a)), parts=[0.5])
    assert found.b.value <= YEARS and found.b.high == inf
    assert found.difference.high == inf and found.difference.low > 0.0


@pytest.mark.parametrize("is_replicated", [False, True])
def test_a_side_does_not_differ_from_itself(is_replicated):
    a = seen(normals(3, 5.0))
    for found in times(a, a, is_replicated=is_replicated):
        assert found.difference.value == 0.0
        assert found.difference.low <= 0.0 <= found.difference.high
        assert found.difference.high - found.difference.low <= 0.5


def test_thin_tails_are_not_estimable():
    found = times(seen(normals(1, 5.0, n=960)), seen(normals(2, 5.0, n=960)))
    assert [bool(each.a.reason) for each in found] == [True, False, True]
    assert "not estimable" in found[0].difference.reason and isnan(found[0].difference.value)


def test_pairing_narrows_and_an_unknown_relation_widens():
    a = normals(1, 5.0, n=N)
    b = 5.3 + 0.99 * (a - 5.0) + 0.1 * normals(2, 0.0, n=N)
    width = {}
    for relation in ("paired", "independent", "unknown"):
        (found,) = times(seen(a, 48), seen(b, 48), relation, 48, parts=[0.5])
        width[relation] = found.difference.high - found.difference.low
    assert 2.0 * width["paired"] < width["independent"] <= width["unknown"]


def test_sides_change_places():
    a, b = seen(normals(1, 5.0)), seen(normals(2, 5.4))
    for one, two in zip(times(a, b), times(b, a), strict=True):
        assert (one.difference.low, one.difference.high) == (-two.difference.high, -two.difference.low)


def normal_pairs(repeats, related):
    """Yield scores of two sides."""
    generator = np.random.default_rng(20261124)
    for _ in range(repeats):
        one, rest = generator.normal(size=(2, N))
        other = related * one + np.sqrt(1.0 - related**2) * rest
        yield one, other


CASES = {
    "quarters": (0.5, "paired", 0.8, 4, True),
    "months": (0.5, "paired", 0.8, 12, False),
    "weeks": (0.5, "paired", 0.8, 52, False),
    "apart": (0.5, "independent", 0.0, 12, True),
    "early": (0.05, "paired", 0.5, 12, False),
}
"""Part, relation, correlation, records a year, and whether errors are taken across groups."""


def coverage(case, repeats):
    """How often the interval of the difference holds the truth, and its mean width over that of a density."""
    part, relation, related, steps, is_replicated = case
    score, spread = stats.norm.ppf(part), 1.5
    ends = [mean + spread * score for mean in (4.03, 4.57)]
    truth = np.diff([np.ceil(end * steps) for end in ends])[0] / steps
    slope = spread / stats.norm.pdf(score)
    joint = stats.multivariate_normal.cdf([score, score], cov=[[1.0, related], [related, 1.0]])
    error = slope * np.sqrt(2.0 * (part - joint) / N)
    held, width = [], []
    for one, other in normal_pairs(repeats, related):
        sides = seen(4.03 + spread * one, steps), seen(4.57 + spread * other, steps)
        (found,) = times(*sides, relation, steps, is_replicated, [part])
        low, high = found.difference.low, found.difference.high
        held.append(low - 1e-9 <= truth <= high + 1e-9)
        width.append(high - low)
    return np.mean(held), np.mean(width) - 2.0 / steps, 2.0 * 1.96 * error


def check(name, repeats):
    """Never below 95% beyond chance (1 in 100,000), and not much wider than a known density would make it."""
    held, width, plain = coverage(CASES[name], repeats)
    print(f"{name}: {100 * held:.2f}%, {width / plain:.2f} as wide")
    assert stats.binom.cdf(round(held * repeats), repeats, 0.95) > 1e-5, held
    assert width < 1.6 * plain, (width, plain)


@pytest.mark.parametrize("name", ["quarters", "early"])
def test_intervals_hold_the_truth_at_least_as_often_as_they_say(name):
    check(name, 1000)


@pytest.mark.nightly
@pytest.mark.parametrize("name", CASES)
def test_intervals_hold_the_truth_in_many_replications(name):
    check(name, 10_000)


def worst_case(repeats):
    """Both sides within chance of another record: a part of 0.5 is all but reached just before."""
    generator, held = np.random.default_rng(7), 0
    levels = np.array([0.2, 0.4999, 0.8, 1.0])  # of A by records 1 to 4; of B a record earlier
    for _ in range(repeats):
        one, other = generator.random((2, N))
        a = (np.searchsorted(levels, one) + 1.0) / 4.0
        b = (np.searchsorted(np.array([0.2, 0.5001, 0.8, 1.0]), other) + 1.0) / 4.0
        (found,) = times(a, b, "independent", parts=[0.5])
        held += found.difference.low <= -0.25 <= found.difference.high
    return held


def test_intervals_hold_where_records_are_as_bad_as_they_can_be():
    held = worst_case(1000)
    assert stats.binom.cdf(held, 1000, 0.95) > 1e-5, held


@pytest.mark.parametrize("freedom", [inf, 15.0])
def test_the_chance_at_the_corner_is_that_of_the_distance(freedom):
    """Two true zeros: at a chance of 5% refused in 5% of the cases."""
    generator, n, related = np.random.default_rng(5), 100_000, -0.7
    draws = generator.multivariate_normal([0.0, 0.0], [[1.0, related], [related, 1.0]], n).T
    if freedom < inf:
        scatter = stats.wishart(15, [[1.0, related], [related, 1.0]]).rvs(n, random_state=6) / 15.0
        spread = np.sqrt(scatter[:, [0, 1], [0, 1]]).T
        chance = quadrant_chance(*(draws / spread), scatter[:, 0, 1] / spread.prod(axis=0), freedom)
    else:
        chance = quadrant_chance(*draws, np.full(n, related), freedom)
    refused = np.mean(chance < 0.05)
    error = np.sqrt(0.05 * 0.95 / n)
    assert refused < 0.05 + 5.0 * error + (0.004 if freedom < inf else 0.0)
    assert refused > 0.045


def test_times_as_sentences():
    a = seen(normals(1, 5.0, spread=1.0))
    b = a - 1.0
    words = {line.partition(" ")[0]: line for _, line in event_time_lines(times(a, b), META, META, 0.05)}
    assert set(words) == {"5%", "half", "95%"}
    assert "1 year earlier (95% CI" in words["half"]
    assert "by Jul 2031" in words["half"] and " in A, by " in words["half"]
    same = [line for _, line in event_time_lines(times(a, a), META, META, 0.05)]
    assert "no later and no earlier (95% CI" in same[1]


def test_sentences_tell_what_is_not_reached():
    a = normals(1, 5.0)
    lines = [line for _, line in event_time_lines(times(seen(a), seen(a + 4.5)), META, META, 0.05)]
    assert lines[-1].endswith("in A, not within the run in B")
    ((event, none),) = event_time_lines(times(np.full(4096, nan), np.full(4096, nan)), META, META, 0.05)
    assert (event, none) == ("boom", "fewer than 5% see it within the run, on either side")
    few = [line for _, line in event_time_lines(times(seen(a)[:64], seen(a)[:64]), META, META, 0.05)]
    assert few[0] == "5%: not estimable: fewer than 50 trajectories lie beyond it"


def test_a_document_has_null_for_what_lies_beyond_the_run():
    a = normals(1, 5.0)
    found = times(seen(a), seen(a + 4.5))[-1]
    document = time_document(found, META, replace(META))
    assert document["b"]["value"] is None and "date" not in document["b"]
    assert document["difference"]["value"] is None and document["difference"]["reason"]
    assert document["a"]["date"].startswith("20") and document["a"]["interval"][0] <= document["a"]["value"]
