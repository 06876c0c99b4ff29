"""Grids of a sweep, as people write them."""

import pytest

from sandwich_sim.errors import ScenarioError, UsageError
from sandwich_sim.studies.sweep_grid import dimension_names, grid_points, load_points, parse_grid


def values(text: str):
    (axis,) = parse_grid([text])
    return axis.values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("open_source.gap=1:4:4", (1.0, 2.0, 3.0, 4.0)),
        ("open_source.gap = 0.1 : 0.3 : 3", (0.1, 0.2, 0.3)),
        ("open_source.gap=1:100:3:log", (1.0, 10.0, 100.0)),
        ("open_source.gap=4:1:2", (4.0, 1.0)),
        ("open_source.gap=-0.5:0.5:3", (-0.5, 0.0, 0.5)),
        ("open_source.gap=2,0.5,1e1", (2.0, 0.5, 10.0)),
        ("open_source.gap=3", (3.0,)),
    ],
)
def test_ranges_and_lists_become_numbers(text, expected):
    assert values(text) == pytest.approx(expected)


def test_rounding_leaves_no_trace_in_the_values():
    (axis,) = parse_grid(["a.b=0:1:11"])
    assert axis.texts[3] == "0.3"
    assert axis.changes[3] == "a.b=0.3"


def test_a_list_may_hold_tables_and_words():
    (axis,) = parse_grid(['open_source.gap=2,{dist="uniform", low=1, high=3},{same_as="lab.shelf_life"}'])
    assert axis.texts == ("2", '{dist="uniform", low=1, high=3}', '{same_as="lab.shelf_life"}')
    assert axis.values is None


def test_a_table_with_colons_is_no_range():
    (axis,) = parse_grid(['a.b={note="1:2:3", value=2}'])
    assert axis.texts == ('{note="1:2:3", value=2}',)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["gap"], "is no axis"),
        (["=1,2"], "is no axis"),
        (["gap="], "is no axis"),
        (["gap=1,,2"], "has an empty value"),
        (["gap=1,2,1"], "has a value twice"),
        (["gap=1:x:3"], "cannot be read"),
        (["gap=1:2:3.5"], "cannot be read"),
        (["gap=1:2:3:exp"], "cannot be read"),
        (["gap=1:2:1"], "use 2 to 1000 values"),
        (["gap=2:2:4"], "between two different ends"),
        (["gap=0:2:4:log"], "needs ends above 0"),
        (["gap=1:2:3", "gap=4:5:6"], "is given twice"),
        (["a=1:2:500", "b=1:2:500"], "250,000 points"),
    ],
)
def test_what_cannot_be_read_is_told(texts, message):
    with pytest.raises(UsageError, match=message):
        parse_grid(texts)


def test_points_run_through_the_last_axis_fastest():
    axes = parse_grid(["a.x=1,2", "b.y=3,4"])
    assert list(grid_points(axes)) == [
        ("a.x=1", "b.y=3"), ("a.x=1", "b.y=4"), ("a.x=2", "b.y=3"), ("a.x=2", "b.y=4"),
    ]  # fmt: skip


def test_dimensions_have_short_names_where_these_are_clear():
    names = dimension_names(
        parse_grid(["hop.lab.monopoly=0:1:2", "hop.app.monopoly=0:1:2", "lab.training=1,2"])
    )
    assert names == ("hop_lab_monopoly", "hop_app_monopoly", "training")
    assert dimension_names(parse_grid(["edge.app-lab.share=0:1:2"])) == ("share",)
    assert dimension_names(parse_grid(["a.statistic=0:1:2"])) == ("a_statistic",)


def test_a_wrong_value_is_refused_with_the_words_of_the_loader():
    with pytest.raises(ScenarioError, match=r"--set hop.lab.monopoly=3.*from 0 to 1"):
        load_points("base", [], parse_grid(["hop.lab.monopoly=0.5,3"]))


@pytest.mark.parametrize("key", ["run.seed", "run.trajectories", "name", "remove"])
def test_options_of_the_run_cannot_be_swept(key):
    with pytest.raises(UsageError, match="is no number of the model"):
        load_points("base", [], parse_grid([f"{key}=1,2"]))
