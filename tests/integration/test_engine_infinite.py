"""Values beyond all bounds end in an error, not in a histogram's neighbor's memory."""

from __future__ import annotations

import pytest

from sandwich_sim.errors import IntegrityError
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import simulate


@pytest.mark.parametrize("elasticity", [60, 90])
def test_infinite_spending_is_reported(elasticity):
    spec = load_scenario("base", [f"demand.app.elasticity={elasticity}"])
    with pytest.raises(IntegrityError, match="non-finite"):
        simulate(spec, trajectories=256, keep="summary")
