"""Ways to call the command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import sandwich_sim
from fake_engine import FakeEngine
from sandwich_sim.cli.main import cli

START = "from sandwich_sim.cli.start import main; main()"


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Call the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*args: object, **options: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], **options)

    return invoke


@pytest.fixture
def engine(monkeypatch):
    """A fake engine in the place of `sandwich_sim.simulation`."""
    fake = FakeEngine()
    monkeypatch.setitem(sys.modules, "sandwich_sim.simulation", None)
    fake.install()
    monkeypatch.setattr("sandwich_sim.kernels._jit.is_cached", lambda: True)
    return fake


@pytest.fixture
def shell(tmp_path):
    """Call the command line in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*args: object, code: str = START, **environment: str) -> subprocess.Popen[str]:
        paths = [str(Path(sandwich_sim.__file__).parents[1]), str(Path(__file__).parents[2])]
        variables = {
            name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")
        }
        process = subprocess.Popen(
            [sys.executable, "-c", code, *(str(arg) for arg in args)],
            cwd=tmp_path,
            env=variables | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
