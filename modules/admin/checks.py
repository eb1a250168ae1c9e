"""The check-up: everything that is configured, one line each, with what to do where something is wrong."""

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import attrs

from application.key_rotation import KeyStatus
from domain.errors import ConfigurationError, IACSGraphError
from modules.admin.schema import CheckResult, Outcome
from modules.runtime.exit_codes import remedy
from ports.secret_store import SecretFault

T = TypeVar("T")


class Inspected(Protocol):
    """What is known of a database file without touching it."""

    @property
    def found(self) -> int: ...
    @property
    def known(self) -> int: ...
    @property
    def problems(self) -> Sequence[str]: ...


@attrs.frozen(kw_only=True)
class Secrets:
    """What was found out about the stored secrets."""

    status: KeyStatus
    faults: Sequence[SecretFault]


def failed(check: str, error: IACSGraphError) -> CheckResult:
    """Return the line for an error; the faults of settings one after the other, without their heading."""
    lines = [line.strip() for line in error.message.splitlines()]
    advice = remedy(error).removesuffix("see: iacsgraph doctor").removesuffix(", then ")
    return CheckResult(
        check=check,
        outcome=Outcome.FAIL,
        detail=" ".join(lines[1:] if "faults" in error.details else lines),
        remedy=advice,
    )


def passed(check: str, detail: str) -> CheckResult:
    """Return the line for what is in order."""
    return CheckResult(check=check, outcome=Outcome.OK, detail=detail)


def check_settings(name: str, read: Callable[[], str]) -> CheckResult:
    """Read a group of settings; `read` returns what to say of it."""
    try:
        return passed(name, read())
    except IACSGraphError as error:
        return failed(name, error)


def if_sound(read: Callable[[], T]) -> T | None:
    """Return a group of settings; None if it has faults, which have a line of their own."""
    try:
        return read()
    except ConfigurationError:
        return None


def check_directory(path: Path, *, name: str = "data directory", variable: str = "DATABASE_PATH") -> CheckResult:
    """Try to write into the file's directory, or to see that it could be created."""
    directory = path.parent
    existing = next(parent for parent in (directory, *directory.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return CheckResult(
            check=name,
            outcome=Outcome.FAIL,
            detail=f"{directory} cannot be written ({error.strerror})",
            remedy=f"grant write permission to the directory of {variable}, or change the path",
        )
    return passed(name, f"{directory} is writable" if existing == directory else f"{directory} can be created")


async def check_database(path: Path, inspect: Callable[[], Awaitable[Inspected]]) -> tuple[CheckResult, bool]:
    """Look at the file; the second value says whether it can be opened as it is."""
    try:
        found = await inspect()
    except IACSGraphError as error:
        if error.error_code == "DATABASE_MISSING":
            return passed("database", f"{path} does not exist yet; create it with: iacsgraph db migrate"), False
        return failed("database", error), False
    if found.problems:
        detail = f"{len(found.problems)} problems: {'; '.join(found.problems[:3])}"
        restore = "stop all programs, keep a copy of the file, restore a backup"
        return CheckResult(check="database", outcome=Outcome.FAIL, detail=detail, remedy=restore), False
    return _schema_line(found), found.found == found.known


async def check_secrets(look: Callable[[], Awaitable[Secrets]]) -> Sequence[CheckResult]:
    """Open every stored secret, and compare the first key with the recorded one."""
    try:
        secrets = await look()
    except IACSGraphError as error:
        return [failed("secrets", error)]
    return [_opening_line(secrets), _primary_line(secrets.status)]


def _schema_line(found: Inspected) -> CheckResult:
    if found.found > found.known:
        detail = f"schema version {found.found} is newer than this program's {found.known}"
        return CheckResult(
            check="database", outcome=Outcome.FAIL, detail=detail, remedy="run a newer version of this program"
        )
    if found.found < found.known:
        detail = f"schema version {found.found}, this program's is {found.known}"
        return CheckResult(
            check="database", outcome=Outcome.WARN, detail=detail, remedy="back up, then: iacsgraph db migrate"
        )
    return passed("database", f"sound, schema version {found.found}")


def _opening_line(secrets: Secrets) -> CheckResult:
    total = sum(secrets.status.counts.values())
    if not secrets.faults:
        return passed("secrets", f"{total} stored, all open")
    problems = " ".join(sorted({fault.problem for fault in secrets.faults}))
    return CheckResult(
        check="secrets",
        outcome=Outcome.FAIL,
        detail=f"at least {len(secrets.faults)} of {total} do not open: {problems}",
        remedy="put the missing key back into ENCRYPTION_KEY; for damaged ones the owners must sign in again",
    )


def _primary_line(status: KeyStatus) -> CheckResult:
    if status.primary in (None, status.first):
        detail = f"first key {status.first}" + (f", {status.old} secrets under older keys" if status.old else "")
        return passed("encryption key", detail)
    detail = f"the database is to be written with key {status.primary}, the first key here is {status.first}"
    advice = "put that key first in ENCRYPTION_KEY and restart; to promote a new key, run: iacsgraph keys rotate"
    return CheckResult(check="encryption key", outcome=Outcome.FAIL, detail=detail, remedy=advice)
