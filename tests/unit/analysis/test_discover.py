"""PRIM finds boxes that are there, none that are not, and is measured by what had no say in it."""

from itertools import pairwise

import numpy as np
import pytest

from sandwich_sim.analysis.discover import Limit, agreement, discover
from sandwich_sim.analysis.discover_words import FEWEST_HITS, advice, say_box, title_of
from sandwich_sim.analysis.prim import Box, inside, measured, paste, peel
from sandwich_sim.errors import UsageError
from synthetic_run import make_meta

NAMES = ("open_source.gap", "hop.chips.scarcity", "open_source.catch_up_speed", "lab.reinvestment")
N = 65_536


def meta(names=NAMES):
    return make_meta(parameters=names, n_trajectories=N)


def draws(n_input=4, seed=1):
    return np.random.default_rng(seed).uniform(size=(n_input, N)).astype(np.float32)


def in_a_box(x, noise=0.0, seed=2):
    """Cases of interest: x0 < 0.3 and x2 > 0.6, some flipped."""
    hits = (x[0] < 0.3) & (x[2] > 0.6)
    flipped = np.random.default_rng(seed).uniform(size=N) < noise
    return hits ^ flipped


def test_a_box_that_is_there_is_found():
    x = draws()
    found = discover(x, in_a_box(x), meta(), "it")
    (box,) = found.boxes
    limits = {limit.name: limit for limit in box.limits}
    assert set(limits) == {NAMES[0], NAMES[2]}
    # Slices are a twentieth of the box, pasting puts hundredths back.
    assert limits[NAMES[0]].high == pytest.approx(0.3, abs=0.02) and np.isnan(limits[NAMES[0]].low)
    assert limits[NAMES[2]].low == pytest.approx(0.6, abs=0.02) and np.isnan(limits[NAMES[2]].high)
    assert box.coverage.value > 0.95 and box.density.value > 0.95
    assert all(limit.p_value < 1e-6 for limit in box.limits)
    assert limits[NAMES[0]].density_without == pytest.approx(0.3, abs=0.03)


def test_a_box_under_noise_is_found_and_its_density_told():
    x = draws()
    (box,) = discover(x, in_a_box(x, noise=0.1), meta(), "it").boxes
    assert {limit.name for limit in box.limits} == {NAMES[0], NAMES[2]}
    assert abs(box.density.value - 0.9) < 0.03
    assert abs(box.density_found - box.density.value) < 0.02


def test_pure_noise_has_no_box_worth_telling():
    """What twenty inputs of noise seem to explain in one half, the other half does not confirm."""
    x = draws(20, seed=3)
    hits = np.random.default_rng(4).uniform(size=N) < 0.1
    found = discover(x, hits, meta(NAMES * 5), "it")
    for box in found.boxes:
        assert abs(box.density.value - found.base_rate.value) < 5.0 * box.density.standard_error
        assert min(limit.p_value for limit in box.limits) > 1e-4


def test_measured_numbers_come_from_the_other_half():
    x = draws()
    hits = in_a_box(x, noise=0.2)
    (box,) = discover(x, hits, meta(), "it").boxes
    within = np.ones(N, dtype=bool)
    for limit in box.limits:
        row = x[NAMES.index(limit.name)]
        within &= ~(row < limit.low) & ~(row > limit.high)
    measures = np.arange(N) % 16 % 2 == 1
    assert box.density.value == pytest.approx(hits[within & measures].mean(), abs=1e-12)
    assert box.coverage.value == pytest.approx(within[hits & measures].mean(), abs=1e-12)
    assert box.density_found == pytest.approx(hits[within & ~measures].mean(), abs=1e-12)


def true_density(box, noise):
    """Density of a box of uniform inputs, of which x0 < 0.3 and x2 > 0.6 are of interest but for noise."""
    share = 1.0
    for row, (low, high) in {0: (0.0, 0.3), 2: (0.6, 1.0)}.items():
        limit = next((limit for limit in box.limits if limit.name == NAMES[row]), None)
        ends = (
            (0.0, 1.0)
            if limit is None
            else (np.nan_to_num(limit.low), min(np.nan_to_num(limit.high, nan=1.0), 1.0))
        )
        share *= max(min(high, ends[1]) - max(low, ends[0]), 0.0) / (ends[1] - ends[0])
    return share * (1.0 - noise) + (1.0 - share) * noise


