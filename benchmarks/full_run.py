"""From a mailbox on the simulator to published events, as `iacsgraph up` does it."""

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import attrs

from benchmarks.full_run_child import CONVERTER, Done, Orders
from benchmarks.harness.plan import Benchmark, Contender, Count, Limit, Plan, Ratio, Size
from modules.iacsgraph.compose import compose_demo, new_key
from modules.iacsgraph.local_office import LocalOffice, open_local_office
from modules.iacsgraph.owners import Owners
from modules.runtime.environment import Environment

_CHILD: Final = "benchmarks.full_run_child"
_SEED: Final = 7
_LIFETIME: Final = 86_400
_STARTS_WITHIN: Final = 600.0
_KIB_PER_MIB: Final = 1024
_FULL, _SLOWEST = "the whole run", "the slowest stage alone"


@attrs.define(kw_only=True)
class _Mailbox:
    """A mailbox on a simulator of its own, and what was measured of it."""

    office: LocalOffice
    directory: Path
    variables: Mapping[str, str] = attrs.field(repr=False)
    stages: list[Mapping[str, float]] = attrs.field(factory=list)
    """Of each round: seconds per mail of each stage alone."""
    runs: list[Done] = attrs.field(factory=list)

    @property
    def database(self) -> Path:
        """From which every run begins: an account that is signed in, and no mail."""
        return self.directory / "signed_in.db"

    async def sign_in(self) -> None:
        """Make the database."""
        variables = {**self.variables, "DATABASE_PATH": str(self.database)}
        async with compose_demo(Environment.of(variables)) as demo, asyncio.TaskGroup() as group:
            await demo.enrol(self.office.accounts)
            await demo.sign_in(Owners(owners=self.office.owners, group=group))

    async def do(self, kind: str) -> Done:
        """Do work of this kind."""
        with tempfile.TemporaryDirectory(dir=self.directory) as place:
            database = shutil.copy(self.database, Path(place) / "iacsgraph.db")
            orders = Orders(
                kind=kind, variables={**self.variables, "DATABASE_PATH": str(database)}, pages=str(self.directory)
            )
            return await _in_child(orders, self.directory / "log")

    async def whole(self) -> float:
        """Return the seconds per mail of the whole way."""
        self.runs.append(await self.do("full"))
        return self.runs[-1].seconds / self.runs[-1].mails

    async def slowest(self) -> float:
        """Return the seconds per mail of the slowest stage, after each of them."""
        done = await self.do("stages")
        self.stages.append({stage: seconds / done.mails for stage, seconds in done.stages.items()})
        return max(self.stages[-1].values())


@asynccontextmanager
async def _open_mailbox(directory: Path, mails: int) -> AsyncIterator[_Mailbox]:
    directory.mkdir()
    async with open_local_office(
        directory / "office", mails=mails, seed=_SEED, lifetime=_LIFETIME, users=1, within=_STARTS_WITHIN
    ) as office:
        own = {"ENCRYPTION_KEY": new_key(), "MAIL_CHAIRS": ",".join(office.chairs), "UP_LISTEN": "127.0.0.1:0"}
        mailbox = _Mailbox(office=office, directory=directory, variables={**office.settings, **own})
        await mailbox.sign_in()
        yield mailbox


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    with tempfile.TemporaryDirectory() as place:
        async with _open_mailbox(Path(place) / "small", size.of(10_000, 100)) as mailbox:
            served = await mailbox.do("serve")
            yield Plan(
                contenders=(
                    Contender(name=_FULL, run=mailbox.whole),
                    Contender(name=_SLOWEST, run=mailbox.slowest),
                ),
                ratios=(
                    Ratio(
                        label="rate, over that of the slowest stage alone",
                        cost_of=_SLOWEST,
                        over=_FULL,
                        limit=Limit(at_least=0.7),
                    ),
                ),
                counts=_counting(mailbox, served, Path(place) / "large", size.of(100_000, 300)),
            )


def _counting(mailbox: _Mailbox, served: Done, directory: Path, mails: int) -> Callable[[], Awaitable[Sequence[Count]]]:
    async def counts() -> Sequence[Count]:
        cost = statistics.median(each.seconds / each.mails for each in mailbox.runs)
        slowest = statistics.median(max(each.values()) for each in mailbox.stages)
        shares = [
            Count(
                label=f"{stage} alone, cost over the slowest stage",
                value=statistics.median(each[stage] for each in mailbox.stages) / slowest,
            )
            for stage in mailbox.stages[0]
        ]
        rate = served.mails / served.seconds
        crowd = await mailbox.do("busy")
        return [
            *shares,
            Count(
                label="rate of the simulator's pages, over the whole run", value=rate * cost, limit=Limit(at_least=5)
            ),
            Count(
                label="event loop late while tokens are handed out, p99, milliseconds",
                value=crowd.late * 1000,
                limit=Limit(at_most=50),
            ),
            *await _grown(mailbox, cost, directory, mails),
        ]

    return counts


async def _grown(small: _Mailbox, cost: float, directory: Path, mails: int) -> Sequence[Count]:
    """Do the whole way once with a mailbox ten times as large."""
    async with _open_mailbox(directory, mails) as large:
        await large.do("serve")
        done = await large.do("full")
    peak = statistics.median(each.peak_kib for each in small.runs)
    return [
        Count(label="10x, cost per mail over ours", value=done.seconds / done.mails / cost, limit=Limit(at_most=1.2)),
        Count(label="10x, peak memory over ours", value=done.peak_kib / peak, limit=Limit(at_most=1.2)),
        Count(label="peak memory, MiB", value=done.peak_kib / _KIB_PER_MIB),
    ]


async def _in_child(orders: Orders, log: Path) -> Done:
    """Raises: RuntimeError if it fails; what it said is in the message."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            out, _ = await process.communicate(CONVERTER.dumps(orders).encode() + b"\n")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"{orders.kind}: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
    return CONVERTER.loads(out, Done)


BENCHMARK: Final = Benchmark(name="full-run", title="From a mailbox to published events", open=_open)
