"""Analyses that were paid for, in SQLite."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

import attrs
from msgspec import MsgspecError

from adapters.sqlite.database import Database
from adapters.sqlite.mail_rows import texts, to_json
from adapters.sqlite.row_decoding import fetch
from adapters.sqlite.timestamps import to_text
from domain.correspondence.analysis import Analysis, AnalysisKey
from domain.unicode_text import as_unicode
from ports.analyses import Analyses

_FIND: Final = (
    "SELECT a.analysis_key, a.deadline, a.keywords FROM json_each(?) AS asked"
    " CROSS JOIN analyses AS a ON a.analysis_key = asked.value"
)
_KEEP: Final = "INSERT OR REPLACE INTO analyses (analysis_key, deadline, keywords, kept_at) VALUES (?, ?, ?, ?)"


@attrs.frozen
class SqliteAnalyses(Analyses):
    """Owns the table `analyses`. A damaged row is as none."""

    database: Database

    async def find(self, keys: Sequence[AnalysisKey]) -> Mapping[AnalysisKey, Analysis]:
        """Look all up at once."""
        return await self.database.read(lambda connection: _find(connection, keys), operation="find", table="analyses")

    async def keep(self, key: AnalysisKey, analysis: Analysis, now: datetime) -> None:
        """Insert a row unless there is one that can be read."""
        kept = as_unicode(analysis)
        deadline = None if kept.deadline is None else kept.deadline.isoformat()

        def work(connection: sqlite3.Connection) -> None:
            if key not in _find(connection, [key]):
                connection.execute(_KEEP, (key, deadline, to_json(kept.keywords), to_text(now)))

        await self.database.write(work, operation="keep", table="analyses")


def _find(connection: sqlite3.Connection, keys: Sequence[AnalysisKey]) -> dict[AnalysisKey, Analysis]:
    rows = fetch(connection, _FIND, (to_json(keys),))
    found = {AnalysisKey(row["analysis_key"]): _analysis(row) for row in rows}
    return {key: analysis for key, analysis in found.items() if analysis is not None}


def _analysis(row: sqlite3.Row) -> Analysis | None:
    try:
        deadline = None if row["deadline"] is None else date.fromisoformat(row["deadline"])
        return Analysis(deadline=deadline, keywords=texts(row["keywords"]))
    except (ValueError, TypeError, MsgspecError):
        return None
