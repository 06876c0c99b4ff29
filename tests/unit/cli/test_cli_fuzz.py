"""Whatever is typed: a message and an exit code, never a traceback."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sandwich_sim.cli.main import COMMANDS, cli

# Arguments of a process hold no null, and bytes that are no text arrive as \udc80 to \udcff.
LETTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
WORDS = [
    *("base", "open_source.gap=4.0", "open_source.gap=", "=", "sobol", "paths", "bash", "../..", "~", ""),
    *("--json", "--set", "--list-unsourced", "--search", "-n", "--seed", "--threads", "--sampler", "--keep"),
    *("-o", "--", "-", "9" * 400, "1e400", "nan", "\x1b[2J", "\udc80", "\u202e", "%s", "{0}", "x" * 5000),
]
READERS = [
    *("run", "validate", "show", "scenarios", "facts", "schema", "runs", "completion", "nosuch"),
    *("resume", "status", "verify", "repair", "portfolio"),
]
# They simulate, or write where they are told.
LEFT_OUT = {
    *("init", "export", "doctor", "compare", "explain", "sweep", "gate", "hindcast", "plot", "report"),
    *("replay", "sensitivity", "discover", "worth", "rare", "update", "watch"),
}


@pytest.fixture(scope="module", autouse=True)
def empty_folder(tmp_path_factory):
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("fuzz"))
    yield
    os.chdir(before)


# `--dry-run` keeps `run` from simulating.
@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(READERS), st.lists(st.sampled_from(WORDS) | st.text(LETTERS, max_size=20), max_size=5))
@example("validate", ["\udc80"])
@example("run", ["x" * 5000])
def test_no_command_line_ends_in_a_traceback(name, words):
    args = [name, *(["--dry-run"] if name == "run" else []), *words]
    result = CliRunner().invoke(cli, args)
    assert result.exit_code in (0, 2, 5), result.stderr
    assert "Traceback" not in result.stderr
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", result.stderr)


def test_the_commands_that_are_left_out_are_known():
    assert set(COMMANDS) - set(READERS) <= LEFT_OUT
