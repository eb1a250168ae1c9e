"""How soon a process that holds a token hears that another process took it away.

Run as `python -m benchmarks.honouring DATABASE` it is that other process: it changes accounts as its standard input
says, tells when it began each change, and ends with its input.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from adapters.fernet.cipher import generate_key
from application.token_service import TokenService
from benchmarks.accounts import user_id
from benchmarks.harness.plan import Count, Limit
from benchmarks.token_services import open_token_office
from domain.errors import PermissionDeniedError, ReauthenticationRequiredError
from modules.auth.compose import Auth, compose
from modules.auth.settings import AuthSettings
from modules.runtime.settings import DatabaseSettings, EncryptionSettings, ProviderSettings

_KEY: Final = "BENCHMARK_KEY"
_CHANGES: Final = ("lock", "revocation", "status change")
Tell = Callable[[str, str], Coroutine[Any, Any, float]]

_SPREAD: Final = 0.037
"""Seconds by which the changes move against the polls, so that they meet every phase of them."""


async def counts_of_honouring(directory: Path, times: int) -> Sequence[Count]:
    """Let another process change accounts, each way so many times; return the longest time until it was honoured."""
    directory.mkdir()
    key = generate_key()
    numbers = {change: range(at * times, (at + 1) * times) for at, change in enumerate(_CHANGES)}
    async with (
        open_token_office(directory, "http://127.0.0.1:9", key, len(_CHANGES) * times) as office,
        office.service() as service,
        _other_process(office.database.path, key) as tell,
    ):
        return [
            Count(
                label=f"seconds until a {change} by another process is honoured, longest of {times}",
                value=max([await _honoured(service, tell, change, user_id(number)) for number in numbers[change]]),
                limit=Limit(at_most=1),
            )
            for change in _CHANGES
        ]


async def _honoured(service: TokenService, tell: Tell, change: str, user: str) -> float:
    """Ask for the token all the time, until it is refused; return the seconds since the other process began."""
    await asyncio.sleep(_SPREAD)
    await service.get_valid_token(user)
    changing = asyncio.create_task(tell(change, user))
    with suppress(PermissionDeniedError, ReauthenticationRequiredError):
        while True:
            await service.get_valid_token(user)
            await asyncio.sleep(0.001)
    refused = time.monotonic()
    return refused - await changing


@asynccontextmanager
async def _other_process(database: Path, key: str) -> AsyncIterator[Tell]:
    """Start it; yields what tells it to change an account, and returns when it began to."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.honouring", str(database)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), _KEY: key},
        cwd=Path(__file__).parents[1],
    )
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the other process has no pipes")
    orders, answers = child.stdin, child.stdout

    async def tell(change: str, user: str) -> float:
        orders.write(f"{change} {user}\n".encode())
        return float(await answers.readline())

    try:
        await answers.readline()
        yield tell
    finally:
        orders.close()
        await child.wait()


async def _change_accounts(database: Path, key: str) -> None:
    settings = AuthSettings(
        database=DatabaseSettings(path=database),
        encryption=EncryptionSettings(keys=(key,)),
        provider=ProviderSettings(provider="memory"),
    )
    async with compose(settings) as auth:
        ways = _ways(auth)
        print("ready", flush=True)  # noqa: T201 - what it was started for
        while line := await asyncio.to_thread(sys.stdin.readline):
            change, _, user = line.rstrip().rpartition(" ")
            began = time.monotonic()  # the same clock in all processes of a machine
            await ways[change](user)
            print(began, flush=True)  # noqa: T201 - as above


def _ways(auth: Auth) -> Mapping[str, Callable[[str], Awaitable[object]]]:
    return {
        "lock": lambda user: auth.accounts.lock(user, actor="benchmark", reason="theft"),
        "revocation": auth.service.revoke,
        "status change": lambda user: auth.accounts.deactivate(user, actor="benchmark", reason="holidays"),
    }


if __name__ == "__main__":
    asyncio.run(_change_accounts(Path(sys.argv[1]), os.environ[_KEY]))
