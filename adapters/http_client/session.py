"""The HTTP connections of a process to Microsoft: the identity provider and Graph."""

import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from domain.errors import ConfigurationError

CONNECTIONS = 100
KEEP_ALIVE_SECONDS = 15
CONNECT_SECONDS = 5
READ_SECONDS = 10
"""Longest silence of a server."""
TOTAL_SECONDS = 20
AGENT = "iacsgraph"
SERVICE_UNAVAILABLE = 503


class Response(aiohttp.ClientResponse):
    """An answer; one that says that the server is not available (503) is the last on its connection.

    Whoever is behind the connection will hardly be better the next time; Graph's best practices ask for a new one.
    """

    async def start(self, connection: Connection) -> "Response":
        """Read the head of the answer."""
        protocol = connection.protocol
        await super().start(connection)
        if protocol is not None and self.status == SERVICE_UNAVAILABLE:
            protocol.force_close()
            if self.connection is None:  # a short body came with the head: it is in the pool again
                protocol.close()
        return self


@asynccontextmanager
async def open_session(*, ca_file: Path | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """Open the session that all calls of a process share; certificates are checked against `ca_file` or the system's.

    It keeps no cookies and reads no `.netrc`, whose credentials must not reach a token endpoint.

    Raises:
        ConfigurationError: `ca_file` cannot be read (CA_FILE_UNREADABLE).
    """
    connector = aiohttp.TCPConnector(
        limit=CONNECTIONS,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        ssl=True if ca_file is None else _trust(ca_file),
    )
    async with aiohttp.ClientSession(
        connector=connector,
        response_class=Response,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": AGENT},
        timeout=timeout(TOTAL_SECONDS),
        trust_env=False,
        auto_decompress=True,
    ) as session:
        yield session


def timeout(seconds: float | None, silence: float | None = None) -> aiohttp.ClientTimeout:
    """Return the bounds of a request that may take `seconds` in all, waiting for a free connection included.

    None bounds connecting and each silence of the server alone: to `silence` seconds, if given.
    """
    connect = CONNECT_SECONDS if seconds is None else min(CONNECT_SECONDS, seconds)
    return aiohttp.ClientTimeout(total=seconds, sock_connect=connect, sock_read=silence or READ_SECONDS)


def proxy_for(url: URL) -> URL | None:
    """Return the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for an address; loopback never has one."""
    host = url.host or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxy = getproxies().get(url.scheme)
    if not proxy:
        return None
    return URL(proxy if "://" in proxy else f"http://{proxy}")  # curl, too, takes it without a scheme


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _trust(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        msg = f"AZURE_CA_FILE: {ca_file} holds no certificates that can be read: the operator must name a PEM file."
        raise ConfigurationError(msg, error_code="CA_FILE_UNREADABLE") from error
