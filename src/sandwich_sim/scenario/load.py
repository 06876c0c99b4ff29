"""A scenario file, with all that it extends and the changes on top -> a frozen spec."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandwich_sim.errors import Problem, ScenarioError
from sandwich_sim.scenario.change import ChangeError, read_change
from sandwich_sim.scenario.dump import dump_scenario
from sandwich_sim.scenario.findings import Findings, KeyPath, dotted, nearest, printable
from sandwich_sim.scenario.layers import merge_layers
from sandwich_sim.scenario.merged import Layer, Merged, Place
from sandwich_sim.scenario.parse import ParseError, parse_toml
from sandwich_sim.scenario.resolve import resolve, with_run_options
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.text_file import read_text

__all__ = ["dump_scenario", "load_scenario", "shipped_scenarios", "with_run_options"]

_MAX_CHAIN = 16
_HINDCAST = "hindcast_"


def shipped_folder() -> Path:
    """Return the folder of the scenarios that come with the program."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent.parent / "scenarios"


def shipped_scenarios() -> dict[str, Path]:
    """Return the scenarios that come with the program by name, ``base`` first; without hindcasts."""
    paths = [path for path in shipped_folder().glob("*.toml") if not path.stem.startswith(_HINDCAST)]
    return {path.stem: path for path in sorted(paths, key=lambda path: (path.stem != "base", path.stem))}


def shipped_hindcasts() -> dict[str, Path]:
    """Return the scenarios that begin in the past by name, the earliest origin first.

    They are there to be scored (`studies.hindcast`), not to be compared or gated.
    """
    folder = shipped_folder()
    paths = (*folder.glob(f"{_HINDCAST}*.toml"), *folder.glob(f"hindcast/{_HINDCAST}*.toml"))
    return {path.stem: path for path in sorted(paths, key=lambda path: path.stem)}


def _named() -> dict[str, Path]:
    return {**shipped_hindcasts(), **shipped_scenarios()}


def load_scenario(source: str | Path, overrides: Sequence[str] = ()) -> ScenarioSpec:
    """Read, merge and check a scenario.

    Parameters
    ----------
    source : str or Path
        A TOML file, or the name of a shipped scenario or hindcast.
    overrides : sequence of str
        Changes on top, as on the command line: ``open_source.gap=4.0``,
        ``open_source.gap={dist="uniform", low=2, high=8}``.

    Returns
    -------
    ScenarioSpec

    Raises
    ------
    ScenarioError
        With all problems of the file, or files, at once.

    Examples
    --------
    >>> load_scenario("base", ["open_source.gap=4.0"]).parameters["open_source.gap"]
    Constant(value=4.0)
    """
    path, label = _find(source)
    files = _read_chain(path, label)
    layers = (*files, *_read_overrides(overrides))
    findings = Findings()
    merged = merge_layers(layers, findings)
    spec = resolve(merged, path.stem, findings)
    if spec is None or findings:
        raise ScenarioError(_placed(findings, merged))
    return spec


def _refuse(label: str, message: str, line: int = 0, column: int = 0, key: str = "") -> ScenarioError:
    return ScenarioError([Problem(label, line, column, key, message)])


def _find(source: str | Path) -> tuple[Path, str]:
    """Return the file that a user's words mean, and what to call it."""
    shipped, named = shipped_scenarios(), _named()
    if isinstance(source, str) and source in named:
        return named[source], str(named[source])
    label = printable(str(source), 400)
    try:
        if Path(source).exists():
            return Path(source), label
    except (OSError, ValueError):  # a name that is too long, or holds a null
        pass
    match = nearest(str(source), shipped)
    hint = f'Did you mean "{match}"?' if match else f"Name a TOML file, or one of: {', '.join(shipped)}."
    raise _refuse(label, f"there is no such file or shipped scenario. {hint}")


def _read_chain(path: Path, label: str) -> list[Layer]:
    """Read a file and all that it extends, the root first."""
    layers: list[Layer] = []
    seen: list[Path] = []
    while True:
        layer = _read_file(path, label)
        layers.insert(0, layer)
        seen.append(path.resolve())
        base = layer.data.get("extends")
        if base is None:
            return layers
        path, label = _find_base(layer, base)
        if path.resolve() in seen:
            names = " -> ".join(known.name for known in [*seen, path])
            raise _refuse_key(layer, ("extends",), f"leads in a circle: {names}. Extend a file that ends it.")
        if len(seen) == _MAX_CHAIN:
            raise _refuse_key(layer, ("extends",), f"is the {_MAX_CHAIN}th in a row. Use a shorter chain.")


