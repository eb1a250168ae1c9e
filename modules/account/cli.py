"""The commands `account`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modules.runtime.process import run

if TYPE_CHECKING:
    from modules.account.settings import AccountSettings

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
several = click.argument("users", nargs=-1, required=True)
why = click.option("--reason", default="not given", show_default=True, help="Kept in the audit trail.")
STATUSES = ("ACTIVE", "INACTIVE", "LOCKED", "REAUTH_REQUIRED")


@click.group()
def account() -> None:
    """Enrol accounts, look at them, allow and forbid their use."""


@account.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--prune", is_flag=True, help="Deactivate accounts that no file of the directory names.")
@click.option("--check", "only_check", is_flag=True, help="Only say what would be done: nothing is written.")
@click.option(
    "--preflight/--no-preflight",
    default=None,
    help="Ask Azure about the applications of all files, or of none.  [default: of those new or changed]",
)
@as_json
def enroll(
    paths: tuple[Path, ...],
    prune: bool,  # noqa: FBT001 - as all flags here
    only_check: bool,  # noqa: FBT001
    preflight: bool | None,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Enrol accounts from YAML files, one account each, and bring those enrolled to what the files say.

    PATHS are files and directories; by default the directory ENROLLMENT_DIRECTORY (./enrollment). Enrolling the same
    again changes nothing. Exit code 9 if a file is faulty (all others are enrolled), 1 if an application cannot work.
    """
    if prune and paths and not any(path.is_dir() for path in paths):
        raise click.UsageError("--prune needs a directory: files do not tell who is no longer wanted.")
    if only_check and preflight:
        raise click.UsageError("--preflight does not go with --check.")

    async def main() -> int:
        from modules.account.enrolling import Wishes, enrol_and_examine, exit_code
        from modules.account.printing import print_enrolment
        from modules.runtime.actor import operator

        settings = begin()
        wishes = Wishes(
            paths=paths or (settings.enrolment.directory,),
            actor=operator(),
            only_check=only_check,
            prune=prune,
            preflight=preflight,
        )
        report = await enrol_and_examine(settings, wishes)
        print_enrolment(report, as_json=as_json)
        return exit_code(report)

    run(main, as_json=as_json)


