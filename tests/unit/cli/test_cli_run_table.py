"""The table at the end of a run."""

import re
from dataclasses import replace
from math import inf, nan

import click
import pytest

from fake_engine import HOPS, make_summary
from sandwich_sim.cli.run_table import format_estimate, format_summary
from sandwich_sim.results.summary import Estimate


def lines_of(summary, width=100):
    return [click.unstyle(line) for line in format_summary(summary, width)]


@pytest.mark.parametrize("width", [80, 88, 96, 100])
@pytest.mark.parametrize("error", [0.0002, 0.3])
def test_it_fits_the_width(width, error):
    lines = lines_of(make_summary(error=error), width)
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [80, 100])
def test_fourteen_hops_with_long_titles_fit_too(width):
    hops = {f"hop{i}": f"A hop with a rather long title, number {i}" for i in range(14)}
    lines = lines_of(make_summary(hops), width)
    assert max(map(len, lines)) <= width
    assert sum("A hop with" in line for line in lines) == 14 * 4


def test_each_hop_has_every_quantile_now_and_at_the_horizon_with_its_error():
    lines = lines_of(make_summary())
    for title in HOPS.values():
        rows = [line for line in lines if line.startswith(title)]
        assert len(rows) == 4
        for row in rows:
            assert len(re.findall(r"-?\d+\.\d ±\d+\.\d+", row)) == 6


def test_the_four_questions_and_both_dates_are_headings():
    lines = lines_of(make_summary())
    for heading in ("Share of revenue", "Share of profit", "Cents kept", "Operating margin"):
        (line,) = [line for line in lines if line.startswith(heading)]
        assert "now, 2026-07" in line
        assert "2036-07" in line


def test_quantiles_stand_over_their_values():
    lines = lines_of(make_summary())
    levels = next(line for line in lines if line.startswith("% of all hops"))
    values = lines[lines.index(levels) + 1]
    assert [match.end() for match in re.finditer("%", levels)][1:] == [
        match.start() for match in re.finditer(" ±", values)
    ]


@pytest.mark.parametrize(("width", "n_year"), [(100, 10), (80, 10)])
def test_events_by_year_have_their_errors_below(width, n_year):
    lines = lines_of(make_summary(), width)
    place = next(i for i, line in enumerate(lines) if line.strip().startswith("thesis_falsified"))
    assert len(re.findall(r"\d+\.\d", lines[place])) == n_year
    assert lines[place + 1].count("±") == n_year


def test_a_long_horizon_shows_every_second_year_and_the_last():
    summary = make_summary()
    (first, *_) = summary.events
    years = {2026 + i: Estimate(0.01 * i, 0.001) for i in range(21)}
    event = type(first)(first.event, first.title, first.probability, years, years)
    lines = lines_of(make_summary(events=(event,)), 80)
    (shown,) = [line for line in lines if "2046" in line and "2044" in line]
    assert "2045" not in shown


def test_an_event_says_in_words_what_it_is():
    (first, *_) = make_summary().events
    rule = "capability gap is below 1 month; " * 4 + "capital spending falls by at least 30% in a year"
    event = replace(first, rule=rule + "\x1b[2J")
    lines = lines_of(make_summary(events=(event,)), 80)
    place = next(i for i, line in enumerate(lines) if line.strip().startswith(event.event))
    start = next(i for i, line in enumerate(lines) if line.startswith("  That is: capability gap"))
    assert " ".join(" ".join(lines[start:place]).split()) == f"That is: {rule}[2J."
    assert max(map(len, lines)) <= 80


def test_what_has_no_error_says_so_and_why():
    (first, *_) = make_summary().events
    reason = "not estimable: too few trajectories"
    years = dict.fromkeys(first.by_year, Estimate(0.5, nan, reason))
    lines = lines_of(make_summary(events=(replace(first, by_year=years),)))
    assert sum("±n/a" in line for line in lines) == 2
    assert f"±n/a  {reason}" in lines


def test_one_trajectory_is_no_plural():
    assert lines_of(make_summary(n_trajectories=1))[1].startswith("1 trajectory (")


def test_no_events_no_block():
    assert not any(line.startswith("Events") for line in lines_of(make_summary(events=())))


def test_a_share_that_is_undefined_in_some_trajectories_is_told():
    text = " ".join(lines_of(make_summary(undefined_share={"start": 0.0, "horizon": 0.0123})))
    assert "The share of profit at the horizon leaves out 1.2% of the trajectories" in text


def test_titles_cannot_steer_the_terminal():
    summary = make_summary({"x": "Chips\x1b[31m\nand\tmore"}, title="A\x1b]0;owned\x07 title")
    text = "\n".join(format_summary(summary, 100))
    assert not re.search(r"\x1b(?!\[\d*m)", text)
    assert "\x07" not in text
    assert "\x1b[31m" not in text
    assert "Chips[31m and more" in text


@pytest.mark.parametrize(
    ("value", "error", "compact", "expected"),
    [
        (0.3612, 0.0002, False, ("36.1", " ±0.02")),
        (0.3612, 0.00021, False, ("36.1", " ±0.03")),  # never smaller than it is
        (0.3612, 1e-9, False, ("36.1", " ±0.01")),
        (0.3612, 0.0, False, ("36.1", " ±0")),
        (-0.0001, 0.0, True, ("0.0", "±0")),
        (-0.3612, 0.0002, True, ("-36.1", "±.02")),
        (0.3612, 0.0123, True, ("36.1", "±1.3")),
        (0.3612, nan, False, ("36.1", " ±n/a")),
        (0.3612, nan, True, ("36.1", "±n/a")),
        (nan, nan, False, ("–", "")),
        (inf, nan, False, ("–", "")),
    ],
)
def test_estimates_as_text(value, error, compact, expected):
    cell = format_estimate(Estimate(value, error), 100.0, compact)
    assert (cell.value, cell.error) == expected
