"""Numbers and sentences of stories are written for people, and say what is so."""

import pytest

from sandwich_sim.analysis.story import Standing
from sandwich_sim.analysis.story_words import amount, cell, odds, ordinal, percent, place, plain, side


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5, "1,234"),
        (-12.34, "−12.3"),
        (0.05012, "0.0501"),
        (0.0, "0"),
        (1e-7, "1e−07"),
        (float("nan"), "not defined"),
    ],
)
def test_numbers_have_about_three_digits(value, text):
    assert plain(value) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0.0, "0%"),
        (1e-5, "<0.1%"),
        (0.0123, "1.2%"),
        (0.5, "50%"),
        (0.973, "97.3%"),
        (0.99999, ">99.9%"),
        (1.0, "100%"),
    ],
)
def test_parts_are_never_rounded_to_none_or_all(part, text):
    assert percent(part) == text


def test_a_quantile_is_said_from_the_nearer_side():
    assert (side(0.973), side(0.2), side(0.99999)) == ("above 97.3%", "below 80%", "above 99.9%")


@pytest.mark.parametrize(
    ("rarity", "text"), [(0.9, "usual"), (0.02, "1 in 50"), (1e-3, "1 in 1,000"), (1e-8, "1 in 1e8")]
)
def test_rareness_is_one_in_so_many(rarity, text):
    assert odds(rarity) == text


def test_values_of_series_carry_their_unit():
    assert amount("margin.lab", 0.1234) == "12.3%"
    assert amount("dollar_profit.chips", 0.05) == "5.0¢"
    assert amount("gap", 4.0) == "4.00 months"
    assert amount("price", 0.5) == "0.500"
    assert cell("list_price_ratio", 6.0) == "6.00"
    assert cell("margin.lab", -0.0001) == "0.0"


@pytest.mark.parametrize(
    ("n", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (21, "21st"), (112, "112th")]
)
def test_ordinals(n, text):
    assert ordinal(n) == text


@pytest.mark.parametrize(
    ("lower", "text"),
    [
        (0, "the lowest of 1,000"),
        (2, "the 3rd lowest of 1,000"),
        (999, "the highest of 1,000"),
        (998, "the 2nd highest of 1,000"),
        (250, "below 75% of 1,000"),
        (900, "above 90.1% of 1,000"),
        (None, "neither among the 32 lowest nor the 32 highest of 1,000"),
    ],
)
def test_the_place_of_a_sum(lower, text):
    assert place(Standing("cumulative_profit.lab", "Labs", 1.0, lower, 1000)) == text
