"""`auth serve`: the sign-in pages as a long-running server, which also finishes sign-ins by device code."""

import asyncio
import logging
from datetime import timedelta
from urllib.parse import urlsplit

from domain.errors import AuthenticationError, DatabaseError, EncryptionError
from domain.sign_in import SignIn
from modules.auth.beginning import refuse_practice
from modules.auth.compose import Auth
from modules.auth.http import make_application
from modules.auth.settings import AuthSettings
from modules.runtime.http_server import open_server

CALLBACK = "/auth/callback"
LOOK_AGAIN = timedelta(seconds=1)
_LOGGER = logging.getLogger(__name__)


def public_url(settings: AuthSettings) -> str:
    """Return the address under which people reach the server, without a slash at its end."""
    return (settings.server.public_url or f"http://{settings.server.listen}").rstrip("/")


async def serve(auth: Auth, settings: AuthSettings) -> None:
    """Serve until cancelled.

    Raises:
        ConfigurationError: the port is taken.
        DatabaseError: the store failed for good.
    """
    refuse_practice(settings)
    host, _, port = settings.server.listen.rpartition(":")
    redirects = await redirect_uris(auth, settings)
    paths = {CALLBACK} | {urlsplit(uri).path or "/" for uri in redirects}
    application = make_application(
        auth.sign_ins,
        public_url=public_url(settings),
        callback_paths=paths,
        authority=settings.provider.authority,
        ready=auth.sign_ins.devices,
        origins=redirects,
    )
    async with open_server(application, host=host.strip("[]"), port=int(port)) as (_, bound):
        facts = {"port": bound, "public_url": public_url(settings), "callbacks": " ".join(sorted(paths))}
        _LOGGER.info("sign-in server is listening", extra=facts)
        await finish_devices(auth)


async def redirect_uris(auth: Auth, settings: AuthSettings) -> set[str]:
    """Return all redirect URIs: of the global application, and of the accounts' own."""
    applications = [account.application async for account in auth.accounts.every()]
    uris = {application.redirect_uri for application in applications if application is not None}
    if settings.azure is not None:
        uris.add(settings.azure.redirect_uri)
    return {uri for uri in uris if uri is not None}


async def finish_devices(auth: Auth) -> None:
    """Poll all open device sign-ins, whoever began them, until cancelled.

    Raises:
        DatabaseError: the store failed for good; passing failures are waited out.
    """
    while True:
        try:
            await _poll_all(auth)
        except DatabaseError as error:
            if not error.transient:
                raise
            _LOGGER.warning("device sign-ins are looked at later: %s", error.message)
        await auth.clock.sleep(LOOK_AGAIN)


async def _poll_all(auth: Auth) -> None:
    now = auth.clock.now()
    due = [each for each in await auth.sign_ins.devices() if each.device is not None and each.device.poll_at <= now]
    async with asyncio.TaskGroup() as group:
        polls = [group.create_task(_poll(auth, each)) for each in due]
    for error in filter(None, (poll.result() for poll in polls)):
        raise error


async def _poll(auth: Auth, sign_in: SignIn) -> DatabaseError | None:
    """Ask once; that somebody else finished it, or gave it up, is no matter."""
    try:
        await auth.sign_ins.poll(sign_in.sign_in_id)
    except (AuthenticationError, EncryptionError) as error:
        _LOGGER.debug("a device sign-in is left alone: %s", error.message)
    except DatabaseError as error:
        return error
    return None
