"""Analyses that were paid for, in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from adapters.memory.database import MemoryDatabase
from domain.correspondence.analysis import Analysis, AnalysisKey
from domain.unicode_text import as_unicode
from ports.analyses import Analyses


@attrs.frozen
class MemoryAnalyses(Analyses):
    """Keeps a dictionary."""

    database: MemoryDatabase

    async def find(self, keys: Sequence[AnalysisKey]) -> Mapping[AnalysisKey, Analysis]:
        """Look each up."""
        kept = self.database.mail.analyses
        return {key: kept[key] for key in keys if key in kept}

    async def keep(self, key: AnalysisKey, analysis: Analysis, now: datetime) -> None:  # noqa: ARG002 - nobody asks when
        """Put it there unless one is there."""
        self.database.mail.analyses.setdefault(key, as_unicode(analysis))
