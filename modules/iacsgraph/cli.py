"""The command `iacsgraph`. Programs are imported when they are asked for, so that `--help` costs nothing."""

import gc
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from modules.runtime.standard_output import settled


def _admin(name: str) -> click.Command:
    from modules.admin import cli

    command: click.Command = getattr(cli, name)
    return command


def _account() -> click.Command:
    from modules.account.cli import account

    return account


def _auth() -> click.Command:
    from modules.auth.cli import auth

    return auth


def _events() -> click.Command:
    from modules.events.cli import events

    return events


def _mail() -> click.Command:
    return mail


def _mail_query(name: str) -> click.Command:
    from modules.mail_query import cli

    command: click.Command = getattr(cli, name)
    return command


def _mail_process(name: str) -> click.Command:
    from modules.mail_process import cli

    command: click.Command = getattr(cli, name)
    return command


def _mail_sync(name: str) -> click.Command:
    from modules.mail_sync import cli

    command: click.Command = getattr(cli, name)
    return command


def _simulator() -> click.Command:
    from modules.simulator.cli import simulator

    return simulator


def _up() -> click.Command:
    return up


def _demo() -> click.Command:
    return demo


def _completion() -> click.Command:
    return completion


Table = dict[str, tuple[Callable[[], click.Command], str]]
"""Name: what imports the command, and the line of the group's help."""

COMMANDS: Table = {
    "init": (partial(_admin, "init"), "Write a commented .env with a fresh ENCRYPTION_KEY."),
    "doctor": (partial(_admin, "doctor"), "Check what is configured and say what to do."),
    "keys": (partial(_admin, "keys"), "Make, count and rotate encryption keys."),
    "db": (partial(_admin, "db"), "Migrate, check and back up the database."),
    "account": (_account, "Enrol accounts, look at them, allow and forbid their use."),
    "auth": (_auth, "Keep accounts signed in."),
    "mail": (_mail, "Find mail in mailboxes, and show it."),
    "events": (_events, "Watch and publish events, relay them, handle dead letters."),
    "up": (_up, "Run all of it at once: tokens, sync, processing, events."),
    "simulator": (_simulator, "Run a local Microsoft 365 with people and mail."),
    "demo": (_demo, "Show the whole on a local Microsoft 365, and prove it."),
    "completion": (_completion, "Print the completion script of a shell."),
}
MAIL_COMMANDS: Table = {
    "query": (partial(_mail_query, "query"), "Find mail in several mailboxes at once."),
    "show": (partial(_mail_query, "show"), "Show one mail, its source, its attachments."),
    "sync": (partial(_mail_sync, "sync"), "Copy mailboxes into the store, and follow them."),
    "stats": (partial(_mail_sync, "stats"), "Show what is stored of each mailbox."),
    "reconcile": (partial(_mail_sync, "reconcile"), "Compare what is stored with the mailbox."),
    "process": (partial(_mail_process, "process"), "Announce stored mail, drop what is unwanted."),
    "dropped": (partial(_mail_process, "dropped"), "Look at dropped mail, have it announced all the same."),
}
"""Of several programs: to people they are one group."""


_YOUNG = 10_000
"""New objects before they are looked through for garbage; each look costs, and to look every 700 is mostly in vain."""


class _Programs(click.Group):
    """A group whose commands are those of a table, each imported when it is asked for."""

    def __init__(self, *args: Any, table: Table, **attrs: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **attrs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return the names in the order of the table."""
        return [*self.table]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import the command."""
        found = self.table.get(cmd_name)
        return None if found is None else found[0]()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])


def _print_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    if value and not ctx.resilient_parsing:
        from importlib import metadata

        click.echo(f"iacsgraph {metadata.version('iacsgraph')}")
        ctx.exit()


@click.group(cls=_Programs, table=COMMANDS)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show version."
)
def root() -> None:
    """Keep a fleet of Microsoft 365 mailboxes signed in and turn their mail into events that programs can trust."""


@click.group(cls=_Programs, table=MAIL_COMMANDS)
def mail() -> None:
    """Find mail in mailboxes, and show it."""


@click.command()
def up() -> None:
    """Keep tokens fresh, sync every account, process its mail and carry the events to the bus, until a signal.

    /health and /metrics are served at UP_LISTEN. The first SIGTERM or SIGINT ends it within UP_STOP_SECONDS, with exit
    code 0; a second one ends it at once.
    """
    from modules.iacsgraph.settings import read_up_settings
    from modules.iacsgraph.up import run_up
    from modules.runtime.process import run

    run(lambda: run_up(read_up_settings()))


def _silent(_: str) -> None:
    return


@click.command()
@click.option("--once", is_flag=True, help="End after the report; else it goes on with live mail until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, and end after it.")
@click.option(
    "--mails", type=click.IntRange(3, 100_000), default=3000, show_default=True, help="Mails in all three mailboxes."
)
@click.option("--seed", type=int, default=0, show_default=True, help="People and mails follow from it.")
def demo(*, once: bool, as_json: bool, mails: int, seed: int) -> None:
    """Show the whole way from mailboxes to events on a local Microsoft 365, and prove that it is right.

    It needs no account, no Kafka and no settings, and leaves nothing behind. Exit code 1 if anything came out otherwise
    than it must.
    """
    import sys

    from modules.iacsgraph.demo import Wishes, demonstrate
    from modules.iacsgraph.schema import DemoReport, make_converter
    from modules.iacsgraph.telling import report_lines
    from modules.runtime.logs import configure_logging, quiet
    from modules.runtime.output import print_json, print_line
    from modules.runtime.process import run
    from modules.runtime.settings import LogSettings

    def show(report: DemoReport) -> None:
        if as_json:
            print_json(make_converter().unstructure(report))
            return
        for line in report_lines(report):
            print_line(line)

    async def main() -> int:
        configure_logging(quiet(LogSettings()))
        wishes = Wishes(
            mails=mails,
            seed=seed,
            once=once or as_json,
            say=_silent if as_json else print_line,
            progress=None if as_json else sys.stderr,
        )
        return int(not (await demonstrate(wishes, show)).passed)

    run(main, as_json=as_json)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of SHELL: eval "$(iacsgraph completion bash)"."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(root, {}, "iacsgraph", "_IACSGRAPH_COMPLETE").source())


def main() -> None:
    """Run the command line. Garbage is looked for from `edge` on: what a command imports before stays anyway."""
    gc.disable()
    gc.set_threshold(_YOUNG)
    with settled():
        root(prog_name="iacsgraph")
