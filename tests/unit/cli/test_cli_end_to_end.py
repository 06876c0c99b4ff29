"""The command line with the real engine, few trajectories."""

import csv
import json

import pytest

from sandwich_sim.results.dataset import open_run

N = 64


def run(shell, *args, **environment):
    process = shell(*args, **environment)
    stdout, stderr = process.communicate(timeout=300)
    return process.returncode, stdout, stderr


def test_a_run_is_stored_reused_listed_and_exported(shell, tmp_path):
    code, stdout, stderr = run(shell, "run", "base", "-n", N, "--seed", 5)
    assert code == 0, stderr
    assert "Foundry and packaging" in stdout
    assert "thesis_falsified" in stdout
    assert "Traceback" not in stderr
    (folder,) = (tmp_path / "results").iterdir()
    assert folder.name.startswith("base-")
    assert open_run(folder).attrs["seed"] == 5

    code, again, stderr = run(shell, "run", "base", "-n", N, "--seed", 5)
    assert code == 0, stderr
    assert "Results (reused): " in again
    assert again.splitlines()[:-1] == stdout.splitlines()[:-1]

    code, stdout, _ = run(shell, "runs", "--json")
    (listed,) = json.loads(stdout)["runs"]
    assert (listed["n_trajectories"], listed["state"]) == (N, "complete")

    name = f"results/{folder.name}"
    code, _, stderr = run(shell, "export", name, "-o", "o.csv", "--what", "outcomes")
    assert code == 0, stderr
    with (tmp_path / "o.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == N


def test_json_and_quiet_speak_of_the_same_run(shell):
    code, stdout, stderr = run(shell, "run", "base", "-n", N, "--json", "-o", "here")
    assert code == 0, stderr
    (document,) = json.loads(stdout)["runs"]
    assert document["folder"] == "here"
    assert document["summary"]["n_trajectories"] == N
    assert run(shell, "run", "base", "-n", N, "--quiet", "-o", "here") == (0, "here\n", "")


@pytest.mark.parametrize("keep", ["summary", "paths"])
def test_every_way_of_keeping_ends_with_the_same_table(shell, keep):
    shown = []
    for kept in ("outcomes", keep):
        code, stdout, stderr = run(shell, "run", "base", "-n", N, "--keep", kept, "-o", kept)
        assert code == 0, stderr
        shown.append(stdout.splitlines()[:-1])
    assert shown[0] == shown[1]


def test_a_folder_that_holds_another_run_is_left_alone(shell):
    assert run(shell, "run", "base", "-n", N, "-o", "here")[0] == 0
    code, stdout, stderr = run(shell, "run", "base", "-n", N, "--seed", 9, "-o", "here")
    assert (code, stdout) == (2, "")
    assert stderr.startswith("error: here: ")
    assert run(shell, "run", "base", "-n", N, "--seed", 9, "-o", "here", "--force")[0] == 0


def test_a_batch_goes_on_after_a_bad_scenario(shell, tmp_path):
    (tmp_path / "bad.toml").write_text('extends = "base"\nyears = 5\n')
    code, stdout, stderr = run(
        shell, "run", "bad.toml", "base", "capex_bust", "-n", N, "--quiet", "-o", "out"
    )
    assert code == 2
    assert stderr.startswith("bad.toml:2:1: years: ")
    assert len(stdout.splitlines()) == 2
    assert all((tmp_path / line / "zarr.json").is_file() for line in stdout.splitlines())


def test_too_many_trajectories_for_the_disk_exit_with_5_and_write_nothing(shell, tmp_path):
    code, stdout, stderr = run(shell, "run", "base", "-n", 10**10, "--keep", "paths")
    assert (code, stdout) == (5, "")
    assert len(stderr.splitlines()) <= 2  # a warning about the size may come first
    assert not (tmp_path / "results").exists()


def test_a_size_above_the_hard_cap_exits_with_2(shell, tmp_path):
    code, stdout, stderr = run(shell, "run", "base", "-n", 2**48)
    assert (code, stdout) == (2, "")
    assert stderr.startswith("error: ")
    assert not (tmp_path / "results").exists()


def test_a_dry_run_writes_nothing(shell, tmp_path):
    code, stdout, stderr = run(shell, "run", "base", "capex_bust", "-n", 2**20, "--dry-run", "--json")
    assert code == 0, stderr
    plans = json.loads(stdout)["plans"]
    assert [plan["trajectories"] for plan in plans] == [2**20] * 2
    assert all(plan["disk_bytes"] > 10**8 and plan["seconds"] > 0 for plan in plans)
    assert list(tmp_path.iterdir()) == []
    assert "of memory" in run(shell, "run", "base", "--dry-run")[1]
