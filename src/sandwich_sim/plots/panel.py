"""What all panels share: axes with few fixed ticks, a heading, labels beside the data.

Ticks are chosen here rather than by matplotlib's locators, and on panels of our own they are
plain text and lines: its ticks take half of the time that a report has for a figure.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from sandwich_sim.plots.quantities import Scale
from sandwich_sim.plots.style import CELL, Theme, font_size, text_color

Floats = NDArray[np.float64]

_LETTER = 0.56
"""Width of a letter of running text over the size of its type, on the generous side."""
_INTERVAL = re.compile(r"\([^ ()]+ to [^ ()]+\)|\b[A-Z][a-z]{2} \d{4}\b")
_JOINT = "\N{NO-BREAK SPACE}"
_NARROW, _WIDE = " .,:;'|!()iljtfr", "%−mwMW@¢"


@dataclass(frozen=True)
class EndLabel:
    """Text at the right end of a line."""

    height: float
    text: str
    color: str
    bold: bool = False


@dataclass
class Panel:
    """An Axes being drawn on; `finish` writes the heading and gives text its room.

    Attributes
    ----------
    ax : Axes
    theme : Theme
    size : float
        Of ordinary text [points].
    row_size : float
        Of text in rows: smaller where there are many (`fit_rows`) [points].
    labels : list of EndLabel
    """

    ax: Axes
    theme: Theme
    size: float = 0.0
    row_size: float = 0.0
    labels: list[EndLabel] = field(default_factory=list)
    _tick_width: float = 0.0
    _years: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        self.size = self.row_size = font_size(self.ax)  # now: it depends on the width of the cell

    def fit_rows(self, n: int, lines: float) -> float:
        """Choose the size of text for rows that need room for some lines each.

        Returns
        -------
        float
            Height of a row [points].
        """
        points = 72.0 * self._inches()[1] * self.ax.get_position().height - 6.0 * self.size
        pitch = max(points, 1.0) / n
        self.row_size = min(self.size, pitch / lines)
        return pitch

    def years(self, years: Floats) -> None:
        """Let the axis below span dates; `finish` marks as many calendar years as fit."""
        self.ax.set_xlim(years[0], years[-1])
        self._years = ceil(years[0] - 1e-9), floor(years[-1] + 1e-9)

    def _mark_years(self, width: float) -> None:
        """Mark as many years as fit into some inches, the same in all panels of a figure."""
        if self._years is None:
            return
        first, last = self._years
        most = max(2, int((72.0 * width / self.size - 8.0) / (5.2 * _LETTER)))
        step = max(1, ceil((last - first) / max(1, min(5, most) - 1)))
        ticks = list(range(last, first - 1, -step))[::-1]
        self.mark_across(ticks, [f"{tick}" for tick in ticks])

    @property
    def height(self) -> float:
        """Height of the cell over the size of text; of the plot alone after `finish`."""
        return 72.0 * self._inches()[1] * float(self.ax.get_position().height) / self.size

    @property
    def is_cell(self) -> bool:
        """Whether `new_panels` made the Axes, so that it is ours to arrange."""
        return self.ax.get_gid() == CELL

    def mark_across(self, ticks: Sequence[float], texts: Sequence[str]) -> None:
        """Write numbers below the axis."""
        if not self.is_cell:
            self.ax.set_xticks(ticks, texts)
            return
        self.ax.set_xticks([])
        place = self.ax.get_xaxis_transform() + ScaledTranslation(
            0.0, -0.45 * self.size / 72.0, self._figure().dpi_scale_trans
        )
        for tick, words in zip(ticks, texts, strict=True):
            self.ax.text(
                tick, 0.0, words, transform=place, ha="center", va="top", fontsize=self.size,
                color=self.theme.muted,
            )  # fmt: skip

    def _figure(self) -> Figure:
        figure = self.ax.get_figure(root=True)
        assert isinstance(figure, Figure)
        return figure

    def _inches(self) -> tuple[float, float]:
        figure = self._figure()
        return float(figure.get_figwidth()), float(figure.get_figheight())

    def values(self, low: float, high: float, scale: Scale, *, n: int = 4, zero: bool = True) -> None:
        """Set the range of the value axis and its ticks; a line at zero if that lies within."""
        low, high = some_range(low, high)
        ticks = nice_ticks(low, high, n)
        room = 0.04 * (high - low)
        low, high = min(low - room, ticks[0]), max(high + room, ticks[-1])
        self.ax.set_ylim(low, high)
        texts = tick_texts(ticks, scale.suffix)
        self._set_value_ticks(ticks, texts)
        if zero and low < 0.0 < high:
            self.ax.axhline(0.0, color=self.theme.muted, linewidth=0.9, zorder=1.5)

    def log_values(self, low: float, high: float) -> None:
        """Set a logarithmic value axis with ticks at powers of ten."""
        self.ax.set_yscale("log")
        first, last = floor(log10(low)), ceil(log10(high))
        step = max(1, ceil((last - first) / 6))
        powers = range(first, last + 1, step)
        self.ax.set_ylim(low * 0.9, high * 1.1)
        inside = [power for power in powers if low * 0.9 <= 10.0**power <= high * 1.1]
        self._set_value_ticks([10.0**power for power in inside], [_power(power) for power in inside])
        self.ax.minorticks_off()

    def _set_value_ticks(self, ticks: Sequence[float], texts: Sequence[str]) -> None:
        self._tick_width = max((text_width(text) for text in texts), default=0.0)
        if not self.is_cell:
            self.ax.set_yticks(ticks, texts)
            self.ax.yaxis.grid(True, color=self.theme.grid, linewidth=0.8)
            self.ax.set_axisbelow(True)
            return
        self.ax.set_yticks([])
        across = self.ax.get_yaxis_transform()
        self.ax.hlines(ticks, 0.0, 1.0, transform=across, color=self.theme.grid, linewidth=0.8, zorder=0.5)
        place = across + ScaledTranslation(-0.35 * self.size / 72.0, 0.0, self._figure().dpi_scale_trans)
        for tick, words in zip(ticks, texts, strict=True):
            self.ax.text(
                0.0, tick, words, transform=place, ha="right", va="center_baseline", fontsize=self.size,
                color=self.theme.muted,
            )  # fmt: skip

    def label_end(self, height: float, text: str, color: str, *, bold: bool = False) -> None:
        """Name a line at its right end; `finish` keeps the names apart."""
        self.labels.append(EndLabel(float(height), text, color, bold))

    def halo(self, width: float) -> list[withStroke]:
        """Return a stroke of the ground's color, so that what lies on data stays legible.

        There is none where text stays text in an SVG: a stroke would turn it into outlines. The
        page that takes the SVG surrounds its text by a style.
        """
        if rcParams["svg.fonttype"] == "none":
            return []
        return [withStroke(linewidth=width, foreground=self.theme.background)]

    def finish(self, title: str, note: str = "", *, peers: Sequence[tuple[str, str]] = ()) -> None:
        """Write the heading and make room for all text.

        Parameters
        ----------
        title, note : str
            Bold first line, and what follows it; both wrap.
        peers : sequence of (str, str)
            Titles and notes of panels on the same scale: as many lines as the longest of them
            needs are kept free, so that all are equally tall.
        """
        size, cell = self.size, self.ax.get_position()
        width, height = self._inches()
        fits = int(cell.width * width * 72 / (_LETTER * size))
        title_lines, note_lines = _heading_lines(title, note, fits)
        heights = [_heading_height(*_heading_lines(*each, fits)) for each in ((title, note), *peers)]
        head, spare = size * max(heights), size * (max(heights) - heights[0])
        left = size * (self._tick_width + 0.7) if self._tick_width else 0.6 * size
        names = (text_width(label.text) * (1.12 if label.bold else 1.0) for label in self.labels)
        right = size * (max(names, default=0.0) + 1.1)
        bottom = 2.0 * size
        if self.is_cell:
            inch = 1.0 / 72.0
            self.ax.set_position(
                (
                    cell.x0 + left * inch / width,
                    cell.y0 + bottom * inch / height,
                    max(cell.width - (left + right) * inch / width, 0.1 * cell.width),
                    max(cell.height - (head + bottom) * inch / height, 0.1 * cell.height),
                )
            )
        else:
            left = 0.0
        self._mark_years(cell.width * width)
        self._write_head(title_lines, note_lines, left, spare if self.is_cell else 0.0)
        self._write_labels()

    def _write_head(self, title: Sequence[str], note: Sequence[str], left: float, spare: float) -> None:
        """Write a heading from the top of the cell on; what its peers need more stays free below it."""
        size = self.size
        place: dict[str, Any] = {
            "xycoords": "axes fraction",
            "textcoords": "offset points",
            "annotation_clip": False,
        }
        rise = 0.7 * size + spare
        for line in reversed(note):
            self.ax.annotate(line, (0.0, 1.0), (-left, rise), color=self.theme.muted, fontsize=size, **place)
            rise += 1.35 * size
        for line in reversed(title):
            self.ax.annotate(
                line, (0.0, 1.0), (-left, rise), color=self.theme.text, fontsize=1.12 * size,
                weight="bold", **place,
            )  # fmt: skip
            rise += 1.3 * 1.12 * size

    def _write_labels(self) -> None:
        if not self.labels:
            return
        points = 72.0 * self._inches()[1] * self.ax.get_position().height
        order = sorted(self.labels, key=lambda label: label.height)
        to_part = self.ax.transData + self.ax.transAxes.inverted()
        parts = [float(to_part.transform((self.ax.get_xlim()[1], label.height))[1]) for label in order]
        gap = 1.2 * self.size / points
        # None below the axis, where the years stand.
        placed = [max(part, gap * (i + 0.2)) for i, part in enumerate(spread(parts, gap))]
        for label, part in zip(order, placed, strict=True):
            self.ax.annotate(
                label.text, (1.0, part), (0.4 * self.size, 0.0), xycoords="axes fraction",
                textcoords="offset points", color=text_color(label.color, self.theme), fontsize=self.size,
                va="center_baseline", weight="bold" if label.bold else "normal", annotation_clip=False,
            )  # fmt: skip


def _heading_lines(title: str, note: str, fits: int) -> tuple[list[str], list[str]]:
    """Wrap a heading; intervals in brackets stay in one line."""
    title_lines = textwrap.wrap(title, max(12, int(fits / 1.12))) or [""]
    whole = _INTERVAL.sub(lambda found: found[0].replace(" ", _JOINT), note)
    return title_lines, [line.replace(_JOINT, " ") for line in textwrap.wrap(whole, max(12, fits))]


def _heading_height(title: Sequence[str], note: Sequence[str]) -> float:
    """Height of a heading over the size of its type."""
    return 1.3 * 1.12 * len(title) + 1.35 * len(note) + 0.7


def text_width(text: str) -> float:
    """Return about how wide a text is, over the size of its type."""
    return sum(0.36 if letter in _NARROW else 0.92 if letter in _WIDE else 0.64 for letter in text)


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Move places apart until neighbors are a gap apart, as little as possible; they come sorted.

    Groups of places that touch are centered on where they wanted to be.
    """
    groups: list[tuple[float, int]] = []  # center, members
    for place in places:
        center, n = place, 1
        while groups and center - gap * (n - 1) / 2 < groups[-1][0] + gap * (groups[-1][1] + 1) / 2:
            other, m = groups.pop()
            center, n = (center * n + other * m) / (n + m), n + m
        groups.append((center, n))
    return [center + gap * (i - (n - 1) / 2) for center, n in groups for i in range(n)]


