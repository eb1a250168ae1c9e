"""Reading files that a person wrote: never a device, a pipe, or something without an end."""

import os
import stat
from pathlib import Path

MAX_BYTES = 65_536


def read_small_file(path: Path) -> bytes:
    """Return the contents of a regular file of at most `MAX_BYTES`.

    Raises: OSError, also for what is no such file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would make us wait otherwise
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is no regular file")
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise OSError(0, f"it is longer than {MAX_BYTES} bytes")
    return raw
