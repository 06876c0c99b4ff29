"""Colors are fixed, told apart by everyone, and figures need no global state."""

import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from sandwich_sim.plots.style import (
    DARK,
    LIGHT,
    font_size,
    hop_colors,
    ink,
    is_narrow,
    line_colors,
    mark,
    new_figure,
    save_figure,
    text_color,
)

DEFAULT_HOPS = ("app", "lab", "cloud", "chips", "datacenter", "foundry", "memory", "power")
THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)

# Linear RGB as seen without one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1).
SIGHT = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear_rgb(color: str) -> np.ndarray:
    value = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2."""
    low, high = sorted(float(linear_rgb(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


@THEMES
@pytest.mark.parametrize("sight", SIGHT)
def test_hops_are_told_apart_by_every_kind_of_sight(theme, sight):
    colors = np.array([linear_rgb(color) for color in hop_colors(DEFAULT_HOPS, theme).values()])
    seen = np.cbrt(np.clip(colors @ SIGHT[sight].T, 0, 1) @ TO_CONES.T) @ TO_OKLAB.T
    distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1) + 9 * np.eye(len(seen))
    assert distance.min() > 0.075


@THEMES
def test_every_color_stands_out_from_its_ground(theme):
    some_hops = (*DEFAULT_HOPS, *(f"hop_{i}" for i in range(8)))
    assert min(contrast(color, theme.background) for color in hop_colors(some_hops, theme).values()) >= 2.6
    default = hop_colors(DEFAULT_HOPS, theme).values()
    assert min(contrast(color, theme.background) for color in default) >= 2.9
    assert contrast(theme.text, theme.background) > 12
    assert contrast(theme.muted, theme.background) > 4.5


@THEMES
def test_text_in_the_color_of_data_has_the_contrast_that_wcag_asks_of_text(theme):
    hops = hop_colors((*DEFAULT_HOPS, *(f"hop_{i}" for i in range(8))), theme).values()
    for color in (*hops, mark(theme), *(ink(theme, level) for level in range(4))):
        assert contrast(text_color(color, theme), theme.background) >= 4.5, color


@THEMES
def test_lines_that_are_no_hops_have_the_contrast_that_wcag_asks_of_graphics(theme):
    for color in (mark(theme), *(ink(theme, level) for level in range(3)), *line_colors(5, theme)):
        assert contrast(color, theme.background) >= 3.0, color


def test_a_default_hop_keeps_its_color_in_any_chain():
    assert hop_colors(["lab"]) == {"lab": hop_colors(DEFAULT_HOPS)["lab"]}
    assert hop_colors(["grid", "lab"])["lab"] == hop_colors(["lab"])["lab"]


def test_unknown_hops_get_colors_of_their_own_from_their_names():
    first = hop_colors(["grid", "cooling", "optics", "packaging", "broker", "edge_site"])
    again = hop_colors(["edge_site", "broker", "packaging", "optics", "cooling", "grid"])
    assert first == again
    assert len(set(first.values())) == 6


def test_more_unknown_hops_than_colors_still_get_one_each():
    assert len(hop_colors([f"hop_{i}" for i in range(30)])) == 30


def test_pyplot_is_never_loaded():
    figure, axes = new_figure("slide")
    assert isinstance(figure, Figure)
    assert not is_narrow(axes)
    assert "matplotlib.pyplot" not in sys.modules


def test_a_phone_figure_is_360_pixels_wide_and_its_text_at_least_11_pixels_tall():
    figure, axes = new_figure("phone")
    assert is_narrow(axes)
    assert figure.get_figwidth() * figure.dpi == 360
    assert font_size(axes) * figure.dpi / 72 > 11


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_the_same_figure_gives_the_same_bytes(tmp_path, ending):
    for name in ("one", "two"):
        figure, axes = new_figure("phone", DARK)
        axes.plot([0, 1], [0, 1])
        save_figure(figure, tmp_path / f"{name}{ending}")
    assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()