def nice_ticks(low: float, high: float, n: int) -> list[float]:
    """Return about `n` round numbers within a range, at least two."""
    power = 10.0 ** floor(log10((high - low) / n))
    steps = [m * power for m in (0.5, 1.0, 2.0, 2.5, 5.0, 10.0)]
    found = [_multiples(low, high, step) for step in steps]
    return min((ticks for ticks in found if len(ticks) > 1), key=lambda ticks: abs(len(ticks) - n))


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [step * i for i in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def some_range(low: float, high: float) -> tuple[float, float]:
    """A range of some width around what is shown, whatever that is."""
    if not np.isfinite(low) or not np.isfinite(high):
        return 0.0, 1.0
    if high - low < 1e-9 * max(1.0, abs(high)):
        pad = 0.5 * abs(high) or 0.5
        return low - pad, high + pad
    return low, high


def tick_texts(ticks: Sequence[float], suffix: str) -> list[str]:
    """Write the numbers of an axis, all with the same digits."""
    step = min((b - a for a, b in pairwise(ticks)), default=1.0)
    digits = max(0, -floor(log10(step) + 1e-9))
    if digits < 6 and round(step, digits) != round(step, digits + 1):
        digits += 1  # steps of 2.5
    texts = [f"{tick:,.{digits}f}" for tick in ticks]
    return [
        ("0" if not float(t.replace(",", "")) else t).replace("-", "\N{MINUS SIGN}") + suffix for t in texts
    ]


def _power(power: int) -> str:
    return f"{10.0**power:g}" if -5 < power < 6 else f"1e{power}"
