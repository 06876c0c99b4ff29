"""`plot` writes one picture and says what it shows."""

import json
from pathlib import Path

import pytest

from small_runs import small_run


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_a_picture_is_written_in_the_format_of_its_name(call, tmp_path, ending):
    result = call("plot", small_run(), "capital", "-o", f"capital{ending}")
    assert (result.exit_code, result.stdout) == (0, f"capital{ending}\n")
    assert "bn USD" in result.stderr
    start = (tmp_path / f"capital{ending}").read_bytes()[:60]
    assert {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[ending] in start
    assert [path.name for path in tmp_path.iterdir()] == [f"capital{ending}"]


def test_the_name_is_that_of_the_figure_if_none_is_given(call, tmp_path):
    document = json.loads(call("plot", small_run(), "margin", "--hop", "chips", "--json").stdout)
    assert document["file"] == "margin.png"
    assert "AI chips" in document["description"]
    assert (tmp_path / "margin.png").exists()


@pytest.mark.parametrize(
    ("kind", "at", "said"),
    [
        ("flow", "2031", "2031: shown is the record of Jul 2031.\n"),
        ("flow", "2031-04", "shown is the record of Jul 2031; flows are kept once a year.\n"),
        ("dollar", "2031-03", "2031-03: shown is the record of "),
        ("dollar", "2031-07", ""),
        ("dollar", "horizon", ""),
    ],
)
def test_a_date_that_is_no_record_is_named_with_the_one_that_is_shown(call, kind, at, said):
    words = call("plot", small_run(), kind, "--at", at).stderr
    assert said in words
    assert ("shown is the record" in words) == bool(said)


def test_quiet_leaves_the_picture_and_no_word(call, tmp_path):
    result = call("plot", small_run(), "dollar", "--at", "2031-03", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "dollar.png").exists()


def test_a_file_is_not_overwritten_unless_forced(call, tmp_path):
    (tmp_path / "gap.png").write_text("mine")
    result = call("plot", small_run(), "gap")
    assert result.exit_code == 2 and "--force" in result.stderr
    assert (tmp_path / "gap.png").read_text() == "mine"
    assert call("plot", small_run(), "gap", "--force", "--dark", "--size", "phone").exit_code == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["gap", "-o", "gap.jpg"], "End the name in .png"),
        (["gap", "-o", "nowhere/gap.png"], "does not exist"),
        (["pie"], "is not one of"),
        (["margin", "--hop", "grid"], "no hop grid"),
        (["gap", "--at", "2031"], "takes no --at"),
    ],
)
def test_what_cannot_be_drawn_is_a_usage_error_and_leaves_nothing(call, tmp_path, args, message):
    result = call("plot", small_run(), *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["taken.png", f"{'long' * 70}.png", "/proc/x.png"])
def test_a_file_that_cannot_be_written_is_said_in_words(call, tmp_path, name):
    if name.startswith("/proc") and not Path("/proc").is_dir():
        name = "taken.png"
    (tmp_path / "taken.png").mkdir()
    result = call("plot", small_run(), "gap", "-o", name, "--force")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{name}: cannot be written: " in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["taken.png"]


def test_a_folder_that_is_no_run_is_refused(call):
    assert call("plot", "nowhere", "gap").exit_code == 2
