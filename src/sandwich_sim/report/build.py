"""Run folders -> one HTML file."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandwich_sim._version import __version__
from sandwich_sim.analysis.run_view import RunView, open_view
from sandwich_sim.errors import UsageError
from sandwich_sim.plots.style import color_pairs
from sandwich_sim.report import sections_chain, sections_compare, sections_evidence, sections_lab
from sandwich_sim.report.html import Html, element, join, text
from sandwich_sim.report.run_page import RunPage
from sandwich_sim.report.scales import Scales
from sandwich_sim.report.svg import Embedder, drawn_for_a_page
from sandwich_sim.results.files import explained_errors, write_file

if TYPE_CHECKING:
    from sandwich_sim.analysis.compare_result import Comparison

STYLE, SCRIPT = (Path(__file__).with_name(name) for name in ("page.css", "page.js"))


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes
    ----------
    name : str
        Its identifier.
    title, lead : str
        Heading, and what the reader is looking at.
    build : callable
        From a run to its part of the section.
    """

    name: str
    title: str
    lead: str
    build: Callable[[RunPage], Html]


SECTIONS = (
    Section("headline", "In short", "", sections_chain.headline_section),
    Section(
        "dollar",
        "One dollar",
        "A dollar that users spend, from top to bottom. Each bar is as long as the cents that "
        "arrive at a hop: pale is paid on, strong is kept as profit, gray is spent outside the "
        "chain, hatched is paid in by investors. These are means over the trajectories, which add "
        "up; beside them stand medians, the middle trajectory of each hop. Payments with a dotted "
        "edge are inferred, as a run records what stays at each hop and not who paid whom. The last "
        "bar, the capital account, comes on top of the dollar: hatched where investors add, outlined "
        "where they take out.",
        sections_chain.dollar_section,
    ),
    Section(
        "maps",
        "Two maps",
        "Who takes the money in, and who keeps it.",
        sections_chain.maps_section,
    ),
    Section(
        "fans",
        "Hop by hop",
        "The line is the median of all trajectories, the bands hold the middle 50% and 90% of them. "
        "No line is a single future. Margins and cents share one scale; profit has one for each "
        "hop.",
        sections_chain.fans_section,
    ),
    Section(
        "ruler",
        "The ruler",
        "A premium needs scarcity, monopoly and pricing power at once: it is a cap times their "
        "product, less a discount in a glut. Lose one and it is gone. Means of the factors, and the "
        "product of these means.",
        sections_chain.ruler_section,
    ),
    Section(
        "lab",
        "The labs' margin",
        "A lab's margin on serving tokens is not its profit: training comes off it, then staff and "
        "sales. What the serving margin is made of adds up exactly.",
        sections_lab.lab_section,
    ),
    Section(
        "watch",
        "The one number to watch",
        "If the labs' margin after training widens for years while open models press, the thesis is "
        "wrong. Two readings of that condition.",
        sections_lab.watch_section,
    ),
    Section(
        "prices",
        "Token price, cost and gap",
        "The price of a token falls with what it costs to serve; the lead over open models decides "
        "what can be charged on top.",
        sections_lab.prices_section,
    ),
    Section(
        "capital",
        "Capital",
        "Capital spending against what is written off and what users pay. Users pay for equipment as it "
        "wears out; what is built beyond that, investors add.",
        sections_lab.capital_section,
    ),
    Section(
        "portfolio",
        "The portfolio",
        "Whether positions sit on the revenue map or on the profit map.",
        sections_evidence.portfolio_section,
    ),
    Section(
        "assumptions",
        "Assumptions",
        "Every uncertain input: its density with the median marked, median (5 to 95%), and where it "
        "comes from.",
        sections_evidence.assumptions_section,
    ),
    Section(
        "article",
        "The article's figures",
        "The numbers that the article gives, and where the scenario stands on each at its start.",
        sections_evidence.article_section,
    ),
    Section(
        "provenance",
        "Provenance",
        "The Monte Carlo error is how far a number would move with another seed. It says nothing "
        "about whether the assumptions are right.",
        sections_evidence.provenance_section,
    ),
)


COMPARE = "compare"
"""Name of the section that compares runs; it stands second, where there is something to compare."""


def write_report(
    folders: Sequence[Path],
    output: Path,
    *,
    comparisons: Sequence[Comparison] = (),
    not_compared: Sequence[str] = (),
) -> int:
    """Write the report of one run or several side by side.

    Parameters
    ----------
    folders : sequence of Path
        Complete run folders.
    output : Path
        Written whole or not at all.
    comparisons : sequence of Comparison
        Of these runs (`studies.compare_runs`).
    not_compared : sequence of str
        What could not be compared, and why.

    Returns
    -------
    int
        Size of the file [B].

    Raises
    ------
    UsageError, IntegrityError, ScenarioError
        As `open_view`; if no run is given; if the file cannot be written there.
    ResourceError
        If the disk is full.
    """
    views = [open_view(folder) for folder in folders]
    page = build_report(views, comparisons=comparisons, not_compared=not_compared).encode()
    with explained_errors(output, advice="Free some space."):
        try:
            write_file(output, page)
        except OSError:
            with contextlib.suppress(OSError):
                output.with_name(f"{output.name}.partial").unlink(missing_ok=True)
            raise
    return len(page)


