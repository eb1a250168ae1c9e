"""Ids that count and chance that repeats."""

import hashlib
import random
from base64 import urlsafe_b64encode
from itertools import count

from ports.identifiers import Identifiers


class MemoryIdentifiers(Identifiers):
    """Deterministic by seed. Ids and secrets are unique among all instances with different prefixes."""

    def __init__(self, prefix: str = "id", seed: int = 0) -> None:
        self._prefix = prefix
        self._count = count(1)
        self._secrets = count(1)
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, for tests

    def unique(self) -> str:
        """Return the prefix with the next number."""
        return f"{self._prefix}-{next(self._count)}"

    def secret(self) -> str:
        """Return a digest of the prefix and the next number: random to look at, the same in every run."""
        digest = hashlib.sha256(f"{self._prefix}-secret-{next(self._secrets)}".encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def fraction(self) -> float:
        """Return the next number of the seeded sequence."""
        return self._random.random()
