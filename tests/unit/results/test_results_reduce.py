"""What a unit counts has room for all its trajectories."""

import numpy as np

from sandwich_sim.results.meta import UNIT, meta_of
from sandwich_sim.results.reduce import new_accumulators, record_plan
from sandwich_sim.scenario.load import load_scenario


def test_one_bucket_can_hold_every_trajectory_of_a_unit():
    spec = load_scenario("base")
    meta = meta_of(spec, n_trajectories=UNIT, seed=1, keep="summary", stream_version=1)
    accumulators = new_accumulators(meta, record_plan(spec, meta))
    assert np.iinfo(accumulators.fan.dtype).max >= UNIT
    assert np.iinfo(accumulators.fine.dtype).max >= UNIT
