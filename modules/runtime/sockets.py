"""Sockets to listen on: one for each address of a host name, all at the same port."""

import asyncio
import errno
import socket
from collections.abc import Sequence
from contextlib import ExitStack

from domain.errors import ConfigurationError

_ABSENT = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""What an address that this machine does not have is answered with, such as `::1` where there is no IPv6."""

_ATTEMPTS = 10
"""How many free ports are tried, where one that is free at one address is taken at another."""

BACKLOG = 128

_Address = tuple[int, str]


async def bind(host: str, port: int) -> list[socket.socket]:
    """Return sockets bound to every address of the host; port 0 is any free one.

    Not to listen at one of them would let another program answer there.

    Raises:
        ConfigurationError: PORT_TAKEN, PORT_FORBIDDEN, or HOST_UNKNOWN.
    """
    addresses = await _addresses(host)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _bind_all(addresses, port)
        except OSError as error:
            if port == 0 and error.errno == errno.EADDRINUSE and attempt < _ATTEMPTS:
                continue
            raise _explained(error, host, port) from error
    raise AssertionError("the last attempt returns or raises")


async def _addresses(host: str) -> Sequence[_Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise _unknown_host(host) from error
    return [*dict.fromkeys((int(family), str(address[0])) for family, _, _, _, address in found)]


def _bind_all(addresses: Sequence[_Address], port: int) -> list[socket.socket]:
    bound: list[socket.socket] = []
    absent: OSError | None = None
    with ExitStack() as opened:
        for family, address in addresses:
            try:
                one = opened.enter_context(_bind_one(family, address, port))
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise
                absent = error
                continue
            port = one.getsockname()[1]
            bound.append(one)
        if not bound and absent is not None:
            raise absent
        opened.pop_all()
    return bound


def _bind_one(family: int, address: str, port: int) -> socket.socket:
    with ExitStack() as opened:
        one = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.settimeout(0)  # asyncio wants it so
        one.bind((address, port))
        one.listen(BACKLOG)  # only now is it certain that nobody else has the port
        opened.pop_all()
    return one


def _explained(error: OSError, host: str, port: int) -> ConfigurationError:
    details = {"host": host, "port": port}
    if error.errno == errno.EADDRINUSE:
        msg = f"Port {port} of {host} is taken: end the program that listens there, or choose another port."
        return ConfigurationError(msg, error_code="PORT_TAKEN", details=details)
    if error.errno == errno.EACCES:
        msg = f"Port {port} needs privileges: choose one from 1024 on, behind a proxy if people need another."
        return ConfigurationError(msg, error_code="PORT_FORBIDDEN", details=details)
    return _unknown_host(host)


def _unknown_host(host: str) -> ConfigurationError:
    msg = f"{host!r} is no address of this machine: listen on 127.0.0.1, or on 0.0.0.0 for all addresses."
    return ConfigurationError(msg, error_code="HOST_UNKNOWN", details={"host": host})
