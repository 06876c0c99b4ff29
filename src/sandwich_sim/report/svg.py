"""A matplotlib figure as a piece of a page: text stays text, colors follow the page's theme.

No element carries a style of its own: the page's content security policy forbids that, and
colors that are variables turn dark with the page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from xml.etree import ElementTree

from matplotlib import rc_context
from matplotlib.figure import Figure

from sandwich_sim.report.html import Html, text

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_COLOR = re.compile(r"#[0-9a-f]{6}")
_SIZE = re.compile(r"([\d.]+)px")
# Said by the page's style for all figures alike.
_DROPPED = frozenset({"font-family", "stroke-linejoin", "stroke-linecap", "stroke-miterlimit", "font-style"})
_KEPT = ("d", "x", "y", "width", "height", "transform", "id", _LINK)


@contextmanager
def drawn_for_a_page() -> Iterator[None]:
    """Draw figures inside this, so that their text stays text and is taken as it is."""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "sandwich-sim", "text.parse_math": False}):
        yield


class Embedder:
    """Turns figures into pieces of one page; identifiers are unique within it.

    Parameters
    ----------
    colors : mapping of str to str
        Every color that figures may have, on the light ground -> on the dark one.
    """

    def __init__(self, colors: Mapping[str, str]) -> None:
        self.colors = {light.lower(): dark.lower() for light, dark in colors.items()}
        self._numbers = count(1)

    def embed(self, figure: Figure, description: str) -> Html:
        """Return a figure as an ``<svg>`` element.

        Parameters
        ----------
        figure : Figure
            Drawn on the light ground within `drawn_for_a_page`.
        description : str
            For readers who cannot see it.

        Raises
        ------
        ValueError
            If the figure has a color that is not in ``colors``.
        """
        for axes in figure.axes:
            axes.patch.set_visible(False)
        buffer = io.StringIO()
        metadata = dict.fromkeys(("Date", "Creator", "Type", "Format"))
        figure.savefig(buffer, format="svg", facecolor="none", edgecolor="none", metadata=metadata)
        root = ElementTree.fromstring(buffer.getvalue().encode())
        _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
        prefix = f"f{next(self._numbers)}-"
        body = "".join(self._write(child, prefix) for child in root if _name(child) == "g")
        return Html(
            f'<svg class="figure" viewBox="0 0 {width:g} {height:g}" role="img" '
            f'aria-label="{text(description)}">{body}</svg>'
        )

    def variables(self, *, dark: bool) -> str:
        """Return the colors as CSS variables."""
        pairs = sorted(self.colors.items())
        return "".join(f"{variable(light)[4:-1]}:{other if dark else light};" for light, other in pairs)

    def _write(self, node: ElementTree.Element, prefix: str) -> str:
        name = _name(node)
        children = "".join(self._write(child, prefix) for child in node)
        if name == "g" and not node.attrib.get("transform"):
            return children
        if name in ("clipPath", "metadata", "style"):
            return ""
        attributes = "".join(self._attributes(node, prefix))
        if (
            name == "path"
            and "none" in attributes
            and 'fill="none"' in attributes
            and "stroke=" not in attributes
        ):
            return ""  # the ground of the figure
        words = text((node.text or "").replace("\n", "")) if name in ("text", "tspan") else ""
        if not words and not children:
            return f"<{name}{attributes}/>"
        return f"<{name}{attributes}>{words}{children}</{name}>"

    def _attributes(self, node: ElementTree.Element, prefix: str) -> Iterator[str]:
        for key in _KEPT:
            value = node.attrib.get(key)
            if value is None:
                continue
            if key == "d":
                value = _NUMBER.sub(_short, " ".join(value.split()))
            elif key in ("x", "y", "width", "height", "transform"):
                value = _NUMBER.sub(_short, value.replace("rotate(-0 ", "rotate(0 "))
                if key == "transform" and value.startswith("rotate(0 "):
                    continue
            elif key == "id":
                if _name(node) not in ("path", "use"):
                    continue
                value = prefix + value
            else:
                key, value = "href", f"#{prefix}{value.removeprefix('#')}"
            yield f' {key}="{text(value)}"'
        for key, value in _styles(node.attrib.get("style", "")):
            if key in ("fill", "stroke"):
                value = _COLOR.sub(lambda match: self._variable(match.group()), value.lower())
            elif value.endswith("px") and key == "font-size":
                value = _SIZE.sub(r"\1", value)
            yield f' {key}="{text(value)}"'

    def _variable(self, color: str) -> str:
        if color not in self.colors:
            raise ValueError(f"{color}: a color without a partner on the dark ground")
        return variable(color)


def variable(color: str) -> str:
    """Return the CSS variable that stands for a color of the light ground."""
    return f"var(--c{color.lstrip('#')})"


def _name(node: ElementTree.Element) -> str:
    return str(node.tag).removeprefix(_SVG)


def _short(match: re.Match[str]) -> str:
    return f"{float(match.group()):.1f}".removesuffix(".0").replace("-0.0", "0") or "0"


def _styles(style: str) -> Iterator[tuple[str, str]]:
    for part in style.split(";"):
        key, _, value = part.partition(":")
        key, value = key.strip(), value.strip()
        if key == "font":
            weight = next((word for word in value.split() if word in ("bold", "700")), "")
            size = _SIZE.search(value)
            if weight:
                yield "font-weight", "bold"
            if size:
                yield "font-size", f"{size.group(1)}px"
        elif key and key not in _DROPPED and not (key == "text-anchor" and value == "start"):
            yield key, value
