"""The fact base is whole and can be searched."""

from __future__ import annotations

from datetime import date

import pytest

from sandwich_sim.facts import Fact, load_facts, search_facts


def test_every_fact_is_complete() -> None:
    facts = load_facts()
    assert len(facts) >= 200
    for key, fact in facts.items():
        assert key == fact.id
        assert fact.low <= fact.best <= fact.high
        assert fact.grade in ("A", "B", "C")
        assert fact.quantity and fact.unit and fact.period and fact.source
        assert date.fromisoformat((fact.published + "-01")[:10])  # some pages show the month only


def test_facts_cannot_be_changed() -> None:
    fact = load_facts()["open_lag_months_eci_2026"]
    with pytest.raises(AttributeError):
        fact.best = 1.0  # type: ignore[misc]


def test_search_looks_everywhere_and_ignores_case() -> None:
    assert load_facts()["hbm_share_of_accel_revenue"] in search_facts("HBM")
    assert search_facts("no such thing at all") == ()
    both = search_facts("memory MARGIN")
    assert set(both) == set(search_facts("memory")) & set(search_facts("margin"))
    assert 0 < len(both) < len(search_facts("memory"))
    assert all(isinstance(fact, Fact) for fact in search_facts("nvidia"))
