"""Where browsers come back to during `auth login`: this machine, at the redirect URI's port or, if taken, another."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import SplitResult, urlsplit

from domain.errors import ConfigurationError
from modules.auth.compose import Auth
from modules.auth.http import make_application
from modules.auth.visitors import Visitors
from modules.runtime.http_server import open_server

LOCALHOST = "localhost"
"""All addresses that browsers may take it for: another program must not answer at one of them."""
_LOCAL = frozenset({LOCALHOST, "127.0.0.1"})


@asynccontextmanager
async def listening(
    auth: Auth, redirect_uris: Iterable[str], authority: str, visitors: Visitors
) -> AsyncIterator[Mapping[str, str]]:
    """Listen for all of them that lead to this machine; yields the redirect URI to send for each.

    Entra ignores the port of a redirect URI to localhost, so one that is taken is no obstacle. Others lead to a sign-in
    server (`auth serve`), which finishes what is begun here.
    Source: Microsoft identity platform, reply-url.md.
    """
    wanted: dict[int, dict[str, SplitResult]] = defaultdict(dict)
    for uri in redirect_uris:
        parts = urlsplit(uri)
        if parts.scheme == "http" and parts.hostname in _LOCAL:
            wanted[parts.port or 80][uri] = parts
    actual: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        for port, group in wanted.items():
            application = make_application(
                auth.sign_ins,
                public_url=f"http://{LOCALHOST}:{port}",
                callback_paths={parts.path for parts in group.values()},
                authority=authority,
                ready=auth.sign_ins.devices,
                visitors=visitors,
                lasting=False,
            )
            try:
                _, bound = await stack.enter_async_context(open_server(application, host=LOCALHOST, port=port))
            except ConfigurationError:
                _, bound = await stack.enter_async_context(open_server(application, host=LOCALHOST, port=0))
            for uri, parts in group.items():
                moved = parts._replace(netloc=f"{parts.hostname}:{bound}").geturl()
                actual[uri] = uri if bound == port else moved
        yield actual
