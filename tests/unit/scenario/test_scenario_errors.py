"""Every mistake in a file gets its message, at its line."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from sandwich_sim.errors import ScenarioError
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.scenario.text_file import read_text

BAD = Path(__file__).parents[2] / "bad_scenarios"
EXPECT = "# expect: "
LINE_OF_SHIPPED = re.compile(rf"\({re.escape(str(shipped_scenarios()['base']))}:\d+:\d+\)")


def problems_of(source: str | Path, *overrides: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(source, overrides)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("path", sorted(BAD.glob("*.toml")), ids=lambda path: path.stem)
def test_bad_file_has_exactly_these_problems(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]
    found = [
        # Lines of shipped files are looked at in test_scenario_blame.py; here they may change.
        LINE_OF_SHIPPED.sub("(scenarios/base.toml)", problem.removeprefix(f"{path}:"))
        for problem in problems_of(path)
    ]
    assert expected, "the file states no expectation"
    assert found == expected


def test_every_message_says_what_is_wrong_and_what_to_do() -> None:
    for path in BAD.glob("*.toml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(EXPECT):
                assert line.endswith((".", "?")), line
                assert line.count(". ") >= 1 or "? " in line or "Did you mean" in line, line


def test_missing_file_names_the_nearest_shipped_scenario() -> None:
    assert problems_of("bsae") == ['bsae: there is no such file or shipped scenario. Did you mean "base"?']


def test_folder_is_no_scenario(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == [f"{tmp_path}: is no file. Name a TOML file."]


def test_wrong_encoding_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b'extends = "base"\ntitle = "caf\xe9"\n')
    assert problems_of(path) == [f"{path}:2:13: is not UTF-8 text. Save the file as UTF-8."]


def test_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b'\xef\xbb\xbfextends = "base"\r\n[open_source]\r\ngap = 3.0\r\n')
    assert (
        load_scenario(path).parameters["open_source.gap"]
        == load_scenario("base", ["open_source.gap=3.0"]).parameters["open_source.gap"]
    )


def test_line_is_right_behind_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b'extends = "base"\r\n\r\n[open_source]\r\ngap = "a"\r\n')
    assert problems_of(path)[0].startswith(f"{path}:4:1: open_source.gap:")


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"x = " + b"[" * 50_000, "1:21", "brackets nested"),
        (b"x = " + b"{a=" * 50_000, "1:53", "brackets nested"),
        (b".".join([b"a"] * 20_000) + b" = 1", "1:1", "a word of 39999 characters"),
        (b" . ".join([b"a"] * 20_000) + b" = 1", "1:6", "a key of more than 16 parts"),
        (b"x = " + b"9" * 5000, "1:5", "a word of 5000 characters"),
        (b'x = "' + b"a" * 70_000 + b'"', "1:5", "a text of 70002 characters"),
        (b"".join(b"a%d = 1\n" % i for i in range(10_500)), "10001:8", "more than 10000 keys"),
        (b"#" * (1 << 20) + b"\n", "", "is larger than 1 MiB"),
        (b"x = \x00", "1:5", "is no valid TOML"),
        (b"[a]\nb = 2026-13-45", "2:", "2026-13-45 is no day of the calendar"),
    ],
)
def test_what_would_choke_the_parser_is_refused_in_no_time(
    content: bytes, place: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    start = time.process_time()
    (problem,) = problems_of(path)
    assert time.process_time() - start < 2.0
    assert message in problem
    assert problem.startswith(f"{path}:{place}" if place else str(path))


def test_thousands_of_typos_are_all_reported_in_time(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    rows = "".join(f"gap{i} = {i}\n" for i in range(5000))
    path.write_text(f'extends = "base"\n[open_source]\n{rows}')
    start = time.process_time()
    problems = problems_of(path)
    assert len(problems) == 5000
    assert time.process_time() - start < 5.0


def test_problem_in_a_base_names_the_file_that_holds_it(tmp_path: Path) -> None:
    (tmp_path / "lower.toml").write_text('extends = "base"\n\n[open_source]\ngap = -1.0\n')
    upper = tmp_path / "upper.toml"
    upper.write_text('extends = "lower.toml"\n[lab]\nfunding = -1.0\n')
    lower_problem, upper_problem = problems_of(upper)
    assert lower_problem.startswith(f"{tmp_path / 'lower.toml'}:4:1: open_source.gap:")
    assert upper_problem.startswith(f"{upper}:3:1: lab.funding:")


def test_number_that_an_overlay_replaces_is_not_checked(tmp_path: Path) -> None:
    (tmp_path / "lower.toml").write_text('extends = "base"\n[open_source]\ngap = "wrong"\n')
    upper = tmp_path / "upper.toml"
    upper.write_text('extends = "lower.toml"\n[open_source]\ngap = 2.0\n')
    assert load_scenario(upper).parameters["open_source.gap"]


def test_chain_of_files_must_end(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('extends = "b.toml"\n')
    (tmp_path / "b.toml").write_text('extends = "a.toml"\n')
    (problem,) = problems_of(tmp_path / "a.toml")
    assert "extends: leads in a circle: a.toml -> b.toml -> a.toml" in problem


def test_escape_sequences_in_keys_do_not_reach_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('extends = "base"\n"\\u001b[31mred" = 1\n')
    (problem,) = problems_of(path)
    assert problem.isprintable()


def test_column_of_numbers_may_not_be_reached_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "gaps.csv").write_text("months\n1\n2\n")
    (inside / "gaps.csv").symlink_to(outside / "gaps.csv")
    path = inside / "x.toml"
    number = '{ dist = "empirical", file = "gaps.csv", column = "months" }'
    path.write_text(f'extends = "base"\n[open_source]\ngap = {number}\n')
    (problem,) = problems_of(path)
    assert "is a link that leaves the scenario's folder" in problem


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("open_source.gap", "is no change. Write KEY=VALUE"),
        ("=3", "has no key before the equals sign"),
        ("a b=3", "has no key before the equals sign"),
        ("open_source.gap=", "has no value"),
        ("open_source.gap=1\nlab.funding=2", "is no"),
        ("open_source.gap=1,5", "1,5 has a decimal comma. Write 1.5."),
        ("open_source.gap=lognormal(2, 8)", "is no valid TOML"),
        ("open_source.gap={dist=uniform, low=1, high=2}", "put the whole change in single quotes"),
        ("time.start=2026-02-30", "2026-02-30 is no day of the calendar"),
        ("gap=3", "gap: unknown key. It belongs in [open_source]."),
        ('open_source.gap={dist="uniform", low=3, high=2}', "open_source.gap.high: low = 3 and high = 2"),
        ("open_source.gpa=1", 'open_source.gpa: unknown key. Did you mean "gap"?'),
        ("open_source.gap=nan", "open_source.gap: is not finite"),
        ("open_source.gap=abc", 'open_source.gap: is the text "abc"'),
        ("extends=base", "cannot change what is extended"),
        ("hop.chips.scarcity=1.5", "hop.chips.scarcity: is 1.5. Use a number from 0 to 1."),
    ],
)
def test_bad_change_on_the_command_line_is_named(override: str, message: str) -> None:
    (problem,) = problems_of("base", override)
    assert problem.startswith("--set ")
    assert message in problem


def test_bad_changes_are_named_all_at_once() -> None:
    problems = problems_of("base", "open_source.gap", "lab.funding=", "lab.training=45")
    assert [problem.partition(": ")[0] for problem in problems] == [
        "--set lab.funding=",
        "--set open_source.gap",
    ]


@pytest.mark.parametrize(
    ("text", "place", "first"),
    [
        ("a = 1\na = 2\n", "2:1: a", (1, 1)),
        ("[t]\n'a' = 1\n  a = { b = 2 }\n", "3:3: t.a", (2, 1)),
        ("[t.u]\n[t]\n[v]\n[t.u]\n", "4:4: t.u", (1, 4)),
        ("t.a = 1\n[t]\n", "2:2: t", (1, 1)),
        ("a = 1\n[a.b]\n", "2:4: a.b", (1, 1)),
        ("x = { a = 1, b = 2, a = 3 }\n", "1:21: x.a", (1, 7)),
        ("a.b = 1\na = 2\n", "2:1: a", (1, 1)),
        ("[[t]]\na = 1\n[[t]]\na = 1\na = 2\n", "5:1: t[1].a", (4, 1)),
    ],
)
def test_what_is_given_twice_is_told_with_both_places(
    text: str, place: str, first: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    (problem,) = problems_of(path)
    line, column = first
    assert problem == (
        f"{path}:{place}: is given twice, first in line {line}, column {column}. Keep one of them."
    )


def test_the_place_of_a_wrong_byte_counts_characters(tmp_path: Path) -> None:
    path = tmp_path / "encoding.toml"
    path.write_bytes(b"\xef\xbb\xbf" + 'extends = "base"\n# 🥪🥪 '.encode() + b"\xdd\n")
    assert problems_of(path) == [f"{path}:2:6: is not UTF-8 text. Save the file as UTF-8."]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no name on Windows")
def test_a_pipe_is_refused_without_waiting_for_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    assert problems_of(tmp_path / "pipe.toml") == [f"{tmp_path}/pipe.toml: is no file. Name a TOML file."]
    with pytest.raises(ScenarioError, match="is no file"):
        read_text(tmp_path / "pipe.toml")
