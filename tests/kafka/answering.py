"""Does a broker answer? Asked as Kafka's own clients begin: ApiVersions, before anybody signs in."""

import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path

# Kafka protocol: ApiVersions is request 18; version 0, correlation id 1, no client id, no body.
_QUESTION = struct.pack(">ihhih", 10, 18, 0, 1, -1)
_ANSWER = struct.Struct(">iih")
_BETWEEN_QUESTIONS_SECONDS = 0.01
_PATIENCE_SECONDS = 1.0


def does_answer(address: str, ca_file: Path | None = None, *, seconds: float = _PATIENCE_SECONDS) -> bool:
    """Connect (with TLS, if there is a CA to trust) and ask; a broker that is stopped or paused does not answer."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), seconds) as connection:
            if ca_file is None:
                return _asks(connection)
            context = ssl.create_default_context(cafile=ca_file)
            with context.wrap_socket(connection, server_hostname=host) as secured:
                return _asks(secured)
    except OSError:
        return False


def _asks(connection: socket.socket) -> bool:
    connection.sendall(_QUESTION)
    received = b""
    while len(received) < _ANSWER.size:
        part = connection.recv(_ANSWER.size - len(received))
        if not part:
            return False
        received += part
    _, correlation, error = _ANSWER.unpack(received)
    return (correlation, error) == (1, 0)


def wait_for(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Return whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_BETWEEN_QUESTIONS_SECONDS)
    return True
