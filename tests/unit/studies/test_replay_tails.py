"""What the trajectories of a tail have in common is told apart from chance."""

import numpy as np

from sandwich_sim.studies.replay_tails import ALARM, _shared
from stochastic import assert_counts

K, N_NAME = 32, 20


def tail(generator, shift=0.0):
    """Scores of the members of a tail; one input of all is shifted."""
    scores = generator.normal(size=(K, N_NAME))
    scores[:, 3] += shift
    return [
        {f"x{name}": (f"Input {name}", value) for name, value in enumerate(row)} for row in scores.tolist()
    ]


def test_what_all_have_is_found_with_its_sign_and_size():
    found, n_looked = _shared(tail(np.random.default_rng(1), shift=-1.2))
    assert n_looked == N_NAME
    assert found[0].name == "x3"
    assert found[0].significance == found[0].mean_score * np.sqrt(K)
    assert -1.8 < found[0].mean_score < -0.6
    assert 0.03 < found[0].quantile < 0.3


def test_a_tail_that_nothing_caused_shows_something_as_rarely_as_is_said():
    generator = np.random.default_rng(2)
    n = 400
    alarms = sum(bool(_shared(tail(generator))[0]) for _ in range(n))
    share = 1.0 - (1.0 - ALARM / N_NAME) ** N_NAME
    assert_counts(np.array([alarms, n - alarms]), np.array([share, 1.0 - share]), detectable=0.03)


def test_one_trajectory_has_nothing_in_common_with_itself():
    assert _shared(tail(np.random.default_rng(3))[:1]) == ((), N_NAME)


def test_only_what_every_member_has_is_looked_at():
    scores = tail(np.random.default_rng(4))
    del scores[0]["x7"]
    assert _shared(scores)[1] == N_NAME - 1
