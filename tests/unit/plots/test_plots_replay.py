"""Figures of a story and of a tail: legible on every size and ground, and drawn from what is told."""

import numpy as np
import pytest

from sandwich_sim.plots.replay import draw_replay, plot_path, plot_tail, told_hop
from sandwich_sim.plots.style import DARK, LIGHT, line_colors, mark, new_panels
from sandwich_sim.studies.replay import Replay
from sandwich_sim.studies.replay_tails import replay_tails
from small_runs import FOURTEEN_HOPS, small_run, small_view


@pytest.fixture(scope="module")
def base():
    """A story, a tail and the summary of a run of base."""
    folder = small_run()
    tail = replay_tails(folder, "profit.lab", top=7)
    return {"story": Replay(folder).story(5), "tail": tail}, small_view().dataset


@pytest.fixture(scope="module")
def long():
    """The same of a chain of fourteen hops, of which nothing is kept but the summary."""
    folder = small_run(FOURTEEN_HOPS, "summary")
    tail = replay_tails(folder, "revenue.cloud", end="highest", top=2)
    return {"story": Replay(folder).story(17), "tail": tail}, small_view(FOURTEEN_HOPS, "summary").dataset


def drawn_texts(figure):
    figure.canvas.draw()
    texts = [text for axes in figure.axes for text in (*axes.texts, axes.title)]
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize(
    ("run", "what", "size", "is_dark"),
    [
        ("base", "story", "phone", False),
        ("base", "tail", "slide", True),
        ("long", "story", "slide", True),
        *(
            pytest.param(*look, marks=pytest.mark.nightly)
            for look in (
                ("base", "story", "slide", True),
                ("base", "tail", "page", True),
                ("base", "tail", "phone", False),
                ("long", "story", "page", False),
                ("long", "tail", "slide", True),
            )
        ),
    ],
)
def test_all_text_lies_within_the_figure_and_no_two_overlap(request, run, what, size, is_dark):
    told, dataset = request.getfixturevalue(run)
    figure, words = draw_replay(told[what], dataset, size=size, is_dark=is_dark)
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


def test_the_path_of_a_trajectory_is_its_series_with_its_leaps(base):
    told, dataset = base
    story = told["story"]
    axes = plot_path(story, dataset, new_panels(1)[0], "gap")
    (line,) = [line for line in axes.lines if line.get_color() == mark(LIGHT)]
    np.testing.assert_allclose(line.get_ydata(), story.series["gap"].values)
    marks = [part for part in axes.collections if len(part.get_offsets()) and part.get_offsets().any()]
    heights = {round(float(y), 9) for part in marks for _, y in part.get_offsets()}
    told_at = [each.record for each in story.happenings if each.kind in ("leap", "release")]
    assert told_at
    assert {round(float(story.series["gap"].values[record]), 9) for record in told_at} <= heights


def test_the_lines_of_a_tail_are_its_trajectories(base):
    told, dataset = base
    tail = told["tail"]
    axes = plot_tail(tail, dataset, new_panels(1)[0], "profit.lab", is_first=True)
    drawn = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == len(tail.stories[0].dates)]
    for story in tail.stories:
        expected = story.series["profit.lab"].values
        assert any(np.array_equal(values, expected) for values in drawn)
    assert {f"{index:,}" for index in tail.trajectories[:5]} <= {text.get_text() for text in axes.texts}


def test_the_hop_that_is_drawn_lies_farthest_out(base):
    story = base[0]["story"]
    ranks = {
        each.name.partition(".")[2]: abs(each.rank - 0.5)
        for each in story.standings
        if each.name.startswith("cumulative_profit.")
    }
    assert ranks[told_hop(story)] == max(ranks[hop] for hop in story.hops)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_lines_of_a_tail_have_five_colors(theme):
    colors = line_colors(5, theme)
    assert len(set(colors)) == 5 and colors[0] == mark(theme)
