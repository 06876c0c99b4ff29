"""What the report says in tables and sentences: means beside means, titles, reasons."""

import re
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from sandwich_sim.analysis.article import compare_with_article
from sandwich_sim.cli.main import cli
from sandwich_sim.plots.article import comparison_words, is_range, theirs
from sandwich_sim.plots.quantities import interval, number
from sandwich_sim.report.build import build_report
from sandwich_sim.report.tables import level_rows
from sandwich_sim.scenario.input_titles import input_title
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies.compare_runs import compare_runs
from small_runs import BARE, FOURTEEN_HOPS, small_run, small_view


@pytest.fixture(scope="module")
def base():
    return build_report([small_view("base", "outcomes", 4096)])


def part_of(page, name):
    """Return the text of a section's tables and paragraphs, without its drawings."""
    part = page[page.index(f'<section id="{name}"') :]
    part = re.sub(r"<svg.*?</svg>", "", part[: part.index("</section>")], flags=re.DOTALL)
    return [unescape(words) for words in re.findall(r">([^<>]*)<", part) if words.strip()]


def test_the_table_of_prices_has_means_beside_means_and_names_its_bands(base):
    dataset = small_view("base", "outcomes", 4096).dataset
    words = part_of(base, "prices")
    for title, name in (("Closed price", "price"), ("Open price", "line"), ("Cost", "cost")):
        mean = number(float(dataset[f"{name}_mean"][-1]))
        place = words.index(f"{title}, mean")
        assert words[place + 11] == mean
    place = words.index("Closed price, 5 to 95%")
    low, high = (
        float(dataset["price_quantile"].isel(time=0).sel(quantile=level, method="nearest"))
        for level in (0.05, 0.95)
    )
    assert words[place + 1] == interval(low, high)
    assert "Open price, 5 to 95%" not in words  # the run kept no quantiles of it
    assert "The lead over open models, median (5 to 95%)" in words


def test_a_quantile_that_the_histogram_cannot_tell_from_others_is_no_number():
    view = small_view("base", "outcomes", 4096)
    coarse = view.dataset.copy()
    coarse["price_quantile_standard_error"] = coarse["price_quantile"] * 0.3
    *_, band = level_rows(coarse, {"price": "Closed price", "cost": "Cost"})
    assert band == ["Closed price, 5 to 95%", *["too coarse"] * 11]


def test_the_article_is_quoted_with_its_own_numbers_and_our_tolerance_is_called_ours(base):
    words = part_of(base, "article")
    view = small_view("base", "outcomes", 4096)
    rows = compare_with_article(view.dataset, view.spec, view.accumulators, view.trajectories.meta)
    for row in rows:
        place = words.index(row.title)
        assert words[place + 1] == theirs(row)
        standing = words[place + 4]
        if "the range of" in row.standing:
            assert ("our tolerance of" in standing) != is_range(row.fact)
    assert any(is_range(row.fact) for row in rows) and not all(is_range(row.fact) for row in rows)
    reasons = [words[words.index(row.title) + 3] for row in rows if row.spread is None]
    assert reasons == ["none: a ratio of means"] * 3 + ["none: a constant of the scenario"]
    assert "not kept" not in words
    bare = part_of(build_report([small_view(BARE)]), "article")
    assert "none: the run kept no quantiles" in bare


def test_a_drawn_monopoly_of_chips_has_a_spread_and_is_not_called_fixed():
    view = small_view("base", "outcomes", 4096)
    drawn = load_scenario(
        "base", ["hop.chips.monopoly={dist='uniform', low=0.6, high=0.8, source='assumption: a test'}"]
    )
    *_, row = compare_with_article(view.dataset, drawn, view.accumulators, view.trajectories.meta)
    assert row.spread == pytest.approx((61.0, 79.0))
    assert row.ours.value == pytest.approx(70.0)
    assert row.how.endswith(", median") and "fixed" not in comparison_words(row)


def test_the_book_is_told_in_words_before_the_term(base):
    (words,) = [each for each in part_of(base, "portfolio") if each.startswith("The book's discounted")]
    assert "mean profit in the worst 5% (expected shortfall): " in words and "in the worst 1%: " in words
    assert words.count("expected shortfall") == 1
    assert re.search(r"as concentrated as \d\.\d equal hops", words)


@pytest.mark.parametrize("name", ["taken.html", f"{'long' * 70}.html", "/proc/x.html"])
def test_a_file_that_cannot_be_written_is_said_in_words(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    if name.startswith("/proc") and not Path("/proc").is_dir():
        name = "taken.html"
    (tmp_path / "taken.html").mkdir()
    done = CliRunner().invoke(cli, ["report", str(small_run(BARE)), "-o", name, "--force"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{name}: cannot be written: " in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["taken.html"]


def test_inputs_have_titles_that_no_two_share_and_their_names_beside_them(base):
    view = small_view("base", "outcomes", 4096)
    hops = {hop.name: hop.title for hop in view.spec.hops}
    titles = [input_title(name, hops) for name in view.spec.drawn]
    assert len(set(titles)) == len(titles)
    assert "AI chips: premium if all three factors were one" in titles
    assert "Cloud → AI chips: life of the capital good" in titles
    words = part_of(base, "assumptions")
    for name, title in zip(view.spec.drawn, titles, strict=True):
        assert words[words.index(title) + 1] == name
    assert "demand.app.growth" not in re.findall(r"<th[^>]*>([^<]*)", base)


def test_sentences_about_a_comparison_name_hops_and_outcomes_by_titles():
    folders = [small_run("base", "outcomes", 4096), small_run(FOURTEEN_HOPS)]
    comparisons, _ = compare_runs(folders)
    views = [small_view("base", "outcomes", 4096), small_view(FOURTEEN_HOPS)]
    page = build_report(views, comparisons=comparisons)
    words = part_of(page, "compare")
    for each in words:
        assert not re.search(r" @ |\w_\w+\.|, \.\w", each), each
    (pair,) = comparisons[0].pairs
    titles = {hop.name: hop.title for hop in views[1].spec.hops}
    alone = ", ".join(titles[hop] for hop in pair.only_b)
    assert pair.only_b
    assert any(f"has {alone}: not compared." in each for each in words)
    assert any(each.startswith("Trajectories left out") and " in Jul 2036 (" in each for each in words)
