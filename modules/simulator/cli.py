"""The command `simulator`."""

from pathlib import Path
from typing import TypedDict, Unpack

import click

from modules.runtime.process import run

HTTP_PORT, HTTPS_PORT = 8400, 8443
_PORT = click.IntRange(0, 65_535)


class _Options(TypedDict):
    """The options that are settings as they are."""

    port: int
    tls: bool
    tls_port: int
    seed: int
    users: int
    mails: int
    live: float
    strict: bool


@click.command()
@click.option("--port", type=_PORT, default=HTTP_PORT, show_default=True, help="Port of http; 0: any free one.")
@click.option("--tls/--no-tls", default=False, show_default=True, help="Also listen on https, with a CA of its own.")
@click.option("--tls-port", type=_PORT, default=HTTPS_PORT, show_default=True, help="Port of https; 0: any free one.")
@click.option("--seed", type=int, default=0, show_default=True, help="People, ids and secrets follow from it.")
@click.option("--users", type=click.IntRange(1, 10_000), default=3, show_default=True, help="Number of people.")
@click.option("--mails", type=click.IntRange(0, 100_000), default=0, show_default=True, help="Mails of each person.")
@click.option("--live", type=click.FloatRange(0, 60_000), default=0, metavar="PER_MINUTE", help="Mails sent meanwhile.")
@click.option("--token-lifetime", type=click.IntRange(1, 86_400), metavar="SECONDS", help="Else 60 to 90 minutes.")
@click.option("--strict", is_flag=True, help="A refresh token that is used twice ends its family, unlike at Entra.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--write",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write .env.simulator, accounts/*.yaml, with --tls ca.pem, and with mails truth.json to this directory.",
)
def simulator(
    *, as_json: bool, directory: Path | None, token_lifetime: int | None, **options: Unpack[_Options]
) -> None:
    """Run a local Entra ID with people, applications and sign-in pages, until interrupted.

    It prints where it listens, who can sign in, and settings and enrolment files that fit. It is for this machine
    alone: its passwords and secrets are printed.
    """
    import asyncio
    import sys
    from datetime import timedelta

    from modules.runtime.output import print_json
    from modules.simulator.opening import as_text
    from modules.simulator.schema import make_converter
    from modules.simulator.serving import serve
    from modules.simulator.settings import SimulatorSettings

    lifetime = timedelta(seconds=token_lifetime) if token_lifetime else None
    settings = SimulatorSettings(token_lifetime=lifetime, **options)
    place = directory and directory.absolute()

    async def main() -> None:
        async with serve(settings, place) as opening:
            if as_json:
                print_json(make_converter().unstructure(opening), show_secrets=True)
            else:
                click.echo(as_text(opening).encode(sys.stdout.encoding, "backslashreplace"))
            await asyncio.Event().wait()

    run(main, as_json=as_json)
