"""Sections about the book and about what all of it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import isfinite
from urllib.parse import urlsplit

from sandwich_sim.analysis.article import Comparison
from sandwich_sim.analysis.assumptions import Assumption
from sandwich_sim.analysis.portfolio_shares import share_densities
from sandwich_sim.plots.article import describe_article, is_range, plot_article, theirs
from sandwich_sim.plots.assumptions import assumption_words
from sandwich_sim.plots.portfolio import (
    N_DRIVER,
    describe_book_parts,
    describe_drivers,
    describe_positions,
    plot_book_parts,
    plot_drivers,
    plot_positions,
)
from sandwich_sim.plots.quantities import interval, number
from sandwich_sim.plots.style import LIGHT, ink
from sandwich_sim.report.html import Html, element, join, numbers, table, text
from sandwich_sim.report.run_page import RunPage
from sandwich_sim.report.svg import variable
from sandwich_sim.report.tables import estimate_text, place_rows, run_rows
from sandwich_sim.results.dataset import read_provenance
from sandwich_sim.results.summary import Estimate
from sandwich_sim.scenario.input_titles import input_title

_GRADES = {"A": "filing or official data", "B": "analyst or paper", "C": "press, blog or vendor"}


def portfolio_section(page: RunPage) -> Html:
    """Where the positions sit, what they rest on, what moves them."""
    view = page.view
    if not view.spec.portfolio:
        return element("p", "The scenario has no positions: add [portfolio.position.NAME] tables to it.")
    book = page.portfolio
    ends = [view.summary.start[:7], view.summary.horizon[:7]]
    heads = ["Position", "weight", *(f"{side}, {end}" for side in ("revenue", "profit") for end in ends)]
    maps = table(heads, place_rows(book), "Share of the chain's expected revenue and profit ± standard error")
    if book.missing:
        return join([maps, element("p", f"Everything else {book.missing}.", class_="note")])
    densities = share_densities(view.spec.portfolio, view.trajectories)
    panels = [
        page.panel(
            partial(plot_positions, book, densities),
            describe_positions(book),
            height=0.62 * len(book.positions) + 1.9,
        ),
        page.panel(
            partial(plot_book_parts, book), describe_book_parts(book), height=0.48 * len(book.by_hop) + 1.4
        ),
    ]
    if book.by_driver:
        rows = min(N_DRIVER, len(book.by_driver))
        panels.append(
            page.panel(
                partial(plot_drivers, book, titles=page.titles),
                describe_drivers(book, page.titles),
                height=0.36 * rows + 1.25,
            )
        )
    return join(
        [_tail(page), element("div", panels, class_="panels large"), maps, numbers(*_book_tables(page))]
    )


def _tail(page: RunPage) -> Html:
    book = page.portfolio
    tails = [
        f"in the worst {part:.0%}{'' if place else ' (expected shortfall)'}: {_billions(estimate)}"
        for place, (part, estimate) in enumerate((book.shortfall or {}).items())
    ]
    mean = estimate_text(book.book.profit.mean) if book.book.profit else "not estimable"
    words = f"The book's discounted profit: {mean} bn USD on average."
    if tails:
        words += f" Its mean profit {'; '.join(tails)}."
    if book.effective_hops is not None and isfinite(book.effective_hops.value):
        words += f" It is as concentrated as {book.effective_hops.value:.2g} equal hops."
    if book.undefined:
        words += (
            f" In {book.undefined:.2%} of trajectories the chain earns no profit and has no shares of it."
        )
    return element("p", words)


def _billions(estimate: Estimate) -> str:
    return f"{estimate_text(estimate)}{' bn USD' if isfinite(estimate.value) else ''}"


def _book_tables(page: RunPage) -> list[Html]:
    book = page.portfolio
    heads = ["Position", "revenue share", "profit share", "profit above revenue", "mean profit", "5 to 95%"]
    found = [table(heads, run_rows(book), f"Over the whole run, discounted, bn USD; {book.n:,} trajectories")]
    parts = [
        [p.title, f"{p.exposure:.2f}", estimate_text(p.mean), estimate_text(p.in_worst)] for p in book.by_hop
    ]
    found.append(table(["Hop", "exposure", "mean", "in the worst 5%"], parts, "The book by hop, bn USD"))
    drivers = [
        [
            _named_input(d.parameter, page.titles),
            estimate_text(d.variance, "%", 100.0),
            estimate_text(d.low),
            estimate_text(d.high),
        ]
        for d in book.by_driver[:20]
    ]
    heads = ["Input", "of variance", "profit in its lowest fifth", "in its highest"]
    found.append(table(heads, drivers, f"What moves the book, bn USD; {book.n_driver:,} trajectories"))
    multiples = [
        [
            place.name,
            number(m.paid),
            estimate_text(m.earned.quantiles[0.5]),
            interval(m.earned.quantiles[0.05].value, m.earned.quantiles[0.95].value),
            estimate_text(m.probability, "%", 100.0),
        ]
        for place in book.positions
        if (m := place.multiple)
    ]
    if multiples:
        heads = ["Position", "paid", "earned, median", "5 to 95%", "earns what is paid"]
        caption = "Price over revenue, and discounted profit of the run for each dollar of today's revenue"
        found.append(table(heads, multiples, caption))
    return found


def _named_input(name: str, hops: Mapping[str, str]) -> Html:
    """Write an input's title with its name small beside it."""
    return element("span", input_title(name, hops), " ", element("code", name, class_="key"))


