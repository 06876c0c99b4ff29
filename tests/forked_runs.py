"""Processes that run a small scenario and can be killed, without the second that Python takes to start.

A server loads everything once. Each run is a fork of it: a process of its own, as far as files,
locks and signals go.
"""

from __future__ import annotations

import faulthandler
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import sandwich_sim

UNIT = 512
GROUP = 2
"""Units of a group; so parts have 1024 trajectories, or 512 where paths are kept."""
HANGS_AFTER = 60.0
"""Seconds without an answer; a run takes a tenth of one, or a few on a busy machine."""
COMPILES_WITHIN = 600.0
"""Seconds until the server is ready; it may have to compile first."""
CHUNK = 256
"""Trajectories of a chunk where paths are kept."""


def use_small_units(change: Any) -> None:
    """Make units and parts small; ``change(place, value)`` sets them."""
    change("sandwich_sim.engine.UNIT", UNIT)
    change("sandwich_sim.results.meta.UNIT", UNIT)
    change("sandwich_sim.results.meta.PATHS_CHUNK", CHUNK)
    change("sandwich_sim.results.parts.UNITS_PER_GROUP", GROUP)


def _set(place: str, value: Any) -> None:
    from importlib import import_module

    module, name = place.rsplit(".", 1)
    setattr(import_module(module), name, value)


@cache
def small_spec() -> Any:
    """A chain of two years without events, as a scenario that can be written down."""
    from sandwich_sim.scenario.load import load_scenario

    removed = json.dumps([f"event.{event.name}" for event in load_scenario("base").events])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.toml"
        path.write_text(f'extends = "base"\nremove = {removed}\n[time]\nyears = 2\n')
        return load_scenario(path)


def perform(order: dict[str, Any]) -> int:
    """Do what was ordered in this process; returns an exit code."""
    from sandwich_sim.cli.failures import report_failure
    from sandwich_sim.simulation import run
    from sandwich_sim.studies.resume import resume

    folder = Path(order["folder"])
    try:
        if order["do"] == "resume":
            resume(folder, threads=order["threads"])
        else:
            run(small_spec(), output=folder, threads=order["threads"], **order["options"])
    except BaseException as error:
        return report_failure(error)
    return 0


def serve() -> None:
    """Fork for each order on stdin; tell the process, then how it ended."""
    use_small_units(_set)
    # What else runs on this machine may take its memory; these runs need next to none.
    _set("sandwich_sim.results.plan.available_memory", lambda: None)
    faulthandler.enable()
    with tempfile.TemporaryDirectory() as folder:  # load and, the first time, compile everything
        order = {"do": "run", "folder": f"{folder}/run", "threads": 2, "options": {"trajectories": UNIT}}
        print(perform(order), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        gate = os.pipe()
        children = [_fork(order, gate) for _ in range(order["processes"])]
        for end in gate:
            os.close(end)  # opens it: all begin at once
        for child in children:
            print(child, flush=True)
        for child in children:
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _fork(order: dict[str, Any], gate: tuple[int, int]) -> int:
    """Start a process that does what was ordered once the gate is closed by all who hold it."""
    from sandwich_sim.cli.start import catch_signals

    child = os.fork()
    if child == 0:
        catch_signals()
        os.close(gate[1])
        os.read(gate[0], 1)
        code = 1
        try:
            code = perform(order)
        finally:
            os._exit(code)
    return child


class Server:
    """The process that forks, seen from a test."""

    def __init__(self, errors: Path) -> None:
        paths = [str(Path(sandwich_sim.__file__).parents[1]), str(Path(__file__).parent)]
        self._errors = errors.open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-c", "import forked_runs; forked_runs.serve()"],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self._said = b""
        self._children: list[int] = []
        assert self._read(COMPILES_WITHIN) == 0

    def begin(self, do: str, folder: Path, threads: int = 2, **options: Any) -> int:
        """Start a run or go on with one; returns its process."""
        self._order(do, folder, threads, 1, options)
        self._children = [self._read()]
        return self._children[0]

    def race(self, do: str, folder: Path, processes: int, **options: Any) -> list[int]:
        """Let several processes do it at once; returns their exit codes."""
        self._order(do, folder, 1, processes, options)
        self._children = [self._read() for _ in range(processes)]
        return [self._read() for _ in range(processes)]

    def _order(self, do: str, folder: Path, threads: int, processes: int, options: dict[str, Any]) -> None:
        order = {"do": do, "folder": str(folder), "threads": threads, "processes": processes}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order | {"options": options}).encode() + b"\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Wait for it; returns its exit code, or minus the signal that ended it."""
        return self._read()

    def _read(self, most_seconds: float = HANGS_AFTER) -> int:
        """Read a number; of a process that hangs, say where."""
        stream = self._process.stdout
        assert stream is not None
        while b"\n" not in self._said:
            if not select.select([stream], [], [], most_seconds)[0]:
                for process in self._children:
                    os.kill(process, signal.SIGABRT)  # faulthandler tells its threads
                time.sleep(1.0)
                raise AssertionError(f"hangs:\n{Path(self._errors.name).read_text()[-5000:]}")
            more = os.read(stream.fileno(), 4096)
            assert more, f"the server died:\n{Path(self._errors.name).read_text()[-5000:]}"
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        return int(line)

    def finish(self, do: str, folder: Path, **options: Any) -> int:
        """Do it to the end."""
        self.begin(do, folder, **options)
        return self.end()

    def has_answer(self) -> bool:
        """Whether a run has ended that nobody waited for yet."""
        return b"\n" in self._said or bool(select.select([self._process.stdout], [], [], 0.0)[0])

    def signal_after(self, seconds: float, number: int, process: int) -> int:
        """Wait a while, send a signal, wait for the end."""
        time.sleep(seconds)
        with suppress(ProcessLookupError):  # it ended already
            os.kill(process, number)
        return self.end()

    def close(self) -> None:
        """End the server."""
        self._process.communicate()
        self._errors.close()
