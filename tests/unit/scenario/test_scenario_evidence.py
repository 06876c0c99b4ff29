"""Evidence files: read as meant, and every problem told at once with its place."""

from datetime import date
from pathlib import Path

import pytest

from sandwich_sim.errors import ScenarioError
from sandwich_sim.scenario.evidence import parse_quarter
from sandwich_sim.scenario.evidence_file import read_evidence
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.outcome_names import frame_of

EXAMPLE = Path(__file__).parents[3] / "scenarios" / "evidence" / "example.toml"
GOOD = """title = "Seen"
[[observation]]
series = "margin"
hop = "lab"
quarter = "2026Q4"
value = -0.3
error = 0.1
"""


@pytest.fixture
def read(tmp_path):
    frames = [frame_of(load_scenario(name)) for name in ("base", "umbrella_holds")]

    def write_and_read(text):
        path = tmp_path / "seen.toml"
        path.write_text(text, encoding="utf-8")
        return read_evidence(path, frames)

    return write_and_read


def problems(read, text):
    with pytest.raises(ScenarioError) as caught:
        read(text)
    assert caught.value.exit_code == 2
    return [str(problem).rpartition("seen.toml:")[2] for problem in caught.value.problems]


def test_the_example_is_read(read):
    found = read(EXAMPLE.read_text(encoding="utf-8"))
    names = [item.name for item in found.observations]
    assert names == [
        "all_in_margin @ 2026Q4",
        "margin.chips @ 2026Q4",
        "capex @ 2026-07-01/2027-01-01",
        "gap @ 2027-01-01",
    ]
    chips = found.observations[1]
    assert chips.error_below == pytest.approx(0.04 / 1.6449, rel=1e-4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026Q3", (date(2026, 7, 1), date(2026, 10, 1))),
        ("2026-Q4", (date(2026, 10, 1), date(2027, 1, 1))),
        ("2027q1", (date(2027, 1, 1), date(2027, 4, 1))),
        ("2026Q5", None),
        ("26Q1", None),
    ],
)
def test_quarters(text, expected):
    assert parse_quarter(text) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('series = "margin"', 'series = "margn"', '3:1: observation[0].series: there is no series "margn"'),
        (
            'hop = "lab"',
            'hop = "labs"',
            '4:1: observation[0].hop: there is no hop "labs". Did you mean "lab"?',
        ),
        ('hop = "lab"', "", "2:3: observation[0].hop: is missing. Add hop"),
        ('quarter = "2026Q4"', "", "2:3: observation[0]: lacks its date. Add date"),
        ('quarter = "2026Q4"', 'quarter = "2026 4"', '5:1: observation[0].quarter: is "2026 4". Write it as'),
        (
            'quarter = "2026Q4"',
            "year = 2026",
            "5:1: observation[0].year: 2026-01-01 to 2027-01-01 is not within",
        ),
        (
            'quarter = "2026Q4"',
            "date = 2036-08-01",
            "5:1: observation[0].date: 2036-08-01 is not within the run",
        ),
        ('quarter = "2026Q4"', "from = 2027-01-01", "2:3: observation[0].to: is missing. Add to"),
        (
            'quarter = "2026Q4"',
            "from = 2027-01-01\nto = 2026-12-01",
            "6:1: observation[0].to: 2026-12-01 is not after from",
        ),
        (
            'quarter = "2026Q4"',
            'quarter = "2026Q4"\nyear = 2027',
            "2:3: observation[0]: has quarter and year.",
        ),
        (
            'quarter = "2026Q4"',
            'date = 2027-01-01\nmeasure = "ratio"',
            "6:1: observation[0].measure: ratio compares two dates",
        ),
        (
            "value = -0.3",
            "value = -30",
            "6:1: observation[0].value: is -30, but margin is a fraction. Write -0.3.",
        ),
        ("value = -0.3", "value = nan", "6:1: observation[0].value: is not finite"),
        ("value = -0.3", "", "2:3: observation[0].value: is missing"),
        ("error = 0.1", "error = 0", "7:1: observation[0].error: is 0: nothing is seen without error"),
        ("error = 0.1", "error = -1", "7:1: observation[0].error: is -1. Use"),
        ("error = 0.1", "eror = 0.1", '7:1: observation[0].eror: unknown key. Did you mean "error"?'),
        ("error = 0.1", "low = -0.5", "2:3: observation[0].high: is missing"),
        ("error = 0.1", "low = -0.2\nhigh = 0", "6:1: observation[0].value: is -0.3, not between low"),
        (
            "error = 0.1",
            'error = 0.1\nscale = "log"',
            "6:1: observation[0].value: is -0.3: what is not above 0",
        ),
        (
            "error = 0.1",
            'error = 0.1\nscale = "cubic"',
            '8:1: observation[0].scale: is "cubic". Use "linear" or',
        ),
        ("[[observation]]", "[[observatoin]]", "2:3: observatoin: unknown key. Did you mean"),
    ],
)
def test_each_problem_is_told_with_its_place(read, old, new, expected):
    found = problems(read, GOOD.replace(old, new))
    assert any(text.startswith(expected) for text in found), found


def test_all_problems_are_told_at_once(read):
    text = GOOD.replace("value = -0.3", 'value = "x"').replace("error = 0.1", "error = -1")
    text += '[[observation]]\nseries = "gap"\nhop = "lab"\ndate = 2020-01-01\nvalue = 3\nerror = 1\n'
    found = problems(read, text)
    assert [item.split(":")[0] for item in found] == ["6", "7", "9", "11"], found


def test_what_is_no_toml_and_no_file_is_told(read, tmp_path):
    assert problems(read, "title = ")[0].startswith("1:")
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_evidence(tmp_path / "none.toml", [])


def test_an_empty_list_of_observations_is_an_update_that_changes_nothing(read):
    assert read("observation = []\n").observations == ()


def test_repeated_observations_are_named(read):
    assert read(GOOD + GOOD.partition("\n")[2]).repeated == ("margin.lab @ 2026Q4",)


def test_the_example_in_the_documentation_is_read(read):
    page = (EXAMPLE.parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
    block = page.split("```toml\n")[1].split("```")[0]
    assert [item.name for item in read(block).observations] == [
        "all_in_margin @ 2026Q4",
        "revenue.lab @ 2026-07-01/2027-01-01",
    ]
