"""Disks that are full or read-only, as real file systems; permission bits would not stop the superuser."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sandwich_sim

PREAMBLE = """
import sys
from pathlib import Path
import forked_runs
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.files import folder_state
from sandwich_sim.results.status import run_status
forked_runs.use_small_units(forked_runs._set)
import subprocess, sandwich_sim.simulation
room = Path(sys.argv[1])
N = 5400  # six parts of 5 MB each
def perform(do, folder, **options):
    return forked_runs.perform({"do": do, "folder": folder, "threads": 2, "options": options})
"""
FULL = (
    PREAMBLE
    + """
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", room], check=True)
check = sandwich_sim.simulation.check_plan
(room / "filler").write_bytes(bytes(23_000_000))
print("refused", perform("run", room / "run", trajectories=N), sorted(p.name for p in room.iterdir()))
(room / "filler").unlink()
sandwich_sim.simulation.check_plan = lambda *_, **__: None  # as if others had filled the disk meanwhile
print("stopped", perform("run", room / "run", trajectories=N))
print("parts", run_status(room / "run").parts > 0, folder_state(room / "run"))
print("again", perform("resume", room / "run"))
subprocess.run(["mount", "-o", "remount,size=300m", room], check=True)
sandwich_sim.simulation.check_plan = check
print("resumed", perform("resume", room / "run"))
print("whole", perform("run", room / "whole", trajectories=N))
print("equal", content_digest(room / "run") == content_digest(room / "whole"))
"""
)
READ_ONLY = (
    PREAMBLE
    + """
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", room], check=True)
perform("run", room / "kept", trajectories=600)
subprocess.run(["mount", "-o", "remount,ro", room], check=True)
print("refused", *(perform("run", room / name, trajectories=700) for name in ("run", "kept")))
print("left", sorted(path.name for path in room.iterdir()))
print("reused", perform("run", room / "kept", trajectories=600))
print("verified", len(content_digest(room / "kept")))
"""
)


def in_own_namespace(program: str, room: Path) -> tuple[dict[str, str], str]:
    """Run Python where it may mount; returns what it printed, by first word, and its errors."""
    if not shutil.which("unshare"):
        pytest.skip("needs `unshare`; the same faults are tried without a mount in test_faults_disk")
    paths = f"{Path(sandwich_sim.__file__).parents[1]}:{Path(__file__).parents[1]}"
    ways = (["unshare", "-m"], ["unshare", "-Urm"])  # as the superuser, or as anybody
    test = ["mount", "-t", "tmpfs", "tmpfs", str(room)]
    works = [way for way in ways if not subprocess.run([*way, *test], capture_output=True).returncode]
    if not works:
        pytest.skip("this machine lets nobody mount; the same faults are tried in test_faults_disk")
    done = subprocess.run(
        [*works[0], "env", f"PYTHONPATH={paths}", sys.executable, "-c", program, str(room)],
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr, done.stderr
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    return {word: rest for word, _, rest in lines}, done.stderr


def test_a_full_disk_stops_a_run_that_goes_on_when_there_is_room(tmp_path):
    said, errors = in_own_namespace(FULL, tmp_path)
    assert said["refused"] == "5 ['filler']"  # before anything is computed
    assert said["stopped"] == "5"
    assert said["parts"] == "True incomplete"
    assert said["again"] == "5"
    assert (said["resumed"], said["whole"], said["equal"]) == ("0", "0", "True")
    lines = errors.splitlines()
    assert "of disk" in lines[0]
    stopped = [line for line in lines if "No space left on device" in line]
    assert len(stopped) == 2
    assert all(" MB are free there." in line for line in stopped)
    assert "Go on with: sandwich-sim resume" in errors


def test_a_read_only_file_system_is_told_and_nothing_is_lost(tmp_path):
    said, errors = in_own_namespace(READ_ONLY, tmp_path)
    assert said["refused"] == "2 2"
    assert said["left"] == "['kept']"
    assert (said["reused"], said["verified"]) == ("0", "64")
    assert errors.count("cannot be written: Read-only file system") == 1
    assert "holds another run" in errors
