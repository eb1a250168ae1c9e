"""How long commands take that begin, answer and end: processor time of processes, over that of bare Python."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import attrs

from adapters.fernet.cipher import FernetCipher, generate_key
from adapters.sqlite.database import open_database
from benchmarks.accounts import add_accounts, user_id
from benchmarks.harness.plan import Benchmark, Contender, Count, Limit, Plan, Ratio, Size

_USER: Final = user_id(7)
_UNWANTED: Final = frozenset({"aiohttp", "aiokafka", "jinja2", "mcp", "fastmcp"})
_LOADED: Final = """
import sys
from modules.iacsgraph.cli import main
try:
    main()
finally:
    print("\\n".join(sys.modules), file=sys.stderr)
"""


@attrs.frozen(kw_only=True)
class _Commands:
    """Starts programs with one environment. Where time counts, their bytecode is kept, as an installed program's is."""

    environment: Mapping[str, str]
    times: int

    async def bare(self) -> float:
        return self._seconds([sys.executable, "-c", "pass"])

    async def help(self) -> float:
        return self._seconds([_program(), "--help"])

    async def token(self) -> float:
        return self._seconds([_program(), "auth", "token", _USER])

    def _seconds(self, command: Sequence[str]) -> float:
        """Return the processor time of one run, in user and system mode."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(self.times):
            subprocess.run(command, env=self.environment, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / self.times

    def unwanted(self, *arguments: str) -> float:
        """Return how many of the unwanted libraries a command has imported at its end."""
        command = [sys.executable, "-c", _LOADED, *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        return len(_UNWANTED & {name.partition(".")[0] for name in done.stderr.split()})

    async def counts(self) -> Sequence[Count]:
        none = Limit(at_most=0)
        return (
            Count(label="needless libraries, --help", value=self.unwanted("--help"), limit=none),
            Count(label="needless libraries, auth token", value=self.unwanted("auth", "token", _USER), limit=none),
        )


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        few, many = [await _commands(place, accounts, size) for accounts in (size.of(1000, 10), size.of(10_000, 100))]
        yield Plan(
            contenders=(
                Contender(name="bare", run=few.bare),
                Contender(name="help", run=few.help),
                Contender(name="token", run=few.token),
                Contender(name="token, 10x", run=many.token),
            ),
            ratios=(
                Ratio(label="--help / bare Python", cost_of="help", over="bare", limit=Limit(at_most=6)),
                Ratio(label="auth token / bare Python", cost_of="token", over="bare", limit=Limit(at_most=20)),
                Ratio(label="auth token, 10x accounts", cost_of="token, 10x", over="token", limit=Limit(at_most=1.1)),
            ),
            counts=few.counts,
        )


async def _commands(place: Path, accounts: int, size: Size) -> _Commands:
    """Make a database with so many signed-in accounts, and the environment in which commands find it."""
    path, key = place / f"of-{accounts}.db", generate_key()
    async with open_database(path) as database:
        await add_accounts(database, FernetCipher((key,)), accounts)
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment = {
        **inherited,
        **({"PYTHONDONTWRITEBYTECODE": "1"} if size.tiny else {"PYTHONPYCACHEPREFIX": str(place / "bytecode")}),
        "IACSGRAPH_ENV_FILE": os.devnull,
        "DATABASE_PATH": str(path),
        "ENCRYPTION_KEY": key,
    }
    return _Commands(environment=environment, times=size.of(3, 1))


def _program() -> str:
    """Return the path of the installed command."""
    return str(Path(sys.executable).with_name("iacsgraph"))


BENCHMARK: Final = Benchmark(name="start-up", title="commands that begin, answer and end", open=_open)