def test_the_error_of_a_density_is_what_other_draws_show():
    scores = []
    for seed in range(12):
        x = draws(3, seed=10 + seed)
        (box,) = discover(x, in_a_box(x, 0.2, seed), meta(NAMES[:3]), "it", density=0.5).boxes
        scores.append((box.density.value - true_density(box, 0.2)) / box.density.standard_error)
    # Student's t with 7 degrees of freedom has a standard deviation of 1.18.
    assert 0.5 < np.sqrt(np.mean(np.square(scores))) < 2.2


def test_a_second_box_lies_outside_the_first():
    x = draws()
    hits = (x[0] < 0.2) | (x[3] > 0.9)
    first, second = discover(x, hits, meta(), "it", n_box=2, most_restricted=1).boxes
    assert {first.limits[0].name, second.limits[0].name} == {NAMES[0], NAMES[3]}
    assert second.coverage.value > 0.9  # of what the first one left


def test_a_wanted_density_buys_coverage_dearly():
    x = draws()
    y = x[0] + x[1] + np.random.default_rng(5).normal(0.0, 0.2, N)
    hits = y > 1.5
    plain, dense = (discover(x, hits, meta(), "it", density=part).boxes[0] for part in (0.4, 0.7))
    assert dense.density.value > plain.density.value and dense.coverage.value < plain.coverage.value
    with pytest.raises(UsageError, match="no box reaches a density of 100%"):
        discover(x, np.random.default_rng(6).uniform(size=N) < 0.3, meta(), "it", density=0.999)


def test_too_few_of_a_kind_are_refused():
    hits = np.zeros(N, dtype=bool)
    hits[: FEWEST_HITS - 1] = True
    for few in (hits, ~hits):
        with pytest.raises(UsageError, match="At least 200 must be"):
            discover(draws(), few, meta(), "it")


def test_peeling_goes_inwards_and_pasting_outwards():
    levels = np.random.default_rng(1).integers(0, 256, (3, 20_000)).astype(np.uint8)
    hits = (levels[1] > 100) & (levels[1] < 160)
    path = peel(levels, hits)
    assert all(not (inside(b, levels) & ~inside(a, levels)).any() for a, b in pairwise(path))
    assert all(b.density > a.density for a, b in pairwise(path))
    last = path[-1]
    wider = paste(last, levels, hits)
    assert last.restricted == wider.restricted == (1,)
    assert wider.coverage >= last.coverage and wider.density >= last.density
    assert measured(wider, levels, hits) == wider


def test_agreement_is_the_correlation_with_the_box():
    within, hits = np.random.default_rng(1).uniform(size=(2, 5000)) < [[0.3], [0.2]]
    hits |= within & (np.arange(5000) % 2 == 0)
    box = Box((), (), 0.0, float(hits[within].mean()), float(within.mean()))
    assert agreement(box, float(hits.mean())) == pytest.approx(np.corrcoef(within, hits)[0, 1])


def test_a_box_is_said_in_plain_words():
    x = draws()
    (box,) = discover(x, in_a_box(x), meta(), "profit_share.lab > 0.2").boxes
    assert box.words == say_box(
        box.limits,
        box.coverage.value,
        box.density.value,
        float(in_a_box(x)[1::2].mean()),
        "profit_share.lab > 0.2",
    )
    for part in (
        "gap today below 0.",
        "Catch-up speed of open weights above 0.",
        " months",
        "of the paths with",
    ):
        assert part.lower() in box.words.lower()
    assert title_of("hop.chips.scarcity", meta()) == "Scarcity today (Chips)"
    assert title_of("edge.app-lab.share", meta()).endswith("(Labs to Applications)")


def test_a_later_box_speaks_of_what_the_first_left_and_little_is_called_little():
    limits = [Limit("open_source.gap", "Gap", "month", 2.0, float("nan"), (1.0, 9.0), 0.0, 0.5)]
    first = say_box(limits, 0.695, 0.813, 0.769, "thesis_falsified")
    assert "70% of the paths with thesis_falsified, hardly more than the 66% that chance would hold" in first
    assert first.endswith("of all 77%.")
    later = say_box(limits, 0.63, 0.95, 0.68, "thesis_falsified", n_earlier=1)
    assert "63% of those of the paths with thesis_falsified that the first box left;" in later
    assert later.endswith("of all that the first box left 68%.")
    assert "chance" not in later


def test_too_few_are_told_what_would_do():
    assert advice(62, 65_536) == "move the threshold, so that more are, or take about 524,288 trajectories"
    assert "about 4,194,304 trajectories would be needed, and at most 1,048,576 are read" in advice(5, 65_536)
    assert advice(0, 65_536) == "move the threshold, so that more are"
    assert advice(65_536, 65_536) == "move the threshold, so that fewer are"
