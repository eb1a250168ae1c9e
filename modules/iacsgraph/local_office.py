"""The local Microsoft 365 of the demonstration: a child process that ends with this one, however this one ends."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import attrs

from domain.errors import IACSGraphError

PROGRAM: Final = "modules.simulator.led"
START_WITHIN: Final = 60.0
ANSWER_WITHIN: Final = 20.0
END_WITHIN: Final = 5.0
LONGEST_LINE: Final = 64 * 1024 * 1024


@attrs.frozen(kw_only=True)
class Owner:
    """Whose mailbox it is, and how they sign in."""

    username: str
    password: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Issued:
    """What the provider was asked for and has given out so far. `tokens` are all codes and tokens."""

    refreshes: int
    requests: int
    tokens: Sequence[str] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class LocalOffice:
    """`settings` are variables that fit it, `owners` by user id, `known` is the file of what is in the mailboxes."""

    settings: Mapping[str, str] = attrs.field(repr=False)
    owners: Mapping[str, Owner]
    chairs: Sequence[str]
    accounts: Path
    known: Path
    process: asyncio.subprocess.Process = attrs.field(repr=False)

    async def let_tokens_live(self, seconds: int) -> None:
        """Give tokens this lifetime from now on.

        Raises: IACSGraphError if the process has ended (SIMULATOR_GONE); so do all methods.
        """
        await self._wish({"token_lifetime": seconds})

    async def go_on(self, per_minute: float) -> None:
        """Let so many mails be sent per minute from now on; people read, file and delete."""
        await self._wish({"live": per_minute})

    async def issued(self) -> Issued:
        """Return what it was asked for."""
        found = await self._wish({"issued": True})
        return Issued(refreshes=found["refreshes"], requests=found["requests"], tokens=found["tokens"])

    def check(self) -> None:
        """See that it is there."""
        if self.process.returncode is not None:
            raise _gone("has ended")

    async def _wish(self, wish: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        if self.process.stdin is None:
            raise _gone("has ended")
        try:
            self.process.stdin.write(json.dumps(wish).encode() + b"\n")
            await self.process.stdin.drain()
        except OSError as error:
            raise _gone("has ended") from error
        return await _answer(self.process, ANSWER_WITHIN)


@asynccontextmanager
async def open_local_office(
    directory: Path, *, mails: int, seed: int, lifetime: int, users: int = 3, within: float = START_WITHIN
) -> AsyncIterator[LocalOffice]:
    """Start one with so many mails in the mailbox of each user; its files are in the directory.

    `lifetime` of tokens and `within`, the time it has to write the mails, are seconds.

    Raises: IACSGraphError if it does not start (SIMULATOR_GONE).
    """
    orders = {"directory": str(directory), "mails": mails, "seed": seed, "users": users, "token_lifetime": lifetime}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", PROGRAM, json.dumps(orders)),  # -P: nothing of the working directory is loaded
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for its leader
        limit=LONGEST_LINE,
    )
    try:
        yield _office(await _answer(process, within), directory, process)
    finally:
        await _end(process)


def _office(opening: Mapping[str, Any], directory: Path, process: asyncio.subprocess.Process) -> LocalOffice:
    people = [Owner(username=each["upn"], password=each["password"]) for each in opening["people"]]
    return LocalOffice(
        settings=opening["settings"],
        owners={each.username.partition("@")[0]: each for each in people},
        chairs=opening["chairs"],
        accounts=directory / "accounts",
        known=next(Path(name) for name in opening["files"] if name.endswith("known.json")),
        process=process,
    )


async def _answer(process: asyncio.subprocess.Process, within: float) -> Any:  # noqa: ANN401 - JSON
    line = b""
    with suppress(TimeoutError, ValueError):  # ValueError: a line that has no end
        async with asyncio.timeout(within):
            line = await process.stdout.readline() if process.stdout else b""
    if not line.endswith(b"\n"):
        raise _gone("says nothing")
    return json.loads(line)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End it kindly, which is at once; else by force."""
    try:
        if process.stdin is not None:
            process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_WITHIN):
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _gone(what: str) -> IACSGraphError:
    return IACSGraphError(f"The local Microsoft 365 (a process of its own) {what}.", error_code="SIMULATOR_GONE")
