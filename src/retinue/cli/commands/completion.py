"""`retinue completion`: the script that lets a shell complete commands, flags and their values."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from .. import console, helping


@helping.command("completion", None, "bash", "zsh", "fish")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(*, shell: str) -> int:
    """Print the completion script of a shell: commands, flags, environments, addresses, providers and codes.

    In ~/.bashrc or ~/.zshrc: eval "$(retinue completion bash)". For fish: retinue completion fish | source
    """
    script = get_completion_class(shell)
    assert script is not None
    # Not its own `source`, which runs a shell to see how old it is.
    console.result(ShellComplete.source(script(click.Group(), {}, "retinue", "_RETINUE_COMPLETE")))
    return 0
