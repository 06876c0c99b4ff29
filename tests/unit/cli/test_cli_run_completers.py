"""What a shell offers for result folders and their series."""

import pytest

from sandwich_sim.cli.export import command
from sandwich_sim.cli.main import cli
from sandwich_sim.variables import VARIABLES
from synthetic_run import HOPS, make_meta, write_run


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """What TAB offers behind a line, each with its help."""
    from click.shell_completion import ShellComplete

    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "results" / "toy-1", make_meta(title="A \x1b[31mtoy"))
    write_run(tmp_path / "results" / "nightly" / "toy-2", make_meta())
    write_run(tmp_path / "mine", make_meta())
    (tmp_path / "results" / "notes").mkdir()

    def complete(*args):
        *before, incomplete = args
        items = ShellComplete(cli, {}, "sandwich-sim", "_X").get_completions(list(before), incomplete)
        return {item.value: (item.type, item.help) for item in items}

    return complete


def test_runs_are_offered_with_what_they_are(offered):
    found = offered("export", "")
    assert set(found) == {"results/toy-1", "results/nightly/toy-2", "mine"}
    assert found["results/toy-1"] == ("plain", "A [31mtoy, 200 trajectories")
    assert set(offered("export", "results/t")) == {"results/toy-1"}
    assert set(offered("export", "./results/")) == {"./results/toy-1", "./results/nightly/toy-2"}


def test_other_folders_are_left_to_the_shell(offered):
    assert offered("export", "elsewhere/x") == {"elsewhere/x": ("dir", None)}


def test_variables_are_offered_first_then_the_hops_of_the_run(offered):
    every = offered("export", "mine", "--what", "")
    assert set(every) == {"table", "outcomes", *VARIABLES}
    assert every["gap"] == ("plain", VARIABLES["gap"].long_name)
    assert set(offered("export", "mine", "--what", "margin.")) == {f"margin.{hop}" for hop in HOPS}
    assert "margin" in offered("export", "mine", "--what", "margi")


def test_a_damaged_run_is_offered_the_usual_hops(offered, tmp_path):
    (tmp_path / "mine" / "provenance.json").write_text("{")
    assert "margin.foundry" in offered("export", "mine", "--what", "margin.")
    assert "mine" in offered("export", "m")


def test_completing_imports_no_numbers(shell):
    code = (
        "import sys; from click.shell_completion import ShellComplete; from sandwich_sim.cli.main import cli;"
        "ShellComplete(cli, {}, 's', '_X').get_completions(['export', 'x', '--what'], 'margin.');"
        "ShellComplete(cli, {}, 's', '_X').get_completions(['export'], '');"
        "print([name for name in ('numpy', 'numba', 'xarray') if name in sys.modules])"
    )
    stdout, stderr = shell(code=code).communicate(timeout=60)
    assert stdout == "[]\n", stderr


def test_the_command_names_its_arguments_as_the_completers_read_them():
    assert {"run", "what"} <= {param.name for param in command.params}
