"""The commands `mail sync`, `mail stats` and `mail reconcile`."""

from datetime import datetime, timedelta

import click

from modules.runtime.process import run

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_SINCE = "Only mail received from then on: a date, a number of days, 24h, 7d, 2w, or all. Reaches ever further back."
_WATCH = "Go on until interrupted: sync each mailbox again after so long (30s, 5m, 1h). The log tells."


@click.command()
@click.argument("users", nargs=-1)
@click.option("--all", "everybody", is_flag=True, help="All accounts that may be used.")
@click.option("--since", metavar="WHEN", help=_SINCE)
@click.option("--watch", "every", metavar="INTERVAL", help=_WATCH)
@as_json
def sync(
    users: tuple[str, ...],
    everybody: bool,  # noqa: FBT001 - as all flags here
    since: str | None,
    every: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Copy the mailboxes of USERS into the store, and follow what comes, moves and goes.

    Whatever interrupts it, the next sync goes on from there: nothing is lost, and nothing comes twice. The exit code is
    that of the first failure, in the order of USERS; one mailbox's failure never stops another.
    """
    from modules.mail_sync.command import quietly
    from modules.mail_sync.compose import compose, now
    from modules.mail_sync.periods import interval, reach
    from modules.mail_sync.settings import MailSyncSettings, read_settings
    from modules.mail_sync.syncing import keep_syncing, sync_once

    if bool(users) == everybody:
        raise click.UsageError("Name USERS, or say --all.")
    if every is not None and as_json:
        raise click.UsageError("--watch prints nothing: leave out --json.")
    named = None if everybody else users

    def wishes(settings: MailSyncSettings) -> tuple[datetime | None, timedelta | None]:
        try:
            wanted = reach(since, now(), settings.time.zone)
        except ValueError as error:
            raise click.UsageError(f"--since: {error}.") from None
        try:
            return wanted, None if every is None else interval(every)
        except ValueError as error:
            raise click.UsageError(f"--watch: {error}.") from None

    async def main() -> int:
        settings = read_settings()
        wanted, pause = wishes(settings)
        if pause is not None:
            await keep_syncing(settings, named, wanted, pause)
            return 0
        async with compose(quietly(settings)) as tools:
            return await sync_once(tools, named, wanted, settings.time.zone, as_json=as_json)

    run(main, as_json=as_json)


@click.command()
@as_json
def stats(as_json: bool) -> None:  # noqa: FBT001
    """Show what is stored of each mailbox, up to when it is complete, and what waits to be processed."""
    from modules.mail_sync.command import quietly
    from modules.mail_sync.compose import compose_stats
    from modules.mail_sync.settings import read_stats_settings
    from modules.mail_sync.standing import print_stats
    from modules.mail_sync.standing import stats as read_stats

    async def main() -> None:
        settings = quietly(read_stats_settings())
        async with compose_stats(settings) as stored:
            report = await read_stats(stored)
        print_stats(report, settings.time.zone, as_json=as_json)

    run(main, as_json=as_json)


@click.command()
@click.argument("user")
@click.option("--repair", is_flag=True, help="Store what is missing, and that mails are gone.")
@as_json
def reconcile(user: str, repair: bool, as_json: bool) -> None:  # noqa: FBT001
    """Compare what is stored of USER's mailbox with the mailbox, message by message.

    Says up to when it is complete, or what is missing: then the exit code is 1. What came or went since the last sync
    is not missing.
    """
    from modules.mail_sync.command import quietly
    from modules.mail_sync.compose import compose
    from modules.mail_sync.reconciling import announcer, print_report, reconcile_report
    from modules.mail_sync.settings import read_settings

    async def main() -> int:
        settings = quietly(read_settings())
        async with compose(settings) as tools:
            found = await tools.reconciliation.compare(user, repair=repair, heard=announcer(as_json=as_json))
        print_report(reconcile_report(found), settings.time.zone, as_json=as_json)
        return 0 if found.is_right else 1

    run(main, as_json=as_json)
