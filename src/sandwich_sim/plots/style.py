"""How every figure looks: themes, one fixed color a hop, sizes, canvases.

Nothing here touches pyplot or global settings: a figure is a `Figure` with its own canvas, so
figures can be made in any thread and beside a user's own plots.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from math import ceil, sqrt
from pathlib import Path
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

Size = Literal["slide", "page", "phone"]


@dataclass(frozen=True)
class Theme:
    """Colors of everything that is not data."""

    name: Literal["light", "dark"]
    background: str
    text: str
    muted: str
    grid: str


LIGHT = Theme("light", background="#ffffff", text="#1b1f27", muted="#5d6470", grid="#dfe2e8")
DARK = Theme("dark", background="#14171c", text="#eceef2", muted="#a2a9b5", grid="#333942")

# Each pair: on the light ground, on the dark one. Chosen so that any two differ by at least
# 0.075 in OKLab for normal, protan, deutan and tritan sight, and stand out from the ground by
# a contrast of 3 or more; tests/unit/plots/test_plots_style.py measures it.
_HOP_COLORS: dict[str, tuple[str, str]] = {
    "app": ("#1e51c5", "#5084f8"),
    "lab": ("#dc4355", "#d35c65"),
    "cloud": ("#25a1c8", "#b5eaff"),
    "chips": ("#14895e", "#78b596"),
    "datacenter": ("#898c93", "#b3bdd7"),
    "foundry": ("#763a97", "#9e69c0"),
    "memory": ("#cc7e16", "#ffb561"),
    "power": ("#807002", "#b29e35"),
}
_OTHER_COLORS: tuple[tuple[str, str], ...] = (
    ("#5c2a14", "#d9a58c"),
    ("#00515e", "#4fb5c4"),
    ("#a3195b", "#f57ab0"),
    ("#4b6a00", "#b5d65a"),
    ("#2f2a6b", "#a39cf0"),
    ("#9c6b8e", "#dcb4d0"),
    ("#00806f", "#43cdb8"),
    ("#8f3b00", "#ff8f52"),
)

# What is no hop: four inks of falling weight, told apart by lightness, the lighter two gray, and
# one color for what is marked out. Light ground, dark ground.
_INKS: tuple[tuple[str, str], ...] = (
    ("#26324a", "#cfd9ef"),
    ("#4d5f86", "#9fb0d6"),
    ("#8e8e8e", "#808080"),
    ("#c4c4c4", "#4e4e4e"),
)
_MARK = ("#a8006d", "#ff85cf")

_INCHES: dict[Size, tuple[float, float]] = {"slide": (12.8, 7.2), "page": (8.0, 4.8), "phone": (3.6, 4.8)}
_FONT_POINTS: dict[Size, float] = {"slide": 15.0, "page": 10.5, "phone": 8.5}
CELL = "cell"
"""The gid of an Axes that `new_panels` made: what draws on it may take room from it for text."""
DPI = 100
"""Pixels per inch at scale 1: a phone figure is 360 pixels wide."""


def hop_colors(hops: Iterable[str], theme: Theme = LIGHT) -> dict[str, str]:
    """Give every hop its color.

    The hops of the shipped scenarios have one fixed color each. Any other hop gets one that
    follows from its name; where two of a chain would meet, the later name in the alphabet
    moves on to the next free one.

    Parameters
    ----------
    hops : iterable of str
        Names of the hops of a chain.
    theme : Theme
        Ground on which the colors will stand.

    Returns
    -------
    dict of str to str
        Hop name to ``#rrggbb``, in the order given.
    """
    column = 0 if theme.name == "light" else 1
    hops = tuple(hops)
    taken: dict[str, int] = {}
    for hop in sorted(set(hops) - _HOP_COLORS.keys()):
        slot = zlib.crc32(hop.encode()) % len(_OTHER_COLORS)
        while slot in taken.values() and len(taken) < len(_OTHER_COLORS):
            slot = (slot + 1) % len(_OTHER_COLORS)
        taken[hop] = slot
    return {
        hop: _HOP_COLORS[hop][column] if hop in _HOP_COLORS else _OTHER_COLORS[taken[hop]][column]
        for hop in hops
    }


def ink(theme: Theme, level: int = 0) -> str:
    """Return the color of what is no hop; 0 is the heaviest of four levels."""
    return _INKS[level][theme is not LIGHT]


def mark(theme: Theme) -> str:
    """Return the color of what is marked out from everything else."""
    return _MARK[theme is not LIGHT]


def text_color(color: str, theme: Theme) -> str:
    """Return a color for text that names what has `color`: a contrast of 4.5 or more to the ground."""
    return _text_colors()[theme is not LIGHT].get(color, color)


@cache
def _text_colors() -> tuple[dict[str, str], dict[str, str]]:
    """Colors of data to those of text, on both grounds; where one differs, its partner does too."""
    light_texts, dark_texts = {}, {}
    for light, dark in (*_HOP_COLORS.values(), *_OTHER_COLORS, *_INKS, _MARK):
        texts = _legible(light, LIGHT), _legible(dark, DARK)
        if texts != (light, dark):
            texts = _legible(light, LIGHT, 1), _legible(dark, DARK, 1)
        light_texts[light], dark_texts[dark] = texts
    return light_texts, dark_texts


def _legible(color: str, theme: Theme, least: int = 0) -> str:
    """Mix a color with that of text, by some twentieths at least, until it is legible on its ground."""
    ink_of, text = to_rgb(color), to_rgb(theme.text)
    for step in range(least, 21):
        red, green, blue = (a + step / 20 * (b - a) for a, b in zip(ink_of, text, strict=True))
        mixed = to_hex((red, green, blue))
        high, low = sorted((_luminance(mixed), _luminance(theme.background)), reverse=True)
        if (high + 0.05) / (low + 0.05) >= 4.6:
            return mixed
    return theme.text


def _luminance(color: str) -> float:
    """Relative luminance of a color, as the contrast ratio of WCAG 2 takes it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def line_colors(n: int, theme: Theme) -> list[str]:
    """Return colors of up to five lines that are no hops; the first is the one that is marked out."""
    others = [_OTHER_COLORS[place][theme is not LIGHT] for place in (1, 7, 4, 3)]
    return [mark(theme), *others][:n]


