"""JUnit XML against the rules of the strictest schema in use, and against hostile texts."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandwich_sim.formats.cases import OUTCOMES, Case, Suite, count_outcomes, describe_counts
from sandwich_sim.formats.junit import junit_xml

# The attributes and children that junit-10.xsd of the Jenkins xUnit plugin knows.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time", "skipped"},
    "testcase": {"name", "time", "classname"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "properties": set(),
    "property": {"name", "value"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
    "properties": {"property"},
}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?")

texts = st.text(max_size=40)
cases = st.builds(
    Case,
    name=texts,
    outcome=st.sampled_from(OUTCOMES),
    message=texts,
    values=st.dictionaries(texts, texts, max_size=3),
    seconds=st.none() | st.floats(0.0, 1e6),
)
suites = st.builds(
    Suite,
    name=texts,
    cases=st.lists(cases, max_size=4).map(tuple),
    properties=st.dictionaries(texts, texts, max_size=2),
)


def two_suites() -> list[Suite]:
    found = {"baseline": "0.41", "now": "0.43"}
    return [
        Suite(
            "base",
            (
                Case("mean(margin.chips @ 2030)", "passed", values=found, seconds=1.25),
                Case("P(thesis_falsified) < 0.5", "failed", "it is 0.61.", found),
                Case("p50(gap @ 2030)", "undecided", "more trajectories are needed."),
            ),
            {"seed": "20260701"},
        ),
        Suite("price_war", (Case("digest", "error", "the run broke an identity."), Case("x", "skipped"))),
    ]


def test_counts_of_every_level_add_up():
    root = ElementTree.fromstring(junit_xml(two_suites()))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "2", "1")
    first, second = root.findall("testsuite")
    assert (first.get("tests"), first.get("failures"), first.get("errors")) == ("3", "2", "0")
    assert (second.get("tests"), second.get("skipped"), second.get("errors")) == ("2", "1", "1")


def test_an_undecided_case_is_not_taken_for_a_success():
    root = ElementTree.fromstring(junit_xml(two_suites()))
    failure = root.find(".//testcase[@name='p50(gap @ 2030)']/failure")
    assert failure is not None
    assert failure.get("type") == "undecided"


def test_what_was_found_stands_in_the_text_of_a_failure():
    root = ElementTree.fromstring(junit_xml(two_suites()))
    failure = root.find(".//testcase[@name='P(thesis_falsified) < 0.5']/failure")
    assert failure is not None
    assert failure.text == "it is 0.61.\nbaseline: 0.41\nnow: 0.43"


def test_equal_verdicts_give_equal_bytes():
    assert junit_xml(two_suites()) == junit_xml(two_suites())
    assert "timestamp" not in junit_xml(two_suites())


@settings(max_examples=150, deadline=None)
@given(st.lists(suites, max_size=3))
def test_any_text_gives_a_document_of_the_schema(drawn):
    root = ElementTree.fromstring(junit_xml(drawn).encode("utf-8"))
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        if "time" in element.attrib:
            assert TIME.fullmatch(element.attrib["time"])
    assert len(root.findall(".//testcase")) == sum(count_outcomes(drawn).values())


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ([], "nothing checked"),
        (["passed", "passed"], "2 passed"),
        (["passed", "undecided", "failed"], "1 failed, 1 undecided, 1 passed"),
    ],
)
def test_counts_are_said_with_the_worst_first(outcomes, said):
    suite = Suite("a", tuple(Case(str(i), outcome) for i, outcome in enumerate(outcomes)))
    assert describe_counts(count_outcomes([suite])) == said
