"""JUnit XML, which nearly every CI system shows as a list of tests.

Written to the schema that the Jenkins xUnit plugin publishes (``junit-10.xsd``), the strictest in
common use: no properties on a test case, times with three decimals at most. There is no date and
no host in it, so that equal verdicts give equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from sandwich_sim.formats.cases import Case, Suite, count_outcomes

# XML 1.0 has no way to write these, not even escaped.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENT = {"failed": "failure", "undecided": "failure", "error": "error", "skipped": "skipped"}


def junit_xml(suites: Sequence[Suite], name: str = "sandwich-sim") -> str:
    """Write verdicts as JUnit XML.

    Parameters
    ----------
    suites : sequence of Suite
    name : str
        Of the whole report.

    Returns
    -------
    str
        An XML document. An undecided case is a ``failure`` of type "undecided": JUnit knows no
        third outcome, and one that passes for a success would hide it.
    """
    root = ElementTree.Element("testsuites", {"name": _text(name), **_totals(suites)})
    for suite in suites:
        own = {**_totals([suite]), "skipped": str(count_outcomes([suite])["skipped"])}
        element = ElementTree.SubElement(root, "testsuite", {"name": _text(suite.name), **own})
        if suite.properties:
            properties = ElementTree.SubElement(element, "properties")
            for key, value in suite.properties.items():
                ElementTree.SubElement(properties, "property", {"name": _text(key), "value": _text(value)})
        for case in suite.cases:
            _add_case(element, suite, case)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _totals(suites: Sequence[Suite]) -> dict[str, str]:
    counts = count_outcomes(suites)
    return {
        "tests": str(sum(counts.values())),
        "failures": str(counts["failed"] + counts["undecided"]),
        "errors": str(counts["error"]),
        "time": _seconds(sum(case.seconds or 0.0 for suite in suites for case in suite.cases)),
    }


def _add_case(parent: ElementTree.Element, suite: Suite, case: Case) -> None:
    element = ElementTree.SubElement(
        parent,
        "testcase",
        {"name": _text(case.name), "classname": _text(suite.name), "time": _seconds(case.seconds or 0.0)},
    )
    found = "\n".join(f"{key}: {value}" for key, value in case.values.items())
    if case.outcome in _ELEMENT:
        verdict = ElementTree.SubElement(
            element, _ELEMENT[case.outcome], {"type": case.outcome, "message": _text(case.message)}
        )
        verdict.text = _text("\n".join(part for part in (case.message, found) if part))
    elif found:
        ElementTree.SubElement(element, "system-out").text = _text(found)


def _text(text: str) -> str:
    return _IMPOSSIBLE.sub("", text)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
