"""Ids and chance from the operating system's random numbers."""

import random
import secrets
import uuid

from ports.identifiers import Identifiers

_RANDOM = random.SystemRandom()


class SystemIdentifiers(Identifiers):
    """Random UUIDs (RFC 9562 version 4)."""

    def unique(self) -> str:
        """Return a UUID in its canonical form."""
        return str(uuid.uuid4())

    def secret(self) -> str:
        """Return random bits of the operating system's."""
        return secrets.token_urlsafe(32)

    def fraction(self) -> float:
        """Return an unforeseeable fraction."""
        return _RANDOM.random()
