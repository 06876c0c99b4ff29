"""What stands in the repository beside the code: README, changelog, links, no traces of a machine."""

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from sandwich_sim._version import __version__
from sandwich_sim.scenario.load import load_scenario

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = ROOT / ".ci" / "run"

# Spelled in two halves, so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w./~$}-])/(?:" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me"]) + r")/")
REGISTRY_HOSTS = ("pypi." + "org", "python" + "hosted.org", "conda." + "anaconda.org", "npm" + "js.org")
TEXT_ENDINGS = {".py", ".md", ".toml", ".csv", ".json", ".yml", ".yaml", ".txt", ".svg", ".cfg", ""}


def product_files() -> list[Path]:
    """Files under version control; without git, all that are not made by tools."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
        names = [os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
        return [ROOT / name for name in names if (ROOT / name).is_file()]
    made = {".venv", "results", "build", "dist", "__pycache__"}
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and not any(part in made or part.endswith("_cache") for part in path.relative_to(ROOT).parts)
    ]


TEXTS = [path for path in product_files() if path.suffix in TEXT_ENDINGS]
PAGES = [path for path in TEXTS if path.suffix == ".md"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def first_shell_block() -> list[str]:
    match = re.search(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert match, "README has no ```sh block"
    return match.group(1).splitlines()


def test_the_readme_sets_everything_up_in_two_lines():
    lines = first_shell_block()
    assert len(lines) == 2
    assert "venv" in lines[0] and "sandwich-sim run scenarios/base.toml" in lines[0]
    assert "[test]" in lines[1] and "pytest" in lines[1]


def test_ci_takes_its_lines_from_the_readme():
    script = CI.read_text(encoding="utf-8")
    assert "README.md" in script
    assert not [line for line in first_shell_block() if line in script]
    assert os.access(CI, os.X_OK)


def test_the_changelog_starts_with_this_version():
    entries = re.findall(r"^## \[?([0-9][^\]\s]*)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert entries[0] == __version__


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    local = [unquote(a or b).split("#")[0] for a, b in targets if not re.match(r"[a-z]+:", a or b)]
    assert not [target for target in local if target and not (page.parent / target).exists()]


def anchors_of(page: Path) -> set[str]:
    """What a browser can jump to: headings in small letters, hyphens for spaces, no punctuation."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_into_pages_meet_a_heading(page):
    links = re.findall(r"\]\(([^)\s:#]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    broken = [
        f"{target}#{anchor}"
        for target, anchor in links
        if anchor not in anchors_of((page.parent / target) if target else page)
    ]
    assert not broken


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_file_names_a_machine_or_a_registry(path):
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        pytest.skip("not text")
    assert not MACHINE_PATH.search(text)
    assert not [host for host in REGISTRY_HOSTS if host in text]


def test_every_page_of_the_documentation_is_linked_from_its_index():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [name_of(page).removeprefix("docs/") for page in PAGES if name_of(page).startswith("docs/")]
    assert not [page for page in pages if page != "index.md" and f"]({page})" not in index]


def scenario_examples() -> list[str]:
    pages = (README, (ROOT / "docs" / "scenario-files.md").read_text(encoding="utf-8"))
    return [block for page in pages for block in re.findall(r"^```toml\n(.*?)^```$", page, re.M | re.S)]


@pytest.mark.parametrize("example", scenario_examples(), ids=lambda text: text.split("\n")[0])
def test_examples_in_the_documentation_are_valid_scenarios(tmp_path, example):
    file = tmp_path / "example.toml"
    file.write_text(example if "extends" in example else f'extends = "base"\n{example}', encoding="utf-8")
    load_scenario(file)
