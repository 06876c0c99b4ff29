"""A run that is there already is used again, unless its scenario is no longer what was run."""

import json

import pytest
from click.testing import CliRunner

from sandwich_sim.cli.main import cli
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.results.dataset import read_provenance
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run

N = 64


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Call the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def scenario_file(call, tmp_path):
    """The scenario of a run that was made by ``run base -n 64``."""
    assert call("run", "base", "-n", N).exit_code == 0
    (folder,) = (tmp_path / "results").iterdir()
    return folder / "scenario.toml"


def number_changed(path):
    text = path.read_text()
    changed = text.replace("gap_vol = { value = 1.5", "gap_vol = { value = 1.6")
    assert changed != text
    path.write_text(changed)


def unreadable(path):
    with path.open("a") as file:
        file.write("\n[oops\n")


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (number_changed, "was changed after the run; the results beside it"),
        (unreadable, "was changed after the run and is no scenario any more"),
        (lambda path: path.unlink(), "is missing"),
    ],
    ids=["number", "unreadable", "missing"],
)
def test_a_scenario_changed_in_the_run_folder_exits_with_6_and_is_left_alone(call, scenario_file, edit, what):
    edit(scenario_file)
    left = scenario_file.read_bytes() if scenario_file.exists() else None
    done = call("run", "base", "-n", N)
    assert (done.exit_code, done.stdout) == (6, "")
    place = f"results/{scenario_file.parent.name}/scenario.toml"
    assert done.stderr.startswith(f"error: {place}: {what}")
    assert "with --force" in done.stderr
    assert (scenario_file.read_bytes() if scenario_file.exists() else None) == left
    assert call("run", "base", "-n", N, "--force").exit_code == 0
    assert "Results (reused)" in call("run", "base", "-n", N).stdout


def test_other_words_are_the_same_run_and_said(call, scenario_file):
    text = scenario_file.read_text()
    scenario_file.write_text(text.replace("assumption: ", "assumption: as a friend says, "))
    done = call("run", "base", "-n", N)
    assert done.exit_code == 0
    assert "Results (reused)" in done.stdout
    assert "has the same numbers, but other sources or notes than you gave" in done.stderr
    assert call("run", "base", "-n", N, "--force").stderr == ""
    assert call("run", "base", "-n", N).stderr == ""


def test_the_digest_of_the_folder_is_found_everywhere(call, scenario_file):
    folder = scenario_file.parent
    short = folder.name.removeprefix("base-")
    again = call("run", "base", "-n", N)
    assert f"(run {short})" in again.stdout.splitlines()[-1]
    (document,) = json.loads(call("run", "base", "-n", N, "--json").stdout)["runs"]
    (listed,) = json.loads(call("runs", "--json").stdout)["runs"]
    (plan,) = json.loads(call("run", "base", "-n", N, "--dry-run", "--json").stdout)["plans"]
    digests = {found["run_digest"] for found in (document, listed, plan, read_provenance(folder))}
    assert len(digests) == 1
    assert digests.pop()[:8] == short
    assert short in call("runs").stdout


def test_folders_may_be_named_by_text(tmp_path):
    spec = load_scenario("base")
    assert run(spec, output=str(tmp_path / "run"), trajectories=N).folder == tmp_path / "run"
    assert run(spec, root=str(tmp_path), trajectories=N).folder.parent == tmp_path


def test_a_result_is_shown_on_a_line(tmp_path):
    shown = repr(run(load_scenario("base"), output=tmp_path / "run", trajectories=N))
    assert shown.startswith("RunResult(folder=")
    assert len(shown) < 300 + len(str(tmp_path))


def test_a_named_folder_of_another_version_says_why_it_is_not_used(tmp_path):
    spec = load_scenario("base")
    folder = run(spec, output=tmp_path / "run", trajectories=N).folder
    path = folder / "provenance.json"
    document = json.loads(path.read_text())
    document["fingerprint"]["digest"] = "0" * 16
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="another version or on another machine"):
        run(spec, output=folder, trajectories=N)
    number_changed(folder / "scenario.toml")
    with pytest.raises(UsageError, match="another version or on another machine"):
        run(spec, output=folder, trajectories=N)
    assert not run(spec, output=folder, trajectories=N, force=True).reused


def test_python_refuses_a_changed_scenario_too(call, scenario_file, tmp_path):
    number_changed(scenario_file)
    with pytest.raises(IntegrityError, match="was changed after the run"):
        run(load_scenario("base"), root=tmp_path / "results", trajectories=N)
