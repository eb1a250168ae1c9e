"""Ports that a program may keep while it is down."""

import itertools
import os
import socket

# Below the ports that systems give to outgoing connections (from 32768): a client that tries again and again to reach a
# broker that is down could otherwise be given the broker's own port, and keep it.
_FIRST, _COUNT = 20_000, 12_000
_EACH_PROCESS = 16
_next = itertools.count(os.getpid() * _EACH_PROCESS)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens at; processes begin to look at different places."""
    for number in itertools.islice(_next, _COUNT):
        port = _FIRST + number % _COUNT
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port is taken")
