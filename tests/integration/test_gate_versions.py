"""The old side by another installed version, and the gate before changed kernels."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import sandwich_sim
from gate_runs import GATE, SHIPPED, GateFolder, new_folder
from sandwich_sim.analysis.metrics import parse_metrics
from sandwich_sim.cli.main import cli
from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies import gate
from sandwich_sim.studies.gate_observe import observe_values
from sandwich_sim.studies.gate_old_side import OtherPython
from sandwich_sim.studies.gate_values import PROTOCOL, answer, serve

SOURCE = Path(sandwich_sim.__file__).parent
LOOKS = GATE.replace("looks = [16384]", "looks = [4096, 65536]")
# Close to a margin, and with a scatter that 4,096 trajectories do not see through but 65,536 do.
OPEN = 'extends = "base"\n[hop.memory]\nfixed_cost = 0.1085\nvolatility = 0.3\n'
HERE = OtherPython(Path(sys.executable))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> GateFolder:
    return new_folder(tmp_path_factory.mktemp("versions"), gate=LOOKS)


def request(**changes):
    values = {
        "protocol": PROTOCOL,
        "scenario": 'extends = "base"\n',
        "metrics": ["gap @ horizon", "thesis_falsified"],
        "first": 16,
        "stop": 80,
        "seed": 5,
        "threads": None,
    }
    return values | changes


def test_an_answer_holds_the_values_asked_for():
    sink = io.BytesIO()
    serve(io.BytesIO(json.dumps(request()).encode()), sink)
    line, _, data = sink.getvalue().partition(b"\n")
    header = json.loads(line)
    assert (header["protocol"], header["shape"]) == (1, [2, 64])
    spec = load_scenario("base")
    expected = observe_values(spec, parse_metrics(request()["metrics"], spec), first=16, stop=80, seed=5)
    np.testing.assert_allclose(np.frombuffer(data, "<f4").reshape(2, 64), expected, rtol=2.0**-16)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"protocol": 2}, "it speaks version 1 of the protocol"),
        ({"metrics": ["gapp @ horizon"]}, 'Did you mean "gap"?'),
        ({"scenario": "nonsense"}, "the stored scenario:1:"),
    ],
)
def test_a_request_that_cannot_be_answered_is_told_why(changes, message):
    header, data = answer(request(**changes))
    assert message in header["error"]
    assert data == b""


def test_another_python_computes_the_old_side_of_later_looks(folder):
    folder.write(OPEN)
    alone = folder.check()
    assert (alone.verdict, alone.n) == ("INCONCLUSIVE", 4096)
    assert "--baseline-python" in alone.notes[-1]
    found = folder.check(old_python=HERE)
    assert found.n == 65536
    folder.write()


def test_on_another_platform_it_computes_the_first_look_too(folder, monkeypatch):
    asked = []
    original = OtherPython.values

    def values(self, baseline, metrics, first, stop, seed):
        asked.append((first, stop))
        return original(self, baseline, metrics, first, stop, seed)

    monkeypatch.setattr(OtherPython, "values", values)
    monkeypatch.setattr(gate, "platform", lambda: "elsewhere")
    found = folder.check(old_python=HERE)
    assert (found.verdict, found.stage, asked) == ("EQUIVALENT", "B", [(0, 4096)])


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "does not answer"),
        ("echo No module named sandwich_sim >&2; exit 1", "No module named sandwich_sim"),
        ('echo \'{"error": "it speaks version 7 of the protocol"}\'', "it speaks version 7"),
        ("echo '{\"stream_version\": 9}'", "draws by stream version 9"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="scripts of the shell")
def test_a_python_that_cannot_answer_is_told(folder, tmp_path, script, message):
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\ncat > /dev/null\n{script}\n")
    path.chmod(0o755)
    folder.write(OPEN)
    with pytest.raises(UsageError, match=message):
        folder.check(old_python=OtherPython(path))
    folder.write()


def test_a_path_that_is_no_python_is_a_usage_error(folder):
    folder.write(OPEN)
    result = CliRunner().invoke(
        cli, ["gate", "--gate-file", str(folder.path / "gate.toml"), "--baseline-python", "/nowhere/python"]
    )
    folder.write()
    assert result.exit_code == 2
    assert "--baseline-python /nowhere/python: cannot be run" in result.stderr


# --- kernels of another source; each compiles anew, so all are for the night

SOURCE_BUGS = {
    "the gap grows where it should shrink": (
        "advance.py",
        "(frontier[j] - catch_up[j])",
        "(catch_up[j] - frontier[j])",
    ),
    "capacity may vanish at once": ("advance.py", "CAPACITY_LOSS = -0.10", "CAPACITY_LOSS = -5.0"),
    "an event is noticed a record late": (
        "events.py",
        "time[j] = select(first, n * dt, time[j])",
        "time[j] = select(first & (n < 32), n * dt, time[j])",
    ),
}
SOURCE_REARRANGED = {
    "a product in another order": (
        "advance.py",
        "12.0 * dt * (frontier[j] - catch_up[j])",
        "(frontier[j] - catch_up[j]) * dt * 12.0",
    ),
    "terms in another order": (
        "advance.py",
        "gap[j] + pull + volatility[j] * sq * w[j] + size[j] * leaps[j]",
        "size[j] * leaps[j] + volatility[j] * sq * w[j] + (pull + gap[j])",
    ),
}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory) -> GateFolder:
    return new_folder(tmp_path_factory.mktemp("shipped"), gate=SHIPPED)


def gate_of_changed_source(shipped: GateFolder, room: Path, file: str, old: str, new: str):
    """Run the gate by a copy of the package with one change in a kernel."""
    shutil.copytree(SOURCE, room / "sandwich_sim", ignore=shutil.ignore_patterns("__pycache__"))
    if not (SOURCE / "scenarios").is_dir():
        shutil.copytree(SOURCE.parents[1] / "scenarios", room / "sandwich_sim" / "scenarios")
    path = room / "sandwich_sim" / "kernels" / file
    text = path.read_text()
    assert text.count(old) == 1, f"{file} does not hold {old!r} once: choose another place"
    path.write_text(text.replace(old, new))
    variables = {"PYTHONPATH": str(room), "SANDWICH_SIM_CACHE": str(room / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", "from sandwich_sim.cli.main import main; main()", "gate", "--json"],
        capture_output=True,
        text=True,
        cwd=shipped.path,
        env=os.environ | variables,
        check=False,
    )
    (scenario,) = json.loads(done.stdout)["scenarios"]
    print(scenario["verdict"], scenario["reason"])
    return scenario["verdict"], done.returncode


@pytest.mark.nightly
@pytest.mark.parametrize("name", SOURCE_BUGS)
def test_a_bug_in_a_kernel_is_caught(shipped, tmp_path, name):
    """G-5, by the source."""
    verdict, code = gate_of_changed_source(shipped, tmp_path, *SOURCE_BUGS[name])
    assert (verdict, code) in (("CHANGED", 3), ("BROKEN", 6))


@pytest.mark.nightly
@pytest.mark.parametrize("name", SOURCE_REARRANGED)
def test_a_rearranged_kernel_passes(shipped, tmp_path, name):
    """G-6, by the source."""
    verdict, code = gate_of_changed_source(shipped, tmp_path, *SOURCE_REARRANGED[name])
    assert (verdict, code) in (("IDENTICAL", 0), ("EQUIVALENT", 0))
