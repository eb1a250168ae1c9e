"""Where settings come from: the process's environment, then one `.env` file. Nothing is written to `os.environ`.

The environment wins, also with an empty value: `AUTH_LOG_FILE= iacsgraph ...` switches off what `.env` sets. Values in
`.env` are literal: `${NAME}` is not replaced.
"""

import io
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from attrs import Factory, field, frozen
from dotenv.parser import Binding, parse_stream

from modules.runtime.faults import Fault

ENV_FILE = "IACSGRAPH_ENV_FILE"
_EXAMPLE_FILE = f"{ENV_FILE}=/etc/iacsgraph/env"
_EXAMPLE_LINE = "DATABASE_PATH=./data/iacsgraph.db"


@frozen(kw_only=True)
class Environment:
    """All variables with the place each comes from, and the faults of the `.env` file."""

    values: Mapping[str, str] = field(repr=False)
    origins: Mapping[str, str] = Factory(dict)
    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Self:
        """Take exactly these values: no file and no process environment."""
        return cls(values=dict(values))

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None, directory: Path | None = None) -> Self:
        """Read `environ` (the process's if None) and the file it names, else `.env` in `directory` (the current one).

        A file that is missing is a fault only if it was named. Faults are kept for `load`, not raised.
        """
        given = os.environ if environ is None else environ
        named = given.get(ENV_FILE, "").strip()
        start = directory or Path()
        path = start / (_expanded(named) if named else ".env")
        bindings, faults = _read_file(path, named=bool(named))
        values = {name: value for name, (value, _) in bindings.items()}
        origins = {name: f"{path.name} line {line}" for name, (_, line) in bindings.items()}
        return cls(
            values={**values, **given},
            origins={**origins, **dict.fromkeys(given, "environment")},
            faults=faults,
        )

    def get(self, name: str) -> str | None:
        """Return the value without surrounding space; empty counts as missing."""
        return self.values.get(name, "").strip() or None

    def origin(self, name: str) -> str | None:
        """Say where the value comes from, if it is set: `environment` or `.env line 3`."""
        return self.origins.get(name) if self.get(name) else None


def _expanded(text: str) -> Path:
    with suppress(RuntimeError):  # a home directory that is not known: the file will not be found
        return Path(text).expanduser()
    return Path(text)


def _read_file(path: Path, *, named: bool) -> tuple[dict[str, tuple[str, int]], tuple[Fault, ...]]:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        if not named and not path.is_symlink():
            return {}, ()
        return {}, (_file_fault(path, named=named, problem="does not exist"),)
    except OSError as error:
        return {}, (_file_fault(path, named=named, problem=f"cannot be read ({error.strerror})"),)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return {}, (_file_fault(path, named=named, problem=f"is not UTF-8 text (line {line})"),)
    return _parse(text, path.name)


def _parse(text: str, name: str) -> tuple[dict[str, tuple[str, int]], tuple[Fault, ...]]:
    values: dict[str, tuple[str, int]] = {}
    faults: list[Fault] = []
    for binding in parse_stream(io.StringIO(text, newline="")):
        if binding.error or (binding.key and binding.value is None):
            faults.append(_line_fault(name, _line(binding)))
        elif binding.key and binding.value is not None:
            values[binding.key] = (binding.value, _line(binding))
    return values, tuple(faults)


def _line(binding: Binding) -> int:
    """Count the blank lines that the parser puts in front of a binding without counting them."""
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())].replace("\r\n", "\n").replace("\r", "\n")
    return binding.original.line + blank.count("\n")


def _line_fault(name: str, line: int) -> Fault:
    problem = "is not NAME=value (a quote left open, a missing = or a space in the name)"
    return Fault(variable=None, origin=f"{name} line {line}", problem=problem, example=_EXAMPLE_LINE)


def _file_fault(path: Path, *, named: bool, problem: str) -> Fault:
    if named:
        return Fault(variable=ENV_FILE, origin=str(path), problem=problem, example=_EXAMPLE_FILE)
    return Fault(variable=None, origin=str(path), problem=problem, example=_EXAMPLE_LINE)
