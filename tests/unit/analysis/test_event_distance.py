"""How near paths come to an event: worked by hand, and its sign is that of the event's words."""

import numpy as np
import pytest

from sandwich_sim.analysis.event_distance import event_distance
from sandwich_sim.scenario.spec import Clause, Event, Move

BELOW = Event("below", "", (Clause("gap", below=1.0),))
RISING = Event("rising", "", (Clause("m", rises=Move(1, by=0.1), ends_above=0.3, ends_above_start=True),))
BOTH = Event("both", "", (Clause("m", falls=Move(1, by_ratio=0.5)), Clause("gap", below=3.0)))


def column(*values):
    return np.array(values, dtype=np.float64)[:, None]


def test_a_level_counts_at_the_best_record():
    paths = {"gap": column(3.0, 1.5, 0.5, 2.0)}
    assert event_distance(BELOW, paths, {"gap": 1.0}, 3, 4) == pytest.approx([0.5])
    # By the second record the nearest was 1.5, in units of 0.25.
    assert event_distance(BELOW, paths, {"gap": 0.25}, 1, 4) == pytest.approx([-2.0])


def test_the_worst_clause_counts():
    # Two records a year: means 0.1 and 0.5. It rises by 0.4, 0.3 more than asked; ends 0.2 above 0.3.
    paths = {"m": column(0.1, 0.1, 0.4, 0.6)}
    assert event_distance(RISING, paths, {"m": 1.0}, 3, 2) == pytest.approx([0.2])
    # From 0.45 on, it ends only 0.05 above the start.
    paths = {"m": column(0.45, -0.25, 0.4, 0.6)}
    assert event_distance(RISING, paths, {"m": 1.0}, 3, 2) == pytest.approx([0.05])


def test_clauses_of_different_units_are_scaled():
    # Falls from 0.8 to 0.3: 0.1 more than half. The gap was at worst 2, in the two records to the end.
    paths = {"m": column(0.8, 0.8, 0.3, 0.3), "gap": column(9.0, 9.0, 2.0, 1.0)}
    assert event_distance(BOTH, paths, {"m": 0.01, "gap": 0.5}, 3, 2) == pytest.approx([2.0])
    assert event_distance(BOTH, paths, {"m": 0.1, "gap": 0.5}, 3, 2) == pytest.approx([1.0])


def test_what_is_missing_is_infinitely_far_and_so_is_what_cannot_have_happened():
    paths = {"gap": column(np.nan, np.nan)}
    assert event_distance(BELOW, paths, {"gap": 1.0}, 1, 4)[0] == -np.inf
    assert event_distance(RISING, {"m": column(0.0, 1.0, 2.0)}, {"m": 1.0}, 2, 2)[0] == -np.inf


@pytest.mark.parametrize("seed", range(4))
def test_the_sign_says_whether_it_happened(seed):
    """Against the words of docs/model.md, record by record."""
    q, n_record, n = 2, 9, 400
    generator = np.random.default_rng(seed)
    margin = np.cumsum(generator.normal(0.02, 0.1, (n_record, n)), axis=0)
    gap = generator.uniform(1.0, 3.4, (n_record, n))
    event = Event("x", "", (Clause("m", rises=Move(2, by=0.01)), Clause("gap", below=3.0)))
    happened = np.zeros(n, dtype=bool)
    for end in range(5, n_record):
        means = [margin[end - q * j - 1 : end - q * j + 1].mean(axis=0) for j in range(3)]
        rises = (means[0] - means[1] >= 0.01) & (means[1] - means[2] >= 0.01)
        happened |= rises & (gap[end - 3 : end + 1] < 3.0).all(axis=0)
    near = event_distance(event, {"m": margin, "gap": gap}, {"m": 0.1, "gap": 1.0}, n_record - 1, q)
    assert 20 < happened.sum() < 380
    np.testing.assert_array_equal(near > 0.0, happened)
