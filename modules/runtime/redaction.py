"""Masking of secrets in whatever is about to leave the process. Every pattern takes time linear in the text.

Three nets, since none alone is enough: the name of a value (`client_secret`), a pair inside a text
(`client_secret=...`, `"refresh_token": "..."`), and the shape of a secret without any name (a JWT, a Fernet token).
"""

import math
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from functools import cache

MASK = "***"
_TOO_DEEP = "..."
_DEEPEST = 8

_LONG_NAMES = (
    "access_token refresh_token id_token device_code code_verifier client_secret client_assertion authorization_code "
    "auth_code encryption_key private_key api_key password passwd passphrase authorization cookie assertion"
)
_SHORT_NAMES = "code token secret"
_HEADERS = "authorization cookie set-cookie"


def _squeeze(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_ENDINGS = tuple(_squeeze(name) + plural for name in _LONG_NAMES.split() for plural in ("", "s"))
_EXACT = frozenset(_SHORT_NAMES.split())

_QUOTED = (
    r"""[a-z]?\\*"[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*"?"""
    r"""|[a-z]?\\*'[^'\\\r\n]*+(?:\\.[^'\\\r\n]*+)*'?"""
)
_ESCAPED = r"""\\+["'][^"'\\\r\n]*+"""
_BRACKETED = r"""\[[^\]\r\n]*+\]?|\([^)\r\n]*+\)?|\{[^}\r\n]*+\}?"""
_BARE = r"""[^\s&,;"'<>(){}\[\]]++"""
_SIX_OR_MORE = r"""(?=[a-z]?\\*(?:"[^"\r\n]{6}|'[^'\r\n]{6}|[^\s&,;"'<>]{6}))"""
_SEPARATOR = r"""(?:\\*["'])?\s*+(?:=|:|%3[AaDd])\s*+"""
_VALUE = rf"(?:{_ESCAPED}|{_QUOTED}|{_BRACKETED}|{_BARE})"


def _alternatives(names: str) -> str:
    return "|".join(re.escape(name).replace("_", "[_-]?") for name in names.split())


_HEADER_PAIR = rf"(?P<name>(?:{_alternatives(_HEADERS)}){_SEPARATOR})(?:{_ESCAPED}|{_QUOTED}|[^\r\n\"']++)"
_LONG_PAIR = rf"(?P<name>(?:{_alternatives(_LONG_NAMES)})s?{_SEPARATOR}){_VALUE}"
_SHORT_PAIR = (
    rf"(?P<name>(?<![A-Za-z0-9_-])(?:{_alternatives(_SHORT_NAMES)})(?:=|%3[Dd]|\\*[\"']\s*+:\s*+))"
    rf"{_SIX_OR_MORE}(?:{_ESCAPED}|{_QUOTED}|{_BARE})"  # not an exit code, not "token=bad"
)
_BEARER = r"(?P<name>Bearer(?:\s++|%20)|\bBasic\s++(?=[A-Za-z0-9+/]{8}))[^\s\"',;]++"
_USERINFO = r"(?P<name>://)[^/\s@\"']++@"
_SHAPES = (
    r"eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){0,4}"  # JWS, JWE, and what is left of a cut one
    r"|gAAAA[A-Za-z0-9_-]{16,}+={0,2}"  # Fernet token
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43,}+(?:=|%3[Dd])"  # Fernet key; the boundary keeps a long run linear
    r"|[01]\.A[A-Za-z0-9_-]{16,}+(?:\.[A-Za-z0-9_-]++)*"  # Entra refresh token or authorization code
    r"|M\.[CR][0-9]++_[^\s\"'&,;<>]{8,}+"  # the same of a personal account
    r"|[A-Za-z0-9_.~-]{3}[78]Q~[A-Za-z0-9_.~-]{24,}+"  # Entra client secret
    r"|(?<![A-Za-z])sk-[A-Za-z0-9_-]{16,}+"  # OpenAI key
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]*+(?:-(?!----END)[^-]*+)*"  # PEM, also with its line breaks escaped
)
_PAIRS = (_USERINFO, _HEADER_PAIR, _LONG_PAIR, _SHORT_PAIR)


def redact_text(text: str) -> str:
    """Mask every secret that its shape, or a name in front of it, gives away."""
    text = _compiled(_SHAPES, re.NOFLAG).sub(MASK, text)
    text = _compiled(_BEARER, re.IGNORECASE).sub(rf"\g<name>{MASK}", text)
    if not any(sign in text for sign in "=:%"):
        return text  # most texts hold no pair, and looking for pairs is what takes the time
    for pattern in _PAIRS:
        text = _compiled(pattern, re.IGNORECASE).sub(rf"\g<name>{MASK}", text)
    return text


@cache
def _compiled(pattern: str, flags: re.RegexFlag) -> re.Pattern[str]:
    """Compile when the first text comes: it takes half as long as bare Python to start, and most commands end without
    a line to mask.
    """
    return re.compile(pattern, flags)


def is_secret_name(name: str) -> bool:
    """Say whether a value of this name is always masked: any case, `-`, `_` or neither, any prefix."""
    squeezed = _squeeze(name)
    return squeezed in _EXACT or squeezed.endswith(_ENDINGS)


def redact(value: object) -> object:
    """Return the value as plain data (mappings, lists, texts, numbers, times) with its secrets masked.

    Anything else becomes its `str`, masked as a text. Cycles and nesting deeper than 8 end in `...`.
    """
    return _redact(value, _DEEPEST)


def _redact(value: object, depth: int) -> object:
    match value:
        case None | bool() | int() | datetime() | date() | time() | timedelta():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return redact_text(value)
        case bytes() | bytearray():
            return redact_text(value.decode("utf-8", "backslashreplace"))
        case Mapping() | list() | tuple() | AbstractSet():
            return _redact_inside(value, depth - 1) if depth else _TOO_DEEP
        case _:
            return redact_text(_text(value))


def _redact_inside(
    value: "Mapping[object, object] | list[object] | tuple[object, ...] | AbstractSet[object]",
    depth: int,
) -> object:
    match value:
        case Mapping():
            return {redact_text(_text(key)): _redact_named(_text(key), item, depth) for key, item in value.items()}
        case (str() as name, item):  # a header or form field as a pair
            return [redact_text(name), _redact_named(name, item, depth)]
        case _:
            return [_redact(item, depth) for item in value]


def _redact_named(name: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, bool) or not is_secret_name(name):
        return _redact(value, depth)
    return MASK


def _text(value: object) -> str:
    """Survive a `__str__` that raises: a log line is no place to fail."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - whatever a foreign object does
        return f"<{type(value).__name__} without text>"
