"""Ids that count and chance that repeats."""

import random
from itertools import count

from ports.identifiers import Identifiers


class MemoryIdentifiers(Identifiers):
    """Deterministic by seed. Ids are unique among all instances with different prefixes."""

    def __init__(self, prefix: str = "id", seed: int = 0) -> None:
        self._prefix = prefix
        self._count = count(1)
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, for tests

    def unique(self) -> str:
        """Return the prefix with the next number."""
        return f"{self._prefix}-{next(self._count)}"

    def fraction(self) -> float:
        """Return the next number of the seeded sequence."""
        return self._random.random()
