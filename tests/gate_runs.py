"""A small gate in a folder of its own, and ways to break or to rearrange the code before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandwich_sim.studies.gate import GateOptions, load_gated, run_gate
from sandwich_sim.studies.gate_accept import accept
from sandwich_sim.studies.gate_file import GateFile, read_gate_file
from sandwich_sim.studies.gate_report import ScenarioVerdict

GATE = """
[gate]
version = 1
alpha_fail = 1e-5
beta_pass = 1e-3
looks = [16384]
scenarios = ["s.toml"]

[[outcome]]
name = "cents_kept.* @ horizon"
mean = { margin = 0.7, low = -50.0, high = 100.0 }
quantiles = { margin = 0.04, levels = [0.05, 0.5, 0.95] }

[[outcome]]
name = "margin.* @ 2029-07-01"
mean = { margin = 0.02, low = -1.0, high = 1.0 }

[[outcome]]
name = ["all_in_margin @ horizon", "inference_margin @ horizon"]
mean = { margin = 0.02, low = -1.0, high = 1.0 }
distribution = { margin = 0.05 }

[[outcome]]
name = ["discounted_profit.lab", "discounted_profit.chips", "capex @ 2031-07-01"]
quantiles = { margin = 0.03, levels = [0.5] }

[[outcome]]
name = "event.*"
probability = { margin = 0.03 }
"""
_SHIPPED = (Path(__file__).parents[1] / "gate.toml").read_text(encoding="utf-8")
SHIPPED = re.sub(r"scenarios = \[.*?\]", 'scenarios = ["s.toml"]', _SHIPPED, flags=re.DOTALL)
"""The margins of the product's own gate, for the one scenario here."""
SCENARIO = 'extends = "base"\ntitle = "Before the gate"\n'


@dataclass(frozen=True)
class GateFolder:
    """A folder with a gate file and one scenario.

    Attributes
    ----------
    path : Path
    gate_text : str
        Its gate file, unless another one is written.
    """

    path: Path
    gate_text: str = GATE

    @property
    def gate(self) -> GateFile:
        return read_gate_file(self.path / "gate.toml")

    def write(self, scenario: str = SCENARIO, gate: str = "") -> None:
        (self.path / "gate.toml").write_text(gate or self.gate_text, encoding="utf-8")
        (self.path / "s.toml").write_text(scenario, encoding="utf-8")

    def accept(self, reason: str = "first", **options: bool) -> None:
        accept(self.gate, load_gated(self.gate), reason=reason, **options)

    def check(self, **options: Any) -> ScenarioVerdict:
        """Run the gate on the one scenario."""
        report = run_gate(self.gate, load_gated(self.gate), GateOptions(**options))
        return report.scenarios[0]


def new_folder(path: Path, scenario: str = SCENARIO, gate: str = GATE) -> GateFolder:
    """Make a folder with an accepted baseline."""
    folder = GateFolder(path, gate)
    folder.write(scenario)
    folder.accept()
    return folder
