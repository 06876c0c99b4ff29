"""Small runs of real scenarios, each made once a session, opened for looking."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import warnings
from functools import cache
from pathlib import Path

from sandwich_sim.analysis.run_view import RunView, open_view
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run

DATA = Path(__file__).parent / "data"
FOURTEEN_HOPS = str(DATA / "fourteen_hops.toml")
MARKUP = str(DATA / "markup.toml")
BARE = str(DATA / "bare.toml")


@cache
def _root() -> Path:
    root = Path(tempfile.mkdtemp(prefix="sandwich-sim-runs-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


@cache
def small_run(scenario: str = "base", keep: str = "outcomes", trajectories: int = 2048) -> Path:
    """Run a scenario; returns its folder, which nobody must change."""
    folder = _root() / f"{Path(scenario).stem}-{keep}-{trajectories}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(load_scenario(scenario), output=folder, trajectories=trajectories, keep=keep)  # type: ignore[arg-type]
    return folder


@cache
def small_view(scenario: str = "base", keep: str = "outcomes", trajectories: int = 2048) -> RunView:
    """Open such a run for looking."""
    return open_view(small_run(scenario, keep, trajectories))
