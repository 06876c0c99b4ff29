"""A report is one file that asks for nothing, holds every section, and keeps all text text."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from sandwich_sim.analysis.assumptions import assumptions, is_stale
from sandwich_sim.analysis.compare_blocks import blocks_of
from sandwich_sim.analysis.compare_numbers import format_difference
from sandwich_sim.analysis.headline import headline
from sandwich_sim.analysis.run_view import open_view
from sandwich_sim.errors import UsageError
from sandwich_sim.report import sections_compare
from sandwich_sim.report.build import SECTIONS, build_report, write_report
from sandwich_sim.report.html import Html, element, text
from sandwich_sim.report.svg import Embedder, drawn_for_a_page
from sandwich_sim.report.tables import estimate_text
from sandwich_sim.results.summary import Estimate
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run
from sandwich_sim.studies.compare_runs import compare_runs
from small_runs import BARE, FOURTEEN_HOPS, MARKUP, small_run, small_view

MOST_BYTES = 3_000_000


class Reader(HTMLParser):
    """What a browser would see: elements, their attributes, and whether all are closed."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.words = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def base():
    return build_report([small_view("base", "outcomes", 4096)])


@pytest.fixture(scope="module")
def marked():
    return build_report([small_view(MARKUP)])


def test_every_section_is_there_once_and_the_navigation_leads_to_it(base):
    page = Reader(base)
    assert page.open == []
    names = [section["id"] for section in page.all("section")]
    assert names == [section.name for section in SECTIONS]
    assert [link["href"] for link in page.all("a")] == [f"#{name}" for name in names]


def test_identifiers_are_unique_and_every_reference_has_its_target(base):
    page = Reader(base)
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(names) == len(set(names))
    wanted = [attributes["href"] for attributes in page.all("use")]
    wanted += re.findall(r"url\((#[^)]+)\)", base)
    assert wanted
    assert {name.lstrip("#") for name in wanted} <= set(names)


def test_nothing_in_the_file_can_cause_a_request(base):
    page = Reader(base)
    for tag, attributes in page.elements:
        assert not {"src", "srcset", "action", "formaction", "poster", "data", "style"} & attributes.keys(), (
            tag
        )
        for key in ("href", "xlink:href"):
            assert attributes.get(key, "#").startswith("#") or tag == "link", (tag, attributes)
        assert not [key for key in attributes if key.startswith("on")], tag
    assert [link["href"] for link in page.all("link")] == ["data:,"]
    assert "http://" not in base and "https://" not in base


def test_the_policy_allows_the_style_and_the_script_of_the_file_and_nothing_else(base):
    policy = next(m["content"] for m in Reader(base).all("meta") if "http-equiv" in m)
    for tag, source in (("style", "style-src"), ("script", "script-src")):
        (code,) = re.findall(rf"<{tag}>(.*?)</{tag}>", base, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy


def test_every_figure_says_in_words_what_it_shows_and_has_its_numbers_in_a_table(base):
    page = Reader(base)
    drawings = page.all("svg")
    assert len(drawings) > 60
    assert all(
        len(drawing["aria-label"]) > 20 and drawing["role"] in ("img", "group") for drawing in drawings
    )
    tables = re.findall(r"<section id=\"(\w+)\".*?</section>", base, re.DOTALL)
    for name in (
        "dollar",
        "maps",
        "fans",
        "ruler",
        "lab",
        "watch",
        "prices",
        "capital",
        "portfolio",
        "article",
    ):
        assert name in tables
        part = base[base.index(f'<section id="{name}"') :]
        assert "<table>" in part[: part.index("</section>")], name


def test_every_color_of_a_drawing_follows_the_theme(base):
    drawings = "".join(re.findall(r"<svg.*?</svg>", base, re.DOTALL))
    assert not re.findall(r'(?:fill|stroke)="#', drawings)
    used = set(re.findall(r"var\((--c[0-9a-f]{6})\)", drawings))
    (style,) = re.findall(r"<style>(.*?)</style>", base, re.DOTALL)
    for name in used:
        assert len(set(re.findall(rf"{name}:(#[0-9a-f]{{6}})", style))) == 2, name


def test_a_color_without_a_partner_is_refused():
    from sandwich_sim.plots.style import new_panels

    (axes,) = new_panels(1)
    axes.plot([0, 1], [0, 1], color="#123456")
    with drawn_for_a_page(), pytest.raises(ValueError, match="#123456"):
        Embedder({"#ffffff": "#000000", "#5d6470": "#a2a9b5"}).embed(axes.figure, "A line.")


def test_texts_of_a_scenario_stay_text(marked):
    page = Reader(marked)
    assert page.open == []
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "iframe", "b", "object", "embed", "form", "base"}
    assert len(page.all("script")) == len(page.all("style")) == len(page.all("title")) == 1
    words = " ".join(page.words)
    for part in (
        "<script>alert(1)</script>",
        "<b onmouseover=alert(6)>",
        "</p><iframe src=javascript",
        "$\\frac$",
    ):
        assert part in words, part


