"""`sandwich-sim completion SHELL`."""

from __future__ import annotations

import click

from sandwich_sim.cli.options import example


@click.command(
    epilog=example(
        'bash:  eval "$(sandwich-sim completion bash)"     in ~/.bashrc',
        'zsh:   eval "$(sandwich-sim completion zsh)"      in ~/.zshrc, after compinit',
        "fish:  sandwich-sim completion fish | source      in ~/.config/fish/config.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
def command(shell: str) -> None:
    """Print the script that completes commands, options and files in SHELL: bash, zsh or fish."""
    from click.shell_completion import get_completion_class

    from sandwich_sim.cli.main import PROGRAM, cli

    complete = get_completion_class(shell)
    assert complete is not None  # click has all three
    variable = f"_{PROGRAM}_COMPLETE".replace("-", "_").upper()
    click.echo(complete(cli, {}, PROGRAM, variable).source())
