"""Ids and secret strings that follow from the seed and the sequence of requests, so that a run can be repeated."""

from base64 import urlsafe_b64encode
from collections import Counter
from hashlib import sha256, shake_256
from uuid import UUID

# Without vowels and look-alikes, so that a person can read a code aloud and no word comes out.
_EASY_LETTERS = "BCDFGHJKLMNPQRSTVWXYZ"


class Chance:
    """Each kind of thing has a sequence of its own: one more trace id does not change the next token."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn: Counter[str] = Counter()

    def guid(self, kind: str) -> str:
        return str(UUID(bytes=self._bytes(kind, 16), version=4))

    def text(self, kind: str, length: int) -> str:
        """A string of `length` URL-safe characters."""
        return urlsafe_b64encode(self._bytes(kind, length)).decode()[:length]

    def letters(self, kind: str, length: int) -> str:
        return "".join(_EASY_LETTERS[each % len(_EASY_LETTERS)] for each in self._bytes(kind, length))

    def number(self, kind: str, below: int) -> int:
        return int.from_bytes(self._bytes(kind, 8)) % below

    def _bytes(self, kind: str, length: int) -> bytes:
        self._drawn[kind] += 1
        return shake_256(f"{self._seed}/{kind}/{self._drawn[kind]}".encode()).digest(length)


def fixed_guid(*parts: object) -> str:
    """The id that these parts always have."""
    return str(UUID(bytes=sha256("/".join(map(str, parts)).encode()).digest()[:16], version=4))
