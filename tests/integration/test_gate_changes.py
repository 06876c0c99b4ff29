"""Who may change what: baselines and margins do not change together with code (G-9)."""

import shutil
import subprocess

import pytest
from click.testing import CliRunner

from gate_runs import GATE, SCENARIO, GateFolder
from sandwich_sim.cli.main import cli
from sandwich_sim.errors import UsageError
from sandwich_sim.studies.gate_changes import gate_file_of, mixed_commits

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A repository whose first commit has a scenario, a gate file and its baseline."""
    path = tmp_path_factory.mktemp("origin")
    folder = GateFolder(path)
    folder.write()
    folder.accept()
    git(path, "init", "-q", "-b", "main")
    commit(path, "Begin")
    return path


@pytest.fixture
def repository(origin, tmp_path):
    path = tmp_path / "clone"
    shutil.copytree(origin, path)
    return path


def git(path, *arguments):
    identity = ["-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", path, *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def commit(path, message):
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", message)


def problems(path):
    gate = gate_file_of(path / "gate.toml", "HEAD~1")
    return mixed_commits(gate, path / "gate.toml", "HEAD~1")


def test_a_commit_that_loosens_margins_together_with_code_is_refused(repository):
    (repository / "gate.toml").write_text(GATE.replace("margin = 0.7", "margin = 7.0"))
    (repository / "s.toml").write_text(SCENARIO + "[lab]\nreinvestment = 0.5\n")
    commit(repository, "Quietly")
    (problem,) = problems(repository)
    assert "changes gate.toml together with s.toml: give baselines and margins their own commit" in problem


def test_a_commit_that_accepts_together_with_code_is_refused(repository):
    (repository / "baselines" / "s.json").write_text("{}")
    (repository / "s.toml").write_text(SCENARIO + "[lab]\nreinvestment = 0.5\n")
    commit(repository, "Quietly")
    (problem,) = problems(repository)
    assert "changes baselines/s.json together with s.toml" in problem


def test_a_commit_of_its_own_may_change_them(repository):
    (repository / "baselines" / "s.json").write_text("{}")
    (repository / "CHANGELOG.md").write_text("- Outcomes accepted anew\n")
    commit(repository, "Accept")
    assert problems(repository) == ()


def test_what_is_not_committed_counts_too(repository):
    (repository / "other.txt").write_text("code")
    commit(repository, "Code")
    assert problems(repository) == ()
    (repository / "gate.toml").write_text(GATE.replace("margin = 0.7", "margin = 7.0"))
    (repository / "more.txt").write_text("more code")
    (problem,) = problems(repository)
    assert "what is not committed changes gate.toml together with more.txt" in problem


def test_margins_are_those_of_the_branch_that_is_merged_into(repository):
    """G-9: a branch cannot loosen its own gate, not even in a commit of its own."""
    (repository / "gate.toml").write_text(GATE.replace("margin = 0.02", "margin = 0.9"))
    commit(repository, "Loosen")
    (repository / "s.toml").write_text('extends = "base"\n[hop.memory]\nfixed_cost = 0.15\n')
    commit(repository, "Change")
    judged_by_main = gate(repository, "--against", "HEAD~2")
    assert judged_by_main.exit_code == 3
    assert "CHANGED" in judged_by_main.stdout
    assert "refused" not in judged_by_main.stdout
    assert "mean(margin.memory @ 2029-07-01)" in judged_by_main.stdout
    assert "mean(margin.memory @ 2029-07-01)" not in gate(repository).stdout


def test_a_mixed_commit_fails_the_gate_though_every_bit_is_the_same(repository):
    (repository / "gate.toml").write_text(GATE.replace("margin = 0.7", "margin = 7.0"))
    (repository / "code.py").write_text("")
    commit(repository, "Quietly")
    result = gate(repository, "--against", "HEAD~1", "--json")
    assert result.exit_code == 3
    assert '"verdict": "IDENTICAL"' in result.stdout
    assert "together with code.py" in result.stdout


def gate(path, *options):
    return CliRunner().invoke(cli, ["gate", "--gate-file", str(path / "gate.toml"), *options])


def test_a_commit_that_does_not_exist_is_named(repository):
    with pytest.raises(UsageError, match="there is no commit 'nowhere'"):
        gate_file_of(repository / "gate.toml", "nowhere")


def test_a_gate_file_that_the_other_branch_lacks_is_taken_from_here(repository):
    git(repository, "mv", "gate.toml", "other.toml")
    commit(repository, "Rename")
    assert gate_file_of(repository / "other.toml", "HEAD~1").version == 1