def color_pairs(hops: Iterable[str]) -> dict[str, str]:
    """Return every color that a figure of a chain may use: on the light ground -> on the dark one."""
    hops = tuple(hops)
    fields = ("background", "text", "muted", "grid")
    pairs = {getattr(LIGHT, name): str(getattr(DARK, name)) for name in fields}
    pairs |= dict(_INKS) | dict([_MARK])
    light, dark = hop_colors(hops, LIGHT), hop_colors(hops, DARK)
    pairs |= {light[hop]: dark[hop] for hop in hops}
    return pairs | {text_color(one, LIGHT): text_color(other, DARK) for one, other in pairs.items()}


def new_figure(size: Size = "page", theme: Theme = LIGHT, *, n_row: int = 8) -> tuple[Figure, Axes]:
    """Make an empty figure with one Axes, styled, on a canvas of its own.

    Parameters
    ----------
    size : {"slide", "page", "phone"}
    theme : Theme
    n_row : int
        Rows of a chart with one row a hop: pages and phones scroll, so more rows than eight
        make the figure taller; a slide keeps its shape.

    Returns
    -------
    tuple of Figure and Axes
    """
    width, height = _INCHES[size]
    if size != "slide":
        height *= max(1.0, (n_row + 1) / 9)
    figure = Figure((width, height), dpi=DPI, facecolor=theme.background, layout="constrained")
    FigureCanvasAgg(figure)
    margin = 0.016 * width
    figure.get_layout_engine().set(w_pad=margin, h_pad=margin)  # type: ignore[union-attr, call-arg]
    axes = figure.add_subplot()
    axes.set_facecolor(theme.background)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(colors=theme.muted, labelsize=_FONT_POINTS[size], length=0)
    return figure, axes


