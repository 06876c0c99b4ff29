"""Figures of a study, each on a light and on a dark ground."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandwich_sim.errors import UsageError

if TYPE_CHECKING:
    from sandwich_sim.plots.style import Theme


def slug(text: str) -> str:
    """Return a text as part of a file's name."""
    return re.sub(r"\W+", "-", text).strip("-")


def write_pair(folder: Path, name: str, draw: Callable[[Theme], Any]) -> list[str]:
    """Draw a figure as ``NAME-light.png`` and ``NAME-dark.png``; returns both paths.

    Parameters
    ----------
    draw : callable
        From a theme to the Axes that it drew on.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    return write_figures(folder, lambda theme: [(name, draw(theme).get_figure(root=True), "")])


def write_figures(folder: Path, draw: Callable[[Theme], Iterable[tuple[str, Any, str]]]) -> list[str]:
    """Write figures as ``NAME-light.png`` and ``NAME-dark.png``, each whole or not at all.

    Parameters
    ----------
    draw : callable
        From a theme to the name, the matplotlib Figure and the alternative text of each.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    try:
        from sandwich_sim.plots.style import DARK, LIGHT, plain_text, save_figure
    except ModuleNotFoundError as error:
        raise UsageError(
            f"figures need {error.name}. Install it: pip install 'sandwich-sim[plots]'"
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for theme in (LIGHT, DARK):
        with plain_text():
            for name, figure, _ in draw(theme):
                path = folder / f"{name}-{theme.name}.png"
                unfinished = path.with_name(f".{path.stem}.unfinished.png")
                try:
                    save_figure(figure, unfinished)
                    unfinished.replace(path)
                finally:
                    unfinished.unlink(missing_ok=True)
                written.append(str(path))
    return written