def _refuse_key(layer: Layer, path: KeyPath, message: str) -> ScenarioError:
    line, column = _place(layer, path, {})
    return _refuse(layer.label, message, line, column, dotted(path))


def _find_base(layer: Layer, base: object) -> tuple[Path, str]:
    """Return the file that ``extends`` means: a shipped name, or a path from the file's folder."""
    key: KeyPath = ("extends",)
    shipped = shipped_scenarios()
    if not isinstance(base, str):
        raise _refuse_key(layer, key, 'is no text. Use a path, or the name of a shipped scenario: "base".')
    if base in (named := _named()):
        return named[base], str(named[base])
    shown = printable(base)
    if not base.endswith(".toml") or "\0" in base:
        match = nearest(base, shipped)
        hint = f'Did you mean "{match}"?' if match else "Use a path that ends in .toml, or a shipped name."
        raise _refuse_key(layer, key, f'there is no shipped scenario "{shown}". {hint}')
    if Path(base).is_absolute() or layer.folder is None:
        raise _refuse_key(layer, key, f'"{shown}" is not relative. Use a path from the folder of this file.')
    path = layer.folder / base
    try:
        is_there = path.is_file()
    except OSError:  # a name that is too long
        is_there = False
    if not is_there:
        raise _refuse_key(layer, key, f'there is no file "{shown}" seen from this file. Correct the path.')
    return path, os.path.normpath(os.path.join(os.path.dirname(layer.label), base))  # noqa: PTH118, PTH120


def _read_file(path: Path, label: str) -> Layer:
    text = read_text(path, label)
    try:
        return Layer(label, text, path.parent, parse_toml(text))
    except ParseError as error:
        raise _refuse(label, str(error), error.line, error.column, error.key) from None


def _read_overrides(overrides: Sequence[str]) -> list[Layer]:
    """Turn the changes of a command line into layers; what is wrong with any is raised at once.

    CSV files that they name lie in the folder where the command runs, as other paths of it do.
    """
    layers: list[Layer] = []
    problems: list[Problem] = []
    for text in overrides:
        label = f"--set {printable(text)}"
        try:
            layers.append(Layer(label, None, Path(), read_change(text)))
        except ChangeError as error:
            problems.append(Problem(label, 0, 0, "", str(error)))
    if problems:
        raise ScenarioError(problems)
    return layers


def _place(layer: Layer, path: KeyPath, known: dict[str, Any]) -> tuple[int, int]:
    """Return line and column of a key path in a layer; (0, 0) for ``--set``."""
    if layer.text is None:
        return 0, 0
    from sandwich_sim.scenario.locate import find_spans, locate

    if layer.label not in known:
        known[layer.label] = find_spans(layer.text)
    return locate(known[layer.label], path)


def _placed(findings: Findings, merged: Merged) -> list[Problem]:
    """Turn key paths into files, lines and columns."""
    spans: dict[str, Any] = {}
    problems: set[Problem] = set()
    for item in findings.items:
        own = Place(merged.origin(item.path) if item.layer is None else item.layer, item.path)
        blamed = own if item.layer is not None else merged.blame(item.path, item.causes)
        message = item.message
        if blamed != own:
            message = f"breaks {dotted(own.path)}{_seen_at(own, merged, spans)}: {message}"
        layer = merged.layers[blamed.layer]
        line, column = _place(layer, blamed.path, spans)
        problems.add(Problem(layer.label, line, column, dotted(blamed.path), message))
    return list(problems)


def _seen_at(place: Place, merged: Merged, spans: dict[str, Any]) -> str:
    """Return where an inherited value stands, in brackets; nothing for one that is gone."""
    layer = merged.layers[place.layer]
    if layer.text is None or merged.removal(place.path) is not None:
        return ""
    line, column = _place(layer, place.path, spans)
    return f" ({layer.label}:{line}:{column})"
