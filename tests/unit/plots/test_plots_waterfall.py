"""The waterfall leads from one scenario to the other, step by step, at any size."""

from dataclasses import replace

import pytest
from matplotlib.colors import to_hex

from sandwich_sim.analysis.attribution import Attribution, Part
from sandwich_sim.analysis.difference import Measured
from sandwich_sim.plots.style import DARK, LIGHT, ink, mark, new_figure, save_figure
from sandwich_sim.plots.waterfall import MOST_STEPS, describe_waterfall, plot_waterfall

STEPS = {"open_source": -2.5, "hop.lab": 1.0, "lab": -0.25, "demand": 0.0}


def attribution(steps=None, first=4.0, unit="cent", factor=1.0, error=0.1) -> Attribution:
    steps = STEPS if steps is None else steps
    gap = sum(steps.values())
    parts = tuple(Part(name, Measured(step, error, 15.0), step, step) for name, step in steps.items())
    return Attribution(
        "mean(x)", "Mean of cents kept, Model labs", unit, factor, "cents", first, first + gap,
        Measured(gap, error, 15.0), parts,
    )  # fmt: skip


def draw(item, size="page", theme=LIGHT):
    figure, axes = new_figure(size, theme)
    assert plot_waterfall(item, axes, first="base", second="war", theme=theme) is axes
    return figure, axes


def bars(axes):
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]


def test_each_step_begins_where_the_last_one_ended():
    _, axes = draw(attribution())
    assert bars(axes) == [
        pytest.approx(ends)
        for ends in [(0.0, 4.0), (4.0, 1.5), (1.5, 2.5), (2.5, 2.25), (2.25, 2.25), (0.0, 2.25)]
    ]


def test_the_largest_step_comes_first_and_the_scenarios_frame_the_steps():
    _, axes = draw(attribution())
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["base", "open_source", "hop.lab", "lab", "demand", "war"]
    bottom, top = axes.get_ylim()
    assert bottom > top


def test_up_and_down_have_colors_of_their_own():
    _, axes = draw(attribution())
    colors = [to_hex(bar.get_facecolor()) for bar in axes.patches]
    assert colors[1:4] == [mark(LIGHT), ink(LIGHT, 0), mark(LIGHT)]
    assert colors[0] == colors[-1] == ink(LIGHT, 2)


def test_numbers_stand_beside_the_bars_with_half_their_interval():
    _, axes = draw(attribution())
    texts = [text.get_text() for text in axes.texts]
    assert "4.00" in texts
    assert "−2.50 ±0.22" in texts  # 2.131 standard errors, rounded up
    assert "+1.00 ±0.22" in texts
    assert "0.00 ±0.22" in texts


def test_small_steps_beyond_the_most_share_a_row():
    many = {f"group{i}": 2.0**-i for i in range(12)}
    _, axes = draw(attribution(many))
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == MOST_STEPS + 2
    assert labels[-2] == f"{12 - MOST_STEPS + 1} others"
    assert bars(axes)[-2][1] == pytest.approx(4.0 + sum(many.values()))


def test_an_axis_far_from_zero_says_so():
    _, near = draw(attribution(first=2.0))
    assert near.get_xlim()[0] <= 0.0
    _, far = draw(attribution(first=400.0))
    assert far.get_xlim()[0] > 390.0
    assert any("does not begin at zero" in " ".join(text.get_text().split()) for text in far.texts)


def test_steps_without_an_error_are_drawn_without_a_line():
    figure, axes = draw(attribution(error=float("nan")))
    figure.canvas.draw()
    assert "−2.50" in [text.get_text() for text in axes.texts]


def test_fractions_are_shown_in_percent():
    item = attribution({"lab": 0.25}, first=0.5, unit="1", factor=100.0)
    assert bars(draw(item)[1])[0] == pytest.approx((0.0, 50.0))


def test_the_sentence_says_what_the_figure_shows():
    said = describe_waterfall(attribution(), first="base", second="war")
    assert said == (
        "Mean of cents kept, Model labs [cents]: base 4.00, war 2.25. Of the difference: "
        "open_source −2.50, hop.lab +1.00, lab −0.25, demand 0.00."
    )


LONG = {"hop.memory + hop.cooling + edge.chips-* + edge.datacenter-*": -2.5, "hop.lab": 1.0}
LONG_LABEL = "95% quantile of share of the chain's profit, Foundry and advanced packaging, 2036-07-01"


def test_shares_of_percentages_are_points():
    item = replace(attribution(unit="1", factor=100.0), shown_unit="%")
    assert any("its share of the gap [points]" in text.get_text() for text in draw(item)[1].texts)
    said = describe_waterfall(item, first="base", second="war")
    assert "[%]: base 400," in said and "Of the difference [points]: open_source −250," in said


def test_long_names_lose_their_middle():
    _, axes = draw(attribution(LONG))
    assert axes.get_yticklabels()[1].get_text() == "hop.memory + ho…e.datacenter-*"


@pytest.mark.parametrize("is_long", [False, True])
@pytest.mark.parametrize("size", ["slide", "page", "phone"])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_nothing_leaves_the_figure(tmp_path, size, theme, is_long):
    item = replace(attribution(LONG, first=400.0), label=LONG_LABEL) if is_long else attribution()
    figure, axes = draw(item, size, theme)
    save_figure(figure, tmp_path / "a.png", scale=1.0)
    width, height = figure.get_size_inches() * figure.dpi
    # The title at the left is not `axes.title`, which is the one in the middle.
    for text in [*axes.texts, axes._left_title, *axes.get_yticklabels()]:
        box = text.get_window_extent()
        assert box.x0 >= -1 and box.x1 <= width + 1, text.get_text()
        assert box.y0 >= -1 and box.y1 <= height + 1, text.get_text()