def build_report(
    views: Sequence[RunView],
    *,
    comparisons: Sequence[Comparison] = (),
    not_compared: Sequence[str] = (),
) -> str:
    """Return the report of one run or several as HTML; parameters as `write_report`."""
    if not views:
        raise UsageError("no run to report on. Name one or more result folders.")
    hops = [str(hop) for view in views for hop in view.dataset["hop"].values]
    embedder = Embedder(color_pairs(hops))
    labels = _labels(views)
    scales = Scales(views)
    pages = [
        RunPage(view, number, embedder, label, scales, len(views) == 1)
        for number, (view, label) in enumerate(zip(views, labels, strict=True), start=1)
    ]
    with drawn_for_a_page():
        sections = [_section(section, pages) for section in SECTIONS]
        if comparisons or not_compared:
            folders = {view.folder.resolve(): label for view, label in zip(views, labels, strict=True)}
            titles = {hop.name: hop.title for view in views for hop in view.spec.hops}
            titles |= {event.event: event.title for view in views for event in view.summary.events}
            compared = sections_compare.compare_section(comparisons, not_compared, folders, embedder, titles)
            sections.insert(1, _compare_section(compared))
    style = _style(embedder)
    script = SCRIPT.read_text(encoding="utf-8")
    head = [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("link", rel="icon", href="data:,"),
        element("title", _title(pages)),
        Html(f"<style>{style}</style>"),
    ]
    many = "many" if len(pages) > 1 else None
    body = [
        _header(pages),
        _navigation(is_compared=len(sections) > len(SECTIONS)),
        element("main", sections),
        _footer(),
        Html(f"<script>{script}</script>"),
    ]
    page = element("html", element("head", head), element("body", body, class_=many), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def _labels(views: Sequence[RunView]) -> list[str]:
    """Call each run by its scenario's title; by its folder too where titles meet."""
    titles = [view.spec.title or view.spec.name for view in views]
    return [
        title if titles.count(title) == 1 else f"{title} ({view.folder.resolve().name})"
        for title, view in zip(titles, views, strict=True)
    ]


def _title(pages: Sequence[RunPage]) -> str:
    return f"Who keeps the AI dollar: {', '.join(page.label for page in pages)}"


def _style(embedder: Embedder) -> str:
    light, dark = embedder.variables(dark=False), embedder.variables(dark=True)
    css = STYLE.read_text(encoding="utf-8")
    by_system, by_button = ':root:not([data-theme="light"])', ':root[data-theme="dark"]'
    return (
        f":root{{{light}}}\n{css}"
        f"@media (prefers-color-scheme: dark){{{by_system}{{color-scheme:dark;{dark}}}}}\n"
        f"{by_button}{{color-scheme:dark;{dark}}}\n"
        f"@media print{{:root,{by_button},{by_system}{{color-scheme:light;{light}}}}}\n"
    )


def _policy(style: str, script: str) -> str:
    """Allow this page's own style and script and nothing else: no request can leave it."""
    own = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{own[0]}'; script-src 'sha256-{own[1]}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _header(pages: Sequence[RunPage]) -> Html:
    first = pages[0].view.summary
    if len(pages) == 1:
        lead = (
            f"{pages[0].view.spec.summary} {first.n_trajectories:,} trajectories, {first.start} to "
            f"{first.horizon}."
        )
    else:
        lead = f"{len(pages)} runs side by side: {'; '.join(page.label for page in pages)}."
    words = element(
        "div",
        element("h1", pages[0].label if len(pages) == 1 else "Who keeps the AI dollar"),
        element("p", lead, class_="lead"),
    )
    return element("header", words, element("button", "Dark", type="button", id="theme", hidden=True))


def _navigation(*, is_compared: bool) -> Html:
    targets = [(each.name, each.title) for each in SECTIONS]
    if is_compared:
        targets.insert(1, (COMPARE, "Compared"))
    links = [element("li", element("a", title, href=f"#{name}")) for name, title in targets]
    return element("nav", element("ul", links), aria_label="Sections")


def _compare_section(compared: Html) -> Html:
    return element(
        "section",
        element("h2", "Compared", id=f"{COMPARE}-title"),
        element("p", sections_compare.LEAD, class_="lead"),
        compared,
        id=COMPARE,
        aria_labelledby=f"{COMPARE}-title",
    )


def _section(section: Section, pages: Sequence[RunPage]) -> Html:
    several = len(pages) > 1
    parts = [
        element(
            "article",
            element("h3", page.label) if several else None,
            _part(section, page),
            class_="run",
            aria_label=page.label if several else None,
        )
        for page in pages
    ]
    return element(
        "section",
        element("h2", section.title, id=f"{section.name}-title"),
        element("p", section.lead, class_="lead") if section.lead else None,
        _control(section, pages),
        element("div", parts, class_="runs several" if several else "runs"),
        id=section.name,
        aria_labelledby=f"{section.name}-title",
    )


def _part(section: Section, page: RunPage) -> Html:
    """A run's part of a section, or why it cannot have one."""
    try:
        return section.build(page)
    except UsageError as error:
        return element("p", f"Not in this run: {error}", class_="note")


def _control(section: Section, pages: Sequence[RunPage]) -> Html | None:
    if section.name == "fans":
        return sections_chain.fans_control()
    if section.name != "dollar":
        return None
    labels = max((page.flows.labels for page in pages), key=len)
    last = len(labels) - 1
    slider = element(
        "input",
        type="range",
        id="year",
        min=0,
        max=last,
        step=1,
        value=last,
        data_labels=json.dumps(labels),
        aria_label="Year",
    )
    shown = element("output", labels[last], id="year-shown", for_="year")
    return element("div", element("span", "Year"), slider, shown, class_="controls", hidden=True)


def _footer() -> Html:
    words = (
        f"Made by sandwich-sim {__version__} from run folders alone. The page asks for nothing from any "
        "network. Results describe the assumptions that went in; they are no forecast and no advice."
    )
    return element("footer", join([text(words)]))
