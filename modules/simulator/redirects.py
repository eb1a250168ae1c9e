"""Which redirect URIs Entra takes for registered: loopback ports do not count, path and case do."""

from typing import Literal, get_args
from urllib.parse import urlsplit

import attrs

Platform = Literal["web", "spa", "public"]

LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_LONGEST = 256
_UNSUPPORTED = frozenset("!$'(),;")
_NO_REDIRECT = frozenset({"", "javascript", "data", "vbscript", "file", "blob", "about"})


@attrs.frozen(kw_only=True)
class RedirectUri:
    """A registered redirect URI. Its platform decides how a code that went there may be redeemed."""

    uri: str = attrs.field()
    platform: Platform = attrs.field(default="web", validator=attrs.validators.in_(get_args(Platform)))

    @uri.validator
    def _can_be_registered(self, _: object, value: str) -> None:
        parts = urlsplit(value)
        if len(value) > _LONGEST or _UNSUPPORTED & set(value) or parts.fragment or "*" in value:
            raise ValueError(f"cannot be registered as a redirect URI: {value}")
        if parts.scheme in _NO_REDIRECT or (parts.scheme == "http" and parts.hostname not in LOOPBACK):
            raise ValueError(f"http is for localhost only, and scripts are no address: {value}")

    def covers(self, asked: str) -> bool:
        """Whether a person may be sent to `asked`. `http://localhost/` and `http://localhost` are one address."""
        if any(character.isspace() or ord(character) < ord(" ") for character in asked):
            return False
        try:
            mine, other = urlsplit(self.uri), urlsplit(asked)
            _ = other.port
        except ValueError:
            return False
        if other.fragment or "@" in other.netloc or "\\" in asked:
            return False
        if mine.scheme == "http" and mine.hostname in LOOPBACK:
            same_place = (mine.scheme, mine.hostname) == (other.scheme, other.hostname)
        else:
            same_place = (mine.scheme, mine.netloc.lower()) == (other.scheme, other.netloc.lower())
        return same_place and (mine.path or "/", mine.query) == (other.path or "/", other.query)


def with_path(uri: str) -> str:
    """The URI with a slash where it has no path, as Entra sends people back."""
    parts = urlsplit(uri)
    return parts._replace(path="/").geturl() if parts.netloc and not parts.path else uri
