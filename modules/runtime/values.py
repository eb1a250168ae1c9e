"""From the text of a setting to its value (converters), and what a value must satisfy (checks).

All raise `ValueError` with the reason alone. No reason repeats the text: it may be a secret.
"""

import base64
import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo

from domain.topics import is_topic_name

_FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
_FERNET_KEY_FAULT = "is not a Fernet key (32 random bytes in url-safe base64, 44 characters ending in =)"
_HOST = re.compile(r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]")
_TENANT = re.compile(r"[A-Za-z0-9.-]+")
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_LARGEST_PORT = 65535
_MOST_DIGITS = 15


def items(text: str) -> tuple[str, ...]:
    """Split at commas; an empty item is a fault, since it is mostly a value that was lost."""
    parts = tuple(part.strip() for part in text.split(","))
    for position, part in enumerate(parts, 1):
        if not part:
            raise ValueError(f"item {position} of {len(parts)} is empty")
    return parts


def words(text: str) -> tuple[str, ...]:
    """Split at spaces and commas, as scopes are written both ways."""
    return tuple(word for word in re.split(r"[\s,]+", text) if word)


def upper(text: str) -> str:
    """Names of levels are written in any case."""
    return text.upper()


def lower(text: str) -> str:
    """Names of formats are written in any case."""
    return text.lower()


def whole_number(text: str) -> int:
    """Read ASCII digits only: no sign, no underscore, no decimal point."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError("is not a whole number")
    return int(text)


def path(text: str) -> Path:
    """`~` is the home directory; a relative path counts from the current directory."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("begins with ~, but no home directory is known") from None


def sqlite_url(text: str) -> Path:
    """Read `sqlite:///relative.db` or `sqlite:////absolute.db`, as SQLAlchemy writes them."""
    parts = _split_url(text)
    if parts.scheme != "sqlite":
        raise ValueError("is not a sqlite:/// URL (no other database is supported)")
    if parts.netloc or parts.query or parts.fragment or len(parts.path) <= 1:
        raise ValueError("is not sqlite:///path/of/file.db (no host, no options)")
    return path(unquote(parts.path[1:]))


def time_zone(text: str) -> tzinfo:
    """`UTC` works without the machine's time zone data, every other name needs it."""
    if text.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, LookupError):
        raise ValueError("is not an IANA time zone known to this machine") from None


def fernet_keys(keys: tuple[str, ...]) -> None:
    """Each key is named by its position; two spellings of the same 32 bytes are the same key."""
    if not keys:
        raise ValueError("holds no key")
    positions: dict[bytes, int] = {}
    for position, key in enumerate(keys, 1):
        if not _FERNET_KEY.fullmatch(key):
            raise ValueError(f"key {position} {_FERNET_KEY_FAULT}")
        first = positions.setdefault(base64.urlsafe_b64decode(key), position)
        if first != position:
            raise ValueError(f"key {position} is the same as key {first}")


def file_path(value: Path) -> None:
    """Accept a name in the file system, not SQLite's `:memory:` or `file:` forms."""
    text = str(value)
    if not text.isprintable():
        raise ValueError("holds a control character")
    if text in {".", ".."} or text.startswith((":memory:", "file:")):
        raise ValueError("is not the path of a file")


def servers(values: tuple[str, ...]) -> None:
    """Accept `host:port`, with IPv6 hosts in brackets."""
    if not values:
        raise ValueError("names no server")
    for position, value in enumerate(values, 1):
        host, _, port = value.rpartition(":")
        number = int(port) if port.isascii() and port.isdigit() and len(port) <= _MOST_DIGITS else 0
        if not (_HOST.fullmatch(host) and 1 <= number <= _LARGEST_PORT):
            raise ValueError(f"server {position} is not host:port")


def server(value: str) -> None:
    """Accept one `host:port`; port 0 lets the system choose."""
    servers((f"{value[:-2]}:1" if value.endswith(":0") else value,))


def topic(value: str) -> None:
    """Accept what Kafka does: letters, digits, dot, underscore and hyphen; at most 249; not `.` or `..`."""
    if not is_topic_name(value):
        raise ValueError("is not a topic name (letters, digits, . _ -, at most 249)")


def tenant(value: str) -> None:
    """Accept a GUID, a domain, or common, organizations, consumers."""
    if not _TENANT.fullmatch(value):
        raise ValueError("is not a tenant (a GUID, a domain, common, organizations or consumers)")


def https_url(value: str) -> None:
    """Plain http is accepted for this machine alone."""
    parts = _split_url(value)
    host = parts.hostname
    if not host or parts.username or parts.query or parts.fragment or not _is_word(value):
        raise ValueError("is not a plain https:// URL")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOCAL_HOSTS):
        raise ValueError("must begin with https:// (http:// only for localhost)")


def word(value: str) -> None:
    """Accept anything printable without spaces."""
    if not _is_word(value):
        raise ValueError("is empty or holds a space or a control character")


def printable(value: str) -> None:
    """Accept anything printable, also with spaces: passwords have them."""
    if not (value and value.isprintable()):
        raise ValueError("is empty or holds a control character")


def all_words(values: tuple[str, ...]) -> None:
    """Apply `word` to each; a value is named by its position."""
    for position, value in enumerate(values, 1):
        if not _is_word(value):
            raise ValueError(f"item {position} is empty or holds a space or a control character")


def addresses(values: tuple[str, ...]) -> None:
    """Accept `name@domain` or `@domain`; a value is named by its position."""
    for position, value in enumerate(values, 1):
        if not _is_word(value) or value.count("@") != 1 or not value.partition("@")[2].strip("."):
            raise ValueError(f"item {position} is neither an address nor @ and a domain")


def one_of(*choices: str) -> Callable[[str], None]:
    """Accept these texts only."""

    def check(value: str) -> None:
        if value not in choices:
            raise ValueError(f"is not one of {', '.join(choices)}")

    return check


def at_least(smallest: int) -> Callable[[int], None]:
    """Accept this number and greater ones."""

    def check(value: int) -> None:
        if value < smallest:
            raise ValueError(f"is less than {smallest}")

    return check


def between(smallest: int, largest: int) -> Callable[[int], None]:
    """Accept these two numbers and those in between."""

    def check(value: int) -> None:
        if not smallest <= value <= largest:
            raise ValueError(f"is not between {smallest} and {largest}")

    return check


def _split_url(text: str) -> SplitResult:
    """Also reject a port out of range, which `urlsplit` reports only when asked for the port."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:  # its text repeats the URL, which may hold a password
        raise ValueError("is not a URL") from None
    return parts


def _is_word(value: str) -> bool:
    return value.isprintable() and bool(value) and " " not in value
