"""Lines and heat maps of sweeps show the numbers of the dataset."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from sandwich_sim.analysis.attribution import Described
from sandwich_sim.analysis.sweep import Dimension, add_frontier, sweep_dataset
from sandwich_sim.errors import UsageError
from sandwich_sim.plots.style import DARK, LIGHT, new_figure, save_figure
from sandwich_sim.plots.sweep_map import describe_sweep, plot_sweep

GAP = Dimension("gap", "open_source.gap", (1.0, 2.0, 3.0, 4.0), "months", "Gap")
PART = Dimension("reinvestment", "lab.reinvestment", (0.3, 0.6, 0.9), "1", "Part")
WORDS = Dimension("mode", "x.mode", ("low", "high"), "1", "Mode")
EVENT = Described("P(event)", "Probability of: the event", "1", 100.0, "%")


def sweep(*dimensions):
    """A probability that rises along every dimension."""
    shape = tuple(len(dimension.values) for dimension in dimensions)
    whole = sum(np.indices(shape)) / max(sum(shape) - len(shape), 1)
    groups = np.linspace(-0.02, 0.02, 16)
    columns = np.concatenate([whole[..., None], whole[..., None] + groups], axis=-1)[None]
    return sweep_dataset(dimensions, [EVENT], columns, np.full((1, 17), 0.4), {})


def draw(dataset, size="page", theme=LIGHT):
    figure, axes = new_figure(size, theme)
    assert plot_sweep(dataset, "P(event)", axes, theme=theme) is axes
    return figure, axes


def test_a_line_passes_through_the_values_in_percent():
    _, axes = draw(sweep(GAP))
    line = axes.get_lines()[0]
    np.testing.assert_allclose(line.get_xdata(), GAP.values)
    np.testing.assert_allclose(line.get_ydata(), [0.0, 100 / 3, 200 / 3, 100.0])
    assert axes.get_lines()[1].get_ydata()[0] == pytest.approx(40.0)  # the scenario as it is


def test_words_stand_side_by_side_on_the_axis():
    _, axes = draw(sweep(WORDS))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["low", "high"]


def test_every_cell_of_a_map_shows_its_number():
    dataset = sweep(GAP, PART)
    _, axes = draw(dataset)
    cells = {(text.get_position()): text.get_text() for text in axes.texts}
    assert cells[(0.5, 0.5)] == "0"
    assert cells[(2.5, 3.5)] == "100"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "2", "3", "4"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.3", "0.6", "0.9"]


def test_a_large_map_has_a_scale_instead():
    wide = Dimension("gap", "open_source.gap", tuple(np.linspace(1.0, 4.0, 20)), "months", "Gap")
    figure, axes = draw(sweep(wide, PART))
    assert len(figure.axes) == 2
    assert not [text for text in axes.texts if text.get_position() == (0.5, 0.5)]


def test_a_frontier_is_drawn_where_it_was_found():
    dataset = add_frontier(sweep(GAP, PART), (GAP, PART), "P(event)", 0.5)
    _, axes = draw(dataset)
    dots = [item.get_offsets() for item in axes.collections if isinstance(item, PathCollection)]
    found = np.concatenate(dots)
    place = float(dataset["frontier_1_along_gap"].sel(reinvestment=0.3))
    expected = np.interp(place, GAP.values, np.arange(4) + 0.5)
    assert np.abs(found - [0.5, expected]).sum(axis=1).min() < 1e-9
    assert any("crosses 50%" in text.get_text() for text in axes.texts)


def test_the_sentence_names_the_ends():
    assert describe_sweep(sweep(GAP, PART), "P(event)") == (
        "Probability of: the event: lowest 0% at gap 1, reinvestment 0.3; "
        "highest 100% at gap 4, reinvestment 0.9."
    )


def test_an_unknown_statistic_is_told_the_known_ones():
    with pytest.raises(UsageError, match=r"It has: P\(event\)"):
        plot_sweep(sweep(GAP), "mean(x)", new_figure()[1])


def test_three_dimensions_are_no_picture():
    with pytest.raises(UsageError, match="one or two swept numbers, not 3"):
        plot_sweep(sweep(GAP, PART, WORDS), "P(event)", new_figure()[1])


@pytest.mark.parametrize("size", ["slide", "page", "phone"])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("dimensions", [(GAP,), (GAP, PART)])
def test_nothing_leaves_the_figure(tmp_path, size, theme, dimensions):
    figure, axes = draw(sweep(*dimensions), size, theme)
    save_figure(figure, tmp_path / "a.png", scale=1.0)
    width, height = figure.get_size_inches() * figure.dpi
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    ticks = [label for label in axes.get_xticklabels() if left <= label.get_position()[0] <= right]
    ticks += [label for label in axes.get_yticklabels() if low <= label.get_position()[1] <= high]
    for text in [axes.title, axes.xaxis.label, axes.yaxis.label, *ticks]:
        box = text.get_window_extent()
        assert box.x0 >= -1 and box.x1 <= width + 1, text.get_text()
        assert box.y0 >= -1 and box.y1 <= height + 1, text.get_text()
