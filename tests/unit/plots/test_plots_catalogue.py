"""Every figure of the catalogue draws on every size and ground, for short chains and long ones."""

from itertools import pairwise

import pytest

from sandwich_sim.cli.plot import KINDS as NAMES
from sandwich_sim.errors import UsageError
from sandwich_sim.plots.catalogue import KINDS, MOST_ON_A_SLIDE, Wish, draw
from sandwich_sim.plots.style import DARK, LIGHT
from small_runs import FOURTEEN_HOPS, MARKUP, small_view


def base():
    return small_view("base", "outcomes", 4096)


def long():
    return small_view(FOURTEEN_HOPS)


def drawn_texts(figure):
    figure.canvas.draw()
    texts = [*figure.texts, *(text for axes in figure.axes for text in (*axes.texts, axes.title))]
    ticks = []
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [text for text in (*texts, *ticks) if text.get_visible() and text.get_text().strip()]


def wish_for(kind, view, **choices):
    if kind == "assumptions":
        choices.setdefault("hop", "chips")
    return Wish(view, **choices)


LOOKS = [(kind, *look) for kind in KINDS for look in ((base, LIGHT, "phone"), (long, DARK, "slide"))]
LOOKS += [(kind, base, DARK, "page") for kind in ("flow", "dollar", "maps", "cents", "events", "positions")]


@pytest.mark.parametrize(
    ("kind", "view", "theme", "size"), LOOKS, ids=[f"{kind}-{size}" for kind, _, _, size in LOOKS]
)
def test_all_text_lies_within_the_figure_and_no_two_overlap(kind, view, theme, size):
    figure, words = draw(kind, wish_for(kind, view(), theme=theme, size=size))
    boxes = [(text.get_text(), text.get_window_extent()) for text in drawn_texts(figure)]
    width, height = figure.bbox.x1, figure.bbox.y1
    for text, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1, text
    for i, (text, box) in enumerate(boxes):
        for other, next_box in boxes[i + 1 :]:
            shared = (
                min(box.x1, next_box.x1) - max(box.x0, next_box.x0),
                min(box.y1, next_box.y1) - max(box.y0, next_box.y0),
            )
            assert min(shared) < 2.5, (text, other, shared)
    assert len(words) > 40 and words.endswith(".")


@pytest.mark.parametrize("view", [base, long], ids=["8 hops", "14 hops"])
@pytest.mark.parametrize("kind", ["margin", "profit", "cents", "ruler"])
def test_on_a_slide_the_panels_of_hops_are_no_flat_strips(kind, view):
    figure, _ = draw(kind, Wish(view()))
    assert len(figure.axes) == view().dataset.sizes["hop"]
    for axes in figure.axes:
        width, height = axes.get_position().size * figure.get_size_inches()
        assert height > 1.2 and 0.4 < width / height < 2.5


@pytest.mark.parametrize("kind", ["flow", "maps", "margin", "events", "assumptions"])
def test_texts_of_a_scenario_are_shown_as_they_are(kind):
    """A dollar sign or a backslash must not start mathematics, nor a long title leave the figure."""
    figure, _ = draw(kind, wish_for(kind, small_view(MARKUP), size="page"))
    shown = " ".join(text.get_text() for text in drawn_texts(figure))
    if kind in ("flow", "maps", "margin"):
        assert "<b onmouseover" in shown
    if kind == "margin":
        assert "$\\frac$" in shown


@pytest.mark.parametrize("kind", ["margin", "ruler", "assumptions"])
def test_one_hop_alone_can_be_drawn(kind):
    figure, words = draw(kind, Wish(base(), hop="memory"))
    assert len(figure.axes) == (5 if kind == "assumptions" else 1)
    assert "AI chips" not in words


@pytest.mark.parametrize(("at", "month"), [("2031", "2031"), ("2031-07", "Jul 2031"), ("start", "Jul 2026")])
def test_a_moment_can_be_chosen(at, month):
    _, words = draw("flow", Wish(base(), at=at))
    assert month in words


@pytest.mark.parametrize(
    ("kind", "choices", "message"),
    [
        ("pie", {}, "no figure 'pie'. There are flow, dollar"),
        ("margin", {"at": "2031"}, "takes no --at. These do: flow, dollar"),
        ("gap", {"hop": "lab"}, "takes no --hop. These do: margin"),
        ("margin", {"hop": "grid"}, "no hop grid. It has app"),
        ("flow", {"at": "soon"}, "soon: no date"),
        ("flow", {"at": "2099"}, "the run spans 2026-07-01 to 2036-07-01"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_advice(kind, choices, message):
    with pytest.raises(UsageError, match=message):
        draw(kind, Wish(base(), **choices))


def test_more_densities_than_a_slide_holds_make_a_page_of_cells_that_do_not_touch():
    figure, words = draw("assumptions", Wish(base()))
    boxes = [axes.get_position() for axes in figure.axes]
    assert len(boxes) > MOST_ON_A_SLIDE and "token_price.deflation" in words
    assert figure.get_figheight() > 2 * figure.get_figwidth()
    columns: dict[float, list[tuple[float, float]]] = {}
    for box in boxes:
        columns.setdefault(round(box.x0, 6), []).append((box.y0, box.y1))
    for column in columns.values():
        for (_, top), (bottom, _) in pairwise(sorted(column)):
            assert top < bottom


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "assumptions"])
def test_a_run_that_kept_only_its_summary_draws_all_but_the_book(kind):
    wish = Wish(small_view("base", "summary", 1024), size="phone")
    if kind in ("positions", "book", "drivers"):
        with pytest.raises(UsageError, match="--keep outcomes"):
            draw(kind, wish)
    else:
        draw(kind, wish)


def test_the_command_knows_every_figure():
    assert list(KINDS) == NAMES
