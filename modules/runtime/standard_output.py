"""What becomes of standard output: closed, full, or its reader gone. Light: every command passes here."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from modules.runtime.exits import FAILURE, OUTPUT_CLOSED

_WRITE_FAILURES = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG, errno.EDQUOT})


def is_output_failure(error: OSError) -> bool:
    """Return whether the error is of writing to a stream that was open already, and not of a file by its name."""
    return error.filename is None and error.errno in _WRITE_FAILURES


@contextmanager
def settled() -> Iterator[None]:
    """Around a whole program: it ends with 141 if its reader went away, with 1 and one line if nothing can be written.

    A closed standard output or error goes nowhere.
    """
    _open_what_is_closed()
    original = sys.stdout
    try:
        try:
            yield
        finally:
            if sys.stdout is not original:  # click puts a silent one there when the reader went away
                sys.stdout = original
                raise BrokenPipeError
            sys.stdout.flush()
    except BrokenPipeError:
        silence()
        raise SystemExit(OUTPUT_CLOSED) from None
    except OSError as error:
        if not is_output_failure(error):
            raise
        silence()
        tell(error)
        raise SystemExit(FAILURE) from None


def silence() -> None:
    """Let what cannot be written go nowhere, or the interpreter would complain about it at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def tell(error: OSError) -> None:
    """Say in one line that output cannot be written."""
    with suppress(OSError):
        sys.stderr.write(f"error: the output cannot be written ({error.strerror})\n")


def _open_what_is_closed() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - as long as the process
