"""The dollar figure shows what the dataset holds, at any size, for any chain."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from sandwich_sim.errors import UsageError
from sandwich_sim.plots.dollar import describe_dollar, plot_dollar
from sandwich_sim.plots.style import DARK, LIGHT, hop_colors, new_figure, save_figure

HOPS = ("app", "lab", "cloud", "chips", "datacenter", "foundry", "memory", "power")
START = (0.1, -9.0, 19.0, 13.0, 3.0, 3.0, 7.7, 1.1)
HORIZON = (0.5, -6.0, 14.0, 17.0, 4.0, 3.2, 6.0, 1.2)


def dollar_dataset(hops=HOPS, start=START, horizon=HORIZON):
    """A run's summary with straight medians, in the shape that `results.dataset` gives."""
    median = np.linspace(start, horizon, 41).T / 100
    spread = 0.5 * np.abs(median) + 0.015
    time = np.datetime64("2026-07", "M") + 3 * np.arange(41)
    return xr.Dataset(
        {
            "dollar_profit_mean": (("hop", "time"), median),
            "dollar_profit_quantile": (
                ("quantile", "hop", "time"),
                np.stack([median - spread, median, median + spread]),
            ),
        },
        coords={
            "hop": list(hops),
            "time": time.astype("datetime64[ns]"),
            "quantile": [0.05, 0.50, 0.95],
        },
    )


def texts(axes):
    return [text.get_text() for text in axes.texts] + [label.get_text() for label in axes.get_yticklabels()]


def test_bars_reach_to_the_medians_in_the_colors_of_their_hops():
    _, axes = new_figure()
    assert plot_dollar(dollar_dataset(), axes) is axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx(HORIZON)
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == list(hop_colors(HOPS).values())


def test_hops_run_downstream_to_upstream_from_top_to_bottom():
    _, axes = new_figure()
    plot_dollar(dollar_dataset(), axes)
    bottom, top = axes.get_ylim()
    assert bottom > top
    assert axes.get_yticklabels()[0].get_text() == "App"


def test_the_start_can_be_shown_instead_and_then_has_no_diamonds():
    _, axes = new_figure()
    plot_dollar(dollar_dataset(), axes, at="start")
    assert [bar.get_width() for bar in axes.patches] == pytest.approx(START)
    assert "July 2026" in axes.get_title(loc="left")
    assert not any("2036" in text for text in texts(axes))


def test_everything_lies_within_the_axis_also_where_the_start_was_higher_than_any_horizon():
    _, axes = new_figure()
    plot_dollar(dollar_dataset(start=(0.1, -9.0, 60.0, *START[3:])), axes)
    diamonds = axes.collections[-1].get_offsets()
    low, high = axes.get_xlim()
    assert low < diamonds[:, 0].min() and diamonds[:, 0].max() < high


def test_numbers_stand_beside_the_bars_with_a_true_minus_sign():
    _, axes = new_figure()
    plot_dollar(dollar_dataset(), axes)
    assert {"−6.0¢", "14¢", "0.5¢", "3.2¢"} <= set(texts(axes))
    assert any("outside the chain: 60¢" in text for text in texts(axes))


def test_titles_of_hops_come_from_the_dataset_where_it_has_them():
    titled = dollar_dataset().assign_coords(hop_title=("hop", [f"Title {hop}" for hop in HOPS]))
    _, axes = new_figure()
    plot_dollar(titled, axes)
    assert "Title chips" in texts(axes)


@pytest.mark.parametrize("size", ["slide", "page", "phone"])
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("n_extra", [0, 6])
def test_no_text_leaves_the_figure_and_no_numbers_overlap(tmp_path, size, theme, n_extra):
    extra = np.linspace(-2, 30, n_extra)
    dataset = dollar_dataset(
        (*HOPS, *(f"another_hop_{i}" for i in range(n_extra))), (*START, *extra), (*HORIZON, *extra)
    )
    figure, axes = new_figure(size, theme, n_row=dataset.sizes["hop"])
    plot_dollar(dataset, axes, theme=theme)
    save_figure(figure, tmp_path / "dollar.png", scale=1.0)
    drawn = [text for text in (*axes.texts, axes.title, *axes.get_yticklabels()) if text.get_text()]
    boxes = [text.get_window_extent() for text in drawn]
    for text, box in zip(drawn, boxes, strict=True):
        assert box.x0 >= 0 and box.y0 >= 0, text.get_text()
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text.get_text()
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :]), drawn[i].get_text()


def test_the_description_says_what_the_picture_shows():
    words = describe_dollar(dollar_dataset())
    assert "July 2036" in words
    assert "Lab −6.0 (−10 to −1.5)" in words


def test_a_run_without_the_quantiles_is_refused_with_advice():
    _, axes = new_figure()
    with pytest.raises(UsageError, match="fans"):
        plot_dollar(dollar_dataset().drop_vars("dollar_profit_quantile"), axes)
