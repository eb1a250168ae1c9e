"""The commands `auth`."""

import sys
from datetime import timedelta

import click

from modules.runtime.process import run

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def auth() -> None:
    """Sign people in, hand out their tokens and keep them fresh."""


@auth.command()
@click.argument("users", nargs=-1)
@click.option("--all", "everybody", is_flag=True, help="All accounts that may be used.")
@click.option("--needing", is_flag=True, help="With --all: only those that need a sign-in.")
@click.option("--device", is_flag=True, help="Use device codes: sign in on any other machine.")
@click.option("--no-browser", is_flag=True, help="Only print the addresses.")
@as_json
def login(
    users: tuple[str, ...],
    everybody: bool,  # noqa: FBT001 - as all flags here
    needing: bool,  # noqa: FBT001
    device: bool,  # noqa: FBT001
    no_browser: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Sign the owners of USERS in: in a browser, or by device code. Several at once; Ctrl-C gives up what is open."""
    from modules.auth.command import command_settings
    from modules.auth.login import Wishes, login_all

    if bool(users) == everybody:
        raise click.UsageError("Name USERS, or say --all.")
    if needing and not everybody:
        raise click.UsageError("--needing goes with --all.")
    wishes = Wishes(users=users, needing=needing, device=device, browser=not no_browser, as_json=as_json)
    run(lambda: login_all(command_settings(), wishes), as_json=as_json)


@auth.command()
def serve() -> None:
    """Serve sign-in pages and reconnect links until interrupted; settings: AUTH_LISTEN and AUTH_PUBLIC_URL."""
    from modules.auth.beginning import begin
    from modules.auth.compose import compose
    from modules.auth.serving import serve as serve_pages
    from modules.auth.settings import read_settings

    async def main() -> None:
        settings = read_settings()
        begin(settings, "serving sign-ins")
        async with compose(settings) as composed:
            await serve_pages(composed, settings)

    run(main)


@auth.command()
@click.argument("user")
@click.option("--hours", type=click.IntRange(1, 24 * 30), default=72, show_default=True, help="How long it is good.")
@as_json
def link(user: str, hours: int, as_json: bool) -> None:  # noqa: FBT001
    """Print a reconnect link to mail to USER: good for one sign-in, at the server of 'auth serve'."""
    from modules.auth.command import command_settings
    from modules.auth.links import make_link
    from modules.runtime.output import print_json
    from modules.runtime.schema import make_converter

    async def main() -> None:
        report = await make_link(command_settings(), user, timedelta(hours=hours))
        if as_json:
            print_json(make_converter().unstructure(report), show_secrets=True)
            return
        click.echo(report.link)
        click.echo(f"Good for one sign-in until {report.expires_at:%Y-%m-%d %H:%M} UTC.", err=True)
        if report.local:
            click.echo("AUTH_PUBLIC_URL is not set: the link opens on this machine only.", err=True)

    run(main, as_json=as_json)


@auth.command()
@click.argument("user", required=False)
@as_json
def status(user: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Show where accounts stand and who must act: no network, nothing is written."""
    from modules.auth.command import command_settings
    from modules.auth.compose import compose_stored
    from modules.auth.standing import COLUMNS, standing
    from modules.runtime.records import print_records

    async def main() -> None:
        settings = command_settings()
        async with compose_stored(settings) as stored:
            states = await standing(stored, user)
        print_records(states, settings.time.zone, as_json=as_json, columns=COLUMNS)

    run(main, as_json=as_json)


@auth.command()
@as_json
def sessions(as_json: bool) -> None:  # noqa: FBT001
    """Show the sign-ins that are under way: no network, nothing is written."""
    from modules.auth.command import command_settings
    from modules.auth.compose import compose_stored
    from modules.auth.standing import under_way
    from modules.runtime.records import print_records

    async def main() -> None:
        settings = command_settings()
        async with compose_stored(settings) as stored:
            found = await under_way(stored)
        if found or as_json:
            print_records(found, settings.time.zone, as_json=as_json)
        else:
            click.echo("No sign-in is under way.", err=True)

    run(main, as_json=as_json)


@auth.command()
@click.argument("user")
@click.option(
    "--min-lifetime",
    type=click.IntRange(min=0),
    default=0,
    metavar="SECONDS",
    help="How long it should still live; else the longest that can be had.",
)
@as_json
def token(user: str, min_lifetime: int, as_json: bool) -> None:  # noqa: FBT001
    """Print a valid access token of USER for a script; it is refreshed first if need be."""
    from modules.auth.command import command_settings
    from modules.auth.compose import compose, compose_tokens

    async def main() -> None:
        settings, needed = command_settings(), timedelta(seconds=min_lifetime)
        async with compose_tokens(settings) as tokens:
            access = await tokens.at_hand(user, needed)
        if access is None:
            async with compose(settings) as composed:
                access = await composed.service.get_valid_token(user, needed)
        if not as_json:
            click.echo(access.value)
            return
        from modules.auth.schema import HandedOut
        from modules.runtime.output import print_json
        from modules.runtime.schema import make_converter

        report = HandedOut(user=user, expires_at=access.expires_at, scopes=access.scopes, access_token=access.value)
        print_json(make_converter().unstructure(report), show_secrets=True)

    run(main, as_json=as_json)


@auth.command()
@click.argument("users", nargs=-1, required=True)
@as_json
def refresh(users: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Refresh the tokens of USERS now, whatever is stored; an account that lost its grant may so find it again."""
    from modules.auth.command import command_settings
    from modules.auth.compose import compose
    from modules.auth.schema import TokenReport
    from modules.runtime.records import print_records
    from modules.runtime.several import each

    async def main() -> int:
        settings = command_settings()
        async with compose(settings) as composed:

            async def renew(user: str) -> TokenReport:
                access = await composed.service.refresh_token(user)
                return TokenReport(user=user, expires_at=access.expires_at, scopes=access.scopes)

            done, code = await each(users, renew, as_json=as_json)
        print_records(done, settings.time.zone, as_json=as_json)
        return code

    run(main, as_json=as_json)


@auth.command()
@click.argument("users", nargs=-1, required=True)
@click.option("--everywhere", is_flag=True, help="Also end the person's sessions in EVERY application.")
@click.option("--forget-owner", is_flag=True, help="The mailbox has a new owner: let them sign in next.")
@click.option("--yes", is_flag=True, help="Do not ask back.")
@as_json
def logout(
    users: tuple[str, ...],
    everywhere: bool,  # noqa: FBT001
    forget_owner: bool,  # noqa: FBT001
    yes: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Forget the tokens of USERS here; their owners must sign in again."""
    from modules.auth.command import command_settings
    from modules.auth.compose import compose
    from modules.auth.leaving import EVERYWHERE, leave
    from modules.runtime.records import print_records
    from modules.runtime.several import each

    if everywhere:
        click.echo(EVERYWHERE, err=True)
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("--everywhere asks back, and nobody can answer here: add --yes.")
            click.confirm("Go on?", abort=True, err=True)

    async def main() -> int:
        settings = command_settings()
        async with compose(settings) as composed:
            done, code = await each(
                users,
                lambda user: leave(composed, user, everywhere=everywhere, forget_owner=forget_owner),
                as_json=as_json,
            )
        print_records(done, settings.time.zone, as_json=as_json)
        return code

    run(main, as_json=as_json)


@auth.command()
def keep() -> None:
    """Refresh every account's token ahead of its expiry, until interrupted. Several may run at once."""
    from modules.auth.beginning import KEEPING, begin
    from modules.auth.compose import compose
    from modules.auth.settings import read_settings

    async def main() -> None:
        settings = read_settings()
        begin(settings, KEEPING)
        async with compose(settings) as composed:
            await composed.keeper.run()

    run(main)
