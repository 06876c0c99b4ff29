"""How every figure looks: themes, one fixed color a hop, sizes, canvases.

Nothing here touches pyplot or global settings: a figure is a `Figure` with its own canvas, so
figures can be made in any thread and beside a user's own plots.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
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

_INCHES: dict[Size, tuple[float, float]] = {"slide": (12.8, 7.2), "page": (8.0, 4.8), "phone": (3.6, 4.8)}
_FONT_POINTS: dict[Size, float] = {"slide": 15.0, "page": 10.5, "phone": 8.5}
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


def font_size(axes: Axes) -> float:
    """Return the size of ordinary text for the figure that an Axes lies in [points]."""
    figure = axes.get_figure(root=True)
    width = float(figure.get_figwidth()) if figure is not None else _INCHES["page"][0]
    nearest: Size = min(_INCHES, key=lambda size: abs(_INCHES[size][0] - width))
    return _FONT_POINTS[nearest]


def is_narrow(axes: Axes) -> bool:
    """Whether the figure is too narrow for labels beside the data (a phone)."""
    figure = axes.get_figure(root=True)
    return figure is not None and bool(figure.get_figwidth() < 5.0)


def save_figure(figure: Figure, path: Path, *, scale: float = 2.0) -> None:
    """Write a figure as PNG, SVG or PDF, by the ending of the path.

    The same figure gives the same bytes: no date, no random identifiers.

    Parameters
    ----------
    figure : Figure
    path : Path
    scale : float
        Pixels per pixel at scale 1, for PNG [1].
    """
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with rc_context({"svg.hashsalt": "sandwich-sim"}):
        figure.savefig(
            path,
            dpi=DPI * scale,
            facecolor=figure.get_facecolor(),
            metadata=dates.get(path.suffix, {}),
        )
