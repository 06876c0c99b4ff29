"""The lazy command group: `--help`, `--version` and completion import click alone.

A new command is one line in `COMMANDS` and one file `cli/<name>.py` that defines `command`.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim._version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PROGRAM = "sandwich-sim"

# name: (heading of the help page, what it does). Listing these imports nothing.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("Simulate", "Run scenarios and print who keeps the dollar."),
    "resume": ("Simulate", "Go on with a run that was stopped."),
    "compare": ("Compare", "Compare scenarios or runs, paired by design, and say what differs."),
    "sweep": ("Compare", "Run a scenario over a grid of values; find where a probability crosses a level."),
    "gate": ("Compare", "Tell whether outcomes have changed since they were accepted; for CI."),
    "hindcast": ("Compare", "Score scenarios that begin in the past against what came true."),
    "update": ("Evidence", "Say what observations change: inputs, outcomes and events before and after."),
    "watch": ("Evidence", "Say how far the falsification condition is, and what would settle it."),
    "rare": ("Evidence", "Say how likely a rare event is, down to one in a million and below."),
    "scenarios": ("Scenarios", "List the scenarios that ship with the program."),
    "show": ("Scenarios", "Print a scenario in full, with the evidence of every number."),
    "validate": ("Scenarios", "Check scenario files; report every problem at once."),
    "init": ("Scenarios", "Write a commented scenario file to start from."),
    "facts": ("Scenarios", "Search the facts that scenarios cite as sources."),
    "schema": ("Scenarios", "Print the JSON Schema of scenario files, for editors."),
    "runs": ("Results", "List result folders."),
    "status": ("Results", "Say how far a run is and what to do next."),
    "verify": ("Results", "Read every byte of a run and say what is damaged."),
    "repair": ("Results", "Compute again what is damaged of a run."),
    "replay": ("Results", "Compute a trajectory, or the tails of an outcome, again and tell the story."),
    "export": ("Results", "Write a run's numbers to CSV, Parquet or Excel."),
    "portfolio": ("Results", "Place a book of positions on the revenue map and the profit map."),
    "worth": ("Results", "Say what knowing an uncertain input would be worth."),
    "discover": ("Results", "Say which inputs lead to paths of a kind, in plain words."),
    "sensitivity": ("Results", "Say which uncertain inputs matter, for which hop and when."),
    "report": ("Results", "Write one HTML file that shows a run, or several side by side."),
    "plot": ("Results", "Draw a figure of a run as PNG, SVG or PDF."),
    "doctor": ("This machine", "Check versions, processors, memory, disk and the kernel cache."),
    "completion": ("This machine", "Print the script that completes commands in a shell."),
}


def choose_color(wish: str, environment: Mapping[str, str]) -> bool | None:
    """Decide on color; None leaves it to whether the stream is a terminal."""
    if wish != "auto":
        return wish == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return False if environment.get("TERM") == "dumb" else None


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs.

    A command returns its exit code, or None for 0.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"sandwich_sim.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        for heading in dict.fromkeys(heading for heading, _ in COMMANDS.values()):
            with formatter.section(heading):
                formatter.write_dl(
                    [(name.ljust(width), text) for name, (own, text) in COMMANDS.items() if own == heading]
                )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        # Not Group's own: that one imports every command for its help text.
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in COMMANDS or ctx.resilient_parsing or name.startswith("-"):
            return super().resolve_command(ctx, args)
        nearest = get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
        hint = f"Did you mean {nearest[0]!r}?" if nearest else f"`{PROGRAM} --help` lists the commands."
        if name.endswith(".toml"):
            hint = f"To run a scenario: {PROGRAM} run {name}"
        raise click.UsageError(f"no such command {name!r}. {hint}", ctx)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that closes our output early ends us quietly."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            from sandwich_sim.cli.failures import silence_output

            silence_output()
            return 141  # as the shell shows SIGPIPE
        except KeyboardInterrupt as error:
            # Here rather than in `main`: click would put an empty line before the message.
            from sandwich_sim.cli.failures import report_failure

            return report_failure(error)
        return code

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, turn whatever is raised into one message and its exit code, and exit."""
        run: Callable[..., Any] = super().main
        name = prog_name or PROGRAM
        if not standalone_mode:
            return run(args, name, complete_var, False, windows_expand_args, **extra)
        try:
            code = run(args, name, complete_var, False, windows_expand_args, **extra)
        except BaseException as error:
            from sandwich_sim.cli.failures import report_failure

            code = report_failure(error)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(
    name=PROGRAM,
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"\b\nA first run:        {PROGRAM} run base -n 65_536\nHelp on a command:  {PROGRAM} run --help",
)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Color the output; auto follows the terminal, NO_COLOR and FORCE_COLOR.",
)
@click.pass_context
def cli(ctx: click.Context, color: str) -> None:
    """Follow one dollar of AI spending from the end user to the power plant, and see who keeps it."""
    ctx.color = choose_color(color, os.environ)


def main() -> None:
    """Start from a shell: `sandwich-sim`."""
    # Every 700 new objects by default, which is a tenth of the time before a run's first block.
    gc.set_threshold(100_000)
    from sandwich_sim.cli.start import catch_signals

    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe that lacks a sign such as "±" shows "?" instead of failing.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    catch_signals()
    cli.main(prog_name=PROGRAM)
