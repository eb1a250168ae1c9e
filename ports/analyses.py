"""Analyses that were paid for."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.correspondence.analysis import Analysis, AnalysisKey


class Analyses(Protocol):
    """Remembers analyses by what was analysed. All methods raise DatabaseError if the store failed."""

    @abstractmethod
    async def find(self, keys: Sequence[AnalysisKey]) -> Mapping[AnalysisKey, Analysis]:
        """Return those that are remembered.

        Raises: as above.
        """

    @abstractmethod
    async def keep(self, key: AnalysisKey, analysis: Analysis, now: datetime) -> None:
        """Remember durably; of several for one key the first stays.

        Raises: as above.
        """
