"""`sandwich-sim doctor`: what this machine offers and whether it is enough.

The output is meant to be pasted into a bug report: it names no host, user or private path.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sandwich_sim._version import __version__
from sandwich_sim.cli.options import example, json_option
from sandwich_sim.cli.output import clean_line, count, file_size, say_columns, say_json
from sandwich_sim.results.machine import available_memory, free_disk

NEEDED = ("numpy", "scipy", "numba", "llvmlite", "xarray", "zarr", "google-crc32c", "click")
OPTIONAL = (
    "matplotlib",
    "pandas",
    "pyarrow",
    "openpyxl",
    "distributed",
    "cryptography",
    "SALib",
    "playwright",
)
_LEAST_MEMORY = 10**9  # bytes; a run needs about 600 MB
_LEAST_DISK = 10**9


@click.command(epilog=example("sandwich-sim doctor", "sandwich-sim doctor --json > doctor.json"))
@click.option("--quiet", is_flag=True, help="Print nothing but what is wrong.")
@json_option
def command(quiet: bool, as_json: bool) -> int:
    """Check versions, processors, memory, disk and the kernel cache.

    Safe to paste into a bug report: no host, user or folder names. Exit code 5 if something
    that a run needs is missing.
    """
    checks = [_check(name, test) for name, test in _CHECKS.items()]
    code = 0 if all(check["ok"] for check in checks) else 5
    if as_json:
        say_json({**_describe(), "checks": checks, "exit_code": code})
    elif quiet:
        _print_checks([check for check in checks if not check["ok"]])
    else:
        _print_facts(_describe())
        click.echo()
        _print_checks(checks)
    return code


def _describe() -> dict[str, Any]:
    return {
        "version": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "threads": usable_processors(),
        "memory_bytes": total_memory(),
        "memory_available_bytes": available_memory(),
        "disk_free_bytes": free_disk(Path()),
        "packages": {name: installed(name) for name in NEEDED + OPTIONAL},
        "kernel_cache": kernel_cache(),
    }


def _print_facts(facts: dict[str, Any]) -> None:
    cache = facts["kernel_cache"]
    threads = f"{count(facts['threads'], 'thread')} of {facts['processors']} usable"
    memory_free, memory_all = _size(facts["memory_available_bytes"]), _size(facts["memory_bytes"])
    packages = (f"{name} {version or '-'}" for name, version in facts["packages"].items())
    say_columns(
        [
            ("sandwich-sim", facts["version"]),
            ("Python", f"{facts['python']} ({facts['implementation']})"),
            ("system", f"{facts['system']}, {facts['machine']}"),
            ("processor", f"{facts['processor']}; {threads}"),
            ("memory", f"{memory_free} available of {memory_all}"),
            ("disk", f"{_size(facts['disk_free_bytes'])} free here"),
            ("kernel cache", f"{cache['folder']}: {cache['state']}"),
            ("packages", ", ".join(packages)),
        ]
    )


def _print_checks(checks: list[dict[str, Any]]) -> None:
    for check in checks:
        mark = click.style("ok  ", fg="green") if check["ok"] else click.style("FAIL", fg="red", bold=True)
        click.echo(f"{mark}  {check['name']}: {clean_line(check['detail'])}")


def _size(n_bytes: int | None) -> str:
    return "unknown" if n_bytes is None else file_size(n_bytes)


def installed(package: str) -> str | None:
    """Version of an installed package, None if it is missing; imports nothing of it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def usable_processors() -> int:
    """Processors that this process may use (containers and `taskset` give fewer)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """Model name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def total_memory() -> int | None:
    """Memory of the machine in bytes; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def kernel_cache() -> dict[str, Any]:
    """State of the folder of compiled kernels, its path without private parts."""
    try:
        from sandwich_sim.kernels._jit import COMPILED, cache_folder, is_cached
    except Exception as error:  # a broken numba may raise anything at import
        return {"folder": "-", "state": f"numba does not load ({type(error).__name__})", "bytes": 0}
    folder = cache_folder()
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    size = sum(path.stat().st_size for path in files)
    if not COMPILED:
        state = "off (NUMBA_DISABLE_JIT)"
    elif is_cached():
        state = f"warm, {file_size(size)}"
    else:
        state = "cold, the next run compiles for about half a minute"
    return {"folder": private_path(folder), "state": state, "bytes": size}


def private_path(path: Path) -> str:
    """Return a path with the user's own part of it replaced by where it came from."""
    text = str(path)
    for variable in ("SANDWICH_SIM_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        root = os.environ.get(variable)
        if root and text.startswith(root):
            return f"${variable}{text[len(root) :]}"
    home = str(Path.home())
    return f"~{text[len(home) :]}" if text.startswith(home) else path.name


def _check(name: str, test: Callable[[], str]) -> dict[str, Any]:
    """Run one check; it returns what it saw, or raises what is wrong."""
    try:
        return {"name": name, "ok": True, "detail": test()}
    except OSError as error:  # without the path, which names the user's folders
        return {"name": name, "ok": False, "detail": error.strerror or type(error).__name__}
    except Exception as error:  # a broken package may raise anything at import
        return {"name": name, "ok": False, "detail": str(error).replace(str(Path.home()), "~")}


def _check_packages() -> str:
    missing = [name for name in NEEDED if installed(name) is None]
    if missing:
        raise RuntimeError(f"missing: {', '.join(missing)}; pip install {' '.join(missing)}")
    left_out = [name for name in OPTIONAL if installed(name) is None]
    return f"complete but for the optional {', '.join(left_out)}" if left_out else "complete"


def _check_scenarios() -> str:
    from sandwich_sim.scenario.load import load_scenario, shipped_scenarios

    names = list(shipped_scenarios())
    for name in names:
        load_scenario(name)
    return f"{count(len(names), 'shipped scenario')} valid"


def _check_cache() -> str:
    from sandwich_sim.kernels._jit import COMPILED, _private_cache_folder

    if not COMPILED:
        return "not used: NUMBA_DISABLE_JIT is set, runs are very slow"
    if _private_cache_folder() is None:
        raise RuntimeError(
            "cannot be written, or others may write it, so every start compiles again; "
            "set SANDWICH_SIM_CACHE to a folder of your own"
        )
    return "private and writable"


def _check_folder() -> str:
    try:
        with tempfile.TemporaryFile(dir="."):
            return "can be written"
    except OSError as error:
        raise RuntimeError(f"cannot be written ({error.strerror}); choose an --output elsewhere") from error


def _check_disk() -> str:
    free = free_disk(Path())
    if free < _LEAST_DISK:
        raise RuntimeError(f"only {file_size(free)} free; a run of a million trajectories writes up to 1 GB")
    return f"{file_size(free)} free"


def _check_memory() -> str:
    available = available_memory()
    if available is None:
        return "not known on this system"
    if available < _LEAST_MEMORY:
        raise RuntimeError(f"only {file_size(available)} available; a run needs about 600 MB")
    return f"{file_size(available)} available"


_CHECKS: dict[str, Callable[[], str]] = {
    "packages": _check_packages,
    "scenarios": _check_scenarios,
    "kernel cache": _check_cache,
    "this folder": _check_folder,
    "disk": _check_disk,
    "memory": _check_memory,
}
