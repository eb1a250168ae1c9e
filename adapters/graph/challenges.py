"""What a refusal wants to be shown (WWW-Authenticate, RFC 9110 section 11.6.1), and the claims in it.

A header may hold several challenges, one challenge may be spread over the commas of a header, and a comma may stand in
a quoted string. What does not fit the grammar is passed over: it asks for nothing.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs
import msgspec

INSUFFICIENT_CLAIMS: Final = "insufficient_claims"
LONGEST_CLAIMS: Final = 10_000
"""In characters, encoded; what is longer fits in no request to the identity provider."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the grammar's word for a word
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ELEMENT = re.compile(rf"(?:[^\",]|{_QUOTED})*", re.DOTALL)
_PARAMETER = re.compile(rf"({_TOKEN})[ \t]*=[ \t]*({_QUOTED}|[^\s\",]*)", re.DOTALL)
_BEGINNING = re.compile(rf"({_TOKEN})(?:[ \t]+(.*))?", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+")


@attrs.frozen(kw_only=True)
class Challenge:
    """`scheme` and the names of `parameters` are in lower case."""

    scheme: str
    parameters: Mapping[str, str] = attrs.field(repr=False)


def parse_challenges(headers: Sequence[str]) -> Sequence[Challenge]:
    """Return what the headers ask for, in their order; of a parameter that is named twice, the first."""
    found: list[Challenge] = []
    for header in headers:
        parameters: dict[str, str] | None = None
        for element in _elements(header):
            scheme, rest = _begun(element)
            if scheme is not None:
                parameters = {}
                found.append(Challenge(scheme=scheme.lower(), parameters=parameters))
            named = _PARAMETER.fullmatch(rest)
            if named is not None and parameters is not None:
                parameters.setdefault(named[1].lower(), _plain(named[2]))
    return found


def wants_claims(headers: Sequence[str]) -> bool:
    """Return whether the token lacks claims (`insufficient_claims`)."""
    return any(said.parameters.get("error") == INSUFFICIENT_CLAIMS for said in _bearer(headers))


def claims_in(headers: Sequence[str]) -> str | None:
    """Return the claims that the next token must carry, as JSON text; None where there are none to be understood.

    Source: claims-challenge.md: base64 of JSON. Either alphabet is read, with padding or without.
    """
    for said in _bearer(headers):
        claims = _decoded(said.parameters.get("claims", ""))
        if claims is not None:
            return claims
    return None


def _bearer(headers: Sequence[str]) -> Sequence[Challenge]:
    return [said for said in parse_challenges(headers) if said.scheme == "bearer"]


def _elements(header: str) -> Iterator[str]:
    """Return what stands between the commas that are not in quotes; after a quote that never ends, nothing."""
    at = 0
    while at <= len(header):
        element = _ELEMENT.match(header, at)
        if element is None or header[element.end() : element.end() + 1] not in {"", ","}:
            return
        yield element[0].strip(" \t\r\n")
        at = element.end() + 1


def _begun(element: str) -> tuple[str | None, str]:
    """Return the scheme, if a challenge begins here, and what may be a parameter."""
    if _PARAMETER.fullmatch(element):
        return None, element
    beginning = _BEGINNING.fullmatch(element)
    return (None, "") if beginning is None else (beginning[1], (beginning[2] or "").strip(" \t"))


def _plain(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def _decoded(value: str) -> str | None:
    """Return the JSON text of an object, if that is what was encoded."""
    bare = value.strip().replace("-", "+").replace("_", "/").rstrip("=")
    if len(bare) > LONGEST_CLAIMS or not _BASE64.fullmatch(bare):
        return None
    try:
        text = b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
        document = msgspec.json.decode(text)
    except (ValueError, RecursionError):  # msgspec's and binascii's errors are ValueErrors
        return None
    return text if isinstance(document, dict) else None
