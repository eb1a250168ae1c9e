"""Values on a pipe between two processes of this program: pickled, each behind its length.

A pickle is as good as code. These come from the process at the other end alone, which is this program, too.
"""

import pickle
from typing import Any, BinaryIO, Final

LENGTH_BYTES: Final = 4


def framed(value: object) -> bytes:
    """Return the bytes that carry the value."""
    body = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def unpacked(body: bytes) -> Any:  # noqa: ANN401 - a pickle is of any type
    """Return the value of a frame without its length.

    Raises:
        ValueError: it holds none, as when the two processes run different versions of the program.
    """
    try:
        return pickle.loads(body)  # noqa: S301 - written by this program
    except Exception:  # noqa: BLE001 - what the bytes happen to mean may raise anything, and quote a mail
        raise ValueError("no value in a frame") from None


def next_frame(pipe: BinaryIO) -> bytes | None:
    """Wait for a frame, without its length; None: the other end is closed, perhaps amid one."""
    head = pipe.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "big")
    body = pipe.read(length)
    return body if len(body) == length else None