def test_a_source_that_is_no_address_is_shown_as_nothing_that_can_be_followed(marked):
    assert "javascript:alert(10)" not in marked


def test_reports_of_the_shipped_and_of_long_chains_are_small_enough(base):
    assert len(base.encode()) < MOST_BYTES / 3
    assert len(build_report([small_view(FOURTEEN_HOPS)]).encode()) < MOST_BYTES / 2


def test_several_runs_stand_side_by_side_and_are_told_apart():
    page = build_report([small_view("base", "outcomes", 4096), small_view(BARE), small_view(BARE)])
    reader = Reader(page)
    titles = [article.get("aria-label") for article in reader.all("article")]
    assert len(titles) == 3 * len(SECTIONS)
    assert titles[0] == "Follow one dollar, mid-2026"
    assert titles[1].startswith("Bare (")
    names = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(names) == len(set(names))


def test_two_runs_are_compared_in_a_section_of_their_own():
    folders = [small_run("base", "outcomes", 4096), small_run("price_war")]
    comparisons, reasons = compare_runs(folders)
    assert reasons == []
    views = [small_view("base", "outcomes", 4096), small_view("price_war")]
    page = build_report(views, comparisons=comparisons)
    reader = Reader(page)
    assert reader.open == []
    names = [section["id"] for section in reader.all("section")]
    assert names[:2] == ["headline", "compare"] and len(names) == len(SECTIONS) + 1
    assert [link["href"] for link in reader.all("a")] == [f"#{name}" for name in names]
    part = page[page.index('<section id="compare"') : page.index('<section id="dollar"')]
    (pair,) = comparisons[0].pairs
    assert "2,048 trajectories (sobol, seed 20260701), paired: same draws, same shocks." in part
    assert part.count(" in A, ") >= 2 * len(pair.verdicts)  # in a sentence and beside a figure
    assert "<h4>The largest differences</h4>" in part and "Jul 2036" in part
    assert part.split("</ul>")[0].count("<li>") == sections_compare.LARGEST
    visible = part.split("<details")[0]
    assert not re.search(r"\d{4}-\d\d-\d\d|all_in_margin|thesis_falsified|@ horizon", visible)
    assert "<summary>Events, by when parts of the trajectories first see them</summary>" in part
    assert re.search(r"<li>[^<]*: 5% by \w+ 20\d\d [^<]* in A, [^<]* in B[^<]*\(95% CI ", part)
    drawings = Reader(part).all("svg")
    assert len(drawings) == 5  # cents, shares and margins of the hops, the all-in margin, events
    assert all(len(drawing["aria-label"]) > 20 for drawing in drawings)
    assert len(Reader(part).all("table")) == len(blocks_of(pair)) == 5
    for row in blocks_of(pair)[0].rows:
        value, error = format_difference(row.difference.value, row.difference.standard_error)
        star = " *" if row.verdict.statistic == "median" else ""
        assert f"<td>{value}{star}</td><td>± {error}</td>" in part
    used = set(re.findall(r"var\(--c([0-9a-f]{6})\)", part))
    assert used <= set(re.findall(r"--c([0-9a-f]{6}):", page))
    identifiers = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_runs_that_do_not_pair_or_cannot_be_compared_say_why(tmp_path):
    run(load_scenario(MARKUP), output=tmp_path / "other", trajectories=256, seed=7, keep="outcomes")
    folders = [small_run("base", "outcomes", 4096), tmp_path / "other", small_run("base", "summary", 1024)]
    comparisons, reasons = compare_runs(folders)
    assert len(comparisons) == len(reasons) == 1
    page = build_report([open_view(each) for each in folders], comparisons=comparisons, not_compared=reasons)
    part = page[page.index('<section id="compare"') : page.index('<section id="dollar"')]
    (pair,) = comparisons[0].pairs
    assert pair.relation == "independent" and pair.reasons
    assert f"Not paired (4,096 and 256 trajectories): {text('; '.join(pair.reasons))}" in part
    assert "Not compared: " in part and "--keep summary" in part
    assert "<script" not in part and "<img" not in part
    assert Reader(page).open == []


def test_a_folder_named_like_a_shipped_scenario_is_read_and_not_simulated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, trajectories in (("base", 4096), ("price_war", 2048)):
        (tmp_path / name).symlink_to(small_run(name, "outcomes", trajectories))
    (comparison,), _ = compare_runs([Path("base"), Path("price_war")])
    assert all(side.is_run for side in comparison.sides)


@pytest.mark.parametrize("keep", ["summary", "paths"])
def test_a_run_of_any_kind_makes_a_whole_page(keep):
    page = build_report([small_view("base", keep, 1024)])
    assert Reader(page).open == []
    says = "needs a run with --keep outcomes" in page
    assert says == (keep == "summary")