def assumptions_section(page: RunPage) -> Html:
    """Every drawn input with its density, source, grade and age."""
    rows = page.assumptions
    stale = sum(row.is_stale for row in rows)
    guesses = sum(row.is_assumption for row in rows)
    words = (
        f"{len(rows)} inputs are drawn: {len(rows) - guesses} rest on a published figure, {guesses} on an "
        f"assumption of ours. {stale} of the sources were more than a year old when the scenario starts."
    )
    items = element(
        "ul", [_assumption(row, input_title(row.name, page.titles)) for row in rows], class_="assumptions"
    )
    inputs = element(
        "details", element("summary", "All drawn inputs"), items, class_="numbers", open=page.is_alone
    )
    return join([element("p", words), inputs])


def _assumption(row: Assumption, title: str) -> Html:
    if row.is_assumption:
        source = element("span", f"Assumption: {row.source}.", class_="source")
    else:
        grade = f"grade {row.grade} ({_GRADES[row.grade]})" if row.grade in _GRADES else "no grade"
        source = element(
            "span",
            f"{row.publisher or row.source}, {row.published or 'no date'}, {grade}. ",
            element("code", row.source),
            element("span", " older than a year", class_="stale") if row.is_stale else None,
            f" {_host(row.url)}" if row.url else None,
            class_="source",
        )
    note = element("span", f" {row.note}", class_="note") if row.note else None
    return element(
        "li",
        _density(row, title),
        element("span", title, class_="what"),
        element("code", row.name),
        element("span", assumption_words(row).partition(";")[0], class_="value"),
        source,
        note,
    )


def _host(url: str) -> str:
    """Where a source lies, in words; the page links to nothing."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _density(row: Assumption, title: str) -> Html:
    low, high = float(row.values[0]), float(row.values[-1])
    across = (row.values - low) / (high - low) * 120.0
    points = " ".join(f"{x:.1f} {30.0 - 28.0 * y:.1f}" for x, y in zip(across, row.density, strict=True))
    middle = (row.quantiles[1] - low) / (high - low) * 120.0
    label = text(f"Density of {title}: {assumption_words(row)}")
    return Html(
        f'<svg class="density" viewBox="0 0 120 31" role="img" aria-label="{label}">'
        f'<path d="M0 30L{points}L120 30Z" fill="{variable(ink(LIGHT, 2))}" fill-opacity="0.6"/>'
        f'<path d="M{middle:.1f} 1V30" stroke="{variable(LIGHT.text)}"/></svg>'
    )


def article_section(page: RunPage) -> Html:
    """The article's own figures beside ours."""
    rows = page.article
    panel = page.panel(partial(plot_article, rows), describe_article(rows), height=0.5 * len(rows) + 1.1)
    cells = [
        [
            row.title,
            theirs(row),
            estimate_text(row.ours, "%"),
            interval(*row.spread, "%") if row.spread else _no_spread(row),
            f"{_standing(row)} ({row.how})",
        ]
        for row in rows
    ]
    heads = ["Figure", "article", "this run", "5 to 95%", "where the scenario stands"]
    return join(
        [element("div", panel, class_="panels large"), table(heads, cells, "The article's figures and ours")]
    )


def _no_spread(row: Comparison) -> str:
    """Why a figure of ours has no 5 to 95%."""
    if row.ours.standard_error == 0.0:
        return "none: a constant of the scenario"
    if not isfinite(row.ours.value):
        return "none"
    if "ratio of means" in row.how:
        return "none: a ratio of means"
    return "none: the run kept no quantiles"


def _standing(row: Comparison) -> str:
    """Where the run stands; a range that is not the article's is called ours."""
    whose = "the range" if is_range(row.fact) else "our tolerance"
    return row.standing.replace("the range", whose)


def provenance_section(page: RunPage) -> Html:
    """Where the numbers come from and how sure the headline's are."""
    meta, summary = page.view.trajectories.meta, page.view.summary
    document = read_provenance(page.view.folder)
    versions = document.get("versions", {})
    facts = {
        "Scenario": f"{meta.name}: {meta.title}",
        "Run folder": page.view.folder.resolve().name,
        "From, to": f"{summary.start}, {summary.horizon}; {meta.steps_per_year} steps a year",
        "Trajectories": f"{meta.n_trajectories:,} ({meta.sampler}, seed {meta.seed}, keep {meta.keep})",
        "Digest of the scenario": meta.scenario_digest,
        "Platform": str(document.get("fingerprint", {}).get("digest", "not stated")),
        "Made by": ", ".join(f"{name} {version}" for name, version in versions.items()) or "not stated",
        "Started": str(document.get("started", "not stated")),
        "Checks": _checks(page),
    }
    rows = [
        [figure.label, estimate_text(figure.estimate, figure.unit), f"{figure.n:,}"]
        for statement in page.statements
        for figure in statement.figures
    ]
    return join(
        [
            table(["", ""], facts.items(), "Where the numbers come from"),
            table(
                ["Number", "value ± standard error", "trajectories"],
                rows,
                "How sure the headline's numbers are",
            ),
        ]
    )


def _checks(page: RunPage) -> str:
    summary = page.view.summary
    parts = [f"{count:,} trajectories fail {name}" for name, count in summary.failures.items()]
    parts = parts or ["every trajectory is finite and its money adds up"]
    for end, share in summary.undefined_share.items():
        if share:
            parts.append(f"{share:.2%} have no profit share at the {end}, as the chain earns none")
    return "; ".join(parts)
