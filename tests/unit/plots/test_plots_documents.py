"""The Python of the page on figures runs as it stands there."""

from pathlib import Path

import pytest

from small_runs import small_run

PAGE = Path(__file__).parents[3] / "docs" / "report.md"


def python_blocks() -> list[str]:
    blocks = PAGE.read_text(encoding="utf-8").split("```python\n")[1:]
    return [block.split("```")[0] for block in blocks]


@pytest.mark.parametrize("code", python_blocks())
def test_the_examples_of_the_page_run(code, tmp_path, monkeypatch):
    run = "results/base-1a2b3c4d"
    assert run in code
    (tmp_path / "results").mkdir()
    (tmp_path / run).symlink_to(small_run("base", "outcomes", 4096))
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 -- our own page
    assert (tmp_path / "chips.png").stat().st_size > 1000
