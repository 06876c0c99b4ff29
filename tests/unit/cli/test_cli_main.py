"""The group: help, imports, names, color, and how it ends."""

import json
import signal
import sys
import time

import click
import pytest

from sandwich_sim._version import __version__
from sandwich_sim.cli.main import COMMANDS, choose_color, cli

HEAVY = {
    "numpy", "scipy", "numba", "llvmlite", "pydantic", "rich", "pandas", "xarray", "zarr", "matplotlib",
}  # fmt: skip
LIST_MODULES = """
import sys
sys.argv = ["sandwich-sim", *sys.argv[1:]]
from sandwich_sim.cli.main import main
try:
    main()
except SystemExit:
    pass
print(sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["run", "--help"], ["doctor", "--help"]])
def test_help_imports_nothing_heavy(shell, args):
    stdout, stderr = shell(*args, code=LIST_MODULES).communicate(timeout=60)
    assert stdout
    assert "click" in stderr
    assert not HEAVY & set(json.loads(stderr.replace("'", '"')))


def test_completion_imports_nothing_heavy_and_offers_the_commands(shell):
    environment = {
        "_SANDWICH_SIM_COMPLETE": "bash_complete",
        "COMP_WORDS": "sandwich-sim va",
        "COMP_CWORD": "1",
    }
    stdout, stderr = shell(code=LIST_MODULES, **environment).communicate(timeout=60)
    assert stdout == "plain,validate\n"
    assert not HEAVY & set(json.loads(stderr.replace("'", '"')))


def test_help_lists_every_command_with_a_sentence(call):
    result = call("--help")
    assert result.exit_code == 0
    words = " ".join(result.stdout.split())
    for name, (_, sentence) in COMMANDS.items():
        assert f"  {name}" in result.stdout
        assert sentence in words


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(call, name):
    result = call(name, "--help")
    assert result.exit_code == 0
    assert "Example:" in result.stdout
    assert f"sandwich-sim {name}" in result.stdout
    command = cli.get_command(click.Context(cli), name)
    undocumented = [
        option.name
        for option in command.params
        if isinstance(option, click.Option) and not getattr(option, "help", None)
    ]
    assert not undocumented


def test_version_is_one_line(call):
    assert call("--version").stdout == f"sandwich-sim {__version__}\n"


def test_without_a_command_help_is_shown_and_the_exit_code_is_2(call):
    result = call()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Simulate:" in result.stderr


def test_a_misspelt_command_gets_the_nearest_one(call):
    result = call("validat")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "no such command 'validat'. Did you mean 'validate'?" in result.stderr


def test_a_scenario_in_the_place_of_a_command_is_explained(call):
    assert "sandwich-sim run mine.toml" in call("mine.toml").stderr


def test_an_unknown_option_is_a_usage_error_that_names_the_help_page(call):
    result = call("run", "base", "--trajectory", "5")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert "--trajectories" in result.stderr
    assert "sandwich-sim run --help" in result.stderr


def test_control_characters_of_an_argument_do_not_reach_the_terminal(call):
    result = call("ru\x1b[31mn\x07")
    assert result.exit_code == 2
    assert "\x1b" not in result.stderr
    assert "\x07" not in result.stderr


@pytest.mark.parametrize(
    ("wish", "environment", "expected"),
    [
        ("auto", {}, None),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": ""}, None),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "0"}, None),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("auto", {"TERM": "dumb"}, False),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
    ],
)
def test_color_follows_option_then_environment(wish, environment, expected):
    assert choose_color(wish, environment) is expected


def test_color_reaches_the_commands(call):
    assert "\x1b[1m" in call("--color", "always", "facts", "--search", "memory").stdout
    assert "\x1b[1m" in call("facts", "--search", "memory", env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b" not in call("facts", "--search", "memory", color=True, env={"NO_COLOR": "1"}).stdout


def test_a_reader_that_leaves_early_ends_us_quietly(shell):
    process = shell("facts")
    process.stdout.readline()
    process.stdout.close()
    stderr = process.stderr.read()
    assert process.wait(timeout=60) == 141
    assert "Traceback" not in stderr
    assert "Broken pipe" not in stderr


ASLEEP = """
import time
from fake_engine import FakeEngine
def sleep(call):
    print("asleep", flush=True)
    time.sleep(60)
