"""Where rows go: standard output, in whole pages, whatever its encoding."""

import sys
from typing import BinaryIO, TextIO

import attrs


@attrs.frozen(kw_only=True)
class Sink:
    """What the encoding cannot hold becomes an escape, which JSON reads back. Nothing is masked: mail is data."""

    raw: BinaryIO
    encoding: str = "utf-8"

    def write(self, text: str) -> None:
        """Write, perhaps later."""
        self.raw.write(text.encode(self.encoding, "backslashreplace"))

    def flush(self) -> None:
        """Write what was not yet."""
        self.raw.flush()


def standard_output(encoding: str | None = None) -> Sink:
    """Return a sink into standard output; `encoding` None is the terminal's own."""
    stream: TextIO = sys.stdout
    stream.flush()
    return Sink(raw=stream.buffer, encoding=encoding or stream.encoding or "utf-8")
