"""The progress line."""

import io
import time

import pytest

from fake_engine import Progress
from sandwich_sim.cli import progress as module
from sandwich_sim.cli.output import duration, file_size, stderr_is_live


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test turns, and a warm cache."""
    now = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    monkeypatch.setattr("sandwich_sim.kernels._jit.is_cached", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return now


@pytest.fixture
def terminal(monkeypatch, capsys):
    """stderr as a terminal; call it for what was written there."""
    monkeypatch.setattr(module, "stderr_is_live", lambda: True)
    return lambda: capsys.readouterr().err


def report(line, clock, done, at):
    clock[0] = at
    line(Progress(done, 1000, at, "simulate"))


def test_nothing_is_shown_in_the_first_second(clock, terminal):
    line = module.ProgressLine()
    for at in (0.0, 0.5, 0.99):
        report(line, clock, int(500 * at), at)
    line.close()
    assert terminal() == ""


def test_after_a_second_it_shows_how_far_and_how_long(clock, terminal):
    line = module.ProgressLine()
    report(line, clock, 0, 0.0)
    report(line, clock, 100, 10.0)  # it compiled until here
    report(line, clock, 300, 12.0)
    text = terminal().rpartition("\r")[2]
    assert " 30%  300 of 1,000  7 s left" in text
    line.close()
    assert terminal() == "\r" + " " * len(text) + "\r"


def test_a_shorter_line_covers_a_longer_one(clock, terminal):
    line = module.ProgressLine()
    report(line, clock, 0, 0.0)
    report(line, clock, 100, 10.0)
    report(line, clock, 300, 12.0)
    longer = terminal().rpartition("\r")[2]
    line(Progress(5, 9, 13.0, "write"))
    report(line, clock, 9, 14.0)
    shorter = terminal().rpartition("\r")[2]
    assert len(shorter.rstrip()) < len(longer.rstrip()) <= len(shorter)
    assert "\x1b" not in longer + shorter


def test_it_never_wraps(clock, terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    line = module.ProgressLine(label="7/9 a_scenario_with_a_long_name")
    report(line, clock, 300, 12.0)
    assert 30 < len(terminal().strip("\r")) < 40


def test_a_log_gets_a_plain_line_every_ten_seconds(clock, capsys):
    line = module.ProgressLine(label="2/3 b")
    for at in (0.0, 9.0, 10.0, 15.0, 19.9, 21.0):
        report(line, clock, int(40 * at), at)
    line.close()
    assert capsys.readouterr().err.splitlines() == [
        "2/3 b: simulating   40%  400 of 1,000  15 s left",
        "2/3 b: simulating   84%  840 of 1,000  4 s left",
    ]


def test_when_quiet_nothing_is_drawn(clock, terminal):
    line = module.ProgressLine(quiet=True)
    report(line, clock, 300, 12.0)
    line.close()
    assert terminal() == ""


def test_only_a_terminal_that_can_rewrite_a_line_is_live(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", Terminal())
    assert stderr_is_live()
    monkeypatch.setenv("TERM", "dumb")
    assert not stderr_is_live()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert not stderr_is_live()


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.21, "4.2 s"), (59.99, "1:00 min"), (187, "3:07 min"), (3720, "1:02 h")]
)
def test_durations_for_people(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (3.2e9, "3.2 GB"), (2e12, "2 TB")]
)
def test_sizes_for_people(n_bytes, text):
    assert file_size(n_bytes) == text


@pytest.fixture
def cold(monkeypatch):
    """A cold cache; call it with the seconds that a kernel takes to compile."""
    numba_event = pytest.importorskip("numba.core.event")
    now = [0.0]
    monkeypatch.setattr("sandwich_sim.kernels._jit.COMPILED", True)
    monkeypatch.setattr("sandwich_sim.kernels._jit.is_cached", lambda: False)
    monkeypatch.setattr("sandwich_sim.cli.compiling.monotonic", lambda: now[0])

    def compile_kernel(seconds):
        with numba_event.trigger_event("numba:compile"):
            now[0] += seconds

    return compile_kernel


def test_compiling_is_told_and_timed_in_a_log(clock, cold, capsys):
    line = module.ProgressLine()
    report(line, clock, 0, 0.0)
    assert capsys.readouterr().err == "compiling the kernels, once (about half a minute)\n"
    cold(2.0)
    report(line, clock, 0, 2.0)
    assert capsys.readouterr().err == ""  # the first kernel is not the last
    cold(39.0)
    report(line, clock, 100, 45.0)
    assert capsys.readouterr().err == "compiled in 41 s\n"
    cold(7.0)
    report(line, clock, 200, 50.0)
    line.close()
    assert "compiled" not in capsys.readouterr().err


def test_compiling_counts_its_seconds_on_a_terminal(clock, cold, terminal, monkeypatch):
    monkeypatch.setattr("sandwich_sim.cli.compiling._EVERY", 0.01)
    line = module.ProgressLine()
    report(line, clock, 0, 0.0)
    cold(12.0)
    shown = ""
    deadline = time.monotonic() + 30.0
    while "half a minute): 12 s" not in shown and time.monotonic() < deadline:
        time.sleep(0.01)
        shown += terminal()
    report(line, clock, 0, 12.5)  # the progress line waits for its turn
    report(line, clock, 100, 13.0)
    shown += terminal()
    assert "half a minute): 12 s" in shown
    assert "simulating" not in shown.partition("compiled in")[0]
    assert shown.partition("compiled in ")[2].startswith("12 s\n")
    line.close()


def test_a_stopped_compilation_is_not_told_as_done(clock, cold, capsys):
    line = module.ProgressLine()
    report(line, clock, 0, 0.0)
    cold(3.0)
    line.close()
    assert capsys.readouterr().err == "compiling the kernels, once (about half a minute)\n"


def test_kernels_that_another_process_compiled_are_not_told_as_compiled_here(clock, cold, capsys):
    line = module.ProgressLine()
    report(line, clock, 0, 0.0)
    report(line, clock, 100, 9.0)
    line.close()
    assert "compiled" not in capsys.readouterr().err
