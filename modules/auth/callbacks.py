"""What a browser brings back from the identity provider, read with suspicion: anybody can send anything."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from domain.errors import ValidationError
from ports.identity_provider import AuthorizationResponse

_LONGEST: Final[Mapping[str, int]] = {"state": 500, "code": 8000, "error": 200, "error_subcode": 200}
"""The fields that are read besides the description, and how many characters they may have."""

_DESCRIPTION = "error_description"
_LONGEST_DESCRIPTION = 4000
_VISIBLE = re.compile(r"[ -~]+")
"""RFC 6749 appendix A allows no more."""


def read_answer(fields: Iterable[tuple[str, str]]) -> tuple[str, AuthorizationResponse]:
    """Return the state and the response (RFC 6749 sections 4.1.2 and 4.1.2.1).

    A code beside an error is not redeemed. A description may hold anything: it is cut and made ASCII.

    Raises:
        ValidationError: CALLBACK_MALFORMED: a field is there twice (section 3.1), too long, or holds what none may
            hold; there is no state; or neither code nor error.
    """
    found: dict[str, str] = {}
    for name, value in fields:
        if not value or (name not in _LONGEST and name != _DESCRIPTION):
            continue
        if name in found:
            raise _malformed(name, "is there twice")
        found[name] = _checked(name, value)
    if "state" not in found:
        raise _malformed("state", "is missing")
    if found.keys().isdisjoint({"code", "error"}):
        raise _malformed("code", "is missing")
    state = found.pop("state")
    if "error" in found:
        found.pop("code", None)
    return state, AuthorizationResponse(**found)


def _checked(name: str, value: str) -> str:
    if name == _DESCRIPTION:
        return value[:_LONGEST_DESCRIPTION].encode("ascii", "replace").decode("ascii")
    if len(value) > _LONGEST[name]:
        raise _malformed(name, "is too long")
    if not _VISIBLE.fullmatch(value):
        raise _malformed(name, "holds other characters than visible ASCII")
    return value


def _malformed(name: str, fault: str) -> ValidationError:
    msg = f"The sign-in's answer cannot be read: {name} {fault}."
    return ValidationError(msg, error_code="CALLBACK_MALFORMED", details={"field": name})
