"""HTML from Python: text is escaped unless it is known to be HTML already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_VOID = frozenset({"meta", "link", "input", "br", "hr"})


class Html(str):
    """A string that is HTML; everything else is text."""

    __slots__ = ()


def text(value: object) -> Html:
    """Escape text; control characters, which could hide what follows, are left out."""
    clean = "".join(letter for letter in str(value) if letter.isprintable() or letter in "\n\t")
    return Html(escape(clean, quote=True))


def element(tag: str, *children: object, **attributes: object) -> Html:
    """Write an element.

    Parameters
    ----------
    tag : str
    children : str, Html, None, or sequences of them
        Strings are escaped.
    attributes : str, int, bool or None
        A trailing underscore is dropped and others become hyphens (``class_``, ``aria_label``).
        None and False leave the attribute out, True writes its name alone.
    """
    parts = [f"<{tag}"]
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        parts.append(f" {name}" if value is True else f' {name}="{text(value)}"')
    parts.append(">")
    if tag in _VOID:
        return Html("".join(parts))
    return Html("".join([*parts, join(children), f"</{tag}>"]))


def join(children: Iterable[object]) -> Html:
    """Write children one after the other."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            parts.append(child)
        elif isinstance(child, str) or not isinstance(child, Iterable):
            parts.append(text(child))
        else:
            parts.append(join(child))
    return Html("".join(parts))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> Html:
    """Write a table whose first column names its rows; it scrolls by itself where it is wide."""
    head = element("tr", [element("th", each, scope="col") for each in heads])
    body = [
        element("tr", element("th", first, scope="row"), [element("td", cell) for cell in rest])
        for first, *rest in rows
    ]
    inner = element("table", element("caption", caption), element("thead", head), element("tbody", body))
    return element("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def numbers(*tables: Html, summary: str = "The numbers") -> Html:
    """Put tables behind a figure, out of sight until asked for."""
    return element("details", element("summary", summary), tables, class_="numbers")
