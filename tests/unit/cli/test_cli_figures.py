"""Without matplotlib, every command that draws says so before it computes anything."""

import sys
from pathlib import Path

import pytest

import sandwich_sim.cli

DRAWING = {
    "sensitivity": ("RUN", "-o", "pictures"),
    "discover": ("RUN", "--where", "thesis_falsified", "-o", "pictures"),
    "worth": ("RUN", "-o", "pictures"),
    "update": ("base", "evidence.toml", "-o", "pictures"),
    "watch": ("base", "--seen", "2026Q3=-0.15", "-o", "pictures"),
    "compare": ("base", "no_open", "-o", "pictures"),
    "sweep": ("base", "--grid", "open_source.gap=1,2", "--figures", "pictures"),
    "hindcast": ("--figures", "pictures"),
    "replay": ("RUN", "0", "-o", "story.png"),
    "plot": ("RUN", "flow"),
    "report": ("RUN",),
}


@pytest.mark.parametrize("name", DRAWING)
def test_it_says_at_once_what_to_install(call, monkeypatch, tmp_path, name):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    # Nothing can be opened, loaded or run: only a check ahead of all work ends well.
    for module in ("results.dataset", "simulation", "scenario.load"):
        monkeypatch.setitem(sys.modules, f"sandwich_sim.{module}", None)
    result = call(name, *DRAWING[name])
    assert result.exit_code == 2, result.stderr
    assert "matplotlib" in result.stderr
    assert 'pip install ".[plots]"' in result.stderr
    assert "sandwich-sim[plots]" in result.stderr
    assert not list(tmp_path.iterdir())


def test_every_command_that_imports_plots_is_tried():
    folder = Path(sandwich_sim.cli.__file__).parent
    drawing = {path.stem for path in folder.glob("*.py") if "sandwich_sim.plots" in path.read_text()}
    # `explain` holds options of `compare`, `figures` what all share; `report` draws by way of its module.
    assert drawing - {"explain", "figures"} | {"report"} == set(DRAWING)
