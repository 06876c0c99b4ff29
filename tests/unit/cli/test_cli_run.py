"""`run`, with a fake engine."""

import json
from pathlib import Path

import pytest

from fake_engine import make_summary
from sandwich_sim.cli.start import Stopped
from sandwich_sim.errors import BusyError, ResourceError, UsageError

OVERLAY = 'extends = "base"\ntitle = "{title}"\n[open_source]\ngap = 5.0\n'


@pytest.fixture
def folder(tmp_path):
    """A folder with two good scenarios, a bad one between them, and a file that is none."""
    made = tmp_path / "mine"
    made.mkdir()
    (made / "a.toml").write_text(OVERLAY.format(title="First"))
    (made / "b.toml").write_text('extends = "base"\n[open_source]\ngapp = 5.0\n')
    (made / "c.toml").write_text(OVERLAY.format(title="Third"))
    (made / "notes.txt").write_text("not a scenario")
    return made


def test_options_reach_the_engine(call, engine):
    result = call(
        "run", "base", "-n", "1_024", "--seed", 2**64 - 1, "--sampler", "random", "--keep", "summary",
        "--threads", 3, "--no-shocks", "--force", "-o", "here",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    (asked,) = engine.calls
    del asked["progress"]
    assert asked == {
        "name": "base",
        "output": Path("here"),
        "root": Path("results"),
        "trajectories": 1024,
        "seed": 2**64 - 1,
        "sampler": "random",
        "keep": "summary",
        "threads": 3,
        "shocks": False,
        "force": True,
        "executor": None,
    }


def test_what_is_not_given_is_left_to_the_scenario(call, engine):
    call("run", "base")
    (asked,) = engine.calls
    assert [asked[name] for name in ("output", "trajectories", "seed", "sampler", "threads")] == [None] * 5
    assert (asked["keep"], asked["shocks"], asked["force"]) == ("outcomes", True, False)


def test_changes_on_the_command_line_reach_the_scenario(call, engine):
    result = call("run", "base", "--set", "title=changed", "--set", "open_source.gap=4.0", "--json")
    assert json.loads(result.stdout)["runs"][0]["title"] == "changed"


def test_a_run_ends_with_its_table_and_one_line_on_where_it_is(call, engine):
    result = call("run", "base", "-o", "here")
    assert result.exit_code == 0
    assert "Foundry and packaging" in result.stdout
    assert "thesis_falsified" in result.stdout
    last = result.stdout.splitlines()[-1]
    assert last == "Results (0.1 s): here (run 1a2b3c4d)    In Python: sandwich_sim.open_run(folder)"
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_a_reused_run_says_so(call, engine):
    engine.behavior = lambda asked: {"reused": True}
    assert "Results (reused): results" in call("run", "base").stdout


def test_quiet_prints_the_folder_alone(call, engine):
    engine.behavior = lambda asked: {"warnings": ("odd",)}
    result = call("run", "base", "--quiet", "-o", "here")
    assert (result.stdout, result.stderr) == ("here\n", "")


def test_warnings_go_to_stderr(call, engine):
    engine.behavior = lambda asked: {"warnings": ("1000 is not 16 x 2^m. Use 1024.",)}
    result = call("run", "base")
    assert "warning: 1000 is not 16 x 2^m. Use 1024." in result.stderr.splitlines()
    assert "16 x 2^m" not in result.stdout


def test_a_batch_says_each_warning_once_and_whom_it_is_about(call, engine):
    engine.behavior = lambda asked: {"warnings": ("odd size", f"{asked['name']} swings")}
    lines = call("run", "base", "capex_bust").stderr.splitlines()
    assert lines == [
        "warning: base, capex_bust: odd size",
        "warning: base: base swings",
        "warning: capex_bust: capex_bust swings",
    ]


def test_a_cold_cache_is_announced_also_without_a_terminal(call, engine, monkeypatch):
    monkeypatch.setattr("sandwich_sim.kernels._jit.COMPILED", True)
    monkeypatch.setattr("sandwich_sim.kernels._jit.is_cached", lambda: False)
    line = "compiling the kernels, once (about half a minute)"
    result = call("run", "base")
    assert result.stderr.splitlines().count(line) == 1
    assert line not in call("run", "base", "--quiet").stderr
    monkeypatch.setattr("sandwich_sim.kernels._jit.is_cached", lambda: True)
    assert call("run", "base").stderr == ""


@pytest.mark.parametrize("extra", [[], ["--quiet"], ["-o", "here"]])
def test_json_is_one_document_and_nothing_else(call, engine, extra):
    engine.behavior = lambda asked: {"warnings": ("odd",)}
    result = call("run", "base", "--json", *extra)
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1
    assert document["exit_code"] == 0
    (run,) = document["runs"]
    assert run["name"] == "base"
    assert run["warnings"] == ["odd"]
    assert run["run_digest"] == "1a2b3c4d" * 8
    assert run["summary"]["hops"][0]["margin"]["horizon"]["quantiles"]["0.5"]["standard_error"] > 0


def test_json_has_no_nan(call, engine):
    summary = make_summary(undefined_share={"start": float("nan"), "horizon": 0.0})
    engine.behavior = lambda asked: {"summary": summary, "seconds": float("inf")}
    result = call("run", "base", "--json")
    document = json.loads(result.stdout, parse_constant=pytest.fail)
    assert document["runs"][0]["seconds"] is None


def test_a_broken_identity_keeps_the_results_and_exits_with_6(call, engine):
    summary = make_summary(failures={"identity (i)": 3}, first_failure={"identity (i)": 77})
    engine.behavior = lambda asked: {"failed": True, "summary": summary}
    result = call("run", "base", "-o", "here")
    assert result.exit_code == 6
    assert "FAILED: identity (i) in 3 trajectories, first in number 77." in result.stdout
    line = "error: here: identity (i) in 3 trajectories, the first is 77. The results are kept, and marked."
    assert result.stderr.splitlines() == [line]


@pytest.mark.parametrize(
    ("error", "code"), [(UsageError("a"), 2), (ResourceError("b"), 5), (BusyError("c"), 7)]
)
def test_an_error_of_the_engine_is_one_line_and_its_exit_code(call, engine, error, code):
    def refuse(asked):
        raise error

    engine.behavior = refuse
    result = call("run", "base")
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr == f"error: {error}\n"


def test_a_bug_shows_its_traceback_and_exits_with_1(call, engine):
    def crash(asked):
        raise KeyError("lost")

    engine.behavior = crash
    result = call("run", "base")
    assert result.exit_code == 1
    assert "KeyError: 'lost'" in result.stderr
    assert "Please report it" in result.stderr


@pytest.mark.parametrize(("signal", "code"), [(KeyboardInterrupt(), 130), (Stopped(15), 143)])
def test_ctrl_c_stops_the_whole_batch_and_says_what_is_left(call, engine, signal, code):
    def interrupt(asked):
        if asked["name"] == "capex_bust":
            raise signal

    engine.behavior = interrupt
    result = call("run", "base", "capex_bust", "price_war", "-o", "out")
    assert result.exit_code == code
    assert len(engine.calls) == 2
    left = "Nothing is kept of the run that was stopped: it was in its first part of 262,144 trajectories."
    assert result.stderr == f"stopped. {left} 1 of 3 runs are complete.\n"


@pytest.mark.parametrize("keep", ["summary", "outcomes", "paths"])
def test_help_says_from_when_on_a_stopped_run_is_kept(call, keep):
    from sandwich_sim.prepare import prepare
    from sandwich_sim.results.parts import part_grid
    from sandwich_sim.scenario.load import load_scenario

    size = part_grid(prepare(load_scenario("base"), trajectories=10**6, keep=keep).meta).size
    said = " ".join(call("run", "--help").stdout.split())
    text = f"({size:,} with --keep paths)" if keep == "paths" else f"in parts of {size:,} trajectories ("
    assert text in said


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ([], "Nothing of it is kept: it was in its first part of 262,144 trajectories."),
        (["manifest.jsonl"], "here is incomplete: the same command takes it up again, as does `resume`."),
        (["manifest.jsonl", "_COMPLETE"], "The run in here is complete."),
        (["stray"], "here holds parts of it: remove that folder."),
    ],
)
def test_a_run_that_is_stopped_says_what_lies_in_its_folder(call, engine, tmp_path, files, left):
    def interrupt(asked):
        for name in files:
            (tmp_path / "here").mkdir(exist_ok=True)
            (tmp_path / "here" / name).touch()
        raise KeyboardInterrupt

    engine.behavior = interrupt
    result = call("run", "base", "-o", "here")
    assert (result.exit_code, result.stderr) == (130, f"stopped. {left}\n")


