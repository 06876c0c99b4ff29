"""The report in a real browser: no error, no request, controls by keyboard, 360 pixels, both themes."""

import pytest

from sandwich_sim.report.build import SECTIONS, write_report
from sandwich_sim.studies.compare_runs import compare_runs
from small_runs import BARE, FOURTEEN_HOPS, MARKUP, small_run

NAMES = [section.name for section in SECTIONS]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    made = {
        "base": [small_run("base", "outcomes", 4096)],
        "fourteen": [small_run(FOURTEEN_HOPS)],
        "markup": [small_run(MARKUP)],
        "several": [small_run("base", "outcomes", 4096), small_run("capex_bust"), small_run(BARE)],
    }
    for name, runs in made.items():
        write_report(runs, folder / f"{name}.html")
    two = made["several"][:2]
    comparisons, _ = compare_runs(two)
    write_report(two, folder / "two.html", comparisons=comparisons)
    return folder


class Visit:
    """A page opened with everything that it says and asks for written down."""

    def __init__(self, browser, path, *, width=1200, theme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, offline=True
        )
        self.page = context.new_page()
        self.said, self.requests, self.dialogs = [], [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.address = path.as_uri()
        self.page.goto(self.address)


@pytest.fixture
def visit(browser, pages):
    opened = []

    def open_page(name, **choices):
        opened.append(Visit(browser, pages / f"{name}.html", **choices))
        return opened[-1]

    yield open_page
    for each in opened:
        each.page.context.close()


@pytest.mark.parametrize("name", ["base", "fourteen", "markup", "several"])
@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1200, "light")])
def test_the_page_opens_without_error_request_or_sideways_scroll(visit, name, width, theme):
    seen = visit(name, width=width, theme=theme)
    assert seen.said == []
    assert seen.requests == [seen.address]
    assert seen.dialogs == []
    assert [each.get_attribute("id") for each in seen.page.query_selector_all("section")] == NAMES
    wide, visible = seen.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= visible == width


@pytest.mark.parametrize("name", ["base", "several"])
def test_every_section_shows_something_at_every_width(visit, name):
    for width in (360, 768, 1600):
        page = visit(name, width=width).page
        for section in NAMES:
            box = page.query_selector(f"#{section}").bounding_box()
            assert box["height"] > 60, (section, width)


@pytest.mark.parametrize("name", ["base", "two"])
def test_text_of_figures_is_tall_enough_on_a_phone(visit, name):
    page = visit(name, width=360).page
    heights = page.evaluate(
        """Array.from(document.querySelectorAll("svg.figure text"))
            .filter(text => text.getClientRects().length)
            .map(text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().d)"""
    )
    assert len(heights) > 200
    assert min(heights) >= 10.5


def test_figures_do_not_leave_the_screen_of_a_phone(visit):
    page = visit("fourteen", width=360).page
    outside = page.evaluate(
        """Array.from(document.querySelectorAll("svg.figure text"))
            .filter(text => text.getClientRects().length)
            .map(text => [text.textContent, text.getBoundingClientRect().right])
            .filter(pair => pair[1] > innerWidth + 1)"""
    )
    assert outside == []


def test_the_year_is_chosen_by_keyboard(visit):
    page = visit("base").page
    shown = (
        "Array.from(document.querySelectorAll('.flow-year')).filter(d => !d.hidden).map(d => d.dataset.year)"
    )
    assert page.evaluate(shown) == ["10"]
    page.focus("#year")
    page.keyboard.press("Home")
    assert page.evaluate(shown) == ["0"]
    assert page.inner_text("#year-shown") == "Jul 2026"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(shown) == ["1"]
    assert page.get_attribute("#year", "aria-valuetext") == "Jul 2027"


def test_bars_are_reached_by_tab_and_tell_their_numbers(visit):
    page = visit("base").page
    page.focus("#year")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    said = page.inner_text(".readout")
    assert said.startswith("Apps and agents, Jul 2036:") and "5 to 95%" in said
    page.hover(".flow-year:not([hidden]) .wide .bar[aria-label^='AI chips'] rect")
    assert page.inner_text(".readout").startswith("AI chips, Jul 2036:")


def test_the_series_of_the_fans_is_chosen_by_keyboard(visit):
    page = visit("base").page
    page.focus("input[name=fan]")
    page.keyboard.press("ArrowDown")
    shown = """Array.from(document.querySelectorAll("#fans .choice"))
        .filter(part => !part.hidden).map(part => part.dataset.choice)"""
    assert page.evaluate(shown) == ["profit"]
    assert page.is_visible("#fans [data-choice=profit] svg")
    assert not page.is_visible("#fans [data-choice=margin] svg")


def test_the_theme_follows_the_system_until_the_button_is_pressed(visit):
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(255, 255, 255)", "rgb(20, 23, 28)"
    page = visit("base", theme="dark").page
    assert page.evaluate(ground) == dark
    page.focus("#theme")
    page.keyboard.press("Enter")
    assert (page.evaluate(ground), page.inner_text("#theme")) == (light, "Dark")
    page.keyboard.press("Enter")
    assert (page.evaluate(ground), page.inner_text("#theme")) == (dark, "Light")


def test_figures_take_the_colors_of_the_theme(visit):
    color = "getComputedStyle(document.querySelector('#fans svg text')).fill"
    assert visit("base", theme="light").page.evaluate(color) != visit("base", theme="dark").page.evaluate(
        color
    )


def test_paper_is_white_and_shows_every_series_without_controls(visit):
    page = visit("base", theme="dark").page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for name in ("margin", "profit", "dollar_profit"):
        assert page.is_visible(f"#fans [data-choice={name}] svg")
    assert not page.is_visible("#theme") and not page.is_visible("nav")


def test_tables_open_by_keyboard(visit):
    page = visit("base").page
    page.focus("#maps summary")
    page.keyboard.press("Enter")
    assert page.is_visible("#maps table")


def test_markup_in_a_scenario_is_read_as_text(visit):
    seen = visit("markup")
    assert seen.page.inner_text("h1").startswith("<script>alert(1)</script>")
    assert seen.page.evaluate("document.querySelectorAll('img, iframe, b').length") == 0
    assert seen.dialogs == []


def test_without_scripts_the_page_still_shows_the_horizon(browser, pages):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((pages / "base.html").as_uri())
    assert page.is_visible(".flow-year[data-year='10'] svg.wide")
    assert not page.is_visible("#theme") and not page.is_visible("#year")
    context.close()
