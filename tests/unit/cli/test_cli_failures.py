"""What is raised -> message and exit code."""

import errno

import pytest

from sandwich_sim.cli.failures import SEVERITY, report_failure, worst
from sandwich_sim.errors import (
    BusyError,
    IntegrityError,
    Problem,
    ResourceError,
    ScenarioError,
    UsageError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no hop is called x"), 2),
        (ResourceError("needs 9 GB"), 5),
        (IntegrityError("a chunk is damaged"), 6),
        (BusyError("another process writes there"), 7),
    ],
)
def test_an_expected_error_is_one_line_and_its_exit_code(capsys, error, code):
    assert report_failure(error) == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_problems_of_a_scenario_are_lines_that_begin_with_their_place(capsys):
    problems = [
        Problem("b.toml", 9, 5, "open_source.gap", "p5 = 8.0 is above p95 = 2.0. Use p5 < p95."),
        Problem("b.toml", 2, 1, "titel", "unknown key. Did you mean title?"),
    ]
    assert report_failure(ScenarioError(problems)) == 2
    assert capsys.readouterr().err.splitlines() == [
        "b.toml:2:1: titel: unknown key. Did you mean title?",
        "b.toml:9:5: open_source.gap: p5 = 8.0 is above p95 = 2.0. Use p5 < p95.",
    ]


def test_a_message_cannot_steer_the_terminal(capsys):
    assert report_failure(UsageError("hop \x1b[2J\x9b31m\u202eevil\ud800 is unknown")) == 2
    assert capsys.readouterr().err == "error: hop [2J31mevil is unknown\n"


def test_a_full_disk_and_memory_are_out_of_resources(capsys):
    assert report_failure(OSError(errno.ENOSPC, "No space left on device", "results/x")) == 5
    assert report_failure(MemoryError()) == 5
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("error: No space left on device: results/x.")
    assert lines[1].startswith("error: out of memory.")


def test_a_path_that_may_not_be_written_is_a_usage_error(capsys):
    assert report_failure(PermissionError(errno.EACCES, "Permission denied", "/forbidden/x")) == 2
    assert "Permission denied: /forbidden/x" in capsys.readouterr().err


def test_anything_else_is_our_bug_and_keeps_its_traceback(capsys):
    try:
        raise ZeroDivisionError("in a place we did not think of")
    except ZeroDivisionError as error:
        assert report_failure(error) == 1
    stderr = capsys.readouterr().err
    assert "Traceback" in stderr
    assert "in a place we did not think of" in stderr
    assert "Please report it" in stderr


def test_the_worst_code_of_a_batch_wins():
    assert worst([]) == 0
    assert worst([0, 2, 0]) == 2
    assert worst([2, 5]) == 5
    assert worst([5, 6, 2]) == 6
    assert worst([1, 6]) == 1
    assert set(SEVERITY) == set(range(9))
