"""The HTTP connections of a process to Microsoft: the identity provider and Graph."""

import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from domain.errors import ConfigurationError

CONNECTIONS = 100
KEEP_ALIVE_SECONDS = 15
CONNECT_SECONDS = 5
READ_SECONDS = 10
"""Longest silence of a server."""
TOTAL_SECONDS = 20
AGENT = "iacsgraph"


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
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": AGENT},
        timeout=timeout(TOTAL_SECONDS),
        trust_env=False,
        auto_decompress=True,
    ) as session:
        yield session


def timeout(seconds: float | None) -> aiohttp.ClientTimeout:
    """Return the bounds of a request that may take `seconds` in all, waiting for a free connection included.

    None bounds connecting and each silence of the server alone.
    """
    connect = CONNECT_SECONDS if seconds is None else min(CONNECT_SECONDS, seconds)
    return aiohttp.ClientTimeout(total=seconds, sock_connect=connect, sock_read=READ_SECONDS)


def proxy_for(url: URL) -> URL | None:
    """Return the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for an address; loopback never has one."""
    host = url.host or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxy = getproxies().get(url.scheme)
    return URL(proxy) if proxy else None


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