FakeEngine(sleep).install()
from sandwich_sim.cli.main import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_stops_a_run_with_its_own_exit_code(shell, name, code):
    process = shell("run", "base", code=ASLEEP)
    assert process.stdout.readline() == "asleep\n"
    process.send_signal(getattr(signal, name))
    begun = time.monotonic()
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert time.monotonic() - begun < 10
    assert stdout == ""
    assert stderr.splitlines() == [
        "stopped. Nothing of it is kept: it was in its first part of 262,144 trajectories."
    ]


STOPPED_AT = """
import os, signal, sys
def stop(event, arguments):
    if event == "import" and arguments[0] == {name!r}:
        os.kill(os.getpid(), signal.SIGINT)
from sandwich_sim.cli.start import main
sys.addaudithook(stop)
main()
"""


# What is loaded on the way to a run, in this order.
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    "name",
    [
        *("sandwich_sim.cli.main", "click", "sandwich_sim.cli.failures", "sandwich_sim.cli.options"),
        *("sandwich_sim.scenario.load", "tomllib", "sandwich_sim.simulation", "numpy", "numba"),
    ],
)
def test_ctrl_c_while_the_program_loads_is_one_line(shell, name):
    process = shell("run", "base", "-n", "1", code=STOPPED_AT.format(name=name))
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stdout) == (130, "")
    assert stderr.strip().startswith("stopped.")
    assert len(stderr.strip().splitlines()) == 1


START = "from sandwich_sim.cli.start import main; main()"
IN_SET_NAME = """
import os, signal
class Name:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.{name})
try:
    class Owner:
        name = Name()
except Exception:
    pass
"""


def test_what_libraries_have_registered_for_the_end_is_done(shell):
    process = shell("--version", code=f"import atexit; atexit.register(print, 'the end')\n{START}")
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (0, "")
    assert stdout.splitlines()[1:] == ["the end"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("is_whole", [False, True])
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_that_a_library_makes_another_error_of_is_told_as_it_is(
    shell, tmp_path, name, code, is_whole
):
    text = IN_SET_NAME.format(name=name)
    if not is_whole:  # as NumPy is where it is interrupted
        text += "raise ImportError('cannot import name, most likely due to a circular import')"
    (tmp_path / "numba.py").write_text(text)
    process = shell("run", "base", "-n", "1", code=f"import sys; sys.path[:0] = [{str(tmp_path)!r}]\n{START}")
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stdout) == (code, "")
    assert stderr.startswith("stopped.")
    assert len(stderr.splitlines()) == 1


IN_FINALIZER = """
import os, signal, time
from fake_engine import FakeEngine
class Held:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.001)
def sleep(call):
    Held()
    time.sleep(60)
FakeEngine(sleep).install()
from sandwich_sim.cli.main import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_in_a_finalizer_is_not_lost(shell):
    process = shell("run", "base", code=IN_FINALIZER)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 143
    assert stderr.startswith("stopped. Nothing")
    assert len(stderr.splitlines()) == 1


WHILE_TELLING = """
import os, signal, time
import click
from fake_engine import FakeEngine
tell = click.echo
def tell_slowly(*text, **options):
    tell(*text, **options)
    time.sleep(0.4)
    os.kill(os.getpid(), signal.SIGTERM)
click.echo = tell_slowly
FakeEngine(lambda call: os.kill(os.getpid(), signal.SIGTERM)).install()
from sandwich_sim.cli.start import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_that_comes_again_while_the_first_is_told_adds_no_line(shell):
    process = shell("run", "base", "--quiet", code=WHILE_TELLING)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (143, "")
    assert stderr.startswith("stopped. Nothing")
    assert len(stderr.splitlines()) == 1


HELD_UP = """
import time
from fake_engine import FakeEngine
def sleep(call):
    try:
        print("asleep", flush=True)
        time.sleep(60)
    finally:
        print("cleaning", flush=True)
        time.sleep(60)
FakeEngine(sleep).install()
from sandwich_sim.cli.start import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_second_ctrl_c_ends_at_once(shell):
    process = shell("run", "base", code=HELD_UP)
    assert process.stdout.readline() == "asleep\n"
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)  # the same press, once more: a wrapper hands it on
    assert process.stdout.readline() == "cleaning\n"
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=10)
    assert (process.returncode, stdout, stderr) == (130, "", "stopped.\n")
