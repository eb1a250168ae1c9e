"""The commands `auth`."""

import click

from modules.runtime.process import run


@click.group()
def auth() -> None:
    """Keep accounts signed in."""


@auth.command()
def keep() -> None:
    """Refresh every account's token ahead of its expiry, until interrupted. Several may run at once."""
    from modules.auth.compose import compose
    from modules.auth.keeping import begin
    from modules.auth.settings import read_settings

    async def main() -> None:
        settings = read_settings()
        begin(settings)
        async with compose(settings) as composed:
            await composed.keeper.run()

    run(main)
