"""`doctor`."""

import getpass
import json
import re
import socket
import tomllib
from pathlib import Path

import pytest

from sandwich_sim.cli import doctor


def test_it_names_versions_and_checks(call):
    result = call("doctor")
    assert result.exit_code == 0, result.stdout
    for word in ("sandwich-sim", "Python", "processor", "memory", "disk", "kernel cache", "numba"):
        assert word in result.stdout
    assert "FAIL" not in result.stdout


def test_json_is_one_document(call):
    document = json.loads(call("doctor", "--json").stdout)
    assert document["exit_code"] == 0
    assert document["threads"] >= 1
    assert document["packages"]["numpy"]
    assert all(check["ok"] for check in document["checks"])


def test_it_tells_no_host_user_or_home(call, tmp_path):
    text = call("doctor").stdout
    assert str(Path.home()) not in text
    assert str(tmp_path) not in text
    words = set(re.findall(r"[\w.-]+", text))
    assert not {socket.gethostname(), getpass.getuser()} & words


@pytest.mark.parametrize(
    ("variable", "path", "expected"),
    [
        ("SANDWICH_SIM_CACHE", "/scratch/ada/cache/kernels-1", "$SANDWICH_SIM_CACHE/kernels-1"),
        (None, "~/.cache/sandwich-sim/kernels-1", "~/.cache/sandwich-sim/kernels-1"),
        (None, "/scratch/ada/kernels-1", "kernels-1"),
    ],
)
def test_paths_lose_their_private_part(monkeypatch, variable, path, expected):
    monkeypatch.delenv("SANDWICH_SIM_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if variable:
        monkeypatch.setenv(variable, "/scratch/ada/cache")
    assert doctor.private_path(Path(path).expanduser()) == expected


def test_a_failed_check_is_shown_and_exits_with_5(call, monkeypatch):
    monkeypatch.setattr(doctor, "available_memory", lambda: 10**8)
    result = call("doctor")
    assert result.exit_code == 5
    assert "FAIL  memory: only 100 MB available" in result.stdout


def test_quiet_shows_what_is_wrong_alone(call, monkeypatch):
    assert call("doctor", "--quiet").stdout == ""
    monkeypatch.setattr(doctor, "available_memory", lambda: 10**8)
    result = call("doctor", "--quiet")
    assert result.exit_code == 5
    assert result.stdout == "FAIL  memory: only 100 MB available; a run needs about 600 MB\n"


def test_a_folder_that_cannot_be_written_is_not_named(call, monkeypatch, tmp_path):
    def refuse(**options):
        raise PermissionError(13, "Permission denied", str(tmp_path / "x"))

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    result = call("doctor")
    assert result.exit_code == 5
    assert "FAIL  this folder: cannot be written (Permission denied)" in result.stdout
    assert str(tmp_path) not in result.stdout


def test_a_missing_package_is_named_with_its_remedy(call, monkeypatch):
    real = doctor.installed
    monkeypatch.setattr(doctor, "installed", lambda name: None if name == "zarr" else real(name))
    result = call("doctor")
    assert result.exit_code == 5
    assert "FAIL  packages: missing: zarr; pip install zarr" in result.stdout


def test_it_knows_every_package_that_the_program_declares():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    names = [re.match(r"[\w-]+", text).group() for text in project["dependencies"]]
    assert set(names) == set(doctor.NEEDED) - {"llvmlite"}  # it comes with numba
    extras = [
        re.match(r"[\w-]+", text).group()
        for extra, texts in project["optional-dependencies"].items()
        if extra not in ("all", "test")
        for text in texts
    ]
    assert set(extras) == set(doctor.OPTIONAL)
