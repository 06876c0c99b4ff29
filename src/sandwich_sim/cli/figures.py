"""Figures of a study, each on a light and on a dark ground."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sandwich_sim.errors import UsageError

if TYPE_CHECKING:
    from sandwich_sim.plots.style import Theme


Value = TypeVar("Value")


def check_plots(what: str = "figures need") -> None:
    """Refuse to draw where that is not possible, before any work.

    Parameters
    ----------
    what : str
        Subject and verb of the refusal.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    try:
        import_module("matplotlib")
    except ModuleNotFoundError as error:
        raise UsageError(
            f'{what} {error.name}. Install it: pip install ".[plots]" in a clone of the repository, '
            'pip install "sandwich-sim[plots]" elsewhere.'
        ) from error


def needs_plots(ctx: click.Context, param: click.Parameter, value: Value) -> Value:
    """Callback of an option that asks for figures: refuse before anything is computed."""
    if value is not None and not ctx.resilient_parsing:
        check_plots()
    return value


def slug(text: str) -> str:
    """Return a text as part of a file's name."""
    return re.sub(r"\W+", "-", text).strip("-")


def write_pair(folder: Path, name: str, draw: Callable[[Theme], Any]) -> list[str]:
    """Draw a figure as ``NAME-light.png`` and ``NAME-dark.png``; returns both paths.

    Parameters
    ----------
    draw : callable
        From a theme to the Axes that it drew on.
    """
    return write_figures(folder, lambda theme: [(name, draw(theme).get_figure(root=True), "")])


def write_figures(folder: Path, draw: Callable[[Theme], Iterable[tuple[str, Any, str]]]) -> list[str]:
    """Write figures as ``NAME-light.png`` and ``NAME-dark.png``, each whole or not at all.

    Parameters
    ----------
    draw : callable
        From a theme to the name, the matplotlib Figure and the alternative text of each.
    """
    from sandwich_sim.plots.style import DARK, LIGHT, plain_text

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for theme in (LIGHT, DARK):
        with plain_text():
            for name, figure, _ in draw(theme):
                path = folder / f"{name}-{theme.name}.png"
                write_figure(figure, path)
                written.append(str(path))
    return written


def write_figure(figure: Any, path: Path) -> None:
    """Write a matplotlib Figure, in the format of the path's ending: whole or not at all."""
    from sandwich_sim.plots.style import save_figure

    unfinished = path.with_name(f".{path.stem}.unfinished{path.suffix}")
    try:
        save_figure(figure, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