def new_panels(
    n: int,
    size: Size = "phone",
    theme: Theme = LIGHT,
    *,
    height: float = 2.3,
    on_slide: int | None = None,
    heading: tuple[str, str] | None = None,
) -> list[Axes]:
    """Make a figure of `n` panels in a grid, each an Axes that fills its cell.

    The functions that draw a panel take from the cell the room that their text needs.

    Parameters
    ----------
    n : int
    size : {"slide", "page", "phone"}
        A slide keeps its shape; on a page and a phone each row of panels is `height` tall.
    theme : Theme
    height : float
        Height of a row [in].
    on_slide : int, optional
        Columns of a slide; if not given, as many as make cells of about the shape of a panel.
    heading : tuple of str and str, optional
        Title and note above all panels, one line each.

    Returns
    -------
    list of Axes
    """
    n_column = on_slide if on_slide and size == "slide" else _columns(n, size)
    n_row = ceil(n / n_column)
    width, total = _INCHES[size]
    points = 0.85 * _FONT_POINTS[size]
    head = 4.0 * points / 72.0 if heading else 0.0
    if size != "slide":
        total = n_row * height + head
    figure = Figure((width, total), dpi=DPI, facecolor=theme.background)
    FigureCanvasAgg(figure)
    edge = 0.0 if n == 1 and size == "phone" else 0.02 * width
    if heading:
        _write_heading(figure, heading, points, theme)
    found = []
    for place in range(n):
        row, column = divmod(place, n_column)
        across, down = (width - edge) / n_column, (total - head - edge) / n_row
        left, bottom = edge + column * across, total - head - edge - (row + 1) * down + edge
        box = (left / width, bottom / total, (across - edge) / width, (down - edge) / total)
        axes = figure.add_axes(box, facecolor=theme.background, gid=CELL)
        for side in axes.spines.values():
            side.set_visible(False)
        axes.tick_params(colors=theme.muted, labelsize=font_size(axes), length=0)
        found.append(axes)
    return found


def _write_heading(figure: Figure, heading: tuple[str, str], points: float, theme: Theme) -> None:
    """Write a title and a note at the top of a figure of panels."""
    inches = figure.get_size_inches()
    across, down = 0.02, points / 72.0 / float(inches[1])
    title, note = heading
    look: dict[str, Any] = {"ha": "left", "va": "baseline"}
    figure.text(
        across, 1.0 - 1.9 * down, title, color=theme.text, fontsize=1.15 * points, weight="bold", **look
    )
    figure.text(across, 1.0 - 3.3 * down, note, color=theme.muted, fontsize=points, **look)


def _columns(n: int, size: Size) -> int:
    """Columns of a grid of panels: as many as make cells of about the shape of a panel."""
    if size == "phone":
        return 1
    if size == "page":
        return min(n, 2)
    return 2 if n == 4 else min(n, max(3, ceil(sqrt(1.6 * n))))


def font_size(axes: Axes) -> float:
    """Return the size of ordinary text for an Axes, by its figure and how much of that it has [points]."""
    figure = axes.get_figure(root=True)
    width = float(figure.get_figwidth()) if figure is not None else _INCHES["page"][0]
    nearest: Size = min(_INCHES, key=lambda size: abs(_INCHES[size][0] - width))
    part = axes.get_position().width
    return _FONT_POINTS[nearest] * (1.0 if part > 0.55 else 0.85 if part > 0.28 else 0.68)


def is_narrow(axes: Axes) -> bool:
    """Whether the figure is too narrow for labels beside the data (a phone)."""
    figure = axes.get_figure(root=True)
    return figure is not None and bool(figure.get_figwidth() < 5.0)


def plain_text() -> AbstractContextManager[None]:
    """Return a context in which dollar signs are no mathematics; texts of scenarios may hold any."""
    return rc_context({"text.parse_math": False})


def save_figure(figure: Figure, path: str | Path, *, scale: float = 2.0) -> None:
    """Write a figure as PNG, SVG or PDF, by the ending of the path.

    The same figure gives the same bytes: no date, no random identifiers.

    Parameters
    ----------
    figure : Figure
    path : str or Path
    scale : float
        Pixels per pixel at scale 1, for PNG [1].
    """
    path = Path(path)
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with rc_context({"svg.hashsalt": "sandwich-sim"}):
        figure.savefig(
            path,
            dpi=DPI * scale,
            facecolor=figure.get_facecolor(),
            metadata=dates.get(path.suffix, {}),
        )
