"""The commands `mail process` and `mail dropped`."""

import click

from modules.runtime.process import run

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.option("--once/--watch", "once", default=True, help="Process what waits now, the default; or go on with more.")
@click.option("--workers", type=click.IntRange(1, 32), metavar="N", help="Batches worked on at the same time.")
@as_json
def process(once: bool, workers: int | None, as_json: bool) -> None:  # noqa: FBT001 - as all flags here
    """Read stored mail, and announce it as email.received; newsletters and the like are dropped, with the reason.

    Any number of these may run. With --watch it goes on until it is interrupted; then it is the log that tells.
    """
    import attrs

    from modules.mail_process.command import command_settings
    from modules.mail_process.processing import keep_processing, print_processed, process_waiting
    from modules.mail_process.settings import MailProcessSettings, read_settings

    if as_json and not once:
        raise click.UsageError("--watch prints nothing: leave out --json.")

    def with_workers(settings: MailProcessSettings) -> MailProcessSettings:
        if workers is None:
            return settings
        return attrs.evolve(settings, processing=attrs.evolve(settings.processing, workers=workers))

    async def main() -> int:
        if not once:
            await keep_processing(with_workers(read_settings()))
            return 0
        report = await process_waiting(with_workers(command_settings()))
        print_processed(report, as_json=as_json)
        return 0

    run(main, as_json=as_json)


@click.group()
def dropped() -> None:
    """Look at mail that was not announced, and have it announced all the same."""


@dropped.command("list", short_help="Show dropped mail with the reasons.")
@click.argument("user", required=False)
@as_json
def list_dropped(user: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Show the dropped mail of USER, or of all, latest dropped first."""
    from modules.mail_process.command import command_settings
    from modules.mail_process.compose import compose_reading
    from modules.mail_process.dropped import dropped_lines
    from modules.runtime.records import print_records

    async def main() -> None:
        settings = command_settings()
        async with compose_reading(settings) as tools:
            lines = await dropped_lines(tools, user)
        if lines or as_json:
            print_records(lines, settings.time.zone, as_json=as_json)
        else:
            click.echo("No mail was dropped.", err=True)

    run(main, as_json=as_json)


@dropped.command(short_help="Announce dropped mail all the same.")
@click.argument("mail_ids", nargs=-1, required=True, metavar="MAIL_ID...")
@as_json
def restore(mail_ids: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Announce dropped mails all the same: MAIL_ID is as `mail dropped list` prints it."""
    from modules.mail_process.command import command_settings
    from modules.mail_process.compose import compose
    from modules.mail_process.dropped import restore as restore_mails
    from modules.mail_process.dropped import restored_words
    from modules.runtime.actor import operator
    from modules.runtime.output import print_json
    from modules.runtime.schema import make_converter

    async def main() -> int:
        async with compose(command_settings()) as tools:
            report, code = await restore_mails(tools, mail_ids, operator(), as_json=as_json)
        if as_json:
            print_json(make_converter().unstructure(report))
        else:
            click.echo(restored_words(report))
        return code

    run(main, as_json=as_json)
