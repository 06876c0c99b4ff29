"""The Markdown summary: what needs attention is in sight, nothing from a file becomes markup."""

import re

import pytest

from sandwich_sim.formats.cases import Case, Suite
from sandwich_sim.formats.markdown import LARGEST, escape, markdown_summary, markdown_table

PASSED = Case("mean(gap @ 2030)", "passed", values={"baseline": "3.10", "now": "3.12"})
FAILED = Case("P(x) < 0.5", "failed", "it is 0.61.", {"now": "0.61"})
UNDECIDED = Case("P(y) < 0.5", "undecided", "it may be either.")


def headline(*cases: Case) -> str:
    return markdown_summary("Gate", [Suite("base", cases)]).splitlines()[0]


@pytest.mark.parametrize(
    ("cases", "sign"),
    [
        ((PASSED,), "✅"),
        ((PASSED, FAILED, UNDECIDED), "❌"),
        ((PASSED, UNDECIDED), "❔"),
        ((PASSED, Case("z", "error")), "❌"),
    ],
)
def test_the_headline_shows_the_worst_outcome(cases, sign):
    assert headline(*cases).startswith(f"### {sign} Gate: ")


def test_failures_come_before_what_passed_and_that_is_folded_away():
    text = markdown_summary("Gate", [Suite("base", (PASSED, FAILED))], ["Seed 1."])
    assert text.index("P(x) &lt; 0.5" if "&lt;" in text else r"P(x) \< 0.5") < text.index("<details>")
    assert text.index("<details>") < text.index("mean(gap")
    assert "Seed 1." in text


def test_every_row_of_a_table_has_as_many_cells_as_its_header():
    text = markdown_summary("Gate", [Suite("a|b", (PASSED, FAILED, UNDECIDED))])
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert tables
    cells = [len(re.findall(r"(?<!\\)\|", line)) for line in tables]
    assert len(set(cells[:4])) == 1  # the open table: header, rule, two rows
    assert len(set(cells[4:])) == 1


@pytest.mark.parametrize(
    "hostile",
    ["<script>", "[x](http://a.b)", "a | b", "**bold**", "@someone", "http://a.b", "line\nbreak", "`code`"],
)
def test_texts_of_files_do_not_become_markup(hostile):
    safe = escape(hostile)
    assert "\n" not in safe
    assert "@" not in safe
    assert "://" not in safe
    assert not re.search(r"(?<!\\)[<>|*`\[\]]", safe)


def test_columns_of_numbers_align_on_the_right():
    rule = markdown_table(["name", "value"], [["a", "1.5"], ["b", "−2"]])[1]
    assert rule == "|---|---:|"


def test_a_summary_stays_below_what_is_accepted():
    many = tuple(Case(f"statement {i} " + "x" * 200, "failed", "no " * 40) for i in range(6000))
    text = markdown_summary("Gate", [Suite("base", many)])
    assert len(text.encode()) <= LARGEST
    left_out = re.search(r"^(\d+) more rows were left out", text, re.MULTILINE)
    assert left_out
    kept = text.count("| ❌ failed |")
    assert kept + int(left_out.group(1)) == 6000
