"""Commands that simulate, with any values of their options: done or refused in words, with a known code."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from random_commands import SMALL, random_command

from sandwich_sim.cli.main import cli

CODES = {0, 2, 3, 4, 5, 6, 7, 8}
"""All that are documented but 1: that would be a bug."""


@pytest.fixture(autouse=True)
def room(tmp_path, monkeypatch):
    """A folder with two small scenarios, an empty one, a file, and a folder with something in it."""
    below = tmp_path / "above" / "room"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    below.joinpath("small.toml").write_text(f'extends = "base"\n{SMALL}')
    below.joinpath("other.toml").write_text(f'extends = "base"\n{SMALL}[open_source]\ngap = 3.0\n')
    below.joinpath("empty.toml").write_text("")
    below.joinpath("a_file").write_text("mine")
    below.joinpath("full").mkdir()
    below.joinpath("full", "mine").write_text("mine")
    return below


def try_commands(numbers, room):
    """Run them one after the other; returns how often each code came."""
    codes: dict[int, int] = {}
    kept = {path.name for path in room.iterdir()}
    for number in numbers:
        words = random_command(random.Random(number))
        result = CliRunner().invoke(cli, words)
        said = (
            f"command {number}: {words!r}: {result.exit_code}: {result.stderr[-2000:]} {result.exception!r}"
        )
        assert result.exit_code in CODES, said
        assert "Traceback" not in result.stderr, said
        assert result.exit_code == 0 or result.stderr, said  # whatever is refused is told
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", result.stderr), said
        if not {"--junit", "--markdown", "--benchmark-json"} & set(words):  # those replace a file
            assert Path("a_file").read_text() == "mine", said
        assert Path("full", "mine").read_text() == "mine", said
        assert [path.name for path in room.parent.iterdir()] == ["room"], said
        Path("a_file").write_text("mine")
        codes[result.exit_code] = codes.get(result.exit_code, 0) + 1
        for path in room.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    return codes


def test_random_commands_are_done_or_refused(room):
    codes = try_commands(range(20), room)
    assert codes[0] >= 4
    assert codes[2] >= 4


@pytest.mark.parametrize("option", ["--junit", "--markdown", "--benchmark-json"])
def test_a_file_without_a_name_is_refused_before_the_run(room, option):
    result = CliRunner().invoke(cli, ["run", "small.toml", "-n", "16", option, ""])
    assert result.exit_code == 2
    assert "names no file" in result.stderr
    assert not Path("results").exists()


@pytest.mark.nightly
@pytest.mark.parametrize("chunk", range(4))
def test_four_thousand_random_commands_are_done_or_refused(room, chunk):
    first = 1000 * (chunk + 1)
    print(try_commands(range(first, first + 1000), room))
