"""What came true and what was known before it: complete, dated, resting on facts."""

from __future__ import annotations

import csv
from datetime import date

from sandwich_sim.facts import load_facts
from sandwich_sim.observations import (
    LAST_DAY,
    OBSERVATIONS_FILE,
    KnownValue,
    Window,
    known_before,
    load_known_values,
    load_observations,
)

FRACTIONS = {"fraction", "ratio", "x_per_year", "usd_bn_year", "months", "usd_per_mtok"}


def test_every_observation_is_complete() -> None:
    observations = load_observations()
    assert len(observations) == 37
    for seen in observations:
        assert seen.low <= seen.value <= seen.high
        assert seen.window.begin <= seen.window.end
        assert seen.unit in FRACTIONS
        assert seen.fact in load_facts()


def test_guidance_is_no_outcome() -> None:
    left_out = [seen for seen in load_observations() if not seen.is_outcome]
    assert [(seen.name, str(seen.window)) for seen in left_out] == [("capex", "2026-01-01/2027-01-01")]
    assert max(seen.window.end for seen in load_observations() if seen.is_outcome) == LAST_DAY


def test_what_was_known_rests_on_a_fact_of_that_day() -> None:
    facts = load_facts()
    for value in load_known_values():
        assert value.unit in FRACTIONS
        assert facts[value.fact].published == value.published.isoformat()
        assert value.window.begin <= value.published


def test_what_was_known_grows_with_time_and_holds_nothing_younger() -> None:
    before: set[KnownValue] = set()
    for origin in (date(2024, 1, 1), date(2024, 7, 1), date(2025, 1, 1), date(2025, 7, 1)):
        known = known_before(origin, load_known_values())
        assert all(value.published < origin for value in known)
        assert before < set(known)
        before = set(known)


def test_what_is_published_on_the_day_itself_is_not_known_before_it() -> None:
    value = load_known_values()[0]
    assert value not in known_before(value.published, load_known_values())


def test_windows_are_written_as_in_the_file() -> None:
    with OBSERVATIONS_FILE.open(newline="", encoding="utf-8") as file:
        written = [row["date"] for row in csv.DictReader(file)]
    assert [str(seen.window) for seen in load_observations()] == written
    assert Window(date(2024, 1, 1), date(2025, 1, 1)).middle == date(2024, 7, 2)
