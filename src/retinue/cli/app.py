"""The `retinue` command: which commands there are, loaded one at a time, and what happens when one fails."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .. import __version__
from ..core.spelling import did_you_mean
from . import interrupts, streams
from .exits import Exit

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from .console import Asked

_SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Write and check": {
        "init": ("init", "Start a project: fresh, from an export (offline), or from a service."),
        "validate": ("validate", "Check the project file and every manifest (offline)."),
        "render": ("render", "Show the manifests of one environment as they will be compared (offline)."),
    },
    "Review and apply": {
        "plan": ("plan", "Show what apply would do. Reads the service, writes nothing."),
        "apply": ("apply", "Do what the plan says. Reads and writes the service."),
        "show": ("show", "Show a saved plan (offline), or a live object and its versions."),
        "comment": ("comment", "Show a saved plan in its pull or merge request: one comment, kept up to date."),
        "drift": ("drift", "Show what was changed outside. Reads the service, writes nothing."),
        "destroy": ("destroy", "Delete everything this project owns in one environment."),
    },
    "Take over and let go": {
        "import": ("import_", "Write manifests for unmanaged live objects, or from an export."),
        "adopt": ("adopt", "Start managing one live object under an address."),
        "forget": ("forget", "Stop managing a live object; it stays as it is."),
    },
    "Between environments": {
        "diff": ("diff", "Show how one environment differs from another."),
        "migrate": ("migrate", "Tell what a move to another service keeps and loses (offline)."),
        "promote": ("promote", "Apply to one environment what another one has proven."),
        "verify": ("verify", "Run your evaluation and note which specs passed it."),
    },
    "For applications and tools": {
        "output": ("output", "Print address → live id, for applications. Reads the service."),
        "schema": ("schema", "Print the JSON Schemas for editors (offline)."),
        "providers": ("providers", "List the services retinue can reach and what they hold (offline)."),
        "explain": ("explain", "Explain the code of a message (offline)."),
        "completion": ("completion", "Print the completion script of a shell (offline)."),
        "emulator": ("emulator", "Serve a local copy of the services' APIs for tests and trials."),
    },
}
_COMMANDS = {name: item for section in _SECTIONS.values() for name, item in section.items()}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run, so that --help stays cheap."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS and ctx.resilient_parsing:
            return None
        if name not in _COMMANDS:
            remedy = did_you_mean(name, _COMMANDS, "`retinue --help` lists them.")
            raise click.UsageError(f"unknown command `{name}`. {remedy}", ctx)
        module = importlib.import_module(f".commands.{_COMMANDS[name][0]}", __package__)
        command: click.Command = module.command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands by their names, without an import of each."""
        from click.shell_completion import CompletionItem

        names = (name for name in _COMMANDS if name.startswith(incomplete))
        mine = [CompletionItem(name, help=_COMMANDS[name][1]) for name in names]
        return [*mine, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, _COMMANDS))
        for title, section in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{widest}}", about) for name, (_, about) in section.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="First steps: retinue init, retinue plan, retinue apply. Each command has examples: retinue plan --help.\n\n"
    "Exit codes: 0 done, 1 error, 2 changes (with --detailed-exitcode), 3 usage or manifests, 4 auth, 5 blocked,"
    " 6 stale, 8 applied in part, 9 unreachable, 70 a bug, 130 and 143 interrupted.",
)
@click.version_option(__version__, message="retinue %(version)s", help="Show the version.")
def group() -> None:
    """Keep AI assistants in Git: manifests in, a plan to review, an apply that does exactly that plan."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. No arguments may end in a traceback."""
    # Gets the command's context as soon as click has parsed its options.
    understood: list[click.Context] = []
    try:
        with interrupts.released():
            try:
                code = group.main(args=list(arguments), prog_name="retinue", standalone_mode=False, obj=understood)
            except (streams.OutputLost, click.exceptions.Abort):
                raise
            except Exception as error:
                from .console import failed

                return failed(error, _asked(arguments, understood))
            return int(code) if isinstance(code, int) else Exit.OK
    except streams.OutputLost as lost:
        return streams.report(lost)
    except (KeyboardInterrupt, click.exceptions.Abort):
        from .console import interrupted

        return interrupted(_asked(arguments, understood))


def _asked(arguments: Sequence[str], understood: Sequence[click.Context]) -> Asked:
    from .console import parsed, spelled

    return parsed(understood[0]) if understood else spelled(arguments)
