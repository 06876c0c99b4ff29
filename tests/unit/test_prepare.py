"""What is said of a run before it begins."""

from sandwich_sim.prepare import prepare
from sandwich_sim.scenario.load import load_scenario


def test_a_run_warns_of_what_its_scenario_dropped():
    spec = load_scenario("base", ["demand.app.growth=0.5"])
    assert prepare(spec, trajectories=64).warnings == spec.notes
    assert 'correlation "demand.app.growth ~ demand.cloud.growth" = 0.5 is dropped' in spec.notes[0]
    assert prepare(load_scenario("base"), trajectories=64).warnings == ()
