"""The edge of every command: an error becomes a line and an exit code. No asyncio: some commands never need it."""

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

from domain.errors import IACSGraphError
from modules.runtime.exit_codes import exit_code
from modules.runtime.exits import DEFECT, FAILURE, INTERRUPTED, OUTPUT_CLOSED
from modules.runtime.logs import configure_logging
from modules.runtime.output import print_error
from modules.runtime.settings import LogSettings
from modules.runtime.standard_output import is_output_failure, silence, tell

_LOGGER = logging.getLogger(__name__)
_CLICK_OWN = (click.ClickException, click.Abort, click.exceptions.Exit)


@contextmanager
def edge(*, as_json: bool = False) -> Iterator[None]:
    """Turn every exception into an exit code, and print it unless it is a signal's.

    Logging is set up with the defaults until the command reads its settings and calls `configure_logging`; so
    redaction holds from the start. All of it is undone at the end. If the program has put garbage off, it is looked for
    from here on, and never among what there is by now: it has been imported.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    with configure_logging(LogSettings()):
        try:
            yield
            sys.stdout.flush()
        except _CLICK_OWN:
            raise
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
        except BrokenPipeError:
            raise SystemExit(OUTPUT_CLOSED) from None
        except OSError as error:
            if is_output_failure(error):
                tell(error)
                raise SystemExit(FAILURE) from None
            raise SystemExit(_report(error, as_json=as_json)) from None
        except Exception as error:  # noqa: BLE001 - the process's edge
            raise SystemExit(_report(error, as_json=as_json)) from None
        finally:
            _settle_stdout()


def _report(error: BaseException, *, as_json: bool) -> int:
    found = list(_leaves(error))
    known = [leaf for leaf in found if isinstance(leaf, IACSGraphError)]
    expected = len(known) == len(found)
    if not expected:
        _LOGGER.critical("unexpected %s", type(error).__name__, exc_info=error)
    with suppress(OSError):  # nobody may read standard error any more
        for leaf in known if expected else [_defect(error)]:
            print_error(leaf, as_json=as_json)
    return exit_code(known[0]) if expected else DEFECT


def _defect(error: BaseException) -> IACSGraphError:
    message = f"unexpected {type(error).__name__}: a defect in the program, the traceback is in the log"
    return IACSGraphError(message, error_code="UNEXPECTED_ERROR")


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Look into exception groups: a task group wraps what its tasks raise."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _settle_stdout() -> None:
    """Flush; what cannot be written goes nowhere, or the interpreter would complain about it at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        silence()
