"""What a worker of mail processing asks of the store: claims, and results with their events, beside plain SQL."""

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.html_text.mail_text import HtmlMailText
from adapters.offline_text.mail_analyst import OfflineMailAnalyst
from adapters.sqlite.database import Database
from adapters.sqlite.mail_queue import SqliteMailQueue
from adapters.system.clock import SystemClock
from benchmarks.harness.plan import ANY, Benchmark, Contender, Limit, Plan, Ratio, Size
from benchmarks.harness.timing import wall
from benchmarks.mail_files import NOW, Row, Storing, connected, insertion, multiply, open_mail_database
from benchmarks.mail_pages import PAGE, Letters, pages
from domain.correspondence.assessment import assess, wording_of
from domain.correspondence.senders import ChairRoster
from domain.mail_results import ClaimedMail, Processed

_LETTERS: Final = Letters(has_bodies=True)
_BATCHES: Final = {"1,000 a transaction": 1000, "32 a transaction": 32}
"""As many as a page has, and as many as a worker claims."""
_OWNER: Final = "worker"
_LEASE: Final = timedelta(minutes=2)
_FILLED: Final = (10_000, 100_000)
_ADDED: Final = {
    "mail_results": "SELECT * FROM mail_results WHERE mail BETWEEN ? AND ?",
    "first_announcements": "SELECT * FROM first_announcements WHERE mail BETWEEN ? AND ?",
    "outbox": (
        "SELECT o.* FROM mails AS m CROSS JOIN outbox AS o ON o.event_id = m.mail_id || '.received'"
        " WHERE m.mail BETWEEN ? AND ?"
    ),
}
"""What finishing fills, and how its rows of some mails are found."""
_STATES: Final = "SELECT state, mail FROM mails WHERE mail BETWEEN ? AND ?"
_QUEUED: Final = "SELECT * FROM mail_queue WHERE mail BETWEEN ? AND ?"
_NEXT: Final = "SELECT mail FROM mail_queue WHERE attempts = 0 ORDER BY mail LIMIT ?"
_CLAIM: Final = "UPDATE mail_queue SET owner = ?, until = ?, attempts = attempts + 1 WHERE mail = ?"
_READ: Final = (
    "SELECT * FROM mails JOIN mail_queue USING (mail) JOIN mail_folders USING (folder)"
    " JOIN mail_details USING (mail) LEFT JOIN mail_contents USING (mail) WHERE mail BETWEEN ? AND ?"
)


@attrs.frozen(kw_only=True)
class _Batch:
    """One transaction: what was found of mails, the rows that it adds, and the states that these mails get."""

    found: Sequence[Processed]
    added: Mapping[str, Sequence[Row]]
    states: Sequence[Row]


@attrs.frozen(kw_only=True)
class _Desk:
    """A database of which the first `many` mails are claimed; `queued` are their rows of the queue then."""

    path: Path
    queue: SqliteMailQueue
    many: int
    queued: Sequence[Row]
    batches: Mapping[int, Sequence[_Batch]]
    """By how many mails are in one."""

    async def finish(self, size: int) -> float:
        """Finish all through the port; then take it back, untimed."""

        async def work() -> None:
            for batch in self.batches[size]:
                await self.queue.finish(_OWNER, NOW, batch.found)

        cost = await wall(work(), self.many)
        self.take_back()
        return cost

    async def insert(self, size: int) -> float:
        """Write the same rows; then take it back, untimed."""

        async def work() -> None:
            for batch in self.batches[size]:
                _write(connection, batch)

        with connected(self.path) as connection:
            cost = await wall(work(), self.many)
        self.take_back()
        return cost

    def take_back(self) -> None:
        """Let all of them be claimed as they were."""
        with connected(self.path) as connection:
            connection.execute("BEGIN")
            for table in _ADDED:
                connection.execute(f"DELETE FROM {table}")
            connection.execute("UPDATE mails SET state = 'new' WHERE mail <= ?", (self.many,))
            connection.execute("DELETE FROM mail_queue WHERE mail <= ?", (self.many,))
            connection.executemany(insertion("mail_queue", len(self.queued[0])), self.queued)
            connection.execute("COMMIT")


def _write(connection: sqlite3.Connection, batch: _Batch) -> None:
    connection.execute("BEGIN")
    for table, rows in batch.added.items():
        if rows:
            connection.executemany(insertion(table, len(rows[0])), rows)
    connection.executemany("UPDATE mails SET state = ? WHERE mail = ?", batch.states)
    connection.executemany("DELETE FROM mail_queue WHERE mail = ?", [(mail,) for _, mail in batch.states])
    connection.execute("COMMIT")


async def _claim_all(queue: SqliteMailQueue, many: int, size: int) -> list[ClaimedMail]:
    claimed: list[ClaimedMail] = []
    while len(claimed) < many:
        claimed += await queue.claim(_OWNER, NOW, _LEASE, min(size, many - len(claimed)))
    return claimed


