"""Malformed scenario files: no traceback, no hang, and the line at fault."""

from __future__ import annotations

import random

import pytest
from malformed_scenarios import at_fault, damaged, parse_shipped_once, problems_of


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    parse_shipped_once(monkeypatch.setattr)


def try_files(numbers, folder):
    """Every third file has a line at fault that is known; returns how many files were refused."""
    refused = 0
    for number in numbers:
        chance = random.Random(number)
        case = at_fault(chance) if number % 3 == 0 else damaged(chance)
        try:
            found = problems_of(case.data, folder)
            if case.line:
                assert case.line in {problem.line for problem in found}, [str(problem) for problem in found]
        except Exception as error:
            raise AssertionError(f"file {number} ({case.what})") from error
        refused += bool(found)
    return refused


def test_three_thousand_malformed_files(tmp_path):
    assert try_files(range(3000), tmp_path) > 2300  # the others are sound after all: a comment, say


@pytest.mark.nightly
@pytest.mark.parametrize("chunk", range(10))
def test_a_hundred_thousand_malformed_files(tmp_path, chunk):
    first = 10_000 * (chunk + 1)
    print(f"{try_files(range(first, first + 10_000), tmp_path)} of 10,000 refused")