def test_a_forced_run_that_is_stopped_is_not_said_to_go_on_by_the_same_command(call, engine, tmp_path):
    def interrupt(asked):
        (tmp_path / "here").mkdir()
        (tmp_path / "here" / "manifest.jsonl").touch()
        raise KeyboardInterrupt

    engine.behavior = interrupt
    how = "`sandwich-sim resume here` takes it up again; with --force it begins anew."
    assert call("run", "base", "-o", "here", "--force").stderr == f"stopped. here is incomplete: {how}\n"


def test_a_bad_scenario_does_not_stop_the_others(call, engine, folder):
    result = call("run", "mine")
    assert result.exit_code == 2
    assert [asked["name"] for asked in engine.calls] == ["a", "c"]
    assert result.stderr.startswith(f"{Path('mine/b.toml')}:3:1: open_source.gapp: ")
    overview = result.stdout.splitlines()[-3:]
    assert [line.split()[1] for line in overview] == ["ok", "exit", "ok"]
    assert "3 scenarios, 1 failed" in result.stdout


def test_a_failing_run_does_not_stop_the_others_and_the_worst_code_wins(call, engine, folder):
    def refuse_the_first(asked):
        if asked["name"] == "a":
            raise ResourceError("does not fit")

    engine.behavior = refuse_the_first
    result = call("run", "mine", "--json")
    assert result.exit_code == 5
    document = json.loads(result.stdout)
    assert document["exit_code"] == 5
    assert [run["exit_code"] for run in document["runs"]] == [5, 2, 0]
    assert document["runs"][0]["error"] == "does not fit"
    assert document["runs"][1]["problems"][0]["key"] == "open_source.gapp"
    assert document["runs"][2]["folder"].startswith(str(Path("results/c-")))


