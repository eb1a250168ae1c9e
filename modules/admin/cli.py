"""The commands `init`, `doctor`, `keys` and `db`."""

import os
import sys
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modules.runtime.edge import edge
from modules.runtime.process import run

if TYPE_CHECKING:
    from modules.admin.key_tools import Bar

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    default=Path(".env"),
    show_default=True,
    envvar="IACSGRAPH_ENV_FILE",
    show_envvar=True,
)
def init(env_file: Path) -> None:
    """Write a commented .env with a fresh ENCRYPTION_KEY; an existing file is never overwritten."""
    import shlex

    from domain.errors import ConfigurationError
    from modules.admin.compose import new_key
    from modules.runtime.env_template import env_template
    from modules.runtime.environment import ENV_FILE

    with edge():
        try:
            descriptor = os.open(env_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            msg = f"{env_file} exists already and is left as it is."
            raise ConfigurationError(msg, error_code="ENV_FILE_EXISTS") from error
        except OSError as error:
            msg = f"{env_file} cannot be written ({error.strerror})."
            raise ConfigurationError(msg, error_code="ENV_FILE_UNWRITABLE") from error
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(env_template(encryption_key=new_key()))
        click.echo(f"{env_file} written, readable for you alone. Keep a copy of its ENCRYPTION_KEY in a safe place.")
        found = "" if env_file == Path(".env") else f"{ENV_FILE}={shlex.quote(str(env_file))} "
        click.echo(f"Next: {found}iacsgraph doctor")


@click.command()
@as_json
def doctor(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Check what is configured: one line each, with what to do. Exit code 1 if anything fails."""
    from modules.admin.doctor import check_up
    from modules.admin.schema import Outcome, make_converter
    from modules.runtime.logs import configure_logging, quiet
    from modules.runtime.output import print_rows
    from modules.runtime.settings import LogSettings

    async def main() -> int:
        configure_logging(quiet(LogSettings()))  # whatever LOG_LEVEL says: that is among what is checked
        results = await check_up()
        print_rows(make_converter().unstructure(results), as_json=as_json)
        return int(any(result.outcome is Outcome.FAIL for result in results))

    run(main, as_json=as_json)


@click.group()
def keys() -> None:
    """Make, count and rotate encryption keys.

    To change keys: add the new key SECOND in ENCRYPTION_KEY everywhere and restart; put it first everywhere and run
    'iacsgraph keys rotate'; restart what still has the old key first; then drop the old key.
    """


@keys.command()
def generate() -> None:
    """Print a new key."""
    from modules.admin.compose import new_key

    with edge():
        click.echo(new_key())


@keys.command()
@as_json
def status(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Count the stored secrets by the key that they are under."""
    from modules.admin.key_tools import key_lines
    from modules.admin.schema import make_converter
    from modules.runtime.output import print_rows

    async def main() -> None:
        print_rows(make_converter().unstructure(await key_lines()), as_json=as_json)

    run(main, as_json=as_json)


@keys.command()
@click.option("--back", is_flag=True, help="Go back to a key that was replaced before.")
@as_json
def rotate(as_json: bool, back: bool) -> None:  # noqa: FBT001 - flags of the command line
    """Re-encrypt every secret with the first key while others go on working; may be interrupted and repeated."""
    from modules.admin.key_tools import rotate_keys
    from modules.admin.schema import make_converter
    from modules.runtime.output import print_json

    async def main() -> None:
        report = await rotate_keys(partial(progress_bar, hidden=as_json), back=back)
        if as_json:
            print_json(make_converter().unstructure(report))
        else:
            click.echo(
                f"{report.moved} secrets moved to key {report.key_id}; {report.remaining} remain under old keys."
            )

    run(main, as_json=as_json)


def progress_bar(length: int, *, hidden: bool) -> "AbstractContextManager[Bar]":
    """Return a bar on standard error, unless that is no terminal."""
    hidden = hidden or not sys.stderr.isatty()
    return click.progressbar(length=length, label="Moving secrets", file=sys.stderr, hidden=hidden)


@click.group()
def db() -> None:
    """Migrate, check and back up the database."""


@db.command()
@as_json
def migrate(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Create the database or bring its schema up to date. Exit code 1 if the database is not sound."""
    from modules.admin.database_tools import migrate_database
    from modules.admin.schema import make_converter
    from modules.runtime.output import print_rows

    async def main() -> int:
        report = await migrate_database()
        print_rows([make_converter().unstructure(report)], as_json=as_json)
        return int(bool(report.problems))

    run(main, as_json=as_json)


@db.command()
@as_json
def check(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Check integrity and references. Exit code 1 if the database is not sound. Nothing is written."""
    from modules.admin.database_tools import inspect_database
    from modules.admin.schema import make_converter
    from modules.runtime.output import print_rows

    async def main() -> int:
        report = await inspect_database()
        print_rows([make_converter().unstructure(report)], as_json=as_json)
        return int(bool(report.problems))

    run(main, as_json=as_json)


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the database to FILE while others use it; an existing file is never overwritten."""
    from modules.admin.database_tools import back_up

    async def main() -> None:
        await back_up(file)
        click.echo(f"{file} written. Its secrets open only with the keys of ENCRYPTION_KEY; keep those apart from it.")

    run(main)
