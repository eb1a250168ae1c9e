"""Pages of 1,000 mails, from their bytes into the store, beside plain inserts of rows that are ready."""

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import attrs

from benchmarks.harness.plan import Benchmark, Contender, Limit, Plan, Ratio, Size, growth
from benchmarks.harness.timing import wall
from benchmarks.mail_files import ROWS, Row, Storing, connected, insertion, multiply, open_mail_database, rows_of
from benchmarks.mail_pages import PAGE, Letters, pages

_PAGES: Final = 5
"""Of a turn, a transaction each."""
_BARE: Final = Letters(has_bodies=False)
_KINDS: Final[Mapping[str, tuple[Letters, float]]] = {
    "bodies of 4 KB": (Letters(has_bodies=True), 2.0),
    "no bodies": (_BARE, 2.5),
}
"""The mails of a row of the table, and what ours may take in floors."""
_FILLED: Final = (10_000, 100_000)
_COPY_BACK: Final = "PRAGMA wal_checkpoint(PASSIVE)"


@attrs.frozen(kw_only=True)
class _Case:
    """The same pages, to be stored in databases of `directory`."""

    kind: str
    letters: Letters
    bodies: Sequence[bytes]
    page: int
    directory: Path

    @property
    def many(self) -> int:
        return self.page * len(self.bodies)

    async def first(self) -> float:
        """Store the pages in a new database."""
        with tempfile.TemporaryDirectory(dir=self.directory) as directory:
            async with open_mail_database(Path(directory) / "mail.db") as database:
                return await wall(Storing.of(database, self.letters).store_all(self.bodies), self.many)

    def again(self, storing: Storing) -> Callable[[], Awaitable[float]]:
        """Return what stores the pages where they are stored already."""

        async def run() -> float:
            return await wall(storing.store_all(self.bodies), self.many)

        return run

    def floor(self, rows: Mapping[str, list[Row]]) -> Callable[[], Awaitable[float]]:
        """Return what writes these rows into a new database, as many at a time as a page has."""

        async def run() -> float:
            with tempfile.TemporaryDirectory(dir=self.directory) as directory:
                path = Path(directory) / "mail.db"
                async with open_mail_database(path):
                    pass
                with connected(path) as connection:
                    connection.execute("INSERT INTO mail_folders VALUES (1, ?, 'inbox', 'Inbox')", _account(connection))
                    return await wall(_insert(connection, rows, self.page), self.many)

        return run


async def _insert(connection: sqlite3.Connection, rows: Mapping[str, list[Row]], page: int) -> None:
    """Write the rows of so many mails at a time, a transaction each."""
    statements = {table: insertion(table, len(found[0])) for table, found in rows.items() if found}
    for at in range(0, max(map(len, rows.values())), page):
        connection.execute("BEGIN")
        for table, statement in statements.items():
            connection.executemany(statement, rows[table][at : at + page])
        connection.execute("COMMIT")


def _account(connection: sqlite3.Connection) -> Row:
    found: Row = connection.execute("SELECT account_id FROM accounts").fetchone()
    return found


async def _contenders(case: _Case, stack: AsyncExitStack) -> list[Contender]:
    path = case.directory / f"{case.letters.has_bodies}.db"
    database = await stack.enter_async_context(open_mail_database(path))
    storing = Storing.of(database, case.letters)
    await storing.store_all(case.bodies)
    return [
        Contender(name=f"ours, {case.kind}", run=case.first),
        Contender(name=f"floor, {case.kind}", run=case.floor(rows_of(path, ROWS))),
        Contender(name=f"again, {case.kind}", run=case.again(storing)),
    ]


async def _grown(case: _Case, many: int, stack: AsyncExitStack) -> list[Contender]:
    """Return what stores the pages beside so many other mails, and what writes their rows in a copy of that database.

    What was stored is taken out again, untimed.
    """
    path, copy = case.directory / f"{many}.db", case.directory / f"{many} rows.db"
    database = await stack.enter_async_context(open_mail_database(path))
    storing, count = Storing.of(database, case.letters), case.many - case.page
    await storing.store_all(case.bodies[:1])
    multiply(path, many)
    plain = stack.enter_context(connected(copy))
    with connected(path) as filled:
        filled.backup(plain)
    await storing.store_all(case.bodies[1:])
    rows = {table: [row for row in found if int(str(row[0])) > many] for table, found in rows_of(path, ROWS).items()}

    async def take_out() -> None:
        await database.write(lambda connection: _take_out(connection, many))
        with connected(path) as connection:  # what taking out wrote is no work of the next turn's
            connection.execute(_COPY_BACK)

    async def ours() -> float:
        cost = await wall(storing.store_all(case.bodies[1:]), count)
        await take_out()
        return cost

    async def floor() -> float:
        cost = await wall(_insert(plain, rows, case.page), count)
        _take_out(plain, many)
        plain.execute(_COPY_BACK)
        return cost

    await take_out()
    return [Contender(name=f"among {many:,}", run=ours), Contender(name=f"rows among {many:,}", run=floor)]


def _take_out(connection: sqlite3.Connection, last: int) -> None:
    for table in reversed(ROWS):
        connection.execute(f"DELETE FROM {table} WHERE mail > ?", (last,))


def _ratios() -> Iterator[Ratio]:
    for kind, (_, most) in _KINDS.items():
        ours = f"ours, {kind}"
        yield Ratio(label=f"ours / floor, {kind}", cost_of=ours, over=f"floor, {kind}", limit=Limit(at_most=most))
        yield Ratio(
            label=f"known mail / new mail, {kind}", cost_of=f"again, {kind}", over=ours, limit=Limit(at_most=0.4)
        )


def _growth(few: str, many: str) -> Sequence[Ratio]:
    return growth(
        f"no bodies, {many} mails stored before / {few}",
        (f"among {many}", f"among {few}"),
        (f"rows among {many}", f"rows among {few}"),
    )


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    page, (few, many) = size.of(PAGE, 50), (size.of(each, each // 50) for each in _FILLED)
    contenders: list[Contender] = []
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for kind, (letters, _) in _KINDS.items():
            bodies = pages(letters, _PAGES, page)
            case = _Case(kind=kind, letters=letters, bodies=bodies, page=page, directory=directory)
            contenders += await _contenders(case, stack)
        bare = _Case(kind="", letters=_BARE, bodies=pages(_BARE, _PAGES, page), page=page, directory=directory)
        for each in (few, many):
            contenders += await _grown(bare, each, stack)
        yield Plan(contenders=tuple(contenders), ratios=(*_ratios(), *_growth(f"{few:,}", f"{many:,}")))


BENCHMARK: Final = Benchmark(
    name="mail-store", title="Pages of 1,000 mails, from their bytes to durable rows", open=_open
)