def test_the_output_of_a_batch_is_the_folder_around_its_runs(call, engine, folder):
    call("run", "base", "capex_bust", "-o", "nightly")
    assert {(asked["output"], asked["root"]) for asked in engine.calls} == {(None, Path("nightly"))}
    engine.calls.clear()
    (folder / "b.toml").unlink()
    (folder / "c.toml").unlink()
    call("run", "mine", "-o", "nightly")
    assert [(asked["output"], asked["root"]) for asked in engine.calls] == [(None, Path("nightly"))]


def test_a_shipped_name_wins_over_a_folder_of_that_name(call, engine, tmp_path):
    (tmp_path / "base").mkdir()
    assert call("run", "base").exit_code == 0
    result = call("run", "./base")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: no scenario files (*.toml)")


def test_a_bad_scenario_alone_is_told_without_loading_the_engine(call, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sandwich_sim.simulation", None)
    result = call("run", "nosuch")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("nosuch: ")


@pytest.mark.parametrize(
    ("typed", "meant"), [("1e6", 10**6), ("1.5e3", 1500), ("65_536", 65536), ("4096.0", 4096)]
)
def test_whole_numbers_may_be_written_as_people_write_large_ones(call, engine, typed, meant):
    assert call("run", "base", "-n", typed, "--seed", typed).exit_code == 0
    assert (engine.calls[0]["trajectories"], engine.calls[0]["seed"]) == (meant, meant)
    assert type(engine.calls[0]["trajectories"]) is int


def test_no_digit_of_a_large_seed_is_lost(call, engine):
    assert call("run", "base", "--seed", 2**64 - 1).exit_code == 0
    assert engine.calls[0]["seed"] == 2**64 - 1


@pytest.mark.parametrize("typed", ["1.5", "16k", "1e-3", "nan", "inf", "", "16,384"])
def test_what_is_no_whole_number_is_told_how_to_write_one(call, engine, typed):
    result = call("run", "base", "-n", typed)
    assert (result.exit_code, engine.calls) == (2, [])
    assert "is not a whole number. Write it as 65536, 65_536 or 1e6." in result.stderr


@pytest.mark.parametrize(
    "args",
    [["-n", "0"], ["-n", "1e99"], ["--seed", "-1"], ["--seed", str(2**64)], ["--threads", "0"]],
)
def test_impossible_numbers_are_usage_errors(call, engine, args):
    result = call("run", "base", *args)
    assert result.exit_code == 2
    assert not engine.calls
