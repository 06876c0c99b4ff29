"""Who may change what: baselines and margins do not change together with code.

A branch that loosens its own gate, or accepts its own outcomes in passing, is refused. With
``--against REF`` the margins are those of REF, and each commit since REF either changes baselines
and gate file alone, or leaves them alone.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from sandwich_sim.errors import UsageError
from sandwich_sim.studies.gate_file import GateFile, read_gate_file

ALLOWED_BESIDE = ("CHANGELOG.md",)
"""Files that a commit may change together with baselines."""


def gate_file_of(path: Path, ref: str) -> GateFile:
    """Return the gate file as it is in REF; the one on disk where REF has none."""
    folder = path.resolve().parent
    _git(
        folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", missing=f"there is no commit {ref!r}"
    )
    text = _git(folder, "show", f"{ref}:./{path.name}", missing=None)
    return read_gate_file(path, text or None)


def mixed_commits(gate: GateFile, path: Path, ref: str) -> tuple[str, ...]:
    """Return what is wrong with the commits since REF, and with what is not committed yet.

    Returns
    -------
    tuple of str
        One sentence for each commit that changes baselines or the gate file together with others.
    """
    folder = path.resolve().parent
    root = Path(_git(folder, "rev-parse", "--show-toplevel", missing="").strip())
    guarded = [_inside(gate.baselines.resolve(), root), _inside(path.resolve(), root)]
    problems = []
    for commit in _git(folder, "rev-list", "--no-merges", f"{ref}..HEAD", missing="").split():
        names = _git(
            folder, "diff-tree", "--root", "--no-commit-id", "--name-only", "-r", "-z", commit, missing=""
        )
        problems += _mixed(f"commit {commit[:10]}", names.split("\0"), guarded)
    pending = _git(root, "diff", "--name-only", "-z", "HEAD", missing="").split("\0")
    fresh = _git(root, "ls-files", "--others", "--exclude-standard", "-z", missing="").split("\0")
    problems += _mixed("what is not committed", [*pending, *fresh], guarded)
    return tuple(problems)


def _mixed(whose: str, names: list[str], guarded: list[str]) -> list[str]:
    known = [name for name in names if name and name not in ALLOWED_BESIDE]
    held = [name for name in known if any(name == g or name.startswith(f"{g}/") for g in guarded)]
    others = [name for name in known if name not in held]
    if not held or not others:
        return []
    return [
        f"{whose} changes {held[0]} together with {others[0]}: give baselines and margins their own commit"
    ]


def _inside(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _git(folder: Path, *arguments: str, missing: str | None) -> str:
    """Run git; on failure return nothing (``missing`` None), or say what is missing."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        raise UsageError(
            "--against needs git, which is not installed. Install it, or leave it out."
        ) from None
    if done.returncode == 0:
        return done.stdout
    if missing is None:
        return ""
    what = missing or done.stderr.strip() or "git failed"
    raise UsageError(f"--against: {what}. Name a commit or branch of a repository that holds the gate file.")