def test_a_run_without_fans_events_or_positions_says_what_it_lacks():
    page = build_report([small_view(BARE)])
    assert "Not in this run: the run kept no quantiles of dollar_profit" in page
    assert "has no positions" in page


def test_the_headline_is_made_of_the_numbers_of_the_run():
    view = small_view("base", "outcomes", 4096)
    statements = headline(view)
    kept = view.trajectories.at_year("dollar_profit", -1)
    names = [hop.title for hop in view.spec.hops]
    first = np.bincount(kept.argmax(axis=0), minlength=len(names)) / kept.shape[1]
    leader = int(first.argmax())
    assert f"{names[leader]} in {100 * first[leader]:.0f}% of trajectories" in statements[0].text
    margins = view.trajectories.at_year("all_in_margin", 5)
    assert f"{100 * (margins > 0).mean():.0f}% of trajectories in July 2031" in statements[1].text
    for statement in statements:
        for figure in statement.figures:
            assert np.isfinite(figure.estimate.value) and figure.n == 4096


def test_sources_older_than_a_year_are_flagged():
    from datetime import date

    start = date(2026, 7, 1)
    old = ["2025-06-30", "2025-05", "2024", "2024-02-29"]
    fresh = ["2025-07-01", "2025-07", "2025", "2026-05-01", "", "undated", "2025-13-99"]
    assert [is_stale(day, start) for day in old] == [True] * 4
    assert [is_stale(day, start) for day in fresh] == [False] * 7


def test_assumptions_tell_density_source_and_grade():
    view = small_view(MARKUP)
    rows = {row.name: row for row in assumptions(view.spec)}
    assert set(rows) == set(view.spec.drawn)
    survey = rows["compute_cost.capital_cost"]
    assert (survey.grade, survey.published, survey.is_stale) == ("C", "2024-02", True)
    assert rows["open_source.gap"].is_assumption
    draws = view.trajectories.whole("parameters")
    for draw, name in zip(draws, view.spec.drawn, strict=True):
        low, median, high = rows[name].quantiles
        spread = high - low
        assert np.quantile(draw, 0.5) == pytest.approx(median, abs=0.06 * spread), name
        assert np.quantile(draw, 0.05) == pytest.approx(low, abs=0.08 * spread), name
        assert rows[name].density.max() == pytest.approx(1.0)


def test_the_file_is_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "report.html"
    size = write_report([small_run(BARE)], target)
    assert target.stat().st_size == size
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(UsageError, match="no such folder"):
        write_report([small_run(BARE), tmp_path / "nowhere"], tmp_path / "other.html")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="not a run folder"):
        write_report([tmp_path / "empty"], tmp_path / "other.html")
    assert not (tmp_path / "other.html").exists()
    with pytest.raises(UsageError, match="no run"):
        build_report([])


def test_the_same_run_gives_the_same_bytes():
    assert build_report([small_view(BARE)]) == build_report([small_view(BARE)])


def test_text_is_escaped_and_control_characters_are_left_out():
    assert text("a<b>&\"'\x1b[31m\u202e") == "a&lt;b&gt;&amp;&quot;&#x27;[31m"
    assert element("p", "<i>", Html("<b>x</b>"), title='"', hidden=True, class_=None) == (
        '<p title="&quot;" hidden>&lt;i&gt;<b>x</b></p>'
    )


@pytest.mark.parametrize(
    ("estimate", "shown"),
    [
        (Estimate(0.12345, 0.00011), "12.3% ± 0.02"),
        (Estimate(-0.0001, 0.2), "0% ± 20"),
        (Estimate(1.0, 0.0), "100.0% ± 0"),
        (Estimate(float("nan"), float("nan"), "not estimable: too few"), "not estimable: too few"),
    ],
)
def test_errors_are_rounded_up(estimate, shown):
    assert estimate_text(estimate, "%", 100.0) == shown


def test_the_command_writes_one_file(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from sandwich_sim.cli.main import cli

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["report", str(small_run(BARE)), "--json"])
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert document["file"] == "report.html"
    assert document["bytes"] == Path("report.html").stat().st_size
    quiet = CliRunner().invoke(cli, ["report", str(small_run(BARE)), "--force", "--quiet"])
    assert (quiet.exit_code, quiet.output) == (0, "")
    again = CliRunner().invoke(cli, ["report", str(small_run(BARE))])
    assert again.exit_code == 2 and "--force" in again.stderr
    assert CliRunner().invoke(cli, ["report", str(small_run(BARE)), "--force"]).exit_code == 0
    assert CliRunner().invoke(cli, ["report", "nowhere", "-o", "x.html"]).exit_code == 2
    assert CliRunner().invoke(cli, ["report", str(small_run(BARE)), "-o", "no/x.html"]).exit_code == 2
    assert CliRunner().invoke(cli, ["report", *["x"] * 13, "-o", "x.html"]).exit_code == 2