async def _found(claimed: Sequence[ClaimedMail]) -> list[Processed]:
    """Return what the product finds in mails."""
    reader, analyst, chairs = HtmlMailText(), OfflineMailAnalyst(), ChairRoster()
    found = []
    for each in claimed:
        text = "" if each.mail.body is None else reader.read(each.mail.body)
        analysis = await analyst.analyse(wording_of(each.mail, text))
        verdict = assess(each.mail, text, analysis, chairs)
        found.append(Processed(mail_id=each.mail_id, info=verdict.info, dropped=verdict.dropped))
    return found


async def _desk(path: Path, stack: AsyncExitStack, many: int, stored: int) -> _Desk:
    """Store, claim, process and finish the mails once, keep the rows that came of it, and take it back."""
    database = await stack.enter_async_context(open_mail_database(path))
    await Storing.of(database, _LETTERS).store_all(pages(_LETTERS, 1, many))
    multiply(path, stored)
    queue = _queue(database)
    found = await _found(await _claim_all(queue, many, many))
    with connected(path) as connection:
        queued = connection.execute(_QUEUED, (1, many)).fetchall()
        await queue.finish(_OWNER, NOW, found)
        batches = {size: _batches(connection, found, size) for size in _BATCHES.values()}
    desk = _Desk(path=path, queue=queue, many=many, queued=queued, batches=batches)
    desk.take_back()
    return desk


def _queue(database: Database) -> SqliteMailQueue:
    return SqliteMailQueue(database, CloudEventCodec(), SystemClock())


def _batches(connection: sqlite3.Connection, found: Sequence[Processed], size: int) -> list[_Batch]:
    batches = []
    for at in range(0, len(found), size):
        part = found[at : at + size]
        mails = (at + 1, at + len(part))
        added = {table: connection.execute(sql, mails).fetchall() for table, sql in _ADDED.items()}
        batches.append(_Batch(found=part, added=added, states=connection.execute(_STATES, mails).fetchall()))
    return batches


@attrs.frozen(kw_only=True)
class _Claims:
    """A database whose mails nobody has claimed."""

    path: Path
    database: Database
    many: int

    async def claim(self, size: int) -> float:
        """Claim through the port; then give back, untimed."""
        queue = _queue(self.database)
        cost = await wall(_claim_all(queue, self.many, size), self.many)
        await queue.release(_OWNER)
        return cost

    async def update(self, size: int) -> float:
        """Mark the same rows, and read the same columns; then give back, untimed."""

        async def work() -> None:
            for _ in range(0, self.many, size):
                connection.execute("BEGIN")
                mails = connection.execute(_NEXT, (size,)).fetchall()
                connection.executemany(_CLAIM, [(_OWNER, "2026-11-01T12:02:00.000000Z", mail) for (mail,) in mails])
                connection.execute(_READ, (mails[0][0], mails[-1][0])).fetchall()
                connection.execute("COMMIT")

        with connected(self.path) as connection:
            cost = await wall(work(), self.many)
        await _queue(self.database).release(_OWNER)
        return cost


async def _claims(path: Path, stack: AsyncExitStack, many: int) -> _Claims:
    database = await stack.enter_async_context(open_mail_database(path))
    await Storing.of(database, _LETTERS).store_all(pages(_LETTERS, 1, many))
    return _Claims(path=path, database=database, many=many)


def _finishing(desk: _Desk, claims: _Claims) -> tuple[list[Contender], list[Ratio]]:
    contenders, ratios = [], []
    for name, size in _BATCHES.items():
        contenders += [
            Contender(name=f"finish, {name}", run=partial(desk.finish, size)),
            Contender(name=f"finish floor, {name}", run=partial(desk.insert, size)),
            Contender(name=f"claim, {name}", run=partial(claims.claim, size)),
            Contender(name=f"claim floor, {name}", run=partial(claims.update, size)),
        ]
        ratios += [
            Ratio(
                label=f"{verb} / floor, {name}",
                cost_of=f"{verb}, {name}",
                over=f"{verb} floor, {name}",
                limit=Limit(at_most=2.5) if verb == "finish" else ANY,
            )
            for verb in ("finish", "claim")
        ]
    return contenders, ratios


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    many, (few_stored, many_stored) = size.of(PAGE, 40), (size.of(each, each // 100) for each in _FILLED)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        desk = await _desk(directory / "few.db", stack, many, few_stored)
        grown = await _desk(directory / "many.db", stack, many, many_stored)
        claims = await _claims(directory / "claims.db", stack, many)
        contenders, ratios = _finishing(desk, claims)
        batch = max(_BATCHES.values())
        contenders.append(Contender(name="grown", run=partial(grown.finish, batch)))
        label = f"finish, {many_stored:,} mails stored / {few_stored:,}"
        ratios.append(Ratio(label=label, cost_of="grown", over=contenders[0].name, limit=Limit(at_most=1.2)))
        yield Plan(contenders=tuple(contenders), ratios=tuple(ratios))


BENCHMARK: Final = Benchmark(
    name="mail-processing", title="Results of 1,000 mails with their events, made durable; and claims", open=_open
)
