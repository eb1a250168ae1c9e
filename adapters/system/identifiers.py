"""Ids and chance from the operating system's random numbers."""

import os
import random
import secrets

from ports.identifiers import Identifiers

_RANDOM = random.SystemRandom()


class SystemIdentifiers(Identifiers):
    """Random UUIDs (RFC 9562 version 4)."""

    def unique(self) -> str:
        """Return a UUID in its canonical form; the library's own way takes four times as long."""
        drawn = bytearray(os.urandom(16))
        drawn[6] = drawn[6] & 0x0F | 0x40  # the version
        drawn[8] = drawn[8] & 0x3F | 0x80  # the variant
        digits = drawn.hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def secret(self) -> str:
        """Return random bits of the operating system's."""
        return secrets.token_urlsafe(32)

    def fraction(self) -> float:
        """Return an unforeseeable fraction."""
        return _RANDOM.random()
