"""What a shell offers behind TAB for result folders and their series; no numbers are read for it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandwich_sim.cli.output import clean_line

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

_ROOT = "results"
_HOPS = ("app", "lab", "cloud", "chips", "datacenter", "foundry", "memory", "power")


def complete_run(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the runs in ``results`` and near what is typed; where none fits, whatever folders there are."""
    from click.shell_completion import CompletionItem

    typed, _, _ = incomplete.rpartition("/")
    roots = (_ROOT, typed or ("/" if incomplete.startswith("/") else "."))
    names = dict.fromkeys(name for root in roots for name in _runs_in(root, depth=2))
    found = [name for name in names if name.startswith(incomplete)]
    if not found:
        return [CompletionItem(incomplete, type="dir")]
    return [CompletionItem(name, help=_title(name)) for name in found]


def complete_series(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer ``table``, ``outcomes`` and variables; those of single hops once a variable is typed."""
    from click.shell_completion import CompletionItem

    from sandwich_sim.variables import PER_HOP, VARIABLES, series_names

    offered = {"table": "the table at the end of the run", "outcomes": "a row for each trajectory"}
    offered |= {name: variable.long_name for name, variable in VARIABLES.items()}
    if any(incomplete.startswith(variable.name) for variable in PER_HOP):
        # Behind an option without its value, click leaves the arguments where they were.
        run = ctx.params.get("run") or next(iter(ctx.args), "")
        single = series_names(tuple(map(str, _description(str(run)).get("hops", _HOPS))))
        offered |= {name: VARIABLES[name.partition(".")[0]].long_name for name in single}
    fitting = [name for name in offered if name.startswith(incomplete)]
    return [CompletionItem(name, help=offered[name]) for name in fitting]


def _runs_in(root: str, depth: int) -> list[str]:
    """Return the run folders below a folder, as the user would type them."""
    try:
        with os.scandir(root) as entries:
            folders = sorted(entry.name for entry in entries if entry.is_dir() and entry.name[0] != ".")
    except OSError:
        return []
    found: list[str] = []
    for name in folders:
        folder = name if root == "." else f"{root.rstrip('/')}/{name}"
        if Path(folder, "provenance.json").is_file():
            found.append(folder)
        elif depth > 1:
            found.extend(_runs_in(folder, depth - 1))
    return found


def _description(folder: str) -> dict[str, Any]:
    """Return what a run says about itself; nothing if it cannot be read."""
    try:
        run = json.loads(Path(folder, "provenance.json").read_bytes())["run"]
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    return run if isinstance(run, dict) else {}


def _title(folder: str) -> str:
    run = _description(folder)
    return clean_line(f"{run.get('title', '')}, {run.get('n_trajectories', '?')} trajectories")