@account.command()
@click.argument("users", nargs=-1)
@as_json
def check(users: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Ask Azure about the applications of USERS, or of all accounts. Exit code 1 if one cannot work."""

    async def main() -> int:
        from modules.account.compose import compose_reading, open_directory
        from modules.account.enrolling import any_fault, finding_lines
        from modules.account.printing import print_findings
        from modules.runtime.output import print_json
        from modules.runtime.schema import make_converter
        from modules.runtime.several import each

        settings = begin()
        async with compose_reading(settings) as tools, open_directory(settings) as directory:
            checkup = tools.checkup(directory)
            accounts, code = await each(users, tools.accounts.find, as_json=as_json)
            found = finding_lines(await (checkup.of(accounts) if users else checkup.every()), also_ok=True)
        if as_json:
            print_json(make_converter().unstructure(found))
        elif found:
            print_findings(found)
        elif not users:
            click.echo("No application to ask about.", err=True)
        return code or int(any_fault(found))

    run(main, as_json=as_json)


@account.command(name="list")
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="Only those of this status.")
@click.option("--needing", is_flag=True, help="Only those whose owner or administrator must act.")
@as_json
def list_(status: str | None, needing: bool, as_json: bool) -> None:  # noqa: FBT001
    """List accounts: where they stand, and who must act."""

    async def main() -> None:
        from domain.account import AccountStatus
        from modules.account.compose import compose_reading
        from modules.account.overview import COLUMNS, lines
        from modules.runtime.records import print_records

        settings = begin()
        async with compose_reading(settings) as tools:
            found = await lines(tools, AccountStatus(status) if status else None, needing=needing)
        if found or as_json:
            print_records(found, settings.time.zone, as_json=as_json, columns=COLUMNS)
        else:
            click.echo("No account.", err=True)

    run(main, as_json=as_json)


@account.command()
@click.argument("user")
@as_json
def show(user: str, as_json: bool) -> None:  # noqa: FBT001
    """Show all that is known of USER, but no secret."""

    async def main() -> None:
        from modules.account.compose import compose_reading
        from modules.account.overview import details
        from modules.account.printing import print_details

        settings = begin()
        async with compose_reading(settings) as tools:
            found = await details(tools, user)
        print_details(found, settings.time.zone, as_json=as_json)

    run(main, as_json=as_json)


@account.command()
@click.argument("user")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="Newest entries only.")
@as_json
def audit(user: str, limit: int, as_json: bool) -> None:  # noqa: FBT001
    """Show who did what to USER, oldest first."""

    async def main() -> None:
        from modules.account.compose import compose_reading
        from modules.account.overview import audit_line
        from modules.account.printing import print_audit

        settings = begin()
        async with compose_reading(settings) as tools:
            trail = (await tools.accounts.audit_trail(user))[-limit:]
        print_audit([audit_line(entry) for entry in trail], settings.time.zone, as_json=as_json)

    run(main, as_json=as_json)


@account.command()
@several
@why
@as_json
def activate(users: tuple[str, ...], reason: str, as_json: bool) -> None:  # noqa: FBT001
    """Take INACTIVE accounts into use again."""
    change_status("activate", users, reason, as_json=as_json)


@account.command()
@several
@why
@as_json
def deactivate(users: tuple[str, ...], reason: str, as_json: bool) -> None:  # noqa: FBT001
    """Take accounts out of use."""
    change_status("deactivate", users, reason, as_json=as_json)


@account.command()
@several
@why
@as_json
def lock(users: tuple[str, ...], reason: str, as_json: bool) -> None:  # noqa: FBT001
    """Forbid the use of accounts for now."""
    change_status("lock", users, reason, as_json=as_json)


@account.command()
@several
@why
@as_json
def unlock(users: tuple[str, ...], reason: str, as_json: bool) -> None:  # noqa: FBT001
    """Allow the use of LOCKED accounts again."""
    change_status("unlock", users, reason, as_json=as_json)


@account.command()
@click.argument("user")
@click.argument("new_user_id")
@as_json
def rename(user: str, new_user_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Give USER a new user id; rename the enrolment file, too."""

    async def main() -> None:
        from domain.errors import ValidationError
        from modules.account.compose import compose
        from modules.account.overview import status_line
        from modules.runtime.actor import operator
        from modules.runtime.records import print_records

        settings = begin()
        if new_user_id.startswith((".", "-")) or not {"/", "\\"}.isdisjoint(new_user_id):
            msg = "A user id is the name of its enrolment file: it holds no / or \\, and begins with no . or -."
            raise ValidationError(msg, error_code="USER_ID_UNFIT")
        async with compose(settings) as tools:
            renamed = await tools.accounts.update(user, actor=operator(), new_user_id=new_user_id)
        print_records([status_line(renamed)], settings.time.zone, as_json=as_json)

    run(main, as_json=as_json)


def change_status(verb: str, users: tuple[str, ...], reason: str, *, as_json: bool) -> None:
    """Run one of the verbs of `Accounts` for several users; one failing never stops the others."""

    async def main() -> int:
        from modules.account.compose import compose
        from modules.account.overview import status_line
        from modules.runtime.actor import operator
        from modules.runtime.records import print_records
        from modules.runtime.several import each

        settings, actor = begin(), operator()
        async with compose(settings) as tools:
            act: Callable[..., Any] = getattr(tools.accounts, verb)
            done, code = await each(users, lambda user: act(user, actor=actor, reason=reason), as_json=as_json)
        if done or as_json:
            print_records([status_line(changed) for changed in done], settings.time.zone, as_json=as_json)
        return code

    run(main, as_json=as_json)


def begin() -> "AccountSettings":
    """Read the settings and set up logging by them.

    Raises: ConfigurationError.
    """
    from modules.account.settings import read_settings
    from modules.runtime.logs import configure_logging, quiet

    settings = read_settings()
    configure_logging(quiet(settings.log), zone=settings.time.zone)
    return settings
