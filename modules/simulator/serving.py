"""A simulator that was started by hand: opened, described, and its files written."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path, PurePath

import attrs

from modules.runtime.faults import Fault, configuration_error
from modules.simulator.compose import compose
from modules.simulator.correspondence.compose import check
from modules.simulator.correspondence.compose import compose as open_mail
from modules.simulator.opening import describe
from modules.simulator.schema import Opening
from modules.simulator.settings import SimulatorSettings
from modules.simulator.written_files import write_files


@asynccontextmanager
async def serve(settings: SimulatorSettings, directory: Path | None) -> AsyncIterator[Opening]:
    """Listen until the end of the block; a directory gets the files, and keeps the certificates for the next time.

    Raises: ConfigurationError if a port cannot be had or a file cannot be written.
    """
    async with AsyncExitStack() as stack:
        with _explained():
            kept = attrs.evolve(settings, certificate_directory=directory) if directory else settings
            running = await stack.enter_async_context(compose(kept))
            opening = describe(running, control=settings.control)
            files: tuple[PurePath, ...] = ()
            if directory:
                check(settings, directory)
                files = write_files(opening, directory)
            mail = await stack.enter_async_context(open_mail(running, settings, directory))
            if mail:
                opening = attrs.evolve(opening, settings={**opening.settings, "MAIL_CHAIRS": ",".join(mail.chairs)})
            if mail and directory:
                write_files(opening, directory)
        truth = (mail.truth,) if mail and mail.truth else ()
        yield attrs.evolve(opening, files=(*files, *truth), mail=mail)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        fault = (
            Fault(variable="--port, --tls-port", origin=None, problem=f"cannot be had: {reason}", example="--port 0")
            if error.filename is None
            else Fault(variable="--write", origin=error.filename, problem=reason, example="--write simulator")
        )
        raise configuration_error([fault]) from error
